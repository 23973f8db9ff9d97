"""Gathers what the report of one run shows from the run's folder: a pure function of its log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_steel.attempt import Attempt
from agent_steel.database import lineage
from agent_steel.events import Attempted, Event, Log, Replied, Started
from agent_steel.plan import Plan
from agent_steel.report import page
from agent_steel.report.charts import Bar, Chart, Line
from agent_steel.summary import Summary, summarise
from harness.command.progress import duration
from harness.errors import UserError

TEMPLATE = page.FOLDER / "run.html.j2"
#: Facts of the environment that say where a figure is from.
_FACTS = (
    *("engine", "cpu", "cores", "os", "os_release", "machine", "mlx", "numpy"),
    *("ziglang", "clang", "host_sha256", "harness", "commit"),
)


@dataclass(frozen=True)
class Told:
    """A run's folder as it was read."""

    folder: Path
    plan: Plan
    events: Sequence[Event]
    summary: Summary
    attempts: Sequence[Attempt]

    @classmethod
    def read(cls, folder: Path) -> Told:
        """The run in a folder; it may be under way."""
        events = Log(folder / "log.jsonl").read()
        first = events[0] if events else None
        if not isinstance(first, Started):
            raise UserError(f"{folder} holds no run", "choose one below .agent-steel/runs")
        attempts = [event.attempt for event in events if isinstance(event, Attempted)]
        return cls(folder, first.plan, events, summarise(events), attempts)

    @property
    def best(self) -> Attempt | None:
        """What the search ended with."""
        return next((one for one in self.attempts if one.id == self.summary.best), None)

    @property
    def steps(self) -> list[Attempt]:
        """What led from the start to the best, without the start."""
        return lineage(self.attempts, self.best.id)[1:] if self.best else []


@dataclass(frozen=True)
class Node:
    """An Attempt in the tree."""

    attempt: Attempt
    on_path: bool
    children: list[Node]


def html(told: Told) -> str:
    """The report."""
    return page.render(TEMPLATE, values(told))


def values(told: Told) -> dict[str, Any]:
    """All that the template names."""
    return {
        "plan": told.plan,
        "summary": told.summary,
        "began": told.events[0].at,
        "ended": told.events[-1].at,
        "took": duration(told.summary.elapsed_s),
        "convergence": convergence([told]).data_uri() if told.attempts else "",
        "tree": tree(told),
        "steps": told.steps,
        "sizes": [(name, times_of(told, name), *_charts_of(told, name)) for name in sizes(told)],
        "budget": budget(told),
        "refused": [one for one in told.attempts if one.outcome in ("refused", "unusable")],
        "calls": [event for event in told.events if isinstance(event, Replied)],
        "asked": [one for one in told.attempts if one.prompt_sha256],
        "facts": facts(told),
        "best": told.best,
        "modelled": any(one.clock == "modelled" for one in told.attempts),
    }


def convergence(runs: Sequence[Told]) -> Chart:
    """Best so far after each Attempt, a line a run; the legend says how much was gained."""
    twice = len({one.plan.kernel for one in runs}) < len(runs)
    return Chart(
        x="attempts",
        y="times the speed of the start",
        title="Best so far",
        lines=[
            Line(
                gained(one, with_run=twice),
                [point.ordinal for point in one.summary.convergence],
                [point.gain for point in one.summary.convergence],
                steps=True,
            )
            for one in runs
        ],
        level=1.0,
        counts=True,
        height=3.8,
    )


def gained(told: Told, *, with_run: bool = False) -> str:
    """`softmax: +42 %`."""
    name = f"{told.plan.kernel} ({told.plan.run})" if with_run else told.plan.kernel
    return f"{name}: {told.summary.gain - 1:+.0%}".replace("%", " %")


def tree(told: Told) -> list[Node]:
    """The Attempts below those that they were made from, in order."""
    children: dict[str | None, list[Attempt]] = defaultdict(list)
    known = {one.id for one in told.attempts}
    for one in told.attempts:
        children[one.parent if one.parent in known else None].append(one)
    path = {told.attempts[0].id, *(one.id for one in told.steps)} if told.best else set()

    def below(parent: str | None) -> list[Node]:
        return [Node(one, one.id in path, below(one.id)) for one in children.get(parent, ())]

    return below(None)


