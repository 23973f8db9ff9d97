"""Cases of simd.metal: SIMD-group functions in uniform flow, over full and partial groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_, or_, xor
from typing import Any

import numpy as np

from conformance_cases.model import ANY, Case, case, given, in_shapes, out
from conformance_cases.simt import SIMD_WIDTH, clusters, per_cluster, per_thread, threadgroups, u32

SHAPES = ((32, 32), (64, 64), (37, 37), (256, 256), (100, 64), (5, 5))
Values = Callable[[list[Any]], list[Any]]


def everywhere(value: Callable[[list[Any]], Any]) -> Values:
    """A reduction: every active lane gets the same result."""
    return lambda lanes: [value(lanes)] * len(lanes)


def from_lane(source: Callable[[int], int]) -> Values:
    """A shuffle: an active lane's value, undefined where that lane does not run."""

    def values(lanes: list[Any]) -> list[Any]:
        sources = [source(lane) for lane in range(len(lanes))]
        return [lanes[s] if s < len(lanes) else ANY for s in sources]

    return values


def prefix(start: Any, step: Callable[[Any, Any], Any], inclusive: bool) -> Values:
    def values(lanes: list[Any]) -> list[Any]:
        results, running = [], start
        for value in lanes:
            results.append(step(running, value) if inclusive else running)
            running = step(running, value)
        return results

    return values


def add(a: Any, b: Any) -> Any:
    return a + b


def multiply(a: Any, b: Any) -> Any:
    return a * b


def product(lanes: Sequence[Any]) -> Any:
    return reduce(multiply, lanes)


def fill_up(lanes: list[int], delta: int, width: int) -> list[Any]:
    """Lane l takes d[l-delta] of its cluster, else fill[l-delta+width]; fill is -d."""
    results: list[Any] = []
    for lane in range(len(lanes)):
        base, place = lane - lane % width, lane % width
        source = base + (place - delta) % width
        value = lanes[source] if source < len(lanes) else None
        results.append(ANY if value is None else value if place >= delta else -value)
    return results


def fill_down(lanes: list[int], delta: int, width: int) -> list[Any]:
    """Lane l takes d[l+delta] of its cluster, else fill[l+delta-width]; fill is -d."""
    results: list[Any] = []
    for lane in range(len(lanes)):
        base, place = lane - lane % width, lane % width
        source = base + (place + delta) % width
        value = lanes[source] if source < len(lanes) else None
        results.append(ANY if value is None else value if place + delta < width else -value)
    return results


FLOAT_REDUCTIONS: dict[str, Values] = {
    "sum": everywhere(sum),
    "max": everywhere(max),
    "min": everywhere(min),
    "prefix_inclusive_sum": prefix(0.0, add, True),
    "prefix_exclusive_sum": prefix(0.0, add, False),
    "broadcast": from_lane(lambda lane: 7),
    "broadcast_uniform_variable": from_lane(lambda lane: 3),
    "shuffle": from_lane(lambda lane: (lane * 5 + 3) % SIMD_WIDTH),
}
# Factors whose products are exact in any order: powers of two and few of them.
FLOAT_PRODUCTS: dict[str, Values] = {
    "product": everywhere(product),
    "prefix_inclusive_product": prefix(1.0, multiply, True),
    "prefix_exclusive_product": prefix(1.0, multiply, False),
}
UINT_FUNCTIONS: dict[str, Values] = {
    "bitwise_and": everywhere(lambda lanes: reduce(and_, lanes)),
    "bitwise_or": everywhere(lambda lanes: reduce(or_, lanes)),
    "bitwise_xor": everywhere(lambda lanes: reduce(xor, lanes)),
    "votes": everywhere(
        lambda lanes: int(all(v & 1 for v in lanes)) + 2 * int(any(v & 1 for v in lanes))
    ),
    "first_lane": lambda lanes: [u32(2 * lanes[0] + (k == 0)) for k in range(len(lanes))],
    "prefix_uint": lambda lanes: [
        u32(sum(lanes[: k + 1]) + 3 * product([1, *lanes[:k]])) for k in range(len(lanes))
    ],
}
INT_FUNCTIONS: dict[str, Values] = {
    "sum_int": everywhere(lambda lanes: sum(lanes) + max(lanes) - min(lanes)),
    "shuffle_down": from_lane(lambda lane: lane + 3 if lane + 3 < SIMD_WIDTH else lane),
    "shuffle_up": from_lane(lambda lane: lane - 5 if lane >= 5 else lane),
    "rotate_down": from_lane(lambda lane: (lane + 3) % SIMD_WIDTH),
    "rotate_up": from_lane(lambda lane: (lane - 9) % SIMD_WIDTH),
    "fill_up": lambda lanes: fill_up(lanes, 4, SIMD_WIDTH),
    "fill_up_modulo": lambda lanes: fill_up(lanes, 5, 16),
    "fill_down": lambda lanes: fill_down(lanes, 6, SIMD_WIDTH),
    "fill_down_modulo": lambda lanes: fill_down(lanes, 3, 8),
    "uniform_delta": from_lane(lambda lane: lane + 2 if lane + 2 < SIMD_WIDTH else lane),
}


def of_table(table: dict[str, Values], dtype: str, x: Callable[[int], list[Any]]) -> list[Case]:
    found = []
    for name, values in table.items():
        for n, t, variant in in_shapes(SHAPES):
            held = x(n)
            expected = per_cluster(held, n, t, values)
            if all(value == ANY for value in expected):
                continue
            buffers = given(0, held, dtype), out(1, expected, dtype)
            found.append(case(name, n, t, *buffers, variant=variant))
    return found


