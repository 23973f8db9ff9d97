"""A judge for a chip that is not here: right by a real run on this machine, fast by a model.

A model is never shown as a measurement: what it says is kept as `predicted_ms`, on the clock
`modelled`, and nothing that it chose is promoted.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import chip_metrics
from agent_steel.judge import Found, limits_of
from harness import devices, locks, prediction
from harness.checking import counting
from harness.errors import UserError
from harness.evaluation import Evaluation, Status
from harness.evaluator import evaluate
from harness.problem import catalog
from harness.problem.catalog import Kernel

#: What an objective of this kind begins with; the rest names the chip, as a file stem.
PREFIX = "predicted:"


@dataclass
class PredictingJudge:
    """Judges on the CPU, counts in the checked build, and asks the chip's model."""

    kernel: Kernel
    stem: str
    size: str
    threads: int = 0
    on_wait: locks.OnWait = locks.quiet
    _predicted: dict[str, float | str] = field(default_factory=dict)  # by source: ms, or why not

    def __post_init__(self) -> None:
        self._device = devices.open_device("cpu")
        self.device = self._device.name
        self._row: chip_metrics.Chip = prediction.rows_of(self.stem)[0]
        self.chip = self._row.id
        self._point = catalog.point_of(self.kernel.spec, self.size)

    def limits(self) -> Mapping[str, Any]:
        """Of a pipeline; not the threads of this machine."""
        facts = limits_of(self._device.facts())
        return {name: fact for name, fact in facts.items() if name not in ("threads", "engine")}

    def baseline(self, source: str) -> Found:
        """Judge, and predict."""
        return self._found(source, "")

    def compare(self, ordinal: int, source: str, incumbent: str) -> Found:
        """Judge, and predict both: the same source gets the same figure, so nothing is noise."""
        return self._found(source, incumbent)

    def close(self) -> None:
        """Nothing is open."""

    def _found(self, source: str, incumbent: str) -> Found:
        began = time.monotonic()
        evaluation = evaluate(
            self.kernel,
            source,
            device=self._device,
            sizes=(self.size,),
            mode="check",
            threads=self.threads,
            on_wait=self.on_wait,
        )
        seconds = round(time.monotonic() - began, 3)
        if not evaluation.passed:
            return Found(evaluation, "", seconds)
        mine = self._ms(source)
        rival = self._ms(incumbent) if incumbent else mine
        if isinstance(mine, str) or isinstance(rival, str):
            return Found(_unpredicted(evaluation, str(mine)), "", seconds)
        held = catalog.source_of(incumbent).sha256 if incumbent else ""
        return Found(evaluation, held, seconds, (mine, rival))

    def _ms(self, source: str) -> float | str:
        if source not in self._predicted:
            self._predicted[source] = self._predict(source)
        return self._predicted[source]

    def _predict(self, source: str) -> float | str:
        found = counting.count(self.kernel, catalog.source_of(source), self._point)
        if isinstance(found, str):
            return found
        counts = prediction.counts_of(self.kernel, self._point, found)
        return prediction.predicted(self._row, counts).estimate_ms


def _unpredicted(evaluation: Evaluation, reason: str) -> Evaluation:
    return replace(evaluation, status=Status.UNSUPPORTED, reason=f"no prediction: {reason}")


def stem_of(objective: str) -> str:
    """The chip that an objective names; a UserError for one that no table knows."""
    stem = objective.removeprefix(PREFIX)
    if not prediction.rows_of(stem):
        raise UserError(f"no chip {stem!r}", "./bench --predict names those that can be predicted")
    return stem
