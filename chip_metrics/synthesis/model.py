"""The arithmetic that all chips share: which resource takes how long, and which one binds.

A bound is `derived` if it follows from counts, geometry and a published or measured ceiling: no run
can be shorter. It is `modelled` if a rate in it is assumed; it then enters the estimate alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from chip_metrics.ceilings import Ceilings
from chip_metrics.chips import Chip

RESOURCES = ("bandwidth", "flop", "occupancy", "issue", "threadgroup memory", "cache", "launch")

#: Of bounds as near as this to the longest the first in the order of RESOURCES binds: issue slots
#: restate the FLOPs that fill them.
NEARLY = 0.9
#: However few threads run, independent instructions of one fill this share of the issue slots.
LEAST_FILLED = 0.25
#: No last-level cache of an unknown size is taken to be larger.
LARGEST_CACHE = 128 << 20


@dataclass(frozen=True)
class Counts:
    """What one run of a whole schedule does. `tag`: measured, or derived from a sample of it.

    `flops` are those of the problem, `counted_flops` those that the source does, a function such as
    exp counted as its polynomial. `least_bytes` must move between memory and chip; `loaded_bytes`
    and `stored_bytes` are what the threads ask for, whoever serves them; `coalescing` is the share
    of the touched lines that would have done. `threadgroups` is of the largest dispatch.
    """

    flops: float
    least_bytes: float
    working_set_bytes: float
    loaded_bytes: float
    stored_bytes: float
    counted_flops: float = 0.0
    threadgroup_bytes: float = 0.0
    bank_conflicts: float = 1.0
    coalescing: float = 1.0
    simd_operations: float = 0.0
    barriers: float = 0.0
    dispatches: int = 1
    threadgroups: int = 1
    threads: int = 1
    threadgroup_threads: int = 1024
    tag: str = "derived"


@dataclass(frozen=True)
class Rate:
    """An assumed or published rate of one core, and where it is from."""

    value: float
    source: str


@dataclass(frozen=True)
class Generation:
    """What a synthesizer assumes of its chips, beside the chip table; every rate is a model's.

    `overlap` is how well resources work at the same time: times t add up to
    (sum t^overlap)^(1/overlap), so 1 is not at all. `reachable` is the share of the peaks that good
    kernels reach. `slowest`: how many times the sum of all bounds a sound kernel may still take.
    """

    name: str
    lanes: int
    schedulers: int
    cache_bytes_per_cycle: Rate
    threadgroup_bytes_per_cycle: Rate
    simd_operation_cycles: Rate
    barrier_cycles: Rate
    thread_cycles: Rate  # of one SIMD-group, to start it and to find its place
    launch_us: Rate
    saturating_threads: Rate
    reachable: Rate
    overlap: float
    slowest: float


@dataclass(frozen=True)
class Bound:
    """The time that one resource alone needs, how that is known, and from what."""

    resource: str
    ms: float
    tag: str  # "derived" | "modelled"
    basis: str


@dataclass(frozen=True)
class Prediction:
    """No run is shorter than `least_ms`; the estimate is a model's; `binding` needs most time."""

    chip: str
    cores: int
    least_ms: float
    estimate_ms: float
    most_ms: float
    binding: Bound
    bounds: tuple[Bound, ...]


def predict(chip: Chip, generation: Generation, ceilings: Ceilings, counts: Counts) -> Prediction:
    """Bounds and estimate of one run; raises ValueError where the chip's ceilings are not known."""
    bounds = _bounds(chip, generation, ceilings, counts)
    hard = max(bound.ms for bound in bounds if bound.tag == "derived")
    launch = next(bound.ms for bound in bounds if bound.resource == "launch")
    work = [bound.ms for bound in bounds if bound.resource != "launch"]
    power = generation.overlap
    together = sum((ms / generation.reachable.value) ** power for ms in work) ** (1 / power)
    longest = max(bound.ms for bound in bounds)
    binding = next(bound for bound in bounds if bound.ms >= NEARLY * longest)
    estimate = max(together + launch, hard)
    most = max(generation.slowest * (sum(work) + launch), estimate)
    return Prediction(chip.id, chip.cores, hard, estimate, most, binding, bounds)


