"""simdgroup_matrix with two elements a lane, for kernels that use thread_elements(): loads, stores
and products of what the lanes hold as vectors."""

from __future__ import annotations

import re

from msl.widen import blocks
from msl.widen.ir import WIDTH, Declined, Instruction
from msl.widen.matrices import ELEMENTS, KINDS, SIDE
from msl.widen.runs import gather, scatter
from msl.widen.shapes import VARYING, Shape
from msl.widen.types import wide
from msl.widen.writer import Writer, number

_NAME = re.compile(r"_ZN3msl\d+lanes_matrix_(load|store|product)I(f|DF16_|DF16b)")
_FLOAT = "float"


def _first_element(lane: int) -> tuple[int, int]:
    """Row and column of a lane's first element, as lane_place in msl_simdgroup_per_lane.h has it;
    the second one is its right neighbour."""
    return (lane // 4 & 4) + lane // 2 % 4, (lane // 4 & 2) * 2 + lane % 2 * 2


_PLACES = [_first_element(lane) for lane in range(WIDTH)]
#: For elements row by row: where two vectors of the lanes, one after the other, have them.
_HOLDERS = [0] * ELEMENTS
for _lane, (_row, _column) in enumerate(_PLACES):
    for _second in range(2):
        _HOLDERS[_row * SIDE + _column + _second] = _lane + WIDTH * _second


def shape_of(item: Instruction) -> Shape | None:
    """The shape of what a matrix operation gives a lane; None if the call is none."""
    return VARYING if _NAME.match(item.callee) else None


def emit(writer: Writer, item: Instruction) -> bool:
    """Write an operation of these; whether it is one."""
    match = _NAME.match(item.callee)
    if match is None:
        return False
    kind = KINDS[match.group(2)]
    if match.group(1) == "product":
        _product(writer, item, kind)
    else:
        _access(writer, item, kind)
    return True


def _access(writer: Writer, item: Instruction, kind: str) -> None:
    """Rows as vectors if all lanes are here, else element by element."""
    *values, pointer, stride, transpose = item.operands
    turned = transpose.integer
    if turned is None:
        raise Declined("a matrix access whose direction is known only at run time", item)
    base, step = writer.first(pointer), writer.first(stride)
    size = writer.types.size(kind)
    if writer.mask is not None:
        _by_element(writer, item, kind, base, step)
        return
    places = []
    for row in range(SIDE):
        offset = writer.fresh(f"mul i64 {step}, {row * size}")
        places.append(writer.fresh(f"getelementptr i8, ptr {base}, i64 {offset}"))
    if values:
        whole = _ordered(writer, [writer.vector(v) for v in values], kind, bool(turned))
        for row, place in enumerate(places):
            neighbours = list(range(row * SIDE, (row + 1) * SIDE))
            text = _picked(writer, kind, ELEMENTS, whole, "poison", neighbours)
            writer.put(f"store <{SIDE} x {kind}> {text}, ptr {place}, align {size}")
        return
    loads = [f"load <{SIDE} x {kind}>, ptr {place}, align {size}" for place in places]
    parts, width = [writer.fresh(load) for load in loads], SIDE
    while len(parts) > 1:
        order = list(range(2 * width))
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [_picked(writer, kind, width, a, b, order) for a, b in pairs]
        width *= 2
    writer.pairs[item.name] = _shared_out(writer, parts[0], kind, bool(turned))


def _by_element(writer: Writer, item: Instruction, kind: str, base: str, step: str) -> None:
    *values, _, _, transpose = item.operands
    size = writer.types.size(kind)
    steps, vector = writer.spread(step, "i64", 0), wide("i64")
    found = []
    for second in range(2):
        elements = [(row, column + second) for row, column in _PLACES]
        if transpose.integer:
            elements = [(column, row) for row, column in elements]
        rows, columns = (writer.list("i64", list(line)) for line in zip(*elements, strict=True))
        offset = writer.fresh(f"mul {vector} {steps}, {rows}")
        offset = writer.fresh(f"add {vector} {offset}, {columns}")
        places = writer.fresh(f"getelementptr {kind}, ptr {base}, {vector} {offset}")
        if values:
            scatter(writer, kind, writer.vector(values[second]), places, size)
        else:
            found.append(gather(writer, kind, places, size))
    if found:
        writer.pairs[item.name] = tuple(found)


def _product(writer: Writer, item: Instruction, kind: str) -> None:
    """a b + c: the lanes' elements row by row, one product of matrices, its elements to the lanes.
    What lanes would have that are not here is no number."""
    rooms = []
    for position, name in enumerate(("left", "right", "start")):
        operands = item.operands[2 * position : 2 * position + 2]
        source = operands[0].type
        nothing = f"splat ({source} {number(source, float('nan'))})"
        held = [writer.select(writer.mask, writer.vector(o), nothing, source) for o in operands]
        text = _ordered(writer, held, source, False)
        if source != _FLOAT:
            text = writer.fresh(f"fpext <{ELEMENTS} x {source}> {text} to <{ELEMENTS} x {_FLOAT}>")
        rooms.append(blocks.room(writer, f"%elements.{name}"))
        writer.put(f"store <{ELEMENTS} x {_FLOAT}> {text}, ptr {rooms[-1]}, align 64")
    left, right, start = rooms
    blocks.multiply(writer, start, start, left, right)
    text = writer.fresh(f"load <{ELEMENTS} x {_FLOAT}>, ptr {start}, align 64")
    if kind != _FLOAT:
        text = writer.fresh(f"fptrunc <{ELEMENTS} x {_FLOAT}> {text} to <{ELEMENTS} x {kind}>")
    writer.pairs[item.name] = _shared_out(writer, text, kind, False)


def _ordered(writer: Writer, held: list[str], kind: str, turned: bool) -> str:
    """A matrix row by row, or column by column, from what the lanes hold."""
    order = _HOLDERS
    if turned:
        order = [_HOLDERS[k % SIDE * SIDE + k // SIDE] for k in range(ELEMENTS)]
    return _picked(writer, kind, WIDTH, held[0], held[1], order)


def _shared_out(writer: Writer, whole: str, kind: str, turned: bool) -> tuple[str, ...]:
    """What the lanes hold of a matrix given row by row, or column by column."""
    found = []
    for second in range(2):
        order = [row * SIDE + column + second for row, column in _PLACES]
        if turned:
            order = [(column + second) * SIDE + row for row, column in _PLACES]
        found.append(_picked(writer, kind, ELEMENTS, whole, "poison", order))
    return tuple(found)


def _picked(
    writer: Writer, kind: str, width: int, first: str, second: str, order: list[int]
) -> str:
    vector = f"<{width} x {kind}>"
    return writer.fresh(
        f"shufflevector {vector} {first}, {vector} {second},"
        f" <{len(order)} x i32> {writer.list('i32', order)}"
    )
