"""Measures what the portable host itself costs: `PYTHONPATH=. python <this file>`."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from conftest import build_library
from host_client import Host, Pool, dispatch, function

from msl.host_build import ensure_host

THREADS = 1 << 14  # a run of a few milliseconds: the least of many is then undisturbed
CALLS = 16


def fastest_ns(host: Host, repeats: int = 60, **run: Any) -> int:
    return min(int(host.run(**run)["elapsed_ns"]) for _ in range(repeats))


def prepared(host: Host, pool: Pool, name: str, grid: int, size: int, times: int = 1) -> Host:
    job = dispatch(name, [grid, 1, 1], [size, 1, 1], ["in", "out"])
    reply = host.bind(pool, [job] * times)
    assert reply["ok"], reply
    return host


def measure(host: Host, library: Path, pool: Pool) -> None:
    begin = time.perf_counter()
    names = {"copy": "loop", "fast": "fiber", "many_barriers": "fiber", "many_sums": "fiber"}
    assert host.load(library, [function(*item) for item in names.items()], threads=1)["ok"]
    print(f"load, with a new worker: {(time.perf_counter() - begin) * 1e3:.1f} ms")
    for size in (32, 256, 1024):
        empty = fastest_ns(prepared(host, pool, "fast", THREADS, size))
        barriers = fastest_ns(prepared(host, pool, "many_barriers", THREADS, size)) - empty
        sums = fastest_ns(prepared(host, pool, "many_sums", THREADS, size)) - empty
        print(
            f"threadgroup {size:4}, one thread: start and end of a fiber {empty / THREADS:.1f} ns, "
            f"barrier {barriers / THREADS / CALLS:.1f} ns a thread, "
            f"collective {sums / THREADS / CALLS:.1f} ns a lane"
        )
    assert host.load(library, [function("copy", "loop")], threads=0)["ok"]
    prepared(host, pool, "copy", 64, 64)
    idle = [host.ask("idle", deadline_ms=1000)["elapsed_ns"] / 1e3 for _ in range(500)]
    print(f"empty submission: median {statistics.median(idle):.1f} us, least {min(idle):.1f} us")
    prepared(host, pool, "copy", 64, 64, times=1000)
    print(f"dispatch of one small threadgroup after another: {fastest_ns(host) / 1e3:.0f} ns")
    count = pool.regions["in"][1] // 4
    elapsed = fastest_ns(prepared(host, pool, "copy", count, 256))
    print(f"copy of 64 MiB, all threads: {2 * 4 * count / elapsed:.1f} GB/s")


def main() -> None:
    floats = np.zeros(1 << 24, np.float32)
    pool = Pool({"in": floats, "out": floats})
    host = Host(ensure_host().supervisor)
    try:
        with tempfile.TemporaryDirectory() as work:
            measure(host, build_library("kernels", Path(work)), pool)
    finally:
        host.close()
        pool.close()


if __name__ == "__main__":
    main()
