"""Expressions: values, precedence, and errors with the column where they are."""

from __future__ import annotations

import pytest

from harness.problem.expressions import ExpressionError, parse

NAMES = {"N": 10, "rows": 3, "eps": 1e-5, "grid_threads.x": 256, "whole": 64.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 / 2", 3),
        ("7.0 / 2", 3.5),
        ("whole / 3", 21),
        ("2 * N - rows", 17),
        ("10 - 4 - 3", 3),
        ("100 / 10 / 5", 2),
        ("-N + 1", -9),
        ("N % 4", 2),
        ("ceil_div(N, 4)", 3),
        ("round_up(N, 4)", 12),
        ("pow2_floor(1000)", 512),
        ("min(3, 1, 2) + max(3, 1)", 4),
        ("grid_threads.x * 2", 512),
        ("eps * 2", 2e-5),
        ("1e3 + .5", 1000.5),
        ("N % 5 == 0 && rows <= 3", True),
        ("N < 5 || rows > 5", False),
        ("!(N < 5)", True),
        ("rows != 3 || 1 / 1 == 1", True),
        ("rows == 3 || 1 / 0 == 1", True),
        ("rows != 3 && 1 / 0 == 1", False),
        ("(1 < 2) == (3 < 4)", True),
    ],
)
def test_values(text: str, value: float) -> None:
    assert parse(text).evaluate(NAMES) == value


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("N +", 4, "the line ends here"),
        ("N $ 2", 3, "unexpected '$'"),
        ("(N + 1", 7, "expected ')'"),
        ("N N", 3, "unexpected 'N'"),
        ("1 < 2 < 3", 7, "do not chain"),
        ("M + 1", 1, "unknown name 'M'"),
        ("1 / 0", 3, "division by zero"),
        ("ceil_div(1, 0)", 1, "division by zero"),
        ("sqrt(2)", 1, "unknown function 'sqrt'"),
        ("min(1)", 1, "takes 2"),
        ("pow2_floor(0)", 1, "not defined"),
        ("9000000000000000 * 9000000000000000", 18, "overflows"),
        ("__import__('os')", 12, "unexpected"),
        ("3x", 1, "unexpected"),
        ("max_threads(3)", 1, "takes one name"),
        ("max_threads(g)", 13, "no 'g'"),
    ],
)
def test_errors_name_the_column(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text).evaluate(NAMES, {"max_threads": {"f": 1024}.__getitem__})
    assert caught.value.column == column
    assert message in caught.value.message


def test_a_function_takes_a_bare_name() -> None:
    assert parse("max_threads(f) / 2").evaluate({}, {"max_threads": {"f": 896}.__getitem__}) == 448


@pytest.mark.parametrize("text", ["(" * 60 + "1" + ")" * 60, "-" * 60 + "1", "1" + "+1" * 400])
def test_hostile_size_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


def test_names_are_those_that_need_a_value() -> None:
    assert parse("max(N, rows) + max_threads(f)").names == {"N", "rows"}
