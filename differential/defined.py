"""Whether generated kernels are free of undefined behaviour: what the checked build reports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msl
from differential.engines import (
    DEADLINE_MS,
    Setting,
    build,
    memory_of,
    requests,
)
from differential.kernels import Generated
from msl import checked_area
from msl.checked_area import Area, Request
from msl.host_build import ensure_host
from msl.host_client import HostClient, Pool, Refused

_AREA = "area"
_ACCESSES = 200_000_000
_POISON = 0x7FC0DEAD
#: As numbered, and reversed: who reads too early is only seen in one of them.
_ORDERS = (0, 1)
_KINDS = {
    checked_area.OUT_OF_BOUNDS: "out of bounds",
    checked_area.RACE: "race",
    checked_area.DIVERGENT_BARRIER: "divergent barrier",
    checked_area.INACTIVE_LANE: "inactive lane",
    checked_area.INTEGER: "undefined integer",
    checked_area.UNINITIALISED: "uninitialised read",
    checked_area.ARRAY_BOUNDS: "array index",
    checked_area.UNORDERED_BARRIER: "unordered barrier",
    checked_area.UNIFORM_ARGUMENT: "argument that is not uniform",
    checked_area.READ_ONLY: "write to an input",
}


def faults(kernels: Sequence[Generated], cache: Path) -> list[str]:
    """What the checker finds in a batch, one line a finding; empty if all of it is defined."""
    library = build(kernels, "checked", cache)
    if isinstance(library, msl.Rejection):
        return [f"refused: {library.reason}"]
    lines: set[str] = set()
    for order in _ORDERS:
        lines.update(_findings(library, kernels, order))
    return sorted(lines)


def _findings(library: msl.Library, kernels: Sequence[Generated], order: int) -> list[str]:
    """Of one order of the threads."""
    assert library.checked is not None
    area = Area(list(library.functions), library.checked)
    memory = memory_of(kernels)
    size = area.bytes(len(memory))
    pool = Pool({name: array.nbytes for name, array in memory.items()} | {_AREA: size})
    try:
        for name, array in memory.items():
            pool.write(name, array.tobytes())
        request = bytearray(size)
        with memoryview(request) as view:
            area.write(view, Request(_POISON, _POISON, _ACCESSES, False, [], []), len(memory))
        pool.write(_AREA, bytes(request))
        with HostClient(ensure_host().supervisor) as host:
            for op, fields in requests(
                library,
                kernels,
                pool,
                Setting("checked", 1, order),
                check_area=pool.regions[_AREA][0],
            ):
                reply = host.request(op, DEADLINE_MS, **fields)
                if isinstance(reply, Refused):
                    return [f"{reply.status}: {reply.reason}"]
        found = area.read(memoryview(pool.read(_AREA)), len(memory))
    finally:
        pool.close()
    if found.state != checked_area.FINISHED:
        return ["the checker ran out of time"]
    names = list(library.functions)
    lines = []
    for item in found.findings:
        kind = _KINDS.get(item.kind, f"kind {item.kind}")
        place = library.checked.places[item.here.place]
        where = f"line {place[1]}, column {place[2]}" if place else "somewhere"
        lines.append(f"{kind} in {names[item.function]}, {where}")
    return lines
