"""What a measurement found, beside what it has to reach, and the report of them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from harness import environment

_HEAD = """\
<!-- Regenerate with `make perf`. -->
# Performance

What this product has to reach, measured in one run. Ratios compare two things timed in this run,
on this machine; they move with its load. Figures of a CPU say nothing about Metal.

"""


@dataclass(frozen=True)
class Finding:
    """One line: a figure in its unit, and the bound it has to keep."""

    what: str
    value: float
    unit: str
    bound: float
    at_most: bool
    detail: str = ""

    @property
    def reached(self) -> bool:
        """Whether the bound is kept."""
        return self.value <= self.bound if self.at_most else self.value >= self.bound


def report(findings: Sequence[Finding]) -> str:
    """docs/PERFORMANCE.md."""
    facts = environment.facts()
    machine = f"{facts['cpu']}, {facts['cores']} cores, {facts['os']} {facts['os_release']}"
    versions = f"Python {facts['python']}, MLX {facts['mlx']}, ziglang {facts['ziglang']}"
    day = datetime.now(timezone.utc).date().isoformat()
    lines = [
        f"{day}: {machine}; {versions}; commit {facts['commit'] or 'unknown'}.",
        "",
        "| what | measured | has to be | reached | detail |",
        "|---|---|---|---|---|",
    ]
    return _HEAD + "\n".join([*lines, *(_row(finding) for finding in findings)]) + "\n"


def _row(finding: Finding) -> str:
    sign = "≤" if finding.at_most else "≥"
    reached = "yes" if finding.reached else "**no**"
    value, bound = (f"{number:.4g} {finding.unit}" for number in (finding.value, finding.bound))
    return f"| {finding.what} | {value} | {sign} {bound} | {reached} | {finding.detail} |"
