"""From the checker's numbers to sentences: which memory, which element, which threads, which lines;
and which findings are verdicts by themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import numpy as np

from harness.devices.base import Dispatch, Program
from harness.evaluation import Status
from harness.problem.dtypes import element_of
from harness.problem.schedule import Schedule
from msl import checked_area as area
from msl.checked_area import RawFinding, Side
from msl.library import CheckedBuild

#: Findings that are verdicts whatever the outputs are.
DEFINITE = {
    area.OUT_OF_BOUNDS: Status.OUT_OF_BOUNDS,
    area.DIVERGENT_BARRIER: Status.DIVERGENT_BARRIER,
    area.INTEGER: Status.UNDEFINED_INTEGER,
    area.UNIFORM_ARGUMENT: Status.INACTIVE_LANE,
    area.DIVERGENT_MATRIX: Status.INACTIVE_LANE,
    area.READ_ONLY: Status.INPUT_MODIFIED,
}
#: Findings that are verdicts if they change an output, and warnings otherwise.
CONDITIONAL = {
    area.RACE: Status.DATA_RACE,
    area.UNORDERED_BARRIER: Status.DATA_RACE,
    area.INACTIVE_LANE: Status.INACTIVE_LANE,
    area.UNINITIALISED: Status.UNINITIALISED_READ,
}
_INTEGER_TEXT = {
    1: "integer division by zero, or of the smallest integer by -1",
    2: "shift by a negative amount or by the width of the type or more",
    3: "signed integer overflow in an addition",
    4: "signed integer overflow in a subtraction",
    5: "signed integer overflow in a multiplication",
    6: "signed integer overflow in a negation",
    7: "index outside the declared extent of an array",
}
_DIVISION, _SHIFT = 1, 2
#: Findings about an operation, which name no memory.
_WITHOUT_MEMORY = (
    area.DIVERGENT_BARRIER,
    area.UNIFORM_ARGUMENT,
    area.DIVERGENT_MATRIX,
    area.INACTIVE_LANE,
)


@dataclass(frozen=True)
class Finding:
    """One fault as people read it. `status` is what it would make of the kernel."""

    status: Status
    definite: bool
    text: str
    location: str  # file:line:column, "" if unknown
    kind: int
    memory: tuple[int, int] = (area.ELSEWHERE, 0)  # space and index
    detail: Mapping[str, Any] = field(default_factory=dict)  # memory, element and threads by name

    def as_map(self) -> dict[str, Any]:
        """Plain values, as JSON has them."""
        plain = {"status": self.status.value, "text": self.text, "location": self.location}
        return {**plain, **self.detail}


@dataclass(frozen=True)
class Reader:
    """What is needed to read findings of one run."""

    schedule: Schedule
    program: Program
    path: str  # of the source, as messages name it

    @property
    def tables(self) -> CheckedBuild:
        """The tables of the build."""
        if self.program.tables is None:
            raise ValueError("not a checked build")
        return self.program.tables

    def finding(self, raw: RawFinding) -> Finding | None:
        """A finding in words; None for a number that is none of ours."""
        known = {**DEFINITE, **CONDITIONAL}
        if raw.kind not in known or raw.dispatch >= len(self.schedule.dispatches):
            return None
        dispatch = self.schedule.dispatches[raw.dispatch]
        definite = raw.kind in DEFINITE
        if raw.kind == area.INTEGER and raw.index == area.ARRAY_INDEX:
            # Legal as an address inside a larger array, and kernels flatten arrays this way.
            status, definite = Status.OUT_OF_BOUNDS, False
        else:
            status = known[raw.kind]
        where = self.place(raw.here)
        text = f"{where or 'somewhere'}: {self._text(raw, dispatch)}"
        if raw.count > 1:
            text += f" ({raw.count} times)"
        memory = (raw.space, raw.index)
        return Finding(status, definite, text, where, raw.kind, memory, self._detail(raw, dispatch))

    def _detail(self, raw: RawFinding, dispatch: Dispatch) -> dict[str, Any]:
        """The finding's memory, element and threads as values."""
        found: dict[str, Any] = {"function": dispatch.function, "times": raw.count}
        found["threads"] = [
            {"threadgroup": list(side.group), "index": side.thread, "location": self.place(side)}
            for side in (raw.here, raw.other)
            if side.thread != area.NO_THREAD and (side is raw.here or side.place)
        ]
        if raw.kind == area.INTEGER or raw.kind in _WITHOUT_MEMORY:
            return found
        if raw.space == area.BUFFER:
            name, size, _ = self._buffer(raw, dispatch)
            return {**found, "buffer": raw.index, "name": name, "element": raw.offset // size}
        if raw.space in (area.THREADGROUP, area.THREADGROUP_ARGUMENT):
            name = self._threadgroup_name(raw)
            return {**found, "threadgroup_memory": name.strip("'"), "byte": raw.offset}
        return found

    def place(self, side: Side) -> str:
        """A place in the source, "" if it is not known."""
        if not 0 < side.place < len(self.tables.places):
            return ""
        place = self.tables.places[side.place]
        return "" if place is None else f"{PurePath(place[0]).name}:{place[1]}:{place[2]}"

    def _text(self, raw: RawFinding, dispatch: Dispatch) -> str:
        who = thread(raw.here, dispatch)
        if raw.kind == area.OUT_OF_BOUNDS:
            return f"{who} {_verb(raw.here)} {raw.size} bytes {self._outside(raw, dispatch)}"
        if raw.kind == area.INTEGER:
            return f"{who}: {_integer(raw)}"
        if raw.kind == area.DIVERGENT_BARRIER:
            other = self.place(raw.other)
            there = f"at {other}" if other != self.place(raw.here) else "in another iteration"
            return f"{who} waits at a barrier while {thread(raw.other, dispatch)} waits {there}"
        if raw.kind == area.INACTIVE_LANE:
            return f"{who} takes the value of {_lane(raw.other)}"
        if raw.kind == area.UNIFORM_ARGUMENT:
            return (
                f"{who} gives a SIMD function another argument than"
                f" {thread(raw.other, dispatch)}; MSL asks for the same one in all lanes"
            )
        if raw.kind == area.DIVERGENT_MATRIX:
            return (
                f"an operation on matrices in which {_lane_of(raw.other, dispatch)} takes no part;"
                " it needs all lanes of the SIMD-group"
            )
        memory = self._memory(raw, dispatch)
        if raw.kind == area.UNINITIALISED:
            return f"{who} reads {memory}, which nobody has written"
        if raw.kind == area.READ_ONLY:
            return f"{who} writes {memory}, which is an input"
        return self._race(raw, dispatch, who, memory)

    def _race(self, raw: RawFinding, dispatch: Dispatch, who: str, memory: str) -> str:
        other = self.place(raw.other)
        earlier = "an access" if raw.other.access == 0 else "an atomic or volatile access"
        text = f"{who} {_verb(raw.here)} {memory} unordered with {earlier}"
        text += f" of {thread(raw.other, dispatch)}" + (f" at {other}" if other else "")
        if raw.kind == area.UNORDERED_BARRIER:
            text += "; the barrier between them does not order this memory"
        elif raw.here.group != raw.other.group:
            text += "; nothing but fences with atomics orders threadgroups of one dispatch"
        return text

    def _memory(self, raw: RawFinding, dispatch: Dispatch) -> str:
        if raw.space == area.BUFFER:
            return self._element(raw, dispatch)
        name = self._threadgroup_name(raw)
        return f"byte {raw.offset} of threadgroup {name}"

    def _threadgroup_name(self, raw: RawFinding) -> str:
        if raw.space == area.THREADGROUP_ARGUMENT:
            return f"argument {raw.index}"
        function = list(self.program.functions)[raw.function]
        variables = self.tables.variables.get(function, ())
        return f"'{variables[raw.index].name}'" if raw.index < len(variables) else "memory"

    def _buffer(self, raw: RawFinding, dispatch: Dispatch) -> tuple[str, int, tuple[int, ...]]:
        """Name of the parameter, element size and shape of what is bound to it."""
        function = list(self.program.functions.values())[raw.function]
        name = function.parameters.get(raw.index, (f"buffer {raw.index}", ""))[0]
        if raw.index not in dispatch.buffers:
            return name, 1, ()
        slot_name, shift = dispatch.buffers[raw.index]
        slot = self.schedule.slots[slot_name]
        return name, element_of(slot.dtype).bytes, slot.shape if shift == 0 else ()

    def _element(self, raw: RawFinding, dispatch: Dispatch) -> str:
        name, size, shape = self._buffer(raw, dispatch)
        element = raw.offset // size
        if shape and 0 <= element < math.prod(shape):
            index = ", ".join(str(int(i)) for i in np.unravel_index(element, shape))
            return f"{name}[{index}] (buffer {raw.index})"
        return f"byte {raw.offset} of {name} (buffer {raw.index})"

    def _outside(self, raw: RawFinding, dispatch: Dispatch) -> str:
        if raw.space == area.PRIVATE:
            return "of the stack that no variable of this thread occupies"
        if raw.space == area.ELSEWHERE:
            return f"at address {raw.offset & (1 << 64) - 1:#x}, which is no memory of the kernel"
        if raw.space == area.BUFFER:
            name, size, shape = self._buffer(raw, dispatch)
            extent = self._extent(raw, dispatch)
            index = raw.offset // size
            what = f"{name} (buffer {raw.index}, {extent} bytes): element {index}"
            return f"outside {what}" + (f" of {math.prod(shape)}" if shape else "")
        return (
            f"outside threadgroup {self._threadgroup_name(raw)}: byte {raw.offset}{self._of(raw)}"
        )

    def _of(self, raw: RawFinding) -> str:
        function = list(self.program.functions)[raw.function]
        variables = self.tables.variables.get(function, ())
        if raw.space == area.THREADGROUP and raw.index < len(variables):
            return f" of {variables[raw.index].bytes}"
        return ""

    def _extent(self, raw: RawFinding, dispatch: Dispatch) -> int:
        if raw.index in dispatch.buffers:
            slot, shift = dispatch.buffers[raw.index]
            return self.schedule.slots[slot].bytes - shift
        return len(dispatch.constants.get(raw.index, b""))


def _verb(side: Side) -> str:
    if side.access & area.ATOMIC:
        return "accesses atomically"
    return "writes" if side.access & area.WRITE else "reads"


def _lane(side: Side) -> str:
    if side.thread == area.NO_THREAD:
        return "a lane that does not exist"
    return f"lane {side.thread % 32} of its SIMD-group, which is not active here"


def _lane_of(side: Side, dispatch: Dispatch) -> str:
    size = math.prod(dispatch.threadgroup)
    return f"lane {side.thread % 32}" if side.thread >= size else thread(side, dispatch)


def _integer(raw: RawFinding) -> str:
    text = _INTEGER_TEXT.get(raw.index, "integer fault")
    right = raw.size if raw.size < 1 << 63 else raw.size - (1 << 64)
    if raw.index == _DIVISION:
        return "integer division by zero" if right == 0 else text
    if raw.index == _SHIFT:
        return f"{text} (by {raw.offset})"
    if raw.index == area.ARRAY_INDEX:
        return f"{text} (index {raw.offset})"
    return text


def thread(side: Side, dispatch: Dispatch) -> str:
    """A thread by its positions."""
    if side.thread == area.NO_THREAD:
        return "another thread"
    size = [
        min(t, g - p * t)
        for t, g, p in zip(dispatch.threadgroup, dispatch.grid, side.group, strict=True)
    ]
    if min(size) < 1:
        return f"thread {side.thread}"
    x, y, z = (
        side.thread % size[0],
        side.thread // size[0] % size[1],
        side.thread // (size[0] * size[1]),
    )
    place = [p * t + i for p, t, i in zip(side.group, dispatch.threadgroup, (x, y, z), strict=True)]
    return f"thread {_position(place)} (threadgroup {_position(side.group)}, index {side.thread})"


def _position(position: Sequence[int]) -> str:
    x, y, z = position
    return f"({x})" if y == z == 0 else f"({x}, {y})" if z == 0 else f"({x}, {y}, {z})"


def merged(found: Sequence[Finding]) -> list[Finding]:
    """Each place and kind once, in the order of the statuses; those without a place last."""
    order = list(Status)
    unique: Mapping[tuple[int, str], Finding] = {
        (item.kind, item.location): item for item in reversed(found)
    }
    return sorted(
        unique.values(),
        key=lambda item: (order.index(item.status), not item.location, item.location),
    )