def _bounds(
    chip: Chip, generation: Generation, ceilings: Ceilings, counts: Counts
) -> tuple[Bound, ...]:
    gflops = ceilings.fp32_gflops
    gbps, sure = _memory_rate(chip, ceilings, counts.working_set_bytes)
    if not gflops or not gbps:
        raise ValueError(f"no ceilings of {chip.id} are known")
    used = _share_in_use(chip, generation, counts)
    cycles = _cycle_bounds(chip, generation, counts, min(counts.threadgroups / chip.cores, 1.0))
    moved = f"{counts.least_bytes:.4g} B at {gbps:.4g} GB/s"
    computed = f"{counts.flops:.4g} FLOP at {gflops:.4g} GFLOP/s"
    busy = (
        f"the {used:.3g} of the lanes that {counts.threadgroups} threadgroups of "
        f"{counts.threadgroup_threads} can use"
    )
    starts = f"dispatches: {counts.dispatches} of {generation.launch_us.value:g} us"
    return (
        Bound("bandwidth", counts.least_bytes / gbps / 1e6, sure, moved),
        Bound("flop", counts.flops / gflops / 1e6, "derived", computed),
        Bound("occupancy", counts.flops / (gflops * used) / 1e6, "derived", f"FLOPs on {busy}"),
        *cycles,
        Bound(
            "launch",
            counts.dispatches * generation.launch_us.value / 1e3,
            "modelled",
            f"{starts} ({generation.launch_us.source})",
        ),
    )


def _memory_rate(chip: Chip, ceilings: Ceilings, working_set: float) -> tuple[float | None, str]:
    """The rate at which a working set can be moved, and how sure that nothing exceeds it: what a
    cache holds, or a cache of unknown size might hold, may come faster than from memory."""
    most = ceilings.most_gbps(working_set)
    if most is None or (not ceilings.levels and working_set <= LARGEST_CACHE):
        return ceilings.bandwidth_gbps(working_set), "modelled"
    return most, "derived"


def _share_in_use(chip: Chip, generation: Generation, counts: Counts) -> float:
    """The most of the chip's lanes that the largest dispatch can use: a threadgroup runs on one
    core, beside others, and a thread on one lane."""
    cores = min(counts.threadgroups / chip.cores, 1.0)
    groups = -(-counts.threadgroups // chip.cores)  # of the fullest core
    return cores * min(groups * counts.threadgroup_threads / generation.lanes, 1.0)


def _cycle_bounds(
    chip: Chip, generation: Generation, counts: Counts, cores_in_use: float
) -> tuple[Bound, ...]:
    """What follows from rates a cycle and core."""
    if chip.clock_mhz is None:
        raise ValueError(f"the clock of {chip.id} is not known")
    per_ms = chip.clock_mhz.value * 1e3 * chip.cores * cores_in_use
    groups = counts.threads / 32
    issued = (
        max(counts.counted_flops, counts.flops) / 64  # a fused multiply-add of 32 lanes
        + (counts.loaded_bytes + counts.stored_bytes + counts.threadgroup_bytes) / (32 * 16)
        + counts.simd_operations * generation.simd_operation_cycles.value
        + counts.barriers * generation.barrier_cycles.value
        + groups * generation.thread_cycles.value
    )
    # Fewer threads on a core than this leave gaps between dependent instructions.
    on_cores = generation.saturating_threads.value * chip.cores * cores_in_use
    filled = min(max(counts.threads / on_cores, LEAST_FILLED), 1.0)
    shared = generation.threadgroup_bytes_per_cycle
    cache = generation.cache_bytes_per_cycle
    asked = (counts.loaded_bytes + counts.stored_bytes) / counts.coalescing
    return (
        Bound(
            "issue",
            issued / (generation.schedulers * per_ms) / filled,
            "modelled",
            f"{issued:.4g} cycles of {generation.schedulers} schedulers a core "
            f"({generation.simd_operation_cycles.source})",
        ),
        Bound(
            "threadgroup memory",
            counts.threadgroup_bytes * counts.bank_conflicts / (shared.value * per_ms),
            "modelled",
            f"{counts.threadgroup_bytes:.4g} B, conflicts {counts.bank_conflicts:.3g}, "
            f"{shared.value:g} B a cycle ({shared.source})",
        ),
        Bound(
            "cache",
            asked / (cache.value * per_ms),
            "modelled",
            f"{asked:.4g} B of lines asked for, {cache.value:g} B a cycle ({cache.source})",
        ),
    )
