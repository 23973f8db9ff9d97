"""Times launches of kernels that stand in no catalogue, in interleaved rounds."""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from harness import devices, locks
from harness.devices.base import Binding, Dispatch, Program, Region, Session, Source
from harness.evaluation import Refusal
from msl.host_client import Pool

_DEADLINE_MS = 10_000
_MEMORY_LIMIT_BYTES = 2 << 30


@dataclass(frozen=True)
class Launch:
    """One dispatch of a kernel whose buffers are those of the pool, in order."""

    name: str
    function: str
    grid: int
    threadgroup: int
    threads: int


def median_times(
    text: str,
    launches: Sequence[Launch],
    arrays: Mapping[str, npt.NDArray[Any]],
    rounds: int,
) -> dict[str, float]:
    """Milliseconds of each launch by its name, the median of some rounds."""
    device = devices.open_device("cpu")
    source = Source(text, "performance.metal", hashlib.sha256(text.encode()).hexdigest())
    program = device.build(source, sorted({launch.function for launch in launches}))
    if not isinstance(program, Program):
        raise RuntimeError(f"the kernels do not compile: {program.reason}")
    pool = Pool({name: array.nbytes for name, array in arrays.items()})
    sessions: dict[int, Session] = {}
    try:
        for name, array in arrays.items():
            pool.write(name, array.tobytes())
        for threads in sorted({launch.threads for launch in launches}):
            opened = device.open(program, threads=threads, memory_limit_bytes=_MEMORY_LIMIT_BYTES)
            if isinstance(opened, Refusal):
                raise RuntimeError(opened.reason)
            sessions[threads] = opened
        samples: dict[str, list[float]] = {launch.name: [] for launch in launches}
        with locks.device("cpu", "timing launches", exclusive=True):
            for _ in range(rounds):
                for launch in launches:
                    samples[launch.name].append(_run(sessions[launch.threads], pool, launch))
        return {name: statistics.median(found) for name, found in samples.items()}
    finally:
        for session in sessions.values():
            session.close()
        pool.close()


def _run(session: Session, pool: Pool, launch: Launch) -> float:
    slots = tuple(pool.regions)
    regions = {slot: Region(*pool.regions[slot]) for slot in slots}
    bound = {index: (slot, 0) for index, slot in enumerate(slots)}
    grid, threadgroup = (launch.grid, 1, 1), (launch.threadgroup, 1, 1)
    dispatch = Dispatch(launch.function, grid, threadgroup, bound)
    refused = session.bind(Binding(pool.path, pool.bytes, slots, [regions], [dispatch]))
    time = refused or session.run(0, 1, deadline_ms=_DEADLINE_MS)
    if isinstance(time, Refusal):
        raise RuntimeError(time.reason)
    return time.ms
