"""A request to judge a kernel, and the judged trial that can then be timed."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from harness import environment, locks
from harness.checking import checked_judging, judge
from harness.checking.checked import CheckReport
from harness.checking.checked_judging import Checking
from harness.checking.judge import Candidate, Judged, Wrong
from harness.devices.base import Device, Limits, Source
from harness.devices.host_client import HostSession
from harness.errors import EnvironmentFault
from harness.evaluation import Evaluation, Flag, Refusal, Status
from harness.problem import catalog, inputs, tracks
from harness.problem.binding import SpecError, problem_slots, rounded
from harness.problem.catalog import Kernel
from harness.problem.schedule import (
    MAX_THREADS,
    NotCovered,
    Schedule,
    default_header,
    functions_of,
    resolve,
)
from harness.spec import KernelSpec, Point
from harness.timing import measure

EvaluationMode = Literal["check", "screen", "report", "record"]
Sides = Literal["both", "metal", "mlx"]


@dataclass(frozen=True)
class Request:
    """What is judged, where, at which size, and how it is timed."""

    kernel: Kernel
    source: Source
    variant: str
    device: Device
    size: str
    point: Point
    mode: EvaluationMode
    secret: int
    sides: Sides = "both"
    threads: int = 0
    checked: bool = False  # the checked build at this size too
    target: str = "speed"
    budget: measure.Budget | None = None
    observer: measure.Observer | None = None
    on_wait: locks.OnWait = locks.quiet

    @property
    def chip(self) -> str:
        """The chip that the device runs on."""
        return str(self.device.facts()["chip"])


@dataclass
class Trial:
    """A judged candidate: its Evaluation so far, and while it is right, what can be timed."""

    evaluation: Evaluation
    candidate: Candidate | None = None
    judged: Judged | None = None
    wrong: Refusal | None = None

    def close(self) -> None:
        """End the worker."""
        if self.candidate is not None:
            self.candidate.close()


def judged(request: Request) -> Trial:
    """Build and judge at all check sizes and at the requested one, in the fast build and in the
    checked one."""
    full = request.checked and request.size != catalog.CHECK
    checking = checked_judging.start(request.kernel, request.source, request.device, full=full)
    if checking is None:
        return _judged(request)
    try:
        trial = _judged(request)
        return _checked(request, trial, checking, full=full)
    finally:
        checking.close()


def _checked(request: Request, trial: Trial, checking: Checking, *, full: bool) -> Trial:
    if trial.candidate is None or (trial.wrong and trial.wrong.status is Status.TIMEOUT):
        return trial
    try:
        report = checking.report(
            _checks(request.kernel.spec),
            (request.size, request.point) if full else None,
            trial.candidate.schedule,
            request.secret,
        )
    except BaseException:
        trial.close()
        raise
    return _with_report(trial, report)


def _with_report(trial: Trial, report: CheckReport) -> Trial:
    """The trial with what the checked build showed: a refusal, warnings, counts."""
    evaluation = replace(
        trial.evaluation,
        warnings=(*trial.evaluation.warnings, *report.warnings),
        counts=report.counts,
        findings=tuple(item.as_map() for item in report.findings),
    )
    plain = trial.wrong
    wrong = report.refusal if plain is None else checked_judging.explained(plain, report)
    if wrong is None or wrong is plain:
        return replace(trial, evaluation=evaluation)
    evaluation = replace(
        evaluation, status=wrong.status, reason=wrong.reason, location=wrong.location
    )
    return replace(trial, evaluation=evaluation, wrong=wrong)


def _checks(spec: KernelSpec) -> list[tuple[str, Point]]:
    return [(f"check {i}", point) for i, point in enumerate(spec.sizes.check_points())]


def _judged(request: Request) -> Trial:
    """The fast build alone."""
    spec = request.kernel.spec
    require_memory(request)
    evaluation = blank(request)
    candidate = judge.prepare(spec, request.source, request.device, threads=request.threads)
    if isinstance(candidate, Refusal):
        return Trial(refused(evaluation, Wrong(candidate)), wrong=candidate)
    evaluation = replace(evaluation, engine=candidate.program.engine)
    if candidate.warnings:
        evaluation = with_facts(evaluation, {"warnings": candidate.warnings})
    points = _checks(spec)
    if request.size != catalog.CHECK:
        points.append((request.size, request.point))
    try:
        results = judge.judge(candidate, points, request.secret)
    except BaseException:
        candidate.close()
        raise
    if isinstance(candidate.session, HostSession):
        said = {"transcript_sha256": candidate.session.transcript_sha256}
        evaluation = with_facts(evaluation, said)
    labels = [label for label, _ in points]
    last = _with_published(request, candidate, results[-1])
    skipped = [
        label for label, r in zip(labels, results, strict=False) if isinstance(r, NotCovered)
    ]
    if skipped:
        evaluation = with_facts(evaluation, {"not_covered": skipped})
    if isinstance(last, Wrong):
        where = _where(points[len(results) - 1])
        located = replace(last.refusal, reason=f"{where}: {last.refusal.reason}")
        evaluation = replace(evaluation, geometry=candidate.geometry(last.schedule))
        return Trial(refused(evaluation, replace(last, refusal=located)), candidate, wrong=located)
    if request.size == catalog.CHECK:
        last = next((result for result in reversed(results) if isinstance(result, Judged)), last)
    if isinstance(last, NotCovered):
        reason = f"not covered: this file requires {last.requirement}"
        outside = Refusal(Status.UNSUPPORTED, reason)
        return Trial(refused(evaluation, Wrong(outside)), candidate, wrong=outside)
    evaluation = replace(
        evaluation,
        status=Status.PASSED,
        flags=(Flag.VIRTUAL,) if request.device.facts().get("virtual") else (),
        published_status=last.published_status,
        max_abs_err=last.max_abs_err,
        geometry=candidate.geometry(last.schedule),
    )
    own = _own_schedule(candidate, last.schedule, request.point)
    evaluation = with_facts(evaluation, {"schedule": own}) if own else evaluation
    return Trial(evaluation, candidate, last)


def _own_schedule(candidate: Candidate, schedule: Schedule, point: Point) -> dict[str, int]:
    """How a file's own schedule differs from the public board's, where that fixes one; else {}."""
    header, spec = candidate.header, candidate.spec
    if spec.work is None or not (header.dispatches or header.grid or header.threadgroup):
        return {}
    limits = dict.fromkeys(functions_of(default_header(spec), spec), Limits(MAX_THREADS, 0))
    board = resolve(default_header(spec), spec, point, limits)
    if not isinstance(board, Schedule):
        raise SpecError(f"the SPEC's own schedule: {board}")
    return {
        "threads": sum(math.prod(d.grid) for d in schedule.dispatches),
        "dispatches": len(schedule.dispatches),
        "published_threads": sum(math.prod(d.grid) for d in board.dispatches),
        "published_dispatches": len(board.dispatches),
    }


#: What leaves a worker fit to be asked once more.
_VALUES = (Status.WRONG_VALUES, Status.NONFINITE, Status.NOT_WRITTEN)


def _with_published(
    request: Request, candidate: Candidate, last: Judged | NotCovered | Wrong
) -> Judged | NotCovered | Wrong:
    """The result with what the public board would say of a size of its own, on its own values."""
    if isinstance(last, NotCovered) or (
        isinstance(last, Wrong) and last.refusal.status not in _VALUES
    ):
        return last
    found = judge.as_published(candidate, request.size, request.point, request.secret)
    if found is None:
        return last
    if isinstance(found, Refusal):
        return last if isinstance(last, Wrong) else Wrong(found)
    if isinstance(last, Judged) and found.refusal:
        reason = f"on the published values: {found.refusal.reason}"
        return Wrong(replace(found.refusal, reason=reason), found.status, found.max_abs_err)
    return replace(last, published_status=found.status)


#: Judging holds two instances, inputs of its own, and MLX's arrays.
_COPIES = 5


def require_memory(request: Request) -> None:
    """Refuse a size that this machine cannot hold, before anything is allocated."""
    slots = problem_slots(request.kernel.spec, rounded(request.point)).values()
    needed = _COPIES * sum(slot.bytes for slot in slots)
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        raise EnvironmentFault(
            f"size {request.size} takes {needed >> 20} MiB to judge; there are {there >> 20}",
            "choose a smaller --size",
        )


def _where(labelled: tuple[str, Point]) -> str:
    label, point = labelled
    dims = ", ".join(f"{name}={value:g}" for name, value in point.items())
    name = "check size" if label.startswith("check") else label
    return f"{name} ({dims})" if "=" not in label else dims


def blank(request: Request) -> Evaluation:
    """An Evaluation of which only the question is known."""
    facts = environment.with_device(request.device.facts())
    secret = {
        "seed": f"{request.secret:032x}",
        "seed_sha256": inputs.secret_hash(request.secret),
        "threads": request.threads,
    }
    return Evaluation(
        kernel=request.kernel.name,
        set=request.kernel.set,
        chip=request.chip,
        device=request.device.name,
        variant=request.variant,
        size=request.size,
        dims=dict(request.point),
        track=tracks.track_of(request.source.text),
        status=Status.UNSUPPORTED,
        source_sha256=request.source.sha256,
        source=request.source.recorded,
        target=request.target,
        mode=request.mode,
        environment={**facts, **secret},
    )


def with_facts(evaluation: Evaluation, facts: Mapping[str, Any]) -> Evaluation:
    """The Evaluation with more said about how it came about."""
    return replace(evaluation, environment={**evaluation.environment, **facts})


def refused(evaluation: Evaluation, wrong: Wrong) -> Evaluation:
    """The Evaluation of a kernel that is wrong."""
    return replace(
        evaluation,
        status=wrong.refusal.status,
        reason=wrong.refusal.reason,
        location=wrong.refusal.location,
        diagnostics=wrong.refusal.diagnostics,
        first_bad=wrong.refusal.first_bad,
        published_status=wrong.published_status,
        max_abs_err=wrong.max_abs_err,
        damage=wrong.damage,
    )
