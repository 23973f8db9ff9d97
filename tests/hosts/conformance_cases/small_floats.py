"""Cases of small_floats.metal: half and bfloat, rounded to nearest even by NumPy or by bits."""

from __future__ import annotations

import math

import numpy as np

from conformance_cases.model import Case, case, given, out

HALVES = [0.0, 1.0, -2.0, 0.5, 1.5, 3.25, -0.75, 100.0, 2047.0, -1024.0, 0.0625, 12.5]


def to_bfloat(value: float) -> float:
    """Nearest even in the upper 16 bits of a float."""
    if not math.isfinite(value):
        return value
    bits = int(np.float32(value).view(np.uint32))
    rounded = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    return float(np.uint32(rounded).view(np.float32))


def rounding() -> list[Case]:
    # Ties go to even, both ways; beyond 65519.99 lies infinity; small numbers become subnormal.
    to_half = [0.1, 2049.0, 2051.0, 65519.0, 65520.0, -70000.0, 1 / 3, 4097.0, 4099.0, 1e-7, 6e-8]
    to_half += [
        6.1e-5,
        3.05e-5,
        -1e-10,
        65504.0,
        math.inf,
        -math.inf,
        math.nan,
        2048.5,
        1.00048828125,
    ]
    with np.errstate(over="ignore"):
        halves = [float(np.float16(np.float32(v))) for v in to_half]
    to_bf = [
        1.0,
        1.00390625,
        1.01171875,
        0.1,
        -1 / 3,
        3.3e38,
        257.0,
        259.0,
        1e-30,
        math.inf,
        math.nan,
    ]
    widened = [to_bfloat(v) for v in (1.0, -0.1, 3.14159, 1e20, 1e-20, 255.0)]
    factors = [to_bfloat(v) for v in (1.0078125, -3.14, 255.0, 0.3, 1e10, 181.0)]
    return [
        case("half_round", len(to_half), 8, given(0, to_half), out(1, halves, "float16")),
        case(
            "bfloat_round",
            len(to_bf),
            8,
            given(0, to_bf),
            out(1, [to_bfloat(v) for v in to_bf], "bfloat16"),
        ),
        case(
            "bfloat_widen",
            6,
            6,
            given(0, widened, "bfloat16"),
            out(1, [2 * v for v in widened]),
        ),
        case(
            "bfloat_multiply",
            6,
            6,
            given(0, factors, "bfloat16"),
            out(1, [to_bfloat(v * v) for v in factors], "bfloat16"),
        ),
        case(
            "bfloat_mixed",
            6,
            6,
            given(0, factors, "bfloat16"),
            out(1, [[v * 0.5, -v] for v in factors], "float32"),
        ),
    ]


def halves() -> list[Case]:
    bits = np.array(HALVES, np.float16).view(np.uint16).tolist()
    added = [float(np.float16(v) + np.float16(1)) for v in (*HALVES, 2048.0, 0.0004)]
    quads = [HALVES[4 * k : 4 * k + 4] for k in range(3)]
    scaled = [[c * 0.5 + k + 1 for k, c in enumerate(q)] for q in quads]
    tripled = [[3 * c for c in q] for q in quads]
    values = [-5.5, -1.0, -0.25, 0.0, 0.75, 1.5, 2.0, 7.25]
    functions = [max(min(v, 2.0), -1.0) + abs(v) + math.floor(v) for v in values]
    precise = [0.1 * k for k in range(16)]
    rounded = [float(np.float16(v)) for v in precise]
    products = [float(np.float16(np.float16(v) * np.float16(3.3))) for v in rounded]
    return [
        case("half_bits", 12, 4, given(0, HALVES, "float16"), out(1, bits, "uint16")),
        case(
            "half_add",
            14,
            14,
            given(0, [*HALVES, 2048.0, 0.0004], "float16"),
            out(1, added, "float16"),
        ),
        case("half_accumulate", 1, 1, given(0, rounded, "float16"), out(1, [sum(rounded)]), ulp=8),
        case("half4_scale", 3, 3, given(0, quads, "float16"), out(1, scaled, "float16")),
        case("half_to_float4", 3, 3, given(0, quads, "float16"), out(1, tripled)),
        case("half_functions", 8, 8, given(0, values, "float16"), out(1, functions, "float16")),
        case("half_multiply", 16, 16, given(0, rounded, "float16"), out(1, products, "float16")),
    ]


def mixtures() -> list[Case]:
    x = [k / 8 - 2 for k in range(32)]
    literals = [float(np.float32(v)) * float(np.float32(0.1)) + float(np.float32(0.7)) for v in x]
    scale = max(abs(v) for v in literals)
    # half * float is computed in float: 2049 * 1 would not survive a rounding to half.
    promoted = [float(np.float16(v)) * 1025.0 + 0.001 for v in HALVES]
    return [
        case(
            "single_precision_literals",
            32,
            32,
            given(0, x),
            out(1, literals),
            absolute=scale * 2.0**-22,
        ),
        case(
            "half_times_float",
            12,
            12,
            given(0, HALVES, "float16"),
            out(1, [np.float32(v) for v in promoted]),
            ulp=2,
        ),
        case(
            "half_exp",
            8,
            8,
            given(0, [-4.0, -1.0, -0.25, 0.0, 0.5, 1.0, 2.5, 8.0], "float16"),
            out(1, [math.exp(v) for v in (-4.0, -1.0, -0.25, 0.0, 0.5, 1.0, 2.5, 8.0)], "float16"),
            ulp=1,
        ),
    ]


def cases() -> list[Case]:
    return rounding() + halves() + mixtures()
