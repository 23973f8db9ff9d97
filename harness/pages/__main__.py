"""`python -m harness.pages`: brings docs/data up to date and writes the pages, or checks them."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import atomic, console, settings
from harness.board import leaderboard
from harness.errors import ExitCode, UserError
from harness.pages import best_times, links, problems, readme, stored
from harness.problem import catalog
from harness.problem.catalog import Kernel


def pages(
    kernels: Sequence[Kernel], data: problems.Stored, board: Mapping[str, Any]
) -> dict[str, str]:
    """Every page by its path from the root. A README's own text stays as it is."""
    return {
        "KERNELS.md": problems.page(kernels, data),
        "LINK.md": links.page(kernels, board),
        "best_times.md": best_times.page(kernels, board),
        "README.md": readme.filled((settings.ROOT / "README.md").read_text("utf-8"), kernels, data),
    }


def refresh(kernels: Sequence[Kernel], names: Sequence[str]) -> int:
    """Find what is stale in docs/data, all of it for `names`; keep each entry as it is found.

    The exit code: a kernel of which nothing can be found does not keep the others from it.
    """
    worst = int(ExitCode.PASSED)
    # All stamps first: what changes while others are found is stale the next time.
    stamps = {(kind.name, k.name): kind.stamp(k) for kind in stored.KINDS for k in kernels}
    known = {kernel.name for kernel in kernels}
    for kind in stored.KINDS:
        entries = {name: entry for name, entry in kind.load().items() if name in known}
        due = {k.name: stamps[kind.name, k.name] for k in kernels}
        current = {name for name, entry in entries.items() if entry["stamp"] == due[name]}
        stale = [k for k in kernels if k.name in names or k.name not in current]
        for number, kernel in enumerate(stale):
            started = time.monotonic()
            try:
                found = kind.find(kernel)
            except UserError as error:
                console.error(f"{kind.name} of {kernel.name}: {error.message}", error.hint)
                worst = max(worst, error.exit_code)
                continue
            entries[kernel.name] = {**found, "stamp": due[kernel.name]}
            kind.store(entries)
            took = time.monotonic() - started
            console.say(f"{kind.name} {number + 1}/{len(stale)} {kernel.name}: {took:.1f} s")
        kind.store(entries)
    return worst


def stale_pages(kernels: Sequence[Kernel]) -> list[str]:
    """What is not what `make refresh` would leave."""
    found: list[str] = []
    for kind in stored.KINDS:
        entries = kind.load()
        changed = [k.name for k in kernels if not kind.is_current(k, entries.get(k.name))]
        found += [f"docs/data/{kind.name}.json: {name} has changed" for name in changed]
    board = leaderboard.fold(settings.paths().results, [])
    boards = (leaderboard.public_rows(board), board)
    accepted = [pages(kernels, _stored(), one) for one in boards]
    for name in accepted[0]:
        path = settings.ROOT / name
        text = path.read_text("utf-8") if path.exists() else ""
        if all(text != one[name] for one in accepted):
            found.append(name)
    return found


def _stored() -> problems.Stored:
    return problems.Stored(stored.AUDIT.load(), stored.COUNTS.load())


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m harness.pages", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="find these anew in any case")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if it is stale")
    parser.add_argument("--local", action="store_true", help="with the CPU rows of this machine")
    options = parser.parse_args(arguments)
    try:
        kernels = catalog.default().kernels()
        if options.check:
            found = stale_pages(kernels)
            for line in found:
                print(f"stale: {line}: run `make refresh`", file=sys.stderr)
            return ExitCode.REFUSED if found else ExitCode.PASSED
        code = refresh(kernels, options.names)
        board = leaderboard.fold(settings.paths().results, [])
        chosen = board if options.local else leaderboard.public_rows(board)
        for name, text in pages(kernels, _stored(), chosen).items():
            atomic.write_text(Path(settings.ROOT) / name, text)
    except UserError as error:
        console.error(error.message, error.hint)
        return error.exit_code
    return code


if __name__ == "__main__":
    sys.exit(main())
