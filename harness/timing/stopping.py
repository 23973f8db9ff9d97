"""Stopping rules: small classes that are fed one block at a time and own their defaults."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Protocol

from harness.evaluation import Verdict
from harness.timing.stats import winsorised_deviation
from harness.timing.verdict import CALIBRATION, DROP_SHARE, VERDICT_ALPHA, Mode, interval_verdict

#: Blocks of a Record: fixed before the run, more where the machine is noisy.
RECORD_BLOCKS = 24
RECORD_BLOCKS_NOISY = 48
#: Deviation of the screening blocks' log-ratios above which a Record takes the larger number.
NOISY_DEVIATION = 0.03
#: Blocks of a comparison whose single run is over half a second.
LONG_RUN_BLOCKS = 6


class Stop(Protocol):
    """A rule that says after each block whether the run is over."""

    def feed(self, log_ratio: float | None) -> bool:
        """Take one block's log-ratio, None for a dropped block; True ends the run."""

    @property
    def alpha(self) -> float:
        """The level at which a verdict may be taken if the run ended now."""

    @property
    def most_blocks(self) -> int:
        """No run of this rule is longer."""


def spent(alpha: float, fraction: float) -> float:
    """Error spent up to this fraction of the longest run (Lan and DeMets' Pocock-like function)."""
    return alpha * math.log1p((math.e - 1) * min(fraction, 1.0))


@dataclass
class UntilDecided:
    """Looks at a few counts of blocks and stops at the first that decides. Used by `report`.

    Each look is given its own share of alpha, so that the sum bounds the error of all looks,
    whatever their correlation; a run that time cuts short gives all that is left to its last look.
    """

    looks: tuple[int, ...] = (8, 12, 16, 24, 32, 48)
    total_alpha: float = VERDICT_ALPHA
    ratios: list[float] = field(default_factory=list, init=False)
    dropped: int = field(default=0, init=False)
    decided: bool = field(default=False, init=False)
    _passed: int = field(default=0, init=False)
    _level: float = field(default=0.0, init=False)

    def feed(self, log_ratio: float | None) -> bool:
        if log_ratio is None or not math.isfinite(log_ratio):
            self.dropped += 1
        else:
            self.ratios.append(log_ratio)
        taken = len(self.ratios) + self.dropped
        if self.decided or taken not in self.looks:
            return self.decided or taken >= self.most_blocks
        self._level = self._share(taken)
        self._passed = taken
        verdict = interval_verdict(self.ratios, self._level)
        hopeless = self.dropped > DROP_SHARE * taken
        self.decided = verdict is not Verdict.UNCLEAR and not hopeless
        return self.decided or hopeless or taken >= self.most_blocks

    def _share(self, taken: int) -> float:
        before = spent(self.total_alpha, self._passed / self.most_blocks)
        return CALIBRATION * (spent(self.total_alpha, taken / self.most_blocks) - before)

    @property
    def alpha(self) -> float:
        """The level of the look that decided, or of a last look now: all that is not spent."""
        if self.decided or self._passed == self.most_blocks:
            return self._level
        before = spent(self.total_alpha, self._passed / self.most_blocks)
        return CALIBRATION * (self.total_alpha - before)

    @property
    def most_blocks(self) -> int:
        return self.looks[-1]


@dataclass
class FixedCount:
    """A number of blocks fixed before the run, whatever they show. Used by `record`."""

    blocks: int = RECORD_BLOCKS
    total_alpha: float = VERDICT_ALPHA
    taken: int = field(default=0, init=False)

    def feed(self, log_ratio: float | None) -> bool:
        self.taken += 1
        return self.taken >= self.blocks

    @property
    def alpha(self) -> float:
        return CALIBRATION * self.total_alpha

    @property
    def most_blocks(self) -> int:
        return self.blocks


@dataclass
class Few(FixedCount):
    """Just enough blocks to order candidates. Used by `screen`; never a Record."""

    blocks: int = 4


@dataclass
class WallBudget:
    """Stops before a block that would end after the budget; the first `least` are always taken."""

    budget_s: float
    least: int = 2
    taken: int = field(default=0, init=False)
    _blocks_s: float = field(default=0.0, init=False)

    def feed(self, block_s: float, elapsed_s: float) -> bool:
        """Take the wall time of one block and of the run so far; True ends the run."""
        self.taken += 1
        self._blocks_s += block_s
        expected_s = self._blocks_s / self.taken
        return self.taken >= self.least and elapsed_s + expected_s > self.budget_s


@dataclass
class Steady:
    """Warm-up by state: over once the median of a window moves less than a limit, or time is up."""

    budget_s: float
    least_s: float = 0.0
    window: int = 5
    limit: float = 0.005
    most_samples: int = 1000
    _times: list[list[float]] = field(default_factory=list, init=False)

    def feed(self, times_ns: Sequence[float], elapsed_s: float) -> bool:
        """Take one sample of each side; True ends the warm-up."""
        self._times.append(list(times_ns))
        if elapsed_s >= self.budget_s or len(self._times) >= self.most_samples:
            return True
        return elapsed_s >= self.least_s and self._still()

    def _still(self) -> bool:
        if len(self._times) < 2 * self.window:
            return False
        old = self._times[-2 * self.window : -self.window]
        new = self._times[-self.window :]
        return all(
            abs(median(after) - median(before)) <= self.limit * abs(median(before))
            for before, after in zip(zip(*old, strict=True), zip(*new, strict=True), strict=True)
        )


def record_blocks(screened: Sequence[float]) -> int:
    """Blocks of a Record, fixed before it starts, from a few screening blocks not kept."""
    noisy = len(screened) < 2 or winsorised_deviation(screened) > NOISY_DEVIATION
    return RECORD_BLOCKS_NOISY if noisy else RECORD_BLOCKS


def rule_for(mode: Mode, *, long_run: bool) -> Stop:
    """The rule of a mode on a machine that is not noisy."""
    if mode is Mode.SCREEN:
        return Few()
    if mode is Mode.RECORD:
        return FixedCount(LONG_RUN_BLOCKS if long_run else RECORD_BLOCKS)
    return UntilDecided(looks=(3, 4, LONG_RUN_BLOCKS)) if long_run else UntilDecided()
