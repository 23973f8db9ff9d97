"""Cases of language.metal: templates, structs, constants, control flow, attribute positions."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from conformance_cases.model import ANY, Case, case, const, given, out
from conformance_cases.simt import u32

N = 32
X = [(k * 5 % 17 - 8) / 2 for k in range(N)]  # halves: every sum and product below is exact
UINTS = [(k * 37 + 11) % 101 for k in range(N)]


def floats(name: str, values: list[float], **rest: Any) -> Case:
    """A kernel from X to as many floats."""
    return case(name, N, 16, given(0, X), out(1, values), **rest)


def constants_and_attributes() -> list[Case]:
    weights = [0.5, 1.5, 2.5, 3.5]
    offsets = [[1, 2, 3], [-1, -2, -3]]
    tables = [x * weights[i % 4] * 2 + offsets[i % 2][i % 3] for i, x in enumerate(X)]
    found = [floats("constant_tables", tables)]
    for plus, (name, limit) in enumerate(
        (
            ("attribute_first", 64),
            ("attribute_middle", 32),
            ("attribute_list", 32),
            ("attribute_only", 64),
        )
    ):
        found.append(case(name, 70, limit, out(0, [i + plus for i in range(70)])))
    return found


def templates() -> list[Case]:
    ints = list(range(-16, 16))
    functions = [2 * x + 20 * i + 2 * i for i, x in enumerate(X)]
    return [
        case("scaled_float_3", N, 32, given(0, X), out(1, [3 * x for x in X])),
        case("scaled_int_5", N, 8, given(0, ints, "int32"), out(1, [5 * v for v in ints], "int32")),
        floats("function_templates", functions),
        floats("recursion_by_template", [x**3 for x in X]),
        floats("swizzle_deduction", [3 * x + 2 for x in X]),
        floats("variadic_sum", [x + 2 * x + 4 + 1 for x in X]),
        case("non_type_parameters", N, 32, out(0, [i * 12 + 4 for i in range(N)], "uint32")),
    ]


def parameters(
    n: int, alpha: float, shift_y: float, shift_z: float, tight: float, pair: int
) -> bytes:
    """struct Parameters: uint n; float alpha; float3 shift; packed_float3 tight; int2 pair."""
    record = bytearray(64)
    struct.pack_into("<If", record, 0, n, alpha)
    struct.pack_into("<3f", record, 16, 0.125, shift_y, shift_z)
    struct.pack_into("<3f", record, 32, 0.5, 0.75, tight)
    struct.pack_into("<2i", record, 48, -1, pair)
    return bytes(record)


def structs() -> list[Case]:
    one = parameters(20, 2.0, 0.25, 4.0, -1.5, 7)
    expected = [x * 2 + 0.25 - 1.5 + 7 for x in X[:20]]
    found = [
        case(
            "struct_argument",
            N,
            16,
            given(0, X),
            out(1, expected, count=N),
            constants={2: const(list(one), "uint8")},
        )
    ]
    records = b"".join(parameters(k, k / 2, 0, k - 3.5, 0, 0) for k in range(9))
    values = [(k / 2 + 1) * k + k - 3.5 for k in range(9)]
    found.append(case("array_of_structs", 9, 4, given(0, list(records), "uint8"), out(1, values)))
    pairs = [[k / 2, 3 - k] for k in range(8)]
    squares = [[a * a - b * b + a, 2 * a * b + b] for a, b in pairs]
    words = np.array(X, np.float32).view(np.uint32)
    found += [
        case("operators", 8, 8, given(0, pairs), out(1, squares)),
        case(
            "unions_and_sizeof",
            N,
            32,
            given(0, X),
            out(1, [u32(int(w) + 64) for w in words], "uint32"),
        ),
        floats("members_and_constructors", [(x + 1) * 2 + 3 + 10 for x in X]),
    ]
    return found


def control_flow() -> list[Case]:
    def mode(v: int) -> int:
        return {0: 8, 1: 17, 2: 71}[v % 3]

    def collatz(v: int) -> int:
        steps = 0
        while True:
            v = 3 * v + 1 if v % 2 else v // 2
            steps += 1
            if v == 1 or steps >= 200:
                return steps

    found = []
    for name, value in (("enums_and_switch", mode), ("do_while_and_comma", collatz)):
        buffers = given(0, UINTS, "uint32"), out(1, [value(v) for v in UINTS], "uint32")
        found.append(case(name, N, 16, *buffers))
    for n, step in ((32, 8), (31, 7), (5, 8)):
        doubled = out(1, [2 * x for x in X[:n]], count=N)
        size = {2: const(n), 3: const(step)}
        found.append(
            case(
                "grid_stride", step, 4, given(0, X), doubled, constants=size, variant=f"{n}by{step}"
            )
        )
    nested = []
    for v in UINTS:
        total = 0
        for a in range(5):
            if a == v % 4:
                continue
            for b in range(5):
                if b == v % 5:
                    break
                total += a * b + 1
        nested.append(total)
    buffers = given(0, UINTS, "uint32"), out(1, nested, "uint32")
    found.append(case("break_and_continue", N, 16, *buffers))
    found.append(floats("macros", [6 * x + 2 - 1.5 for x in X]))
    return found


def small_things() -> list[Case]:
    def horner(x: float) -> float:
        return ((1 * x + 3) * x + 2) * x + 4

    ints = [k * 3 - 40 for k in range(N)]
    quads = [[float(k), k + 1.0, k - 2.0, -1.0] for k in range(8)]
    chosen = [q if i % 2 else [0, 0, 0, 1] for i, q in enumerate(quads)]
    return [
        # The two swaps: a becomes 10 and b x; the first and the last coefficient change places.
        floats("references_and_arrays", [horner(x) + 10 for x in X]),
        floats("implicit_indices", [x + 2.5 for x in X], constants={2: const(2.5, "float32")}),
        case(
            "unused_parameters",
            N,
            32,
            given(0, X),
            out(1, [-x for x in X]),
            given(7, [1.0, 2.0]),
            constants={2: const(3)},
        ),
        floats("restrict_pointers", [x + 1 for x in X]),
        case("conditional_vectors", 8, 4, given(0, quads), out(1, chosen)),
        case("aliases", 8, 8, given(0, quads), out(1, [q[::-1] for q in quads])),
        case(
            "shadowing",
            N,
            32,
            given(0, ints, "int32"),
            out(1, [2 + v + 100 for v in ints], "int32"),
        ),
        floats("overloads_and_defaults", [x * 2 + 100 + i + 10 for i, x in enumerate(X)]),
        case(
            "language_version",
            1,
            1,
            out(0, [1, 1, 8, 4], "uint32"),
        ),
        case(
            "promotions",
            N,
            32,
            given(0, UINTS, "uint8"),
            out(
                1,
                [[v * 3 - 400, int(v > 50) + int(v % 2 == 0), u32(v - 60) >> 28] for v in UINTS],
                "int32",
            ),
        ),
        case("padding_of_vectors", 4, 4, out(0, [[k, 2 * k, 3 * k, ANY] for k in range(4)])),
    ]


def cases() -> list[Case]:
    return constants_and_attributes() + templates() + structs() + control_flow() + small_things()
