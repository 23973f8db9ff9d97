"""Cases of matrices.metal: floatNxM as lists of columns."""

from __future__ import annotations

from conformance_cases.model import Case, case, given, out

Matrix = list[list[float]]


def times(m: Matrix, v: list[float]) -> list[float]:
    """m * v: the columns of m weighted by v."""
    return [sum(m[c][r] * v[c] for c in range(len(m))) for r in range(len(m[0]))]


def from_left(v: list[float], m: Matrix) -> list[float]:
    """v * m: the dot products of v with the columns of m."""
    return [sum(column[r] * v[r] for r in range(len(v))) for column in m]


def product(a: Matrix, b: Matrix) -> Matrix:
    return [times(a, column) for column in b]


def transpose(m: Matrix) -> Matrix:
    return [list(row) for row in zip(*m, strict=True)]


def determinant(m: Matrix) -> float:
    if len(m) == 1:
        return m[0][0]
    minors = [[column[:r] + column[r + 1 :] for column in m[1:]] for r in range(len(m))]
    return sum((1 - r % 2 * 2) * m[0][r] * determinant(minors[r]) for r in range(len(m)))


def padded(m: Matrix) -> Matrix:
    """Columns of three rows occupy four elements in a buffer."""
    return [[*column, 77.0] for column in m]


def numbers(columns: int, rows: int, start: int = 0) -> Matrix:
    return [
        [((start + c * rows + r) * 7 % 23 - 11) / 2 for r in range(rows)] for c in range(columns)
    ]


def cases() -> list[Case]:
    two_three, four_four = numbers(2, 3), numbers(4, 4)
    a, b = numbers(3, 3), numbers(3, 3, 5)
    v = [1.0, -2.0, 0.5, 4.0]
    x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    tall, wide = [x[0:2], x[2:4], x[4:6]], [x[0:3], x[3:6]]
    two_four = numbers(2, 4)
    diagonal = [
        [2 * (3.0 * (r == c) + 5.0 * (c == 2 and r == 0)) for r in range(3)] for c in range(3)
    ]
    h = [[1.0, 2.0], [3.0, -4.0]]
    large = numbers(4, 4, 3)
    corner = [a[0][:2], a[1][:2]]
    return [
        case("columns", 1, 1, given(0, padded(two_three)), out(1, two_three)),
        case(
            "times_vector",
            1,
            1,
            given(0, four_four),
            given(1, v),
            out(2, [times(four_four, v), from_left(v, four_four)]),
        ),
        case("product", 1, 1, given(0, [padded(a), padded(b)]), out(1, product(a, b))),
        case("rectangular_product", 1, 1, given(0, x), out(1, product(tall, wide))),
        case("transposed", 1, 1, given(0, two_four), out(1, transpose(two_four))),
        case(
            "determinants", 1, 1, given(0, padded(a)), out(1, [determinant(a), determinant(corner)])
        ),
        case("determinant_4x4", 1, 1, given(0, large), out(1, [determinant(large)]), ulp=4),
        case("diagonal", 1, 1, out(0, diagonal)),
        case(
            "half_matrix",
            1,
            1,
            given(0, h, "float16"),
            out(1, [times(h, [1.0, 2.0]), transpose(h)[0]], "float16"),
        ),
        case(
            "arithmetic",
            1,
            1,
            given(0, [padded(a), padded(b)]),
            out(
                1,
                [
                    [-2 * p + q for p, q in zip(ca, cb, strict=True)]
                    for ca, cb in zip(a, b, strict=True)
                ],
            ),
        ),
    ]
