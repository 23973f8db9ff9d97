"""Cases of precise_math.metal: the bounds of the precise functions, on hard arguments too."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from conformance_cases.model import Case, case, given, out

INF, NAN = math.inf, math.nan


def singles(*values: float) -> list[float]:
    return [float(np.float32(v)) for v in values]


def guarded(function: Callable[[float], float], x: float, otherwise: float) -> float:
    """A function of Python that raises where IEEE 754 has a value."""
    try:
        return function(x)
    except (OverflowError, ValueError):
        return otherwise


def cases() -> list[Case]:
    near = singles(*np.linspace(-6, 6, 49), 1e-6, -3e-5, 0.5, 1.5707963, 3.1415927)
    around = [
        [f(v) for f in (math.sin, math.cos, math.tan, math.atan, math.sinh, math.cosh)]
        + [math.tanh(v), math.exp(v)]
        for v in near
    ]
    powers = singles(*np.linspace(-30, 30, 31))
    positive = singles(*np.linspace(0.01, 5, 40), 0.99999, 1.00001, 1e-30, 1e30, 1.0, 3e-38)
    roots = [
        [math.sqrt(v), 1 / math.sqrt(v), math.log(v), math.log2(v), math.log10(v), 1 / v]
        for v in positive
    ]
    unit = singles(*np.linspace(-1, 1, 33), 0.9999, -0.9999, 1e-5)
    pairs = [singles(a, b) for a in (-7.3, -0.4, 0.9, 12.25) for b in (-2.5, -0.7, 0.3, 3.75, 9.1)]
    two = [[math.atan2(a, b), abs(a) ** b, math.fmod(a, b), a / b] for a, b in pairs]
    angles = singles(10, 100.5, -355, 1e4, 12345.678, 1e6, 3e8, 5.5e12, 1e30)
    limits = [0.0, INF, -INF, NAN, 89.0, -110.0, -1.0, 500.0]
    with np.errstate(over="ignore"):
        exponentials = [float(np.float32(np.exp(v))) for v in limits]
    limit_values = [
        [
            exponential,
            math.tanh(v),
            -INF if v == 0 else guarded(math.log, v, NAN),
            guarded(math.sqrt, v, NAN),
        ]
        for v, exponential in zip(limits, exponentials, strict=True)
    ]
    quads = [[k / 4 - 2, 1 - k / 2, k / 4, -k / 8] for k in range(8)]
    mixed = [[math.exp(c) + math.tanh(v[1]) for c in v[::-1]] for v in quads]
    odd = singles(1.1, 3.3, 1e10 / 3, 0.7, 123.456)
    squares = [[v, -float(np.float32(v * v))] for v in odd]
    lost = [v * v + negated for v, negated in squares]
    n = len(near)
    return [
        case(
            "around_zero", n, 32, given(0, near), out(1, around), ulp=[4, 4, 6, 5, 4, 4, 5, 4] * n
        ),
        case(
            "powers_of_bases",
            31,
            32,
            given(0, powers),
            out(1, [[2.0**v, 10.0**v] for v in powers]),
            ulp=4,
        ),
        case(
            "of_positive",
            len(positive),
            32,
            given(0, positive),
            out(1, roots),
            ulp=[0, 0, 4, 4, 4, 0] * len(positive),
        ),
        case(
            "of_unit_interval",
            len(unit),
            32,
            given(0, unit),
            out(1, [[math.asin(v), math.acos(v)] for v in unit]),
            ulp=4,
        ),
        case(
            "of_two",
            len(pairs),
            8,
            given(0, pairs),
            out(1, two),
            ulp=[6, 16, 0, 0] * len(pairs),
        ),
        case(
            "large_angles",
            len(angles),
            4,
            given(0, angles),
            out(1, [[math.sin(v), math.cos(v)] for v in angles]),
            ulp=4,
        ),
        case("limits", 8, 8, given(0, limits), out(1, limit_values), ulp=5),
        case("precise_vectors", 8, 8, given(0, quads), out(1, mixed), absolute=2.0**-18),
        case("fused", 5, 5, given(0, squares), out(1, lost)),
    ]
