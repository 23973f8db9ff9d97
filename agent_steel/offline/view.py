"""A source as rules see it: tokens with their places, the one kernel, launch geometry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from agent_steel.proposing import Problem
from harness.problem.expressions import Expression, ExpressionError, parse
from harness.problem.header import Header, HeaderError, parse_header
from msl.declarations import Function, Parameter
from msl.lexer import DIRECTIVE, lex
from msl.scanner import scan
from msl.syntax import Code, Unbalanced

POSITION = "thread_position_in_grid"
_GEOMETRY = re.compile(
    r"^[ \t]*//![ \t]*(?:(?:grid|threadgroup)[ \t]*:|dispatch\b).*\n?", re.MULTILINE
)
_LIBRARY = re.compile(r"#\s*include\s*<metal_\w+>\s*|#\s*pragma\s+once\s*")
#: Dims at which two expressions are told apart: equal at all of them is equal for our purposes.
_PRIMES = (3, 7, 13, 31, 61, 127, 257, 509)


@dataclass(frozen=True)
class Geometry:
    """Grid and threadgroup of the one dispatch, three expressions each, and the constants that it
    binds by index, for which it has to name its function."""

    grid: tuple[str, str, str]
    threadgroup: tuple[str, str, str]
    consts: tuple[tuple[int, str], ...] = ()
    function: str = ""

    @property
    def linear(self) -> bool:
        """Whether only x is more than 1."""
        return self.grid[1:] == self.threadgroup[1:] == ("1", "1")


@dataclass(frozen=True)
class View:
    """One parsed source. Indices are of tokens; `geometry` is None where dispatches are listed."""

    source: str
    problem: Problem
    header: Header
    code: Code
    kernel: Function
    geometry: Geometry | None
    starts: tuple[int, ...]  # offsets of the tokens in the source
    declared: frozenset[str]  # names at program scope, which may hide the library's
    plain: bool  # no macros, and no headers but the library's

    @property
    def body(self) -> range:
        """Token indices between the braces of the kernel; the braces are its neighbours."""
        assert self.kernel.body is not None
        start, end = self.kernel.body
        return range(start + 1, end)

    def text(self, start: int, end: int) -> str:
        """The source from token `start` up to before token `end`, comments included."""
        if start >= end:
            return ""
        last = end - 1
        return self.source[self.starts[start] : self.starts[last] + len(self.code.text(last))]

    def words(self, span: Iterable[int]) -> list[str]:
        """The texts of tokens."""
        return [self.code.text(index) for index in span]

    def parameter(self, name: str) -> Parameter | None:
        """The kernel's parameter of this name."""
        return next((one for one in self.kernel.parameters if one.name == name), None)

    def element(self, name: str) -> str:
        """The element type of a device pointer parameter, "" for anything else."""
        one = self.parameter(name)
        if one is None or one.specifiers is None or one.declarator.arrays:
            return ""
        marks = [self.code.text(index) for index in one.declarator.marks]
        spaces = [self.code.text(index) for index in one.specifiers.spaces]
        return one.specifiers.type if marks == ["*"] and spaces == ["device"] else ""

    def scalar(self, name: str) -> str:
        """The type of a `constant T &` parameter, "" for anything else."""
        one = self.parameter(name)
        if one is None or one.specifiers is None:
            return ""
        marks = [self.code.text(index) for index in one.declarator.marks]
        spaces = [self.code.text(index) for index in one.specifiers.spaces]
        return one.specifiers.type if marks == ["&"] and spaces == ["constant"] else ""

    def attributes(self) -> set[str]:
        """What the kernel is told of its place: names of attributes that bind no buffer."""
        return {a.name for p in self.kernel.parameters for a in p.attributes} - {"buffer"}

    def scalar_value(self, name: str) -> str:
        """The expression over dims that a scalar argument has by its SPEC, "" if none."""
        one = self.parameter(name)
        index = one.attribute("buffer") if one else None
        if index is None:
            return ""
        number = self.code.spell(*index.arguments)
        for buffer in self.problem.buffers:
            if str(buffer["index"]) == number and buffer["kind"] == "scalar":
                return str(buffer["value"])
        return ""


