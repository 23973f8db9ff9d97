"""The tables of README.md: what stands between its markers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.errors import UserError
from harness.pages import counts, problems
from harness.pages.markdown import table
from harness.pages.solutions import reasons
from harness.problem import catalog
from harness.problem.catalog import Kernel

_BLOCK = "<!-- {}: written by `make refresh` -->"
_END = "<!-- end -->"


def filled(text: str, kernels: Sequence[Kernel], stored: problems.Stored) -> str:
    """The README with its tables written anew; what stands outside the markers stays."""
    start = _BLOCK.format("kernels")
    pattern = re.compile(f"{re.escape(start)}\n.*?{re.escape(_END)}", re.DOTALL)
    block = f"{start}\n{_kernels(kernels, stored)}\n{_END}"
    found, number = pattern.subn(lambda match: block, text)
    if number != 1:
        raise UserError(f"README.md: {number} times the marker {start}", "it stands there once")
    return found


def _kernels(kernels: Sequence[Kernel], stored: problems.Stored) -> str:
    columns = ("set", "problems", "ranked", "refuse every mutant", "within the bounds of counts")
    rows = []
    for name in problems.SETS:
        of_set = [kernel for kernel in kernels if kernel.set == name]
        if of_set:
            ranked = sum(kernel.spec.ranked for kernel in of_set)
            sound = sum(_sound(kernel, stored) for kernel in of_set)
            within = sum(_within(kernel, stored) for kernel in of_set)
            rows.append((name, str(len(of_set)), str(ranked), str(sound), str(within)))
    return f"{catalog.summary(kernels)}: KERNELS.md\n\n{table(columns, rows)}"


def _sound(kernel: Kernel, stored: problems.Stored) -> bool:
    entry = stored.audit.get(kernel.name)
    if entry is None:
        return False
    return all(found["outcome"] != "SURVIVED" for found in entry["mutants"].values())


def _within(kernel: Kernel, stored: problems.Stored) -> bool:
    row = stored.counts.get(kernel.name)
    if row is None or "unable" in row:
        return False
    return not counts.violations(row, reasons(kernel))
