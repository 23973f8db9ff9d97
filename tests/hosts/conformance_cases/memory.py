"""Cases of memory.metal: element types, pointer arithmetic, partial writes, binding offsets."""

from __future__ import annotations

import struct

from conformance_cases.model import ANY, POISON, Case, Then, case, const, given, inout, out, triple
from conformance_cases.simt import i32, u32, u64


def numbers(n: int) -> list[float]:
    return [((k * 37 + 11) % 203 - 100) / 4 for k in range(n)]


def element_types() -> list[Case]:
    octets = [(k * 73 + 5) % 256 for k in range(256)]
    words = list(struct.unpack("<16I", bytes(octets[:64])))
    ints = [-1, 3, 4, 0, 100, 2, -(1 << 31), 7, 3]
    longs = [k * 0x9E3779B97F4A7C15 % (1 << 64) for k in range(33)]
    squares = [u64(v * v + (v >> 40)) for v in longs]
    halves = [k / 2 for k in range(48)]
    tight = [v for k in range(16) for v in (halves[3 * k + 2], halves[3 * k], halves[3 * k + 1])]
    tints = [[k, (k * 31) % 256, 255 - k] for k in range(20)]
    mixed = [[2 * r % 256, g, b ^ 255] for r, g, b in tints]
    return [
        case(
            "bytes_to_bytes",
            256,
            64,
            given(0, octets, "uint8"),
            out(1, [v - 128 for v in octets], "int8"),
        ),
        case("words_of_bytes", 16, 8, given(0, octets[:64], "uint8"), out(1, words, "uint32")),
        case(
            "booleans",
            9,
            4,
            given(0, ints, "int32"),
            out(1, [v > 3 for v in ints], "bool", count=12),
        ),
        case("unsigned_long", 33, 32, given(0, longs, "uint64"), out(1, squares, "uint64")),
        case(
            "packed_half_triples",
            16,
            16,
            given(0, halves, "float16"),
            out(1, tight, "float16"),
        ),
        case("packed_byte_triples", 20, 8, given(0, tints, "uint8"), out(1, mixed, "uint8")),
    ]


def partial_writes() -> list[Case]:
    x = numbers(37)
    kept = [v if k % 2 == 0 else POISON for k, v in enumerate(x)]
    longer = numbers(80)
    cases = [
        case("every_other", 37, 32, given(0, x), out(1, kept)),
        case("in_place", 37, 32, inout(0, x, [v * v for v in x])),
        case(
            "in_place",
            64,
            64,
            inout(0, longer, [v * v for v in longer[:64]] + longer[64:]),
            variant="shorter-grid",
        ),
    ]
    # Offsets are multiples of 4: bindings may start inside a buffer.
    for at, to in ((0, 16), (12, 0), (20, 256)):
        begin = [POISON] * (to // 4)
        expected = [*begin, *x[at // 4 : at // 4 + 16]]
        cases.append(
            case(
                "offset_binding",
                16,
                8,
                given(0, x, offset=at),
                out(1, expected, count=len(expected) + 5, offset=to),
                variant=f"{at}to{to}",
            )
        )
    return cases


def pointers() -> list[Case]:
    found = []
    for n in (1, 4, 7):
        x = numbers(5 * n)
        sums = [sum(x[i * n : i * n + n]) for i in range(5)]
        buffers, constants = (given(0, x), out(1, sums)), {2: const(n)}
        found.append(case("pointer_walk", 5, 5, *buffers, constants=constants, variant=str(n)))
    x = numbers(64)
    rows = [x[8 * i] + x[8 * i + 7] for i in range(8)]
    table = [1.0, -2.5, 0.5, 8.0, 3.0]
    outer = [table[c] * table[r] for r in range(5) for c in range(4)]
    chain = [3, 0, 4, 1, 2]
    hops = []
    for start in range(5):
        at = start
        for _ in range(3):
            at = chain[at]
        hops.append(at)
    diagonal = [[v if r == c else -v for c in range(4)] for r, v in enumerate(table[:4])]
    return [
        *found,
        case("row_pointers", 8, 8, given(0, x), out(1, rows)),
        case(
            "constant_buffer",
            (4, 5),
            (2, 2),
            given(0, table),
            out(2, outer),
            constants={1: const([4, 5])},
        ),
        case("indirect_index", 5, 5, given(0, chain, "uint32"), out(1, hops, "uint32")),
        case("two_dimensional_private", 4, 4, given(0, table), out(1, diagonal)),
        case(
            "volatile_pointers",
            5,
            5,
            given(0, table),
            out(1, [10 * v for v in table]),
            inout(2, [0], [5], "uint32"),
        ),
    ]


def private_memory() -> list[Case]:
    x = [u32(k * 2654435761) >> 20 for k in range(16)]
    expected = []
    for i in range(6):
        stack = [v for v in x if v % 2 == i % 2]
        r = 0
        while stack:
            r = u32(r * 3 + stack.pop())
        expected.append(r)
    ints = [i32(k * 2654435761) >> 8 for k in range(8 * 9)]
    rows = [sorted(ints[8 * i : 8 * i + 8]) for i in range(9)]
    return [
        case("private_array", 6, 4, given(0, x, "uint32"), out(1, expected, "uint32")),
        case("sort_small", 9, 4, given(0, ints, "int32"), out(1, rows, "int32")),
    ]


def consecutive_dispatches() -> list[Case]:
    found = []
    for n in (5, 64, 300):
        sums = [float(i + (i + 1) % n) for i in range(n)]
        then = Then("neighbour_sum", triple(n), triple(32), {0: 0, 1: 1})
        found.append(
            case("fill_first", n, 64, out(0, range(n)), out(1, sums), then=(then,), variant=str(n))
        )
    x = numbers(40)
    sums = [x[i] + x[(i + 1) % 40] for i in range(40)]
    return [*found, case("neighbour_sum", 40, 16, given(0, x), out(1, sums))]


def padded_structs() -> list[Case]:
    # struct { char tag; float3 v; short s; }: 48 bytes, aligned to 16.
    records = []
    for k in range(6):
        record = bytearray(48)
        struct.pack_into("<b", record, 0, k - 3)
        struct.pack_into("<3f", record, 16, k, k + 0.5, -k)
        struct.pack_into("<h", record, 32, 1000 * k)
        records += list(record)
    expected = [[k - 3 + k, k + 0.5, -k, 1000 * k] for k in range(6)]
    written: list[object] = []
    for k in range(4):
        cells: list[object] = [ANY] * 48
        cells[0] = k
        cells[16:28] = struct.pack("<3f", k, 2 * k, 3 * k)
        cells[32:34] = struct.pack("<h", -k)
        written += cells
    return [
        case("struct_fields", 6, 6, given(0, records, "uint8"), out(1, expected)),
        case("struct_stores", 4, 4, out(0, written, "uint8")),
    ]


def cases() -> list[Case]:
    return (
        element_types()
        + partial_writes()
        + pointers()
        + private_memory()
        + consecutive_dispatches()
        + padded_structs()
    )
