"""Edits of a token list and the text they make, with a map from the made text back to the user's
places."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from msl.lexer import Token

#: Collectives are told apart by line and column in 10 bits: longer lines are broken.
_MAX_COLUMN = 900


@dataclass
class Edits:
    """Changes by token index; texts may hold `@K@` (number of the kernel) and `@S@` (suffix of its
    name)."""

    replaced: dict[int, str] = field(default_factory=dict)
    before: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    after: defaultdict[int, list[tuple[str, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def delete(self, start: int, end: int) -> None:
        """Remove the tokens of a range."""
        for index in range(start, end):
            self.replaced[index] = ""
            self.before.pop(index, None)
            self.after.pop(index, None)

    def insert_after(self, index: int, text: str, at: int | None = None) -> None:
        """Text behind a token; a diagnostic in it belongs to the token `at`."""
        self.after[index].append((text, index if at is None else at))


@dataclass
class Output:
    """Text under construction and where each piece of it came from. `name` is the file that `#line`
    calls it."""

    name: str

    lines: list[str] = field(default_factory=list)
    _map: list[list[tuple[int, Token, bool]]] = field(default_factory=list)
    _row: list[str] = field(default_factory=list)
    _row_map: list[tuple[int, Token, bool]] = field(default_factory=list)
    _width: int = 0

    def text(self) -> str:
        """Everything written, as a file of its own name."""
        self._break()
        return f'#line 1 "{self.name}"\n' + "\n".join(self.lines) + "\n"

    def raw(self, text: str, place: Token | None = None) -> None:
        """Whole lines of our own, for `place` in the user's text if that is to blame for them."""
        self._break()
        for line in text.split("\n"):
            self.lines.append(line)
            self._map.append([(1, place, False)] if place else [])

    def tokens(
        self, code: Sequence[Token], span: range, edits: Edits, values: dict[str, str]
    ) -> None:
        """The edited text of the tokens of a span."""
        self._break()
        place: tuple[str, int] | None = None
        for index in span:
            token = code[index]
            own = edits.replaced.get(index, token.text)
            pieces = [(text, token, False) for text in edits.before.get(index, ())]
            pieces.append((own, token, index not in edits.replaced))
            pieces += [(text, code[at], False) for text, at in edits.after.get(index, ())]
            for text, origin, exact in pieces:
                for mark, value in values.items():
                    text = text.replace(mark, value)
                alone = text.startswith("#")
                if (
                    alone
                    or (token.file, token.line) != place
                    or self._width > _MAX_COLUMN - len(text)
                ):
                    self._break()
                    place = token.file, token.line
                if text:
                    self._write(text, origin, exact)
                if alone:
                    place = None
        self._break()

    def _write(self, text: str, token: Token, exact: bool) -> None:
        if self._width:
            self._row.append(" ")
            self._width += 1
        self._row_map.append((self._width + 1, token, exact))
        self._row.append(text)
        self._width += len(text)

    def _break(self) -> None:
        if self._row:
            self.lines.append("".join(self._row))
            self._map.append(self._row_map)
        self._row, self._row_map, self._width = [], [], 0

    def place(self, line: int, column: int) -> tuple[str, int, int] | None:
        """The user's file, line and column of a place in the text; None inside text of ours."""
        if not 1 <= line <= len(self._map):
            return None
        row = self._map[line - 1]
        index = bisect_right(row, column, key=lambda item: item[0]) - 1
        if index < 0:
            return None
        start, token, exact = row[index]
        inside = column - start
        return (
            token.file,
            token.line,
            token.column + (inside if exact and inside <= len(token.text) else 0),
        )