def sizes(told: Told) -> list[str]:
    """The sizes that anything was timed at, in the order they came."""
    named = [size["size"] for one in told.attempts for size in _timed_sizes(one)]
    if not named and any(one.kernel_ms is not None for one in told.attempts):
        named = [told.plan.size]
    return list(dict.fromkeys(named))


def _timed_sizes(attempt: Attempt) -> list[Mapping[str, Any]]:
    return [size for size in attempt.feedback.get("sizes", ()) if size.get("times")]


def times_of(told: Told, size: str) -> list[tuple[str, float]]:
    """Medians in milliseconds at a size: of the start, MLX beside it, and the best."""
    found = []
    for name, attempt in (("start", told.attempts[0]), ("best", told.best if told.steps else None)):
        for known in _timed_sizes(attempt) if attempt else ():
            if known["size"] == size:
                found.append((name, known["times"]["kernel"]["median_ms"]))
                beside = known["times"].get("mlx")
                if name == "start" and beside:
                    found.append(("MLX, beside the start", beside["median_ms"]))
    return found


def _charts_of(told: Told, size: str) -> tuple[str, str]:
    """The times at a size, and the speed over the incumbent where one was met there."""
    timed = [one for one in told.attempts if one.kernel_ms is not None]
    paired = [one for one in timed if one.speedup is not None and size == told.plan.size]
    rivals = [
        Bar(one.ordinal + 0.22, one.incumbent_ms, group="incumbent, in the same paired run")
        for one in paired
        if one.incumbent_ms is not None
    ]
    times = Chart(
        x="attempt",
        y="modelled ms" if any(one.clock == "modelled" for one in timed) else "ms",
        title=f"Time at {size}: median and quartiles",
        bars=[*(_time(one, size) for one in timed), *rivals],
        counts=True,
    )
    if not paired:
        return times.data_uri(), ""
    gains = Chart(
        x="attempt",
        y="times the incumbent's speed",
        title=f"Speed at {size} over the incumbent of its time, with intervals",
        bars=[_gain(one) for one in paired],
        level=1.0,
        scale="log",
        limits=_window([one.speedup for one in paired if one.speedup is not None]),
        counts=True,
    )
    return times.data_uri(), gains.data_uri()


def _window(speedups: Sequence[float]) -> tuple[float, float]:
    """What a chart of speedups shows: a short look can have an interval without end."""
    return 0.7 * min(1.0, *speedups), 1.4 * max(1.0, *speedups)


def _time(attempt: Attempt, size: str) -> Bar:
    """Median with its quartiles, where the samples were kept."""
    for found in _timed_sizes(attempt):
        if found["size"] == size:
            spread = found["times"]["kernel"]
            low, high = spread["quartiles_ms"]
            return Bar(attempt.ordinal, spread["median_ms"], low, high, "candidate")
    return Bar(attempt.ordinal, attempt.kernel_ms or 0.0, group="candidate")


def _gain(attempt: Attempt) -> Bar:
    low, high = attempt.speedup_ci or (None, None)
    kept = "kept" if attempt.outcome == "kept" else "right, not kept"
    return Bar(attempt.ordinal, attempt.speedup or 0.0, low, high, kept)


def budget(told: Told) -> list[tuple[str, str, str]]:
    """What was used of what was allowed."""
    plan, found = told.plan, told.summary
    evaluating = sum(one.seconds for one in told.attempts)
    minutes = "-" if plan.budget_minutes is None else f"{plan.budget_minutes:g} min"
    cap = "-" if plan.budget_usd is None else page.usd(plan.budget_usd)
    attempts = "-" if plan.max_attempts is None else str(plan.max_attempts)
    return [
        ("rounds", str(found.rounds), str(plan.max_rounds)),
        ("attempts", str(found.attempts), attempts),
        ("time", duration(found.elapsed_s), minutes),
        ("of that, judging and timing", duration(evaluating), "-"),
        ("calls", str(found.calls), "-"),
        ("tokens in and out", f"{found.input_tokens:,} and {found.output_tokens:,}", "-"),
        ("cost", page.usd(found.usd), cap),
    ]


def facts(told: Told) -> list[tuple[str, str]]:
    """Where the figures are from."""
    if not told.attempts:
        return []
    environment = told.attempts[0].environment
    device = environment.get("device")
    known = {**(device if isinstance(device, Mapping) else {}), **environment}
    return [(name, str(known[name])) for name in _FACTS if isinstance(known.get(name), str | int)]
