"""What commands ask of `evaluator`: one Evaluation, or two sources beside each other."""

from __future__ import annotations

from dataclasses import replace

from harness import console, devices
from harness.board import documents
from harness.board.promotion import Confirmation, Request
from harness.board.records import ComparisonDocument
from harness.checking import trial
from harness.devices.base import Source
from harness.devices.replay import ReplayDevice
from harness.errors import UserError
from harness.evaluation import Evaluation, Refusal, Samples
from harness.evaluator import evaluate
from harness.gate import held_out
from harness.gate import store as gate_store
from harness.problem import catalog, inputs
from harness.problem.catalog import Kernel
from harness.settings import Settings
from harness.timing import measure, timed, verdict
from harness.timing.verdict import Judgement

#: Samples of a side in one block: two visits of at most five.
_SAMPLES_A_BLOCK = 10


def judged(kernel: Kernel, source: Source | None, settings: Settings, size: str) -> Evaluation:
    """One Evaluation of a kernel at one size."""
    with console.working(f"{kernel.name} {size}: judging"):
        return evaluate(
            kernel,
            source,
            device=settings.device,
            sizes=(size,),
            mode="check" if settings.check_only else settings.mode,
            sides=settings.sides,
            threads=settings.threads,
            checked=settings.checked,
            seed=settings.seed,
            target=settings.target,
            budget=budget(settings),
            observer=observer(f"{kernel.name} {size}"),
            on_wait=console.waiting,
        )


def budget(settings: Settings) -> measure.Budget | None:
    """`--iters` and `--warmup` in place of what the mode would choose."""
    if settings.iters is None and settings.warmup is None:
        return None
    blocks = None if settings.iters is None else max(2, -(-settings.iters // _SAMPLES_A_BLOCK))
    return measure.Budget(blocks=blocks, warm_up_visits=settings.warmup)


def observer(label: str) -> measure.Observer:
    """Shows on a terminal where a measurement stands."""

    def show(progress: measure.Progress) -> None:
        part = f" {progress.done}/{progress.most} blocks" if progress.most else ""
        times = ", ".join(f"{name} {ms:.4g} ms" for name, ms in progress.run_ms.items())
        console.update(f"{label}: {progress.phase}{part}{', ' + times if times else ''}")

    return show


def pair(request: Request) -> Samples | Refusal:
    """Time a candidate against the incumbent, both judged right first, on the same values."""
    if request.incumbent is None:
        raise ValueError("there is nothing to compare with")
    kernel = catalog.default().find(request.kernel)
    candidate = trial.Request(
        kernel=kernel,
        source=catalog.source_of(request.source),
        variant=request.variant,
        device=devices.open_device(request.device),
        size=request.size,
        point=catalog.point_of(kernel.spec, request.size),
        mode=request.mode,
        secret=inputs.new_secret(),
        threads=request.threads,
        observer=observer(f"{kernel.name} against the Record"),
        on_wait=console.waiting,
    )
    incumbent = replace(candidate, source=catalog.source_of(request.incumbent), variant="incumbent")
    return timed.pair(candidate, incumbent)


def against(kernel: Kernel, found: Evaluation, other: Source, settings: Settings) -> Judgement:
    """What pairing a source that is right with another one, on the same values, shows."""
    request = trial.Request(
        kernel=kernel,
        source=catalog.source_of(found.source),
        variant=found.variant,
        device=devices.open_device(settings.device),
        size=found.size,
        point=found.dims,
        mode=settings.mode,
        secret=inputs.new_secret(),
        threads=settings.threads,
        observer=observer(f"{kernel.name} {found.size} against {other.path}"),
        on_wait=console.waiting,
    )
    samples = timed.pair(request, replace(request, source=other, variant="file"))
    if isinstance(samples, Refusal):
        raise UserError(f"{other.path}: {samples.reason}")
    return verdict.judge(samples)


def confirmation(request: Request) -> Confirmation:
    """Judge and time the candidate again in mode record, and again beside the incumbent."""
    settings = Settings(device=request.device, mode="record", threads=request.threads)
    kernel = catalog.default().find(request.kernel)
    committed = gate_store.commit(kernel.name, request.source)
    found = judged(kernel, catalog.source_of(request.source), settings, request.size)
    found = replace(found, variant=request.variant)
    if not found.passed:
        return Confirmation(run=documents.to_run(found), comparison=None)
    comparison = None if request.incumbent is None else _comparison(request, request.incumbent)
    if request.incumbent is None or comparison is not None:
        found = gated(kernel, found, settings, committed)
    return Confirmation(run=documents.to_run(found), comparison=comparison)


def held_out_too(
    kernel: Kernel, source: Source | None, settings: Settings, size: str
) -> Evaluation:
    """One Evaluation and, if the kernel is right there, what the held-out gate makes of it."""
    device = devices.open_device(settings.device)
    if source is None:
        chosen = catalog.default().variant(kernel, str(device.facts()["chip"]))
        source, stem = chosen.source, chosen.stem
    else:
        stem = "file"
    secret = None if settings.seed is None else inputs.secret_of(settings.seed)
    committed = gate_store.commit(kernel.name, source.recorded, secret)
    found = replace(judged(kernel, source, settings, size), variant=stem)
    return gated(kernel, found, settings, committed) if found.passed else found


def gated(
    kernel: Kernel, found: Evaluation, settings: Settings, committed: gate_store.Commitment
) -> Evaluation:
    """The Evaluation with what the held-out gate makes of its source."""
    device = devices.open_device(settings.device)
    if isinstance(device, ReplayDevice):
        raise UserError("the replay device cannot run the held-out gate", "it runs nothing")
    request = trial.Request(
        kernel=kernel,
        source=catalog.source_of(found.source),
        variant=found.variant,
        device=device,
        size=found.size,
        point=found.dims,
        mode="check",
        secret=committed.secret,
        threads=settings.threads,
        on_wait=console.waiting,
    )
    with console.working(f"{kernel.name}: held-out gate"):
        outcome = held_out.run(
            request, committed, found, say=lambda text: console.update(f"held out: {text}")
        )
    return replace(found, held_out=outcome)


def _comparison(request: Request, incumbent: str) -> ComparisonDocument | None:
    """Candidate beside incumbent once more; None where nothing can be said."""
    samples = pair(request)
    if isinstance(samples, Refusal):
        return None
    shown = verdict.judge(samples)
    if shown.speedup is None or shown.interval is None:
        return None
    return ComparisonDocument(
        incumbent_sha256=catalog.sha256_of(incumbent),
        speedup=shown.speedup,
        speedup_ci=shown.interval,
        samples=documents.SamplesDocument.of(samples),
    )
