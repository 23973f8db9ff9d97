"""Every statistic of a comparison against cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from agent_steel.compare import statistics
from agent_steel.compare.statistics import Key, Outcome, Sample

WRONG = Outcome(False, None, False)


def won(speedup: float) -> Outcome:
    return Outcome(True, speedup, True)


def even(speedup: float) -> Outcome:
    """Right, and no gain is proved."""
    return Outcome(True, speedup, False)


def one_seed(**outcomes: Outcome) -> dict[Key, Outcome]:
    return {(problem, 0): outcome for problem, outcome in outcomes.items()}


def values(found: list[statistics.Estimate]) -> list[float]:
    return [one.value for one in found]


def test_fast_p_counts_all_problems_and_only_what_is_proved_from_one_on() -> None:
    outcomes = one_seed(a=won(2.0), b=WRONG, c=even(1.05), d=even(0.8))
    found = statistics.fast_p(Sample(list(outcomes)), outcomes, (0.0, 0.9, 1.0, 1.5, 2.0))
    assert values(found) == [0.75, 0.5, 0.25, 0.25, 0.0], "a tie with p is not faster than p"


def test_a_wrong_kernel_that_is_fast_counts_nowhere() -> None:
    outcomes = one_seed(a=Outcome(False, 9.0, True), b=won(4.0))
    sample = Sample(list(outcomes))
    assert values(statistics.fast_p(sample, outcomes, (0.0, 3.0))) == [0.5, 0.5]
    assert statistics.score(sample, outcomes).value == pytest.approx(2.0)


def test_right_without_a_time_is_right_and_not_fast() -> None:
    outcomes = one_seed(a=Outcome(True, None, False))
    assert values(statistics.fast_p(Sample(list(outcomes)), outcomes, (0.0, 0.5))) == [1.0, 0.0]


def test_seeds_are_nested_in_their_problem() -> None:
    """A problem with two seeds weighs as much as one with a single seed."""
    outcomes = {("a", 0): won(2.0), ("a", 1): WRONG, ("b", 0): won(4.0)}
    sample = Sample(list(outcomes))
    assert values(statistics.fast_p(sample, outcomes, (0.0,))) == [0.75]
    # ln: a is (ln 2 + 0) / 2, b is ln 4; their mean is 1.25 ln 2.
    assert statistics.score(sample, outcomes).value == pytest.approx(2**1.25)


def test_wrong_slower_and_unknown_count_one() -> None:
    outcomes = one_seed(a=won(16.0), b=WRONG, c=even(0.25), d=Outcome(True, None, False))
    found = statistics.score(Sample(list(outcomes)), outcomes)
    assert found.value == pytest.approx(2.0)
    assert found.low is not None and found.low >= 1.0


def test_an_interval_over_two_problems_spans_what_can_be_drawn() -> None:
    """Of 1 and 4, a resample has (1,1), (1,4) or (4,4): 1, 2 or 4, each in a quarter or more."""
    sample = Sample([("a", 0), ("b", 0)])
    found = sample.geometric_mean([1.0, 4.0])
    assert (found.value, found.low, found.high) == pytest.approx((2.0, 1.0, 4.0))


def test_seeds_widen_the_interval_within_their_problem() -> None:
    """Both problems have seeds of 1 and 16: their means agree, and only the seeds vary."""
    sample = Sample([("a", 0), ("a", 1), ("b", 0), ("b", 1)])
    found = sample.geometric_mean([1.0, 16.0, 1.0, 16.0])
    assert found.value == pytest.approx(4.0)
    assert found.low is not None and found.high is not None
    assert 1.0 <= found.low < 4.0 < found.high <= 16.0


def test_equal_values_have_no_width_and_one_problem_has_no_interval() -> None:
    same = Sample([("a", 0), ("b", 0), ("c", 0)]).mean([0.5, 0.5, 0.5])
    assert (same.value, same.low, same.high) == pytest.approx((0.5, 0.5, 0.5))
    alone = Sample([("a", 0), ("a", 1)]).mean([0.0, 1.0])
    assert (alone.value, alone.low, alone.high) == (0.5, None, None)


def test_a_resample_is_a_mean_over_as_many_problems() -> None:
    sample = Sample([("a", 0), ("a", 1), ("b", 0), ("c", 5)], draws=200)
    assert sample.weights.tolist() == pytest.approx([1 / 6, 1 / 6, 1 / 3, 1 / 3])
    assert np.allclose(sample.drawn.sum(axis=1), 1.0)
    of_b = sample.drawn[:, 2] * 3
    assert np.allclose(of_b, np.round(of_b)), "b is drawn a whole number of times"
    assert len(set(of_b.round())) > 2
    assert (Sample(sample.keys, draws=200).drawn == sample.drawn).all(), "the same draws each time"


def test_a_sample_has_cells_each_once() -> None:
    for keys in ([], [("a", 0), ("a", 0)]):
        with pytest.raises(ValueError, match="each once"):
            Sample(keys)


def test_the_area_is_that_of_the_whole_curve() -> None:
    """Between 1 and 3: 2.0 reaches half, 5.0 all, what is not proved nothing."""
    outcomes = one_seed(a=won(2.0), b=won(5.0), c=even(2.9), d=WRONG)
    assert statistics.fast_area(Sample(list(outcomes)), outcomes).value == pytest.approx(1.5 / 4)


def test_correct_by_attempt_counts_the_first_right_one() -> None:
    right: dict[Key, list[bool]] = {
        ("late", 0): [False, True],
        ("once", 0): [True, False, False],
        ("never", 0): [False, False, False],
        ("silent", 0): [],
    }
    found = statistics.correct_by_attempt(Sample(list(right)), right, 3)
    assert values(found) == [0.25, 0.5, 0.5]


def test_best_so_far_holds_until_the_next_and_is_one_before_the_first() -> None:
    curves: dict[Key, list[tuple[float, float]]] = {
        ("a", 0): [(0, 1.0), (1, 1.0), (2, 2.0)],
        ("b", 0): [(0, 1.0), (1, 4.0)],
    }
    found = statistics.best_so_far(Sample(list(curves)), curves, (0, 1, 2, 3))
    assert values(found) == pytest.approx([1.0, 2.0, math.sqrt(8), math.sqrt(8)])


def test_the_last_of_several_steps_at_one_price_counts() -> None:
    curve = [(0.1, 1.0), (0.1, 1.5), (0.1, 2.0), (0.3, 3.0)]
    assert [statistics.at(curve, used) for used in (0.0, 0.1, 0.2, 0.3)] == [1.0, 2.0, 2.0, 3.0]


def test_the_union_of_two_models_takes_the_better_on_each_problem() -> None:
    scores: dict[str, dict[Key, float]] = {
        "left": {("x", 0): 2.0, ("y", 0): 1.0},
        "right": {("x", 0): 1.0, ("y", 0): 3.0},
    }
    sample = Sample([("x", 0), ("y", 0)])
    best, gain = statistics.union(sample, scores, scores)
    # Together sqrt(2 * 3); the better one alone sqrt(3).
    assert best == "right" and gain.value == pytest.approx(math.sqrt(2))
    assert gain.low == pytest.approx(1.0), "where one problem is drawn twice, one model is enough"


def test_a_union_at_half_the_budget_can_lose() -> None:
    full: dict[str, dict[Key, float]] = {"a": {("x", 0): 4.0}, "b": {("x", 0): 2.0}}
    half: dict[str, dict[Key, float]] = {"a": {("x", 0): 1.5}, "b": {("x", 0): 2.0}}
    best, gain = statistics.union(Sample([("x", 0)]), full, half)
    assert (best, gain.value, gain.low) == ("a", pytest.approx(0.5), None)


def test_two_models_that_are_alike_gain_nothing_together() -> None:
    same: dict[str, dict[Key, float]] = {
        name: {("x", 0): 2.0, ("y", 0): 1.5} for name in ("first", "second")
    }
    best, gain = statistics.union(Sample([("x", 0), ("y", 0)]), same, same)
    assert best == "first" and (gain.value, gain.low, gain.high) == pytest.approx((1.0, 1.0, 1.0))


def test_arms_are_compared_problem_by_problem() -> None:
    """Problems differ by far more than the arms: in pairs the ratio is the same on each."""
    base: dict[Key, float] = {("x", 0): 1.0, ("y", 0): 50.0}
    mine: dict[Key, float] = {("x", 0): 1.2, ("y", 0): 60.0}
    found = statistics.ratio(Sample(list(base)), mine, base)
    assert (found.value, found.low, found.high) == pytest.approx((1.2, 1.2, 1.2))
