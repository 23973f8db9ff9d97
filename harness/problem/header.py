"""The `//!` lines of a `.metal` file, and the same grammar unmarked: the schedule of a SPEC.

    track: exact                         or relaxed, or library: by what rules it is judged
    requires: E                          where it holds; elsewhere the size is "not covered"
    tune: NAME in 16, 32, 64             an integer constant of this file that tools may set
    reason BOUND: TEXT                   why it exceeds that bound of the counts in KERNELS.md
    scratch NAME: TYPE COUNT             a buffer between dispatches
    grid: E E E                          the short form of one dispatch of the SPEC's function
    threadgroup: E E E
    dispatch F grid: E E E threadgroup: E E E [tgmem I: BYTES] [bind I=NAME[+BYTES]] [const I=E]
               [repeat: E] [swap: A,B[,C…]]…
    repeat: E [swap: A,B[,C…]]…          the dispatches down to `end` together, so many times
    end

y and z may be left out and are then 1. `const` binds four bytes: uint, or float if the value is a
decimal. `swap` exchanges buffers between repetitions, so that after the last one each name means
what that repetition had bound: a name takes the buffer of the next one, the last name that of the
first. `step` counts repetitions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from harness.problem.dtypes import Element, element_of_msl
from harness.problem.expressions import (
    MAX_DIGITS,
    Expression,
    ExpressionError,
    Node,
    Parser,
    Token,
    tokens,
)
from msl import safety

MAX_BUFFERS = 31
_CLAUSES = ("grid", "threadgroup", "tgmem", "bind", "const", "repeat", "swap")
#: What a row of the board may be; a file that says nothing is exact.
TRACKS = ("exact", "relaxed", "library")
_DIRECTIVES = (
    *("track", "requires", "tune", "reason", "scratch"),
    *("dispatch", "grid", "threadgroup", "repeat", "end"),
)
#: What the counts of a kernel are held to: bytes moved, use of lines, device loads, threadgroups.
BOUNDS = ("bytes", "lines", "loads", "threadgroups")


@dataclass(frozen=True)
class HeaderError:
    """A bad header line, as a value; line and column count from 1 in the file."""

    message: str
    line: int
    column: int


@dataclass(frozen=True)
class Tune:
    """A constant of the file that tools may set, its declared value and the choices."""

    name: str
    choices: tuple[int, ...]
    value: int


@dataclass(frozen=True)
class Scratch:
    """A buffer that lives between dispatches, poisoned before every run."""

    name: str
    element: Element
    count: Expression
    line: int


@dataclass(frozen=True)
class DispatchLine:
    """One dispatch as written, nothing evaluated. An empty `function` means the SPEC's."""

    function: str
    grid: tuple[Expression, ...] = ()
    threadgroup: tuple[Expression, ...] = ()
    tgmem: Mapping[int, Expression] = field(default_factory=dict)
    bind: Mapping[int, tuple[str, Expression | None]] = field(default_factory=dict)
    const: Mapping[int, Expression] = field(default_factory=dict)
    repeat: Expression | None = None
    swap: tuple[tuple[str, ...], ...] = ()
    line: int = 0
    loop: int | None = None  # index of the Loop that it stands in


@dataclass(frozen=True)
class Loop:
    """Dispatches that are repeated together."""

    repeat: Expression
    swap: tuple[tuple[str, ...], ...]
    line: int


@dataclass(frozen=True)
class Header:
    """All header lines of one file."""

    requires: tuple[Expression, ...] = ()
    tune: tuple[Tune, ...] = ()
    scratch: tuple[Scratch, ...] = ()
    dispatches: tuple[DispatchLine, ...] = ()
    grid: tuple[Expression, ...] = ()
    threadgroup: tuple[Expression, ...] = ()
    track: str = ""  # empty where no line names one
    reasons: Mapping[str, str] = field(default_factory=dict)  # by bound
    loops: tuple[Loop, ...] = ()
    open_loop: bool = False  # while lines are read

    @property
    def swapped(self) -> frozenset[str]:
        """Every name that some `swap` exchanges."""
        once = [swap for line in self.dispatches for swap in line.swap]
        together = [swap for loop in self.loops for swap in loop.swap]
        return frozenset(name for swap in (*once, *together) for name in swap)

    @property
    def functions(self) -> tuple[str, ...]:
        """Functions that dispatch lines name, once each."""
        return tuple(dict.fromkeys(d.function for d in self.dispatches if d.function))


_REASON = re.compile(r"\s*reason\b\s*([a-z]*)\s*:\s*(.*\S)")
_MARKED = re.compile(r"^([ \t]*//!)(.*)$", re.MULTILINE)


def parse_header(source: str) -> Header | HeaderError:
    """The header of a `.metal` file."""
    misread = safety.misread(source)
    if misread:
        return HeaderError(misread, 1, 1)
    lines = []
    for match in _MARKED.finditer(source):
        number = source.count("\n", 0, match.start()) + 1
        lines.append((number, len(match[1]), match[2]))
    return _parse(lines, source)


