"""Statistics of a comparison: means over problems with seeds nested in them, and their intervals.

Every figure is a weighted sum over cells: problems count alike, and so do the seeds of a problem.
An interval is a percentile bootstrap that resamples problems, and within each of them its seeds
(hierarchical bootstrap; Davison and Hinkley, Bootstrap Methods and their Application, 3.8).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
#: A problem and a seed.
Key = tuple[str, int]

DRAWS = 4000
LEVEL = 0.95
#: Thresholds of the fast_p curve.
THRESHOLDS = (0.0, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0)
#: The area below the curve is taken between these.
AREA = (1.0, 3.0)


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval at LEVEL; None: there is one problem, and so no interval."""

    value: float
    low: float | None = None
    high: float | None = None


class Sample:
    """Problems and seeds that figures are taken over, and how they are drawn again.

    Values are given in the order of `keys`.
    """

    def __init__(self, keys: Sequence[Key], *, seed: int = 0, draws: int = DRAWS) -> None:
        if not keys or len(set(keys)) < len(keys):
            raise ValueError("a sample has cells, each once")
        self.keys = tuple(sorted(keys))
        self.problems = tuple(dict.fromkeys(problem for problem, _ in self.keys))
        self._counts = np.array([sum(p == one for p, _ in self.keys) for one in self.problems])
        of_each = 1.0 / (len(self.problems) * self._counts)
        self.weights: Array = np.repeat(of_each, self._counts)
        self.drawn: Array = self._drawn(np.random.default_rng(seed), draws)

    def _drawn(self, rng: np.random.Generator, draws: int) -> Array:
        """Weights of the cells in each resample, one a row; (0, cells) with one problem."""
        many, most = len(self.problems), int(self._counts.max())
        if many == 1:
            return np.zeros((0, len(self.keys)))
        first = np.concatenate([[0], np.cumsum(self._counts)[:-1]])
        chosen = rng.integers(0, many, (draws, many))
        counts = self._counts[chosen][:, :, None]
        cells = (rng.random((draws, many, most)) * counts).astype(np.int64)
        counted = np.arange(most) < counts
        weights = np.where(counted, 1.0 / (many * counts), 0.0)
        found = np.zeros((draws, len(self.keys)))
        rows = np.broadcast_to(np.arange(draws)[:, None, None], cells.shape)
        np.add.at(found, (rows, cells + first[chosen][:, :, None]), weights)
        return found

    def mean(
        self, values: Sequence[float], transform: Callable[[Array], Array] | None = None
    ) -> Estimate:
        """The mean over problems of the mean over seeds, transformed afterwards."""
        column = np.asarray(values, dtype=np.float64)
        change = transform or (lambda array: array)
        value = float(change(np.atleast_1d(self.weights @ column))[0])
        return self.estimate(value, change(self.drawn @ column))

    def geometric_mean(self, values: Sequence[float]) -> Estimate:
        """The geometric mean of values that are all above 0."""
        return self.mean([math.log(value) for value in values], np.exp)

    def estimate(self, value: float, resampled: Array) -> Estimate:
        """A figure with the interval that its resampled values span."""
        if resampled.size == 0:
            return Estimate(value)
        tail = 50 * (1 - LEVEL)
        low, high = np.percentile(resampled, [tail, 100 - tail])
        return Estimate(value, float(low), float(high))


@dataclass(frozen=True)
class Outcome:
    """What a search came to on one problem with one seed.

    `right`: it found a right kernel. `speedup`: of its best over the base, which is the start or
    MLX; None: not known. `faster`: a gain over the base is proved.
    """

    right: bool
    speedup: float | None
    faster: bool

    @property
    def score(self) -> float:
        """The speedup; 1 where it is wrong, slower or not known: a user falls back to the base."""
        if not self.right or self.speedup is None:
            return 1.0
        return max(1.0, self.speedup)

    def beats(self, threshold: float) -> bool:
        """Whether it is right and faster than this; from 1 on only what is proved counts."""
        if not self.right or (threshold >= 1 and not self.faster):
            return False
        return threshold == 0 or (self.speedup is not None and self.speedup > threshold)


def fast_p(
    sample: Sample, outcomes: Mapping[Key, Outcome], thresholds: Sequence[float] = THRESHOLDS
) -> list[Estimate]:
    """The share of all problems that are right and faster than p, for each p (KernelBench)."""
    ordered = [outcomes[key] for key in sample.keys]
    return [sample.mean([float(one.beats(p)) for one in ordered]) for p in thresholds]


def fast_area(sample: Sample, outcomes: Mapping[Key, Outcome]) -> Estimate:
    """The area below the fast_p curve over AREA, as a share of it: exact, not by its points."""
    low, high = AREA
    found = [outcomes[key] for key in sample.keys]
    reached = [min(one.score, high) if one.beats(low) else low for one in found]
    return sample.mean([(value - low) / (high - low) for value in reached])


def score(sample: Sample, outcomes: Mapping[Key, Outcome]) -> Estimate:
    """The geometric mean of the scores: wrong or slower counts 1."""
    return sample.geometric_mean([outcomes[key].score for key in sample.keys])


def correct_by_attempt(
    sample: Sample, right: Mapping[Key, Sequence[bool]], most: int
) -> list[Estimate]:
    """The share of problems with a right source among the first k attempts, for k from 1 on."""
    return [
        sample.mean([float(any(right[key][:count])) for key in sample.keys])
        for count in range(1, most + 1)
    ]


#: What was used after a step, and the best so far; used never falls.
Curve = Sequence[tuple[float, float]]


def best_so_far(
    sample: Sample, curves: Mapping[Key, Curve], grid: Sequence[float]
) -> list[Estimate]:
    """The geometric mean of the best so far once so much was used; before its first step, 1."""
    return [sample.geometric_mean([at(curves[key], used) for key in sample.keys]) for used in grid]


def at(curve: Curve, used: float) -> float:
    """The best so far of one curve."""
    reached = [best for spent, best in curve if spent <= used]
    return reached[-1] if reached else 1.0


def union(
    sample: Sample,
    singles: Mapping[str, Mapping[Key, float]],
    together: Mapping[str, Mapping[Key, float]],
) -> tuple[str, Estimate]:
    """What the best of all arms on each cell gains over the single arm that is best on the whole,
    and which that is.

    `singles`: scores of each arm on its own; `together`: of the same arms as parts of the union,
    at their full budget or at a share of it. The single best is chosen anew in each resample, so
    that having looked for it is part of the interval.
    """
    table = _logs(sample, singles)
    joined = _logs(sample, together).max(axis=0)
    means = table @ sample.weights
    value = math.exp(float(joined @ sample.weights - means.max()))
    best = list(singles)[int(means.argmax())]
    drawn = np.exp(sample.drawn @ joined - (sample.drawn @ table.T).max(axis=1, initial=-np.inf))
    return best, sample.estimate(value, drawn)


def _logs(sample: Sample, scores: Mapping[str, Mapping[Key, float]]) -> Array:
    return np.log([[of_arm[key] for key in sample.keys] for of_arm in scores.values()])


def ratio(sample: Sample, scores: Mapping[Key, float], base: Mapping[Key, float]) -> Estimate:
    """The ratio of two arms' geometric means over the cells that both have, drawn in pairs."""
    return sample.geometric_mean([scores[key] / base[key] for key in sample.keys])
