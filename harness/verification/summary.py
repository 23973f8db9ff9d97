"""The verdict on a pull request: one line a kernel, the exit code, text and markdown.

Everything that comes from the pull request is shown as inert text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from harness.errors import ExitCode

MOST_NAME = 120
MOST_REASON = 400
MOST_REASONS = 30
MOST_LINES = 200


class Ruling(str, Enum):
    """What is to be done with a change; of several, the last in this order."""

    ACCEPT = "ACCEPT"
    NEEDS_DEVICE = "NEEDS-DEVICE"
    NEEDS_HUMAN = "NEEDS-HUMAN"
    REJECT = "REJECT"

    @property
    def weight(self) -> int:
        """Its place in the order."""
        return list(Ruling).index(self)


_EXIT_CODES = {
    Ruling.ACCEPT: ExitCode.PASSED,
    Ruling.NEEDS_DEVICE: ExitCode.NEEDS_DEVICE,
    Ruling.NEEDS_HUMAN: ExitCode.NEEDS_HUMAN,
    Ruling.REJECT: ExitCode.REFUSED,
}


@dataclass(frozen=True)
class Finding:
    """One fact about a change and what it asks for."""

    ruling: Ruling
    reason: str


def reject(reason: str) -> Finding:
    """A fact that no honest change shows."""
    return Finding(Ruling.REJECT, reason)


@dataclass(frozen=True)
class Line:
    """A kernel, or the files beside kernels, with all that was found about it."""

    subject: str
    findings: tuple[Finding, ...]

    @property
    def ruling(self) -> Ruling:
        """The gravest of the findings."""
        return worst(finding.ruling for finding in self.findings)

    @property
    def reasons(self) -> list[str]:
        """What was found, the gravest first; what is fine only where nothing is wrong."""
        ordered = sorted(self.findings, key=lambda f: -f.ruling.weight)
        telling = [f.reason for f in ordered if f.ruling is not Ruling.ACCEPT]
        return list(dict.fromkeys(telling or [f.reason for f in ordered]))


@dataclass(frozen=True)
class Report:
    """The whole answer."""

    base: str
    head: str
    lines: tuple[Line, ...]

    @property
    def ruling(self) -> Ruling:
        """The gravest of all lines."""
        return worst(line.ruling for line in self.lines)

    @property
    def exit_code(self) -> ExitCode:
        """What a script is told."""
        return _EXIT_CODES[self.ruling]


def worst(rulings: Iterable[Ruling]) -> Ruling:
    """The gravest ruling; ACCEPT of none."""
    return max(rulings, key=lambda ruling: ruling.weight, default=Ruling.ACCEPT)


def text(report: Report) -> str:
    """The report for a terminal or a log: one line a kernel, then the verdict."""
    widest = max((len(plain(line.subject)) for line in report.lines), default=0)
    rows = [
        f"{line.ruling.value:<12}  {plain(line.subject):<{widest}}  {_joined(line.reasons)}"
        for line in report.lines[:MOST_LINES]
    ]
    left = len(report.lines) - MOST_LINES
    more = [f"and {left} more, which count too"] if left > 0 else []
    return "\n".join([*rows, *more, f"verdict: {report.ruling.value} ({_about(report)})"]) + "\n"


def markdown(report: Report) -> str:
    """The report as a table for a job's summary page."""
    rows = [
        f"| {line.ruling.value} | {code(line.subject)} "
        f"| {'<br>'.join(code(reason, MOST_REASON) for reason in _few(line.reasons))} |"
        for line in report.lines[:MOST_LINES]
    ]
    left = len(report.lines) - MOST_LINES
    more = [f"| … | and {left} more, which count too | |"] if left > 0 else []
    head = [f"### Verdict: {report.ruling.value}", "", _about(report), ""]
    return "\n".join([*head, "| verdict | change | why |", "|---|---|---|", *rows, *more]) + "\n"


def _about(report: Report) -> str:
    return f"{report.head[:12]} against {report.base[:12]}"


def _few(reasons: Sequence[str]) -> list[str]:
    left = len(reasons) - MOST_REASONS
    return [*reasons[:MOST_REASONS], *([f"and {left} more"] if left > 0 else [])]


def _joined(reasons: Sequence[str]) -> str:
    return "; ".join(plain(reason, MOST_REASON) for reason in _few(reasons))


def plain(foreign: str, most: int = MOST_NAME) -> str:
    """Text on one line that no terminal, and no runner that reads its log, takes for a command."""
    shown = visible(foreign).replace("##[", "## [").replace("::", ": :")
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def visible(foreign: str) -> str:
    """Text on one line with every character spelled out that turns, hides or commands others."""
    return "".join(c if c.isprintable() and not _turns(c) else _escaped(c) for c in foreign)


def code(foreign: str, most: int = MOST_NAME) -> str:
    """The same for markdown: what could begin a table, a link, a tag or a mention is spelled as its
    number."""
    escaped = re.sub(
        r"[^\w …,;=/%+?-]|_", lambda match: f"&#{ord(match[0])};", plain(foreign, most)
    )
    return f"<code>{escaped}</code>"


def _turns(character: str) -> bool:
    """Marks that turn or hide text around them."""
    return character in "\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u2060\ufeff" or (
        "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"
    )


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"
