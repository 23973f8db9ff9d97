"""`python -m perf.torch_worker`: runs the torch form of a problem, in a process that has torch.

One JSON object a line on standard input, one answer each on standard output:
`{"kernel": …, "point": …, "folder": …}` loads `<folder>/<input>.npy` and saves every output as
`<folder>/<number>.npy`; after it, `{}` runs once and `{"empty": true}` the smallest operation.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.problem import catalog
from harness.problem.arguments import as_tuple, call_by_name
from harness.problem.oracle import names_at
from harness.timing.freed_memory import keep_freed_memory
from perf.copying import THREADS


def main() -> None:
    """Answer until standard input ends."""
    keep_freed_memory()
    torch.set_num_threads(THREADS)
    requests = map(json.loads, sys.stdin)
    for answer in _answers(requests):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _answers(requests: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    first = next(requests)
    folder = Path(first["folder"])
    with torch.inference_mode():
        run = _form(first["kernel"], first["point"], folder)
        outputs = run()
        for number, output in enumerate(outputs):
            np.save(folder / f"{number}.npy", output.contiguous().numpy())
        yield {"version": torch.__version__, "outputs": len(outputs)}
        one = torch.ones(1)
        for request in requests:
            started = time.perf_counter_ns()
            kept = one + one if request.get("empty") else run()
            elapsed = time.perf_counter_ns() - started
            del kept
            yield {"ns": elapsed}


def _form(name: str, point: dict[str, float], folder: Path) -> Callable[[], tuple[Any, ...]]:
    spec = catalog.default().find(name).spec
    if spec.torch_form is None:
        raise ValueError(f"{name} has no torch form")
    form = spec.torch_form
    tensors = {n: torch.from_numpy(np.load(folder / f"{n}.npy")) for n in spec.inputs}
    given = {**names_at(spec, point), **tensors}
    return lambda: as_tuple(call_by_name(form, given))


if __name__ == "__main__":
    main()