def view_of(source: str, problem: Problem) -> View | None:
    """The view of a source; None where its structure is not certain."""
    header = parse_header(source)
    default = parse_header(problem.schedule + "\n")
    if isinstance(header, HeaderError) or isinstance(default, HeaderError):
        return None
    try:
        code = Code(lex(source))
    except Unbalanced:
        return None
    lines = [0, *accumulate(len(line) for line in source.splitlines(keepends=True))]
    starts = tuple(lines[token.line - 1] + token.column - 1 for token in code.tokens)
    directives = [token.text for token in code.tokens if token.kind == DIRECTIVE]
    for token, start in zip(code.tokens, starts, strict=True):
        if token.kind != DIRECTIVE and not source.startswith(token.text, start):
            return None  # line splices or digraphs
    unit = scan(code)
    kernels = [one for one in unit.functions if one.is_kernel and one.name == problem.function]
    if len(kernels) != 1 or kernels[0].template:
        return None
    names = [one.name for one in unit.functions] + [one.name for one in unit.classes]
    names += [one.name for variable in unit.variables for one in variable.declarators]
    names += list(unit.aliases)
    return View(
        source,
        problem,
        header,
        code,
        kernels[0],
        _geometry(header, default),
        starts,
        frozenset(names),
        all(_LIBRARY.fullmatch(one) for one in directives) and not unit.enums,
    )


def _geometry(header: Header, default: Header) -> Geometry | None:
    if header.dispatches or header.loops:
        return _of_dispatch(header)
    grid, threadgroup = header.grid or default.grid, header.threadgroup or default.threadgroup
    return Geometry(_three(grid), _three(threadgroup)) if grid and threadgroup else None


def _of_dispatch(header: Header) -> Geometry | None:
    """The geometry of a single dispatch that binds nothing but constants."""
    if len(header.dispatches) != 1 or header.loops or header.scratch:
        return None
    (line,) = header.dispatches
    if line.bind or line.tgmem or line.repeat or line.swap:
        return None
    consts = tuple((index, value.text) for index, value in line.const.items())
    return Geometry(_three(line.grid), _three(line.threadgroup), consts, line.function)


def _three(extent: Sequence[Expression]) -> tuple[str, str, str]:
    x, y, z = [*(one.text for one in extent), "1", "1"][:3]
    return x, y, z


def with_geometry(source: str, geometry: Geometry) -> str:
    """The source with these header lines for its one dispatch, where the old ones stood."""
    grid, threadgroup = " ".join(geometry.grid), " ".join(geometry.threadgroup)
    lines = f"//! grid: {grid}\n//! threadgroup: {threadgroup}\n"
    if geometry.consts:
        bound = " ".join(f"const {index}={value}" for index, value in geometry.consts)
        lines = (
            f"//! dispatch {geometry.function} grid: {grid} threadgroup: {threadgroup} {bound}\n"
        )
    found = _GEOMETRY.search(source)
    at = found.start() if found else _first_code(source)
    bare = _GEOMETRY.sub("", source)
    return bare[:at] + lines + bare[at:]


def _first_code(source: str) -> int:
    """The offset of the first line that is no `//` comment."""
    at = 0
    for line in source.splitlines(keepends=True):
        if not line.startswith("//"):
            break
        at += len(line)
    return at


def edited(source: str, edits: Sequence[tuple[int, int, str]]) -> str:
    """The source with ranges [start, end) of characters replaced."""
    for start, end, text in sorted(edits, reverse=True):
        source = source[:start] + text + source[end:]
    return source


def same_extent(one: str, other: str, sizes: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether two expressions over the problem's dims agree, tried at several points."""
    try:
        left, right = parse(one), parse(other)
        names = sorted(set().union(*sizes.values()) if sizes else set())
        points = [dict(point) for point in sizes.values()]
        for turn in range(len(_PRIMES)):
            points.append({n: _PRIMES[(turn + i) % len(_PRIMES)] for i, n in enumerate(names)})
        return bool(points) and all(
            left.evaluate(point) == right.evaluate(point) for point in points
        )
    except (ExpressionError, KeyError, ZeroDivisionError):
        return False


def margin(view: View, at: int) -> str:
    """As many spaces as stand, or could, before a token on its line."""
    begin = view.source.rfind("\n", 0, view.starts[at]) + 1
    return " " * (view.starts[at] - begin)


def indented(text: str) -> str:
    """The lines of a body, two spaces for every open brace."""
    lines, depth = [], 1
    for line in (one.strip() for one in text.splitlines()):
        depth -= line.startswith("}")
        lines.append("  " * depth + line if line else "")
        depth += line.count("{") - line.count("}") + line.startswith("}")
    return "\n".join(lines)
