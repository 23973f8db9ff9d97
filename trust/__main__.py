"""`python -m trust [--full]`: proves what the board rests on, prints it, writes docs/TRUST.md."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable
from unittest import mock

from harness import settings
from trust import report
from trust.section import Section

#: Other proofs, by module and function; each takes `full`.
PARTS = (("escapes", "run"), ("fuzz", "run"), ("kills", "run"), ("null", "run"))


def _others(full: bool) -> list[tuple[str, Callable[[], Section]]]:
    found: list[tuple[str, Callable[[], Section]]] = []
    for module, function in PARTS:
        if importlib.util.find_spec(f"trust.{module}") is None:
            continue
        run = getattr(importlib.import_module(f"trust.{module}"), function)
        found.append((module, lambda run=run: run(full)))  # type: ignore[misc]
    return found


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text[:100]}", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Run every part, the later ones too if an earlier one fails; 1 if anything does."""
    parser = argparse.ArgumentParser(prog="python -m trust", description=__doc__)
    parser.add_argument("--full", action="store_true", help="all counts; takes about an hour")
    parser.add_argument("--only", help="one part: bad, honest, matrix, escapes, fuzz, kills, null")
    options = parser.parse_args()
    parts: list[tuple[str, Callable[[], Section]]] = [
        ("bad", lambda: report.judged_corpus(options.full, _say)),
        ("honest", lambda: report.honest(_say)),
        ("matrix", lambda: report.matrix(_say)),
        *_others(options.full),
    ]
    names = [name for name, _ in parts]
    if options.only and options.only not in names:
        parser.error(f"no part '{options.only}'; one of {', '.join(names)}")
    sections = []
    for name, run in parts:
        if options.only in (None, name):
            sections.append(_shown(run))
    if options.only is None:
        report.write(sections)
    return 0 if all(section.holds for section in sections) else 1


def _shown(run: Callable[[], Section]) -> Section:
    """One part, in a home of its own: no gate, run or Record of it reaches the real one."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="metal-bench-trust-") as home:
        environment = {"METAL_BENCH_HOME": home, "METAL_BENCH_CACHE": _cache()}
        with mock.patch.dict("os.environ", environment):
            section = run()
    _say("")
    print(f"{section.summary}  ({time.monotonic() - began:.0f} s)", flush=True)
    for row in section.rows[1:] if not section.holds else ():
        print("  " + "  ".join(row))
    return section


def _cache() -> str:
    return str(settings.paths().cache)


if __name__ == "__main__":
    sys.exit(main())
