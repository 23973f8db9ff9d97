"""How much memory a run takes: the host beside its pool, the harness beside the buffers."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from harness.problem import catalog
from harness.problem.binding import problem_slots
from perf.store import Entry
from perf.waits import BENCH

_MB = 1_000_000
_POLL_S = 0.02
KERNEL, SIZE = "relu", "large"


def measure() -> Entry:
    """Peaks over one run that only checks, of the harness and of all that it started, in MB; and
    what they may be."""
    spec = catalog.default().find(KERNEL).spec
    slots = problem_slots(spec, catalog.point_of(spec, SIZE)).values()
    buffers = sum(slot.bytes for slot in slots)
    with tempfile.TemporaryDirectory(prefix="performance-") as home:
        harness, hosts = _peaks(Path(home))
    pool = 2 * buffers  # two runs, on two kinds of poison
    return {
        "buffers_mb": buffers / _MB,
        "hosts_mb": hosts / _MB,
        "hosts_limit_mb": (1.2 * pool + 100 * _MB) / _MB,
        "harness_mb": harness / _MB,
        "harness_limit_mb": (8 * buffers + 500 * _MB) / _MB,
    }


def _peaks(home: Path) -> tuple[int, int]:
    """Peak resident bytes of the harness and, together, of the processes below it."""
    child = subprocess.Popen(
        [BENCH, KERNEL, "--size", SIZE, "--check-only"],
        env={**os.environ, "METAL_BENCH_HOME": str(home)},
        stdout=subprocess.DEVNULL,
    )
    harness = hosts = 0
    while child.poll() is None:
        harness = max(harness, _resident(child.pid))
        hosts = max(hosts, sum(_resident(pid) for pid in _below(child.pid)))
        time.sleep(_POLL_S)
    if child.returncode != 0:
        raise RuntimeError(f"the run ended with code {child.returncode}")
    return harness, hosts


def _below(pid: int) -> Iterator[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from _below(child)


def _resident(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
