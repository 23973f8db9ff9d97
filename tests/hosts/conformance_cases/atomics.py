"""Cases of atomics.metal: results that are the same in every order of the threads."""

from __future__ import annotations

import struct
from functools import partial

import numpy as np

from conformance_cases.model import ANY, Case, Then, given, in_shapes, inout, out, triple
from conformance_cases.model import case as plain_case
from conformance_cases.simt import i32, threadgroups, u32

SHAPES = ((32, 32), (37, 37), (256, 64), (100, 48), (1024, 1024))
case = partial(plain_case, unordered=True)


def words_of(value: float) -> int:
    return int(struct.unpack("<I", struct.pack("<f", value))[0])


def totals() -> list[Case]:
    rng = np.random.default_rng(71)
    found = []
    for n, t, variant in in_shapes(SHAPES):
        x = [int(v) for v in rng.integers(0, 1 << 32, n)]
        s = [int(v) for v in rng.integers(-(1 << 31), 1 << 31, n)]
        masked = [v & 0x00FF00FF for v in x]
        ored = 5
        anded, xored = 0xFFFF0FFF, 0
        for v in masked:
            ored, anded, xored = ored | v, anded & v, xored ^ v
        found += [
            case(
                "add_up",
                n,
                t,
                inout(0, [12], [u32(12 + sum(x))], "uint32"),
                given(1, x, "uint32"),
                variant=variant,
            ),
            case(
                "signed_minmax",
                n,
                t,
                inout(0, [0, 0, 9], [min(0, *s), max(0, *s), i32(9 - sum(s))], "int32"),
                given(1, s, "int32"),
                variant=variant,
            ),
            case(
                "unsigned_minmax",
                n,
                t,
                inout(0, [0xFFFFFFFF, 0], [min(x), max(x)], "uint32"),
                given(1, x, "uint32"),
                variant=variant,
            ),
            case(
                "bits",
                n,
                t,
                inout(0, [5, 0xFFFF0FFF, 0], [ored, anded, xored], "uint32"),
                given(1, masked, "uint32"),
                variant=variant,
            ),
            case(
                "threadgroup_integers",
                n,
                t,
                given(0, s, "int32"),
                out(1, threadgroup_integers(s, n, t), "int32"),
                variant=variant,
            ),
        ]
    return found


def threadgroup_integers(s: list[int], n: int, t: int) -> list[int]:
    results = []
    for threads in threadgroups(n, t):
        held = [s[thread.flat] for thread in threads]
        ored, anded, xored = 0, -1, 0
        for v in held:
            ored, anded, xored = ored | v, anded & v, xored ^ v
        results += [i32(sum(held)), min(0, *held), max(0, *held), ored, anded, xored]
    return results


def floats() -> list[Case]:
    found = []
    for n, t, variant in in_shapes(SHAPES):
        # Multiples of 1/8 whose sums stay exact in float, whatever their order.
        x = [((k * 53) % 97 - 40) / 8 for k in range(n)]
        sums = [k + sum(x[k::4]) for k in range(4)]
        positive = [((k * 53 + 7) % 997) / 16 for k in range(n)]
        peak = words_of(max(positive))
        found += [
            case("float_add", n, t, inout(0, [0, 1, 2, 3], sums), given(1, x), variant=variant),
            case(
                "float_max_by_exchange",
                n,
                t,
                inout(0, [0], [peak], "uint32"),
                given(1, positive),
                variant=variant,
            ),
            case(
                "float_subtract_and_swap",
                n,
                t,
                inout(0, [2.5, 8], [2.5 - sum(x), 4]),
                given(1, x),
                variant=variant,
            ),
        ]
    return found


def counts() -> list[Case]:
    found = []
    for n, t, variant in in_shapes(SHAPES):
        x = [(k * 89 + 3) % 256 for k in range(n)]
        bins = [sum(v % 16 == b for v in x) for b in range(16)]
        found += [
            case(
                "histogram",
                n,
                t,
                given(0, x, "uint8"),
                inout(1, [1] * 16, [b + 1 for b in bins], "uint32"),
                variant=variant,
            ),
            case(
                "unique_slots",
                n,
                t,
                inout(0, [0], [n], "uint32"),
                out(1, [1] * n, "uint32", count=n + 8),
                variant=variant,
            ),
            case(
                "wraps", n, t, inout(0, [3], [u32(3 + n * 0x80000001)], "uint32"), variant=variant
            ),
            case(
                "typed_template",
                n,
                t,
                inout(0, [1], [1 + 2 * n], "uint32"),
                inout(1, [2], [2 - 3 * n], "int32"),
                variant=variant,
            ),
            case(
                "fenced",
                n,
                t,
                out(0, range(1, n + 1), "uint32"),
                inout(1, [0], [n], "uint32"),
                out(2, [n - 1], "uint32"),
                variant=variant,
            ),
            case(
                "exchange_chain",
                n,
                t,
                # Which thread stored last is open; what was stored and what was taken out is not.
                inout(0, [40], [ANY], "int32"),
                inout(1, [0], [ANY], "int32"),
                out(2, [n * (n + 1) // 2 + 40], "int32"),
                then=(Then("exchange_total", triple(1), triple(1), {0: 0, 1: 1, 2: 2}),),
                variant=variant,
            ),
            case(
                "increment_by_exchange",
                n,
                t,
                inout(0, [-5], [i32(-5 + 3 * n)], "int32"),
                variant=variant,
            ),
            case(
                "counted_then_plain",
                n,
                t,
                inout(0, [0], [n], "uint32"),
                out(1, [n * 10], "uint32"),
                then=(Then("read_as_plain", triple(1), triple(1), {0: 0, 1: 1}),),
                variant=variant,
            ),
        ]
    for n, t in ((32, 32), (100, 20), (74, 37)):
        x = [(k * 89 + 3) % 251 for k in range(n)]
        bins = [
            sum(x[thread.flat] % 8 == b for thread in threads)
            for threads in threadgroups(n, t)
            for b in range(8)
        ]
        found.append(
            case(
                "threadgroup_histogram",
                n,
                t,
                given(0, x, "uint32"),
                out(1, bins, "uint32"),
                variant=f"{n}x{t}",
            )
        )
    return found


def others() -> list[Case]:
    long_values = [(k * 0x9E3779B97F4A7C15 + 5) % (1 << 64) for k in range(100)]
    found = [
        case(
            "long_max",
            100,
            32,
            inout(0, [7], [max(long_values)], "uint64"),
            given(1, long_values, "uint64"),
        ),
        case(
            "long_min",
            100,
            32,
            inout(0, [(1 << 64) - 1], [min(long_values)], "uint64"),
            given(1, long_values, "uint64"),
        ),
    ]
    for place in (0, 31, 63, None):
        x = [42 if k == place else k + 100 for k in range(64)]
        expected = int(place is not None)
        found.append(
            case(
                "bool_flag",
                64,
                64,
                inout(0, [9], [expected], "uint32"),
                given(1, x, "int32"),
                variant=str(place).lower(),
            )
        )
    return found


def cases() -> list[Case]:
    return totals() + floats() + counts() + others()
