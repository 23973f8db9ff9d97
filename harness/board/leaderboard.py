"""session.json, folded from results/: who is fastest on each chip, with the winning source."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import atomic, locks, settings
from harness.board import provenance, records
from harness.errors import ExitCode, UserError

SESSION_VERSION = 2
_ABOUT = "folded from results/ by `make refresh`; never edited by hand"


def fold(results: Path, problems: list[str]) -> dict[str, Any]:
    """The leaderboard of everything under `results`; files that cannot be read go to `problems`."""
    found: list[records.ResultsDocument] = []
    for path in sorted(results.glob("*/*.json")):
        try:
            document = records.load(path)
        except records.CorruptResults as corrupt:
            problems.append(str(corrupt))
            continue
        if document is not None:  # another process may keep it aside at this moment
            found.append(document)
    chips: dict[str, dict[str, Any]] = {}
    for document in found:
        now = newest_environment([other for other in found if other.chip == document.chip])
        tracks = {
            track: {size: _row(record, now) for size, record in sizes.items()}
            for track, sizes in document.tracks.items()
        }
        chips.setdefault(document.chip, {})[document.kernel] = {
            "set": document.set,
            "tracks": tracks,
        }
    return {
        "about": _ABOUT,
        "chips": chips,
        "ranking": {chip: ranking(kernels) for chip, kernels in chips.items()},
        "schema_version": SESSION_VERSION,
    }


def newest_environment(documents: Sequence[records.ResultsDocument]) -> Mapping[str, Any]:
    """The newest that a chip was measured with, by anybody: rows of older versions are stale.

    The board must not depend on the machine that folds it, so this is all it can compare with.
    """
    found = [r for d in documents for sizes in d.tracks.values() for r in sizes.values()]
    environments: list[Mapping[str, Any]] = [r.run.evaluation.environment for r in found]
    environments += [a.environment for r in found for a in r.provenance.attestations]
    return provenance.newest(environments)


def ranking(kernels: Mapping[str, Any]) -> list[list[str]]:
    """A chip's rows as [kernel, track, size]: reproduced, then claimed, then stale; by speedup."""
    rows = [
        (provenance.standing(row["provenance"]), -_speedup(row), [kernel, track, size])
        for kernel, entry in kernels.items()
        for track, sizes in entry["tracks"].items()
        for size, row in sizes.items()
    ]
    return [name for _, _, name in sorted(rows)]


def _speedup(row: Mapping[str, Any]) -> float:
    figures = row["figures"]
    return float(figures["speedup"]) if figures and figures["speedup"] is not None else 0.0


def _row(record: records.Record, now: Mapping[str, Any]) -> dict[str, Any]:
    evaluation = record.run.evaluation
    figures = evaluation.figures
    return {
        "dims": evaluation.dims,
        "figures": None if figures is None else figures.model_dump(mode="json"),
        "flags": [flag.value for flag in evaluation.flags],
        "held_out": evaluation.held_out,
        "provenance": record.state(now),
        "recorded_at": record.provenance.recorded_at,
        "reproduced": record.reproduced,
        "source": record.run.source,
        "source_sha256": evaluation.source_sha256,
        "stale_because": record.stale_because(now),
        "variant": evaluation.variant,
    }


def refresh(*, public: bool = False) -> list[str]:
    """Fold again and replace session.json; returns what could not be read. One writer at a time.

    `public` leaves out the rows that stay on this machine, which is how the board is committed.
    """
    problems: list[str] = []
    where = settings.paths()
    with locks.file("session"):
        board = fold(where.results, problems)
        atomic.write_json(where.session, public_rows(board) if public else board)
    return problems


def check() -> list[str]:
    """Why session.json is not what it should be; empty if it is."""
    problems: list[str] = []
    where = settings.paths()
    with locks.file("session"):
        board = fold(where.results, problems)
        found = where.session.read_text("utf-8") if where.session.exists() else None
    if found is None:
        problems.append("session.json is missing: run `make refresh`")
    elif found not in (atomic.strict_json(board), atomic.strict_json(public_rows(board))):
        problems.append("session.json is not the fold of results/: run `make refresh`")
    return problems + _local_rows_in_git(where.home)


def is_local(chip: str) -> bool:
    """Whether a chip's rows stay on this machine: CPU rows say nothing about Metal."""
    return chip.startswith("cpu-")


def public_rows(board: dict[str, Any]) -> dict[str, Any]:
    """The board as it is committed: without the rows that stay on one machine."""
    chips = {chip: rows for chip, rows in board["chips"].items() if not is_local(chip)}
    return {**board, "chips": chips, "ranking": {chip: board["ranking"][chip] for chip in chips}}


def _local_rows_in_git(home: Path) -> list[str]:
    """Local rows in what git would commit; nothing if this is not a git checkout."""
    staged = _git(home, "ls-files", "--cached", "results").splitlines()
    found = [
        f"{path} is a local row: run `git rm --cached {path}`"
        for path in staged
        if is_local(Path(path).parent.name)
    ]
    board = _git(home, "show", ":./session.json")
    if board and any(is_local(chip) for chip in json.loads(board)["chips"]):
        found.append(
            "the staged session.json has CPU rows, which stay local: "
            "run `python -m harness.board.leaderboard --public && git add session.json`"
        )
    return found


def _git(home: Path, *arguments: str) -> str:
    command = ["git", "-C", str(home), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m harness.board.leaderboard`."""
    parser = argparse.ArgumentParser(
        prog="python -m harness.board.leaderboard", description="Fold results/ into session.json."
    )
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="change nothing; fail if it is stale")
    choice.add_argument("--public", action="store_true", help="leave out CPU rows, to commit it")
    options = parser.parse_args(arguments)
    try:
        problems = check() if options.check else refresh(public=options.public)
    except UserError as error:
        print(f"error: {error.message}\n{error.hint}".rstrip(), file=sys.stderr)
        return error.exit_code
    for problem in problems:
        print(problem, file=sys.stderr)
    return ExitCode.REFUSED if problems else ExitCode.PASSED


if __name__ == "__main__":
    sys.exit(main())
