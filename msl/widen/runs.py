"""Memory that lanes access in runs: where the addresses of 4, 8 or 16 lanes lie side by side,
pieces of that length are one vector access each, as all 32 lanes are if one stride holds for all;
elsewhere every lane is on its own."""

from __future__ import annotations

from collections.abc import Callable

from msl.widen.ir import WIDTH, Value
from msl.widen.shapes import Shape
from msl.widen.types import suffix, wide
from msl.widen.writer import MASK, Writer

#: Whether the runs hold that follow from rows of the threadgroup, where those may have any length.
HOLD = "%rows.hold"
#: Shorter runs are left to gathers and scatters.
SHORTEST = 4


def pitch(shape: Shape) -> int | None:
    """Bytes from one lane's address to the next within a run that is worth an access of its own, or
    throughout; None if there is no such run."""
    return shape.within(SHORTEST)


def bases(writer: Writer, pointer: Value, offset: int = 0) -> list[str]:
    """The first address of every run, plus `offset` bytes."""
    shape = writer.shape(pointer)
    if shape.stride is not None:
        return [_moved(writer, writer.scalar(pointer), offset)]
    vector = writer.vector(pointer)
    found = []
    for last in range(shape.run - 1, WIDTH, shape.run):
        # Of a run that starts below zero, as a tile's halo does, the last address is the right one.
        text = writer.extract(vector, "ptr", str(last))
        found.append(_moved(writer, text, offset - (shape.run - 1) * shape.step))
    return found


def _moved(writer: Writer, base: str, offset: int) -> str:
    return writer.fresh(f"getelementptr i8, ptr {base}, i64 {offset}") if offset else base


def gather(writer: Writer, kind: str, pointers: str, align: int) -> str:
    """An element from anywhere for each lane."""
    return writer.fresh(
        f"call {wide(kind)} @llvm.masked.gather.v{WIDTH}{suffix(kind)}.v{WIDTH}p0("
        f"{wide('ptr')} align {align} {pointers}, {MASK} {writer.full_mask()}, {wide(kind)} poison)"
    )


def scatter(writer: Writer, kind: str, text: str, pointers: str, align: int) -> None:
    """An element to anywhere from each lane, in the order of lanes."""
    writer.put(
        f"call void @llvm.masked.scatter.v{WIDTH}{suffix(kind)}.v{WIDTH}p0({wide(kind)} {text},"
        f" {wide('ptr')} align {align} {pointers}, {MASK} {writer.full_mask()})"
    )


def guarded(
    writer: Writer,
    shape: Shape,
    fast: Callable[[], list[str]],
    slow: Callable[[], list[str]],
    kind: str,
) -> list[str]:
    """What `fast` makes of runs if they hold, else what `slow` makes of every lane by itself; both
    give as many values of a type."""
    if shape.stride is not None or not writer.guards_runs:
        return fast()
    labels = [writer.new_label(f"r{writer.block}") for _ in range(5)]
    yes, yes_end, no, no_end, done = labels
    writer.put(f"br i1 {HOLD}, label %{yes}, label %{no}")
    values = []
    for start, end, work in ((yes, yes_end, fast), (no, no_end, slow)):
        writer.label(start)
        values.append(work())
        writer.put(f"br label %{end}")
        writer.label(end)
        writer.put(f"br label %{done}")
    writer.label(done)
    return [
        writer.fresh(f"phi {kind} [ {a}, %{yes_end} ], [ {b}, %{no_end} ]")
        for a, b in zip(*values, strict=True)
    ]


def load(
    writer: Writer, kind: str, places: list[str], total: int, align: int, mask: str | None
) -> str:
    """`total` elements from pieces of the same length; `mask` has a bit for each element."""
    width = total // len(places)
    parts = []
    for number, place in enumerate(places):
        vector = f"<{width} x {kind}>"
        if mask is None:
            parts.append(writer.fresh(f"load {vector}, ptr {place}, align {align}"))
            continue
        here = part(writer, mask, "i1", total, number * width, width)
        parts.append(
            writer.fresh(
                f"call {vector} @llvm.masked.load.v{width}{suffix(kind)}.p0("
                f"ptr align {align} {place}, <{width} x i1> {here}, {vector} poison)"
            )
        )
    return joined(writer, kind, parts, width)


def store(
    writer: Writer,
    kind: str,
    text: str,
    places: list[str],
    total: int,
    align: int,
    mask: str | None,
) -> None:
    """`total` elements to pieces of the same length."""
    width = total // len(places)
    for number, place in enumerate(places):
        vector = f"<{width} x {kind}>"
        piece = part(writer, text, kind, total, number * width, width)
        if mask is None:
            writer.put(f"store {vector} {piece}, ptr {place}, align {align}")
            continue
        here = part(writer, mask, "i1", total, number * width, width)
        writer.put(
            f"call void @llvm.masked.store.v{width}{suffix(kind)}.p0({vector} {piece},"
            f" ptr align {align} {place}, <{width} x i1> {here})"
        )


def joined(writer: Writer, kind: str, parts: list[str], width: int) -> str:
    """Vectors one after the other as one."""
    while len(parts) > 1:
        order = writer.list("i32", list(range(2 * width)))
        vector = f"<{width} x {kind}>"
        parts = [
            writer.fresh(f"shufflevector {vector} {a}, {vector} {b}, <{2 * width} x i32> {order}")
            for a, b in zip(parts[::2], parts[1::2], strict=True)
        ]
        width *= 2
    return parts[0]


def part(writer: Writer, text: str, kind: str, total: int, first: int, width: int) -> str:
    """Some neighbouring elements of a vector."""
    if width == total:
        return text
    order = writer.list("i32", list(range(first, first + width)))
    vector = f"<{total} x {kind}>"
    return writer.fresh(f"shufflevector {vector} {text}, {vector} poison, <{width} x i32> {order}")


def spare(writer: Writer) -> str:
    """An address that may be read when there is nothing to read."""
    slot = "  %spare = alloca i64, align 64"
    if slot not in writer.slots:
        writer.slots += [slot, "  store i64 0, ptr %spare"]
    return "%spare"
