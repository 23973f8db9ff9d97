"""Diagnostics as values and in Apple's text form; knows nothing of where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ERROR = "error"
WARNING = "warning"
NOTE = "note"


@dataclass(frozen=True)
class Diagnostic:
    """One message at a 1-based line and column of `file`; `ranges` are columns to underline."""

    severity: str
    line: int
    column: int
    text: str
    file: str = ""
    notes: tuple[Diagnostic, ...] = ()
    ranges: tuple[tuple[int, int], ...] = ()  # [first, last) columns on the same line

    def to_json(self) -> dict[str, object]:
        """A plain object for JSON output."""
        return {
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "text": self.text,
            "notes": [note.to_json() for note in self.notes],
        }


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str]) -> str:
    """All diagnostics as Apple's compiler prints them: message, source line, caret."""
    lines_of = {name: text.split("\n") for name, text in sources.items()}
    out: list[str] = []
    for diagnostic in diagnostics:
        for item in (diagnostic, *diagnostic.notes):
            out.append(f"{item.file}:{item.line}:{item.column}: {item.severity}: {item.text}")
            out += _excerpt(item, lines_of.get(item.file, []))
    return "\n".join(out) + ("\n" if out else "")


def _excerpt(item: Diagnostic, lines: list[str]) -> list[str]:
    if not 1 <= item.line <= len(lines):
        return []
    source = lines[item.line - 1].rstrip("\r")
    width = max([item.column, *(last - 1 for _, last in item.ranges)])
    marks = ["\t" if char == "\t" else " " for char in source[:width].ljust(width)]
    for first, last in item.ranges:
        for column in range(max(first, 1), min(last, len(source) + 1)):
            marks[column - 1] = "~"
    marks[item.column - 1] = "^"
    return [source, "".join(marks)]


def ordered(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Diagnostics by place, each once."""
    seen: dict[tuple[str, int, int, str, str], Diagnostic] = {}
    for item in diagnostics:
        seen.setdefault((item.file, item.line, item.column, item.severity, item.text), item)
    return tuple(sorted(seen.values(), key=lambda item: (item.file, item.line, item.column)))
