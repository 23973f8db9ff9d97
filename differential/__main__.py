"""`python -m differential`: known and generated kernels on both engines, with a progress line; what
fails is made small and printed with the command that runs it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from differential import files, known, report
from differential.comparing import Failure, Outcome, compare, same_failure
from differential.defined import faults
from differential.kernels import generate
from differential.shrink import shrink

COUNT, BATCH, CHECKED_EVERY = 2000, 10, 5
_MOST_SHRUNK = 5
_NICE = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line: 0 if everything agrees, 1 if not."""
    options = _parser().parse_args(arguments)
    os.nice(_NICE)
    folder = Path(options.out)
    with tempfile.TemporaryDirectory(prefix="differential-") as scratch:
        cache = Path(options.cache or scratch)
        if options.seed is not None:
            return _one(options.seed, cache, folder, options.shrink)
        outcome, checked, undefined = _generated(options.start, options.count, cache)
        for failure in outcome.failures[:_MOST_SHRUNK]:
            _show(failure, cache, folder, options.shrink)
    rows = [] if options.no_known else _known()
    print(*undefined, *(f"{row.name}: {text}" for row in rows for text in row.problems), sep="\n")
    summary = report.Summary(options.start, outcome, checked, undefined, rows)
    print(report.page(summary.document()))
    if options.write:
        report.write(summary)
    return int(bool(outcome.failures or undefined or any(row.problems for row in rows)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m differential", description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help=f"kernels (default: {COUNT})")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="only this kernel")
    parser.add_argument("--no-known", action="store_true", help="only generated kernels")
    parser.add_argument("--shrink", type=float, default=120.0, metavar="SECONDS")
    parser.add_argument("--cache", help="a build cache that stays")
    parser.add_argument("--out", default=".bench/differential", help="where failures are written")
    parser.add_argument("--write", action="store_true", help="write docs/DIFFERENTIAL.md")
    return parser


def _generated(start: int, count: int, cache: Path) -> tuple[Outcome, int, list[str]]:
    """Batches of kernels; every fifth batch also goes to the checker."""
    outcome, checked = Outcome(), 0
    undefined: list[str] = []
    began = time.monotonic()
    for number, first in enumerate(range(start, start + count, BATCH)):
        kernels = [generate(seed) for seed in range(first, min(first + BATCH, start + count))]
        outcome.add(compare(kernels, cache))
        if number % CHECKED_EVERY == 0:
            undefined += faults(kernels, cache)
            checked += len(kernels)
        rate = outcome.kernels / (time.monotonic() - began)
        line = f"{outcome.kernels} of {count} kernels, {len(outcome.failures)} failed"
        print(f"\r{line}, {rate:.1f} a second ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return outcome, checked, undefined


def _known() -> list[known.Known]:
    rows = []
    for row in known.run():
        rows.append(row)
        print(f"\r{len(rows)} Variants of the repository ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return rows


def _one(seed: int, cache: Path, folder: Path, limit_s: float) -> int:
    kernel = generate(seed)
    found = compare([kernel], cache)
    for failure in found.failures[:1]:
        _show(failure, cache, folder, limit_s)
    undefined = faults([kernel], cache)
    print("\n".join(undefined) or "the checker finds nothing")
    print(*(f"{name}: {reason}" for name, reason in found.declined.items()), sep="\n")
    if not found.failures:
        print(files.save(kernel, folder))
    return int(bool(found.failures or undefined))


def _show(failure: Failure, cache: Path, folder: Path, limit_s: float) -> None:
    """Shrink a failure and print it."""
    small = shrink(failure.kernel, same_failure(failure, cache), limit_s=limit_s)
    print(f"seed {failure.kernel.seed}, {failure.setting or 'build'}: {failure.what}")
    print(small.text())
    print(files.save(small, folder))


if __name__ == "__main__":
    sys.exit(main())
