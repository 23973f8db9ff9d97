"""Convolutions and pooling: the arrays, scalars, domains, costs and tolerances that they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from harness.problem.binding import shape_of
from harness.problem.convolution import convolve, convolve_transposed, float32_error, tap_views
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
    elementwise,
    exact,
    normal,
    ulp,
)

__all__ = [
    "channels_first",
    "channels_last",
    "convolution",
    "convolution_tolerance",
    "convolve",
    "convolve_transposed",
    "float32_error",
    "max_of_windows",
    "mean_of_windows",
    "pooling",
    "tap_views",
]

#: Bounds of every dim that a convolution or a pool may have; volumes have shorter sides.
_RANGES = {
    "B": Range(1, 64),
    "C_in": Range(1, 256),
    "C_out": Range(1, 256),
    "C": Range(1, 512),
    "L": Range(1, 8192),
    "D": Range(1, 64),
    "H": Range(1, 128),
    "W": Range(1, 128),
    "R": Range(1, 7),
    "S": Range(1, 7),
    "k": Range(1, 7),
    "stride": Range(1, 4),
}
_SCHEDULE = "grid: 65536 1 1\nthreadgroup: 1024 1 1"
#: Elements of all arrays in a held-out draw: libraries convolve slowly on a CPU.
_MOST_ELEMENTS = 1 << 22


def channels_first(x: Any) -> Any:
    """A torch tensor (batch, extents, channels) as its library wants it."""
    return x.movedim(-1, 1)


def channels_last(y: Any) -> Any:
    """And back, materialised."""
    return y.movedim(1, -1).contiguous()


def _extents(axes: Sequence[str], taps: Sequence[str], step: str, transposed: bool) -> list[str]:
    pairs = zip(axes, taps, strict=True)
    if transposed:
        return [f"({axis} - 1) * {step} + {tap}" for axis, tap in pairs]
    if step == "1":
        return [f"{axis} - {tap} + 1" for axis, tap in pairs]
    return [f"ceil_div({axis} - {tap} + 1, {step})" for axis, tap in pairs]


def _weights(filters: Array, transposed: bool, spread: float) -> Draw:
    """Weights that make sums of standard deviation `spread`.

    A pixel of a transposed convolution meets one tap in `stride` along each axis.
    """

    def std(point: Point) -> float:
        _, *taps, channels = shape_of(filters, point)
        met = point["stride"] ** len(taps) if transposed and "stride" in point else 1
        return float(spread * (prod(taps) * channels / met) ** -0.5)

    return normal(std=std)


def _work(
    inputs: Mapping[str, Array],
    results: Mapping[str, Array],
    taps: Sequence[str],
    transposed: bool,
    each: float,
) -> Callable[[Point], Cost]:
    """Every pixel of x meets every tap if transposed, and every pixel of y otherwise."""

    def cost(point: Point) -> Cost:
        moved = sum(prod(shape_of(a, point)) for a in (*inputs.values(), *results.values()))
        made = prod(shape_of(results["y"], point))
        met = prod(shape_of(inputs["x"], point)) * point["C_out"]
        products = met if transposed else made * point["C_in"]
        return Cost(2 * products * prod(point[tap] for tap in taps) + each * made, 4 * moved)

    return cost


def convolution_tolerance(
    *,
    transposed: bool = False,
    slope: float | Callable[[Point], float] = 1.0,
    ulps: float = 2.0,
    absolute: float = 0.0,
) -> Tolerance:
    """`float32_error` times `slope`, which bounds the derivative of what follows the sums.

    And `ulps` of the result, or `absolute` where that is more, for what follows itself.
    """

    def bound(inputs: Mapping[str, Any], expected: Any, point: Point) -> Any:
        step = int(point.get("stride", 1))
        steep = slope(point) if callable(slope) else slope
        error = float32_error(inputs["x"], inputs["w"], step, transposed=transposed)
        (after,) = ulp(ulps, absolute=absolute)(inputs, (expected,), point)
        return steep * error + after.absolute

    tail = f", and {ulps:g} ulp of what follows"
    return elementwise(bound, f"8 x the error of serial sums in float32{tail}")


def convolution(
    axes: str,
    taps: str,
    scalars: str,
    *,
    published: Point,
    large: Point,
    check: Sequence[Point],
    x: Draw | None = None,
    tolerance: Tolerance | None = None,
    transposed: bool = False,
    spread: float = 1.0,
    each: float = 0.0,
    beside: Mapping[str, Array] | None = None,
    parameters: Mapping[str, Range] | None = None,
    outputs: Mapping[str, Array] | None = None,
    cost: Callable[[Point], Cost] | None = None,
    constraints: tuple[str, ...] = (),
    **fields: Any,
) -> KernelSpec:
    """y = f(x convolved with w) on the published ABI: x, w, `beside`, y, `scalars`, `parameters`.

    `axes` and `taps` name the extents of x and of the filters ("H W", "R S"), `scalars` the uint32
    scalars in their order; a problem without the scalar "stride" steps by one. `each`: operations
    an element of y beside the products and sums.
    """
    names = scalars.split()
    extents, widths = axes.split(), taps.split()
    step = "stride" if "stride" in names else "1"
    held = parameters or {}
    filters = Array("C_out", *widths, "C_in")
    results = outputs or {"y": Array("B", *_extents(extents, widths, step, transposed), "C_out")}
    inputs = {
        "x": Array("B", *extents, "C_in", values=x or normal()),
        "w": Array(*filters.shape, values=_weights(filters, transposed, spread)),
        **(beside or {}),
    }

    fits = () if transposed else tuple(f"{t} <= {a}" for a, t in zip(extents, widths, strict=True))
    return KernelSpec(
        inputs=inputs,
        outputs=results,
        scalars={
            **{name: Scalar("uint32", name) for name in names},
            **{name: Scalar("float32", name) for name in held},
        },
        domain=Domain(
            {**{name: _RANGES[name] for name in names}, **held},
            constraints=(*fits, *constraints),
            max_elements=_MOST_ELEMENTS,
        ),
        sizes=Sizes(published=published, large=large, check=check),
        tolerance=tolerance or convolution_tolerance(transposed=transposed),
        cost=cost or _work(inputs, results, widths, transposed, each),
        chunked=fields.pop("chunked", ("x",)),
        **{"schedule": _SCHEDULE, **fields},
    )


def max_of_windows(x: Any, k: float, stride: float) -> Any:
    """The largest of every window of side k, by channel."""
    views = tap_views(x, (int(k),) * (x.ndim - 2), int(stride))
    found = next(views)[1].copy()
    for _, view in views:
        np.maximum(found, view, out=found)
    return found


def mean_of_windows(x: Any, k: float, stride: float) -> Any:
    """The mean of every window of side k, by channel."""
    views = tap_views(x, (int(k),) * (x.ndim - 2), int(stride))
    total = next(views)[1].copy()
    for _, view in views:
        total += view
    return total / int(k) ** (x.ndim - 2)


def _pooled(largest: bool) -> Draw:
    """Channels of every image have a mean of their own, so that whole windows are negative.

    For maxima half of the values are multiples of 1/4, which tie, every hundredth is -inf, and so
    is all of one channel of several; for means half of the channels have an offset of 1000.
    """

    def draw(rng: np.random.Generator, shape: tuple[int, ...], point: Point) -> Any:
        values = normal()(rng, shape, point)
        images = values.reshape(shape[0], -1, shape[-1])
        images += rng.normal(0.0, 3.0, (shape[0], 1, shape[-1])).astype(np.float32)
        if not largest:
            images[..., ::2] += 1000.0
            return values
        images[:, ::2] = np.rint(4 * images[:, ::2]) / 4
        values.reshape(-1)[rng.random(values.size, dtype=np.float32) < 1 / 100] = -np.inf
        if shape[0] * shape[-1] >= 4:
            images[rng.integers(shape[0]), :, rng.integers(shape[-1])] = -np.inf
        return values

    return draw


def pooling(
    axes: str,
    *,
    published: Point,
    large: Point,
    check: Sequence[Point],
    largest: bool,
    **fields: Any,
) -> KernelSpec:
    """y = maxima or means of windows on the published ABI: x, y, B, `axes`, C, k, stride."""
    extents = axes.split()
    outer = _extents(extents, ["k"] * len(extents), "stride", transposed=False)
    x, y = Array("B", *extents, "C", values=_pooled(largest)), Array("B", *outer, "C")

    def mean_bound(inputs: Mapping[str, Any], expected: Any, point: Point) -> Any:
        count = point["k"] ** len(extents)
        size = mean_of_windows(np.abs(inputs["x"]), point["k"], point["stride"])
        return (4 + 3 * np.sqrt(count)) * EPS * size

    def cost(point: Point) -> Cost:
        made = prod(shape_of(y, point))
        moved = prod(shape_of(x, point)) + made
        each = point["k"] ** len(extents) + (0 if largest else 1)
        return Cost(flops=each * made, bytes=4 * moved)

    names = ("B", *extents, "C", "k", "stride")
    # Each addition is off by up to eps of the sum so far, evenly: sqrt(n / 3) eps in all is one
    # standard deviation where the first terms are the large ones, and n eps the worst.
    near = elementwise(mean_bound, "4 + 3 sqrt(window) eps of the mean of the absolute values")
    return KernelSpec(
        inputs={"x": x},
        outputs={"y": y},
        scalars={name: Scalar("uint32", name) for name in names},
        domain=Domain(
            {name: _RANGES[name] for name in names},
            constraints=tuple(f"k <= {axis}" for axis in extents),
        ),
        sizes=Sizes(published=published, large=large, check=check),
        tolerance=exact() if largest else near,
        cost=cost,
        schedule=_SCHEDULE,
        chunked=("x",),
        **fields,
    )
