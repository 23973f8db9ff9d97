"""Figures, scores and flags from stored Samples: pure, so that re-scoring gives every bit again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chip_metrics import Ceilings, Roofline, roofline
from harness.evaluation import DeviceTimes, Figures, Flag, Samples
from harness.spec import Cost
from harness.timing.blocks import BASELINE, CANDIDATE, Block, SideName
from harness.timing.stats import bootstrap_interval, legacy_stable, stability, t_interval
from harness.timing.verdict import Judgement, judge, sides, split_blocks

TARGETS = ("speed", "compute", "memory", "stable", "balanced")
#: Below so many empty runs a time is mostly launch cost (measurement.md 3.8).
OVERHEAD_FACTOR = 5.0
DISPLAY_LEVEL = 0.95


@dataclass(frozen=True)
class SideFigures:
    """The times of one side, in milliseconds of the wall clock, one instance each."""

    ms_median: float
    ms_min: float
    ms_mean: float
    ms_interval: tuple[float, float]
    samples: int
    stability: float
    stable: float
    overhead_ms: float

    @property
    def overhead_bound(self) -> bool:
        """Whether the time is below five empty runs on the same path."""
        return self.ms_median < OVERHEAD_FACTOR * self.overhead_ms


@dataclass(frozen=True)
class Scored:
    """All that follows from Samples. `figures` is None for invalid times and for MLX alone."""

    figures: Figures | None
    sides: Mapping[SideName, SideFigures]
    scores: Mapping[str, float | None]
    flags: tuple[Flag, ...]
    judgement: Judgement


def rescore(samples: Samples, cost: Cost, ceilings: Ceilings | None = None) -> Scored:
    """Score samples, fresh or stored. Without ceilings: no roofline, nothing implausible."""
    shown = judge(samples)
    kept, _ = split_blocks(samples)
    timed = {name: side_figures(name, kept, samples) for name in sides(kept)}
    kernel = timed.get(CANDIDATE)
    if kernel is None or not shown.valid:
        return Scored(None, timed, dict.fromkeys(TARGETS), _noise_flags(shown), shown)
    working_set = (cost.working_set or cost.bytes) * _most_instances(kept)
    roof = None
    if ceilings is not None:
        roof = roofline(
            kernel.ms_median,
            flops=cost.flops,
            bytes_moved=cost.bytes,
            ceilings=ceilings,
            working_set_bytes=working_set,
        )
    figures = _figures(samples, cost, kept, timed, shown, roof)
    flags = _noise_flags(shown)
    if any(side.overhead_bound for side in timed.values()):
        flags = (Flag.OVERHEAD_BOUND, *flags)
    if ceilings is not None:
        flags = (*_ceiling_flags(kernel, cost, ceilings, working_set), *flags)
    return Scored(figures, timed, scores(figures, kernel.stable), flags, shown)


def side_figures(name: SideName, kept: list[Block], samples: Samples) -> SideFigures:
    """The times of one side over all kept blocks."""
    runs = [ns / 1e6 for block in kept for ns in block.runs_ns(name)]
    logs = [math.log(block.median(name).ms) for block in kept]
    low, high = t_interval(logs, 1 - DISPLAY_LEVEL)
    middle = float(np.median(runs))
    return SideFigures(
        ms_median=middle,
        ms_min=min(_fastest_ms(name, kept), middle),
        ms_mean=float(np.mean(runs)),
        ms_interval=(math.exp(max(low, -700.0)), math.exp(min(high, 700.0))),
        samples=len(runs),
        stability=stability(runs),
        stable=legacy_stable(runs),
        overhead_ms=samples.overhead_ns.get(name, 0.0) / 1e6,
    )


def _fastest_ms(name: SideName, kept: list[Block]) -> float:
    """The fastest run; for slopes that between the fastest batches, as a least slope is noise."""
    visits = [visit for block in kept for visit in block.of(name)]
    batches = [times for visit in visits for times in visit.times_ns]
    instances = visits[0].instances
    least: list[float] = [min(column) for column in zip(*batches, strict=True)]
    fastest = least[1] - least[0] if len(least) == 2 else least[0]
    if fastest <= 0:
        fastest = min(ns for visit in visits for ns in visit.runs_ns if ns > 0) * instances
    return fastest / instances / 1e6


def _most_instances(kept: list[Block]) -> int:
    """Instances of the largest batch of the candidate."""
    visit = kept[0].of(CANDIDATE)[0]
    return visit.instances * len(visit.times_ns[0])


def _figures(
    samples: Samples,
    cost: Cost,
    kept: list[Block],
    timed: Mapping[SideName, SideFigures],
    shown: Judgement,
    roof: Roofline | None,
) -> Figures:
    kernel, mlx = timed[CANDIDATE], timed.get(BASELINE)
    seconds = kernel.ms_median / 1e3
    gflops = cost.flops / seconds / 1e9
    speedup = shown.speedup
    interval = None
    if speedup is not None and len(kept) > 1:
        ratios = [block.log_ratio for block in kept]
        low, high = bootstrap_interval(ratios, seed=samples.seed, level=DISPLAY_LEVEL)
        interval = (math.exp(low), math.exp(high))
    return Figures(
        clock=kept[0].visits[0].clock,
        kernel_ms_median=kernel.ms_median,
        kernel_ms_min=kernel.ms_min,
        kernel_ms_mean=kernel.ms_mean,
        kernel_samples=kernel.samples,
        mlx_ms_median=mlx.ms_median if mlx else None,
        mlx_ms_min=mlx.ms_min if mlx else None,
        mlx_ms_mean=mlx.ms_mean if mlx else None,
        mlx_samples=mlx.samples if mlx else 0,
        speedup=speedup,
        speedup_ci=interval,
        gflops=gflops,
        gbps=cost.bytes / seconds / 1e9,
        intensity=cost.flops / cost.bytes if cost.bytes else 0.0,
        stability=kernel.stability,
        balanced=_balanced(speedup, gflops, kernel.stable),
        roofline_fraction=roof.fraction if roof else None,
        bound=roof.bound if roof else None,
        kernel_overhead_ms=kernel.overhead_ms,
        mlx_overhead_ms=mlx.overhead_ms if mlx else None,
        device=_device_times(kept),
    )


def _device_times(kept: list[Block]) -> DeviceTimes | None:
    """Those of the candidate; a slope that is no time is left out."""
    runs = [ns / 1e6 for block in kept for v in block.of(CANDIDATE) for ns in v.device_runs_ns]
    sound = [ms for ms in runs if ms > 0]
    if not sound:
        return None
    return DeviceTimes(float(np.median(sound)), min(sound), len(sound))


def _balanced(speedup: float | None, gflops: float, stable: float) -> float | None:
    """MetalBench's mixture; it adds different units and is kept for compatibility."""
    return None if speedup is None else 0.5 * speedup + 0.3 * gflops / 1000 + 0.2 * stable


