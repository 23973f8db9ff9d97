"""What a finished cell came to: its best beside its start, at the shown sizes and at drawn ones.

Measured once, after the search, in paired runs. The draws are those of the held-out gate, and like
its verdicts they lie where nothing that proposes sources looks.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field

from agent_steel.attempt import Attempt
from agent_steel.plan import Plan, Strict
from harness import judging
from harness.board import promotion
from harness.errors import UserError
from harness.evaluation import Evaluation, Flag, Refusal, Samples, Verdict
from harness.gate import held_out
from harness.problem import catalog
from harness.problem.catalog import Kernel
from harness.settings import Mode, Settings
from harness.timing import verdict

SCORE_VERSION = 1
_PASSED = "passed"


class Point(Strict):
    """The best at one size: right or not, and its speed over the start in one paired run."""

    size: str
    status: str
    reason: str = ""
    speedup: float | None = None  # None: not timed
    speedup_ci: tuple[float, float] | None = None
    verdict: Verdict | None = None


class Score(Strict):
    """A cell after its end. `attempt` None: nothing was kept, so the best is the start."""

    schema_version: int = SCORE_VERSION
    cell: str
    attempt: str | None
    source_sha256: str = ""
    shown: list[Point] = Field(default_factory=list)
    held_out: list[Point] = Field(default_factory=list)
    gate: str = ""  # passed, failed, regression, not_covered
    barred: str = ""  # why the gate or a flag keeps it from counting
    mode: str = ""
    over_mlx: float | None = None
    over_mlx_ci: tuple[float, float] | None = None
    seconds: float = 0.0

    @property
    def shown_factor(self) -> float | None:
        """S(best) / S(start): 1 where they are one, 0 where the best is wrong."""
        return 1.0 if self.attempt is None else _factor(self.shown)

    @property
    def held_out_factor(self) -> float | None:
        """Phi(best) / Phi(start) over the held-out sizes; None where none was timed."""
        return 1.0 if self.attempt is None else _factor(self.held_out)

    @property
    def faster(self) -> bool:
        """Whether a gain over the start is proved at every shown size, and may count."""
        proved = bool(self.shown) and all(one.verdict is Verdict.FASTER for one in self.shown)
        return self.attempt is not None and proved and not self.barred


def _factor(points: Sequence[Point]) -> float | None:
    """The geometric mean of the speedups; 0 if one point is wrong."""
    if any(one.status != _PASSED for one in points):
        return 0.0
    timed = [one.speedup for one in points if one.speedup is not None]
    return math.exp(sum(map(math.log, timed)) / len(timed)) if timed else None


class Examiner(Protocol):
    """Judges and times for a score."""

    def gated(self, source: str, size: str) -> Evaluation:
        """The source beside MLX, with what the held-out gate makes of it."""

    def pair(self, source: str, start: str, size: str) -> Samples | Refusal:
        """The source timed against the start, both judged first."""


@dataclass(frozen=True)
class HarnessExaminer:
    """On a device. `seed`: of the draws, the same for all cells of a comparison."""

    kernel: Kernel
    device: str
    threads: int
    mode: Mode
    seed: int = field(repr=False)

    def gated(self, source: str, size: str) -> Evaluation:
        """Judge, time, gate."""
        chosen = Settings(device=self.device, mode=self.mode, threads=self.threads, seed=self.seed)
        return judging.held_out_too(self.kernel, catalog.source_of(source), chosen, size)

    def pair(self, source: str, start: str, size: str) -> Samples | Refusal:
        """One paired run."""
        return judging.pair(
            promotion.Request(
                kernel=self.kernel.name,
                size=size,
                device=self.device,
                threads=self.threads,
                source=source,
                variant="candidate",
                incumbent=start,
                mode=self.mode,
            )
        )


def score(
    plan: Plan, best: Attempt | None, sizes: Sequence[str], examiner: Examiner, mode: str
) -> Score:
    """Measure a cell's best; nothing is run where nothing was kept."""
    if best is None:
        return Score(cell=plan.run, attempt=None)
    began = time.monotonic()
    found = examiner.gated(best.source, sizes[0])
    gate: Mapping[str, Any] = found.held_out or {}
    shown = [_shown(plan, best, size, examiner, found) for size in sizes]
    drawn = [_drawn(plan, best, point, examiner) for point in gate.get("points", ())]
    figures = found.figures
    return Score(
        cell=plan.run,
        attempt=best.id,
        source_sha256=best.source_sha256,
        shown=shown,
        held_out=drawn,
        gate=str(gate.get("status", "")),
        barred=_barred(found, shown),
        mode=mode,
        over_mlx=figures.speedup if figures else None,
        over_mlx_ci=figures.speedup_ci if figures else None,
        seconds=round(time.monotonic() - began, 3),
    )


def _barred(found: Evaluation, shown: Sequence[Point]) -> str:
    """The first thing that keeps a best from counting."""
    wrong = next((one for one in shown if one.status != _PASSED), None)
    if wrong is not None:
        return f"{wrong.size}: {wrong.reason}"
    if Flag.IMPLAUSIBLE in found.flags:
        return "above what this chip can do"
    return held_out.bar(found.held_out, found.track)


def _shown(plan: Plan, best: Attempt, size: str, examiner: Examiner, found: Evaluation) -> Point:
    """A size that the search was shown. `found` is of the first of them."""
    if found.size == size and not found.passed:
        return Point(size=size, status=found.status.value, reason=found.reason)
    return _paired(plan, best, size, examiner)


def _paired(plan: Plan, best: Attempt, size: str, examiner: Examiner) -> Point:
    samples = examiner.pair(best.source, plan.start, size)
    if isinstance(samples, Refusal):
        return Point(size=size, status=samples.status.value, reason=samples.reason)
    shown = verdict.judge(samples)
    return Point(
        size=size,
        status=_PASSED,
        reason=shown.reason,
        speedup=shown.speedup,
        speedup_ci=shown.interval,
        verdict=shown.verdict,
    )


def _drawn(plan: Plan, best: Attempt, point: Mapping[str, Any], examiner: Examiner) -> Point:
    """A held-out point; timed beside the start where the gate timed it beside MLX."""
    size = ",".join(f"{name}={value!r}" for name, value in point["dims"].items())
    if point["status"] not in (_PASSED, "regression"):
        return Point(size=size, status=point["status"], reason=point["reason"])
    if point["kernel_ms"] is None:
        return Point(size=size, status=_PASSED)
    return _paired(plan, best, size, examiner)


def shown_sizes(kernel: Kernel, size: str) -> list[str]:
    """The size of a search; for a scientific task at its usual size, the three that S is over."""
    series = list(kernel.spec.sizes.series)
    return series if series and size == "published" else [size]


def read(path: Path) -> Score:
    """A stored score."""
    try:
        return Score.model_validate(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as problem:
        raise UserError(f"{path}: not the score of a cell: {problem}", "remove it") from None
