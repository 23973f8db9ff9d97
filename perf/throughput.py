"""How fast kernels run here: beside MLX, and beside a plain copy loop of two threads."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from harness import devices
from harness.checking.trial import Request, judged
from harness.clock import Duration, Wall
from harness.evaluation import Evaluation, Refusal
from harness.evaluator import evaluate
from harness.problem import catalog, inputs
from harness.timing import measure
from harness.timing.timed import timing
from harness.timing.verdict import Mode
from msl.toolchain import find_toolchain
from perf.findings import Finding

#: Kernel, size, and how many times MLX's speed it has to reach.
BESIDE_MLX = (
    ("sqr_mm", "published", 8.0),
    ("layer_norm", "large", 3.0),
    ("rms_norm", "large", 3.0),
)
_THREADS = 2
#: A loop as a person would write it: -fno-builtin keeps it from becoming a call of memcpy.
_COPY = """
void copy(float* y, const float* x, long n) {
  for (long i = 0; i < n; ++i) y[i] = x[i];
}
"""


def beside_mlx() -> Iterator[Finding]:
    """Speedups over MLX."""
    for name, size, bound in BESIDE_MLX:
        found = evaluate(name, device="cpu", sizes=(size,), mode="report")
        value = found.figures.speedup if found.figures else None
        yield Finding(f"{name} at {size} over MLX", value or 0.0, "x", bound, False, _how(found))


def _how(found: Evaluation) -> str:
    figures = found.figures
    if figures is None or figures.speedup_ci is None:
        return found.reason
    low, high = figures.speedup_ci
    return f"[{low:.2f}, {high:.2f}], kernel {figures.kernel_ms_median:.4g} ms"


class CopySide:
    """Copies as many bytes as relu moves, with a loop on each of two threads."""

    name = "copy loop"
    max_instances = 1

    def __init__(self, elements: int, folder: Path) -> None:
        self.source = np.ones(elements, np.float32)
        self.target = np.zeros(elements, np.float32)
        self.pool = ThreadPoolExecutor(_THREADS)
        self.function = _compiled(folder)

    def sample(self, instances: int) -> Duration[Wall] | Refusal:
        """One copy of everything."""
        self.target.fill(0)
        started = time.perf_counter_ns()
        list(self.pool.map(self._part, range(_THREADS)))
        return Duration(time.perf_counter_ns() - started, Wall)

    def _part(self, part: int) -> None:
        length = self.source.size // _THREADS
        here = part * length * self.source.itemsize
        self.function(
            ctypes.c_void_p(self.target.ctypes.data + here),
            ctypes.c_void_p(self.source.ctypes.data + here),
            ctypes.c_long(length),
        )

    def overhead(self) -> Duration[Wall]:
        """Two threads that do nothing."""
        started = time.perf_counter_ns()
        list(self.pool.map(abs, range(_THREADS)))
        return Duration(time.perf_counter_ns() - started, Wall)


def _compiled(folder: Path) -> ctypes._NamedFuncPointer:
    source, library = folder / "copy.c", folder / "copy.so"
    source.write_text(_COPY)
    command = [*find_toolchain().clang, "-O3", "-march=native", "-fno-builtin", "-shared", "-fPIC"]
    subprocess.run([*command, str(source), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library)).copy


def relu_beside_copy() -> Finding:
    """relu at `large` against the copy loop, in interleaved blocks."""
    known = catalog.default()
    kernel = known.find("relu")
    device = devices.open_device("cpu")
    point = catalog.point_of(kernel.spec, "large")
    request = Request(
        kernel=kernel,
        source=known.variant(kernel, str(device.facts()["chip"])).source,
        variant="default",
        device=device,
        size="large",
        point=point,
        mode="report",
        secret=inputs.new_secret(),
        threads=_THREADS,
    )
    trial = judged(request)
    try:
        with tempfile.TemporaryDirectory() as folder, timing(request, trial) as bench:
            elements = int(np.prod([point[name] for name in ("rows", "cols")]))
            copy = CopySide(elements, Path(folder))
            found = measure.compare(bench.side, copy, Mode.REPORT, seed=1)
    finally:
        trial.close()
    if isinstance(found, Refusal) or found.judgement.speedup is None:
        raise RuntimeError(f"relu was not measured: {found}")
    low, high = found.judgement.interval or (0.0, 0.0)
    detail = f"[{low:.2f}, {high:.2f}], {elements} floats, {found.judgement.verdict}"
    what = "relu at large beside a copy loop of two threads"
    return Finding(what, found.judgement.speedup, "x", 0.9, False, detail)
