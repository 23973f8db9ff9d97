"""SIMD-group functions as operations on vectors: reductions, scans, reads of other lanes, votes."""

from __future__ import annotations

import re

from msl.widen import elements, lanes
from msl.widen.ir import WIDTH, Declined, Instruction
from msl.widen.runs import gather as gather_from
from msl.widen.shapes import UNIFORM, VARYING, Shape
from msl.widen.types import bits_of, in_memory, is_float, suffix, wide
from msl.widen.writer import MASK, Writer, number

_REDUCE = re.compile(r"_ZN3msl12lanes_reduceINS_\d+(\w+?)ELi(\d+)ELb([01])E")
_SCAN = re.compile(r"_ZN3msl10lanes_scanINS_\d+(\w+?)ELb([01])ELi(\d+)E")
_LANES = re.compile(r"_ZN3msl\d+lanes_")
_GATHER = re.compile(r"_ZN3msl12lanes_gatherI")

#: (of floating-point, of signed, of unsigned numbers), as LLVM names them.
_NAMES = {
    "Add": ("fadd", "add", "add"),
    "Multiply": ("fmul", "mul", "mul"),
    "Least": ("fmin", "smin", "umin"),
    "Greatest": ("fmax", "smax", "umax"),
    "And": ("", "and", "and"),
    "Or": ("", "or", "or"),
    "Xor": ("", "xor", "xor"),
}


def shape_of(item: Instruction, shapes: list[Shape]) -> Shape | None:
    """The shape of a collective's result; None if it is none of these."""
    callee = item.callee
    if shape := elements.shape_of(item):
        return shape
    if callee in ("msl_lanes_ballot", "msl_lanes_active"):
        return UNIFORM
    if match := _REDUCE.match(callee):
        return UNIFORM if int(match.group(2)) == WIDTH else VARYING
    if _SCAN.match(callee):
        return VARYING
    if _GATHER.match(callee):
        return UNIFORM if shapes[1].is_uniform else VARYING
    return None


def is_collective(callee: str) -> bool:
    """Whether the lanes that reach a call are part of what it does."""
    return _LANES.match(callee) is not None or (
        callee in ("msl_simd_collective", "msl_lanes_ballot", "msl_lanes_active")
    )


def emit(writer: Writer, item: Instruction) -> bool:
    """Write a collective; whether it is one."""
    callee = item.callee
    if callee == "msl_lanes_ballot":
        votes = writer.both(writer.mask, writer.vector(item.operands[0]))
        text = writer.fresh(f"freeze {MASK} {votes}")
        writer.define(item, writer.bits(text))
    elif callee == "msl_lanes_active":
        writer.define(item, writer.bits(writer.mask))
    elif callee == "msl_simd_collective":
        _combine(writer, item)
    elif match := _REDUCE.match(callee):
        _reduce(writer, item, match.group(1), int(match.group(2)), match.group(3) == "1")
    elif match := _SCAN.match(callee):
        _scan(writer, item, match.group(1), match.group(2) == "1", int(match.group(3)))
    elif _GATHER.match(callee):
        _gather(writer, item)
    else:
        return elements.emit(writer, item)
    return True


def operation(name: str, kind: str, signed: bool) -> str:
    """LLVM's name of an operation on a type."""
    return _NAMES[name][0 if is_float(kind) else 1 if signed else 2]


def neutral(name: str, kind: str) -> str:
    """What changes no result of an operation: NaN for extremes of floating-point numbers."""
    if is_float(kind):
        values = {"fadd": -0.0, "fmul": 1.0}
        return number(kind, values.get(name, float("nan")))
    bits = bits_of(kind)
    least, most = -(1 << bits - 1), (1 << bits - 1) - 1
    integers = {"mul": 1, "and": -1, "umin": -1, "smin": most, "smax": least}
    return str(integers.get(name, 0))


def present(writer: Writer, text: str, name: str, kind: str) -> str:
    """A vector with what is neutral in lanes that are not here."""
    return writer.select(writer.mask, text, f"splat ({kind} {neutral(name, kind)})", kind)


def reduced(writer: Writer, text: str, name: str, kind: str) -> str:
    """All elements of a vector in one."""
    what = f"@llvm.vector.reduce.{name}.v{WIDTH}{suffix(kind)}"
    if name in ("fadd", "fmul"):
        flags = "" if writer.strict else "reassoc nsz "
        start = f"{kind} {neutral(name, kind)}, "
        return writer.fresh(f"call {flags}{kind} {what}({start}{wide(kind)} {text})")
    return writer.fresh(f"call {kind} {what}({wide(kind)} {text})")


def apply(writer: Writer, name: str, kind: str, left: str, right: str) -> str:
    """One operation on two vectors."""
    if name in ("fadd", "fmul", "add", "mul", "and", "or", "xor"):
        return writer.fresh(f"{name} {wide(kind)} {left}, {right}")
    spelt = {"fmin": "minnum", "fmax": "maxnum"}.get(name, name)
    return writer.fresh(
        f"call {wide(kind)} @llvm.{spelt}.v{WIDTH}{suffix(kind)}({wide(kind)} {left},"
        f" {wide(kind)} {right})"
    )


def _shuffled(writer: Writer, kind: str, first: str, second: str, order: list[int]) -> str:
    return writer.fresh(
        f"shufflevector {wide(kind)} {first}, {wide(kind)} {second},"
        f" {wide('i32')} {writer.list('i32', order)}"
    )


