"""Row problems: the sizes and dispatches that the published ones share, and bounds for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from harness.problem.binding import shape_of
from harness.problem.formulas import logsumexp
from harness.problem.inputs import distributions, log_distributions
from harness.problem.row_bounds import (
    LOGARITHM,
    affine,
    log_sum_exp,
    normalised,
    scaled,
    serial_scan,
)
from harness.spec import Array, Cost, KernelSpec, Point, Range, Sizes
from harness.spec_pointwise import Form, Parameter, pointwise

__all__ = [
    "EPSILON",
    "LOGARITHM",
    "NORMED",
    "PAIRED",
    "REDUCED",
    "SCANNED",
    "Parameter",
    "affine",
    "by_rows",
    "distributions",
    "log_distributions",
    "log_sum_exp",
    "logsumexp",
    "normalised",
    "scaled",
    "serial_scan",
]

_PUBLISHED = {"rows": 1024, "cols": 1024}
_DISPATCH = "grid: 1024 rows 1\nthreadgroup: 1024 1 1"
_CHECK = (
    {"rows": 1, "cols": 1},
    {"rows": 7, "cols": 33},
    {"rows": 37, "cols": 1000},
    {"rows": 5, "cols": 1028},
    {"rows": 4, "cols": 4099},
)
#: One number a row.
REDUCED = Form(
    ranges={"rows": Range(1, 1 << 16), "cols": Range(1, 1 << 18)},
    sizes=Sizes(_PUBLISHED, {"rows": 16384, "cols": 4096}, _CHECK),
    schedule=_DISPATCH,
)
#: Two or three arrays, at `large` half as high.
PAIRED = replace(REDUCED, sizes=replace(REDUCED.sizes, large={"rows": 8192, "cols": 4096}))
#: A row as long as what it came from.
NORMED = replace(PAIRED, ranges={"rows": Range(1, 1 << 16), "cols": Range(1, 1 << 16)})
SCANNED = replace(REDUCED, sizes=replace(REDUCED.sizes, large={"rows": 4096, "cols": 8192}))
EPSILON = Parameter(1e-5, 1e-6, 1e-2)


def by_rows(
    form: Form,
    *,
    inputs: Mapping[str, Array],
    flops: float,
    chunked: tuple[str, ...] | None = None,
    **fields: Any,
) -> KernelSpec:
    """A KernelSpec that does `flops` operations an element of its first input.

    Its outputs may be smaller than its inputs; all else as in `pointwise`. Inputs with as many rows
    as the first are `chunked` unless that is given.
    """
    first = next(iter(inputs.values()))
    if chunked is None:
        chunked = tuple(n for n, array in inputs.items() if array.shape[0] == first.shape[0])
    spec = pointwise(form, inputs=inputs, flops=0, **fields)

    def cost(point: Point) -> Cost:
        elements = float(np.prod(shape_of(first, point)))
        return Cost(flops=flops * elements, bytes=spec.cost(point).bytes)

    return replace(spec, cost=cost, chunked=chunked)
