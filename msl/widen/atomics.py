"""Atomic operations, each lane in its turn; one operation for all lanes where they meet at one
address and the result tells nobody the order."""

from __future__ import annotations

from collections.abc import Callable

from msl.widen import collectives, lanes
from msl.widen.ir import Instruction
from msl.widen.types import is_integer, wide
from msl.widen.writer import Writer

_TOGETHER = {"add": "add", "sub": "add", "and": "and", "or": "or", "xor": "xor"} | {
    name: name for name in ("max", "min", "umax", "umin")
}
_REDUCTION = {"max": "smax", "min": "smin"}


def emit(writer: Writer, item: Instruction, used: bool = True) -> None:
    """Write an atomic or volatile access; `used` if anything reads its result."""
    volatile = "volatile " if item.volatile else ""
    if item.op == "fence":
        writer.put(f"fence {item.predicate}")
    elif item.op == "cmpxchg":
        _exchange(writer, item, volatile)
    elif item.op == "atomicrmw":
        _update(writer, item, volatile, used)
    elif item.op == "load":
        _load(writer, item, volatile)
    else:
        _store(writer, item, volatile)


def _access(item: Instruction, op: str, volatile: str, rest: str) -> str:
    atomic = "atomic " if item.atomic else ""
    ordering = f" {item.predicate}" if item.predicate else ""
    return f"{op} {atomic}{volatile}{rest}{ordering}, align {item.align}"


def _load(writer: Writer, item: Instruction, volatile: str) -> None:
    pointer = item.operands[0]

    def one(values: list[str]) -> list[str]:
        return [writer.fresh(_access(item, "load", volatile, f"{item.type}, ptr {values[0]}"))]

    if writer.shape(pointer).is_uniform:
        writer.define(item, one([writer.scalar(pointer)])[0])
    else:
        writer.define(item, lanes.each_lane(writer, [pointer], [item.type], one)[0])


def _store(writer: Writer, item: Instruction, volatile: str) -> None:
    def one(values: list[str]) -> list[str]:
        kind = item.operands[0].type
        writer.put(_access(item, "store", volatile, f"{kind} {values[0]}, ptr {values[1]}"))
        return []

    value, pointer = item.operands
    if writer.shape(value).is_uniform and writer.shape(pointer).is_uniform:
        one([writer.scalar(value), writer.scalar(pointer)])
    else:
        lanes.each_lane(writer, item.operands, [], one)


def _exchange(writer: Writer, item: Instruction, volatile: str) -> None:
    kind = item.operands[1].type

    def one(values: list[str]) -> list[str]:
        pointer, expected, desired = values
        pair = writer.fresh(
            f"cmpxchg {volatile}ptr {pointer}, {kind} {expected}, {kind} {desired}"
            f" {item.predicate}, align {item.align}"
        )
        kinds = f"{{ {kind}, i1 }}"
        return [writer.fresh(f"extractvalue {kinds} {pair}, {member}") for member in (0, 1)]

    old, done = lanes.each_lane(writer, item.operands, [kind, "i1"], one)
    writer.pairs[item.name] = (old, done)


def _update(writer: Writer, item: Instruction, volatile: str, used: bool) -> None:
    operation, _, ordering = item.predicate.partition(" ")
    pointer, value = item.operands
    kind = value.type

    def text(at: str, operand: str) -> str:
        return (
            f"atomicrmw {volatile}{operation} ptr {at}, {kind} {operand}"
            f" {ordering}, align {item.align}"
        )

    together = writer.shape(pointer).is_uniform and is_integer(kind) and operation in _TOGETHER
    if together and (not used or operation in ("add", "sub")):
        _update_together(writer, item, text, used)
        return
    results = lanes.each_lane(
        writer, [pointer, value], [kind], lambda v: [writer.fresh(text(v[0], v[1]))]
    )
    writer.define(item, results[0])


def _update_together(
    writer: Writer, item: Instruction, text: Callable[[str, str], str], used: bool
) -> None:
    operation = item.predicate.split(" ")[0]
    pointer, value = item.operands
    kind = value.type
    name = _TOGETHER[operation]
    name = _REDUCTION.get(name, name)
    vector = collectives.present(writer, writer.vector(value), name, kind)
    total = collectives.reduced(writer, vector, name, kind)
    old = writer.fresh(text(writer.scalar(pointer), total))
    if not used:
        return
    before = collectives.scanned(writer, vector, "add", kind, inclusive=False)
    every = writer.spread(old, kind, 0)
    writer.define(item, writer.fresh(f"{operation} {wide(kind)} {every}, {before}"))
