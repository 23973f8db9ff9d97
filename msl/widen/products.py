"""Which matrix operations of a block are done together: loads stay where they point to, products on
the same accumulator form one sum, and sums with the same left operands one register-blocked piece
of work. Decides; the text is made in `blocks`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from msl.widen.flow import Flow
from msl.widen.ir import Block, Instruction, Value
from msl.widen.matrices import (
    SIDE,
    Matrices,
    Operation,
    Place,
    is_lifetime,
    live_before,
    operation,
)
from msl.widen.private import Private
from msl.widen.types import Types

#: So many sums at once are for targets whose registers hold all of their rows; others take turns.
ALL_ROWS = 4
_FLOAT = "float"
_MOST_ROOMS = 64


class View(NamedTuple):
    """A matrix that a load has named, still in device or threadgroup memory."""

    kind: str
    load: str  # the function that loads it
    pointer: Value
    stride: Value


class Held(NamedTuple):
    """A matrix in its variable."""

    kind: str
    place: Place


class Room(NamedTuple):
    """A matrix in a room of the SIMD-group's stack, kept until the next flush."""

    kind: str
    number: int


class Filled(NamedTuple):
    """A matrix whose bytes are all the same."""

    kind: str
    byte: int


@dataclass(eq=False)
class Sum:
    """`start` plus products, in order."""

    kind: str
    start: Held | Room | Filled
    steps: list[tuple[View | Held | Room, View | Held | Room]] = field(default_factory=list)


Source = View | Held | Room | Filled | Sum
Operand = View | Held | Room


class Fill(NamedTuple):
    """Do an operation with a room in the place of its target."""

    item: Instruction
    room: Room


class Move(NamedTuple):
    """Put a matrix where it belongs: from where it is to a room or a place."""

    source: View | Held | Room | Filled
    target: Room | Place


class Widen(NamedTuple):
    """The same matrix as floats."""

    source: Operand
    room: Room


class Multiply(NamedTuple):
    """Sums with the same left operands, and where they go."""

    sums: list[Sum]
    targets: list[Place | Room]


Action = Fill | Move | Widen | Multiply


@dataclass
class Plan:
    """What is to be done before an instruction, and which instructions nothing remains of; by
    identity."""

    before: dict[int, list[Action]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)


def plan(flow: Flow, private: Private, types: Types, widest: int) -> Plan:
    """Look at every block of a function; `widest`: the most sums that share their left operands'
    elements."""
    found = Plan()
    if not any(operation(item) for _, item in flow.function.instructions()):
        return found
    matrices = Matrices.of(flow.function, private, types)
    live = live_before(flow, matrices)
    for name in flow.order:
        block = flow.function.blocks[name]
        if any(operation(item) for item in block.instructions):
            _Run(found, matrices, private, live, widest).block(block)
    return found


