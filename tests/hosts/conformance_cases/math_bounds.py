"""Error bounds of MSL's fast functions where the specification gives a formula."""

from __future__ import annotations

import math

UNIT = 2.0**-23  # one ulp of a float in [1, 2)
TRIGONOMETRIC = 2.0**-13  # fast sin and cos on [-pi, pi], absolute


def ulp_of(value: float) -> float:
    """The spacing of floats around a value."""
    return 2.0 ** (math.floor(math.log2(abs(value))) - 23) if value else 2.0**-149


def exp_ulp(x: float) -> float:
    """exp and exp2."""
    return 3 + math.floor(abs(2 * x))


def exp10_ulp(x: float) -> float:
    """exp2(x * log2(10)), with the rounding of the product."""
    scaled = x * math.log2(10)
    return 1 + exp_ulp(scaled) + abs(scaled)


def log_absolute(x: float) -> float:
    """log and log2: an absolute bound close to 1 stands beside the relative one."""
    return 2.0**-21 if 0.5 <= x <= 2 else 0.0


def tan_absolute(x: float) -> float:
    """sin / cos."""
    return TRIGONOMETRIC * (1 + abs(math.tan(x))) / abs(math.cos(x)) * 1.1


def hyperbolic_absolute(x: float) -> float:
    """(exp(x) -+ exp(-x)) / 2."""
    return (exp_ulp(x) + 1) * UNIT * math.cosh(x)


def tanh_absolute(x: float) -> float:
    """(t - 1) / (t + 1) with t = exp(2x)."""
    t = math.exp(2 * x)
    return 2 * t * exp_ulp(2 * x) * UNIT / (t + 1) ** 2 + 4 * UNIT


def asinh_absolute(x: float) -> float:
    """log(x + sqrt(x * x + 1)), which cancels where x is negative."""
    root = math.sqrt(x * x + 1)
    return 4 * UNIT * root / (x + root) + 2.0**-20


def pow_ulp(x: float, y: float) -> float:
    """exp2(y * log2(x))."""
    power = y * math.log2(x)
    logarithm = log_absolute(x) or 3 * ulp_of(math.log2(x))
    error = abs(y) * logarithm + abs(power) * UNIT
    return 1 + exp_ulp(power) + math.log(2) * error / UNIT
