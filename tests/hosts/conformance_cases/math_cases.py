"""Cases of math.metal: functions of one to three arguments, within the bounds of fast math."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from conformance_cases import math_bounds as bounds
from conformance_cases.model import Case, case, given, out
from conformance_cases.simt import quotient, remainder

Function = Callable[[float], float]
EIGHTHS = [k / 8 for k in range(-40, 41)]
INF = math.inf


def floats(low: float, high: float, count: int = 41) -> list[float]:
    """Values of type float, evenly spaced."""
    return [float(v) for v in np.linspace(low, high, count).astype(np.float32)]


def round_away(x: float) -> float:
    return math.copysign(math.floor(abs(x) + 0.5), x)


def sign(x: float) -> float:
    return float((x > 0) - (x < 0))


EXACT: dict[str, Function] = {
    "fabs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "trunc": math.trunc,
    "rint": round,
    "round": round_away,
    "fract": lambda x: x - math.floor(x),
    "sign": sign,
    "saturate": lambda x: min(max(x, 0.0), 1.0),
}
# name: (function, inputs, ulp, absolute)
Bound = float | Function
WITHIN: dict[str, tuple[Function, list[float], Bound, Bound]] = {
    "sin": (math.sin, floats(-3.14, 3.14), 0, bounds.TRIGONOMETRIC),
    "cos": (math.cos, floats(-3.14, 3.14), 0, bounds.TRIGONOMETRIC),
    "tan": (math.tan, floats(-1.4, 1.4), 0, bounds.tan_absolute),
    "asin": (math.asin, floats(-1, 1), 5, 2.0**-22),
    "acos": (math.acos, floats(-1, 1), 5, 2.0**-22),
    "atan": (math.atan, floats(-20, 20), 5, 0),
    "sinh": (math.sinh, floats(-4, 4), 5, bounds.hyperbolic_absolute),
    "cosh": (math.cosh, floats(-4, 4), 5, bounds.hyperbolic_absolute),
    "tanh": (math.tanh, floats(-10, 10), 5, bounds.tanh_absolute),
    "asinh": (math.asinh, floats(-3, 3), 5, bounds.asinh_absolute),
    "acosh": (math.acosh, floats(1.25, 30), 5, 2.0**-20),
    "atanh": (math.atanh, floats(-0.9, 0.9), 5, 2.0**-20),
    "exp": (math.exp, floats(-80, 80), bounds.exp_ulp, 0),
    "exp2": (lambda x: 2.0**x, floats(-100, 100), bounds.exp_ulp, 0),
    "exp10": (lambda x: 10.0**x, floats(-30, 30), bounds.exp10_ulp, 0),
    "log": (math.log, [*floats(0.01, 4), 1e-30, 1e30], 3, bounds.log_absolute),
    "log2": (math.log2, [*floats(0.01, 4), 1e-30, 1e30], 3, bounds.log_absolute),
    "log10": (math.log10, [*floats(0.01, 4), 1e-30, 1e30], 5, bounds.log_absolute),
    "sqrt": (math.sqrt, [*floats(0.001, 50), 1e-30, 1e30], 3, 0),
    "rsqrt": (lambda x: 1 / math.sqrt(x), [*floats(0.001, 50), 1e-30, 1e30], 2, 0),
    "sinpi": (lambda x: math.sin(math.pi * x), floats(-1, 1), 0, bounds.TRIGONOMETRIC),
    "cospi": (lambda x: math.cos(math.pi * x), floats(-1, 1), 0, bounds.TRIGONOMETRIC),
}
SPECIAL: dict[str, tuple[list[float], list[float]]] = {
    "exp": ([-INF, INF, -200.0, 100.0, 0.0], [0.0, INF, 0.0, INF, 1.0]),
    "exp2": ([-INF, INF, -3.0, 10.0], [0.0, INF, 0.125, 1024.0]),
    "log": ([0.0, INF], [-INF, INF]),
    "sqrt": ([0.0], [0.0]),
    "rsqrt": ([0.0, INF], [INF, 0.0]),
    "tanh": ([20.0, -20.0, 0.0], [1.0, -1.0, 0.0]),
    "floor": ([INF, -INF, 1e20], [INF, -INF, 1e20]),
    "fabs": ([-INF, math.nan], [INF, math.nan]),
    "rint": ([0.5, 1.5, 2.5, -0.5, -1.5, 8388609.0], [0, 2, 2, 0, -2, 8388609.0]),
    "round": ([0.5, 1.5, 2.5, -0.5, -1.5, 8388609.0], [1, 2, 3, -1, -2, 8388609.0]),
    "sign": ([math.nan, -INF, 0.0], [0, -1, 0]),
    "saturate": ([INF, -INF, 0.5], [1, 0, 0.5]),
}


def bound(value: Bound, x: list[float]) -> float | list[float]:
    if not callable(value):
        return value
    return [float(f"{value(v):.3g}") for v in x]


def unary() -> list[Case]:
    found = []
    for name, function in EXACT.items():
        expected = out(1, [function(x) for x in EIGHTHS])
        found.append(case(f"unary_{name}", len(EIGHTHS), 32, given(0, EIGHTHS), expected))
    for name, (function, x, ulp, absolute) in WITHIN.items():
        x = [float(np.float32(v)) for v in x]
        found.append(
            case(
                f"unary_{name}",
                len(x),
                32,
                given(0, x),
                out(1, [function(v) for v in x]),
                ulp=bound(ulp, x),
                absolute=bound(absolute, x),
            )
        )
    for name, (x, values) in SPECIAL.items():
        buffers = given(0, x), out(1, values)
        found.append(case(f"unary_{name}", len(x), 4, *buffers, variant="special"))
    return found


def binary() -> list[Case]:
    pairs = [(a / 4, b / 4) for a in (-9, -2, 0, 3, 10) for b in (-7, -4, 1, 8)]
    exact: dict[str, Callable[[float, float], float]] = {
        "fmin": min,
        "fmax": max,
        "copysign": math.copysign,
        "fdim": lambda a, b: max(a - b, 0.0),
        "step": lambda a, b: float(b >= a),
        "fmod": math.fmod,
    }
    found = []
    for name, function in exact.items():
        used = [p for p in pairs if name != "fmod" or p[1] in (-1.0, 2.0, 0.25)]
        found.append(binary_case(name, used, [function(a, b) for a, b in used]))
    positive = [
        (float(np.float32(a)), b) for a in (0.3, 0.9, 1.0, 1.7, 20.0) for b in (-2.5, 0.5, 3.0)
    ]
    for name in ("pow", "powr"):
        ulp = [float(f"{bounds.pow_ulp(a, b):.3g}") for a, b in positive]
        found.append(binary_case(name, positive, [a**b for a, b in positive], ulp=ulp))
    off_axis = [p for p in pairs if p[0]]
    angles = [math.atan2(a, b) for a, b in off_axis]
    found.append(binary_case("atan2", off_axis, angles, ulp=8, absolute=2.0**-21))
    return found


def binary_case(
    name: str, pairs: list[tuple[float, float]], expected: list[float], **rest: Any
) -> Case:
    a, b = [p[0] for p in pairs], [p[1] for p in pairs]
    return case(f"binary_{name}", len(pairs), 8, given(0, a), given(1, b), out(2, expected), **rest)


def smooth(x: float) -> float:
    t = min(max((x + 2) / 4, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def ternary() -> list[Case]:
    quads = [[k / 4 - 2, 3 - k / 2, k / 4, -k / 8] for k in range(16)]
    rows = []
    for v in quads:
        rows += [
            [v[c] * v[(c + 1) % 4] + v[(c + 2) % 4] for c in range(4)],
            [v[c] + (v[3 - c] - v[c]) * 0.25 for c in range(4)],
            [min(max(c, -1.0), 1.0) for c in v],
            [smooth(c) for c in v],
        ]
    threes = [[min(x, 0.5), max(x, 1.0), sorted((x, 0.5, 1.0))[1]] for x in EIGHTHS]
    return [
        case("ternary", 16, 8, given(0, quads), out(1, rows)),
        case("three_values", len(EIGHTHS), 32, given(0, EIGHTHS), out(1, threes)),
    ]


def parts() -> list[Case]:
    angles = floats(-3.14, 3.14)
    circle = [[math.sin(v), math.cos(v)] for v in angles]
    numbers = [0.0, 1.0, -2.5, 0.15625, 1000.75, -3e-20, 6.5e30, 0.999]
    numbers = [float(np.float32(v)) for v in numbers]
    split = []
    for v in numbers:
        fraction, exponent = math.frexp(v)
        part, whole = math.modf(v)
        split.append([fraction, exponent, v, whole, part])
    divided = [[a, b] for a in (-7, 7, 0, 2147483647) for b in (-3, 3, 1, 1000)]
    return [
        case(
            "sine_and_cosine",
            41,
            32,
            given(0, angles),
            out(1, circle),
            absolute=bounds.TRIGONOMETRIC,
        ),
        case("split_numbers", 8, 8, given(0, numbers), out(1, split)),
        case(
            "integer_division",
            16,
            16,
            given(0, divided, "int32"),
            out(1, [[quotient(a, b), remainder(a, b)] for a, b in divided], "int32"),
        ),
    ]


def named_precisions() -> list[Case]:
    precise = [[math.exp(x), math.tanh(x), math.sin(x), math.log(abs(x) + 1)] for x in EIGHTHS]
    fast = [[math.exp(x), x / 3, 1 / math.sqrt(abs(x) + 1), math.log(abs(x) + 1)] for x in EIGHTHS]
    fast_ulp = [b for x in EIGHTHS for b in (bounds.exp_ulp(x), 2.5, 2, 3)]
    fast_absolute = [b for x in EIGHTHS for b in (0, 0, 0, bounds.log_absolute(abs(x) + 1))]
    n = len(EIGHTHS)
    return [
        case("precise_forms", n, 32, given(0, EIGHTHS), out(1, precise), ulp=[4, 5, 4, 4] * n),
        case(
            "fast_forms",
            n,
            32,
            given(0, EIGHTHS),
            out(1, fast),
            ulp=fast_ulp,
            absolute=fast_absolute,
        ),
    ]


def more_names() -> list[Case]:
    x = [k / 8 for k in range(-24, 25)]
    fast, ulp, absolute = [], [], []
    for v in x:
        base = abs(v) + 1
        fast += [math.sin(v), math.cos(v), math.tanh(v), 2.0**v, math.log2(base)]
        fast += [math.sqrt(abs(v)), base**2.5, max(v, 0.0) + min(max(v, -1.0), 1.0)]
        ulp += [0, 0, 5, bounds.exp_ulp(v), 3, 3, round(bounds.pow_ulp(base, 2.5), 1), 0]
        absolute += [bounds.TRIGONOMETRIC, bounds.TRIGONOMETRIC, bounds.tanh_absolute(v), 0]
        absolute += [bounds.log_absolute(base), 0, 0, 0]
    named = [max(v, 0.5) + v * 2 + 1 + math.floor(v) + abs(v) for v in x]
    # faceforward(a, I, N): I and N are orthogonal, dot is 0 and a is turned around.
    rare = [[math.frexp(abs(v) + 1)[1] - 1, v * v + 4, -v, -1, 4 * v, 0.8] for v in x]
    return [
        case(
            "more_fast_forms",
            49,
            32,
            given(0, x),
            out(1, fast),
            ulp=ulp,
            absolute=[float(f"{v:.3g}") for v in absolute],
        ),
        case("qualified_names", 49, 32, given(0, x), out(1, named)),
        case("less_common", 49, 32, given(0, x), out(1, rare), ulp=4),
    ]


def vectors() -> list[Case]:
    quads = [[k / 4 - 2, 3 - k / 2, k / 4, -k / 8] for k in range(16)]
    rows, ulp = [], []
    for v in quads:
        rows += [
            [math.exp(c) for c in v],
            [max(c, 0.0) + min(c, 1.0) for c in v],
            [math.sqrt(abs(c)) + math.floor(c) for c in v],
        ]
        ulp += [*(bounds.exp_ulp(c) for c in v), *[0] * 4, *[4] * 4]
    triples = [[k / 4 + 0.25, 2 - k / 2, k - 3.0] for k in range(12)]
    figures = []
    for a in triples:
        b = [1, -2, 0.5]
        square = sum(c * c for c in a)
        figures.append(
            [
                sum(p * q for p, q in zip(a, b, strict=True)),
                math.sqrt(square),
                math.sqrt(sum((p - q) ** 2 for p, q in zip(a, b, strict=True))),
                square,
                a[1] * b[2] - a[2] * b[1],
                a[2] * b[0] - a[0] * b[2],
                a[2] / math.sqrt(square),
                -a[1],
            ]
        )
    stored = [[*t, 50.0] for t in triples]
    return [
        # sqrt(|v|) + floor(v) may cancel, so its bound is absolute.
        case("vector_functions", 16, 8, given(0, quads), out(1, rows), ulp=ulp, absolute=2.0**-20),
        case(
            "geometry",
            12,
            4,
            given(0, stored),
            out(1, figures),
            ulp=[0, 4, 4, 0, 0, 0, 5, 0] * 12,
        ),
    ]


def cases() -> list[Case]:
    return unary() + binary() + ternary() + parts() + named_precisions() + more_names() + vectors()
