"""A plain copy loop on two threads: what memory-bound kernels are held to."""

from __future__ import annotations

import ctypes
import functools
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from harness.clock import Duration, Wall
from harness.evaluation import Refusal
from msl.toolchain import find_toolchain

THREADS = 2
#: A loop as a person would write it: -fno-builtin keeps it from becoming a call of memcpy.
_COPY = """
void copy(float* y, const float* x, long n) {
  for (long i = 0; i < n; ++i) y[i] = x[i];
}
"""


class CopySide:
    """Reads and writes some floats, with a loop on each of two threads."""

    name = "copy loop"
    max_instances = 1

    def __init__(self, elements: int) -> None:
        self.source = np.ones(elements, np.float32)
        self.target = np.zeros(elements, np.float32)
        self.pool = ThreadPoolExecutor(THREADS)
        self.function = _compiled()

    def sample(self, instances: int) -> Duration[Wall] | Refusal:
        """One copy of everything, onto lines that were written just now, as outputs are poisoned
        before a kernel runs."""
        self.target.fill(0)
        started = time.perf_counter_ns()
        list(self.pool.map(self._part, range(THREADS)))
        return Duration(time.perf_counter_ns() - started, Wall)

    def _part(self, part: int) -> None:
        length = self.source.size // THREADS
        here = part * length * self.source.itemsize
        self.function(
            ctypes.c_void_p(self.target.ctypes.data + here),
            ctypes.c_void_p(self.source.ctypes.data + here),
            ctypes.c_long(length),
        )

    def overhead(self) -> Duration[Wall]:
        """Two threads that do nothing."""
        started = time.perf_counter_ns()
        list(self.pool.map(abs, range(THREADS)))
        return Duration(time.perf_counter_ns() - started, Wall)

    def close(self) -> None:
        """End the threads."""
        self.pool.shutdown()


@functools.cache
def _compiled() -> Callable[..., object]:
    with tempfile.TemporaryDirectory(prefix="performance-") as folder:
        source, library = Path(folder) / "copy.c", Path(folder) / "copy.so"
        source.write_text(_COPY)
        options = ["-O3", "-march=native", "-fno-builtin", "-shared", "-fPIC"]
        command = [*find_toolchain().clang, *options, str(source), "-o", str(library)]
        subprocess.run(command, check=True)
        function: Callable[..., object] = ctypes.CDLL(str(library)).copy
    return function
