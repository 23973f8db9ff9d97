"""Cases of simdgroup_elements.metal: which two elements of an 8x8 matrix each lane holds."""

from __future__ import annotations

from conformance_cases.model import Case, case, given, out
from conformance_cases.simdgroup_matrices import Matrix, numbers, product, transpose


def place(lane: int) -> tuple[int, int]:
    """Row and first column of a lane's pair; the mapping that kernels rely on."""
    quad = lane // 4
    return (quad & 4) + lane // 2 % 4, (quad & 2) * 2 + lane % 2 * 2


def with_pairs(m: Matrix, change: object) -> Matrix:
    """`m` after every lane replaced its pair (x, y) by change(x, y)."""
    result = [list(row) for row in m]
    for lane in range(32):
        row, column = place(lane)
        result[row][column : column + 2] = change(m[row][column], m[row][column + 1])  # type: ignore[operator]
    return result


def cases() -> list[Case]:
    x = numbers(8, 8, 11)
    a, b = numbers(8, 8, 12), numbers(8, 8, 13)
    pairs = [[x[place(k)[0]][place(k)[1]], x[place(k)[0]][place(k)[1] + 1]] for k in range(32)]
    c = product(a, transpose(b))
    peak = max(v for row in c for v in row)
    filled = [[5.0 * (r == c) for c in range(8)] for r in range(8)]
    row_sums = [[sum(row)] for row in x]
    return [
        case("mapping", 32, 32, given(0, x), out(1, pairs)),
        case(
            "scale_in_place",
            32,
            32,
            given(0, x),
            out(1, with_pairs(x, lambda p, q: [2 * p, 2 * q + 1])),
        ),
        case(
            "product_then_elements",
            32,
            32,
            given(0, a),
            given(1, b),
            out(2, [[v - peak for v in row] for row in c]),
        ),
        case("reinterpreted", 32, 32, given(0, x), out(1, with_pairs(x, lambda p, q: [q, p]))),
        case(
            "fills_and_half",
            32,
            32,
            out(0, with_pairs(filled, lambda p, q: [p + 2, q])),
        ),
        case("row_sums", 32, 32, given(0, x), out(1, row_sums)),
        case(
            "written_then_multiplied",
            32,
            32,
            given(0, a),
            given(1, b),
            out(2, product(with_pairs(a, lambda p, q: [p + 1, q * 2]), b)),
        ),
    ]
