"""LINK.md: for each problem the files that define it, solve it and hold its Records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.pages.markdown import head, link, table
from harness.pages.solutions import path_of, solutions
from harness.problem.catalog import Kernel


def page(kernels: Sequence[Kernel], board: Mapping[str, Any]) -> str:
    """The whole page."""
    columns = ("problem", "set", "definition", "function", "solutions", "Records")
    rows = [_row(kernel, board) for kernel in kernels]
    return (
        f"{head('the tree and session.json')}\n# Where each kernel lies\n\n"
        "A chip gets the most special solution there is: its own, its generation's, its family's,"
        " or `default`. Records lie in results/&lt;chip&gt;/&lt;kernel&gt;.json.\n\n"
        f"{table(columns, rows)}\n"
    )


def _row(kernel: Kernel, board: Mapping[str, Any]) -> tuple[str, ...]:
    files = [link(f"`{variant.stem}`", path_of(variant.source)) for variant in solutions(kernel)]
    records = [
        link(f"`{chip}`", f"results/{chip}/{kernel.name}.json")
        for chip, rows in board["chips"].items()
        if kernel.name in rows
    ]
    return (
        f"`{kernel.name}`",
        kernel.set,
        link(f"`{kernel.name}.py`", f"mlx/kernels/{kernel.set}/{kernel.name}.py"),
        f"`{kernel.spec.function}`",
        " ".join(files) or "none yet",
        " ".join(records) or "none yet",
    )
