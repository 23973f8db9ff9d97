"""The estimators against textbook values and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.timing import stats


@pytest.mark.parametrize(
    ("probability", "freedom", "value"),
    [
        (0.975, 1, 12.706204736),
        (0.975, 2, 4.302652730),
        (0.99, 5, 3.364929999),
        (0.9995, 5, 6.868826626),
        (0.975, 15, 2.131449546),
        (0.9995, 15, 4.072765196),
        (0.95, 29, 1.699127027),
        (0.975, 1000, 1.962339081),
    ],
)
def test_t_quantiles_of_the_tables(probability: float, freedom: int, value: float) -> None:
    assert stats.student_t_quantile(probability, freedom) == pytest.approx(value, rel=1e-8)
    assert stats.student_t_quantile(1 - probability, freedom) == pytest.approx(-value, rel=1e-8)


@pytest.mark.parametrize("freedom", [1, 2])
@pytest.mark.parametrize("tail", [0.3, 1e-2, 1e-4, 1e-7])
def test_t_quantiles_against_closed_forms(freedom: int, tail: float) -> None:
    p = 1 - tail
    closed = {
        1: math.tan(math.pi * (p - 0.5)),
        2: (2 * p - 1) / math.sqrt(2 * p * (1 - p)),
    }[freedom]
    assert stats.student_t_quantile(p, freedom) == pytest.approx(closed, rel=1e-6)


def test_t_quantile_refuses_nonsense() -> None:
    for probability, freedom in ((0.0, 3), (1.0, 3), (0.9, 0)):
        with pytest.raises(ValueError, match="no t quantile"):
            stats.student_t_quantile(probability, freedom)
    assert stats.student_t_quantile(0.5, 7) == 0.0


def test_the_trimmed_mean_ignores_a_fifth_at_each_end() -> None:
    assert stats.trimmed_mean([1e9, 2.0, 3.0, 4.0, -1e9]) == 3.0
    assert stats.trimmed_mean([1.0, 2.0, 6.0]) == 3.0


def test_the_error_uses_the_winsorised_sample() -> None:
    # 0..9 with two cut at each end becomes 2 2 2 3 4 5 6 7 7 7.
    pulled = np.array([2, 2, 2, 3, 4, 5, 6, 7, 7, 7], dtype=float)
    expected = pulled.std(ddof=1) / (0.6 * math.sqrt(10))
    assert stats.trimmed_error(list(range(10))) == pytest.approx(expected)


def test_the_interval_of_a_constant_is_that_constant() -> None:
    assert stats.t_interval([0.1] * 8, 0.01) == (pytest.approx(0.1), pytest.approx(0.1))
    low, high = stats.t_interval([0.1] * 8, 0.01)
    assert low == high


def test_one_block_says_nothing() -> None:
    assert stats.t_interval([0.3], 0.01) == (-math.inf, math.inf)
    assert stats.bootstrap_interval([0.3], seed=1) == (-math.inf, math.inf)


def test_a_smaller_alpha_widens_and_one_sided_matches_two_sided() -> None:
    values = np.random.default_rng(1).normal(0, 1, 24)
    wide, narrow = stats.t_interval(values, 1e-4), stats.t_interval(values, 1e-2)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    assert stats.t_lower_bound(values, 0.005) == pytest.approx(narrow[0])


def test_the_bootstrap_repeats_with_its_seed_and_is_near_the_t_interval() -> None:
    values = np.random.default_rng(2).normal(0, 1, 48)
    first = stats.bootstrap_interval(values, seed=5)
    assert first == stats.bootstrap_interval(values, seed=5)
    assert first != stats.bootstrap_interval(values, seed=6)
    assert first == pytest.approx(stats.t_interval(values, 0.05), abs=0.15)


def test_spread_and_stability() -> None:
    assert stats.relative_spread([1.0] * 9) == 0.0
    assert stats.stability([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx(1 - 2 / 3)
    assert stats.stability([0.1, 0.1, 1.0, 9.0, 9.0]) == 0.0


def test_metalbenchs_stable_is_blind_to_a_symmetric_spread() -> None:
    assert stats.legacy_stable([1.0, 5.0, 9.0]) == 1.0
    assert stats.legacy_stable([1.0, 1.0, 4.0]) == 0.5
