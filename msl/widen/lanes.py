"""Work that lanes do one after the other: a loop over the lanes that are here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msl.widen.ir import WIDTH, Value
from msl.widen.types import in_memory, wide
from msl.widen.writer import Writer


def buffer(writer: Writer, kind: str, count: int = WIDTH) -> str:
    """Room for one element a lane."""
    name = writer.new_label("%buffer")
    writer.slots.append(f"  {name} = alloca [{count} x {in_memory(kind)}], align 64")
    return name


def spill(writer: Writer, vector: str, kind: str) -> str:
    """A vector in memory."""
    if kind == "i1":
        vector = writer.fresh(f"zext {wide('i1')} {vector} to {wide('i8')}")
    name = buffer(writer, kind)
    writer.put(f"store {wide(in_memory(kind))} {vector}, ptr {name}, align 64")
    return name


def each_lane(
    writer: Writer,
    operands: Sequence[Value],
    results: Sequence[str],
    work: Callable[[list[str]], list[str]],
) -> list[str]:
    """Do scalar `work` for every lane that is here, in order: from the operands of a lane to its
    results, whose types `results` gives. The results of all lanes, as vectors."""
    places: list[tuple[str, str]] = []
    for operand in operands:
        if writer.shape(operand).is_uniform:
            places.append(("", writer.scalar(operand)))
        else:
            places.append((operand.type, spill(writer, writer.vector(operand), operand.type)))
    outputs = [buffer(writer, kind) for kind in results]
    lanes = writer.bits(writer.mask)
    before, head, body, done = (writer.new_label(f"l{writer.block}") for _ in range(4))
    writer.put(f"br label %{before}")
    writer.label(before)
    writer.put(f"br label %{head}")
    writer.label(head)
    following = writer.new_label("%rest")
    rest = writer.fresh(f"phi i32 [ {lanes}, %{before} ], [ {following}, %{body}.end ]")
    more = writer.fresh(f"icmp ne i32 {rest}, 0")
    writer.put(f"br i1 {more}, label %{body}, label %{done}")
    writer.label(body)
    lane = writer.fresh(f"call i32 @llvm.cttz.i32(i32 {rest}, i1 true)")
    less = writer.fresh(f"sub i32 {rest}, 1")
    writer.put(f"{following} = and i32 {rest}, {less}")
    values = [_load(writer, kind, text, lane) if kind else text for kind, text in places]
    for kind, output, text in zip(results, outputs, work(values), strict=True):
        if kind == "i1":
            text = writer.fresh(f"zext i1 {text} to i8")
        at = writer.fresh(f"getelementptr {in_memory(kind)}, ptr {output}, i32 {lane}")
        writer.put(f"store {in_memory(kind)} {text}, ptr {at}")
    writer.put(f"br label %{body}.end")
    writer.label(f"{body}.end")
    writer.put(f"br label %{head}")
    writer.label(done)
    return [_vector(writer, kind, output) for kind, output in zip(results, outputs, strict=True)]


def _load(writer: Writer, kind: str, array: str, lane: str) -> str:
    at = writer.fresh(f"getelementptr {in_memory(kind)}, ptr {array}, i32 {lane}")
    text = writer.fresh(f"load {in_memory(kind)}, ptr {at}")
    return writer.fresh(f"trunc i8 {text} to i1") if kind == "i1" else text


def _vector(writer: Writer, kind: str, array: str) -> str:
    text = writer.fresh(f"load {wide(in_memory(kind))}, ptr {array}, align 64")
    return writer.fresh(f"trunc {wide('i8')} {text} to {wide('i1')}") if kind == "i1" else text


__all__ = ["buffer", "each_lane", "spill"]
