"""`./bench --audit`: every problem against nine wrong answers, as a table."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence

from harness import atomic, console
from harness.audit.audit import SIZES, Finding, Report, audit_kernel
from harness.audit.mutants import MUTANTS
from harness.errors import ExitCode, UserError
from harness.problem import catalog


def run(
    names: Sequence[str],
    in_set: str | None,
    sizes: Sequence[str] | None,
    *,
    seed: int,
    as_json: bool,
) -> int:
    """Audit the named problems, or all; the exit code is 1 if a ranked one accepts a mutant."""
    chosen = tuple(sizes or SIZES)
    unknown = set(chosen) - set(SIZES)
    if unknown:
        raise UserError(f"--audit: no size {', '.join(sorted(unknown))}", ", ".join(SIZES))
    known = catalog.default()
    wanted = names or [name for _, name in known.names(in_set)]
    started = time.monotonic()
    reports: dict[str, Report] = {}
    worst, unranked = int(ExitCode.PASSED), set[str]()
    for number, name in enumerate(wanted):
        with console.working(f"[{number + 1}/{len(wanted)}] {name}"):
            try:
                kernel = known.find(name)
                report = audit_kernel(kernel, chosen, seed)
            except UserError as error:
                console.error(f"{name}: {error.message}", error.hint)
                worst = max(worst, error.exit_code)
                continue
        reports[name] = report
        if not kernel.spec.ranked:
            unranked.add(name)
        elif report.survivors:
            worst = max(worst, ExitCode.REFUSED)
        if as_json:
            sys.stdout.write(
                atomic.strict_json(_document(name, kernel.spec.ranked, report), indent=None)
            )
            sys.stdout.flush()
    if not as_json:
        _show(reports, unranked, time.monotonic() - started)
    return worst


def _document(name: str, ranked: bool, report: Report) -> dict[str, object]:
    found = {
        mutant: {"outcome": finding.outcome, "reason": finding.reason}
        for mutant, finding in report.findings.items()
    }
    return {
        "schema_version": 1,
        "kernel": name,
        "ranked": ranked,
        "sizes": list(report.sizes),
        "mutants": found,
        "survivors": report.survivors,
    }


def _show(reports: Mapping[str, Report], unranked: set[str], elapsed_s: float) -> None:
    legend: dict[str, int] = {}
    rows = [("problem", *MUTANTS)]
    for name, report in reports.items():
        mark = " (unranked)" if name in unranked else ""
        cells = [_cell(finding, legend) for finding in report.findings.values()]
        rows.append((name + mark, *cells))
    console.show_table(rows)
    for reason, number in legend.items():
        console.out.print(f"n.a. {number}: {reason}", markup=False)
    for name, report in reports.items():
        for mutant in report.survivors:
            line = f"{name} accepts {mutant}: {report.findings[mutant].reason}"
            console.out.print(line, style="bold red", markup=False)
    guilty = {name for name, report in reports.items() if report.survivors}
    console.out.print(
        f"{len(reports)} problems audited in {elapsed_s:.0f} s: {len(guilty - unranked)} ranked"
        f" and {len(guilty & unranked)} unranked accept a mutant",
        style="bold",
    )


def _cell(finding: Finding, legend: dict[str, int]) -> str:
    if finding.outcome != "n.a.":
        return finding.outcome
    return f"n.a. {legend.setdefault(finding.reason, len(legend) + 1)}"
