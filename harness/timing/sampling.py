"""How one side is sampled: the clock's tick, the cost of one run, and the batch size K.

All of it is settled before the first block; the blocks themselves are measure's.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

from harness.clock import Duration, Span, Wall
from harness.evaluation import Refusal
from harness.sides import Side
from harness.timing.blocks import SideName, Visit

#: A batch lasts at least so long, and at least so many ticks (measurement.md 3.2).
BATCH_NS = 2e6
BATCH_TICKS = 1000
#: A batch this near to the wanted length is not grown again.
BATCH_SLACK = 0.9
#: Only a run below this is timed by slope (DESIGN 4.6).
SLOPE_BELOW_NS = 2e6
#: The slower side of an uneven pair takes a smaller K than the faster, rather than a longer batch.
SLOW_BATCH_NS = 10e6
#: From here on a run is timed plainly even beside a short one: an empty run is a small part of it.
PLAIN_FROM_NS = 20e6
#: One visit should last so long, within one to five samples.
VISIT_NS = 20e6
#: In a search several short blocks, which have an interval, tell more than one long block.
SCREEN_VISIT_NS = 5e6
MOST_SAMPLES = 5
#: `estimate` stops after so many runs, or so much time, or one run of this length.
ESTIMATE_RUNS = 5
ESTIMATE_NS = 50e6
LONG_RUN_NS = 500e6
OVERHEAD_RUNS = 7
TICK_READINGS = 2000


class HostClock:
    """The machine's monotonic clock, and the chip's frequency where something knows it."""

    def now_ns(self) -> int:
        """Monotonic time."""
        return time.perf_counter_ns()

    def frequency(self) -> float | None:
        """The chip's clock now, in any unit that stays the same; None where nobody knows."""
        return None


class Timekeeper(Protocol):
    """What measurement needs of a clock; tests give it one that only samples can advance."""

    def now_ns(self) -> int:
        """Monotonic time."""

    def frequency(self) -> float | None:
        """The chip's clock now, or None."""


@dataclass(frozen=True)
class SidePlan:
    """How a side is sampled: batches of `instances`, and as slopes against twice as many or not."""

    instances: int
    slope: bool


@dataclass(frozen=True)
class Plan:
    """How a comparison samples its sides, settled before the first block."""

    sides: dict[SideName, SidePlan]
    samples_per_visit: int
    run_ns: dict[SideName, float]

    @property
    def long_run(self) -> bool:
        """Whether a single run of a side takes over half a second."""
        return max(self.run_ns.values()) > LONG_RUN_NS


def probe_tick_ns(clock: Timekeeper) -> float:
    """The smallest non-zero difference of the clock; 0 if it does not advance by itself."""
    smallest = math.inf
    last = clock.now_ns()
    for _ in range(TICK_READINGS):
        now = clock.now_ns()
        if now > last:
            smallest = min(smallest, now - last)
        last = now
    return smallest if math.isfinite(smallest) else 0.0


def overhead_ns(side: Side) -> float:
    """The usual time of an empty run on the side's path."""
    return median(wall_ns(side.overhead()) for _ in range(OVERHEAD_RUNS))


def wall_ns(duration: Duration[Wall]) -> float:
    """The nanoseconds of a wall time; any other clock is a programming error."""
    if duration.clock is not Wall:
        raise TypeError(f"a side must be timed by the wall clock, not {duration.clock.name}")
    return duration.ns


def estimate(side: Side) -> Duration[Wall] | Refusal:
    """The time of one run, cheaply: the least of a few, since the first ones also warm up."""
    runs: list[float] = []
    while len(runs) < ESTIMATE_RUNS and sum(runs) < ESTIMATE_NS:
        duration = side.sample(1)
        if isinstance(duration, Refusal):
            return duration
        runs.append(wall_ns(duration))
    return Duration(min(runs), Wall)


def make_plan(
    sides: dict[SideName, Side], tick_ns: float, visit_ns: float = VISIT_NS
) -> Plan | Refusal:
    """Choose K and the samples of a visit from a cheap estimate of each side."""
    runs: dict[SideName, float] = {}
    for name, side in sides.items():
        duration = estimate(side)
        if isinstance(duration, Refusal):
            return duration
        runs[name] = duration.ns
    fast = min(runs, key=lambda name: runs[name])
    # One method for both sides: a slope on one of them would cancel one side's overhead only.
    slope = runs[fast] < SLOPE_BELOW_NS and all(side.max_instances > 1 for side in sides.values())
    if not slope:
        plans: dict[SideName, SidePlan] = {name: SidePlan(1, False) for name in sides}
    else:
        batch = _grow(sides[fast], runs[fast], max(BATCH_NS, BATCH_TICKS * tick_ns))
        if isinstance(batch, Refusal):
            return batch
        plans = {name: _side_plan(sides[name], runs[name], batch) for name in sides}
    cost = max(_sample_ns(plans[name], runs[name]) for name in sides)
    count = int(min(max(visit_ns / cost, 1), MOST_SAMPLES)) if cost > 0 else MOST_SAMPLES
    return Plan(plans, count, runs)


def _side_plan(side: Side, run_ns: float, batch: int) -> SidePlan:
    if run_ns >= PLAIN_FROM_NS:
        return SidePlan(1, False)
    room = max(int(SLOW_BATCH_NS / run_ns), 1) if run_ns > 0 else batch
    return SidePlan(max(min(batch, room, side.max_instances // 2), 1), True)


def _sample_ns(plan: SidePlan, run_ns: float) -> float:
    return run_ns * plan.instances * (3 if plan.slope else 1)


def _grow(side: Side, run_ns: float, target_ns: float) -> int | Refusal:
    """The least K whose batch lasts long enough; a batch pays its overhead once, so look."""
    most = side.max_instances // 2
    count = 1
    batch_ns = run_ns
    while count < most and batch_ns < BATCH_SLACK * target_ns:
        wanted = count * target_ns / batch_ns if batch_ns > 0 else most
        # Never over 16 times at once: the first estimate is rough.
        count = int(min(max(math.ceil(wanted), count + 1), 16 * count, most))
        duration = side.sample(count)
        if isinstance(duration, Refusal):
            return duration
        batch_ns = wall_ns(duration)
    return count


def visit(
    name: SideName, side: Side, plan: SidePlan, count: int, clock: Timekeeper
) -> Visit | Refusal:
    """Take a visit's samples."""
    times: list[tuple[float, ...]] = []
    device: list[tuple[float, ...]] = []
    batches: Sequence[int] = (1, 2) if plan.slope else (1,)
    for _ in range(count):
        sample: list[float] = []
        own: list[float] = []
        for factor in batches:
            duration = side.sample(factor * plan.instances)
            if isinstance(duration, Refusal):
                return duration
            sample.append(wall_ns(duration))
            if isinstance(duration, Span) and duration.device is not None:
                own.append(duration.device.ns)
        times.append(tuple(sample))
        device.append(tuple(own))
    whole = all(len(own) == len(batches) for own in device)
    frequency = clock.frequency()
    return Visit(
        name, plan.instances, tuple(times), "wall", frequency, tuple(device) if whole else ()
    )