def _reduce(writer: Writer, item: Instruction, name: str, cluster: int, signed: bool) -> None:
    kind = item.operands[0].type
    op = operation(name, kind, signed)
    text = present(writer, writer.vector(item.operands[0]), op, kind)
    if cluster == WIDTH:
        writer.define(item, reduced(writer, text, op, kind))
        return
    step = 1
    while step < cluster:
        other = _shuffled(writer, kind, text, "poison", [lane ^ step for lane in range(WIDTH)])
        text = apply(writer, op, kind, text, other)
        step *= 2
    writer.define(item, text)


def _scan(writer: Writer, item: Instruction, name: str, inclusive: bool, cluster: int) -> None:
    kind = item.operands[0].type
    op = operation(name, kind, True)
    text = present(writer, writer.vector(item.operands[0]), op, kind)
    writer.define(item, scanned(writer, text, op, kind, inclusive, cluster))


def scanned(
    writer: Writer, text: str, op: str, kind: str, inclusive: bool, cluster: int = WIDTH
) -> str:
    """For every lane the result over it and the lanes before it in its cluster."""
    start = {"fadd": 0.0, "fmul": 1.0, "mul": 1}.get(op, 0)
    beginning = f"splat ({kind} {number(kind, start)})"
    if writer.strict and is_float(kind):
        text = _one_by_one(writer, text, op, kind, cluster)
    else:
        step = 1
        while step < cluster:
            order = [k - step if k % cluster >= step else WIDTH for k in range(WIDTH)]
            fill = f"splat ({kind} {neutral(op, kind)})"
            text = apply(writer, op, kind, text, _shuffled(writer, kind, text, fill, order))
            step *= 2
    if inclusive:
        return text
    order = [k - 1 if k % cluster else WIDTH for k in range(WIDTH)]
    return _shuffled(writer, kind, text, beginning, order)


def _one_by_one(writer: Writer, text: str, op: str, kind: str, cluster: int) -> str:
    """In the order of lanes, where sums may not be regrouped."""
    result = "poison"
    total = ""
    for lane in range(WIDTH):
        value = writer.extract(text, kind, str(lane))
        total = value if lane % cluster == 0 else writer.fresh(f"{op} {kind} {total}, {value}")
        result = writer.fresh(f"insertelement {wide(kind)} {result}, {kind} {total}, i32 {lane}")
    return result


def _gather(writer: Writer, item: Instruction) -> None:
    value, source, inactive = item.operands
    kind = value.type
    vector = writer.vector(value)
    bits = writer.bits(writer.mask)
    if writer.shape(source).is_uniform:
        wanted = writer.scalar(source)
        lane = writer.fresh(f"and i32 {wanted}, {WIDTH - 1}")
        text = writer.extract(vector, kind, lane)
        known = writer.fresh(f"icmp ult i32 {wanted}, {WIDTH}")
        bit = writer.fresh(f"lshr i32 {bits}, {lane}")
        here = writer.fresh(f"trunc i32 {bit} to i1")
        there = writer.fresh(f"and i1 {known}, {here}")
        writer.define(
            item,
            writer.fresh(f"select i1 {there}, {kind} {text}, {kind} {writer.scalar(inactive)}"),
        )
        return
    wanted = writer.vector(source)
    integers = wide("i32")
    lane = writer.fresh(f"and {integers} {wanted}, splat (i32 {WIDTH - 1})")
    order = writer.constants(source)
    if order is not None:
        text = _shuffled(writer, kind, vector, "poison", [k % WIDTH for k in order])
    else:
        text = _permuted(writer, kind, vector, lane)
    there = writer.fresh(f"icmp ult {integers} {wanted}, splat (i32 {WIDTH})")
    if writer.mask is not None:
        every = writer.spread(bits, "i32", 0)
        bit = writer.fresh(f"lshr {integers} {every}, {lane}")
        here = writer.fresh(f"trunc {integers} {bit} to {MASK}")
        there = writer.fresh(f"and {MASK} {there}, {here}")
    other = writer.vector(inactive)
    writer.define(
        item, writer.fresh(f"select {MASK} {there}, {wide(kind)} {text}, {wide(kind)} {other}")
    )


def _permuted(writer: Writer, kind: str, vector: str, lane: str) -> str:
    """Elements in an order known only at run time, through memory."""
    place = lanes.spill(writer, vector, kind)
    stored = in_memory(kind)
    pointers = writer.fresh(f"getelementptr {stored}, ptr {place}, {wide('i32')} {lane}")
    return gather_from(
        writer, stored, pointers, 1 if bits_of(stored) == 8 else bits_of(stored) // 8
    )


def _combine(writer: Writer, item: Instruction) -> None:
    """The collective as the reference engine does it: all lanes' slots, and the library's own
    function over them."""
    slot, combine, argument, _ = item.operands
    if combine.is_local:
        raise Declined("a SIMD-group function that is not known", item)
    pointers = writer.select(writer.mask, writer.vector(slot), "zeroinitializer", "ptr")
    place = lanes.spill(writer, pointers, "ptr")
    shape = writer.shape(argument)
    if shape.is_uniform:
        text = writer.scalar(argument)
    else:
        text = writer.extract(writer.vector(argument), "ptr", writer.lowest_lane())
    bits = writer.bits(writer.mask)
    writer.put(f"call void {combine.text}(ptr {place}, i32 {bits}, ptr {text})")
