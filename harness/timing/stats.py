"""Pure statistics of paired blocks: trimmed mean, t interval, bootstrap, spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

#: Share of the sorted sample that is cut from each end.
TRIM = 0.2
#: Draws of the display bootstrap.
BOOTSTRAP_DRAWS = 10_000


def trim_count(n: int) -> int:
    """How many values the 20 % trim cuts from each end of n."""
    return int(TRIM * n)


def trimmed_mean(values: Sequence[float] | FloatArray) -> float:
    """The 20 % trimmed mean."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    cut = trim_count(ordered.size)
    return float(ordered[cut : ordered.size - cut].mean())


def winsorised_deviation(values: Sequence[float] | FloatArray) -> float:
    """Sample standard deviation once the trimmed tails are pulled in to the nearest kept value."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    cut = trim_count(ordered.size)
    if ordered.size < 2:
        return math.inf
    clipped = np.clip(ordered, ordered[cut], ordered[ordered.size - 1 - cut])
    # Summing equal numbers rounds; a constant stream has no spread at all.
    return 0.0 if clipped[0] == clipped[-1] else float(clipped.std(ddof=1))


def trimmed_error(values: Sequence[float] | FloatArray) -> float:
    """Standard error of the trimmed mean, from the winsorised sample."""
    n = len(values)
    return winsorised_deviation(values) / ((1 - 2 * trim_count(n) / n) * math.sqrt(n))


def t_interval(values: Sequence[float] | FloatArray, alpha: float) -> tuple[float, float]:
    """Two-sided interval of the trimmed mean at level alpha; everything when n < 2."""
    n = len(values)
    if n < 2:
        return -math.inf, math.inf
    freedom = n - 2 * trim_count(n) - 1
    half = student_t_quantile(1 - alpha / 2, freedom) * trimmed_error(values)
    centre = trimmed_mean(values)
    return centre - half, centre + half


def t_lower_bound(values: Sequence[float] | FloatArray, alpha: float) -> float:
    """One-sided lower bound of the trimmed mean at level alpha."""
    return t_interval(values, 2 * alpha)[0]


def bootstrap_interval(
    values: Sequence[float] | FloatArray, *, seed: int, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap of the trimmed mean over blocks: for display, too narrow to decide."""
    sample = np.asarray(values, dtype=np.float64)
    if sample.size < 2:
        return -math.inf, math.inf
    generator = np.random.default_rng(seed)
    drawn = sample[generator.integers(0, sample.size, (BOOTSTRAP_DRAWS, sample.size))]
    drawn.sort(axis=1)
    cut = trim_count(sample.size)
    means = drawn[:, cut : sample.size - cut].mean(axis=1)
    tail = 50 * (1 - level)
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)


def relative_spread(values: Sequence[float] | FloatArray) -> float:
    """Interquartile range over median."""
    low, middle, high = np.percentile(np.asarray(values, dtype=np.float64), [25, 50, 75])
    return float((high - low) / middle)


def stability(values: Sequence[float] | FloatArray) -> float:
    """Robust steadiness in [0, 1]: 1 - IQR / median."""
    return max(0.0, 1.0 - relative_spread(values))


def legacy_stable(values: Sequence[float] | FloatArray) -> float:
    """MetalBench's `stable`: how near the median lies to the mean. Not a spread."""
    sample = np.asarray(values, dtype=np.float64)
    mean = float(sample.mean())
    return max(0.0, 1.0 - abs(float(np.median(sample)) - mean) / mean)


@lru_cache(maxsize=4096)
def student_t_quantile(probability: float, freedom: int) -> float:
    """Inverse of Student's t distribution, by bisection on its tail; no SciPy."""
    if not 0 < probability < 1 or freedom < 1:
        raise ValueError(f"no t quantile at {probability} with {freedom} degrees of freedom")
    if probability == 0.5:
        return 0.0
    if probability < 0.5:
        return -student_t_quantile(1 - probability, freedom)
    tail = 1 - probability
    low, high = 0.0, 1.0
    while student_t_tail(high, freedom) > tail:
        low, high = high, high * 2
    while high - low > 1e-13 * high:
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if student_t_tail(middle, freedom) > tail:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def student_t_tail(t: float, freedom: int) -> float:
    """P(T > t) for t >= 0."""
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _incomplete_beta(b, a, 1 - x)
    log_front = a * math.log(x) + b * math.log1p(-x)
    log_front += math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(log_front) * _beta_fraction(a, b, x) / a


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of I_x(a, b) (DLMF 8.17.22), by the modified Lentz method."""
    tiny = 1e-300
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1) or tiny)
    value = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / (1 + term * d or tiny)
            c = 1 + term / c or tiny
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value
