"""The command line of `python -m agent_steel.compare`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from agent_steel import settings
from agent_steel.compare import comparison, comparison_page, design, running, tables
from agent_steel.compare.documents import Comparison
from agent_steel.compare.running import Place
from agent_steel.view import Board
from harness import atomic, console, locks
from harness.errors import ExitCode, UserError

INTERRUPTED = 130
#: Points of a curve that fit on a terminal.
_COLUMNS = 5

_EXAMPLE = """\
a plan
  name = "first-look"                     its folder: .agent-steel/compare/first-look
  kernels = ["softmax", "layer_norm"]
  strategies = ["greedy", "one-plus-one"]
  models = ["offline", "anthropic/claude-opus-5-5"]
  contexts = ["none", "cuda"]
  seeds = [0, 1, 2]
  confirm = "report"                      none | screen | report | record

  [budget]                                of each search; the same for all
  attempts = 12
  usd = 1.0

  [context]
  cuda = "cuda/{kernel}.cu"               beside the plan, one a kernel

The same command again goes on where a stopped or killed one was.

exit codes
  0 every search is finished    1 a start was refused    2 wrong use    3 the environment lacks
  something    4 a host failed    130 interrupted
"""


def parser() -> argparse.ArgumentParser:
    """Every option."""
    it = argparse.ArgumentParser(
        prog="python -m agent_steel.compare",
        description="Compare strategies, models and contexts on kernels and seeds at equal budget.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    it.add_argument("plan", type=Path, metavar="plan.toml")
    it.add_argument("--parallel", type=int, default=1, metavar="N", help="searches at a time")
    it.add_argument("--no-run", action="store_true", help="tell what is finished; run nothing")
    it.add_argument("--json", action="store_true", help="print one JSON object")
    return it


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, and turn every failure into its exit code."""
    given = parser().parse_args(arguments)
    try:
        return _run(given)
    except UserError as problem:
        console.error(problem.message, problem.hint)
        return int(problem.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return int(ExitCode.PASSED)


def _run(given: argparse.Namespace) -> int:
    if given.parallel < 1:
        raise UserError("--parallel is at least 1")
    plan = design.read(given.plan)
    place = Place.of(settings.folders(), plan)
    # With --json standard output holds the object alone.
    board = Board(console.err if given.json else console.out)
    ended = True
    if not given.no_run:
        running.check(plan, given.plan.parent)
        with locks.file(f"compare-{plan.name}"):
            ended = running.run_all(plan, place, given.plan.parent, board, given.parallel)
    found = comparison.compare(plan, comparison.collect(plan, place))
    atomic.write_json(place.folder / "comparison.json", found.model_dump(mode="json"))
    page = comparison_page.write(found, place.folder)
    if given.json:
        sys.stdout.write(atomic.strict_json(found.model_dump(mode="json"), indent=None))
    else:
        show(found)
        board.say(str(page))
    if not ended:
        board.say("stopped; the same command goes on")
        return INTERRUPTED
    return int(ExitCode.REFUSED if found.excluded else ExitCode.PASSED)


def show(found: Comparison) -> None:
    """The tables, as a person reads them."""
    for line in tables.head(found):
        console.out.print(line, markup=False, style="bold")
    for title, rows in tables.tables(found, _COLUMNS):
        if rows:
            console.out.print()
            if title:
                console.out.print(title, markup=False)
            console.show_table(rows)
