"""Header lines: what they mean, and errors with line and column."""

from __future__ import annotations

import pytest

from harness.problem.header import Header, HeaderError, parse_header, parse_schedule, with_constants

DOT = """// Two dispatches.
//! requires: M % 64 == 0 && cols <= 4096
//! tune: TILE in 16, 32, 64
//! scratch part: float 1024
//! dispatch dot_partial grid: 1024 1 1 threadgroup: 256 1 1 bind 2=part
//! dispatch dot_final grid: N / 4 2 threadgroup: TILE bind 0=part+4*step {rest}
constant constexpr uint TILE = 32;
""".replace("{rest}", "bind 2=y const 3=N tgmem 0: 64 repeat: 2 swap: a,b")


def good(text: str) -> Header:
    header = parse_header(text)
    assert isinstance(header, Header), header
    return header


def test_every_kind_of_line() -> None:
    header = good(DOT)
    assert header.requires[0].text == "M % 64 == 0 && cols <= 4096"
    assert (header.tune[0].name, header.tune[0].choices, header.tune[0].value) == (
        "TILE",
        (16, 32, 64),
        32,
    )
    assert (header.scratch[0].name, header.scratch[0].element.name) == ("part", "float32")
    first, last = header.dispatches
    assert first.bind[2] == ("part", None)
    assert [e.text for e in last.grid] == ["N / 4", "2"]
    assert [e.text for e in last.threadgroup] == ["TILE"]
    name, offset = last.bind[0]
    assert name == "part" and offset is not None and offset.text == "4*step"
    assert last.bind[2] == ("y", None)
    assert last.const[3].text == "N"
    assert last.tgmem[0].text == "64"
    assert last.repeat is not None and last.repeat.text == "2"
    assert last.swap == (("a", "b"),)
    assert header.functions == ("dot_partial", "dot_final")


def test_short_form() -> None:
    header = good("//! grid: ceil_div(rows * cols, 4) 1 1\n//! threadgroup: 256\n")
    assert [e.text for e in header.grid] == ["ceil_div(rows * cols, 4)", "1", "1"]
    assert len(header.threadgroup) == 1


def test_a_subtraction_is_one_extent() -> None:
    assert [e.text for e in good("//! grid: N -1 2").grid] == ["N -1", "2"]


def test_a_schedule_is_the_same_without_the_marker() -> None:
    header = parse_schedule("grid: 65536 1 1\nthreadgroup: 1024 1 1")
    assert isinstance(header, Header) and len(header.grid) == 3


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("//! gird: 1", 1, 5, "unknown header line 'gird'"),
        ("\n  //! grid: 1 +", 2, 16, "the line ends here"),
        ("//! grid 4", 1, 10, "expected ':'"),
        ("//! grid: 1 1 1 1", 1, 17, "unexpected '1'"),
        ("//! grid: 1\n//! grid: 2", 2, 5, "a second grid"),
        ("//! dispatch f grid: 1", 1, 23, "needs grid and threadgroup"),
        ("//! dispatch f grid: 1 threadgroup: 1 bind 31=x", 1, 44, "from 0 to 30"),
        ("//! dispatch f grid: 1 threadgroup: 1 bind 1=x bind 1=y", 1, 53, "given twice"),
        ("//! dispatch f grid: 1 threadgroup: 1 repaet: 2", 1, 39, "expected one of"),
        ("//! scratch a: quux 4", 1, 16, "unknown element type 'quux'"),
        ("//! tune: TILE in 16, 32", 1, 11, "declares no integer constant"),
        ("//! tune: TILE in 16\n#define TILE 8", 1, 11, "is 8, which is not a choice"),
        ("//! hello, world", 1, 5, "unknown header line"),
        ("//! grid: 1\n//! dispatch f grid: 1 threadgroup: 1", 2, 1, "not both"),
    ],
)
def test_errors_are_values_with_a_place(text: str, line: int, column: int, message: str) -> None:
    error = parse_header(text)
    assert isinstance(error, HeaderError)
    assert (error.line, error.column) == (line, column), error
    assert message in error.message


def test_constants_can_be_set() -> None:
    for text in ("constexpr uint TILE = 16;", "#define TILE 16", "enum { TILE = 16 };"):
        assert with_constants(text, {"TILE": 64}) == text.replace("16", "64")
    with pytest.raises(KeyError):
        with_constants("uint x = 1;", {"TILE": 64})


def test_a_file_without_header_lines_has_an_empty_header() -> None:
    assert parse_header("// plain\nkernel void f() {}\n") == Header()
