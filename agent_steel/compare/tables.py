"""A comparison as tables for a terminal; computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from agent_steel.compare.documents import ArmReport, Base, Comparison, CurvePoint, Figure
from agent_steel.report.page import interval, ratio, share, usd

Table = tuple[str, Sequence[Sequence[str]]]


def factor(figure: Figure | None) -> str:
    """`1.31x [1.10, 1.52]`."""
    if figure is None:
        return "-"
    return f"{ratio(figure.value)} {interval((figure.low, figure.high))}".strip()


def part(figure: Figure | None) -> str:
    """`67 % [33, 100]`."""
    if figure is None:
        return "-"
    if figure.low is None or figure.high is None:
        return share(figure.value)
    return f"{share(figure.value)} [{100 * figure.low:.0f}, {100 * figure.high:.0f}]"


def head(found: Comparison) -> Iterator[str]:
    """What was compared, and what is missing."""
    caps = found.design.budget
    budget = f"{caps.attempts} attempts"
    budget += "" if caps.usd is None else f", {usd(caps.usd)}"
    budget += "" if caps.minutes is None else f", {caps.minutes:g} min"
    chips = ", ".join(found.chips) or "no chip yet"
    yield f"{found.name} on {chips}: {found.finished} of {found.cells} cells, {budget} each"
    if found.excluded:
        yield f"left out, their start was refused: {', '.join(found.excluded)}"
    problems = {one.kernel for one in found.results}
    if len(problems) == 1:
        yield "one problem: no interval can be given"


def tables(found: Comparison, columns: int) -> Iterator[Table]:
    """Title and rows, the header first; a curve is shown at so many of its points."""
    yield "", _arms(found)
    for title, bases in (
        ("fast_p over the start: share of problems right and proved faster than p", "over_start"),
        ("fast_p over MLX", "over_mlx"),
    ):
        yield title, _fast(found.arms, [getattr(arm, bases) for arm in found.arms], columns)
    yield (
        "correct by attempt: share of problems with a right source so far",
        _curve(found.arms, lambda arm: arm.correct_by_attempt, columns, "attempt {:g}", part),
    )
    yield (
        "best so far by attempt, over the start (by the search's own gains)",
        _curve(found.arms, lambda arm: arm.best_by_attempt, columns, "attempt {:g}", factor),
    )
    yield (
        "best so far by dollars a search",
        _curve(found.arms, lambda arm: arm.best_by_usd, columns, "${:.3g}", factor),
    )
    yield "union of models over the best single one", _unions(found)


def _arms(found: Comparison) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [
        (
            *("arm", "cells", "correct", "geomean over start", "over MLX", "S/S(start)"),
            *("Phi/Phi(start)", "wrong held out", "over the first", "cost"),
        )
    ]
    for arm in found.arms:
        rows.append(
            (
                arm.label,
                f"{arm.finished}/{arm.cells}",
                part(arm.over_start.fast_p[0].figure if arm.over_start else None),
                factor(arm.over_start.geomean if arm.over_start else None),
                factor(arm.over_mlx.geomean if arm.over_mlx else None),
                factor(arm.shown_factor),
                factor(arm.held_out_factor),
                str(arm.held_out_wrong),
                factor(arm.over_first),
                usd(arm.usd) if arm.calls else "-",
            )
        )
    return rows


def _fast(
    arms: Sequence[ArmReport], bases: Sequence[Base | None], columns: int
) -> list[Sequence[str]]:
    known = [(arm, base) for arm, base in zip(arms, bases, strict=True) if base is not None]
    if not known:
        return []
    chosen = _spread(len(known[0][1].fast_p), columns)
    thresholds = (f"p={known[0][1].fast_p[index].at:g}" for index in chosen)
    rows: list[Sequence[str]] = [("arm", *thresholds, "area 1 to 3")]
    for arm, base in known:
        shares = (part(base.fast_p[index].figure) for index in chosen)
        rows.append((arm.label, *shares, part(base.fast_area)))
    return rows


def _curve(
    arms: Sequence[ArmReport],
    curve_of: Callable[[ArmReport], Sequence[CurvePoint]],
    columns: int,
    what: str,
    form: Callable[[Figure], str],
) -> list[Sequence[str]]:
    known = [(arm, curve) for arm in arms if (curve := curve_of(arm))]
    if not known:
        return []
    chosen = _spread(len(known[0][1]), columns)
    rows: list[Sequence[str]] = [("arm", *(what.format(known[0][1][index].at) for index in chosen))]
    for arm, curve in known:
        rows.append((arm.label, *(form(curve[index].figure) for index in chosen)))
    return rows


def _spread(count: int, columns: int) -> list[int]:
    """Indices of a curve's columns: all, or some with the first and the last."""
    if count <= columns:
        return list(range(count))
    return sorted({round(step * (count - 1) / (columns - 1)) for step in range(columns)})


def _unions(found: Comparison) -> list[Sequence[str]]:
    if not found.unions:
        return []
    rows: list[Sequence[str]] = [
        ("strategy", "context", "models", "best single", "gain", "at one model's budget")
    ]
    for one in found.unions:
        rows.append(
            (
                one.strategy,
                one.context,
                ", ".join(one.models),
                one.best,
                factor(one.gain),
                f"{factor(one.shared)}; attempts each: {one.shared_attempts}",
            )
        )
    return rows
