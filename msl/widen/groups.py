"""Members of structures, accessed by all lanes together: one wide load taken apart in registers,
one wide store put together there."""

from __future__ import annotations

from dataclasses import dataclass

from msl.widen import runs
from msl.widen.ir import WIDTH, Instruction, Value
from msl.widen.runs import gather, scatter
from msl.widen.types import is_scalar, lies_in_memory, wide
from msl.widen.writer import MASK, Writer

#: The most elements of a structure that is taken apart in registers.
MAX_GROUP = 4


@dataclass
class Group:
    """Accesses of neighbouring members of one structure a lane, done together at `at`."""

    members: dict[int, Instruction]  # by element of the structure
    count: int  # elements from one lane's structure to the next
    at: Instruction


class Groups:
    """The accesses of a block that belong together."""

    def __init__(self, writer: Writer, body: list[Instruction]) -> None:
        self.of: dict[int, Group] = {}
        self._loaded: dict[int, str] = {}  # results of loads done earlier in the block
        self._roots = _addresses(body)
        run: list[tuple[tuple[str, int, int, str], int, Instruction]] = []
        for item in body:
            access = item.op in ("load", "store")
            if access and writer.private.interleaved(item.operands[-1]):
                continue  # nothing else is where private variables are
            place = self._place(writer, item) if access else None
            if run and _ends_run(run[-1][2], item, place is not None and place[0] == run[-1][0]):
                self._close(run)
                run = []
            if place:
                run.append((*place, item))
        self._close(run)

    def emit(self, writer: Writer, group: Group, item: Instruction, kind: str) -> None:
        """All accesses of a group at once: a load before all others, a store after them."""
        if item.op == "load":
            if item is group.at:
                self._loaded |= _load_group(writer, group, kind)
            writer.define(item, self._loaded[id(item)])
        elif item is group.at:
            _store_group(writer, group, kind)

    def _place(
        self, writer: Writer, item: Instruction
    ) -> tuple[tuple[str, int, int, str], int] | None:
        """Which structure an access goes to, and to which of its elements."""
        pointer = item.operands[-1]
        kind = item.type if item.op == "load" else item.operands[0].type
        if item.volatile or item.atomic or not is_scalar(kind) or not lies_in_memory(kind):
            return None
        stride = runs.pitch(writer.shape(pointer))
        size = writer.types.size(kind)
        if not stride or stride % size or not 2 <= stride // size <= MAX_GROUP:
            return None
        count = stride // size
        root, offset = self._root(pointer)
        if offset % size:
            return None
        return (root, count, offset // size // count, kind), offset // size % count

    def _close(self, run: list[tuple[tuple[str, int, int, str], int, Instruction]]) -> None:
        """Find the groups of a run of loads, or of stores."""
        found: dict[tuple[str, int, int, str], dict[int, Instruction]] = {}
        for key, element, item in run:
            found.setdefault(key, {}).setdefault(element, item)
        if run and run[0][2].op == "store" and len(run) != len(next(iter(found.values()))):
            return  # an element is written twice
        for key, members in found.items():
            if len(members) < 2:
                continue
            order = list(members.values())
            group = Group(members, key[1], order[0] if order[0].op == "load" else order[-1])
            for item in order:
                self.of[id(item)] = group

    def _root(self, pointer: Value) -> tuple[str, int]:
        name, offset = pointer.text, 0
        while name in self._roots:
            name, step = self._roots[name]
            offset += step
        return name, offset


def _ends_run(last: Instruction, item: Instruction, same: bool) -> bool:
    """Whether an instruction must not come before or after a group that `last` belongs to. Stores
    of other structures may be to the same address."""
    if item.op == "load":
        return last.op == "store"
    if item.op == "store":
        return last.op == "load" or not same
    if item.op == "call":
        return not item.callee.startswith("llvm.") or "mem" in item.callee
    return item.op in ("atomicrmw", "cmpxchg", "fence")


def _addresses(body: list[Instruction]) -> dict[str, tuple[str, int]]:
    """Addresses that are another one plus a constant."""
    found = {}
    for item in body:
        if item.op == "getelementptr" and item.source_type == "i8" and len(item.operands) == 2:
            step = item.operands[1].integer
            if step is not None:
                found[item.name] = (item.operands[0].text, step)
    return found


def _group_bases(writer: Writer, group: Group, kind: str) -> list[str]:
    """The address of the first structure of every run of lanes, from the access at which the group
    is done."""
    element = next(k for k, member in group.members.items() if member is group.at)
    return runs.bases(writer, group.at.operands[-1], -element * writer.types.size(kind))


def _group_mask(writer: Writer, group: Group) -> str | None:
    """The mask of all elements: lanes that are here, members that are accessed."""
    total = WIDTH * group.count
    kind = f"<{total} x i1>"
    complete = len(group.members) == group.count
    if writer.mask is None and complete:
        return None
    used = ", ".join(
        f"i1 {'true' if k % group.count in group.members else 'false'}" for k in range(total)
    )
    if writer.mask is None:
        return f"<{used}>"
    order = ", ".join(f"i32 {k // group.count}" for k in range(total))
    spread = writer.fresh(
        f"shufflevector {MASK} {writer.mask}, {MASK} poison, <{total} x i32> <{order}>"
    )
    if not complete:
        spread = writer.fresh(f"select {kind} {spread}, {kind} <{used}>, {kind} zeroinitializer")
    return spread


def _load_group(writer: Writer, group: Group, kind: str) -> dict[int, str]:
    """The members of all lanes, by identity of the load."""
    total = WIDTH * group.count
    every = f"<{total} x {kind}>"
    align = writer.types.size(kind)
    pointer = group.at.operands[-1]
    shape = writer.shape(pointer)
    if shape.is_varying:
        writer.vector(pointer)  # known on both ways

    def fast() -> list[str]:
        places = _group_bases(writer, group, kind)
        loaded = runs.load(writer, kind, places, total, align, _group_mask(writer, group))
        orders = [
            writer.list("i32", [lane * group.count + element for lane in range(WIDTH)])
            for element in group.members
        ]
        return [
            writer.fresh(f"shufflevector {every} {loaded}, {every} poison, {wide('i32')} {order}")
            for order in orders
        ]

    def slow() -> list[str]:
        return [gather(writer, kind, place, align) for place in _lane_places(writer, group, kind)]

    found = runs.guarded(writer, shape, fast, slow, wide(kind))
    return {id(member): text for member, text in zip(group.members.values(), found, strict=True)}


def _lane_places(writer: Writer, group: Group, kind: str) -> list[str]:
    """The addresses of every member, lane by lane."""
    vector = writer.vector(group.at.operands[-1])
    own = next(k for k, member in group.members.items() if member is group.at)
    size = writer.types.size(kind)
    return [
        writer.fresh(f"getelementptr i8, {wide('ptr')} {vector}, i64 {(element - own) * size}")
        for element in group.members
    ]


def _store_group(writer: Writer, group: Group, kind: str) -> None:
    pointer = group.at.operands[-1]
    shape = writer.shape(pointer)
    if shape.is_varying:
        writer.vector(pointer)  # known on both ways
    texts = {k: writer.vector(member.operands[0]) for k, member in group.members.items()}
    align = writer.types.size(kind)

    def fast() -> list[str]:
        total = WIDTH * group.count
        places = _group_bases(writer, group, kind)
        mixed = _mixed(writer, group.count, texts, kind)
        runs.store(writer, kind, mixed, places, total, align, _group_mask(writer, group))
        return []

    def slow() -> list[str]:
        places = _lane_places(writer, group, kind)
        for text, place in zip(texts.values(), places, strict=True):
            scatter(writer, kind, text, place, align)
        return []

    runs.guarded(writer, shape, fast, slow, "")


def _mixed(writer: Writer, count: int, texts: dict[int, str], kind: str) -> str:
    """Members of all lanes as they lie in memory."""
    total = WIDTH * count
    parts = [texts.get(element, "poison") for element in range(count)]
    pair = f"<{2 * WIDTH} x {kind}>"
    halves = []
    line = ", ".join(f"i32 {k}" for k in range(2 * WIDTH))
    for first in range(0, count, 2):
        second = parts[first + 1] if first + 1 < count else "poison"
        halves.append(
            writer.fresh(
                f"shufflevector {wide(kind)} {parts[first]}, {wide(kind)} {second},"
                f" <{2 * WIDTH} x i32> <{line}>"
            )
        )
    if len(halves) < 2:
        halves.append("poison")
    order = ", ".join(f"i32 {k % count * WIDTH + k // count}" for k in range(total))
    return writer.fresh(
        f"shufflevector {pair} {halves[0]}, {pair} {halves[1]}, <{total} x i32> <{order}>"
    )
