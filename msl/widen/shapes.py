"""How a value differs between the lanes of a SIMD-group, and how operations carry that on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from msl.widen.ir import WIDTH, Instruction, Value
from msl.widen.types import Types, is_integer

_SPAN = WIDTH - 1
MAX_ALIGN = 63


class Shape(NamedTuple):
    """A value is `base + lane * stride`, the base a scalar with `align` low bits zero. Stride 0 is
    the same value in every lane. Without a stride lanes hold any values, but for runs: within each
    `run` lanes that start at a multiple of it, a value grows by `step`."""

    stride: int | None
    align: int = 0
    run: int = 1
    step: int = 0

    @property
    def is_uniform(self) -> bool:
        """The same in every lane."""
        return self.stride == 0

    @property
    def is_varying(self) -> bool:
        """Needs a vector."""
        return self.stride is None

    @property
    def stays_aligned(self) -> bool:
        """No lane carries into the zero bits of the base: nothing wraps within a SIMD-group."""
        return self.stride is not None and 0 <= self.stride * _SPAN < 1 << self.align

    def within(self, run: int) -> int | None:
        """By how much the value grows from lane to lane of runs of a length; None if that is not
        known."""
        if self.stride is not None:
            return self.stride
        return self.step if run <= self.run else None

    @property
    def longest(self) -> int:
        """The length of its runs."""
        return self.run if self.stride is None else WIDTH


UNIFORM = Shape(0)
VARYING = Shape(None)


def in_runs(run: int, step: int) -> Shape:
    """A value of which only runs are known."""
    return Shape(None, 0, run, step) if run > 1 else VARYING


def _alike(shapes: Sequence[Shape]) -> Shape:
    """The runs that all shapes have, if they grow alike there."""
    run = min(shape.longest for shape in shapes)
    steps = {shape.within(run) for shape in shapes}
    return in_runs(run, steps.pop() or 0) if len(steps) == 1 else VARYING


def _of_lanes(values: Sequence[int]) -> Shape:
    """The runs of a base plus these numbers."""
    run = WIDTH // 2
    while run > 1:
        steps = {b - a for k, (a, b) in enumerate(pairwise(values)) if (k + 1) % run}
        if len(steps) == 1:
            return in_runs(run, steps.pop())
        run //= 2
    return VARYING


def joined(first: Shape | None, second: Shape | None) -> Shape | None:
    """The least shape that covers both; None is the shape of what is not known yet."""
    if first is None or second is None:
        return first or second
    if first.stride is None or first.stride != second.stride:
        return _alike((first, second))
    return Shape(first.stride, min(first.align, second.align))


def of_constant(value: Value) -> Shape:
    """The shape of what is no local name."""
    number = value.integer
    if number is None:
        return UNIFORM
    return Shape(0, MAX_ALIGN if number == 0 else (number & -number).bit_length() - 1)


def transfer(item: Instruction, shapes: list[Shape], types: Types, exact: bool) -> Shape:
    """The shape of an operation on integers and addresses; `exact` if a widened integer is used for
    more than addresses and comparisons."""
    if item.op in ("add", "sub", "mul", "shl", "lshr", "and", "or", "xor"):
        return _integer(item, shapes)
    if item.op in ("zext", "sext"):
        return _extended(item, shapes[0], exact)
    if item.op == "trunc" and item.type != "i1":
        return shapes[0]
    if item.op in ("freeze", "ptrtoint", "inttoptr"):
        return shapes[0]
    if item.op == "getelementptr":
        return _address(item, shapes, types)
    if item.op == "select":
        both = joined(shapes[1], shapes[2]) if shapes[0].is_uniform else None
        return both or _chosen(shapes)
    return UNIFORM if all(shape.is_uniform for shape in shapes) else _constant(shapes)


def _constant(shapes: Sequence[Shape]) -> Shape:
    """What an operation makes of values that are the same throughout their runs."""
    run = min((shape.longest for shape in shapes), default=1)
    return in_runs(run, 0) if all(shape.within(run) == 0 for shape in shapes) else VARYING


def _chosen(shapes: Sequence[Shape]) -> Shape:
    """One of two values where a condition is the same throughout its runs."""
    condition, yes, no = shapes
    run = min(shape.longest for shape in shapes)
    if condition.within(run) or yes.within(run) != no.within(run):
        return VARYING
    return in_runs(run, yes.within(run) or 0)


def _integer(item: Instruction, shapes: list[Shape]) -> Shape:
    first, second = shapes
    if not is_integer(item.type):
        return VARYING
    if first.stride is None or second.stride is None:
        return _in_runs(item, first, second)
    if item.op in ("add", "sub"):
        sign = 1 if item.op == "add" else -1
        return Shape(first.stride + sign * second.stride, min(first.align, second.align))
    if item.op == "or" and "disjoint" in item.flags:
        return Shape(first.stride + second.stride, min(first.align, second.align))
    number = item.operands[1].integer
    if first.is_uniform and second.is_uniform:
        return _uniform(item, first, second, number)
    if number is None or first.is_uniform:
        return VARYING
    return _linear(item, first, number)


def _in_runs(item: Instruction, first: Shape, second: Shape) -> Shape:
    run = min(first.longest, second.longest)
    one, other = first.within(run) or 0, second.within(run) or 0
    number = item.operands[1].integer
    if item.op in ("add", "sub") or (item.op == "or" and "disjoint" in item.flags):
        return in_runs(run, one - other if item.op == "sub" else one + other)
    if one == other == 0:
        return in_runs(run, 0)
    if number is not None and second.is_uniform and item.op in ("mul", "shl"):
        return in_runs(run, one * number if item.op == "mul" else one << number)
    return VARYING


def _uniform(item: Instruction, first: Shape, second: Shape, number: int | None) -> Shape:
    align = 0
    if item.op == "mul":
        align = first.align + second.align
    elif item.op == "shl" and number is not None:
        align = first.align + number
    elif item.op == "lshr" and number is not None:
        align = max(0, first.align - number)
    elif item.op == "and":
        align = max(first.align, second.align)
    elif item.op in ("or", "xor"):
        align = min(first.align, second.align)
    return Shape(0, min(align, MAX_ALIGN))


def _linear(item: Instruction, shape: Shape, number: int) -> Shape:
    stride, align = shape.stride, shape.align
    assert stride is not None
    if item.op == "mul":
        zeros = MAX_ALIGN if number == 0 else (number & -number).bit_length() - 1
        return Shape(stride * number, min(align + zeros, MAX_ALIGN))
    if item.op == "shl":
        return Shape(stride << number, min(align + number, MAX_ALIGN))
    if not shape.stays_aligned:
        return VARYING
    if item.op == "lshr":
        if stride * _SPAN < 1 << number:
            return Shape(0, max(align - number, 0))
        if align >= number and stride % (1 << number) == 0:
            return Shape(stride >> number, align - number)
        return _of_lanes([lane * stride >> number for lane in range(WIDTH)])
    span = (1 << (stride * _SPAN).bit_length()) - 1  # the bits in which lanes may differ
    low = number & span
    if item.op in ("or", "xor"):
        return Shape(stride, align) if low == 0 else VARYING
    lanes = [lane * stride & number for lane in range(WIDTH)]
    if low == 0:
        return Shape(0, align)
    granule = (stride & -stride) - 1
    if low | granule == span:
        whole = number & ((1 << align) - 1) == (1 << align) - 1
        return Shape(stride, align if whole else span.bit_length())
    return _of_lanes(lanes)


def _extended(item: Instruction, shape: Shape, exact: bool) -> Shape:
    if shape.is_uniform or (shape.is_varying and not shape.step):
        return shape
    if item.operands[0].type == "i1":
        return VARYING
    if shape.is_varying:
        return VARYING if exact else shape
    if shape.stays_aligned or "nneg" in item.flags:
        return shape
    return VARYING if exact else Shape(shape.stride)


def _address(item: Instruction, shapes: list[Shape], types: Types) -> Shape:
    run = min(shape.longest for shape in shapes)
    stride = shapes[0].within(run) or 0
    kind = item.source_type
    for position, (operand, shape) in enumerate(zip(item.operands[1:], shapes[1:], strict=True)):
        if operand.type.startswith("<"):
            return VARYING
        members = types.named.get(kind, kind).startswith(("{", "<{"))
        if position == 0:
            size = types.size(kind)
        elif members:
            kind = types.members(kind)[operand.integer or 0]
            continue
        else:
            kind = types.element(kind) or kind
            size = types.size(kind)
        grows = shape.within(run) or 0
        if grows and operand.type != "i64" and not shape.stays_aligned:
            return VARYING
        stride += grows * size
    return Shape(stride) if run == WIDTH else in_runs(run, stride)
