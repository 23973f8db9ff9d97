"""Computes what the finished cells of a comparison say; pages and tables only show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from agent_steel import evidence
from agent_steel.compare import scoring, statistics
from agent_steel.compare.design import Arm, Cell, Design
from agent_steel.compare.documents import (
    ArmReport,
    Base,
    CellReport,
    Comparison,
    CurvePoint,
    Figure,
    UnionReport,
)
from agent_steel.compare.running import Place
from agent_steel.compare.scoring import Score
from agent_steel.compare.statistics import Curve, Estimate, Key, Outcome, Sample
from agent_steel.events import Attempted, Log
from agent_steel.proposers import OFFLINE
from agent_steel.summary import Summary, summarise

#: Points of the curve against dollars.
_DOLLAR_STEPS = 24
REFUSED = "baseline_refused"


@dataclass(frozen=True)
class Result:
    """A finished cell. `right`: of each attempt in order; `start_over_mlx`: where MLX was timed."""

    cell: Cell
    summary: Summary
    right: tuple[bool, ...]
    score: Score | None = None
    start_over_mlx: tuple[float, tuple[float, float] | None] | None = None

    @property
    def key(self) -> Key:
        """Its problem and seed."""
        return self.cell.kernel, self.cell.seed

    @property
    def over_start(self) -> Outcome:
        """Its best over its start; the search's own gain where nothing was confirmed."""
        found_right = any(self.right)
        if self.score is None:
            gain = self.summary.gain
            return Outcome(found_right, gain, faster=self.summary.kept > 0)
        if self.score.barred:
            return Outcome(False, None, False)
        return Outcome(found_right, self.score.shown_factor, self.score.faster)

    @property
    def over_mlx(self) -> Outcome | None:
        """Its best over MLX; None where MLX could not be timed."""
        score = self.score
        if score is None:
            return None
        if score.barred:
            return Outcome(False, None, False)
        known = self.start_over_mlx
        if score.attempt is not None:
            known = None if score.over_mlx is None else (score.over_mlx, score.over_mlx_ci)
        if known is None:
            return None
        speedup, interval = known
        return Outcome(any(self.right), speedup, interval is not None and interval[0] > 1)

    @property
    def dollars(self) -> Curve:
        """Best so far against what was paid."""
        return [(point.usd, point.gain) for point in self.summary.convergence]

    @property
    def attempts(self) -> Curve:
        """Best so far against attempts."""
        return [(point.ordinal, point.gain) for point in self.summary.convergence]


def collect(design: Design, place: Place) -> list[Result]:
    """Every finished cell as it lies on disk."""
    found = []
    for cell in design.cells:
        if not place.is_finished(cell, design):
            continue
        folder = place.folders.run(cell.name)
        events = Log(folder / "log.jsonl").read()
        attempts = [event.attempt for event in events if isinstance(event, Attempted)]
        right = tuple(one.status == "passed" for one in attempts if one.ordinal)
        scored = place.score(cell)
        score = scoring.read(scored) if design.confirm != "none" and scored.exists() else None
        start = evidence.read(folder / "evaluations" / "0000.json").evaluation.figures
        beside = None
        if start is not None and start.speedup is not None:
            beside = (start.speedup, start.speedup_ci)
        found.append(Result(cell, summarise(events), right, score, beside))
    return found


def compare(design: Design, results: Sequence[Result]) -> Comparison:
    """Everything that can be said of what is finished."""
    refused = {one.cell.kernel for one in results if one.summary.stopped == REFUSED}
    counted = [one for one in results if one.cell.kernel not in refused]
    by_arm = {arm: [one for one in counted if one.cell.arm == arm] for arm in design.arms}
    most_usd = max((one.summary.usd or 0.0 for one in counted), default=0.0)
    first = by_arm[design.arms[0]]
    return Comparison(
        name=design.name,
        written_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        chips=sorted({one.summary.chip for one in results}),
        design=design,
        cells=len(design.cells),
        finished=len(results),
        excluded=sorted(refused),
        arms=[arm_report(design, arm, mine, first, most_usd) for arm, mine in by_arm.items()],
        unions=unions(design, by_arm),
        results=[cell_report(one) for one in results],
    )


def arm_report(
    design: Design, arm: Arm, results: Sequence[Result], first: Sequence[Result], most_usd: float
) -> ArmReport:
    """The figures of one arm; without a finished cell there are none."""
    known: dict[str, Any] = {
        "label": arm.label,
        "strategy": arm.strategy,
        "model": arm.model,
        "context": arm.context,
        "problems": len({one.cell.kernel for one in results}),
        "cells": sum(cell.arm == arm for cell in design.cells),
        "finished": len(results),
    }
    if not results:
        return ArmReport(**known)
    sample = Sample([one.key for one in results])
    prices = [one.summary.usd for one in results]
    return ArmReport(
        **known,
        **_scores(results),
        **_curves(design, sample, results, most_usd),
        over_first=_over_first(results, first),
        attempts=sum(one.summary.attempts for one in results),
        calls=sum(one.summary.calls for one in results),
        tokens=sum(one.summary.input_tokens + one.summary.output_tokens for one in results),
        usd=None if None in prices else sum(price or 0.0 for price in prices),
        seconds=sum(one.summary.elapsed_s for one in results),
        stopped=dict(Counter(one.summary.stopped for one in results)),
    )