class _Run:
    def __init__(
        self,
        plan: Plan,
        matrices: Matrices,
        private: Private,
        live: dict[int, set[Place]],
        widest: int,
    ) -> None:
        self.plan = plan
        self.matrices = matrices
        self.private = private
        self.live = live
        self.widest = widest
        self.values: dict[Place, Source] = {}
        self.rooms = 0
        self.narrow = 0  # loads that will need a room to become floats
        self.actions: list[Action] = []

    def block(self, block: Block) -> None:
        """Follow a block from its start to its end."""
        live = self.live[id(block.end)]
        lives = []
        for item in reversed(block.instructions):
            live = self.live.get(id(item), live)
            lives.append(live)
        for item, alive in zip(block.instructions, reversed(lives), strict=True):
            what = operation(item)
            if what and self._follow(item, what, alive):
                self.plan.gone.add(id(item))
            elif what or item is block.end or self._ends(item):
                self._flush(alive)
            elif is_lifetime(item):
                for place in self.matrices.writes(item):
                    self.values.pop(place, None)
            elif places := self.matrices.filled(item):
                byte = item.operands[1].integer or 0
                kinds = {256: _FLOAT, 128: "half"}
                self.values |= {
                    p: Filled(kinds[self.matrices.bytes[p]], byte % 256) for p in places
                }
                self.plan.gone.add(id(item))
            elif (copy := self.matrices.copied(item)) and self._copy(*copy):
                self.plan.gone.add(id(item))
            elif self.matrices.mentions(item):
                self._flush(alive)
            if self.actions:
                self.plan.before[id(item)] = self.actions
                self.actions = []

    def _ends(self, item: Instruction) -> bool:
        """Whether memory that loads have named may change."""
        if item.op == "store":
            return item.operands[1].text not in self.private.of_pointer
        if item.op == "call":
            if not item.callee.startswith("llvm."):
                return item.callee != "msl_lanes_place"
            return "mem" in item.callee and item.operands[0].text not in self.private.of_pointer
        return item.volatile or item.atomic or item.op in ("atomicrmw", "cmpxchg", "fence")

    # ---- operations

    def _follow(self, item: Instruction, what: Operation, live: set[Place]) -> bool:
        """Take an operation in, if that can be."""
        target = self.matrices.place(item.operands[0])
        if target is None or what.name == "write":
            return False
        if self.rooms + self.narrow > _MOST_ROOMS:
            self._flush(live)
        if what.name == "read":
            return self._read(item, what, target)
        if what.name in ("fill", "diagonal"):
            return self._fill(item, what, target)
        return self._multiply(item, what, target, live)

    def _read(self, item: Instruction, what: Operation, target: Place) -> bool:
        _, source, stride, transpose = item.operands
        if source.text in self.private.of_pointer or transpose.integer is None:
            return False
        if transpose.integer:
            self.values[target] = self._filled(item, what.kinds[0])
        else:
            self.values[target] = View(what.kinds[0], item.callee, source, stride)
            self.narrow += what.kinds[0] != _FLOAT
        return True

    def _fill(self, item: Instruction, what: Operation, target: Place) -> bool:
        value = item.operands[1]
        if value.text in ("0.000000e+00", "0xH0000", "0xR0000"):
            self.values[target] = Filled(what.kinds[0], 0)
        else:
            self.values[target] = self._filled(item, what.kinds[0])
        return True

    def _multiply(
        self, item: Instruction, what: Operation, target: Place, live: set[Place]
    ) -> bool:
        places = [self.matrices.place(operand) for operand in item.operands]
        if None in places or (len(what.kinds) > 3 and what.kinds[3] != what.kinds[0]):
            return False
        kind, (first, second, *third) = what.kinds[0], [p for p in places[1:] if p is not None]
        left = self._operand(first, what.kinds[1])
        right = self._operand(second, what.kinds[2])
        start: Source = Filled(kind, 0)
        if third:
            start = self.values.get(third[0], Held(kind, third[0]))
        if isinstance(start, Filled):
            start = start if not start.byte else self._moved(Filled(kind, start.byte))
        shared = any(v is start and p != target for p, v in self.values.items())
        if not left or not right or start.kind != kind or (isinstance(start, Sum) and shared):
            self._flush(live)
            return self._multiply(item, what, target, live)
        if isinstance(start, Sum):
            start.steps.append((left, right))
            return True
        if isinstance(start, View):
            start = self._moved(start)
        self.values[target] = Sum(kind, start, [(left, right)])
        return True

    def _operand(self, place: Place, kind: str) -> Operand | None:
        """A factor; None while it is a sum that was not computed yet, or another type's bits."""
        source = self.values.get(place, Held(kind, place))
        if isinstance(source, Filled):
            source = self.values[place] = self._moved(Filled(kind, source.byte))
        return None if isinstance(source, Sum) or source.kind != kind else source

    def _copy(self, target: Place, source: Place) -> bool:
        value = self.values.get(source)
        if value is None or isinstance(value, Held):
            return False
        self.values[target] = value
        return True

    # ---- rooms

    def _room(self, kind: str) -> Room:
        self.rooms += 1
        return Room(kind, self.rooms - 1)

    def _filled(self, item: Instruction, kind: str) -> Room:
        room = self._room(kind)
        self.actions.append(Fill(item, room))
        return room

    def _moved(self, source: View | Filled) -> Room:
        room = self._room(source.kind)
        self.actions.append(Move(source, room))
        return room

    # ---- flushes

    def _flush(self, live: set[Place]) -> None:
        """Compute what is still asked for, and put it where it belongs."""
        wanted = {place: value for place, value in self.values.items() if place in live}
        self._multiply_all(wanted)
        late: list[Action] = []
        for place, value in wanted.items():
            if not isinstance(value, (Sum, Held)):
                late.append(Move(value, place))
        self.actions += late
        self.values = {}
        self.rooms = self.narrow = 0

    def _multiply_all(self, wanted: dict[Place, Source]) -> None:
        homes: dict[int, list[Place]] = {}
        sums: dict[int, Sum] = {}
        for place, value in wanted.items():
            if isinstance(value, Sum):
                homes.setdefault(id(value), []).append(place)
                sums[id(value)] = value
        groups = _groups([self._as_floats(total) for total in sums.values()], self.widest)
        own = dict(zip(sums, homes.values(), strict=True))
        read = [{p for total, _ in group for p in _read(total)} for group in groups]
        late: list[Action] = []
        for number, group in enumerate(groups):
            kept = set().union(*read[:number], *read[number + 1 :])
            if self.widest < ALL_ROWS:  # its later rows still multiply with what is there
                kept |= {p for total, _ in group for p in _factors(total)}
            targets: list[Place | Room] = []
            for total, original in group:
                first, *others = own[original]
                target: Place | Room = self._room(total.kind) if first in kept else first
                if isinstance(target, Room):
                    late += [Move(target, place) for place in (first, *others)]
                else:
                    late += [Move(Held(total.kind, first), place) for place in others]
                targets.append(target)
            self.actions.append(Multiply([total for total, _ in group], targets))
        self.actions += late

    def _as_floats(self, total: Sum) -> tuple[Sum, int]:
        """A sum whose factors are all floats, and the identity of the original."""
        steps = [(self._float(left), self._float(right)) for left, right in total.steps]
        return Sum(total.kind, total.start, steps), id(total)

    def _float(self, source: Operand) -> Operand:
        if source.kind == _FLOAT:
            return source
        for action in self.actions:
            if isinstance(action, Widen) and action.source == source:
                return action.room
        room = self._room(_FLOAT)
        self.actions.append(Widen(source, room))
        return room


def _factors(total: Sum) -> set[Place]:
    factors = [factor for step in total.steps for factor in step]
    return {source.place for source in factors if isinstance(source, Held)}


def _read(total: Sum) -> set[Place]:
    """The places that a sum reads."""
    return _factors(total) | ({total.start.place} if isinstance(total.start, Held) else set())


def stride(source: Operand) -> Value:
    """Elements from one row to the next."""
    return source.stride if isinstance(source, View) else Value("i64", str(SIDE))


def _groups(sums: list[tuple[Sum, int]], widest: int) -> list[list[tuple[Sum, int]]]:
    """Sums that one pass over their left operands computes."""
    alike: dict[object, list[tuple[Sum, int]]] = {}
    for total, original in sums:
        lefts = tuple(left for left, _ in total.steps)
        strides = tuple(stride(right) for _, right in total.steps)
        alike.setdefault((total.kind, lefts, strides), []).append((total, original))
    groups = []
    for members in alike.values():
        first = 0
        while first < len(members):
            count = widest
            while count > len(members) - first:
                count //= 2
            groups.append(members[first : first + count])
            first += count
    return groups
