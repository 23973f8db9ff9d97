"""How blocks are taken: order, batches, budgets, refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from harness.clock import Duration
from harness.evaluation import Refusal, Samples, Status, Verdict
from harness.timing.blocks import BASELINE, Block, orders
from harness.timing.measure import Budget, Comparison, Mode, Progress, compare, estimate, single
from harness.timing.sampling import HostClock, probe_tick_ns
from trust.synthetic import FakeSide, World, run


def measure(
    candidate_ns: float,
    baseline_ns: float,
    mode: Mode = Mode.REPORT,
    *,
    pool: int = 1 << 20,
    noise: float = 0.005,
    overhead_ns: float = 20e3,
    budget: Budget | None = None,
) -> tuple[Comparison, World]:
    world = World(seed=1, noise=noise)
    sides = [
        FakeSide(name, world, ns, overhead_ns, pool)
        for name, ns in (("candidate", candidate_ns), ("baseline", baseline_ns))
    ]
    begun = world.now
    found = compare(*sides, mode, seed=1, budget=budget, clock=world)
    assert isinstance(found, Comparison)
    world.now -= begun
    return found, world


def visits(samples: Samples, side: str) -> list[Mapping[str, Any]]:
    return [visit for block in samples.blocks for visit in block["visits"] if visit["side"] == side]


def test_orders_are_balanced_random_and_repeatable() -> None:
    drawn = orders(7)
    first = [next(drawn) for _ in range(200)]
    assert all({first[i], first[i + 1]} == {"ABBA", "BAAB"} for i in range(0, 200, 2))
    assert 20 < sum(order == "ABBA" for order in first[::2]) < 80
    again = orders(7)
    assert first == [next(again) for _ in range(200)]


def test_blocks_hold_every_raw_sample_in_the_order_taken() -> None:
    samples = run(World(noise=0.01), mode=Mode.RECORD).samples
    assert len(samples.blocks) == 24
    for data in samples.blocks:
        letters = {"A": "baseline", "B": "candidate"}
        assert [visit["side"] for visit in data["visits"]] == [letters[c] for c in data["order"]]
        assert all(len(visit["times_ns"]) == 5 for visit in data["visits"])
        assert Block.from_json(data).to_json() == data
    assert samples.overhead_ns == {"baseline": 20e3, "candidate": 20e3}


def test_a_light_run_is_timed_by_slopes_of_batches_that_last_long_enough() -> None:
    found, _ = measure(50e3, 100e3)
    for side, run_ns in (("candidate", 50e3), ("baseline", 100e3)):
        for visit in visits(found.samples, side):
            assert visit["instances"] * run_ns >= 1.7e6
            assert all(len(times) == 2 for times in visit["times_ns"])
    block = Block.from_json(found.samples.blocks[0])
    assert block.median(BASELINE).ns == pytest.approx(100e3, rel=0.05)


def test_a_slope_cancels_the_overhead_that_a_plain_time_keeps() -> None:
    slope, _ = measure(50e3, 100e3, overhead_ns=100e3, noise=0.001)
    plain, _ = measure(50e3, 100e3, overhead_ns=100e3, noise=0.001, pool=1)
    assert slope.judgement.speedup == pytest.approx(2.0, rel=0.03)
    assert plain.judgement.speedup == pytest.approx(200 / 150, rel=0.03)


def test_both_sides_run_the_same_batch_unless_that_takes_the_slower_too_long() -> None:
    even, _ = measure(100e3, 300e3)
    assert {v["instances"] for b in even.samples.blocks for v in b["visits"]} == {20}
    uneven, _ = measure(10e3, 1e6)
    assert visits(uneven.samples, "baseline")[0]["instances"] == 9
    assert visits(uneven.samples, "candidate")[0]["instances"] > 150


def test_the_pool_limits_the_batch() -> None:
    found, _ = measure(50e3, 100e3, pool=6)
    assert {v["instances"] for b in found.samples.blocks for v in b["visits"]} == {3}


def test_one_instance_one_sample_where_no_second_instance_exists() -> None:
    found, _ = measure(50e3, 100e3, pool=1)
    for block in found.samples.blocks:
        assert all(v["instances"] == 1 for v in block["visits"])
        assert all(len(times) == 1 for v in block["visits"] for times in v["times_ns"])


def test_runs_from_two_milliseconds_on_are_timed_plainly() -> None:
    found, _ = measure(3e6, 9e6)
    assert all(len(t) == 1 for v in visits(found.samples, "candidate") for t in v["times_ns"])


@pytest.mark.parametrize(("run_ns", "count"), [(3e6, 5), (9e6, 2), (40e6, 1)])
def test_a_visit_lasts_about_twenty_milliseconds(run_ns: float, count: int) -> None:
    found, _ = measure(run_ns, run_ns)
    assert {len(visit["times_ns"]) for visit in visits(found.samples, "baseline")} == {count}


@pytest.mark.parametrize(
    ("mode", "candidate_ns", "baseline_ns", "most_s"),
    [
        (Mode.SCREEN, 3e5, 1e6, 0.35),
        (Mode.REPORT, 3e5, 1e6, 2.0),
        (Mode.REPORT, 1e6, 1e6, 2.0),
        (Mode.REPORT, 4e7, 3.9e8, 20.0),
        (Mode.REPORT, 1e9, 2e9, 20.0),
    ],
)
def test_modes_keep_their_budget(
    mode: Mode, candidate_ns: float, baseline_ns: float, most_s: float
) -> None:
    _, world = measure(candidate_ns, baseline_ns, mode, noise=0.05)
    assert world.now / 1e9 <= 1.05 * most_s


def test_a_clear_gain_stops_early() -> None:
    found, world = measure(3e5, 1e6, noise=0.02)
    assert found.verdict is Verdict.FASTER
    assert len(found.samples.blocks) == 8
    assert world.now < 1.2e9


def test_a_run_over_half_a_second_gets_at_most_six_blocks() -> None:
    report, _ = measure(5.1e8, 5.2e8, noise=0.05)
    record, _ = measure(5.1e8, 6e8, Mode.RECORD)
    assert 2 <= len(report.samples.blocks) <= 6
    assert len(record.samples.blocks) == 6


def test_a_huge_gain_of_a_very_long_run_is_decided_by_two_blocks() -> None:
    found, _ = measure(1e8, 3.6e9, noise=0.01)
    assert len(found.samples.blocks) == 2
    assert found.verdict is Verdict.FASTER


@pytest.mark.parametrize(("noise", "blocks"), [(0.005, 24), (0.3, 48)])
def test_a_noisy_machine_doubles_a_records_blocks(noise: float, blocks: int) -> None:
    found, _ = measure(3e6, 3e6, Mode.RECORD, noise=noise)
    assert len(found.samples.blocks) == blocks


def test_budgets_override_the_mode() -> None:
    found, _ = measure(3e6, 3e6, budget=Budget(blocks=5))
    assert len(found.samples.blocks) == 5
    short, world = measure(3e6, 3e6, noise=0.2, budget=Budget(wall_s=0.7))
    assert world.now / 1e9 <= 0.7
    assert 2 <= len(short.samples.blocks) < 12


def test_a_refusal_of_either_side_is_the_answer() -> None:
    world, refusal = World(), Refusal(Status.TIMEOUT, "deadline")
    for refuse_at in (0, 1, 30, 200):
        good = FakeSide("candidate", world, 3e6)
        bad = FakeSide("baseline", world, 3e6, refuse_at=refuse_at, refusal=refusal)
        assert compare(good, bad, Mode.RECORD, seed=1, clock=world) is refusal
        alone = FakeSide("candidate", world, 3e6, refuse_at=refuse_at % 90, refusal=refusal)
        assert single(alone, Mode.RECORD, seed=1, clock=world) is refusal


def test_an_estimate_is_the_least_of_a_few_runs_and_cheap() -> None:
    world = World(twist=lambda side, ns: ns * (9 if not side_runs() else 1))
    side = FakeSide("candidate", world, 1e6, overhead_ns=0)

    def side_runs() -> int:
        return len(side.asked) - 1

    found = estimate(side)
    assert isinstance(found, Duration)
    assert found.ns == 1e6
    assert side.asked == [1] * 5
    slow = FakeSide("candidate", World(), 9e8)
    estimate(slow)
    assert slow.asked == [1]


def test_one_side_alone_has_samples_and_no_verdict() -> None:
    world = World(noise=0.01)
    found = single(FakeSide("mlx", world, 3e6), Mode.REPORT, seed=1, role=BASELINE, clock=world)
    assert isinstance(found, Comparison)
    assert found.verdict is None and found.judgement.reason == "one side only"
    assert {v["side"] for b in found.samples.blocks for v in b["visits"]} == {"baseline"}


def test_progress_is_told_in_order() -> None:
    world, seen = World(noise=0.2), list[Progress]()
    sides = [FakeSide(name, world, 3e6) for name in ("candidate", "baseline")]
    compare(*sides, Mode.REPORT, seed=1, clock=world, observer=seen.append)
    phases = [progress.phase for progress in seen]
    assert phases[:2] == ["estimating", "warming up"]
    counts = [progress.done for progress in seen if progress.phase == "sampling"]
    assert counts == list(range(len(counts)))
    assert seen[-1].most == 48 and set(seen[-1].run_ms) == {"baseline", "candidate"}


def test_the_hosts_clock_ticks_finely() -> None:
    assert 0 < probe_tick_ns(HostClock()) < 1e6
    assert probe_tick_ns(World()) == 0.0