def parse_schedule(text: str) -> Header | HeaderError:
    """A SPEC's default schedule: the same lines without the marker."""
    return _parse([(n, 0, line) for n, line in enumerate(text.splitlines(), 1)], "")


def _parse(lines: list[tuple[int, int, str]], source: str) -> Header | HeaderError:
    header = Header()
    for number, indent, text in lines:
        if not text.strip():
            continue
        try:
            reason = _REASON.fullmatch(text.rstrip())
            if reason:
                header = _with_reason(header, reason)
            else:
                header = _Line(text, number, source).added_to(header)
        except ExpressionError as problem:
            return HeaderError(problem.message, number, problem.column + indent)
    if header.open_loop:
        return HeaderError("this repeat has no end", header.loops[-1].line, 1)
    if header.dispatches and (header.grid or header.threadgroup):
        message = "give either dispatch lines or the short grid and threadgroup, not both"
        return HeaderError(message, header.dispatches[0].line, 1)
    return header


def _with_reason(header: Header, found: re.Match[str]) -> Header:
    """A reason is prose, which has no tokens."""
    bound = found[1]
    if bound not in BOUNDS or bound in header.reasons:
        what = f"a second reason for '{bound}'" if bound in BOUNDS else f"no bound '{bound}'"
        raise ExpressionError(f"{what}; one of {', '.join(BOUNDS)}", found.start(1) + 1)
    return replace(header, reasons={**header.reasons, bound: found[2]})


