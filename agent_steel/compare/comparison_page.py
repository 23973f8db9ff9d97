"""The HTML page and the pictures of a comparison; computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from agent_steel.compare import tables
from agent_steel.compare.documents import ArmReport, Base, Comparison, CurvePoint, Figure
from agent_steel.report import page
from agent_steel.report.charts import Bar, Chart, Line
from harness import atomic

TEMPLATE = Path(__file__).with_name("comparison.html.j2")
PAGE = "comparison.html"
#: Points of a curve in a table.
_COLUMNS = 9


def write(found: Comparison, folder: Path) -> Path:
    """comparison.html and a PNG of each chart; the path of the page."""
    drawn = charts(found)
    for name, chart in drawn.items():
        atomic.write_bytes(folder / f"{name}.png", chart.png())
    atomic.write_text(folder / PAGE, html(found, drawn))
    return folder / PAGE


def html(found: Comparison, drawn: dict[str, Chart]) -> str:
    """The page."""
    return page.render(
        TEMPLATE,
        {
            "found": found,
            "head": list(tables.head(found)),
            "tables": [(title, rows) for title, rows in tables.tables(found, _COLUMNS) if rows],
            "charts": [(chart.title, chart.data_uri()) for chart in drawn.values()],
        },
    )


def charts(found: Comparison) -> dict[str, Chart]:
    """Every chart that there is something to draw for, by the name of its file."""
    made = {
        "geomean": _geomeans(found),
        "fast_p": _fast(found, "the start", lambda arm: arm.over_start),
        "fast_p_mlx": _fast(found, "MLX", lambda arm: arm.over_mlx),
        "correct": _curves(
            found,
            lambda arm: arm.correct_by_attempt,
            Chart(
                x="attempts",
                y="share of problems",
                title="Right source found by attempt",
                counts=True,
                shares=True,
            ),
        ),
        "best_by_attempt": _curves(
            found,
            lambda arm: arm.best_by_attempt,
            Chart(
                x="attempts",
                y="times the speed of the start",
                title="Best so far by attempt, geometric mean",
                level=1.0,
                counts=True,
            ),
        ),
        "best_by_usd": _curves(
            found,
            lambda arm: arm.best_by_usd,
            Chart(
                x="US dollars a search",
                y="times the speed of the start",
                title="Best so far by dollars, geometric mean",
                level=1.0,
            ),
        ),
    }
    return {name: chart for name, chart in made.items() if chart is not None}


def _geomeans(found: Comparison) -> Chart | None:
    """Each arm's geometric means, with intervals."""
    bars = []
    groups: tuple[tuple[str, float, Callable[[ArmReport], Figure | None]], ...] = (
        ("over the start", -0.2, lambda arm: _geomean(arm.over_start)),
        ("held out, over the start", 0.0, lambda arm: arm.held_out_factor),
        ("over MLX", 0.2, lambda arm: _geomean(arm.over_mlx)),
    )
    for group, shift, figure_of in groups:
        for place, arm in enumerate(found.arms):
            figure = figure_of(arm)
            if figure is not None:
                bars.append(Bar(place + shift, figure.value, figure.low, figure.high, group))
    if not bars:
        return None
    return Chart(
        x="times the speed",
        y="",
        title="Geometric means over problems, with intervals",
        bars=bars,
        rows=[arm.label for arm in found.arms],
        level=1.0,
        scale="log",
        height=1.4 + 0.45 * len(found.arms),
    )


def _geomean(base: Base | None) -> Figure | None:
    return None if base is None else base.geomean


def _fast(
    found: Comparison, name: str, base_of: Callable[[ArmReport], Base | None]
) -> Chart | None:
    chart = Chart(
        x="p",
        y="share of problems",
        title=f"fast_p over {name}: right and faster than p",
        shares=True,
    )

    def curve_of(arm: ArmReport) -> Sequence[CurvePoint]:
        base = base_of(arm)
        return () if base is None else base.fast_p

    return _curves(found, curve_of, chart)


def _curves(
    found: Comparison,
    curve_of: Callable[[ArmReport], Sequence[CurvePoint]],
    chart: Chart,
) -> Chart | None:
    """A chart with a line an arm; None where no arm has a point."""
    lines = []
    for arm in found.arms:
        curve = curve_of(arm)
        if curve:
            figures = [point.figure for point in curve]
            lines.append(
                Line(
                    arm.label,
                    [point.at for point in curve],
                    [one.value for one in figures],
                    [one.low for one in figures if one.low is not None],
                    [one.high for one in figures if one.high is not None],
                    steps=chart.level is not None,  # a best holds until the next
                )
            )
    return chart.with_lines(lines) if lines else None
