"""simdgroup_matrix in the typed IR: which calls work on whole matrices, where in its variable each
matrix lies, and which matrices are read again later."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from msl.widen.flow import Flow
from msl.widen.forwarding import constant_offset
from msl.widen.ir import Block, Function, Instruction, Value
from msl.widen.private import SHARED, Private
from msl.widen.types import Types

ELEMENTS = 64
SIDE = 8
_NAME = re.compile(r"_ZN3msl\d+matrix_([a-z_]+)I((?:f|DF16_|DF16b)+)E")
#: How a mangled name spells element types.
KINDS = {"f": "float", "DF16_": "half", "DF16b": "bfloat"}
#: Positions of the matrices that an operation reads; the one that it fills comes first, if any.
_READS = {"multiply_add": (1, 2, 3), "multiply": (1, 2), "write": (0,)}
_COPY = re.compile(r"llvm\.(memcpy|memmove)\.")
_WHOLE = re.compile(r"llvm\.(memcpy|memmove|memset)\.")


class Operation(NamedTuple):
    """What a call does, and the element types that it is an instance for."""

    name: str  # read, write, fill, diagonal, multiply, multiply_add
    kinds: tuple[str, ...]


def operation(item: Instruction) -> Operation | None:
    """The matrix operation that a call is."""
    match = _NAME.match(item.callee) if item.op == "call" else None
    if match is None:
        return None
    kinds = re.findall(r"DF16_|DF16b|f", match.group(2))
    return Operation(match.group(1), tuple(KINDS[kind] for kind in kinds))


class Place(NamedTuple):
    """Where a matrix lies: its variable, and bytes from its start."""

    variable: str
    offset: int


@dataclass
class Matrices:
    """The places of a function's matrices, and what each instruction does with them."""

    places: dict[str, Place] = field(default_factory=dict)  # by the pointers that lead there
    bytes: dict[Place, int] = field(default_factory=dict)
    _inside: dict[str, list[Place]] = field(default_factory=dict)  # by variable
    _variables: dict[str, str] = field(default_factory=dict)  # by every pointer into them

    def place(self, value: Value) -> Place | None:
        """The matrix at an address, if that is known."""
        found = self.places.get(value.text)
        return found if found in self.bytes else None

    def mentions(self, item: Instruction) -> bool:
        """Whether an instruction does more with a variable of matrices than to compute addresses
        in it."""
        if item.op == "getelementptr":
            return False
        return any(operand.text in self._variables for operand in item.operands)

    def reads(self, item: Instruction) -> set[Place]:
        """The matrices that an instruction may read."""
        found = operation(item)
        if found:
            return {p for k in _READS.get(found.name, ()) for p in self._at(item.operands[k])}
        if is_lifetime(item) or not self.mentions(item):
            return set()
        if item.op == "call" and _COPY.match(item.callee):
            return set(self._covered(item.operands[1], item.operands[2].integer))
        if item.op == "call" and _WHOLE.match(item.callee):
            return set()
        return {p for operand in item.operands for p in self._around(operand)}

    def writes(self, item: Instruction) -> set[Place]:
        """The matrices of which an instruction leaves nothing as it was."""
        found = operation(item)
        if found:
            place = self.place(item.operands[0]) if found.name != "write" else None
            return {place} if place else set()
        if is_lifetime(item):
            return set(self._around(item.operands[-1]))
        if item.op == "call" and _WHOLE.match(item.callee):
            start, length = self.places.get(item.operands[0].text), item.operands[2].integer
            if start and length is not None:
                end = start.offset + length
                covered = self._covered(item.operands[0], length)
                return {p for p in covered if start.offset <= p.offset <= end - self.bytes[p]}
        return set()

    def filled(self, item: Instruction) -> set[Place]:
        """The matrices that a fill is for, if it is for nothing else."""
        if item.op != "call" or not item.callee.startswith("llvm.memset."):
            return set()
        places, byte = self.writes(item), item.operands[1].integer
        same = sum(self.bytes[place] for place in places) == item.operands[2].integer
        return places if same and byte is not None else set()

    def copied(self, item: Instruction) -> tuple[Place, Place] | None:
        """Target and source of a copy of exactly one matrix."""
        if item.op != "call" or not _COPY.match(item.callee):
            return None
        target, source = (self.place(operand) for operand in item.operands[:2])
        if target is None or source is None:
            return None
        length = item.operands[2].integer
        return (target, source) if length == self.bytes[target] == self.bytes[source] else None

    def _around(self, pointer: Value) -> list[Place]:
        """All matrices of the variable that an address lies in."""
        return self._inside.get(self._variables.get(pointer.text, ""), [])

    def _at(self, pointer: Value) -> list[Place]:
        place = self.place(pointer)
        return self._around(pointer) if place is None else [place]

    def _covered(self, pointer: Value, length: int | None) -> list[Place]:
        """The matrices that a range of bytes touches."""
        start, every = self.places.get(pointer.text), self._around(pointer)
        if start is None or length is None:
            return every
        end = start.offset + length
        return [p for p in every if p.offset < end and start.offset < p.offset + self.bytes[p]]

    @classmethod
    def of(cls, function: Function, private: Private, types: Types) -> Matrices:
        """Find the places of all matrices."""
        found = cls()
        shared = [variable for variable in private.variables if variable.layout == SHARED]
        for variable in shared:
            name = variable.item.name
            found.places[name] = Place(name, 0)
            found._variables |= dict.fromkeys(variable.names, name)
        found._addresses(function, types)
        for _, item in function.instructions():
            what = operation(item)
            if what:
                found._note(item, what, types)
        for variable in shared:
            found._settle(variable.item.name)
        return found

    def _addresses(self, function: Function, types: Types) -> None:
        changed = True
        while changed:
            changed = False
            for _, item in function.instructions():
                if item.op != "getelementptr" or item.name in self.places:
                    continue
                start = self.places.get(item.operands[0].text)
                step = constant_offset(item, types) if start else None
                if start and step is not None:
                    self.places[item.name] = Place(start.variable, start.offset + step)
                    changed = True

    def _note(self, item: Instruction, what: Operation, types: Types) -> None:
        order = (0, *(_READS.get(what.name, ()) if what.name != "write" else ()))
        kinds = (what.kinds * 4)[: len(order)] if len(what.kinds) == 1 else what.kinds
        for position, kind in zip(order, kinds, strict=False):
            place = self.places.get(item.operands[position].text)
            if place is not None:
                size = ELEMENTS * types.size(kind)
                self.bytes[place] = max(size, self.bytes.get(place, 0))

    def _settle(self, variable: str) -> None:
        """Matrices that overlap are no places of their own: all of their variable is left alone."""
        inside = sorted(place for place in self.bytes if place.variable == variable)
        ends = [place.offset + self.bytes[place] for place in inside]
        if any(end > place.offset for end, place in zip(ends, inside[1:], strict=False)):
            for place in inside:
                del self.bytes[place]
            inside = []
        self._inside[variable] = inside


