"""Stopping rules on constant, noisy, drifting, stalled, quantised and invalid streams."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator

import pytest

from harness.evaluation import Verdict
from harness.timing.stopping import (
    Few,
    FixedCount,
    Steady,
    Stop,
    UntilDecided,
    WallBudget,
    record_blocks,
    rule_for,
    spent,
)
from harness.timing.verdict import CALIBRATION, VERDICT_ALPHA, Mode, interval_verdict


def feed(rule: Stop, stream: Iterable[float | None]) -> int:
    """How many blocks the rule takes from a stream."""
    for count, value in enumerate(stream, start=1):
        if rule.feed(value):
            return count
    raise AssertionError("the rule never stopped")


def noise(seed: int, centre: float, spread: float, trend: float = 0.0) -> Iterator[float]:
    generator = random.Random(seed)
    for step in range(1000):
        yield centre + trend * step + generator.gauss(0, spread)


def test_a_constant_stream_is_decided_at_the_first_look() -> None:
    for value in (0.0, 0.7, -0.7):
        rule = UntilDecided()
        assert feed(rule, [value] * 100) == 8
        assert rule.decided


def test_a_gain_far_from_one_needs_only_the_least_blocks() -> None:
    rule = UntilDecided()
    assert feed(rule, noise(1, math.log(2), 0.05)) == 8
    assert interval_verdict(rule.ratios, rule.alpha) is Verdict.FASTER


def test_a_noisy_stream_around_one_runs_to_the_end_undecided() -> None:
    rule = UntilDecided()
    assert feed(rule, noise(2, 0.0, 0.2)) == 48
    assert not rule.decided


def test_a_quiet_stream_around_one_is_the_same() -> None:
    rule = UntilDecided()
    assert feed(rule, noise(3, 0.0, 0.002)) == 8
    assert interval_verdict(rule.ratios, rule.alpha) is Verdict.SAME


def test_a_drifting_stream_is_not_the_same() -> None:
    rule = UntilDecided()
    feed(rule, noise(4, -0.05, 0.001, trend=0.1 / 48))
    assert interval_verdict(rule.ratios, rule.alpha) is not Verdict.SAME


def test_a_stalled_block_does_not_hide_a_gain() -> None:
    calm = list(noise(5, 0.3, 0.01))
    calm[2] += math.log(5)
    assert feed(UntilDecided(), calm) == 8


def test_a_stream_of_two_values_is_decided_by_its_share_only() -> None:
    rule = UntilDecided()
    assert feed(rule, [-math.log(2), math.log(2)] * 50) == 48
    assert not rule.decided


def test_invalid_blocks_end_a_run_that_can_no_longer_say_anything() -> None:
    rule = UntilDecided()
    assert feed(rule, [None, math.nan] * 50) == 8
    assert not rule.decided and rule.dropped == 8
    spoilt = UntilDecided()
    assert feed(spoilt, [0.5, None] * 50) == 8
    assert not spoilt.decided


def test_the_levels_of_all_looks_sum_to_the_whole_error() -> None:
    rule, levels, before = UntilDecided(), [], 0.0
    wide = noise(6, 0.0, 0.5)
    for taken in range(1, rule.most_blocks + 1):
        rule.feed(next(wide))
        if taken in rule.looks:
            levels.append(rule._level)
    assert sum(levels) == pytest.approx(CALIBRATION * VERDICT_ALPHA)
    assert rule.alpha == levels[-1]
    for look in rule.looks:
        assert spent(VERDICT_ALPHA, look / rule.most_blocks) > before
        before = spent(VERDICT_ALPHA, look / rule.most_blocks)


def test_a_run_cut_short_gives_the_rest_to_its_last_look() -> None:
    rule, wide = UntilDecided(), noise(7, 0.0, 0.5)
    for _ in range(10):
        rule.feed(next(wide))
    first = CALIBRATION * spent(VERDICT_ALPHA, 8 / 48)
    assert rule.alpha == pytest.approx(CALIBRATION * VERDICT_ALPHA - first)


def test_fixed_counts_do_not_look() -> None:
    assert feed(FixedCount(), [0.7] * 100) == 24
    assert feed(Few(), [None] * 100) == 4
    assert FixedCount().alpha == CALIBRATION * VERDICT_ALPHA


def test_a_records_count_follows_from_the_noise_of_the_screen() -> None:
    assert record_blocks([0.1, 0.101, 0.099, 0.1]) == 24
    assert record_blocks([0.1, 0.2, 0.0, 0.15]) == 48
    assert record_blocks([]) == 48


@pytest.mark.parametrize(
    ("mode", "long_run", "most"),
    [
        (Mode.SCREEN, False, 4),
        (Mode.REPORT, False, 48),
        (Mode.REPORT, True, 6),
        (Mode.RECORD, False, 24),
        (Mode.RECORD, True, 6),
    ],
)
def test_rules_of_the_modes(mode: Mode, long_run: bool, most: int) -> None:
    assert rule_for(mode, long_run=long_run).most_blocks == most


def test_the_wall_budget_ends_before_a_block_that_would_overrun() -> None:
    rule = WallBudget(budget_s=1.0)
    assert not rule.feed(0.3, 0.3)
    assert not rule.feed(0.3, 0.6)
    assert rule.feed(0.3, 0.9)


def test_the_wall_budget_always_allows_its_least_blocks() -> None:
    rule = WallBudget(budget_s=1.0, least=2)
    assert not rule.feed(30.0, 30.0)
    assert rule.feed(30.0, 60.0)


def test_one_stall_does_not_end_a_run_that_has_time_left() -> None:
    rule = WallBudget(budget_s=2.0)
    taken = [rule.feed(0.05, 0.05 * count) for count in range(1, 11)]
    assert not any(taken)
    assert not rule.feed(0.5, 1.0)


def test_warm_up_ends_when_the_time_has_settled() -> None:
    rule, falling = Steady(budget_s=10.0), [200.0 / (step + 1) + 100 for step in range(1000)]
    steps = next(
        step for step, ns in enumerate(falling) if rule.feed([ns, 50.0], elapsed_s=0.001 * step)
    )
    assert 40 < steps < 200


def test_warm_up_of_a_restless_machine_is_bounded_in_time_and_count() -> None:
    rule = Steady(budget_s=0.5)
    assert not rule.feed([1.0], 0.49)
    assert rule.feed([2.0], 0.5)
    stuck = Steady(budget_s=1.0)
    assert sum(1 for _ in iter(lambda: stuck.feed([math.nan], 0.0), True)) == 999


def test_warm_up_lasts_its_least() -> None:
    rule = Steady(budget_s=9.0, least_s=0.5)
    assert not any(rule.feed([1.0], 0.01 * step) for step in range(50))
    assert rule.feed([1.0], 0.51)
