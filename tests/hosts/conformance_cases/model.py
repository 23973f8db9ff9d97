"""The nouns of the conformance suite: a case, its buffers and what is expected in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

POISON = "poison"  # the element keeps the bytes that were there before the run
ANY = "any"  # the language leaves the element undefined (padding, inactive source lanes)

NUMPY_TYPES: Mapping[str, Any] = {
    "bool": np.bool_,
    "int8": np.int8,
    "uint8": np.uint8,
    "int16": np.int16,
    "uint16": np.uint16,
    "int32": np.int32,
    "uint32": np.uint32,
    "int64": np.int64,
    "uint64": np.uint64,
    "float16": np.float16,
    "bfloat16": np.float32,  # NumPy has no bfloat16: values are kept as float32
    "float32": np.float32,
}
FLOATS = ("float16", "bfloat16", "float32")

Triple = tuple[int, int, int]
Tolerance = float | list[float]


@dataclass(frozen=True)
class Buffer:
    """One binding. `data` None starts as poison; `expected` None must not change."""

    index: int
    dtype: str
    count: int
    data: list[Any] | None = None
    expected: list[Any] | None = None
    offset: int = 0


@dataclass(frozen=True)
class Constant:
    """A value bound by copy, such as `constant uint& n`."""

    dtype: str
    data: list[Any]


@dataclass(frozen=True)
class Then:
    """A later dispatch of the same run; `buffers` maps its indices to the case's."""

    function: str
    grid: Triple
    threadgroup: Triple
    buffers: Mapping[int, int]


@dataclass(frozen=True)
class Case:
    """One run of one kernel with everything that it should leave behind."""

    name: str
    function: str
    grid: Triple
    threadgroup: Triple
    buffers: tuple[Buffer, ...]
    constants: Mapping[int, Constant] = field(default_factory=dict)
    threadgroup_memory: Mapping[int, int] = field(default_factory=dict)
    function_constants: Mapping[int, Any] = field(default_factory=dict)
    then: tuple[Then, ...] = ()
    ulp: Tolerance | None = None
    absolute: Tolerance | None = None
    unordered: bool = False


def flat(values: Any, dtype: str) -> list[Any]:
    """Numbers of any nesting as plain Python values of `dtype`; markers pass through."""
    if isinstance(values, np.ndarray):
        values = values.ravel().tolist()
    items: list[Any] = []
    for value in values:
        if isinstance(value, (list, tuple, np.ndarray)):
            items.extend(flat(value, dtype))
        else:
            items.append(value if isinstance(value, str) else plain(value, dtype))
    return items


def plain(value: Any, dtype: str) -> Any:
    """One number as JSON carries it: the shortest decimal that reads back as the same value."""
    if dtype not in FLOATS:
        whole = int(value)
        limits = (0, 1) if dtype == "bool" else np.iinfo(NUMPY_TYPES[dtype])
        low, high = limits if isinstance(limits, tuple) else (int(limits.min), int(limits.max))
        if not low <= whole <= high:
            raise OverflowError(f"{whole} is no {dtype}: a case forgot to wrap")
        return whole
    number = float(value)
    if math.isnan(number):
        return "nan"
    if math.isinf(number):
        return "inf" if number > 0 else "-inf"
    with np.errstate(over="ignore"):
        rounded = NUMPY_TYPES[dtype](number)
    if np.isinf(rounded):
        return "inf" if number > 0 else "-inf"
    short = float(str(rounded))
    negative_zero = short == 0 and math.copysign(1, short) < 0
    return int(short) if short.is_integer() and abs(short) < 1e6 and not negative_zero else short


def _buffer(
    index: int, dtype: str, data: Any, expected: Any, count: int | None, offset: int
) -> Buffer:
    before = None if data is None else flat(data, dtype)
    after = None if expected is None else flat(expected, dtype)
    if after is not None and count is not None:
        after += [POISON] * (count - len(after))
    size = count if count is not None else len(after if before is None else before)  # type: ignore[arg-type]
    return Buffer(index, dtype, size, before, after, offset)


def given(index: int, values: Any, dtype: str = "float32", *, offset: int = 0) -> Buffer:
    """An input: it must not change."""
    return _buffer(index, dtype, values, None, None, offset)


def out(
    index: int, expected: Any, dtype: str = "float32", *, count: int | None = None, offset: int = 0
) -> Buffer:
    """An output that starts as poison; elements beyond `expected` must stay poison."""
    return _buffer(index, dtype, None, expected, count, offset)


def inout(index: int, before: Any, after: Any, dtype: str = "float32") -> Buffer:
    """A buffer that the kernel reads and writes."""
    return _buffer(index, dtype, before, after, None, 0)


def const(values: Any, dtype: str = "uint32") -> Constant:
    """A constant argument; a bare number is one element."""
    items = values if isinstance(values, (list, tuple, np.ndarray)) else [values]
    return Constant(dtype, flat(items, dtype))


def triple(extent: int | tuple[int, ...]) -> Triple:
    """A grid or threadgroup from 1, 2 or 3 extents."""
    extents = (extent,) if isinstance(extent, int) else extent
    return (*extents, 1, 1)[:3]  # type: ignore[return-value]


def case(
    function: str,
    grid: int | tuple[int, ...],
    threadgroup: int | tuple[int, ...],
    *buffers: Buffer,
    variant: str = "",
    **rest: Any,
) -> Case:
    """A case named after its kernel, and after `variant` where a kernel has several."""
    name = f"{function}-{variant}" if variant else function
    return Case(name, function, triple(grid), triple(threadgroup), buffers, **rest)


def in_shapes(shapes: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int, str]]:
    """(grid, threadgroup, variant) for one-dimensional dispatches."""
    for grid, threadgroup in shapes:
        yield grid, threadgroup, f"{grid}x{threadgroup}"
