"""A generated kernel as files, and the command that runs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from differential.engines import PARAMS, text_of
from differential.kernels import Generated
from differential.memory import buffers, params


def save(kernel: Generated, folder: Path) -> str:
    """Write the source and the buffers of its first launch; the command that runs it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{kernel.name}.metal"
    path.write_text(text_of([kernel]), "utf-8")
    shape = kernel.shapes[0]
    arrays = buffers(kernel, shape) | {PARAMS: np.frombuffer(params(kernel, shape), np.uint8)}
    words = ["python -m msl run", str(path), f"--fn {kernel.name}"]
    words += ["--grid " + ",".join(map(str, shape.grid))]
    words += ["--threadgroup " + ",".join(map(str, shape.threadgroup))]
    words += [f"--constant {index}={value}" for index, value in kernel.constants.items()]
    if kernel.argument_bytes:
        words.append(f"--tgmem 0:{kernel.argument_bytes}")
    for index, array in arrays.items():
        np.save(folder / f"{kernel.name}.{index}.npy", array)
        words.append(f"--buf {index}={folder / kernel.name}.{index}.npy")
    return " ".join([*words, "--engine fast"])
