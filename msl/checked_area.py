"""The memory through which a checked worker and we talk: the request before a run, findings, counts
and trace after it. host/portable/src/checked_area.h is its other half."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from msl.library import CheckedBuild

VERSION = 3
FINDING_CAPACITY = 128
TRACE_CAPACITY = 1 << 16

IDLE, RUNNING, FINISHED, LIMIT_REACHED = range(4)
OUT_OF_BOUNDS, RACE, DIVERGENT_BARRIER, INACTIVE_LANE = 1, 2, 3, 4
INTEGER, UNINITIALISED, ARRAY_BOUNDS, UNORDERED_BARRIER = 5, 6, 7, 8
UNIFORM_ARGUMENT, DIVERGENT_MATRIX, READ_ONLY = 9, 10, 11
#: What an INTEGER finding calls an index outside the declared extent of an array.
ARRAY_INDEX = 7
BUFFER, THREADGROUP, THREADGROUP_ARGUMENT, ELSEWHERE, PRIVATE = range(5)
WRITE, ATOMIC, VOLATILE = 1, 2, 4
NO_THREAD = 0xFFFFFFFF

_HEADER = struct.Struct("<4IQ12I4I")
_SIDE = struct.Struct("<6I")
_FINDING = struct.Struct("<4IqQ2I6I6I")
_TRACE = np.dtype(
    [
        ("offset", "<u8"),
        ("place", "<u4"),
        ("size", "<u2"),
        ("access", "u1"),
        ("threadgroup_memory", "u1"),
        ("group", "<u4"),
        ("lane", "<u4"),
    ]
)


@dataclass(frozen=True)
class Counts:
    """What a run did, as counted by the worker."""

    accesses: int = 0
    device_loaded_bytes: int = 0
    device_stored_bytes: int = 0
    device_distinct_loaded_bytes: int = 0
    device_distinct_stored_bytes: int = 0
    threadgroup_loaded_bytes: int = 0
    threadgroup_stored_bytes: int = 0
    barriers: int = 0
    simdgroup_barriers: int = 0
    simd_operations: int = 0
    partial_simd_operations: int = 0
    atomics: int = 0
    float_atomics: int = 0
    flops: int = 0
    threadgroups: int = 0
    threads: int = 0


@dataclass(frozen=True)
class Side:
    """One of the two parties of a finding."""

    place: int
    access: int
    thread: int
    group: tuple[int, int, int]


@dataclass(frozen=True)
class RawFinding:
    """A finding in the worker's numbers."""

    kind: int
    space: int
    index: int
    count: int
    offset: int
    size: int
    function: int
    dispatch: int
    here: Side
    other: Side


@dataclass(frozen=True)
class Reply:
    """What a run left in the area."""

    state: int
    findings: tuple[RawFinding, ...]
    findings_lost: int
    counts: Counts
    trace: npt.NDArray[Any]


@dataclass(frozen=True)
class Request:
    """What a run needs to know."""

    memory_poison: int
    lane_poison: int
    access_limit: int
    trace: bool
    poisoned_slots: Sequence[int]
    read_only_slots: Sequence[int]
    sampled_groups: int = 0  # of each dispatch, counts scaled; 0: all run


_COUNTS = struct.Struct(f"<{len(fields(Counts))}Q")
_FIXED = _HEADER.size + _COUNTS.size


class Area:
    """The layout of the area for one library; `functions` in the order in which they are loaded."""

    def __init__(self, functions: Sequence[str], build: CheckedBuild) -> None:
        tables: list[bytes] = []
        variables: list[bytes] = []
        for name in functions:
            own = build.variables.get(name, ())
            tables.append(struct.pack("<2I", len(variables), len(own)))
            variables += [struct.pack("<2I", item.offset, item.bytes) for item in own]
        self._tables = b"".join(tables)
        self._variables = b"".join(variables)
        self._functions_at = -(-_FIXED // 16) * 16
        self._variables_at = self._functions_at + len(self._tables)
        self._poisoned_at = self._variables_at + len(self._variables)

    def bytes(self, slots: int) -> int:
        """How large it is where a dispatch has so many slots."""
        return self._trace_at(slots) + TRACE_CAPACITY * _TRACE.itemsize

    def _findings_at(self, slots: int) -> int:
        return -(-(self._poisoned_at + 2 * 4 * slots) // 16) * 16

    def _trace_at(self, slots: int) -> int:
        return -(-(self._findings_at(slots) + FINDING_CAPACITY * _FINDING.size) // 16) * 16

    def write(self, memory: memoryview, request: Request, slots: int) -> None:
        """Put a request into the area."""
        header = _HEADER.pack(
            VERSION,
            request.memory_poison,
            request.lane_poison,
            int(request.trace),
            request.access_limit,
            self._functions_at,
            self._variables_at,
            self._poisoned_at,
            len(request.poisoned_slots),
            self._poisoned_at + 4 * slots,
            len(request.read_only_slots),
            self._findings_at(slots),
            FINDING_CAPACITY,
            self._trace_at(slots),
            TRACE_CAPACITY,
            request.sampled_groups,
            0,
            *(IDLE, 0, 0, 0),
        )
        poisoned, read_only = (
            struct.pack(f"<{len(numbers)}I", *numbers)
            for numbers in (request.poisoned_slots, request.read_only_slots)
        )
        memory[: len(header)] = header
        memory[len(header) : _FIXED] = bytes(_COUNTS.size)
        for at, data in (
            (self._functions_at, self._tables),
            (self._variables_at, self._variables),
            (self._poisoned_at, poisoned),
            (self._poisoned_at + 4 * slots, read_only),
        ):
            memory[at : at + len(data)] = data

    def read(self, memory: memoryview, slots: int) -> Reply:
        """What the run left. The numbers come from the worker: they are bounded here."""
        state, found, lost, traced = struct.unpack_from("<4I", memory, _HEADER.size - 16)
        findings = tuple(
            _finding(memory, self._findings_at(slots) + i * _FINDING.size)
            for i in range(min(found, FINDING_CAPACITY))
        )
        counts = Counts(*_COUNTS.unpack_from(memory, _HEADER.size))
        count = min(traced, TRACE_CAPACITY)
        trace = np.frombuffer(memory, _TRACE, count, self._trace_at(slots)).copy()
        return Reply(state, findings, lost, counts, trace)


def _finding(memory: memoryview, at: int) -> RawFinding:
    values = _FINDING.unpack_from(memory, at)
    kind, space, index, count, offset, size, function, dispatch = values[:8]
    here, other = _side(values[8:14]), _side(values[14:20])
    return RawFinding(kind, space, index, count, offset, size, function, dispatch, here, other)


def _side(values: Sequence[int]) -> Side:
    place, access, thread, x, y, z = values
    return Side(place, access, thread, (x, y, z))


def total(parts: Sequence[Counts]) -> Mapping[str, int]:
    """The sums of counts."""
    return {f.name: sum(getattr(part, f.name) for part in parts) for f in fields(Counts)}
