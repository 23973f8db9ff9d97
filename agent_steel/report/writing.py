"""Writes report.html and convergence.png into the folders of runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent_steel.report import run_report
from agent_steel.report.run_report import Told
from harness import atomic

REPORT = "report.html"
CONVERGENCE = "convergence.png"


def write(folders: Sequence[Path]) -> list[Path]:
    """A report for each run; the paths of them.

    Runs that are named together share one convergence.png, which each folder gets.
    """
    runs = [Told.read(folder) for folder in folders]
    measured = [one for one in runs if one.attempts]
    chart = run_report.convergence(measured).png() if measured else None
    for one in runs:
        atomic.write_text(one.folder / REPORT, run_report.html(one))
        if chart is not None:
            atomic.write_bytes(one.folder / CONVERGENCE, chart)
    return [one.folder / REPORT for one in runs]