def _scores(results: Sequence[Result]) -> dict[str, Any]:
    """What the bests came to."""
    scores = {one.key: one.score for one in results if one.score is not None}
    return {
        "over_start": _base({one.key: one.over_start for one in results}),
        "over_mlx": _base(
            {one.key: found for one in results if (found := one.over_mlx) is not None}
        ),
        "shown_factor": _factor(scores, lambda score: score.shown_factor),
        "held_out_factor": _factor(scores, lambda score: score.held_out_factor),
        "held_out_wrong": sum(one.held_out_factor == 0 for one in scores.values()),
        "barred": sum(bool(one.barred) for one in scores.values()),
    }


def _base(outcomes: Mapping[Key, Outcome]) -> Base | None:
    if not outcomes:
        return None
    sample = Sample(list(outcomes))
    curve = statistics.fast_p(sample, outcomes)
    return Base(
        problems=len(sample.problems),
        geomean=Figure.of(statistics.score(sample, outcomes)),
        fast_p=_points(statistics.THRESHOLDS, curve),
        fast_area=Figure.of(statistics.fast_area(sample, outcomes)),
    )


def _factor(scores: Mapping[Key, Score], factor: Callable[[Score], float | None]) -> Figure | None:
    """The geometric mean where it is known. A best that is wrong counts 1: its user has the start;
    one that is slower counts as it is."""
    known = {key: found for key, one in scores.items() if (found := factor(one)) is not None}
    if not known:
        return None
    sample = Sample(list(known))
    return Figure.of(sample.geometric_mean([known[key] or 1.0 for key in sample.keys]))


def _curves(
    design: Design, sample: Sample, results: Sequence[Result], most_usd: float
) -> dict[str, Any]:
    most = design.budget.attempts
    grid = [float(count) for count in range(most + 1)]
    right = {one.key: one.right for one in results}
    spent = {one.key: one.attempts for one in results}
    found = {
        "correct_by_attempt": _points(grid[1:], statistics.correct_by_attempt(sample, right, most)),
        "best_by_attempt": _points(grid, statistics.best_so_far(sample, spent, grid)),
    }
    if most_usd > 0 and all(one.summary.usd is not None for one in results):
        steps = [most_usd * step / _DOLLAR_STEPS for step in range(_DOLLAR_STEPS + 1)]
        paid = {one.key: one.dollars for one in results}
        found["best_by_usd"] = _points(steps, statistics.best_so_far(sample, paid, steps))
    return found


def _points(grid: Sequence[float], found: Sequence[Estimate]) -> list[CurvePoint]:
    return [CurvePoint(at=at, figure=Figure.of(one)) for at, one in zip(grid, found, strict=True)]


def _over_first(results: Sequence[Result], first: Sequence[Result]) -> Figure | None:
    mine = {one.key: one.over_start.score for one in results}
    base = {one.key: one.over_start.score for one in first}
    both = [key for key in mine if key in base]
    return Figure.of(statistics.ratio(Sample(both), mine, base)) if both else None


def unions(design: Design, by_arm: Mapping[Arm, Sequence[Result]]) -> list[UnionReport]:
    """For each strategy and context with several models: what their union gains."""
    found = []
    groups = dict.fromkeys((arm.strategy, arm.context) for arm in by_arm)
    for strategy, context in groups:
        arms = {
            arm.model: results
            for arm, results in by_arm.items()
            if results and arm.strategy == strategy and _belongs(arm, context)
        }
        keys = [{one.key for one in results} for results in arms.values()]
        shared = set.intersection(*keys) if len(keys) > 1 else set()
        if shared:
            found.append(_union(design, strategy, context, arms, Sample(list(shared))))
    return found


def _belongs(arm: Arm, context: str) -> bool:
    """A single model's arm of this context; `offline`, which is shown none, belongs to each."""
    return arm.models == (OFFLINE,) or (len(arm.models) == 1 and arm.context == context)


def _union(
    design: Design,
    strategy: str,
    context: str,
    arms: Mapping[str, Sequence[Result]],
    sample: Sample,
) -> UnionReport:
    share = max(1, design.budget.attempts // len(arms))
    final = {name: {one.key: one.over_start.score for one in found} for name, found in arms.items()}
    full = {name: {one.key: one.summary.gain for one in found} for name, found in arms.items()}
    part = {
        name: {one.key: statistics.at(one.attempts, share) for one in found}
        for name, found in arms.items()
    }
    best, gain = statistics.union(sample, final, final)
    _, shared = statistics.union(sample, full, part)
    return UnionReport(
        strategy=strategy,
        context=context,
        models=list(arms),
        best=best,
        cells=len(sample.keys),
        gain=Figure.of(gain),
        shared=Figure.of(shared),
        shared_attempts=share,
    )


def cell_report(one: Result) -> CellReport:
    """One row."""
    outcome, score = one.over_start, one.score
    beside = one.over_mlx
    return CellReport(
        cell=one.cell.name,
        arm=one.cell.arm.label,
        kernel=one.cell.kernel,
        seed=one.cell.seed,
        attempts=one.summary.attempts,
        right=sum(one.right),
        gain=one.summary.gain,
        shown_factor=score.shown_factor if score else None,
        held_out_factor=score.held_out_factor if score else None,
        over_mlx=beside.speedup if beside else None,
        counts=outcome.faster,
        why_not=score.barred if score else "",
        usd=one.summary.usd,
        stopped=one.summary.stopped,
    )