class _Line:
    """The parser of one header line."""

    def __init__(self, text: str, number: int, source: str) -> None:
        self.parser = Parser(tokens(text))
        self.text = text
        self.number = number
        self.source = source

    def added_to(self, header: Header) -> Header:
        """`header` with what this line says."""
        word = self.parser.take()
        if word.text not in _DIRECTIVES:
            known = ", ".join(_DIRECTIVES)
            message = f"unknown header line '{word.text}'; one of {known} (comments start with //)"
            raise ExpressionError(message, word.column)
        if word.text == "scratch":
            header = self._scratch(header)
        elif word.text == "dispatch":
            line = self._dispatch()
            if header.open_loop:
                if line.repeat or line.swap:
                    raise ExpressionError("the repeat around it counts and swaps", word.column)
                line = replace(line, loop=len(header.loops) - 1)
            header = replace(header, dispatches=(*header.dispatches, line))
        elif word.text in ("repeat", "end"):
            header = self._loop(header, word)
        else:
            self.parser.expect(":")
            if word.text == "track":
                header = self._track(header, word)
            elif word.text == "requires":
                header = replace(header, requires=(*header.requires, self._expression()))
            elif word.text == "tune":
                header = self._tune(header)
            elif getattr(header, word.text):
                raise ExpressionError(f"a second {word.text}", word.column)
            else:
                header = replace(header, **cast(Any, {word.text: self._extent()}))
        if self.parser.next.kind != "end":
            rest = self.parser.next
            raise ExpressionError(f"unexpected '{rest.text}'", rest.column)
        return header

    def _loop(self, header: Header, word: Token) -> Header:
        """Begin a loop, or end the one that is open."""
        if (word.text == "end") != header.open_loop:
            what = "the last repeat has no end" if header.open_loop else "no repeat to end"
            raise ExpressionError(what, word.column)
        if word.text == "end":
            return replace(header, open_loop=False)
        self.parser.expect(":")
        count = self._expression()
        swaps = []
        while self.parser.next.text == "swap":
            self.parser.take()
            self.parser.expect(":")
            swaps.append(self._swap())
        made = Loop(count, tuple(swaps), self.number)
        return replace(header, loops=(*header.loops, made), open_loop=True)

    def _track(self, header: Header, word: Token) -> Header:
        if header.track:
            raise ExpressionError("a second track", word.column)
        column = self.parser.next.column
        name = self._name(f"one of {', '.join(TRACKS)}")
        if name not in TRACKS:
            raise ExpressionError(f"no track '{name}'; one of {', '.join(TRACKS)}", column)
        return replace(header, track=name)

    def _expression(self) -> Expression:
        start = self.parser.next.column - 1
        node: Node = self.parser.expression()
        end = self.parser.next.column - 1
        return Expression(node, self.text[start:end].strip())

    def _extent(self) -> tuple[Expression, ...]:
        found = [self._expression()]
        while len(found) < 3 and self.parser.next.kind != "end":
            if self.parser.next.text in _CLAUSES or self.parser.peek.text == ":":
                break
            found.append(self._expression())
        return tuple(found)

    def _name(self, what: str) -> str:
        token = self.parser.take()
        if token.kind != "name":
            raise ExpressionError(f"expected {what}", token.column)
        return token.text

    def _index(self) -> int:
        token = self.parser.take()
        if not token.text.isdigit() or int(token.text) >= MAX_BUFFERS:
            raise ExpressionError(f"expected an index from 0 to {MAX_BUFFERS - 1}", token.column)
        return int(token.text)

    def _scratch(self, header: Header) -> Header:
        column = self.parser.next.column
        name = self._name("the name of the scratch buffer")
        if any(name == scratch.name for scratch in header.scratch):
            raise ExpressionError(f"a second scratch '{name}'", column)
        self.parser.expect(":")
        column = self.parser.next.column
        spelling = self._name("an element type")
        element = element_of_msl(spelling)
        if element is None:
            raise ExpressionError(f"unknown element type '{spelling}'", column)
        scratch = Scratch(name, element, self._expression(), self.number)
        return replace(header, scratch=(*header.scratch, scratch))

    def _tune(self, header: Header) -> Header:
        column = self.parser.next.column
        name = self._name("the name of a constant")
        if self._name("'in'") != "in":
            raise ExpressionError("expected 'in' and the choices", column)
        choices = []
        while True:
            token = self.parser.take()
            if not token.text.isdigit():
                raise ExpressionError("expected an integer", token.column)
            choices.append(int(token.text))
            if self.parser.next.text != ",":
                break
            self.parser.take()
        found = _constant(name).search(self.source)
        if found is None:
            raise ExpressionError(f"this file declares no integer constant '{name}'", column)
        if len(found[2]) > MAX_DIGITS or int(found[2]) not in choices:
            shown = found[2][:MAX_DIGITS]
            raise ExpressionError(f"'{name}' is {shown}, which is not a choice", column)
        return replace(header, tune=(*header.tune, Tune(name, tuple(choices), int(found[2]))))

    def _dispatch(self) -> DispatchLine:
        line = DispatchLine(self._name("the name of a function"), line=self.number)
        while self.parser.next.kind != "end":
            clause = self.parser.take()
            if clause.text not in _CLAUSES:
                message = f"expected one of {', '.join(_CLAUSES)}, found '{clause.text}'"
                raise ExpressionError(message, clause.column)
            if clause.text in ("tgmem", "bind", "const"):
                line = self._indexed(line, clause.text)
                continue
            if clause.text == "swap":
                self.parser.expect(":")
                line = replace(line, swap=(*line.swap, self._swap()))
                continue
            if getattr(line, clause.text):
                raise ExpressionError(f"a second {clause.text}", clause.column)
            self.parser.expect(":")
            line = replace(line, **cast(Any, {clause.text: self._clause(clause.text)}))
        if not line.grid or not line.threadgroup:
            raise ExpressionError("a dispatch needs grid and threadgroup", self.parser.next.column)
        return line

    def _clause(self, name: str) -> object:
        return self._expression() if name == "repeat" else self._extent()

    def _swap(self) -> tuple[str, ...]:
        """Two names or more, each once."""
        column = self.parser.next.column
        names = [self._name("the name of a buffer")]
        while len(names) < 2 or self.parser.next.text == ",":
            self.parser.expect(",")
            names.append(self._name("the name of a buffer"))
        if len(set(names)) < len(names):
            raise ExpressionError("swap: a name occurs twice", column)
        return tuple(names)

    def _indexed(self, line: DispatchLine, clause: str) -> DispatchLine:
        column = self.parser.next.column
        index = self._index()
        taken = line.tgmem if clause == "tgmem" else {**line.bind, **line.const}
        if index in taken:
            raise ExpressionError(f"index {index} is given twice", column)
        self.parser.expect(":" if clause == "tgmem" else "=")
        if clause == "tgmem":
            return replace(line, tgmem={**line.tgmem, index: self._expression()})
        if clause == "const":
            return replace(line, const={**line.const, index: self._expression()})
        name = self._name("the name of a buffer")
        offset = None
        if self.parser.next.text == "+":
            self.parser.take()
            offset = self._expression()
        return replace(line, bind={**line.bind, index: (name, offset)})


def _constant(name: str) -> re.Pattern[str]:
    """`constexpr uint NAME = 16`, `constant uint NAME = 16`, `#define NAME 16` or an enumerator."""
    declared = rf"\b(?:constexpr|constant|const|enum)\b[^;\n]*?\b{name}\s*=\s*"
    defined = rf"^\s*#\s*define\s+{name}\s+"
    return re.compile(rf"({declared}|{defined})(\d+)", re.MULTILINE)


def with_constants(source: str, values: Mapping[str, int]) -> str:
    """The source with the declared value of each constant replaced."""
    for name, value in values.items():
        source, count = _constant(name).subn(rf"\g<1>{value}", source, count=1)
        if not count:
            raise KeyError(f"no integer constant '{name}'")
    return source