def scalars() -> list[Case]:
    rng = np.random.default_rng(31)
    # Multiples of 1/4 below 64: sums of 32 are exact in float in any order.
    return [
        *of_table(FLOAT_REDUCTIONS, "float32", lambda n: (rng.integers(-255, 255, n) / 4).tolist()),
        *of_table(
            FLOAT_PRODUCTS, "float32", lambda n: rng.choice([0.5, 1.0, 2.0, -1.0, 1.0], n).tolist()
        ),
        *of_table(UINT_FUNCTIONS, "uint32", lambda n: rng.integers(0, 1 << 32, n).tolist()),
        *of_table(INT_FUNCTIONS, "int32", lambda n: rng.integers(-999, 999, n).tolist()),
        *of_table(
            {"sum_char": everywhere(lambda lanes: max(lanes) - sum(lanes))},
            "int8",
            lambda n: rng.integers(-2, 3, n).tolist(),
        ),
    ]


def votes() -> list[Case]:
    found = []
    for n, t, variant in in_shapes(SHAPES):
        x = [(k * 37 + 11) % 101 for k in range(n)]
        ballots = everywhere(lambda lanes: sum((v > 50) << k for k, v in enumerate(lanes)))
        active = everywhere(lambda lanes: (1 << len(lanes)) - 1)
        found += [
            case(
                "ballot",
                n,
                t,
                given(0, x, "uint32"),
                out(1, per_cluster(x, n, t, ballots), "uint64"),
                variant=variant,
            ),
            case(
                "active_mask", n, t, out(0, per_cluster(x, n, t, active), "uint64"), variant=variant
            ),
        ]
        for name, flag in (("all-odd", 1), ("none-odd", 2)):
            flags = [flag] * n
            expected = out(1, per_cluster(flags, n, t, UINT_FUNCTIONS["votes"]), "uint32")
            buffers = given(0, flags, "uint32"), expected
            found.append(case("votes", n, t, *buffers, variant=f"{name}-{variant}"))
    return found


def vectors() -> list[Case]:
    rng = np.random.default_rng(32)
    found = []
    for n, t, variant in in_shapes(((32, 32), (37, 37), (100, 64))):
        x4 = (rng.integers(-64, 64, (n, 4)) / 8).tolist()
        sums = per_cluster(
            x4, n, t, everywhere(lambda lanes: [sum(v[c] for v in lanes) for c in range(4)])
        )
        h = rng.integers(-9, 9, n).tolist()
        halves = per_cluster(h, n, t, everywhere(lambda lanes: sum(lanes) + max(lanes)))
        pairs = [[float(k), 0.5 - k] for k in range(n)]
        swapped = per_cluster(pairs, n, t, from_lane(lambda lane: lane ^ 1))
        swapped = [[ANY, ANY] if pair == ANY else pair for pair in swapped]
        quads = rng.integers(-100, 100, (n, 4)).tolist()
        turned = per_cluster(quads, n, t, from_lane(lambda lane: (lane + 1) % SIMD_WIDTH))
        turned = [[ANY] * 4 if quad == ANY else quad for quad in turned]
        for name, dtype, x, expected in (
            ("sum_vector", "float32", x4, sums),
            ("sum_half", "float16", h, halves),
            ("shuffle_float2", "float32", pairs, swapped),
            ("shuffle_char4", "int8", quads, turned),
        ):
            found.append(
                case(name, n, t, given(0, x, dtype), out(1, expected, dtype), variant=variant)
            )
    return found


def whole_groups() -> list[Case]:
    rng = np.random.default_rng(33)
    found = []
    for n, t, variant in in_shapes(((32, 32), (96, 64), (1024, 1024))):
        x = (rng.integers(-64, 64, n) / 8).tolist()
        butterfly = out(1, per_cluster(x, n, t, everywhere(sum)))
        wide = [int(v) for v in rng.integers(0, 1 << 63, n)]
        fourth = out(1, per_cluster(wide, n, t, from_lane(lambda lane: 4)), "uint64")
        found += [
            case("shuffle_xor", n, t, given(0, x), butterfly, variant=variant),
            case("split_long", n, t, given(0, wide, "uint64"), fourth, variant=variant),
        ]
    for n, t, variant in in_shapes(((32, 32), (64, 64), (256, 256), (1024, 1024), (192, 128))):
        x = (rng.integers(-64, 64, n) / 8).tolist()
        totals = [0.0] * n
        for threads in threadgroups(n, t):
            for thread in threads:
                totals[thread.flat] = sum(x[other.flat] for other in threads)
        found.append(case("cross_simdgroup", n, t, given(0, x), out(1, totals), variant=variant))
    return found


def several_dimensions() -> list[Case]:
    found = []
    for n, t in (
        ((16, 16, 1), (16, 16, 1)),
        ((8, 8, 4), (8, 8, 4)),
        ((5, 3, 3), (5, 3, 3)),
        ((20, 9, 2), (8, 4, 2)),
    ):
        count = n[0] * n[1] * n[2]
        x = [(k * 13 + 5) % 97 for k in range(count)]
        sums = per_cluster(x, n, t, everywhere(sum))
        lanes = per_thread(n, t, lambda a: a.lane)
        sizes = [0] * count
        for threads in clusters(n, t, SIMD_WIDTH):
            for thread in threads:
                sizes[thread.flat] = len(threads)
        expected = [[s, lane, size] for s, lane, size in zip(sums, lanes, sizes, strict=True)]
        name = "x".join(map(str, n)) + "by" + "x".join(map(str, t))
        buffers = given(0, x, "uint32"), out(1, expected, "uint32")
        found.append(case("sum_in_solid", n, t, *buffers, variant=name))
    return found


def cases() -> list[Case]:
    return scalars() + votes() + vectors() + whole_groups() + several_dimensions()
