"""The table of the scientific set: every size with its ceilings, then S and Phi of every task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness import science
from harness.evaluation import Evaluation
from harness.problem.catalog import Kernel

Row = tuple[str, ...]

_SIZES: Row = (
    *("task", "size", "status", "ms", "rate", "ceiling", "fraction"),
    *("published", "launch floor ms", "over seed", "schedule"),
)
_SCORES: Row = ("task", "S", "Phi", "S published", "Phi published")


def sizes(kernels: Sequence[Kernel], found: Sequence[Evaluation]) -> list[Row]:
    """A row for every size of every task, the one that Phi is taken at marked."""
    rows = [_SIZES]
    for kernel in kernels:
        for evaluation in found:
            if evaluation.kernel == kernel.name:
                rows.append(_size(kernel, evaluation))
    return rows


def _size(kernel: Kernel, evaluation: Evaluation) -> Row:
    hidden = evaluation.size in kernel.spec.sizes.held_out
    name = f"{evaluation.size} (Phi)" if hidden else evaluation.size
    status = evaluation.status.value
    if evaluation.published_status not in (None, evaluation.status):
        status += f", published {evaluation.published_status.value}"
    about: Mapping[str, Any] = evaluation.environment.get("science") or {}
    figures = evaluation.figures
    if figures is None or not about:
        return (kernel.name, name, status, *("-",) * 7, _schedule(evaluation))
    floor = about["launch_floor_ms"]
    return (
        kernel.name,
        name,
        status,
        f"{figures.kernel_ms_median:.4g}",
        f"{about['rate']:.4g} {about['unit']}",
        _number(about["ceiling"], "{:.4g}"),
        _number(about["fraction"], "{:.1%}"),
        _number(about["published_fraction"], "{:.1%}"),
        _number(floor, "{:.3g}"),
        _number((evaluation.environment.get("against") or {}).get("speedup"), "{:.2f}x"),
        _schedule(evaluation),
    )


def _schedule(evaluation: Evaluation) -> str:
    about = evaluation.environment.get("schedule")
    return "published" if not about else schedule_text(about)


def schedule_text(about: Mapping[str, Any]) -> str:
    """A schedule of a file's own beside the published one."""
    return (
        f"own: {about['threads']:,} threads in {about['dispatches']:,} dispatches"
        f" (published: {about['published_threads']:,} in {about['published_dispatches']:,})"
    )


def scores(kernels: Sequence[Kernel], found: Sequence[Evaluation]) -> list[Row]:
    """S and Phi of every task, and over the paper's ten and all twelve where all were run."""
    tasks = [
        science.score(kernel.spec, mine)
        for kernel in kernels
        if (mine := [e for e in found if e.kernel == kernel.name])
    ]
    named = [(one.kernel, one) for one in tasks]
    return [_SCORES, *(_score(name, one) for name, one in [*named, *science.totals(tasks)])]


def _score(name: str, one: science.Score) -> Row:
    values = (one.s_measured, one.phi_measured, one.s_published, one.phi_published)
    return (name, *(_number(value, "{:.3f}") for value in values))


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
