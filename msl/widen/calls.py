"""Calls: a lane's place, barriers, matrices, LLVM's own functions, functions of the library."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msl.widen import collectives, lanes
from msl.widen.ir import WIDTH, Declined, Function, Instruction
from msl.widen.private import is_matrix_operation
from msl.widen.shapes import UNIFORM, Shape, in_runs
from msl.widen.types import is_scalar, split_commas, wide
from msl.widen.writer import MASK, Writer

if TYPE_CHECKING:
    from msl.widen.emit import Emitter

BARRIER = "msl_threadgroup_barrier"
#: Places by number, as msl_lanes.h has them; a thread's place within its SIMD-group comes last.
PLACES = ("x", "y", "z", "flat", "grid_x", "grid_y", "grid_z", "own")
_ALIGNED = Shape(1, 5)
_IN_ROW = {"x": _ALIGNED, "flat": _ALIGNED, "grid_x": _ALIGNED, "own": Shape(1, 63)}
_ANYWHERE = {"flat": _ALIGNED, "own": Shape(1, 63)}
#: Lanes in a row that only hold if `runs.HOLD` does.
_ROWS = dict.fromkeys(("x", "grid_x"), in_runs(8, 1))
_ROWS |= dict.fromkeys(("y", "z", "grid_y", "grid_z"), in_runs(8, 0))
_NOTHING = ("msl_lanes_meet", "msl_lanes_next", "msl_lanes_leave")
_IGNORED = (
    "llvm.lifetime.", "llvm.assume", "llvm.experimental.noalias", "llvm.donothing",
    "llvm.sideeffect", "llvm.invariant.", "llvm.dbg.",
)  # fmt: skip
_COPIES = ("llvm.memcpy.", "llvm.memmove.", "llvm.memset.")
_UNIFORM_ONLY = ("llvm.threadlocal.address",)
#: Elementwise, and how many operands at the end stay scalar.
_ELEMENTWISE = dict.fromkeys(
    [
        "fabs",
        "fma",
        "fmuladd",
        "sqrt",
        "floor",
        "ceil",
        "trunc",
        "rint",
        "nearbyint",
        "round",
        "roundeven",
        "minnum",
        "maxnum",
        "minimum",
        "maximum",
        "minimumnum",
        "maximumnum",
        "copysign",
        "smin",
        "smax",
        "umin",
        "umax",
        "ctpop",
        "bitreverse",
        "bswap",
        "fshl",
        "fshr",
        "uadd.sat",
        "usub.sat",
        "sadd.sat",
        "ssub.sat",
        "ushl.sat",
        "sshl.sat",
        "fptosi.sat",
        "fptoui.sat",
        "ldexp",
        "frexp",
        "uadd.with.overflow",
        "sadd.with.overflow",
        "usub.with.overflow",
        "ssub.with.overflow",
        "umul.with.overflow",
        "smul.with.overflow",
        "canonicalize",
        "exp",
        "exp2",
        "log",
        "log2",
        "sin",
        "cos",
        "pow",
        "scmp",
        "ucmp",
        "modf",
    ],
    0,
) | dict.fromkeys(("abs", "ctlz", "cttz", "is.fpclass", "powi"), 1)
_INTRINSIC = re.compile(r"llvm\.(.+?)((?:\.(?:i\d+|f16|bf16|f32|f64|p0))*)$")
_LIBRARY = re.compile(r"(?:fmod|sin|cos|tan|fma|floor|ceil|trunc|rint|round|fmin|fmax)f?$")


def shape_of(item: Instruction, shapes: list[Shape], whole: bool) -> Shape | None:
    """The shape of a call's result; None if only the operands decide."""
    if item.callee == "msl_lanes_place":
        name = PLACES[item.operands[0].integer or 0]
        if whole:
            return _IN_ROW.get(name, UNIFORM)
        return _ANYWHERE.get(name) or _ROWS[name]
    return collectives.shape_of(item, shapes)


