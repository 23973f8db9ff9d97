"""The commands of `./bench` that judge kernels, by name or all of them; and the list."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from harness import atomic, console, feedback, judging
from harness.board import promotion, records, runs
from harness.command import json_report, progress, report, science_table, shown
from harness.devices.base import Source
from harness.errors import ExitCode, UserError
from harness.evaluation import Evaluation, Flag, Status
from harness.problem import catalog
from harness.problem.catalog import Kernel
from harness.settings import Settings
from harness.timing.blocks import Block

#: How what was found is printed.
Form = Literal["text", "json", "feedback"]
#: Blocks of a Record on a noisy machine; what the announced cost is reckoned with.
_RECORD_BLOCKS = 48
#: A fresh process, its imports, and judging before timing.
_START_UP_S = 2.0
#: The held-out gate of a light kernel: four points judged, three timed.
_GATE_S = 5.0
_GATE_CODES = {
    "passed": ExitCode.PASSED,
    "failed": ExitCode.REFUSED,
    "regression": ExitCode.REFUSED,
    "not_covered": ExitCode.ENVIRONMENT,
}


@dataclass(frozen=True)
class Job:
    """One kernel to judge and what the user asked for."""

    kernel: Kernel
    source: Source | None
    settings: Settings
    named: bool
    form: Form
    widen: bool


def judge(
    names: Sequence[str], file: str | None, command_line: Mapping[str, Any], *, form: Form
) -> int:
    """Judge kernels by name, or one source against one of them."""
    known = catalog.default()
    kernels = [known.find(name) for name in names]
    source = catalog.read_source(Path(file)) if file else None
    settings = Settings.resolve({}, command_line)
    widen = command_line.get("sizes") is None
    jobs = [Job(kernel, source, settings, True, form, widen) for kernel in kernels]
    if len(jobs) == 1:
        return _judge_one(jobs[0], _show)[1]
    return _judge_many(jobs, _show)


def judge_all(in_set: str | None, command_line: Mapping[str, Any], *, form: Form) -> int:
    """Judge every kernel; a Record only if mode record was asked for."""
    settings = Settings.resolve({}, command_line)
    kernels = catalog.default().kernels(in_set)
    if not kernels:
        raise UserError(f"set {in_set} has no kernels", "./bench --list shows them all")
    widen = command_line.get("sizes") is None
    jobs = [Job(kernel, None, settings, False, form, widen) for kernel in kernels]
    return _judge_many(jobs, _show_briefly)


def list_kernels(in_set: str | None, *, as_json: bool) -> int:
    """The kernels there are."""
    kernels = catalog.default().kernels(in_set)
    if as_json:
        for kernel in kernels:
            about = {"kernel": kernel.name, "set": kernel.set, "summary": kernel.spec.summary}
            sys.stdout.write(atomic.strict_json(about, indent=None))
        return ExitCode.PASSED
    rows = [(kernel.name, kernel.set, kernel.spec.summary) for kernel in kernels]
    console.show_table([("kernel", "set", "computes"), *rows])
    ranked = sum(kernel.spec.ranked for kernel in kernels)
    of_set = f"{len(kernels)} in set {in_set} ({ranked} ranked)"
    console.out.print(of_set if in_set else catalog.summary(kernels), style="bold")
    return ExitCode.PASSED


Show = Callable[[Job, Evaluation], None]


def _judge_many(jobs: Sequence[Job], show: Show) -> int:
    """Judge one after the other; a fault of one does not keep the others from their turn."""
    worst = int(ExitCode.PASSED)
    found: list[Evaluation] = []
    run = progress.Progress([job.kernel for job in jobs])
    for number, job in enumerate(jobs):
        with console.within(run.text(number)), console.working(job.kernel.name):
            try:
                evaluations, code = _judge_one(job, show)
            except UserError as error:
                console.error(f"{job.kernel.name}: {error.message}", error.hint)
                evaluations, code = [], error.exit_code
        found += evaluations
        worst = max(worst, code)
    if jobs[0].form == "text":
        _conclude(found, [job.kernel for job in jobs], run.elapsed_s)
    return worst


def _conclude(found: Sequence[Evaluation], kernels: Sequence[Kernel], elapsed_s: float) -> None:
    console.out.print()
    console.show_table(report.table(found))
    scored = [kernel for kernel in kernels if kernel.spec.work is not None]
    if scored:
        for rows in (science_table.sizes(scored, found), science_table.scores(scored, found)):
            console.out.print()
            console.show_table(rows)
        console.out.print()
    names = [kernel.name for kernel in kernels]
    for line in report.conclusion(found, names, progress.duration(elapsed_s)):
        console.out.print(line, style="bold", markup=False)


def _judge_one(job: Job, show: Show) -> tuple[list[Evaluation], int]:
    """Judge one kernel at every size asked for; what came out and the exit code."""
    found: list[Evaluation] = []
    worst = int(ExitCode.PASSED)
    sizes = _sizes(job)
    while sizes:
        size = sizes.pop(0)
        evaluation = _judged(job, size)
        found.append(evaluation)
        if job.form != "feedback":
            show(job, evaluation)
        worst = max(worst, exit_code(evaluation), _keep(found), _save(job, found))
        if job.widen and size == "published" and Flag.OVERHEAD_BOUND in evaluation.flags:
            sizes += _ranked_size(job, evaluation)
    if job.form == "feedback":
        sys.stdout.write(atomic.strict_json(feedback.feedback(found), indent=None))
        sys.stdout.flush()
    return found, worst


def _sizes(job: Job) -> list[str]:
    """The sizes to judge: where the public board has a series, `published` is all of it, and a run
    over a set includes what the board holds out."""
    series, held_out = job.kernel.spec.sizes.series, job.kernel.spec.sizes.held_out
    if not series or job.settings.held_out:
        return list(job.settings.sizes)
    public = [*series, *(() if job.named else held_out)]
    return [
        label
        for size in job.settings.sizes
        for label in (public if size == "published" else [size])
    ]


def _judged(job: Job, size: str) -> Evaluation:
    """The Evaluation; with the latency of a first launch among its facts if that was asked for."""
    settings = job.settings
    if settings.held_out:
        return judging.held_out_too(job.kernel, job.source, settings, size)
    if settings.against:
        return _beside(
            job, judging.judged(job.kernel, job.source, settings, size), settings.against
        )
    if not settings.cold_start:
        return judging.judged(job.kernel, job.source, settings, size)
    found = judging.judged(job.kernel, job.source, replace(settings, check_only=True), size)
    if not found.passed:
        return found
    from harness.command import cold_start

    with console.working(f"{found.kernel}: launching in {cold_start.PROCESSES} fresh processes"):
        latency = cold_start.measured(found, settings.threads)
    return replace(found, environment={**found.environment, "cold_start": latency})


def _beside(job: Job, found: Evaluation, name: str) -> Evaluation:
    """The Evaluation with its speed beside another source among its facts, if it is right."""
    if not found.passed:
        return found
    seed = name == catalog.SEED
    other = catalog.default().seed(job.kernel) if seed else catalog.read_source(Path(name))
    shown = judging.against(job.kernel, found, other, job.settings)
    beside = {
        "source": name,
        "source_sha256": other.sha256,
        "speedup": shown.speedup,
        "speedup_ci": None if shown.interval is None else list(shown.interval),
        "verdict": shown.verdict.value if shown.verdict else None,
    }
    return replace(found, environment={**found.environment, "against": beside})


def _ranked_size(job: Job, evaluation: Evaluation) -> list[str]:
    """The size that ranks a kernel that is too short here, unless its Record still tells."""
    held = records.find(evaluation.chip, evaluation.kernel, evaluation.track, "large")
    current = held is not None and promotion.still_tells(held, evaluation)
    if held is None or not current or job.settings.mode == "record":
        return ["large"]
    console.say(f"ranked at large, as overhead-bound here; {promotion.recalled(held)}")
    return []


def exit_code(evaluation: Evaluation) -> int:
    """The exit code that an Evaluation asks for."""
    if evaluation.passed:
        return _GATE_CODES[(evaluation.held_out or {}).get("status", "passed")]
    if evaluation.status is Status.UNSUPPORTED:
        return ExitCode.ENVIRONMENT
    return ExitCode.REFUSED


def _keep(found: list[Evaluation]) -> int:
    """Keep the last run; the exit code."""
    try:
        runs.keep(found)
    except UserError as error:
        console.error(error.message, error.hint)
        return error.exit_code
    return ExitCode.PASSED


def _save(job: Job, found: list[Evaluation]) -> int:
    """Make a Record of the last Evaluation if it is one, say what became of it, and keep what the
    held-out gate found with the run; the exit code."""
    evaluation, settings, spec = found[-1], job.settings, job.kernel.spec
    asked = job.named or settings.mode == "record"
    if not settings.save or settings.mode == "screen" or not asked:
        return ExitCode.PASSED
    try:
        held = promotion.incumbent(evaluation)
        reason = promotion.barred(
            evaluation,
            ranked=spec.ranked,
            unranked_reason=spec.unranked_reason,
            sizes=spec.sizes.ranked,
        ) or promotion.worth_confirming(evaluation, held)
        if reason:
            _say_outcome(job, reason)
            return ExitCode.PASSED
        why = _why_confirm(evaluation, held)
        seconds = record_seconds(evaluation)
        console.say(f"{why}: confirming it in mode record, about {seconds:.0f} s")
        with console.working(f"{evaluation.kernel}: confirming in a fresh process"):
            outcome = promotion.promote(
                evaluation,
                threads=settings.threads,
                pair=judging.pair,
                confirm=promotion.confirm_in_fresh_process,
            )
    except UserError as error:
        console.error(f"not saved: {error.message}", error.hint)
        return error.exit_code
    for note in outcome.notes:
        console.say(note, style="yellow")
    _say_outcome(job, outcome.message)
    if outcome.held_out is None:
        return ExitCode.PASSED
    found[-1] = replace(evaluation, held_out=outcome.held_out)
    return _keep(found)


def _why_confirm(evaluation: Evaluation, held: records.Record | None) -> str:
    if held is None:
        return "no Record yet"
    changed = held.stale_because(evaluation.environment)
    return f"the Record is stale ({'; '.join(changed)})" if changed else "this may beat the Record"


def record_seconds(evaluation: Evaluation) -> float:
    """What a confirmation will cost: a Record's blocks, each with as much again to prepare it."""
    if evaluation.samples is None or not evaluation.samples.blocks:
        return _START_UP_S
    blocks = [Block.from_json(block) for block in evaluation.samples.blocks]
    measured_ns = sum(
        sum(times) for block in blocks for visit in block.visits for times in visit.times_ns
    )
    return _START_UP_S + _GATE_S + 2 * _RECORD_BLOCKS * measured_ns / len(blocks) / 1e9


def _say_outcome(job: Job, outcome: str) -> None:
    if job.form != "text":
        console.say(outcome)
    else:
        console.out.print(report.plain(report.Line("saved", outcome)), markup=False)


def _show(job: Job, evaluation: Evaluation) -> None:
    if job.form == "json":
        sys.stdout.write(json_report.line(evaluation))
        sys.stdout.flush()
    else:
        shown.show(evaluation)


def _show_briefly(job: Job, evaluation: Evaluation) -> None:
    """One line for a kernel that passed, the whole report for one that did not."""
    if job.form == "json" or not evaluation.passed:
        _show(job, evaluation)
    else:
        console.out.print("  ".join(report.summary(evaluation)), markup=False)
