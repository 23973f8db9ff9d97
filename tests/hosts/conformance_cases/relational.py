"""Cases of relational.metal: classification, selection and comparison, special values included."""

from __future__ import annotations

import math

from conformance_cases.model import Case, case, const, given, out

NAN, INF = math.nan, math.inf
FLOATS = [0.0, -0.0, 1.5, -2.25, 3.4e38, -1e-30, INF, -INF, NAN, 65504.0, 1e-37, -7.0]
SMALLEST_NORMAL = {"float32": 2.0**-126, "float16": 2.0**-14}


def classes(v: float, with_normal: bool) -> int:
    normal = math.isfinite(v) and abs(v) >= SMALLEST_NORMAL["float32"]
    return (
        math.isnan(v)
        + 2 * math.isinf(v)
        + 4 * math.isfinite(v)
        + (8 * normal if with_normal else 0)
        + 16 * (math.copysign(1, v) < 0)
    )


def larger(a: float, b: float) -> float:
    return b if math.isnan(a) else a if math.isnan(b) else max(a, b)


def smaller(a: float, b: float) -> float:
    return b if math.isnan(a) else a if math.isnan(b) else min(a, b)


def classification() -> list[Case]:
    halves = [v for v in FLOATS if abs(v) <= 65504 or not math.isfinite(v)]
    halves = [v if abs(v) > 1e-20 or v == 0 else v * 1e25 for v in halves]
    pairs = [[a, b] for a in (1.0, NAN, -INF) for b in (0.0, NAN, INF)]
    ordering = [1 if not any(map(math.isnan, p)) else 2 for p in pairs]
    quads = [[1.0, 2.0, 3.0, v] for v in FLOATS] + [[NAN, INF, 0.0, 1.0]]
    finite = [all(map(math.isfinite, q)) + 2 * any(map(math.isnan, q)) for q in quads]
    infinity = [(v == INF) + 2 * (v > -INF) + 4 * (v != v) for v in FLOATS]
    n = len(FLOATS)
    return [
        case(
            "classify",
            n,
            8,
            given(0, FLOATS),
            out(1, [classes(v, True) for v in FLOATS], "uint32"),
        ),
        case(
            "classify_half",
            len(halves),
            4,
            given(0, halves, "float16"),
            out(1, [classes(v, False) for v in halves], "uint32"),
        ),
        case("ordered", 9, 4, given(0, pairs), out(1, ordering, "uint32")),
        case("compare_infinity", n, 32, given(0, FLOATS), out(1, infinity, "uint32")),
        case("vector_finite", len(quads), 8, given(0, quads), out(1, finite, "uint32")),
        case(
            "nan_minmax",
            9,
            9,
            given(0, pairs),
            out(1, [[smaller(a, b), larger(a, b)] for a, b in pairs]),
        ),
        case(
            "comparisons",
            9,
            9,
            given(0, pairs),
            out(
                1,
                [
                    (a < b)
                    + 2 * (a <= b)
                    + 4 * (a > b)
                    + 8 * (a >= b)
                    + 16 * (a == b)
                    + 32 * (a != b)
                    for a, b in pairs
                ],
                "uint32",
            ),
        ),
    ]


def selection() -> list[Case]:
    x = [-2.0, -0.5, 0.0, 0.25, 7.0, INF, -INF]
    quads = [[k, -k, k - 8, 8 - k] for k in range(16)]
    running = [3.0, -1.0, 5.5, 5.0, -INF, 7.25, 1.0]
    peaks = [max(running[: k + 1]) for k in range(len(running))]
    return [
        case("select_scalar", 7, 7, given(0, x), out(1, [v if v > 0 else -1.0 for v in x])),
        case(
            "select_vector",
            16,
            8,
            given(0, quads, "int32"),
            out(1, [[abs(v) for v in quad] for quad in quads], "int32"),
        ),
        case(
            "select_by_integer_types",
            16,
            16,
            given(0, quads, "int32"),
            out(1, [[1 if v > 2 else 200 for v in quad] for quad in quads], "uint8"),
        ),
        case(
            "running_maximum",
            1,
            1,
            given(0, running),
            out(1, peaks),
            constants={2: const(len(running))},
        ),
        case(
            "running_maximum",
            1,
            1,
            given(0, [-INF, -INF, -3.0]),
            out(1, [-INF, -INF, -3.0]),
            constants={2: const(3)},
            variant="infinite",
        ),
    ]


def cases() -> list[Case]:
    return classification() + selection()
