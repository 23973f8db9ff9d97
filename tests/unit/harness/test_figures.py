"""Figures, scores and flags from samples whose times are known."""

from __future__ import annotations

import math

import pytest

from chip_metrics import Ceilings, Level
from harness.evaluation import Flag
from harness.spec import Cost
from harness.timing.blocks import BASELINE, Block, SideName
from harness.timing.figures import TARGETS, Scored, rescore
from harness.timing.measure import Comparison, Mode, compare, single
from trust.synthetic import RUN_NS, FakeSide, World, run

COST = Cost(flops=2e9, bytes=8e6)
ROOF = Ceilings("vendor", "", "", 1e3, 2e3, 100.0, (Level(1 << 20, None),))


def scored(
    world: World, gain: float = 2.0, cost: Cost = COST, ceilings: Ceilings | None = ROOF
) -> Scored:
    return rescore(run(world, gain).samples, cost, ceilings)


def test_figures_of_constant_times() -> None:
    figures = scored(World()).figures
    assert figures is not None
    seconds = (RUN_NS + 20e3) / 2e9
    assert figures.clock == "wall"
    assert figures.kernel_ms_median == pytest.approx(1e3 * seconds)
    assert figures.kernel_ms_min == figures.kernel_ms_median
    assert figures.kernel_ms_mean == pytest.approx(1e3 * seconds)
    assert figures.mlx_ms_median == pytest.approx(2e3 * seconds)
    assert figures.kernel_samples == figures.mlx_samples == 240
    assert figures.speedup == pytest.approx(2.0)
    assert figures.speedup_ci == (pytest.approx(2.0), pytest.approx(2.0))
    assert figures.gflops == pytest.approx(2 / seconds)
    assert figures.gbps == pytest.approx(8e-3 / seconds)
    assert figures.intensity == 250.0
    assert figures.stability == 1.0
    assert figures.kernel_overhead_ms == figures.mlx_overhead_ms == pytest.approx(0.02)


def test_the_five_targets_follow_their_formulas() -> None:
    found = scored(World())
    figures, scores = found.figures, found.scores
    assert figures is not None and tuple(scores) == TARGETS
    assert scores["speed"] == figures.speedup
    assert scores["compute"] == figures.gflops
    assert scores["memory"] == figures.gbps
    assert scores["stable"] == pytest.approx(1.0)
    assert scores["balanced"] == pytest.approx(0.5 * 2 + 0.3 * figures.gflops / 1000 + 0.2)


def test_the_displayed_interval_holds_the_estimate_and_repeats() -> None:
    first, again = (scored(World(seed=3, noise=0.02), gain=1.2).figures for _ in range(2))
    assert first == again
    assert first is not None and first.speedup_ci is not None and first.speedup is not None
    assert first.speedup_ci[0] < first.speedup < first.speedup_ci[1]


def test_a_least_time_of_slopes_is_no_noise() -> None:
    world = World(seed=2, noise=0.1)
    sides = [FakeSide(name, world, 5e4, 5e4, 1 << 20) for name in ("candidate", "baseline")]
    found = compare(*sides, Mode.REPORT, seed=1, clock=world)
    assert isinstance(found, Comparison)
    figures = rescore(found.samples, COST).figures
    runs = [ns for b in found.samples.blocks for ns in Block.from_json(b).runs_ns("candidate")]
    assert figures is not None
    assert min(runs) / 1e6 < figures.kernel_ms_min <= figures.kernel_ms_median


def test_the_roofline_needs_ceilings() -> None:
    with_roof, without = scored(World()).figures, scored(World(), ceilings=None).figures
    assert with_roof is not None and without is not None
    assert with_roof.bound == "compute"
    assert with_roof.roofline_fraction == pytest.approx(2e9 / 1e12 / (RUN_NS + 20e3) * 2e9)
    assert without.bound is None and without.roofline_fraction is None