def asks_for_rows(function: Function) -> bool:
    """Whether a function uses more of a lane's place than its number."""
    return any(
        item.callee == "msl_lanes_place" and PLACES[item.operands[0].integer or 0] in _ROWS
        for _, item in function.instructions()
    )


def emit(emitter: Emitter, item: Instruction) -> None:
    """Write a call."""
    writer, callee = emitter.writer, item.callee
    if callee in _NOTHING or callee.startswith(_IGNORED):
        return
    if callee == "msl_lanes_place":
        name = PLACES[item.operands[0].integer or 0]
        writer.define(item, "0" if name == "own" else f"%{name}")
    elif callee == BARRIER:
        _barrier(emitter, item)
    elif collectives.emit(writer, item):
        return
    elif is_matrix_operation(callee):
        _matrix(writer, item)
    elif callee == "msl.fill":
        _fill(writer, item)
    elif callee.startswith(_COPIES):
        _copy(writer, item)
    elif all(writer.shape(operand).is_uniform for operand in item.operands) and (
        callee.startswith("llvm.") or _LIBRARY.match(callee)
    ):
        _scalar(writer, item)
    elif callee.startswith("llvm.") and not callee.startswith(_UNIFORM_ONLY):
        _elementwise(writer, item)
    elif _LIBRARY.match(callee):
        _by_lane(writer, item)
    else:
        raise Declined(f"a call of '{_plain(callee)}'", item)


def _plain(name: str) -> str:
    match = re.match(r"_ZN?K?L?(\d+)", name)
    return name[match.end() : match.end() + int(match.group(1))] if match else name


def _scalar(writer: Writer, item: Instruction) -> None:
    arguments = ", ".join(f"{o.type} {writer.scalar(o)}" for o in item.operands)
    flags = f"{item.flags} " if item.flags else ""
    text = f"call {flags}{item.type} @{item.callee}({arguments})"
    if item.name:
        writer.define(item, writer.fresh(text))
    else:
        writer.put(text)


def _elementwise(writer: Writer, item: Instruction) -> None:
    match = _INTRINSIC.match(item.callee)
    if not match or match.group(1) not in _ELEMENTWISE:
        raise Declined(f"a call of '{item.callee}'", item)
    name, overloads = match.groups()
    scalars = _ELEMENTWISE[name]
    count = len(item.operands) - scalars
    if not all(is_scalar(operand.type) for operand in item.operands[:count]):
        raise Declined(f"a call of '{item.callee}' on short vectors", item)
    arguments = [f"{wide(o.type)} {writer.vector(o)}" for o in item.operands[:count]]
    for operand in item.operands[count:]:
        if not writer.shape(operand).is_uniform:
            raise Declined(f"a call of '{item.callee}' with a varying last argument", item)
        arguments.append(f"{operand.type} {writer.scalar(operand)}")
    kinds = overloads.split(".")[1:]
    if name == "powi":
        kinds = kinds[:1]
    spelt = "".join(f".v{WIDTH}{kind}" for kind in kinds)
    if name == "powi":
        spelt += ".i32"
    flags = f"{item.flags} " if item.flags else ""
    struct = item.type.startswith("{")
    members = split_commas(item.type[1:-1].strip()) if struct else [item.type]
    result = f"{{ {', '.join(map(wide, members))} }}" if struct else wide(item.type)
    text = writer.fresh(f"call {flags}{result} @llvm.{name}{spelt}({', '.join(arguments)})")
    if struct:
        writer.pairs[item.name] = tuple(
            writer.fresh(f"extractvalue {result} {text}, {k}") for k in range(len(members))
        )
    else:
        writer.define(item, text)


def _by_lane(writer: Writer, item: Instruction) -> None:
    def one(values: list[str]) -> list[str]:
        given = ", ".join(f"{o.type} {v}" for o, v in zip(item.operands, values, strict=True))
        return [writer.fresh(f"call {item.type} @{item.callee}({given})")]

    writer.define(item, lanes.each_lane(writer, item.operands, [item.type], one)[0])


