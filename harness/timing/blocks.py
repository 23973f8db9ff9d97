"""Blocks, the unit of a paired measurement: their order, their ratio, and when one is dropped.

Pure data and arithmetic; taking the samples is measure's part, judging many blocks is verdict's.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Any, Literal

from harness.clock import Clock, ClockName, DeviceTime, Duration, Wall

SideName = Literal["baseline", "candidate"]
BASELINE: SideName = "baseline"
CANDIDATE: SideName = "candidate"

#: A is the baseline, B the candidate.
LETTERS: Mapping[str, SideName] = {"A": BASELINE, "B": CANDIDATE}
CLOCKS: Mapping[str, type[Clock]] = {"wall": Wall, "device": DeviceTime}

#: Largest relative difference of the chip's clock between two visits of one block.
CLOCK_STEP = 0.02
#: Lowest share of the highest clock seen in the run.
CLOCK_FLOOR = 0.75


@dataclass(frozen=True)
class Visit:
    """Consecutive samples of one side: each (T(K),), or (T(K), T(2K)) where slopes are timed.

    `device_times_ns`: the same runs on the device's own clock; empty where it has none.
    """

    side: SideName
    instances: int
    times_ns: tuple[tuple[float, ...], ...]
    clock: ClockName = "wall"
    frequency: float | None = None
    device_times_ns: tuple[tuple[float, ...], ...] = ()

    @property
    def runs_ns(self) -> list[float]:
        """Time of one instance, a sample each."""
        return _runs(self.times_ns, self.instances)

    @property
    def device_runs_ns(self) -> list[float]:
        """The same on the device's own clock."""
        return _runs(self.device_times_ns, self.instances)

    @property
    def cycles(self) -> list[float]:
        """The same on the chip's clock; empty where no clock is known."""
        return [ns * self.frequency for ns in self.runs_ns] if self.frequency else []

    def to_json(self) -> dict[str, Any]:
        """The form in which Samples keep it."""
        own = [list(times) for times in self.device_times_ns]
        return {
            "side": self.side,
            "instances": self.instances,
            "times_ns": [list(times) for times in self.times_ns],
            "clock": self.clock,
            "frequency": self.frequency,
            **({"device_times_ns": own} if own else {}),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Visit:
        """Inverse of `to_json`."""
        times = tuple(tuple(pair) for pair in data["times_ns"])
        own = tuple(tuple(pair) for pair in data.get("device_times_ns", ()))
        clock, frequency = data["clock"], data["frequency"]
        return Visit(data["side"], data["instances"], times, clock, frequency, own)


@dataclass(frozen=True)
class Block:
    """Visits of both sides in mirrored order, A B B A or B A A B; of one side only, A A or B B."""

    order: str
    visits: tuple[Visit, ...]

    def of(self, side: SideName) -> list[Visit]:
        """The visits of one side."""
        return [visit for visit in self.visits if visit.side == side]

    def runs_ns(self, side: SideName) -> list[float]:
        """Time of one instance of a side, over both its visits."""
        return [ns for visit in self.of(side) for ns in visit.runs_ns]

    def median(self, side: SideName) -> Duration[Any]:
        """The median over both visits of a side, on the clock that took it."""
        visits = self.of(side)
        clocks = {visit.clock for visit in visits}
        if len(clocks) != 1:
            raise TypeError(f"one side of a block timed with {sorted(clocks)}")
        return Duration(median(self.runs_ns(side)), CLOCKS[clocks.pop()])

    @cached_property
    def log_ratio(self) -> float:
        """ln(baseline / candidate), positive if the candidate is faster; nan for an invalid one."""
        slow, fast = self.median(BASELINE), self.median(CANDIDATE)
        return math.log(slow / fast) if _is_time(slow.ns) and _is_time(fast.ns) else math.nan

    @cached_property
    def log_ratio_cycles(self) -> float | None:
        """The same in cycles, where the chip's clock is known for every visit."""
        slow = [c for visit in self.of(BASELINE) for c in visit.cycles]
        fast = [c for visit in self.of(CANDIDATE) for c in visit.cycles]
        if not all(visit.frequency for visit in self.visits) or math.isnan(self.log_ratio):
            return None
        return math.log(median(slow) / median(fast))

    @property
    def paired(self) -> bool:
        """Whether both sides were visited."""
        return len({visit.side for visit in self.visits}) == 2

    @property
    def frequencies(self) -> list[float]:
        """The chip's clock at each visit that knows it."""
        return [visit.frequency for visit in self.visits if visit.frequency]

    def to_json(self) -> dict[str, Any]:
        """The form in which Samples keep it."""
        return {"order": self.order, "visits": [visit.to_json() for visit in self.visits]}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Block:
        """Inverse of `to_json`."""
        return Block(data["order"], tuple(Visit.from_json(visit) for visit in data["visits"]))


def drop_reason(block: Block, top_frequency: float) -> str:
    """Why a block must not count, or "". Never depends on which side was faster."""
    for side in {visit.side for visit in block.visits}:
        if not _is_time(block.median(side).ns):
            return f"{side} has no positive finite time"
    seen = block.frequencies
    if seen and max(seen) > (1 + CLOCK_STEP) * min(seen):
        return f"the chip's clock changed by {100 * (max(seen) / min(seen) - 1):.1f} % inside it"
    if seen and min(seen) < CLOCK_FLOOR * top_frequency:
        return f"the chip's clock was at {100 * min(seen) / top_frequency:.0f} % of its highest"
    return ""


def top_frequency(blocks: list[Block]) -> float:
    """The highest clock seen in a run; 0 where none is known."""
    return max((f for block in blocks for f in block.frequencies), default=0.0)


def orders(seed: int, sides: Sequence[SideName] = (BASELINE, CANDIDATE)) -> Iterator[str]:
    """Visit orders without end.

    Every two blocks hold each order once, so that a handicap of the first visit cancels exactly.
    """
    generator = random.Random(seed)
    letters = [letter for letter, name in LETTERS.items() if name in sides]
    first, last = letters[0], letters[-1]
    mirrored = [first + last + last + first, last + first + first + last]
    pair = mirrored if first != last else [2 * first] * 2
    while True:
        generator.shuffle(pair)
        yield from pair


def _runs(times: tuple[tuple[float, ...], ...], k: int) -> list[float]:
    return [(t[1] - t[0]) / k if len(t) == 2 else t[0] / k for t in times]


def _is_time(ns: float) -> bool:
    return math.isfinite(ns) and ns > 0
