"""Times judged kernels beside MLX, alone, or against each other, while the device is ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from harness import locks, science
from harness.checking.judge import Wrong
from harness.checking.trial import Request, Trial, blank, judged, refused, with_facts
from harness.evaluation import Evaluation, Figures, Refusal, Samples, Status
from harness.problem.bank import Bank
from harness.sides import Side
from harness.timing import measure
from harness.timing.blocks import BASELINE
from harness.timing.ceilings import ceilings_of
from harness.timing.figures import rescore
from harness.timing.kernel_side import KernelSide
from harness.timing.launch import empty_dispatch_ms
from harness.timing.verdict import Mode


def beside_mlx(request: Request, trial: Trial) -> Evaluation:
    """Time a judged candidate alone or beside MLX, while nobody else uses the device."""
    with timing(request, trial) as bench:
        if request.sides == "both":
            bench.add_mlx(request)
        refusal = bench.measure(request)
    evaluation = with_facts(trial.evaluation, bench.facts)
    if refusal:
        return refused(evaluation, Wrong(refusal, trial.evaluation.published_status))
    return bench.filled(request, evaluation)


@contextmanager
def timing(request: Request, trial: Trial) -> Iterator[Bench]:
    """The candidate's side under the exclusive lock of the device."""
    side = side_of(request, trial)
    with locks.device(
        request.device.name,
        f"timing {request.kernel.name}",
        exclusive=True,
        on_wait=request.on_wait,
    ):
        yield Bench(side, side.bank)


def side_of(request: Request, trial: Trial) -> KernelSide:
    """What can be timed of a trial that was judged right, on the values of this request."""
    if trial.candidate is None or trial.judged is None:
        raise ValueError("only a kernel that was judged right can be timed")
    bank = Bank(request.kernel.spec, request.point, request.secret, "timing")
    return KernelSide(trial.candidate, trial.judged.schedule, bank, request.secret)


@dataclass
class Bench:
    """What is timed, and what came of it."""

    side: KernelSide
    bank: Bank
    baseline: Side | None = None
    baselines: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    samples: Samples | None = None

    def add_mlx(self, request: Request) -> None:
        """Probe MLX's forms; a wrong reference voids the comparison, not the kernel."""
        from harness.timing.mlx_side import MlxSide, time_forms

        gpu = request.device.name == "metal"
        mlx = MlxSide(request.kernel.spec, self.bank, request.secret, gpu=gpu)
        wrong = mlx.probe()
        if wrong:
            self.facts["baseline_void"] = wrong.reason
            return
        self.baseline = mlx
        self.baselines = {**mlx.baselines.ms, **time_forms(request.kernel.spec, self.bank)}
        self.facts["baseline"] = mlx.name
        if mlx.baselines.absent:
            self.facts["baselines_absent"] = dict(mlx.baselines.absent)

    def measure(self, request: Request) -> Refusal | None:
        """Take the samples and validate the last of them."""
        options: dict[str, Any] = {
            "seed": request.secret & 0x7FFFFFFF,
            "budget": request.budget,
            "observer": request.observer,
        }
        mode = Mode(request.mode)
        if self.baseline is None:
            found = measure.single(self.side, mode, **options)
        else:
            found = measure.compare(self.side, self.baseline, mode, **options)
        if isinstance(found, Refusal):
            return found
        self.samples = found.samples
        refusal = self.side.finish()
        self.facts["validated_samples"] = self.side.validated
        return refusal

    def filled(self, request: Request, evaluation: Evaluation) -> Evaluation:
        """The Evaluation with figures, scores, flags and verdict."""
        if self.samples is None:
            raise ValueError("nothing was measured")
        cost = request.kernel.spec.cost(self.bank.point)
        scored = rescore(self.samples, cost, ceilings_of(request.device))
        if scored.figures is not None:
            evaluation = self._with_science(request, evaluation, scored.figures)
        return replace(
            evaluation,
            figures=scored.figures,
            baselines=self.baselines,
            scores=scored.scores,
            score=scored.scores.get(request.target),
            flags=(*evaluation.flags, *scored.flags),
            verdict=scored.judgement.verdict,
            samples=self.samples,
        )

    def _with_science(
        self, request: Request, evaluation: Evaluation, figures: Figures
    ) -> Evaluation:
        """The share of this size's ceiling, where the problem is scored by that."""
        found = science.size_score(
            request.kernel.spec,
            self.bank.point,
            self.side.schedule,
            figures.kernel_ms_median,
            request.chip,
            ceilings_of(request.device),
        )
        if found is None:
            return evaluation
        empty = empty_dispatch_ms(request.device)
        floor = None if empty is None else empty * found["dispatches"]
        return with_facts(evaluation, {"science": {**found, "launch_floor_ms": floor}})


def mlx_alone(request: Request) -> Evaluation:
    """Time MLX and nothing else; the Evaluation has samples and baselines but no figures."""
    from harness.timing.mlx_side import MlxSide, time_forms

    spec = request.kernel.spec
    bank = Bank(spec, request.point, request.secret, "timing")
    evaluation = blank(request)
    with locks.device(
        request.device.name,
        f"timing {request.kernel.name}",
        exclusive=True,
        on_wait=request.on_wait,
    ):
        mlx = MlxSide(spec, bank, request.secret, gpu=request.device.name == "metal")
        wrong = mlx.probe()
        if wrong:
            return refused(evaluation, Wrong(wrong))
        baselines = {**mlx.baselines.ms, **time_forms(spec, bank)}
        facts: dict[str, Any] = {"baseline": mlx.name}
        if mlx.baselines.absent:
            facts["baselines_absent"] = dict(mlx.baselines.absent)
        found = measure.single(
            mlx,
            Mode(request.mode if request.mode != "check" else "screen"),
            seed=request.secret & 0x7FFFFFFF,
            role=BASELINE,
            budget=request.budget,
            observer=request.observer,
        )
    if isinstance(found, Refusal):
        return refused(evaluation, Wrong(found))
    return replace(
        with_facts(evaluation, facts),
        status=Status.PASSED,
        baselines=baselines,
        samples=found.samples,
    )


def pair(candidate: Request, incumbent: Request) -> Samples | Refusal:
    """Judge two sources of one kernel, then time them against each other."""
    with ExitStack() as stack:
        trials = []
        with locks.device(
            candidate.device.name,
            f"judging {candidate.kernel.name}",
            exclusive=False,
            on_wait=candidate.on_wait,
        ):
            for request in (candidate, incumbent):
                trial = judged(request)
                stack.callback(trial.close)
                if trial.wrong is not None:
                    return trial.wrong
                trials.append(trial)
        challenger = stack.enter_context(timing(candidate, trials[0]))
        holder = side_of(incumbent, trials[1])
        found = measure.compare(
            challenger.side,
            holder,
            Mode(candidate.mode),
            seed=candidate.secret & 0x7FFFFFFF,
            budget=candidate.budget,
            observer=candidate.observer,
        )
        if isinstance(found, Refusal):
            return found
        return challenger.side.finish() or holder.finish() or found.samples
