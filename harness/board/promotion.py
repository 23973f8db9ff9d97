"""How a finding becomes a Record: eligibility, confirmation in a fresh process, the gate."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import chip_metrics
from harness import atomic, settings
from harness.board import documents, leaderboard, records
from harness.board.documents import RunDocument, Strict
from harness.board.records import ComparisonDocument, Record
from harness.errors import EnvironmentFault, ExitCode, HostFailure, UserError
from harness.evaluation import Evaluation, Flag, Refusal, Samples, Verdict
from harness.gate import held_out
from harness.settings import Mode
from harness.spec import RANKED_SIZES
from harness.timing import verdict

#: Flags that no Record may carry.
BARRING = (Flag.IMPLAUSIBLE, Flag.VIRTUAL)
#: How often a Record may change under us, by another process, before we give up.
_ATTEMPTS = 3
#: A report run worth confirming beats the Record's speedup by this much.
_WORTH_CONFIRMING = 1.01
_CONFIRMATION_TIMEOUT_S = 600
#: A Record measured with others of these does not stand for today's figures.
_TOOLS = ("mlx", "numpy", "ziglang", "os_release", "host_sha256", "harness")


class Request(Strict):
    """What the confirming process is asked."""

    kernel: str
    size: str
    device: str
    threads: int
    source: str
    variant: str
    incumbent: str | None
    mode: Mode = "record"


class Confirmation(Strict):
    """What the confirming process found, on new seeds."""

    run: RunDocument
    comparison: ComparisonDocument | None


@dataclass(frozen=True)
class Outcome:
    """What became of a finding, in words; `saved` says whether the board changed."""

    saved: bool
    message: str
    notes: tuple[str, ...] = ()
    held_out: Mapping[str, Any] | None = None  # what the gate found, if it came to that


#: Times candidate against incumbent in this process, in mode record: samples, or why not.
Pair = Callable[[Request], "Samples | Refusal"]
#: Judges the candidate and times both again, in a process that shares nothing with this one.
Confirm = Callable[[Request], Confirmation]


def incumbent(evaluation: Evaluation) -> Record | None:
    """The Record that this Evaluation would have to beat."""
    return records.find(evaluation.chip, evaluation.kernel, evaluation.track, evaluation.size)


def barred(
    evaluation: Evaluation,
    *,
    ranked: bool = True,
    unranked_reason: str = "",
    sizes: Sequence[str] = RANKED_SIZES,
) -> str:
    """Why this Evaluation cannot become a Record, whatever its time; empty if it can. `sizes` are
    those that the SPEC ranks."""
    if not evaluation.passed:
        return f"not saved: {evaluation.status.value}"
    if evaluation.figures is None or evaluation.figures.speedup is None:
        return "not saved: both sides have to be timed"
    if not ranked:
        return f"not saved: unranked ({unranked_reason})" if unranked_reason else "unranked"
    if evaluation.size not in sizes:
        return f"not saved: only sizes {' and '.join(sizes)} are ranked"
    if Flag.VIRTUAL in evaluation.flags:
        return "not saved: a virtual device, whose times are no chip's"
    if evaluation.chip == chip_metrics.UNKNOWN_APPLE:
        return "not saved: the chip is not known; ./bench --first-light says why"
    option = evaluation.environment.get("device", {}).get("option")
    if option:
        return f"not saved: on a device that was started to {option}, which takes time of its own"
    if any(flag in BARRING for flag in evaluation.flags):
        return "not saved: implausible, above what this chip can do"
    return ""


def worth_confirming(evaluation: Evaluation, held: Record | None) -> str:
    """Why a first, possibly biased look does not justify a confirmation; empty if it does.

    A stale Record has to be measured again in any case.
    """
    if held is None:
        return ""
    if held.stale_because(evaluation.environment):
        return ""
    if verdict.same_source(evaluation.source, held.run.source):
        return f"session.json unchanged: this source holds the Record {_name(evaluation)}"
    figures, best = evaluation.figures, held.run.evaluation.figures
    if figures is None or figures.speedup is None or best is None or best.speedup is None:
        return ""
    if figures.speedup < best.speedup * _WORTH_CONFIRMING:
        return (
            f"session.json unchanged: {figures.speedup:.2f}x does not beat the Record"
            f" {_name(evaluation)}, {best.speedup:.2f}x"
        )
    return ""


def still_tells(held: Record, evaluation: Evaluation) -> bool:
    """Whether a Record is of the same source and was measured with what is installed now."""
    before, now = held.run.evaluation.environment, evaluation.environment
    same_tools = all(before.get(name) == now.get(name) for name in _TOOLS)
    return same_tools and verdict.same_source(held.run.source, evaluation.source)


def recalled(held: Record) -> str:
    """A Record's headline, with the command that measures it again."""
    about, when = held.run.evaluation, held.provenance.recorded_at
    if about.figures is None or about.figures.speedup is None:
        raise ValueError("a Record has figures")
    speedup, ms = about.figures.speedup, about.figures.kernel_ms_median
    return (
        f"Record of {when}: {speedup:.2f}x ({ms:.4g} ms);"
        f" ./bench {about.kernel} --size {about.size} measures it again"
    )


