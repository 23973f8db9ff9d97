"""Matrix products and attention: the arrays, sizes, costs and tolerances that problems share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from harness.problem.expressions import parse
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
    calibrated,
    elementwise,
    normal,
    rows,
)

__all__ = ["CHECK", "attention_tolerance", "linear", "product_tolerance", "single_head", "weights"]

#: Tiles of 64 x 64 with and without edges, a single step of K, vectors that do not divide by four.
CHECK = (
    {"M": 1, "N": 1, "K": 1},
    {"M": 127, "N": 129, "K": 131},
    {"M": 65, "N": 257, "K": 33},
    {"M": 70, "N": 68, "K": 1},
    {"M": 128, "N": 192, "K": 52},
)
#: 1024 tiles of 64 x 64, and little enough arithmetic for a library that computes slowly.
LARGE = {"M": 2048, "N": 2048, "K": 512}


def weights(fan_in: str, gain: float = 1.0) -> Draw:
    """Normal weights that keep the variance of what they multiply, times `gain` squared.

    `fan_in` is an expression of dims.
    """
    terms = parse(fan_in)
    return normal(std=lambda point: gain * float(terms.evaluate(point)) ** -0.5)


def attention_tolerance() -> Tolerance:
    """4 eps of the largest value, and as much again for every unit of the largest score.

    A score is as uncertain as its size in eps, and so is, relative to itself, the weight that its
    exponential gives. Inputs are Q, K and V, (queries, D), scores are divided by sqrt(D).
    """

    def rounding(inputs: Mapping[str, Any], expected: Any, point: Point) -> Any:
        query = np.linalg.norm(inputs["Q"], axis=-1, keepdims=True)
        largest = np.linalg.norm(inputs["K"], axis=-1).max(axis=-1, keepdims=True)[..., None]
        scores = query * largest / np.sqrt(inputs["Q"].shape[-1])
        return 4 * EPS * (1 + scores) * np.abs(inputs["V"]).max(axis=(-2, -1), keepdims=True)

    return elementwise(rounding, "4 eps of values and scores")


def product_tolerance(
    in_float32: Callable[..., Any],
    left: str,
    right: str,
    slope: float,
    transposed: bool = False,
    after: float = 0.0,
) -> Tolerance:
    """8 times the error of `in_float32` on 128 rows, in units of the absolute terms of a product.

    `slope` bounds the derivative of what follows the product, and `after` the error that it adds,
    in eps of those terms: a lucky evaluation of few elements has to leave room for both.
    """

    def scale(inputs: Mapping[str, Any], expected: Any, point: Point) -> Any:
        held = inputs[right].T if transposed else inputs[right]
        # A calibrated bound is at least 2 eps of this unit, and otherwise does not depend on it.
        return (slope + after / 2) * (np.abs(inputs[left]) @ np.abs(held))

    return calibrated(in_float32, scale=scale, by_row=left)


def linear(
    arrays: str,
    *,
    in_float32: Callable[..., Any],
    published: Point,
    each: float,
    beside: Mapping[str, Array] | None = None,
    parameters: Mapping[str, Range] | None = None,
    transposed: bool = False,
    slope: float = 1.0,
    after: float = 0.0,
    left: Draw | None = None,
    tolerance: Tolerance | None = None,
    cost: Callable[[Point], Cost] | None = None,
    **fields: Any,
) -> KernelSpec:
    """out = f(left @ right) on the published ABI: left, right, `beside`, out, M, N, K, parameters.

    `arrays`: the names "left right out"; left is (M, K), right (K, N), or (N, K) if transposed, out
    (M, N). `in_float32` computes it as a good kernel does; `each`: operations an element of out
    beside the product.
    """
    first, second, out = arrays.split()
    more = dict(beside or {})
    held = dict(parameters or {})

    def cost_of(point: Point) -> Cost:
        m, n, k = point["M"], point["N"], point["K"]
        rows = sum(1 for array in more.values() if array.shape == ("N",))
        moved = 4 * (m * k + k * n + m * n + rows * n)
        return Cost(flops=2 * m * n * k + each * m * n, bytes=moved)

    extents = {name: Range(1, 4096) for name in ("M", "N", "K")}
    right = Array("N", "K", values=weights("K")) if transposed else None
    return KernelSpec(
        inputs={
            first: Array("M", "K", values=left or normal()),
            second: right or Array("K", "N", values=weights("K")),
            **more,
        },
        outputs={out: Array("M", "N")},
        scalars={
            **{name: Scalar("uint32", name) for name in extents},
            **{name: Scalar("float32", name) for name in held},
        },
        domain=Domain({**extents, **held}),
        sizes=Sizes(published=published, large=LARGE, check=CHECK),
        tolerance=tolerance
        or product_tolerance(in_float32, first, second, slope, transposed, after),
        cost=cost or cost_of,
        **fields,
    )


def single_head(queries: str, *, published: Point, large: Point, **fields: Any) -> KernelSpec:
    """O = softmax(Q @ K^T / sqrt(D)) @ V of one head on the published ABI: Q, K, V, O, rows, D.

    `queries` is the published name of the number of rows, which Q, K and V share. Bytes count each
    array once: scores never have to leave the chip.
    """
    shape = (queries, "D")

    def cost(point: Point) -> Cost:
        s, d = point[queries], point["D"]
        return Cost(flops=4 * s * s * d + 5 * s * s, bytes=16 * s * d)

    points = ((1, 1), (17, 32), (130, 80), (67, 33), (96, 128))
    check = [dict(zip(shape, point, strict=True)) for point in points]
    return KernelSpec(
        inputs={
            # Rows of Q differ in scale: some attend to everything, some to a single key.
            "Q": Array(*shape, values=rows(means=0.0, stds=4.0, special=False)),
            "K": Array(*shape, values=normal()),
            "V": Array(*shape, values=normal()),
        },
        outputs={"O": Array(*shape)},
        scalars={name: Scalar("uint32", name) for name in shape},
        domain=Domain({queries: Range(1, 4096), "D": Range(1, 128)}),
        sizes=Sizes(published=published, large=large, check=check),
        tolerance=attention_tolerance(),
        cost=cost,
        chunked=("Q",),
        published_tolerance=(1e-3, 1e-3),
        **fields,
    )
