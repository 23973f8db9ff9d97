"""Measures what this machine's CPU reaches at most: the loops of probe.c on all usable cores."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chip_metrics.detect_cpu import Cpu

Bytes = npt.NDArray[np.uint8]
#: A pass of one thread, called with a number of rounds; returns the work done.
Pass = Callable[[int], int]

PASSES = 5
PASS_NS = 8e6
#: Memory is measured on this many times the last-level cache, within these limits.
CACHES_OF_MEMORY = 4
LEAST_MEMORY, MOST_MEMORY = 64 << 20, 1 << 30
ALIGNMENT = 4096
SOURCE = Path(__file__).with_name("probe.c")


@dataclass(frozen=True)
class Rates:
    """The best of several passes. `caches`: (capacity, GB/s) a level; None: not measured."""

    method: str
    fp32_gflops: float | None
    memory_gbps: float
    caches: tuple[tuple[int, float | None], ...] = ()


def measure_rates(cpu: Cpu) -> Rates:
    """Probe arithmetic, memory and each cache; about a second."""
    sizes = [cache.bytes for cache in cpu.caches]
    memory = min(max(CACHES_OF_MEMORY * max(sizes, default=0), LEAST_MEMORY), MOST_MEMORY)
    with tempfile.TemporaryDirectory() as folder:
        library = _build(Path(folder))
        if library is None:
            gbps = _numpy_copy_gbps(memory, cpu.cores)
            return Rates("NumPy copy", None, gbps, tuple((size, None) for size in sizes))
        loops = _Loops(library, cpu.cores)
        return Rates(
            method=f"fma, read and copy loops on {cpu.cores} threads",
            fp32_gflops=loops.gflops(),
            memory_gbps=loops.gbps(memory, own_time=False),
            # Half of it, since other data live there as well.
            caches=tuple((size, loops.gbps(size // 2, own_time=True)) for size in sizes),
        )


class _Loops:
    """The compiled loops, run by one thread a core; calls through ctypes let the others run."""

    def __init__(self, library: ctypes.CDLL, threads: int) -> None:
        self.library = library
        self.threads = threads
        for name in ("fma_flops", "read_bytes", "copy_bytes"):
            getattr(library, name).restype = ctypes.c_long

    def gflops(self) -> float:
        """Fused multiply-adds in registers, counted as two."""
        sinks = [np.zeros(2, dtype=np.float32) for _ in range(self.threads)]

        def work(sink: npt.NDArray[np.float32]) -> Pass:
            address = ctypes.c_void_p(sink.ctypes.data)
            return lambda rounds: int(self.library.fma_flops(ctypes.c_long(rounds), address))

        return best_rate([work(sink) for sink in sinks], start_rounds=1000, own_time=True)

    def gbps(self, working_set: int, own_time: bool) -> float:
        """The better of reading a working set and copying one half of it to the other."""
        share = working_set // self.threads // ALIGNMENT * ALIGNMENT
        arrays = [aligned(share) for _ in range(self.threads)]
        return max(
            best_rate([self._read(array) for array in arrays], own_time=own_time),
            best_rate([self._copy(array) for array in arrays], own_time=own_time),
        )

    def _read(self, array: Bytes) -> Pass:
        sink = np.zeros(2, dtype=np.float32)
        at, size = ctypes.c_void_p(array.ctypes.data), ctypes.c_long(array.nbytes)
        out = ctypes.c_void_p(sink.ctypes.data)

        def run(rounds: int) -> int:
            # The closure keeps `sink` alive while the loop writes to it.
            assert sink.size
            return int(self.library.read_bytes(ctypes.c_long(rounds), at, size, out))

        return run

    def _copy(self, array: Bytes) -> Pass:
        half = array.nbytes // 2
        one = ctypes.c_void_p(array.ctypes.data)
        other = ctypes.c_void_p(array.ctypes.data + half)
        size = ctypes.c_long(half)
        return lambda rounds: int(self.library.copy_bytes(ctypes.c_long(rounds), one, other, size))


def aligned(size: int) -> Bytes:
    """Zeros that start on a page, really written, so that every page is its own."""
    raw = np.ones(size + ALIGNMENT, dtype=np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    raw[:] = 0
    return raw[start : start + size]


@dataclass(frozen=True)
class Done:
    """What one thread did in a pass: work, wall times, and its own processor time."""

    amount: int
    begun_ns: int
    ended_ns: int
    own_ns: int


def best_rate(work: Sequence[Pass], *, start_rounds: int = 1, own_time: bool = False) -> float:
    """Work a nanosecond of all threads together (GFLOP/s, GB/s), the best of several passes.

    With `own_time` a thread is rated by its own processor time, so that other programs cannot lower
    the figure. Memory is shared: there it would credit each thread with what the others left over.
    """
    rounds = start_rounds
    passed = together(work, rounds)
    while _wall_ns(passed) < PASS_NS:
        rounds *= max(2, min(int(1.2 * PASS_NS / _wall_ns(passed)), 64))
        passed = together(work, rounds)
    rates = [_rate(passed, own_time)]
    rates += [_rate(together(work, rounds), own_time) for _ in range(PASSES - 1)]
    return max(rates)


def together(work: Sequence[Pass], rounds: int) -> list[Done]:
    """Run one pass of each at once, a thread each."""
    gate = threading.Barrier(len(work))
    done: list[Done] = []

    def run(one: Pass) -> None:
        gate.wait()
        begun, own = time.perf_counter_ns(), time.thread_time_ns()
        amount = one(rounds)
        own = time.thread_time_ns() - own
        done.append(Done(amount, begun, time.perf_counter_ns(), own))

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def _wall_ns(passed: Sequence[Done]) -> int:
    begun, ended = min(one.begun_ns for one in passed), max(one.ended_ns for one in passed)
    return max(ended - begun, 1)


def _rate(passed: Sequence[Done], own_time: bool) -> float:
    if own_time:
        return sum(one.amount / max(one.own_ns, 1) for one in passed)
    return sum(one.amount for one in passed) / _wall_ns(passed)


def _numpy_copy_gbps(working_set: int, threads: int) -> float:
    """Where no compiler is found: NumPy's copy, which releases the interpreter's lock."""
    share = working_set // threads // ALIGNMENT * ALIGNMENT
    arrays = [aligned(share) for _ in range(threads)]

    def work(array: Bytes) -> Pass:
        half = array.nbytes // 2

        def run(rounds: int) -> int:
            for _ in range(rounds):
                np.copyto(array[half : 2 * half], array[:half])
            return rounds * 2 * half

        return run

    return best_rate([work(array) for array in arrays])


def _build(folder: Path) -> ctypes.CDLL | None:
    """Compile probe.c for this very CPU; None where no compiler can."""
    library = folder / "probe.so"
    native = "-march=native" if platform.machine() == "x86_64" else "-mcpu=native"
    flags = ["-O3", native, "-fPIC", "-ffp-contract=fast", "-fno-builtin"]
    zig = zig_program()
    if zig and platform.system() == "Linux":
        target = f"--target={platform.machine()}-linux-gnu"
        made = folder / "probe.o"
        steps = [
            [zig, "clang", target, *flags, "-ffreestanding", "-c", str(SOURCE), "-o", str(made)],
            [zig, "ld.lld", "-shared", str(made), "-o", str(library)],
        ]
    else:
        compiler = shutil.which("cc")
        if compiler is None:
            return None
        steps = [[compiler, *flags, "-shared", str(SOURCE), "-o", str(library)]]
    scratch = {"ZIG_GLOBAL_CACHE_DIR": str(folder), "ZIG_LOCAL_CACHE_DIR": str(folder)}
    environment = {**os.environ, **scratch}
    for step in steps:
        done = subprocess.run(step, env=environment, capture_output=True, check=False, timeout=120)
        if done.returncode:
            return None
    return ctypes.CDLL(str(library))


def zig_program() -> str | None:
    """The compiler that comes as a wheel."""
    spec = importlib.util.find_spec("ziglang")
    places = list(spec.submodule_search_locations or ()) if spec else []
    program = Path(places[0]) / "zig" if places else None
    return str(program) if program and program.exists() else None
