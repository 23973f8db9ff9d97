"""Cases of vectors.metal: construction, swizzles, arithmetic, layout and packed types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance_cases.model import ANY, Case, case, given, inout, out
from conformance_cases.simt import i32, quotient, remainder, u32

# Quarters: all the arithmetic below is exact in float.
QUADS = [[k / 4, -k / 2, k - 3.0, 5.0 - k] for k in range(16)]
INTS = [[k * 3 - 20, 7 - k, k * k, -k] for k in range(16)]
Quad = list[float]


def rows(name: str, values: Sequence[object], **rest: Any) -> Case:
    """A kernel from QUADS."""
    return case(name, 16, 8, given(0, QUADS), out(1, values), **rest)


def construction() -> list[Case]:
    constructed = [
        [1, 2, 3, 4],
        [0.5, 1, 2, 9],
        [7, 8, 9, 1],
        [2.5] * 4,
        [1, 2, 2, 1],
        [1, 2, 3, 4],
    ]
    sizes = [16, 12, 4, 8, 6, 4, 32, 64, 48, 16, 4, 16, 8, 24]
    more = [8, 4, 2, 4, 8, 3, 16, 12, 8, 6, 16]
    return [
        case("construct", 1, 1, out(0, constructed)),
        case("sizes", 1, 1, out(0, sizes, "uint32")),
        case("more_sizes", 1, 1, out(0, more, "uint32")),
    ]


def written(v: Quad) -> Quad:
    x, y, z, w = v
    x, y = z, w
    w = -1.0
    z, y = z + 10, y + 20
    return [2 * x, 2 * y, 2 * z, w]


def through_pointer(v: Quad) -> Quad:
    x, y, z, w = v
    x, z = z + 1, x + 1  # data[i].xz = data[i].zx + 1
    y *= 4
    return [x, y, z, w]


def swizzles() -> list[Case]:
    read = [
        [v[::-1], [v[0], v[0], v[1], v[1]], [v[2], v[1], v[0], v[3]], [v[0], v[2], v[1], v[3]]]
        for v in QUADS
    ]
    arithmetic = [[v[0] + v[2], v[1] + v[3], -v[3] * 2, -v[2] * 2] for v in QUADS]
    nested = [[v[2], v[1], v[1] + v[3], v[0]] for v in QUADS]
    arguments = [
        v[0] * v[2] + v[1] * v[1] + v[2] * v[0] + max(v[0], v[3]) + min(v[1], 1.0) for v in QUADS
    ]
    copies = [[v[0], 5, v[3], v[1]] for v in QUADS]
    return [
        rows("swizzle_read", read),
        rows("swizzle_write", [written(v) for v in QUADS]),
        rows("swizzle_arithmetic", arithmetic),
        rows("swizzle_of_swizzle", nested),
        rows("swizzle_arguments", arguments),
        rows("swizzle_copies", copies),
        case("swizzle_swap", 16, 8, inout(0, QUADS, [[v[1], v[0], v[3], v[2]] for v in QUADS])),
        case(
            "swizzle_through_pointer", 16, 8, inout(0, QUADS, [through_pointer(v) for v in QUADS])
        ),
        rows("component_loop", [sum(c * (k + 1) for k, c in enumerate(v)) for v in QUADS]),
        rows("component_references", [[v[0] * 3, v[1], v[2] + 1, v[3] + v[0]] for v in QUADS]),
        rows("vector_template_names", [[v[0] + 1, v[1] + 1, v[2], v[3]] for v in QUADS]),
    ]


def booleans() -> list[Case]:
    def reduce(v: list[int]) -> int:
        even = [c % 2 == 0 for c in v]
        return all(even) + 2 * any(even) + 4 * any(not e for e in even)

    def logic(p: list[int]) -> int:
        a, b = [c > 0 for c in p], [c < 5 for c in p]
        c = [p and q for p, q in zip(a, b, strict=True)]
        d = [p or not q for p, q in zip(a, b, strict=True)]
        return c[0] + 2 * c[1] + 4 * d[0] + 8 * d[1]

    pairs = [[a, b] for a in (-1, 0, 3, 5, 9) for b in (-2, 1, 5)]
    return [
        rows("compare_select", [[c if c > 0 else -1 for c in v] for v in QUADS]),
        case(
            "bool_reduce",
            16,
            16,
            given(0, INTS, "int32"),
            out(1, [reduce(v) for v in INTS], "uint32"),
        ),
        case(
            "logical_vectors",
            15,
            5,
            given(0, pairs, "int32"),
            out(1, [logic(p) for p in pairs], "uint32"),
        ),
    ]


def _halved(values: tuple[int, ...]) -> list[int]:
    """Half of each, toward zero, shifted by its own count, plus itself."""
    halves = [quotient(value, 2) for value in values]
    return [half * (1 << by) + half for half, by in zip(halves, (1, 2, 3, 0), strict=True)]


def integers() -> list[Case]:
    arithmetic = [
        [
            [quotient(c, 3) * 100 + remainder(c, 3) for c in v],
            [i32((c << 2) ^ (c >> 1)) for c in v],
            [-c + ~c for c in v],
        ]
        for v in INTS
    ]
    words = [[k * 0x12345677 % (1 << 32), 0xFFFFFFFF - k] for k in range(16)]
    wrapped = [[u32(a * 2654435761 + 1), u32(b * 2654435761 + 0xFFFFFFFF)] for a, b in words]
    chars = [[k, -k, 127 - k, k - 128] for k in range(16)]
    increments = [[v[0] * 100 + v[0], *(c * 100 + c + 1 for c in v[1:])] for v in INTS]
    floats = [[k * 1000.75, k, 65535.0 - k, 0.99] for k in range(16)]
    longs = [[k << 40, -k] for k in range(8)]
    return [
        case("integer_arithmetic", 16, 8, given(0, INTS, "int32"), out(1, arithmetic, "int32")),
        case("unsigned_wrap", 16, 16, given(0, words, "uint32"), out(1, wrapped, "uint32")),
        case(
            "char_vectors",
            16,
            16,
            given(0, chars, "int8"),
            out(1, [[2 * c for c in v] for v in chars], "int32"),
        ),
        case("increments", 16, 16, inout(0, INTS, increments, "int32")),
        case(
            "ushort_convert",
            16,
            16,
            given(0, floats),
            out(1, [[int(c) for c in v] for v in floats], "uint16"),
        ),
        case(
            "long_vectors",
            8,
            8,
            given(0, longs, "int64"),
            out(1, [[b + 1, a * 3] for a, b in longs], "int64"),
        ),
        case(
            "packed_casts",
            16,
            16,
            given(0, [[8 * k, -2 * k, k, -7 * k] for k in range(16)], "int8"),
            out(1, [_halved((8 * k, -2 * k, k, -7 * k)) for k in range(16)], "int32"),
        ),
        case(
            "uchar_wrap",
            16,
            16,
            given(0, [[k * 16, 255 - k, k, 200] for k in range(16)], "uint8"),
            out(
                1,
                [[(k * 16 + 100) % 256, (355 - k) % 256, k + 100, 44] for k in range(16)],
                "uint8",
            ),
        ),
    ]


def layout() -> list[Case]:
    triples = [[k, 2 * k, 3 * k] for k in range(16)]
    stored = [[*t, 99.0] for t in triples]
    moved = [[t[2], t[0], t[1], ANY] for t in triples]
    line = [k / 2 for k in range(65)]
    weights = (1, 10, 100, 1000)
    unaligned = [sum(w * line[1 + 4 * i + k] for k, w in enumerate(weights)) for i in range(16)]
    cast = [v + k % 4 for k, v in enumerate(line[:64])]
    pairs = [[k / 4, 4.0 - k] for k in range(16)]
    mixed = [[(1 - (2 * c - 1) / 4) * 0.5 + i for c in p] for i, p in enumerate(pairs)]
    structs = [[v[0] + v[1], 5, v[2], v[3]] for v in QUADS]
    return [
        case("float3_stride", 16, 8, given(0, stored), out(1, moved)),
        case(
            "packed3_stride",
            16,
            8,
            given(0, triples),
            out(1, [[2 * c for c in t] for t in triples]),
        ),
        case("packed4_unaligned", 16, 16, given(0, line), out(1, unaligned)),
        case("cast_to_vector", 16, 16, given(0, line[:64]), out(1, cast)),
        case("scalar_vector_mix", 16, 16, given(0, pairs), out(1, mixed)),
        rows("struct_of_vectors", structs),
    ]


def cases() -> list[Case]:
    return construction() + swizzles() + booleans() + integers() + layout()
