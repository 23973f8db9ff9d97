"""Tolerances: what passes, what must not, on whole arrays and on chunks."""

from __future__ import annotations

import numpy as np
import pytest

from harness.problem.tolerance import (
    EPS,
    Bound,
    Tolerance,
    blocked_product,
    blocked_sum,
    calibrated,
    elementwise,
    exact,
    per_output,
    relative,
    relative_l2,
    ulp,
)
from harness.spec_products import product_tolerance

RNG = np.random.default_rng(11)


def passes(
    tolerance: Tolerance, got: np.ndarray, expected: np.ndarray, **inputs: np.ndarray
) -> np.ndarray:
    bound = tolerance(inputs, (expected,), {})[0]
    return bound.within(np.abs(got.astype(float) - expected), expected)


def test_exact_allows_nothing_but_flushed_denormals() -> None:
    expected = np.array([1.0, -2.5, 1e-40, 0.0])
    assert passes(exact(), np.array([1.0, -2.5, 0.0, -0.0]), expected).all()
    off = np.nextafter(np.float32(1.0), np.float32(2.0))
    assert not passes(exact(), np.array([off]), np.array([1.0])).any()


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("value", [1.0, -0.75, 3e-5, 1000.0])
def test_ulp_counts_units_of_the_type(dtype: str, value: float) -> None:
    stored = np.dtype(dtype).type(value)
    expected = np.array([float(stored)])
    near, far = stored, stored
    for _ in range(4):
        near = np.nextafter(near, np.dtype(dtype).type(2000))
    for _ in range(6):
        far = np.nextafter(far, np.dtype(dtype).type(2000))
    assert passes(ulp(5, dtype=dtype), np.array([near]), expected).all()
    assert not passes(ulp(5, dtype=dtype), np.array([far]), expected).any()


def test_ulp_absolute_may_depend_on_the_inputs() -> None:
    rule = ulp(1, absolute=lambda inputs, ref, point: 0.5 * np.abs(inputs["x"]))
    x = np.array([10.0, 0.0], dtype=np.float32)
    assert passes(rule, np.array([4.0, 4.0]), np.zeros(2), x=x).tolist() == [True, False]


def test_infinite_error_is_never_within() -> None:
    for tolerance in (exact(), ulp(8), relative(1e-3), relative_l2(1e-3)):
        with np.errstate(invalid="ignore"):
            assert not passes(tolerance, np.array([np.inf]), np.array([1.0])).any()
            assert not passes(tolerance, np.array([1.0]), np.array([np.inf])).any()
            assert not passes(tolerance, np.array([np.nan]), np.array([1.0])).any()


def test_a_product_in_single_precision_passes_and_in_half_does_not() -> None:
    a = RNG.standard_normal((64, 512), dtype=np.float32)
    b = RNG.standard_normal((512, 48), dtype=np.float32)
    expected = a.astype(float) @ b.astype(float)
    tolerance = calibrated("product")
    assert passes(tolerance, a @ b, expected, a=a, b=b).all()
    backwards = a[:, ::-1] @ b[::-1]
    assert passes(tolerance, backwards, expected, a=a, b=b).all()
    halves = a.astype(np.float16).astype(np.float32) @ b.astype(np.float16).astype(np.float32)
    assert not passes(tolerance, halves, expected, a=a, b=b).all()


@pytest.mark.parametrize("seed", range(40))
def test_single_sums_have_room_for_another_order(seed: int) -> None:
    """One lucky evaluation must not leave an honest kernel without room."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((1, int(rng.integers(1, 3000))), dtype=np.float32)
    y = rng.standard_normal(x.shape, dtype=np.float32)
    expected = (x.astype(float) * y).sum(axis=-1)
    shuffled = rng.permutation(x.shape[1])
    got = blocked_sum((x * y)[:, shuffled], lanes=64)
    assert passes(calibrated("dot"), got, expected, x=x, y=y).all()
    half = (x.astype(np.float16) * y.astype(np.float16)).astype(np.float32).sum(axis=-1)
    if x.shape[1] > 500:
        assert not passes(calibrated("dot", factor=4), half + 1e-2, expected, x=x, y=y).any()


def test_calibration_takes_a_function_by_parameter_name() -> None:
    def evaluate(x: np.ndarray, cols: float) -> np.ndarray:
        assert cols == 7
        return blocked_sum(x)

    x = RNG.standard_normal((9, 1000), dtype=np.float32)
    expected = x.astype(float).sum(axis=-1)
    bound = calibrated(evaluate)({"x": x}, (expected,), {"cols": 7})[0]
    assert bound.within(np.abs(x.sum(axis=-1) - expected), expected).all()
    with pytest.raises(ValueError, match="unknown family"):
        calibrated("quux")


def test_the_scale_makes_errors_comparable_between_rows() -> None:
    x = RNG.standard_normal((4, 1000), dtype=np.float32)
    x[3] *= 1e6
    expected = x.astype(float).sum(axis=-1)
    scaled = calibrated("rows")({"x": x}, (expected,), {})[0]
    assert isinstance(scaled.absolute, np.ndarray)
    assert scaled.absolute[3] > 1e4 * scaled.absolute[:3].max()


def test_relative_l2_judges_rows() -> None:
    expected = np.ones((2, 100))
    got = expected.copy()
    got[1, 5] = 2.0
    assert passes(relative_l2(1e-2), got, expected).all(axis=-1).tolist() == [True, False]
    assert passes(relative_l2(0.2), got, expected).all()


def test_and_demands_both() -> None:
    both = relative_l2(0.2) & elementwise(lambda i, e, p: 0.5, "half")
    expected = np.ones((1, 100))
    got = expected.copy()
    got[0, 3] = 2.0
    assert np.flatnonzero(~passes(both, got, expected)[0]).tolist() == [3]


def test_every_output_may_have_its_own() -> None:
    bounds = per_output(exact(), relative(0.5))({}, (np.ones(1), np.ones(1)), {})
    assert [float(np.max(b.absolute)) > 0.1 for b in bounds] == [False, True]


def test_chunks_give_the_bounds_of_the_whole_for_local_rules() -> None:
    expected = RNG.standard_normal((10, 20))
    for rule in (ulp(8), relative(1e-5, 1e-7)):
        whole = rule({}, (expected,), {})[0].absolute
        part = rule({}, (expected[3:5],), {})[0].absolute
        assert np.array_equal(np.asarray(whole)[3:5], part)


def test_blocked_product_of_one_step() -> None:
    a, b = RNG.standard_normal((3, 5)), RNG.standard_normal((5, 2))
    assert np.allclose(blocked_product(a, b), a @ b, rtol=1e-5)
    assert isinstance(Bound().absolute, float)


def test_a_product_of_one_term_leaves_room_for_the_function_after_it() -> None:
    """One lucky evaluation finds no error; a function of Metal may still be 4 ulp off."""
    one, expected = np.array([[1.0]]), np.array([[0.5]])
    arrays = {"A": one, "B": one}

    def lucky(A: np.ndarray, B: np.ndarray) -> np.ndarray:
        return expected.astype(np.float32)

    got = np.array([[0.5 * (1 + 8 * EPS)]])
    assert not passes(product_tolerance(lucky, "A", "B", slope=1.0), got, expected, **arrays).all()
    after = product_tolerance(lucky, "A", "B", slope=1.0, after=6.0)
    assert passes(after, got, expected, **arrays).all()
    assert not passes(after, expected * (1 + 32 * EPS), expected, **arrays).any()
