"""Cases of simdgroup_matrices.metal: 8x8 tiles of small integers, so that all sums are exact."""

from __future__ import annotations

from conformance_cases.model import Case, case, given, out

Matrix = list[list[float]]
SIDE = 8


def numbers(rows: int, columns: int, seed: int) -> Matrix:
    return [
        [float((r * columns + c + seed) * 5 % 13 - 6) for c in range(columns)] for r in range(rows)
    ]


def product(a: Matrix, b: Matrix, start: float = 0.0) -> Matrix:
    return [
        [start + sum(a[r][k] * b[k][c] for k in range(len(b))) for c in range(len(b[0]))]
        for r in range(len(a))
    ]


def transpose(m: Matrix) -> Matrix:
    return [list(row) for row in zip(*m, strict=True)]


def placed(m: Matrix, stride: int, row: int, column: int, count: int) -> list[object]:
    """A flat buffer of poison with `m` stored at (row, column)."""
    cells: list[object] = ["poison"] * count
    for r in range(SIDE):
        for c in range(SIDE):
            cells[(row + r) * stride + column + c] = m[r][c]
    return cells


def loads_and_stores() -> list[Case]:
    m = numbers(8, 8, 1)
    line = [float(k * 7 % 50) for k in range(8 * 20 + 3)]
    strided = [[line[3 + r * 20 + c] for c in range(8)] for r in range(8)]
    field = numbers(12, 24, 2)
    corner = [row[5:13] for row in field[2:10]]
    diagonal = [[3.0 * (r == c) for c in range(8)] for r in range(8)]
    found = [
        case("copy", 32, 32, given(0, m), out(1, m)),
        case("passed_by_reference", 32, 32, given(0, m), out(1, m)),
        case("strided", 32, 32, given(0, line), out(1, placed(strided, 11, 0, 0, 7 * 11 + 8 + 3))),
        case("origin", 32, 32, given(0, field), out(1, placed(corner, 16, 1, 8, 16 * 10))),
        case("transposing", 32, 32, given(0, m), out(1, [transpose(m), m])),
        case("fills", 32, 32, out(0, [diagonal, [[4.0] * 8] * 8])),
    ]
    return found


def products() -> list[Case]:
    a, b = numbers(8, 8, 3), numbers(8, 8, 4)
    left, right = numbers(8, 32, 5), numbers(32, 8, 6)
    tall, square = numbers(16, 8, 7), numbers(8, 8, 8)
    big_a, big_b = numbers(16, 16, 9), numbers(16, 16, 10)
    plain = product(a, b)
    plus_one = [[v + 1 for v in row] for row in product(tall, square)]
    return [
        case("multiply", 32, 32, given(0, a), given(1, b), out(2, plain)),
        case("times_operator", 32, 32, given(0, a), given(1, b), out(2, plain)),
        case(
            "accumulate", 32, 32, given(0, left), given(1, right), out(2, product(left, right, 2.0))
        ),
        case(
            "half_product",
            32,
            32,
            given(0, a, "float16"),
            given(1, b, "float16"),
            out(2, plain, "float16"),
        ),
        case(
            "half_in_float_out",
            32,
            32,
            given(0, a, "float16"),
            given(1, b, "float16"),
            out(2, product(a, b, 1.0)),
        ),
        case(
            "bfloat_product",
            32,
            32,
            given(0, a, "bfloat16"),
            given(1, b, "bfloat16"),
            out(2, plain),
        ),
        case("through_threadgroup", 64, 64, given(0, tall), given(1, square), out(2, plus_one)),
        case(
            "array_of_tiles",
            32,
            32,
            given(0, big_a),
            given(1, big_b),
            out(2, product(big_a, big_b)),
        ),
        case("in_uniform_branch", 64, 64, given(0, a), given(1, b), out(2, [plain, transpose(a)])),
        case(
            "many_groups",
            256,
            64,
            given(0, [numbers(8, 8, s) for s in range(8)]),
            given(1, b),
            out(2, [product(numbers(8, 8, s), b) for s in range(8)]),
        ),
    ]


def cases() -> list[Case]:
    return loads_and_stores() + products()