def _copy(writer: Writer, item: Instruction) -> None:
    def one(values: list[str]) -> list[str]:
        given = ", ".join(f"{o.type} {v}" for o, v in zip(item.operands, values, strict=True))
        writer.put(f"call void @{item.callee}({given})")
        return []

    if all(writer.shape(operand).is_uniform for operand in item.operands):
        one([writer.scalar(operand) for operand in item.operands])
    else:
        lanes.each_lane(writer, item.operands, [], one)


def _fill(writer: Writer, item: Instruction) -> None:
    """A fill of interleaved memory."""
    pointer, byte, length = item.operands
    if not (writer.shape(pointer).is_uniform and writer.shape(byte).is_uniform):
        raise Declined("a fill of private memory that differs between lanes", item)
    base, total = writer.scalar(pointer), WIDTH * (length.integer or 0)
    text = writer.scalar(byte)
    if writer.mask is None:
        writer.put(f"call void @llvm.memset.p0.i64(ptr {base}, i8 {text}, i64 {total}, i1 false)")
        return
    variable = writer.private.interleaved(pointer)
    assert variable is not None
    kind = f"i{8 * variable.element}"
    vector = wide(kind)
    every = writer.fresh(
        f"bitcast <{variable.element} x i8> {_repeated(writer, text, variable.element)} to {kind}"
    )
    pattern = writer.spread(every, kind, 0)
    before, loop, done = (writer.new_label(f"f{writer.block}") for _ in range(3))
    writer.put(f"br label %{before}")
    writer.label(before)
    writer.put(f"br label %{loop}")
    writer.label(loop)
    following = writer.new_label("%next")
    at = writer.fresh(f"phi i64 [ 0, %{before} ], [ {following}, %{loop} ]")
    place = writer.fresh(f"getelementptr i8, ptr {base}, i64 {at}")
    old = writer.fresh(f"load {vector}, ptr {place}, align {variable.element}")
    new = writer.select(writer.mask, pattern, old, kind)
    writer.put(f"store {vector} {new}, ptr {place}, align {variable.element}")
    writer.put(f"{following} = add i64 {at}, {WIDTH * variable.element}")
    over = writer.fresh(f"icmp eq i64 {following}, {total}")
    writer.put(f"br i1 {over}, label %{done}, label %{loop}")
    writer.label(done)


def _repeated(writer: Writer, byte: str, count: int) -> str:
    one = writer.fresh(f"insertelement <{count} x i8> poison, i8 {byte}, i64 0")
    return writer.fresh(
        f"shufflevector <{count} x i8> {one}, <{count} x i8> poison,"
        f" <{count} x i32> zeroinitializer"
    )


def _matrix(writer: Writer, item: Instruction) -> None:
    """A matrix operation of the SIMD-group: lane 0 speaks for all, as in the reference engine."""
    arguments = [f"{operand.type} {writer.first(operand)}" for operand in item.operands]
    call = f"call void @{item.callee}({', '.join(arguments)})"
    if writer.mask is None:
        writer.put(call)
        return
    first = writer.fresh(f"extractelement {MASK} {writer.mask}, i64 0")
    work, done = (writer.new_label(f"m{writer.block}") for _ in range(2))
    writer.put(f"br i1 {first}, label %{work}, label %{done}")
    writer.label(work)
    writer.put(call)
    writer.put(f"br label %{done}")
    writer.label(done)


def _barrier(emitter: Emitter, item: Instruction) -> None:
    """All lanes that can still meet a barrier have to be at this one."""
    writer = emitter.writer
    elsewhere = emitter.layout.places[writer.block].waiting
    if not elsewhere.isdisjoint(emitter.barrier_ahead):
        raise Declined("a threadgroup_barrier that not all threads may reach together", item)
    arguments = ", ".join(f"{o.type} {writer.scalar(o)}" for o in item.operands)
    writer.put(f"call void @{BARRIER}({arguments})")
