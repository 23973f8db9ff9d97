"""`python -m perf`: measures what docs/PERFORMANCE.md shows and writes it, or shows some of it.

A whole run keeps what it finds and goes on where it was interrupted. Missing a bound is a finding,
not a failure. `--check` fails if the page is not what its data make; figures belong to the commit
that they name, so a change of a kernel makes nothing stale.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence

from harness import atomic, console
from harness.command.progress import duration
from harness.errors import ExitCode, UserError
from perf import parts, store
from perf.findings import findings
from perf.page import PAGE, page
from perf.parts import Item
from perf.store import DATA, Store, unfinished


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    options = _parser().parse_args(arguments)
    names = tuple(name for name in (options.names or "").split(",") if name)
    try:
        if options.check:
            return _check()
        if options.page:
            return _write(_stored())
        items = parts.items(options.only, names)
        if (options.only or names) and not options.keep:
            _measure(items, shown := Store.fresh())
            console.say(page(shown))
            return ExitCode.PASSED
        if options.keep:
            known = _stored()
            _same_machine(known)
            _measure(items, known)
            return _write(known)
        return _whole(items, Store.fresh() if options.fresh else Store.resumed())
    except UserError as problem:
        console.error(problem.message, problem.hint)
        return problem.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="perf", description=__doc__)
    every = ", ".join(parts.PARTS)
    parser.add_argument("--only", metavar="PART", help=f"one of {every}; shown, not stored")
    parser.add_argument("--names", metavar="A,B", help="only these kernels; shown, not stored")
    parser.add_argument("--keep", action="store_true", help="store what --only and --names find")
    parser.add_argument("--fresh", action="store_true", help="forget a run that was interrupted")
    parser.add_argument("--page", action="store_true", help="write the page again, measure nothing")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if it is stale")
    return parser


def _stored() -> Store:
    found = Store.load(DATA)
    if found is None:
        raise UserError(f"there is no {DATA.name} yet", "make perf")
    return found


def _same_machine(known: Store) -> None:
    """Figures of two machines or versions do not stand in one table; of two commits they may."""
    here, there = ({**facts, "commit": None} for facts in (store.machine(), known.machine))
    if here != there:
        raise UserError("the stored figures are of another machine or other versions", "make perf")


def _check() -> int:
    known = Store.load(DATA)
    if known is None or page(known) == (PAGE.read_text("utf-8") if PAGE.exists() else ""):
        return ExitCode.PASSED
    print(f"stale: {PAGE.name}: run `python3 setup.py --run -m perf --page`", file=sys.stderr)
    return ExitCode.REFUSED


def _whole(items: Sequence[Item], found: Store) -> int:
    left = [item for item in items if not found.has(item.part, item.key)]
    if len(left) < len(items):
        console.say(f"going on with a run that was interrupted: {len(left)} of {len(items)} left")
    _measure(left, found, keep=True)
    code = _write(found)
    unfinished().unlink(missing_ok=True)
    return code


def _measure(items: Sequence[Item], into: Store, keep: bool = False) -> None:
    """Find the items in order, each with an estimate of what is left."""
    total = sum(item.seconds for item in items)
    done, began = 0.0, time.monotonic()
    for number, item in enumerate(items, 1):
        entry = item.find()
        into.put(item.part, item.key, entry)
        if keep:
            into.save(unfinished())
        done += item.seconds
        left = (time.monotonic() - began) * (total - done) / done
        why = f": {entry['unable']}" if "unable" in entry else ""
        place = f"[{number}/{len(items)}, about {duration(left)} left]"
        console.say(f"{place} {item.part} {item.key}{why}")


def _write(found: Store) -> int:
    found.wanted = dict(Counter(item.part for item in parts.items(None, ())))
    found.save(DATA)
    atomic.write_text(PAGE, page(found))
    for finding in findings(found):
        if not finding.reached:
            console.say(f"not reached: {finding.what}: {finding.value:.3g} {finding.unit}")
    console.say(f"wrote docs/{PAGE.name}")
    return ExitCode.PASSED


if __name__ == "__main__":
    sys.exit(main())
