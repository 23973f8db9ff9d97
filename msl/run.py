"""Runs one kernel of any MSL file through the portable host, with buffers from the command line or
from NumPy."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from msl.host_client import PROTOCOL_VERSION, HostClient, HostError, Pool, Refused
from msl.library import KernelFunction, Library

LOAD_DEADLINE_MS = 30_000
MEMORY_LIMIT_BYTES = 8 << 30
Extent = tuple[int, int, int]


@dataclass(frozen=True)
class Launch:
    """One dispatch: sizes in threads, buffers and constants by index. Buffers are copied in and
    back out."""

    function: str
    grid: Extent
    threadgroup: Extent
    buffers: Mapping[int, npt.NDArray[Any]]
    constants: Mapping[int, bytes] = field(default_factory=dict)
    threadgroup_memory: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Ran:
    """What came of it: the buffers after the run, and its wall time from submission to
    completion."""

    buffers: Mapping[int, npt.NDArray[Any]]
    elapsed_ns: int


def run(
    library: Library,
    launch: Launch,
    supervisor: Path,
    *,
    threads: int = 0,
    deadline_ms: int = 10_000,
    schedule_seed: int = 0,
) -> Ran | Refused:
    """Run one dispatch once."""
    function = library.functions[launch.function]
    names = {index: f"b{index}" for index in launch.buffers}
    pool = Pool({names[index]: array.nbytes for index, array in launch.buffers.items()})
    try:
        for index, array in launch.buffers.items():
            pool.write(names[index], np.ascontiguousarray(array).tobytes())
        with HostClient(supervisor) as host:
            steps: list[tuple[str, int, dict[str, Any]]] = [
                ("hello", LOAD_DEADLINE_MS, {"version": PROTOCOL_VERSION}),
                ("load", LOAD_DEADLINE_MS, _load(library, function, threads)),
                ("bind", LOAD_DEADLINE_MS, _bind(launch, pool, names)),
                (
                    "run",
                    deadline_ms,
                    {
                        "first": 0,
                        "count": 1,
                        "deadline_ms": deadline_ms,
                        "schedule_seed": schedule_seed,
                    },
                ),
                ("freeze", LOAD_DEADLINE_MS, {}),
            ]
            elapsed = 0
            for op, wait_ms, fields in steps:
                reply = host.request(op, wait_ms, **fields)
                if isinstance(reply, Refused):
                    return reply
                elapsed = int(reply.get("elapsed_ns", elapsed))
            after = {
                index: np.frombuffer(pool.read(names[index]), array.dtype)
                .reshape(array.shape)
                .copy()
                for index, array in launch.buffers.items()
            }
        return Ran(after, elapsed)
    finally:
        pool.close()


def default_threadgroup(grid: Sequence[int], function: KernelFunction) -> Extent:
    """A threadgroup for a grid that names none: one row of up to 256 threads."""
    return (max(1, min(grid[0], 256, function.max_threads)), 1, 1)


def _load(library: Library, function: KernelFunction, threads: int) -> dict[str, Any]:
    facts = {
        "name": function.name,
        "entry": function.entry,
        "mode": function.mode,
        "max_threads": function.max_threads,
        "static_threadgroup_bytes": function.static_threadgroup_bytes,
        "threadgroup_arguments": list(function.threadgroup_arguments),
    }
    return {
        "library": str(library.path),
        "functions": [facts],
        "threads": threads or os.cpu_count() or 1,
        "memory_limit_bytes": MEMORY_LIMIT_BYTES,
        "deadline_ms": LOAD_DEADLINE_MS,
    }


def _bind(launch: Launch, pool: Pool, names: Mapping[int, str]) -> dict[str, Any]:
    slots = sorted(names.values())
    dispatch = {
        "function": launch.function,
        "grid": list(launch.grid),
        "threadgroup": list(launch.threadgroup),
        "buffers": {str(index): {"slot": name, "offset": 0} for index, name in names.items()},
        "constants": {
            str(i): base64.b64encode(data).decode() for i, data in launch.constants.items()
        },
        "threadgroup_memory": {str(i): size for i, size in launch.threadgroup_memory.items()},
    }
    return {
        "pool": {"path": pool.path, "bytes": pool.bytes},
        "slots": slots,
        "instances": [[list(pool.regions[slot]) for slot in slots]],
        "dispatches": [dispatch],
    }


__all__ = ["HostError", "Launch", "Ran", "Refused", "default_threadgroup", "run"]
