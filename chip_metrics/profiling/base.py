"""The interface of profiling sources, and the one way to ask whether a tool is there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Tag = Literal["measured", "derived", "modelled"]


@dataclass(frozen=True)
class Measure:
    """One figure: of which kernel ("" for all), in which unit ("" if the tool states none)."""

    name: str
    value: float
    unit: str
    tag: Tag
    kernel: str = ""


@dataclass(frozen=True)
class Profile:
    """What a source says of a run."""

    source: str
    measures: tuple[Measure, ...]
    notes: tuple[str, ...] = ()

    def of(self, name: str, kernel: str = "") -> float | None:
        """A figure by name, None if the source has none."""
        found = (m.value for m in self.measures if (m.name, m.kernel) == (name, kernel))
        return next(found, None)


@dataclass(frozen=True)
class NotAvailable:
    """Why a source says nothing here."""

    source: str
    reason: str


#: Finds a program, as shutil.which does.
Which = Callable[[str], str | None]


@dataclass(frozen=True)
class Source:
    """A way to figures. `tool`: the program it needs, "" for none; `read` parses its output."""

    name: str
    tool: str
    command: str  # what a person runs to get the text that `read` takes
    read: Callable[[str], Profile | NotAvailable]

    def missing(self, which: Which = shutil.which) -> NotAvailable | None:
        """Why the source cannot be used on this machine, None if it can."""
        if not self.tool or which(self.tool):
            return None
        return NotAvailable(self.name, f"there is no {self.tool} on this machine")
