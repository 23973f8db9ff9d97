"""Draws the charts of reports and comparisons with matplotlib, the same bytes for the same data."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Told apart with every common kind of colour blindness (Okabe and Ito, 2008), dark on white.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#7b3294", "#a6761d", "#000000", "#56b4e9", "#cc79a7")
#: Colour is never the only difference.
_STYLES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_WIDTH = 7.2  # inches
_DOTS_PER_INCH = 150
#: Curves with more points than this are drawn without marks.
_MOST_MARKS = 60
#: More bands than this hide each other: the figures stand in tables beside the chart.
_MOST_BANDS = 3

Scale = Literal["linear", "log"]


@dataclass(frozen=True)
class Line:
    """A curve, with a band where `low` and `high` are given. `steps`: y holds until the next x."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    steps: bool = False


@dataclass(frozen=True)
class Bar:
    """A value at `place` with its interval; `group` chooses colour and mark."""

    place: float
    value: float
    low: float | None = None
    high: float | None = None
    group: str = ""


@dataclass(frozen=True)
class Chart:
    """What is drawn, and the words around it.

    `rows`: names of rows, from the top; bars then lie along the x axis, at the row of their place.
    `level`: a value that tells no difference, marked by a thin line. `counts`: x counts something.
    """

    x: str
    y: str
    title: str = ""
    lines: Sequence[Line] = ()
    bars: Sequence[Bar] = ()
    rows: Sequence[str] = ()
    level: float | None = None
    scale: Scale = "linear"  # of the values
    limits: tuple[float, float] | None = None  # of the values; what lies outside is cut off
    shares: bool = False  # values are shares of a whole
    counts: bool = False
    height: float = 3.4  # inches

    def with_lines(self, lines: Sequence[Line]) -> Chart:
        """The same chart with these lines."""
        return replace(self, lines=lines)

    def png(self) -> bytes:
        """For files."""
        return _drawn(self, "png")

    def data_uri(self) -> str:
        """For the `src` of an image within a page: SVG."""
        return f"data:image/svg+xml;base64,{base64.b64encode(_drawn(self, 'svg')).decode()}"


def _drawn(chart: Chart, form: Literal["png", "svg"]) -> bytes:
    # Delayed: it takes half a second, and few commands draw.
    import matplotlib
    from matplotlib.figure import Figure

    # Names of clip paths in an SVG are random unless they are salted, and dates are stamped in.
    with matplotlib.rc_context({"svg.hashsalt": "agent-steel", "font.size": 9.5}):
        figure = Figure(figsize=(_WIDTH, chart.height), layout="constrained")
        _draw(figure, chart)
        out = io.BytesIO()
        stamp = {"Software": None} if form == "png" else {"Date": None, "Creator": None}
        figure.savefig(out, format=form, dpi=_DOTS_PER_INCH, metadata=stamp)
    return out.getvalue()


def _draw(figure: Figure, chart: Chart) -> None:
    axes = figure.subplots()
    if chart.level is not None:
        mark_level = axes.axvline if chart.rows else axes.axhline
        mark_level(chart.level, color="#767676", linewidth=0.8, zorder=1)
    for line, look in zip(chart.lines, _looks(), strict=False):
        _draw_line(axes, line, *look, band=len(chart.lines) <= _MOST_BANDS)
    groups = list(dict.fromkeys(bar.group for bar in chart.bars))
    for group, (colour, _, mark) in zip(groups, _looks(), strict=False):
        bars = [bar for bar in chart.bars if bar.group == group]
        _draw_bars(axes, bars, colour, mark, across=bool(chart.rows))
    _label(axes, chart)
    if any(line.label for line in chart.lines) or any(groups):
        figure.legend(loc="outside lower left", frameon=False, fontsize=8.5, ncols=2)


def _looks() -> Iterator[tuple[str, str, str]]:
    """Colour, style and mark of each series in turn."""
    return zip(cycle(COLOURS), cycle(_STYLES), cycle(_MARKERS), strict=False)


def _draw_line(axes: Axes, line: Line, colour: str, style: str, mark: str, *, band: bool) -> None:
    axes.plot(
        line.x,
        line.y,
        color=colour,
        linestyle=style,
        drawstyle="steps-post" if line.steps else "default",
        linewidth=1.6,
        marker=mark if len(line.x) <= _MOST_MARKS else "",
        markersize=4,
        label=plain(line.label),
        zorder=3,
    )
    if band and line.low and line.high:
        step: Literal["post"] | None = "post" if line.steps else None
        axes.fill_between(
            line.x, line.low, line.high, step=step, color=colour, alpha=0.14, linewidth=0
        )


def _draw_bars(axes: Axes, bars: Sequence[Bar], colour: str, mark: str, *, across: bool) -> None:
    places, values = [bar.place for bar in bars], [bar.value for bar in bars]
    below = [0.0 if bar.low is None else max(bar.value - bar.low, 0.0) for bar in bars]
    above = [0.0 if bar.high is None else max(bar.high - bar.value, 0.0) for bar in bars]
    axes.errorbar(
        values if across else places,
        places if across else values,
        xerr=[below, above] if across else None,
        yerr=None if across else [below, above],
        fmt=mark,
        color=colour,
        markersize=5,
        capsize=3,
        linewidth=1.2,
        label=plain(bars[0].group),
        zorder=3,
    )


def _label(axes: Axes, chart: Chart) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, PercentFormatter
    from matplotlib.ticker import StrMethodFormatter as Formatter

    axes.set_xlabel(plain(chart.x))
    axes.set_ylabel(plain(chart.y))
    if chart.title:
        axes.set_title(plain(chart.title), fontsize=10.5, loc="left")
    values = axes.xaxis if chart.rows else axes.yaxis
    if chart.scale == "log":
        (axes.set_xscale if chart.rows else axes.set_yscale)("log")
        values.set_major_locator(LogLocator(10, (1, 1.25, 1.5, 2, 3, 5, 7), numticks=12))
        values.set_major_formatter(Formatter("{x:g}"))
        values.set_minor_formatter(NullFormatter())
    if chart.shares:
        axes.set_ylim(-0.03, 1.03)
        values.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    if chart.limits:
        (axes.set_xlim if chart.rows else axes.set_ylim)(*chart.limits)
    if chart.rows:
        axes.set_yticks(range(len(chart.rows)), [plain(name) for name in chart.rows])
        axes.set_ylim(len(chart.rows) - 0.5, -0.5)
    elif chart.counts:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color="#d9d9d9", linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def plain(text: str) -> str:
    """A text that is drawn as it stands: a dollar sign begins no formula."""
    return text.replace("$", r"\$")