def promote(evaluation: Evaluation, *, threads: int, pair: Pair, confirm: Confirm) -> Outcome:
    """Confirm a finding and store it if it holds. Another process may win meanwhile: then again."""
    notes: list[str] = []
    for _ in range(_ATTEMPTS):
        held = incumbent(evaluation)
        rival = None if held is None or renews(evaluation, held) else held
        request = _request(evaluation, rival, threads)
        paired = pair(request) if rival else None
        if isinstance(paired, Refusal):
            return Outcome(False, f"not saved: beside the Record, {paired.reason}", tuple(notes))
        reason = "" if paired is None else _no_win(paired)
        gated: Mapping[str, Any] | None = None
        if not reason:
            confirmation = confirm(request)
            gated = confirmation.run.evaluation.held_out
            reason = gate(paired, confirmation, rival, evaluation.size)
        if reason:
            return Outcome(False, reason, tuple(notes), gated)
        record = _record(confirmation)
        if records.put(record, expected=held.source_sha256 if held else None, notes=notes):
            notes += leaderboard.refresh()
            best = _new_best(record, held, renewed=rival is None)
            return Outcome(True, best, tuple(notes), gated)
    return Outcome(False, "not saved: other processes keep replacing this Record", tuple(notes))


def renews(evaluation: Evaluation, held: Record) -> bool:
    """Whether this measures a stale Record's own source again, which replaces its figures."""
    stale = held.stale_because(evaluation.environment)
    return bool(stale) and verdict.same_source(evaluation.source, held.run.source)


def gate(
    paired: Samples | None,
    confirmation: Confirmation,
    held: Record | None,
    asked_for: str = RANKED_SIZES[0],
) -> str:
    """Why a confirmed run is no Record; empty if it is one. Pure: it looks at the data alone.

    `asked_for` is the size that was to be confirmed, which ranks where it was asked for."""
    confirmed = documents.from_run(confirmation.run)
    reason = barred(confirmed, sizes=(*RANKED_SIZES, asked_for))
    if reason:
        return f"{reason} when confirmed in a fresh process"
    if confirmed.mode != "record":
        return f"not saved: measured in mode {confirmed.mode}, only record saves"
    reason = held_out.bar(confirmed.held_out, confirmed.track)
    if reason:
        return f"not saved: {reason}"
    if held is None:
        return ""
    comparison = confirmation.comparison
    if paired is None or comparison is None:
        return "not saved: the Record was not measured again"
    if comparison.incumbent_sha256 != held.source_sha256:
        return "not saved: another source than the Record's was measured"
    found = verdict.promote(
        paired,
        comparison.samples.samples(),
        attempts=1,
        flags=confirmed.flags,
        sources=(confirmed.source, held.run.source),
    )
    return "" if found.accepted else f"session.json unchanged: {found.reason}"


def _no_win(paired: Samples) -> str:
    """Why the paired run ends the matter before a confirmation is paid for."""
    shown = verdict.judge(paired)
    if shown.verdict is Verdict.FASTER:
        return ""
    by = "" if shown.speedup is None else f" ({shown.speedup:.3f}x)"
    said = shown.reason if shown.verdict is None else shown.verdict.value
    return f"session.json unchanged: {said}{by} against the Record, measured again"


def _record(confirmation: Confirmation) -> Record:
    return records.claimed(confirmation.run, confirmation.comparison)


def confirm_in_fresh_process(request: Request) -> Confirmation:
    """Ask `python -m harness.board.confirm`; nothing of this process reaches it but the request."""
    done = subprocess.run(
        [sys.executable, "-m", "harness.board.confirm"],
        input=atomic.strict_json(request.model_dump(mode="json"), indent=None),
        stdout=subprocess.PIPE,
        text=True,
        cwd=settings.ROOT,
        timeout=_CONFIRMATION_TIMEOUT_S,
    )
    if done.returncode == ExitCode.ENVIRONMENT:
        raise EnvironmentFault("the confirming process cannot run here; its message is above")
    if done.returncode != 0:
        raise HostFailure(f"the confirming process ended with code {done.returncode}")
    try:
        return Confirmation.model_validate(json.loads(done.stdout))
    except ValueError as error:
        raise UserError(f"the confirming process answered nonsense: {error}") from error


def _request(evaluation: Evaluation, held: Record | None, threads: int) -> Request:
    return Request(
        kernel=evaluation.kernel,
        size=evaluation.size,
        device=evaluation.device,
        threads=threads,
        source=evaluation.source,
        variant=evaluation.variant,
        incumbent=held.run.source if held else None,
    )


def _name(evaluation: Evaluation) -> str:
    where = f"{evaluation.chip}/{evaluation.kernel}"
    return f"[{where}]" if evaluation.size == "published" else f"[{where} at {evaluation.size}]"


def _new_best(record: Record, held: Record | None, *, renewed: bool) -> str:
    confirmed = documents.from_run(record.run)
    figures = confirmed.figures
    if figures is None or figures.speedup is None:
        raise ValueError("a Record has figures")
    best = f"{figures.speedup:.2f}x ({figures.kernel_ms_median:.4g} ms)"
    before = held.run.evaluation.figures if held else None
    beaten = "" if before is None else f", before {before.kernel_ms_median:.4g} ms"
    what = "stale Record measured again" if held and renewed else "new best"
    return f"updated session.json {_name(confirmed)}: {what} {best}{beaten}"
