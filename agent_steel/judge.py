"""The harness as a search sees it: a source judged right or not, and timed beside its incumbent."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from harness import devices, locks
from harness.checking import trial
from harness.checking.judge import Wrong
from harness.checking.trial import Request, Trial
from harness.errors import EnvironmentFault
from harness.evaluation import Evaluation, Refusal, Samples, Verdict
from harness.evaluator import evaluate
from harness.problem import catalog, inputs
from harness.problem.catalog import Kernel
from harness.timing import measure, timed, verdict
from harness.timing.ceilings import ceilings_of
from harness.timing.figures import rescore
from harness.timing.verdict import DELTA, Judgement, Mode

#: A candidate that a short look cannot tell from the incumbent gets a longer one if it seems to
#: gain as much as could be proved at all: most are just as fast as what they were made from.
PROMISING = 1 + DELTA


@dataclass(frozen=True)
class Found:
    """One judged source. `incumbent_sha256` is of the source whose samples stand beside its own in
    the Evaluation; empty: not compared with any. `predicted_ms`: of a model, for the source and
    its incumbent, where nothing was timed."""

    evaluation: Evaluation
    incumbent_sha256: str = ""
    seconds: float = 0.0
    predicted_ms: tuple[float, float] | None = None

    @property
    def judgement(self) -> Judgement | None:
        """What the paired samples show: a pure function of them."""
        samples = self.evaluation.samples
        return verdict.judge(samples) if samples and self.incumbent_sha256 else None


class Judge(Protocol):
    """Judges sources of one kernel at one size on one device."""

    chip: str
    device: str

    def limits(self) -> Mapping[str, Any]:
        """What the device says of itself that a writer of kernels can use."""

    def baseline(self, source: str) -> Found:
        """Judge the source to begin with, and time it beside MLX."""

    def compare(self, ordinal: int, source: str, incumbent: str) -> Found:
        """Judge a source and, if it is right, time it in one paired run with the incumbent."""

    def close(self) -> None:
        """End every worker."""


@dataclass
class HarnessJudge:
    """The judge on a real device. The incumbent's worker stays open from one candidate to the next,
    so that each source is compiled and judged once; both sides are timed anew each time."""

    kernel: Kernel
    device_name: str
    size: str
    threads: int = 0
    on_wait: locks.OnWait = locks.quiet
    _open: dict[str, Trial] = field(default_factory=dict)  # by source

    def __post_init__(self) -> None:
        self._device = devices.open_device(self.device_name)
        self.device = self._device.name
        self.chip = str(self._device.facts()["chip"])
        self._point = catalog.point_of(self.kernel.spec, self.size)

    def limits(self) -> Mapping[str, Any]:
        """Engine, threads and limits, without what tells nothing about a kernel."""
        return limits_of(self._device.facts())

    def baseline(self, source: str) -> Found:
        """Judge, and time beside MLX."""
        began = time.monotonic()
        found = evaluate(
            self.kernel,
            source,
            device=self._device,
            sizes=(self.size,),
            mode="screen",
            threads=self.threads,
            on_wait=self.on_wait,
        )
        return Found(found, "", _since(began))

    def compare(self, ordinal: int, source: str, incumbent: str) -> Found:
        """Judge the candidate, then both sides in one paired run."""
        began = time.monotonic()
        request = self._request(source)
        judged = self._judged(request)
        if judged.wrong is not None:
            self._close_all_but(incumbent)
            return Found(judged.evaluation, "", _since(began))
        held = self._incumbent(request, incumbent)
        samples = self._paired(request, judged, held)
        if isinstance(samples, Refusal):
            self._close_all_but()  # a worker may have died
            wrong = trial.refused(judged.evaluation, Wrong(samples))
            return Found(wrong, "", _since(began))
        self._close_all_but(incumbent, source)
        evaluation = self._with_figures(judged.evaluation, samples)
        return Found(evaluation, held.evaluation.source_sha256, _since(began))

    def close(self) -> None:
        """End every worker."""
        self._close_all_but()

    def _request(self, source: str) -> Request:
        return Request(
            kernel=self.kernel,
            source=catalog.source_of(source),
            variant="candidate",
            device=self._device,
            size=self.size,
            point=self._point,
            mode="screen",
            secret=inputs.new_secret(),
            threads=self.threads,
            on_wait=self.on_wait,
        )

    def _judged(self, request: Request) -> Trial:
        purpose = f"judging {self.kernel.name}"
        with locks.device(self.device, purpose, exclusive=False, on_wait=self.on_wait):
            judged = trial.judged(request)
        if judged.wrong is not None:
            judged.close()
            return judged
        previous = self._open.pop(request.source.text, None)
        if previous is not None:
            previous.close()
        self._open[request.source.text] = judged
        return judged

    def _incumbent(self, request: Request, source: str) -> Trial:
        """The incumbent's open worker, or a new one. It was right before: if it is not now, the
        machine is at fault."""
        if source in self._open:
            return self._open[source]
        again = self._judged(replace(request, source=catalog.source_of(source)))
        if again.wrong is not None:
            raise EnvironmentFault(
                f"the incumbent of {self.kernel.name} was right and is now refused:"
                f" {again.wrong.reason}",
                "./bench --doctor looks at this machine",
            )
        return again

    def _paired(self, request: Request, judged: Trial, held: Trial) -> Samples | Refusal:
        """A short look; a longer one where that decides nothing and a gain is still possible."""
        rival = replace(request, source=catalog.source_of(held.evaluation.source))
        with timed.timing(request, judged) as bench:
            sides = (bench.side, timed.side_of(rival, held))
            seed = request.secret & 0x7FFFFFFF
            found = measure.compare(*sides, Mode.SCREEN, seed=seed)
            if not isinstance(found, Refusal) and _open_question(found.judgement):
                found = measure.compare(*sides, Mode.REPORT, seed=seed)
            if isinstance(found, Refusal):
                return found
            return sides[0].finish() or sides[1].finish() or found.samples

    def _with_figures(self, evaluation: Evaluation, samples: Samples) -> Evaluation:
        """The candidate's own figures: MLX was not timed here, and the incumbent is not MLX."""
        cost = self.kernel.spec.cost(self._point)
        scored = rescore(samples, cost, ceilings_of(self._device))
        if scored.figures is None:
            return replace(evaluation, flags=scored.flags, samples=samples)
        alone = replace(
            scored.figures,
            mlx_ms_median=None,
            mlx_ms_min=None,
            mlx_ms_mean=None,
            mlx_samples=0,
            speedup=None,
            speedup_ci=None,
            balanced=None,
            mlx_overhead_ms=None,
        )
        return replace(evaluation, figures=alone, flags=scored.flags, samples=samples)

    def _close_all_but(self, *kept: str) -> None:
        for source in [source for source in self._open if source not in kept]:
            self._open.pop(source).close()


#: Of what a device says of itself, the part that a writer of kernels can use.
_LIMITS = (
    "simd_width",
    "max_threads_per_threadgroup",
    "max_threadgroup_memory_bytes",
    "threads",
    "engine",
)


def limits_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The limits among a device's facts."""
    return {name: facts[name] for name in _LIMITS if name in facts}


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)


def _open_question(shown: Judgement) -> bool:
    """Whether more blocks could still prove a gain."""
    undecided = shown.verdict in (None, Verdict.UNCLEAR)
    return undecided and shown.speedup is not None and shown.speedup > PROMISING
