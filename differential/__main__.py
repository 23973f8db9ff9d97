"""`python -m differential`: known and generated kernels on both engines, with a progress line; what
fails is made small and printed with the command that runs it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from differential import batches, conformance, files, known, report
from differential.batches import Batch
from differential.comparing import Failure, compare, same_failure
from differential.defined import faults
from differential.matrices import of_seed
from differential.shrink import shrink
from harness.command.progress import duration

COUNT = 2000
_MOST_SHRUNK = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line: 0 if everything agrees, 1 if not."""
    options = _parser().parse_args(arguments)
    os.nice(batches.NICE)
    folder = Path(options.out)
    with tempfile.TemporaryDirectory(prefix="differential-") as scratch:
        cache = Path(options.cache or scratch)
        if options.seed is not None:
            return _one(options.seed, cache, folder, options.shrink)
        generated = _generated(options.start, options.count, cache)
        for failure in generated.outcome.failures[:_MOST_SHRUNK]:
            _show(failure, cache, folder, options.shrink)
        rows = [] if options.no_known else _known()
        families = [] if options.no_known else _conformance(cache)
    summary = report.Summary(options.start, generated, rows, families)
    print(*summary.problems(), sep="\n")
    print(report.page(summary.document()))
    if options.write:
        report.write(summary)
    return int(bool(generated.outcome.failures or summary.problems()))


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


def _generated(start: int, count: int, cache: Path) -> Batch:
    """Every batch, on all cores."""
    whole, began = Batch(), time.monotonic()
    for batch in batches.on_all_cores(batches.run, batches.of_seeds(start, count, cache)):
        whole.add(batch)
        done = whole.outcome.kernels
        rate = done / (time.monotonic() - began)
        left = duration((count - done) / rate)
        _progress(
            f"{done} of {count} kernels, {len(whole.outcome.failures)} failed, "
            f"{rate:.1f} a second, about {left} left"
        )
    print(file=sys.stderr)
    return whole


def _known() -> list[known.Known]:
    rows: list[known.Known] = []
    for found in batches.on_all_cores(known.of, known.names()):
        rows += found
        _progress(f"{len(rows)} Variants of the repository")
    print(file=sys.stderr)
    return sorted(rows, key=lambda row: row.name)


def _conformance(cache: Path) -> list[conformance.Family]:
    work = partial(conformance.of, cache=cache)
    return sorted(
        batches.on_all_cores(work, conformance.families()), key=lambda family: family.name
    )


def _progress(line: str) -> None:
    print(f"\r{line} ", end="", file=sys.stderr, flush=True)


def _one(seed: int, cache: Path, folder: Path, limit_s: float) -> int:
    kernel = of_seed(seed)
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
