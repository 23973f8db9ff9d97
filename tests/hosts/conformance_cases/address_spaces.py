"""Cases of address_spaces.metal: overloads and methods that differ only in an address space."""

from __future__ import annotations

from conformance_cases.model import Case, case, const, given, inout, out

X = [(k * 5 % 17 - 8) / 2 for k in range(40)]


def cases() -> list[Case]:
    table = [0.5, 1.0, 2.0, 4.0]
    overloads = [[x, 10 * x, 100 * x, 1000 * table[i % 4]] for i, x in enumerate(X[:32])]
    pairs = [[x, 3 - x / 2] for x in X[:32]]
    methods = [[a + b, a + b, a + b + 100 * b, 7.5] for a, b in pairs]
    ints = [k * 3 - 20 for k in range(32)]
    windows = [sum(X[i : i + 3]) for i in range(16)]
    other = [100 + x for x in X]
    picked = [(X, other)[i % 2][i] if i % 3 else other[i + 1] for i in range(32)]
    return [
        case(
            "overloaded_pointers",
            32,
            16,
            given(0, X[:32]),
            out(1, overloads),
            constants={2: const(table, "float32")},
        ),
        case(
            "qualified_methods",
            32,
            32,
            given(0, pairs),
            out(1, methods),
            constants={2: const([5.0, 2.5], "float32")},
        ),
        case("overloaded_references", 32, 32, inout(0, X, [x + 0.75 for x in X[:32]] + X[32:])),
        case(
            "overloaded_templates",
            32,
            32,
            given(0, ints, "int32"),
            out(1, [v * 1000 + v + 1 for v in ints], "int32"),
        ),
        case("pointers_in_a_struct", 16, 8, given(0, X), out(1, windows)),
        case("chosen_pointer", 32, 8, given(0, X), given(1, other), out(2, picked)),
    ]
