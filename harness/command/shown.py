"""The report of an Evaluation on a terminal, in colour; plain text elsewhere."""

from __future__ import annotations

import sys

from rich.table import Table
from rich.text import Text

from harness import console
from harness.command import report
from harness.evaluation import Evaluation

_STYLES = {
    "plain": "",
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "dim": "dim",
    "title": "bold",
}


def show(evaluation: Evaluation) -> None:
    """Print the report."""
    if not console.out.is_terminal:
        sys.stdout.write(report.text(evaluation))
        sys.stdout.flush()
        return
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="cyan", no_wrap=True, min_width=14)
    grid.add_column(overflow="fold")
    title, *body = report.lines(evaluation)
    for line in body:
        grid.add_row("  " + line.label, Text(line.text, _STYLES[line.tone]))
    style = "bold green" if evaluation.passed else "bold red"
    console.out.print(Text(title.text, style))
    console.out.print(grid, soft_wrap=False)
