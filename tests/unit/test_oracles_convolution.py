"""Convolutions and pooling: oracles stated twice, forms that agree, error bounds that tell."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import mlx.core as mx
import numpy as np
import pytest

from harness.problem import catalog
from harness.problem.convolution import (
    convolve,
    convolve_transposed,
    float32_error,
    tap_views,
)
from harness.spec import Point
from tests.unit.kernels.problems import Case, Values, case_of, widened

Stated = Callable[..., Values]


def windows(x: Values, taps: tuple[int, ...], stride: int) -> dict[tuple[int, ...], Values]:
    """Every window by the place of its output, image first."""
    extents = [(size - tap) // stride + 1 for size, tap in zip(x.shape[1:], taps, strict=False)]
    found = {}
    for place in np.ndindex(len(x), *extents):
        corner = [at * stride for at in place[1:]]
        part = tuple(slice(at, at + tap) for at, tap in zip(corner, taps, strict=True))
        found[place] = x[place[0]][part]
    return found


def by_window(
    x: Values, taps: tuple[int, ...], stride: int, of: Callable[[Values], Values]
) -> Values:
    """`of` every window, as an array."""
    each = {place: of(window) for place, window in windows(x, taps, stride).items()}
    shape = tuple(max(axis) + 1 for axis in zip(*each, strict=True))
    return np.reshape(list(each.values()), (*shape, -1))


def convolution(x: Values, w: Values, stride: float = 1) -> Values:
    """Each element as the sum of all products of a window and a filter."""

    def sums(window: Values) -> Values:
        return np.array([math.fsum((window * filters).ravel()) for filters in w])

    return by_window(x, w.shape[1:-1], int(stride), sums)


def transposed(x: Values, w: Values, stride: float = 1) -> Values:
    """The convolution of x, zeros put between its pixels and around, with the filters reversed."""
    step, taps = int(stride), w.shape[1:-1]
    sides = [(n - 1) * step + 2 * tap - 1 for n, tap in zip(x.shape[1:], taps, strict=False)]
    wide = np.zeros((len(x), *sides, x.shape[-1]))
    inner = tuple(
        slice(tap - 1, side - tap + 1, step) for tap, side in zip(taps, sides, strict=True)
    )
    every = (slice(None), *inner)
    wide[every] = x
    return convolution(wide, np.flip(w, axis=tuple(range(1, w.ndim - 1))))


def depthwise(x: Values, w: Values, stride: float) -> Values:
    channels = [convolution(x[..., [c]], w[[c]], stride) for c in range(x.shape[-1])]
    return np.concatenate(channels, axis=-1)


def largest(x: Values, k: float, stride: float) -> Values:
    taps = (int(k),) * (x.ndim - 2)
    return by_window(x, taps, int(stride), lambda v: np.array([max(c) for c in columns(v)]))


def mean(x: Values, k: float, stride: float) -> Values:
    taps = (int(k),) * (x.ndim - 2)
    return by_window(
        x, taps, int(stride), lambda v: np.array([math.fsum(c) / len(c) for c in columns(v)])
    )


def columns(window: Values) -> list[list[float]]:
    return [list(column) for column in window.reshape(-1, window.shape[-1]).T]


@np.vectorize
def gelu(z: float) -> float:
    return 0.5 * z * math.erfc(-z / math.sqrt(2))


@np.vectorize
def mish(z: float) -> float:
    return z * math.tanh(math.log1p(math.exp(z)))


def softmax_pool(x: Values, w: Values) -> Values:
    z = convolution(x, w)
    shares = np.exp(z - np.logaddexp.reduce(z, axis=-1)[..., None])
    return largest(largest(shares, 2, 2), 2, 2)


def norm_pool(x: Values, w: Values, sum_term: Values, eps: float) -> Values:
    z = transposed(x, w) + sum_term
    scale = 1 / np.sqrt(z.var(axis=-1) + eps)
    return np.asarray(gelu(mean((z - z.mean(axis=-1)[..., None]) * scale[..., None], 2, 2)))


def largest_channels(x: Values, w: Values, div_val: float) -> Values:
    return np.asarray(np.amax(convolution(x, w) / div_val, axis=-1))


def clamped(x: Values, w: Values, b: Values, stride: float, scale: float, div: float) -> Values:
    once = np.maximum(np.minimum(transposed(x, w, stride) + b, 1), -1)
    return np.asarray(np.maximum(np.minimum(once * scale, 1), -1) / div)


def gated(x: Values, w: Values, b: Values) -> Values:
    rectified = gelu(np.where(convolution(x, w) > 0, convolution(x, w), 0.0))
    return np.asarray(0.5 + 0.5 * np.tanh(rectified / 2) + b)


LINE: Point = {"B": 2, "C_in": 3, "L": 11, "C_out": 4, "R": 3, "stride": 2}
PLANE: Point = {"B": 2, "C_in": 3, "H": 7, "W": 6, "C_out": 4, "R": 3, "S": 2, "stride": 2}
SPREAD: Point = {"B": 2, "C_in": 3, "H": 3, "W": 4, "C_out": 4, "R": 3, "stride": 2}
SPACE: Point = {"B": 2, "C_in": 3, "D": 4, "H": 6, "W": 5, "C_out": 4, "R": 2, "stride": 2}
POOLED: Point = {"B": 2, "L": 11, "D": 5, "H": 7, "W": 6, "C": 3, "k": 3, "stride": 2}
#: A second statement of every problem, and a point small enough for it.
STATED: Mapping[str, tuple[Stated, Point]] = {
    "conv1d": (convolution, LINE),
    "conv2d": (convolution, PLANE),
    "conv3d": (convolution, SPACE),
    "depthwise_conv2d": (depthwise, {**PLANE, "C": 5}),
    "conv_transpose2d": (transposed, SPREAD),
    "max_pool1d": (largest, POOLED),
    "max_pool2d": (largest, POOLED),
    "max_pool3d": (largest, POOLED),
    "avg_pool1d": (mean, POOLED),
    "avg_pool2d": (mean, POOLED),
    "avg_pool3d": (mean, POOLED),
    "conv2d_mish_mish": (lambda x, w: mish(mish(convolution(x, w))), PLANE),
    "conv2d_relu_bias": (lambda x, w, b: np.maximum(convolution(x, w) + b, 0), PLANE),
    "conv3d_multi_act_bias": (gated, SPACE),
    "conv3d_softmax_pool": (softmax_pool, {**SPACE, "D": 9, "W": 6, "H": 5}),
    "conv_transpose2d_sub_tanh": (
        lambda x, w, stride, sub_val: np.tanh(transposed(x, w, stride) - sub_val),
        {**SPREAD, "sub_val": 0.25},
    ),
    "conv_transpose2d_clamp_scale_div": (clamped, {**SPREAD, "scale": 1.5, "div": 0.75}),
    "conv_transpose3d_norm_pool_gelu": (norm_pool, {**SPACE, "eps": 0.01}),
    "conv3d_div_pool_sum": (
        lambda x, w, div_val, bias_val: np.array(
            [sum(image.mean() + bias_val for image in largest_channels(x, w, div_val))]
        ),
        {**SPACE, "div_val": 3.0, "bias_val": -0.25},
    ),
    "conv3d_div_pool_rows": (
        lambda x, w, div_val, bias_val: largest_channels(x, w, div_val).mean(axis=-1) + bias_val,
        {**SPACE, "div_val": 3.0, "bias_val": -0.25},
    ),
}
SPECS = {name: catalog.default().find(name).spec for name in STATED}


def small(name: str) -> Case:
    ranges = SPECS[name].domain.ranges
    point = STATED[name][1]
    return case_of(SPECS[name], {key: value for key, value in point.items() if key in ranges})


@pytest.mark.parametrize("name", STATED)
def test_oracle_against_a_second_statement(name: str) -> None:
    tested = small(name)
    again = tested.call(STATED[name][0], widened(tested.inputs))
    assert again.shape == tested.expected.shape
    np.testing.assert_allclose(tested.expected, again, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("name", STATED)
def test_every_form_agrees_with_the_oracle(name: str) -> None:
    spec = SPECS[name]
    for point in spec.sizes.check_points():
        tested = case_of(spec, point)
        with mx.stream(mx.cpu):
            arrays = {name: mx.array(values) for name, values in tested.inputs.items()}
            got = [tested.call(spec.reference, arrays)]
        if spec.numpy_form is not None:
            got.append(tested.call(spec.numpy_form, tested.inputs))
        for values in got:
            assert values.dtype == np.float32
            assert values.shape == tested.expected.shape
            assert tested.refusal(values) is None


@pytest.mark.parametrize("name", [name for name in STATED if "pool" not in name])
def test_work_is_what_the_loops_do(name: str) -> None:
    """Multiply-adds counted: of a window and a filter, or of a pixel and a tap if transposed."""
    spec = SPECS[name]
    tested = small(name)
    x, w = tested.inputs["x"], tested.inputs["w"]
    met = x.size // x.shape[-1] * len(w) if "transpose" in name else tested.expected.size
    products = met * w[0].size
    beside = spec.cost(tested.point).flops - 2 * products
    assert 0 <= beside <= 20 * tested.expected.size
    moved = sum(values.size for values in tested.inputs.values()) + tested.expected.size
    assert spec.cost(tested.point).bytes == 4 * moved


def shortened(values: Values) -> Values:
    return values.astype(np.float16).astype(np.float64)


@pytest.mark.parametrize("is_transposed", [False, True])
def test_the_error_bound_admits_serial_float32_and_refuses_half(is_transposed: bool) -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((1, 12, 11, 48), dtype=np.float32)
    w = (rng.standard_normal((32, 3, 3, 48)) * (9 * 48) ** -0.5).astype(np.float32)
    convolved = convolve_transposed if is_transposed else convolve
    exact = convolved(x.astype(np.float64), w.astype(np.float64), 2)
    limit = float32_error(x, w, 2, transposed=is_transposed)
    serial = np.zeros(exact.shape, dtype=np.float32)
    for channel in range(x.shape[-1]):
        serial += convolved(x[..., [channel]], w[..., [channel]], 2)
    assert np.all(np.abs(serial - exact) <= limit)
    in_half = convolved(shortened(x), shortened(w), 2)
    assert np.mean(np.abs(in_half - exact) > limit) > 0.5


def test_taps_meet_the_elements_that_windows_hold() -> None:
    x = np.arange(2 * 7 * 6 * 3).reshape(2, 7, 6, 3)
    for tap, view in tap_views(x, (3, 2), 2):
        for place, window in windows(x, (3, 2), 2).items():
            np.testing.assert_array_equal(view[place], window[tap])


@pytest.mark.parametrize("name", ["max_pool1d", "max_pool2d", "max_pool3d"])
def test_windows_are_negative_tied_and_infinite(name: str) -> None:
    """A maximum that starts at zero, or at the least finite number, is refused."""
    spec = SPECS[name]
    tested = case_of(spec, spec.sizes.check_points()[2])
    finite = np.isfinite(tested.expected)
    assert (tested.expected[finite] < 0).mean() > 0.02
    assert not finite.all()
    assert tested.refusal(np.maximum(tested.expected, np.finfo(np.float32).min)) is not None
    assert tested.refusal(np.maximum(tested.expected, 0)) is not None