def is_lifetime(item: Instruction) -> bool:
    """Whether an instruction says where a variable's content begins or ceases to matter."""
    return item.op == "call" and item.callee.startswith("llvm.lifetime.")


def live_before(flow: Flow, matrices: Matrices) -> dict[int, set[Place]]:
    """The matrices whose content still matters, before every instruction (by identity) that reads
    or writes one, and at the end of every block."""
    steps = {name: _steps(flow.function.blocks[name], matrices) for name in flow.order}
    at_start: dict[str, set[Place]] = {name: set() for name in flow.order}
    changed = True
    while changed:
        changed = False
        for name in reversed(flow.order):
            live = _live_out(flow, name, at_start)
            for _, writes, reads in reversed(steps[name]):
                live = (live - writes) | reads
            if live != at_start[name]:
                at_start[name] = live
                changed = True
    found: dict[int, set[Place]] = {}
    for name in flow.order:
        live = _live_out(flow, name, at_start)
        found[id(flow.function.blocks[name].end)] = live
        for item, writes, reads in reversed(steps[name]):
            live = (live - writes) | reads
            found[id(item)] = live
    return found


def _steps(block: Block, matrices: Matrices) -> list[tuple[Instruction, set[Place], set[Place]]]:
    every = ((item, matrices.writes(item), matrices.reads(item)) for item in block.instructions)
    return [step for step in every if step[1] or step[2]]


def _live_out(flow: Flow, name: str, at_start: dict[str, set[Place]]) -> set[Place]:
    return set().union(*(at_start[target] for target in flow.successors[name]))


__all__ = [
    "ELEMENTS",
    "KINDS",
    "SIDE",
    "Matrices",
    "Operation",
    "Place",
    "is_lifetime",
    "live_before",
]