def scores(figures: Figures, stable: float) -> dict[str, float | None]:
    """The five targets of MetalBench. `speed` is the paired estimate of its ratio of medians."""
    return {
        "speed": figures.speedup,
        "compute": figures.gflops,
        "memory": figures.gbps,
        "stable": stable,
        "balanced": figures.balanced,
    }


def _noise_flags(shown: Judgement) -> tuple[Flag, ...]:
    noisy = (Flag.NOISY,) if shown.noisy else ()
    return (*noisy, Flag.QUANTISED) if shown.quantised else noisy


def _ceiling_flags(
    kernel: SideFigures, cost: Cost, ceilings: Ceilings, working_set: float
) -> tuple[Flag, ...]:
    """What the physics says. Only a time whose whole interval is too fast counts."""
    seconds = max(kernel.ms_interval[1], kernel.ms_median) / 1e3
    least = cost.bytes if cost.least_bytes is None else cost.least_bytes
    gbps = least / seconds / 1e9 / (1 + ceilings.allowance)
    gflops = cost.flops / seconds / 1e9 / (1 + ceilings.allowance)
    most_gbps = ceilings.most_gbps(working_set)
    too_many_flops = ceilings.most_gflops is not None and gflops > ceilings.most_gflops
    if too_many_flops or (most_gbps is not None and gbps > most_gbps):
        return (Flag.IMPLAUSIBLE,)
    in_cache = ceilings.memory_gbps is not None and gbps > ceilings.memory_gbps
    return (Flag.CACHE_RESIDENT,) if in_cache else ()
