"""Verdicts, promotion and the identity of sources."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.evaluation import Flag, Samples, Verdict
from harness.timing.measure import Mode
from harness.timing.verdict import interval_verdict, judge, promote, same_source, search_alpha
from trust.synthetic import World, run, samples_of

OLD = "kernel void f(device float* x [[buffer(0)]]) { x[0] = 1; }"
NEW = "kernel void f(device float* x [[buffer(0)]]) { x[0] = 2; }"


def jittered(centre: float, spread: float = 0.002) -> list[float]:
    return [centre + spread * math.sin(7 * step) for step in range(24)]


@pytest.mark.parametrize(
    ("gain", "verdict"),
    [
        (1.05, Verdict.FASTER),
        (0.95, Verdict.SLOWER),
        (1.0, Verdict.SAME),
        (1.004, Verdict.SAME),
        (1.01, Verdict.UNCLEAR),
        (0.99, Verdict.UNCLEAR),
    ],
)
def test_the_four_verdicts(gain: float, verdict: Verdict) -> None:
    assert interval_verdict(jittered(math.log(gain)), 0.01) is verdict


def test_a_wide_interval_is_unclear_whatever_its_centre() -> None:
    assert interval_verdict(jittered(0.05, spread=0.5), 0.01) is Verdict.UNCLEAR


def test_cycles_must_agree_with_the_time() -> None:
    gain = jittered(0.1)
    assert interval_verdict(gain, 0.01, cycles=gain) is Verdict.FASTER
    assert interval_verdict(gain, 0.01, cycles=jittered(0.0)) is Verdict.UNCLEAR


def test_a_gain_that_is_only_a_faster_clock_is_unclear() -> None:
    # Below the step that drops a block, and always in the candidate's favour.
    world = World(noise=0.0005, clock_ghz=3.0)

    def boost(side: str, ns: float) -> float:
        world.clock_ghz = 3.045 if side == "candidate" else 3.0
        return ns

    world.twist = boost
    shown = run(world, gain=1.002).judgement
    assert shown.dropped == 0
    assert shown.verdict is not Verdict.FASTER


def test_a_block_at_a_low_clock_is_dropped() -> None:
    world = World(noise=0.0005, clock_ghz=3.0)

    def throttle(side: str, ns: float) -> float:
        world.clock_ghz = 2.0 if world.block in (4, 5) else 3.0
        return ns

    world.twist = throttle
    shown = run(world, gain=1.3).judgement
    assert shown.dropped >= 2
    assert shown.verdict is Verdict.FASTER


def test_nothing_measured_has_no_verdict() -> None:
    shown = judge(Samples())
    assert shown.verdict is None and not shown.valid and shown.reason == "no samples"


def test_times_within_a_few_ticks_are_no_times() -> None:
    samples = replace(samples_of(World()), tick_ns=1e9)
    shown = judge(samples)
    assert not shown.valid and "ticks" in shown.reason


def test_a_tick_of_over_a_hundredth_of_the_batch_is_quantised() -> None:
    shown = judge(replace(samples_of(World(noise=0.01)), tick_ns=50e3))
    assert shown.quantised and shown.verdict is None
    assert not judge(replace(samples_of(World(noise=0.01)), tick_ns=42.0)).quantised


def win(seed: int, gain: float = 1.1) -> Samples:
    return samples_of(World(seed=seed, noise=0.003), gain)


def test_a_confirmed_win_publishes_the_confirmation_alone() -> None:
    paired, confirmation = win(1, gain=1.3), win(2, gain=1.1)
    found = promote(paired, confirmation, attempts=10, sources=(NEW, OLD))
    assert found.accepted
    assert found.speedup == judge(confirmation).speedup
    assert found.interval == judge(confirmation).interval


@pytest.mark.parametrize(
    ("paired", "confirmation", "reason"),
    [
        (win(1), win(1), "seed"),
        (win(1), win(2, gain=1.0), "confirmation: lower bound"),
        (win(1, gain=1.005), win(2), "paired run: lower bound"),
        (samples_of(World(seed=1), 1.5, Mode.REPORT), win(2), "mode report"),
        (win(1), Samples(seed=9, mode="record"), "no samples"),
    ],
)
def test_why_a_promotion_fails(paired: Samples, confirmation: Samples, reason: str) -> None:
    found = promote(paired, confirmation, attempts=1, sources=(NEW, OLD))
    assert not found.accepted and found.speedup is None
    assert reason in found.reason


def test_an_implausible_or_unchanged_candidate_is_never_promoted() -> None:
    flagged = promote(win(1), win(2), attempts=1, flags=[Flag.IMPLAUSIBLE], sources=(NEW, OLD))
    assert "implausible" in flagged.reason and not flagged.accepted
    same = promote(win(1), win(2), attempts=1, sources=("/* new */ " + OLD, OLD))
    assert "equals the incumbent" in same.reason and not same.accepted


def test_alpha_is_split_over_the_search() -> None:
    assert search_alpha(1) == 0.05
    assert search_alpha(1000) == pytest.approx(5e-5)
    paired = samples_of(World(seed=3, noise=0.03), 1.03)
    one = promote(paired, win(2), attempts=1, sources=(NEW, OLD))
    many = promote(paired, win(2), attempts=100_000, sources=(NEW, OLD))
    assert one.accepted and not many.accepted


def test_comments_and_white_space_do_not_make_another_source() -> None:
    assert same_source(OLD, OLD.replace(" ", "\n\t ") + "// faster\n/* really */")
    assert not same_source(OLD, NEW)


def test_header_lines_are_part_of_the_source() -> None:
    assert not same_source("//! grid: 1 1 1\n" + OLD, "//! grid: 2 1 1\n" + OLD)


def test_a_comment_mark_inside_a_string_is_no_comment() -> None:
    assert not same_source('f("//a");', 'f("//b");')
