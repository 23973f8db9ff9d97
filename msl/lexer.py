"""Tokens of C-family text with exact source positions, through comments, line splices and
digraphs."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

IDENT = "ident"
NUMBER = "number"
STRING = "string"
PUNCT = "punct"
DIRECTIVE = "directive"

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\f\v]+)
    | (?P<newline>\n)
    | (?P<comment>//[^\n]*|/\*.*?\*/)
    | (?P<raw>(?:u8|[uUL])?R"(?P<delim>[^()\\\s"]{0,16})\(.*?\)(?P=delim)")
    | (?P<ident>[A-Za-z_$\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)
    | (?P<number>\.?[0-9](?:[eEpP][+-]|'[\w]|[\w.])*)
    | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    | (?P<open>["'][^\n]*)
    | (?P<punct><<=|>>=|\.\.\.|->\*|::|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\|
        |\+=|-=|\*=|/=|%=|&=|\|=|\^=
        |\#\#|<:(?!:)|<:(?=::)|:>|<%|%>|%:%:|%:|[-+*/%&|^~!=<>?:;,.(){}\[\]\#@`\\"'])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DIGRAPHS = {"<:": "[", ":>": "]", "<%": "{", "%>": "}", "%:": "#", "%:%:": "##"}
_SPLICE = re.compile(r"\\[ \t\f\v]*\r?\n")


@dataclass(slots=True)
class Token:
    """One token; `line` and `column` are 1-based and name the user's file `file`."""

    kind: str
    text: str
    line: int
    column: int
    file: str = ""
    space: bool = False  # whether white space stood before it
    first: bool = False  # whether it is the first of its line

    def __repr__(self) -> str:
        return f"{self.text}@{self.line}:{self.column}"


@dataclass(slots=True)
class _Positions:
    """Maps offsets of the spliced text back to lines and columns of the raw text."""

    raw_starts: list[int]
    cuts: list[int] = field(default_factory=list)  # offsets in the spliced text
    removed: list[int] = field(default_factory=list)  # characters removed up to there

    def at(self, offset: int) -> tuple[int, int]:
        cut = bisect_right(self.cuts, offset)
        raw = offset + (self.removed[cut - 1] if cut else 0)
        line = bisect_right(self.raw_starts, raw)
        return line, raw - self.raw_starts[line - 1] + 1


def _splice(text: str) -> tuple[str, _Positions]:
    starts = [0] + [match.end() for match in re.finditer("\n", text)]
    positions = _Positions(starts)
    if "\\" not in text:
        return text, positions
    pieces: list[str] = []
    end = removed = 0
    for match in _SPLICE.finditer(text):
        pieces.append(text[end : match.start()])
        end = match.end()
        positions.cuts.append(match.start() - removed)
        removed += match.end() - match.start()
        positions.removed.append(removed)
    pieces.append(text[end:])
    return "".join(pieces), positions


def lex(text: str, file: str = "") -> list[Token]:
    """All tokens of raw source text. A preprocessing directive is one token with its whole text."""
    spliced, positions = _splice(text)
    return list(_tokens(spliced, positions, file))


def _tokens(text: str, positions: _Positions, file: str) -> Iterator[Token]:
    offset, size = 0, len(text)
    first, space = True, False
    while offset < size:
        match = _TOKEN.match(text, offset)
        assert match is not None
        kind = match.lastgroup or ""
        if kind == "delim":
            kind = "raw"
        offset = match.end()
        if kind in ("space", "comment"):
            space = True
            continue
        if kind == "newline":
            first, space = True, False
            continue
        value = match.group()
        line, column = positions.at(match.start())
        if kind == "punct" and value in _DIGRAPHS:
            value = _DIGRAPHS[value]
        if first and value == "#":
            end = _directive_end(text, match.start())
            body = "#" + text[match.end() : end]
            yield Token(DIRECTIVE, body, line, column, file, space, True)
            offset = end
            continue
        kind = {"raw": STRING, "open": PUNCT, "other": PUNCT}.get(kind, kind)
        yield Token(kind, value, line, column, file, space, first)
        first = space = False


def _directive_end(text: str, start: int) -> int:
    """The end of a directive's logical line; a comment that spans lines belongs to it."""
    offset = start
    while offset < len(text) and text[offset] != "\n":
        if text.startswith("/*", offset):
            close = text.find("*/", offset + 2)
            offset = len(text) if close < 0 else close + 2
        elif text.startswith("//", offset):
            stop = text.find("\n", offset)
            return len(text) if stop < 0 else stop
        elif text[offset] in "\"'":
            match = re.compile(r"([\"'])(?:\\.|(?!\1)[^\\\n])*\1?").match(text, offset)
            offset = match.end() if match else offset + 1
        else:
            offset += 1
    return offset


@dataclass(frozen=True, slots=True)
class OutputLine:
    """One line of preprocessed text that holds tokens, and the source line it came from."""

    file: str
    line: int
    text: str


def entered_files(text: str) -> set[str]:
    """Every file that a preprocessor's output says it has read."""
    return {_unescaped(match.group(2)) for match in re.finditer(_MARKER.pattern, text, re.M)}


_MARKER = re.compile(r'^# (\d+) "((?:[^"\\]|\\.)*)"')


def _unescaped(path: str) -> str:
    return path.replace("\\\\", "\\").replace('\\"', '"')


def output_lines(text: str) -> Iterator[OutputLine]:
    """Lines of a preprocessor's output with the file and line that its markers give them."""
    file, line = "", 0
    for content in text.split("\n"):
        marker = _MARKER.match(content)
        if marker:
            file = _unescaped(marker.group(2))
            line = int(marker.group(1))
            continue
        if content.strip():
            yield OutputLine(file, line, content)
        line += 1
