"""`python -m trust [--full]`: proves what the board rests on, prints it, keeps full counts.

A part that ran in full replaces its figures in trust/figures.json, from which docs/TRUST.md is
written; a short one is only printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from unittest import mock

from harness import settings
from trust import conformance, escapes, figures, fuzz, kills, null, report
from trust.section import Section

#: Every proof by name, in the order of the page; each is told whether to run all counts.
PARTS: Mapping[str, Callable[[bool], Section]] = {
    "bad": lambda full: report.judged_corpus(full, _say),
    "honest": lambda full: report.honest(full, _say),
    "matrix": lambda full: report.matrix(full, _say),
    "conformance": lambda full: conformance.run(full, _say),
    "escapes": escapes.run,
    "fuzz": fuzz.run,
    "kills": kills.run,
    "null": null.run,
    "power": null.power,
}


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text[:100]}", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Run every part, the later ones too if an earlier one fails; 1 if anything does."""
    parser = argparse.ArgumentParser(prog="python -m trust", description=__doc__)
    parser.add_argument("--full", action="store_true", help="all counts; takes about an hour")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; may be repeated")
    parser.add_argument("--check", action="store_true", help="only say whether the page is stale")
    parser.add_argument("--page", action="store_true", help="only write the page from its figures")
    options = parser.parse_args()
    if options.check:
        return figures.check()
    holds = True
    for name in () if options.page else options.only or PARTS:
        try:
            section = _shown(PARTS[name], options.full)
        except Exception:
            traceback.print_exc()
            print(f"{name} did not end: nothing is kept of it", flush=True)
            holds = False
            continue
        holds = holds and section.holds
        if section.full:
            figures.keep(name, section)
    figures.write_page()
    return 0 if holds else 1


def _shown(run: Callable[[bool], Section], full: bool) -> Section:
    """One part, in a home of its own: no gate, run or Record of it reaches the real one."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="metal-bench-trust-") as home:
        environment = {"METAL_BENCH_HOME": home, "METAL_BENCH_CACHE": str(settings.paths().cache)}
        with mock.patch.dict("os.environ", environment):
            section = run(full)
    _say("")
    counts = "" if section.full else ", short form: not kept"
    print(f"{section.summary}  ({time.monotonic() - began:.0f} s{counts})", flush=True)
    for row in section.rows[1:] if not section.holds else ():
        print("  " + "  ".join(row))
    return section


if __name__ == "__main__":
    sys.exit(main())
