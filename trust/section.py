"""One part of the trust report: a table and how many of its rows hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A table whose first row names the columns; `passed` of `total` checks hold.

    `full`: whether all counts ran, so that the figures may be kept.
    """

    title: str
    rows: Sequence[tuple[str, ...]]
    passed: int
    total: int
    summary: str
    full: bool

    @property
    def holds(self) -> bool:
        """Whether every check of it does."""
        return self.passed == self.total
