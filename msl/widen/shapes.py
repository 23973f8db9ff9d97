"""How a value differs between the lanes of a SIMD-group, and how operations carry that on."""

from __future__ import annotations

from typing import NamedTuple

from msl.widen.ir import WIDTH, Instruction, Value
from msl.widen.types import Types, is_integer

_SPAN = WIDTH - 1
MAX_ALIGN = 63


class Shape(NamedTuple):
    """A value is `base + lane * stride`, the base a scalar with `align` low bits zero; without a
    stride lanes hold any values. Stride 0 is the same value in every lane."""

    stride: int | None
    align: int = 0

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


UNIFORM = Shape(0)
VARYING = Shape(None)


def joined(first: Shape | None, second: Shape | None) -> Shape | None:
    """The least shape that covers both; None is the shape of what is not known yet."""
    if first is None or second is None:
        return first or second
    if first.stride is None or first.stride != second.stride:
        return VARYING
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
    if item.op == "trunc":
        return shapes[0] if item.type != "i1" or shapes[0].is_uniform else VARYING
    if item.op in ("freeze", "ptrtoint", "inttoptr"):
        return shapes[0]
    if item.op == "getelementptr":
        return _address(item, shapes, types)
    if item.op == "select":
        both = joined(shapes[1], shapes[2]) if shapes[0].is_uniform else None
        return both or VARYING
    return UNIFORM if all(shape.is_uniform for shape in shapes) else VARYING


def _integer(item: Instruction, shapes: list[Shape]) -> Shape:
    first, second = shapes
    if first.stride is None or second.stride is None or not is_integer(item.type):
        return VARYING
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
        if align >= number and stride * _SPAN < 1 << number:
            return Shape(0, align - number)
        if align >= number and stride % (1 << number) == 0:
            return Shape(stride >> number, align - number)
        return VARYING
    span = (1 << (stride * _SPAN).bit_length()) - 1  # the bits in which lanes may differ
    low = number & span
    if item.op in ("or", "xor"):
        return Shape(stride, align) if low == 0 else VARYING
    if low == 0:
        return Shape(0, align)
    granule = (stride & -stride) - 1
    if low | granule == span:
        whole = number & ((1 << align) - 1) == (1 << align) - 1
        return Shape(stride, align if whole else span.bit_length())
    return VARYING


def _extended(item: Instruction, shape: Shape, exact: bool) -> Shape:
    if shape.is_uniform or shape.is_varying or item.operands[0].type == "i1":
        return shape if shape.is_uniform else VARYING
    if shape.stays_aligned or "nneg" in item.flags:
        return shape
    return VARYING if exact else Shape(shape.stride)


def _address(item: Instruction, shapes: list[Shape], types: Types) -> Shape:
    stride = shapes[0].stride
    kind = item.source_type
    for position, (operand, shape) in enumerate(zip(item.operands[1:], shapes[1:], strict=True)):
        if stride is None or shape.stride is None or operand.type.startswith("<"):
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
        if shape.stride and operand.type != "i64" and not shape.stays_aligned:
            return VARYING
        stride += shape.stride * size
    return VARYING if stride is None else Shape(stride)
