"""Cases of integers.metal: integer functions and bit reinterpretation, on Python's integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance_cases.model import ANY, Case, case, given, out
from conformance_cases.simt import i8, i16, i32, i64, quotient, remainder, u32, u64

EDGES = [0, 1, 2, 3, 0x7F, 0x80, 0xFF00, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF]
WORDS = EDGES + [int(v) for v in np.random.default_rng(51).integers(0, 1 << 32, 52)]
INTS = [i32(v) for v in WORDS]
INT_MIN, INT_MAX = -(1 << 31), (1 << 31) - 1


def clz(value: int, bits: int = 32) -> int:
    return bits - value.bit_length()


def ctz(value: int, bits: int = 32) -> int:
    return bits if value == 0 else (value & -value).bit_length() - 1


def popcount(value: int) -> int:
    return bin(value).count("1")


def reverse_bits(value: int, bits: int = 32) -> int:
    return int(format(value, f"0{bits}b")[::-1], 2)


def rotate(value: int, by: int) -> int:
    by %= 32
    return u32(value << by | value >> (32 - by))


def saturate(value: int, low: int = INT_MIN, high: int = INT_MAX) -> int:
    return max(low, min(high, value))


def extract(value: int, offset: int, bits: int) -> int:
    return value >> offset & ((1 << bits) - 1)


def extract_signed(value: int, offset: int, bits: int) -> int:
    field = extract(u32(value), offset, bits)
    return field - (1 << bits) if field >> (bits - 1) else field


def insert(base: int, value: int, offset: int, bits: int) -> int:
    mask = ((1 << bits) - 1) << offset
    return base & ~mask | value << offset & mask


def median(a: int, b: int, c: int) -> int:
    return sorted((a, b, c))[1]


def mapped(
    name: str, x: list[Any], dtype: str, value: Callable[[int, Any], Any], out_dtype: str = ""
) -> Case:
    """A kernel that computes `value(i, x[i])` in each thread."""
    expected = [value(i, v) for i, v in enumerate(x)]
    return case(name, len(x), 32, given(0, x, dtype), out(1, expected, out_dtype or dtype))


UINT_KERNELS: dict[str, Callable[[int, int], Any]] = {
    "bit_counts": lambda i, v: [clz(v), ctz(v), popcount(v), reverse_bits(v)],
    "rotations": lambda i, v: rotate(v, i) ^ rotate(v, 32 - i),
    "bit_fields": lambda i, v: [
        extract(v, 4, 8),
        insert(v, 0xAB, 8, 8),
        u32(extract_signed(v, 4, 8)),
    ],
    "shifts": lambda i, v: [u32(v << i % 32), v >> i % 32, u32(i32(v) >> i % 32)],
    "unsigned_products": lambda i, v: [v * 3000000019 >> 32, u32(v * 12345 + 678), min(v, 77)],
}
INT_KERNELS: dict[str, Callable[[int, int], Any]] = {
    "high_products": lambda i, v: [
        v * 1000003 >> 32,
        i32(u32(v) * 3000000019 >> 32),
        i32((v * 65536 >> 32) + 7),
    ],
    "saturating": lambda i, v: [
        saturate(v + 2000000000),
        saturate(v - 2000000000),
        i32(saturate(u32(v) + 4000000000, 0, 0xFFFFFFFF)),
        i32(saturate(u32(v) - 5, 0, 0xFFFFFFFF)),
    ],
    "halving": lambda i, v: [(v + INT_MAX) >> 1, (v + INT_MAX - 1 + 1) >> 1],
    "three_way": lambda i, v: [min(v, 10, -4), max(v, 10, -4), median(v, 10, -4)],
    "clamped": lambda i, v: max(-5, min(100, v)) + abs(remainder(v, 50)),
    "narrow_multiply": lambda i, v: (v & 0xFFFF) * 300 + (v & 0xFF) * 7 + 11,
    "signed_division": lambda i, v: [quotient(v, 7), remainder(v, 7), quotient(v, -3)],
    "saturating_multiply_add": lambda i, v: saturate(v * 3 + 1000),
}


def scalars() -> list[Case]:
    found = [mapped(name, WORDS, "uint32", value) for name, value in UINT_KERNELS.items()]
    found += [mapped(name, INTS, "int32", value) for name, value in INT_KERNELS.items()]
    shorts = [v & 0xFFFF for v in WORDS]
    found.append(
        mapped(
            "bit_counts_ushort",
            shorts,
            "uint16",
            lambda i, v: [clz(v, 16), ctz(v, 16), popcount(v), reverse_bits(v, 16)],
        )
    )
    found.append(
        mapped(
            "differences",
            INTS,
            "int32",
            lambda i, v: [abs(v + 1000), abs(u32(v) - 7)],
            "uint32",
        )
    )
    chars = list(range(-128, 128))
    small = [i16(c * 3 + c % 256) for c in chars]
    found.append(case("small_types", 256, 64, given(0, chars, "int8"), out(1, small, "int16")))
    expected = [[i8(c + 100), i8(c * 3), i8(-c)] for c in chars]
    found.append(case("char_wrap", 256, 64, given(0, chars, "int8"), out(1, expected, "int8")))
    signed = [
        [clz(c % 256, 8), ctz(c % 256, 8), popcount(c % 256), abs(c) if c > -128 else -128]
        for c in chars
    ]
    found.append(case("char_bits", 256, 64, given(0, chars, "int8"), out(1, signed, "int8")))
    return found


def wide() -> list[Case]:
    rng = np.random.default_rng(52)
    longs = [0, 1, -1, 5, -7, (1 << 63) - 1, -(1 << 63)]
    longs += [int(v) for v in rng.integers(-(1 << 63), (1 << 63) - 1, 25)]

    def arithmetic(i: int, v: int) -> int:
        u = u64(u64(v) * 6364136223846793005 + 1442695040888963407)
        return i64((u >> 33) + quotient(v, 3))

    def long_bits(i: int, v: int) -> list[int]:
        return [popcount(u64(v)), clz(u64(v), 64), ctz(u64(v), 64), i64(u64(v) >> i), v >> i]

    return [
        mapped("long_arithmetic", longs, "int64", arithmetic),
        mapped("long_bits", longs, "int64", long_bits),
        case("pcg_hash", 1000, 64, out(0, [pcg(i) for i in range(1000)], "uint32")),
    ]


def pcg(i: int) -> int:
    state = u32(i * 747796405 + 2891336453)
    word = u32(((state >> ((state >> 28) + 4)) ^ state) * 277803737)
    return word >> 22 ^ word


def reinterpreted() -> list[Case]:
    floats = [0.0, -0.0, 1.0, -1.5, 3.25e-20, 1e30, float("inf"), float("-inf"), 0.1, -65504.0]
    bits = np.array(floats, np.float32).view(np.uint32)
    cleared = (bits ^ (bits & 0x7FFFFFFF)).tolist()
    found = [case("bits_of_float", 10, 8, given(0, floats), out(1, cleared, "uint32"))]
    halves = [0.0, 1.0, -2.0, 0.333251953125, 65504.0, 6.103515625e-05, float("inf"), -0.5]
    words = np.array(halves, np.float16).view(np.uint32).tolist()
    found.append(case("bits_of_half2", 4, 4, given(0, halves, "float16"), out(1, words, "uint32")))
    pairs = [[WORDS[2 * i], WORDS[2 * i + 1]] for i in range(32)]
    shorts = [[b >> 16, b & 0xFFFF, a >> 16, a & 0xFFFF] for a, b in pairs]
    buffers = given(0, pairs, "uint32"), out(1, shorts, "uint16")
    found.append(case("bits_of_vectors", 32, 32, *buffers))
    quads = [WORDS[4 * i : 4 * i + 4] for i in range(16)]
    counted = [
        [popcount(v) + clz(v) * 100 + rotate(v, c + 1) % 7 for c, v in enumerate(quad)]
        for quad in quads
    ]
    buffers = given(0, quads, "uint32"), out(1, counted, "uint32")
    found.append(case("vector_bit_functions", 16, 16, *buffers))
    triples = np.array([[k / 3, -k, k * 1e10] for k in range(8)], np.float32)
    words3 = triples.view(np.uint32).astype(int) + 0x04030201
    padded = [[*row, 0.0] for row in triples.tolist()]
    sums = [[*map(u32, row), ANY] for row in words3.tolist()]
    buffers = given(0, padded), out(1, sums, "uint32")
    return [*found, case("bits_of_triples", 8, 8, *buffers)]


def conversions() -> list[Case]:
    # Out of int's range the result is unspecified; NaN is 0.
    x = [0.0, 0.99, -0.99, 1.5, -1.5, 2.5, 1e6, -123456.7, 2147483520.0, -2147483648.0, 16777217.0]
    truncated = [int(np.float32(v)) for v in x]
    expected = [[t, i32(abs(t))] for t in truncated]
    nan = case(
        "float_to_int",
        1,
        1,
        given(0, [float("nan")]),
        out(1, [0, 0], "int32"),
        variant="nan",
    )
    return [
        case("float_to_int", len(x), 4, given(0, x), out(1, expected, "int32")),
        nan,
        case(
            "int_to_float",
            len(INTS),
            32,
            given(0, INTS, "int32"),
            out(1, [[np.float32(v), np.float32(u32(v))] for v in INTS]),
        ),
    ]


def cases() -> list[Case]:
    return scalars() + wide() + reinterpreted() + conversions()
