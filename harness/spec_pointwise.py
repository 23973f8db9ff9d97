"""Element-wise problems: the shapes, sizes, scalars and dispatches that the published ones share.

`unary` and `binary` make the two common forms, `pointwise` any other; what a call names goes to
KernelSpec unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from harness.problem.binding import shape_of
from harness.problem.dtypes import element_of
from harness.spec import (
    EPS,
    Array,
    Cost,
    Domain,
    Draw,
    KernelSpec,
    Point,
    Range,
    Scalar,
    Sizes,
    Tolerance,
    ulp,
)

__all__ = [
    "MATRIX",
    "VECTOR",
    "WIDE",
    "Form",
    "Parameter",
    "binary",
    "fast_math",
    "pointwise",
    "rounded_once",
    "unary",
]


@dataclass(frozen=True)
class Form:
    """Dims with their ranges and sizes, and the published dispatch."""

    ranges: Mapping[str, Range]
    sizes: Sizes
    schedule: str

    @property
    def shape(self) -> tuple[str, ...]:
        """The extents of a full array."""
        return tuple(self.ranges)


@dataclass(frozen=True)
class Parameter:
    """A float scalar of a problem: its published value, and what the held-out gate draws."""

    published: float
    low: float
    high: float


_EXTENT = Range(1, 1 << 16)
_CHECK = (
    {"rows": 1, "cols": 1},
    {"rows": 1, "cols": 31},
    {"rows": 25, "cols": 41},
    {"rows": 7, "cols": 9973},
)
#: Activations: the published 2 MiB fit in a cache, `large` does not.
WIDE = Form(
    ranges={"rows": _EXTENT, "cols": _EXTENT},
    sizes=Sizes(
        published={"rows": 16, "cols": 16384},
        large={"rows": 2048, "cols": 16384},
        check=_CHECK,
    ),
    schedule="grid: 65536 1 1\nthreadgroup: 1024 1 1",
)
#: Operations on matrices, often with a broadcast row.
MATRIX = Form(
    ranges=WIDE.ranges,
    sizes=Sizes(
        published={"rows": 1024, "cols": 1024},
        large={"rows": 32768, "cols": 1024},
        check=_CHECK,
    ),
    schedule=WIDE.schedule,
)
#: Pairs of vectors: the published 48 KiB measure the launch, `large` the memory.
VECTOR = Form(
    ranges={"length": Range(1, 1 << 26)},
    sizes=Sizes(
        published={"length": 4096},
        large={"length": 24 << 20},
        check=({"length": 1}, {"length": 31}, {"length": 1025}, {"length": 69811}),
    ),
    schedule="grid: length 1 1\nthreadgroup: 256 1 1",
)


def pointwise(
    form: Form,
    *,
    inputs: Mapping[str, Array],
    outputs: Mapping[str, Array],
    scalars: Mapping[str, Scalar],
    flops: float,
    parameters: Mapping[str, Parameter] | None = None,
    chunked: tuple[str, ...] | None = None,
    **fields: Any,
) -> KernelSpec:
    """A KernelSpec that does `flops` operations an element and moves every array once.

    `parameters` are bound after `scalars`. Inputs as high as the output are `chunked` unless that
    is given.
    """
    held = parameters or {}
    full = next(iter(outputs.values())).shape
    arrays = (*inputs.values(), *outputs.values())

    def cost(point: Point) -> Cost:
        elements = prod(shape_of(Array(*full), point))
        moved = sum(element_of(a.dtype).bytes * prod(shape_of(a, point)) for a in arrays)
        return Cost(flops=flops * elements, bytes=moved)

    values = {name: parameter.published for name, parameter in held.items()}
    sizes = form.sizes
    return KernelSpec(
        inputs=inputs,
        outputs=outputs,
        scalars={**scalars, **{name: Scalar("float32", name) for name in held}},
        domain=Domain({**form.ranges, **{n: Range(p.low, p.high) for n, p in held.items()}}),
        sizes=Sizes({**sizes.published, **values}, sizes.large, sizes.check),
        cost=cost,
        chunked=tuple(n for n, array in inputs.items() if array.shape == full)
        if chunked is None
        else chunked,
        **{"schedule": form.schedule, **fields},
    )


def unary(*, values: Draw, **fields: Any) -> KernelSpec:
    """y = f(x) on the published ABI: x, y, N, grid_size, then the parameters."""
    return pointwise(
        WIDE,
        inputs={"x": Array(*WIDE.shape, values=values)},
        outputs={"y": Array(*WIDE.shape)},
        scalars={
            "N": Scalar("uint32", "rows * cols"),
            "grid_size": Scalar("uint32", "grid_threads.x"),
        },
        **fields,
    )


def binary(*, x: Draw, a: Draw, **fields: Any) -> KernelSpec:
    """y = f(x, a) on vectors, on the published ABI: x, a, y, N, then the parameters."""
    return pointwise(
        VECTOR,
        inputs={"x": Array(*VECTOR.shape, values=x), "a": Array(*VECTOR.shape, values=a)},
        outputs={"y": Array(*VECTOR.shape)},
        scalars={"N": Scalar("uint32", "length")},
        **fields,
    )


def rounded_once() -> Tolerance:
    """One operation, correctly rounded: half a unit in the last place."""
    return ulp(0.5)


def fast_math(*beside: str, absolute: float = 4 * EPS) -> Tolerance:
    """32 ulp; or `absolute`, times the largest of 1 and the magnitudes of the inputs `beside`.

    MSL's fast exp is off by 3 + |2x| ulp, its tanh is (e^2x - 1) / (e^2x + 1), and both are allowed
    here. Name the inputs that such a function's result is added to or multiplied with.
    """

    def scaled(inputs: Mapping[str, Any], expected: Any, point: Point) -> Any:
        largest: Any = 1.0
        for name in beside:
            largest = np.maximum(largest, np.abs(inputs[name]))
        return absolute * largest

    return ulp(32, absolute=scaled if beside else absolute)
