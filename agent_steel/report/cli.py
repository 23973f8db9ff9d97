"""The command line of `python -m agent_steel.report`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from agent_steel import settings
from agent_steel.report import writing
from harness import console
from harness.errors import ExitCode, UserError


def parser() -> argparse.ArgumentParser:
    """Every option."""
    it = argparse.ArgumentParser(
        prog="python -m agent_steel.report",
        description="Write report.html and convergence.png of searches, from their folders alone."
        " Runs that are named together share one chart.",
        allow_abbrev=False,
    )
    it.add_argument("runs", nargs="+", metavar="RUN", help="a run's name, or its folder")
    return it


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, and print where."""
    given = parser().parse_args(arguments)
    try:
        for path in writing.write([folder_of(name) for name in given.runs]):
            console.out.print(str(path), markup=False)
    except UserError as problem:
        console.error(problem.message, problem.hint)
        return int(problem.exit_code)
    return int(ExitCode.PASSED)


def folder_of(name: str) -> Path:
    """A folder as it is named, or that of a run of this home."""
    named = Path(name)
    return named if named.is_dir() else settings.folders().run(name)
