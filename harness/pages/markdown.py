"""Tables and the like, as pages write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

HOW = "<!-- written by `make refresh` from {}; never edited by hand -->"


def head(sources: str) -> str:
    """Line 1 of a page: what it is written from."""
    return HOW.format(sources)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a bar in a cell is escaped."""
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


def link(text: str, path: str) -> str:
    """A link to a file of the tree."""
    return f"[{text}]({path})"