def test_a_time_near_an_empty_run_is_overhead_bound() -> None:
    world = World()
    sides = [FakeSide(name, world, 2e6, 600e3) for name in ("candidate", "baseline")]
    found = compare(*sides, Mode.REPORT, seed=1, clock=world)
    assert isinstance(found, Comparison)
    assert Flag.OVERHEAD_BOUND in rescore(found.samples, COST).flags
    assert Flag.OVERHEAD_BOUND not in scored(World()).flags


def seconds_at(gbps: float) -> Cost:
    """A cost that the candidate of `scored` moves at so many GB/s."""
    return Cost(flops=1.0, bytes=gbps * (RUN_NS + 20e3) / 2)


@pytest.mark.parametrize(
    ("gbps", "ceilings", "flag"),
    [
        (90.0, ROOF, None),
        (120.0, ROOF, Flag.IMPLAUSIBLE),
        (120.0, Ceilings("measured", "", "", 1e3, 1e3, 100.0, allowance=0.3), None),
        (
            300.0,
            Ceilings("measured", "", "", 1e3, 1e3, 100.0, (Level(1 << 40, 400.0),)),
            Flag.CACHE_RESIDENT,
        ),
        (
            500.0,
            Ceilings("measured", "", "", 1e3, 1e3, 100.0, (Level(1 << 40, 400.0),)),
            Flag.IMPLAUSIBLE,
        ),
        (
            5000.0,
            Ceilings("vendor", "", "", 1e3, 1e3, 100.0, (Level(1 << 40, None),)),
            Flag.CACHE_RESIDENT,
        ),
    ],
)
def test_bandwidth_flags(gbps: float, ceilings: Ceilings, flag: Flag | None) -> None:
    flags = scored(World(), cost=seconds_at(gbps), ceilings=ceilings).flags
    assert flags == (() if flag is None else (flag,))


def test_more_operations_than_the_chip_can_do_are_implausible() -> None:
    cost = Cost(flops=2.1e3 * (RUN_NS + 20e3) / 2, bytes=8.0)
    assert Flag.IMPLAUSIBLE in scored(World(), cost=cost).flags


def test_only_a_whole_interval_above_the_ceiling_is_implausible() -> None:
    barely = seconds_at(101.0)
    assert Flag.IMPLAUSIBLE in scored(World(noise=0.001), cost=barely).flags
    assert Flag.IMPLAUSIBLE not in scored(World(noise=0.2), cost=barely).flags


def test_scattered_samples_are_noisy() -> None:
    assert Flag.NOISY in scored(World(noise=0.1)).flags
    assert Flag.NOISY not in scored(World(noise=0.01)).flags


def test_a_disturbed_baseline_is_noisy() -> None:
    world = World()
    world.twist = lambda side, ns: ns * (1 if side == "candidate" or world.block % 9 == 0 else 8)
    assert Flag.NOISY in scored(world).flags


@pytest.mark.parametrize("role", ["candidate", "baseline"])
def test_one_side_alone(role: SideName) -> None:
    world = World()
    side = FakeSide(role, world, RUN_NS)
    alone = single(side, Mode.REPORT, seed=1, role=role, clock=world)
    assert isinstance(alone, Comparison)
    found = rescore(alone.samples, COST, ROOF)
    assert found.sides[role].ms_median == pytest.approx((RUN_NS + 20e3) / 1e6)
    if role == BASELINE:
        assert found.figures is None
        return
    assert found.figures is not None
    assert found.figures.speedup is None and found.figures.balanced is None
    assert found.scores["speed"] is None
    assert found.scores["compute"] == found.figures.gflops


def test_a_problem_without_bytes_has_no_infinite_figure() -> None:
    figures = scored(World(), cost=Cost(flops=1e6, bytes=0.0)).figures
    assert figures is not None
    values = [v for v in vars(figures).values() if isinstance(v, float)]
    assert all(math.isfinite(value) for value in values)
