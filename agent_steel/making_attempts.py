"""Makes Attempts: a plan, what was proposed and what was measured, joined into one row. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent_steel.attempt import Attempt
from agent_steel.events import Proposed
from agent_steel.judge import Found
from agent_steel.plan import Plan
from agent_steel.proposing import Candidate
from agent_steel.roles.verifier import Decision
from harness.feedback import feedback
from harness.problem import catalog
from harness.timing.blocks import CANDIDATE
from harness.timing.figures import side_figures
from harness.timing.verdict import split_blocks

#: Facts of an Evaluation that could be fitted to, or that change from one process to the next.
_UNTOLD = ("seed", "seed_sha256")


@dataclass(frozen=True)
class Origin:
    """Where a source came from."""

    ordinal: int
    timestamp: str
    proposer: str
    contexts: tuple[str, ...] = ()
    parent: Attempt | None = None
    technique: str = ""
    prompt_sha256: str = ""
    diagnosis: str = ""
    seed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = 0.0


def attempt_id(plan: Plan, ordinal: int) -> str:
    """The id of an Attempt: unique in its history file, sortable within its run."""
    return f"{plan.run}-{ordinal:04d}"


def of_measurement(
    plan: Plan, origin: Origin, source: str, found: Found, decision: Decision
) -> Attempt:
    """The Attempt of a source that was judged."""
    evaluation, shown = found.evaluation, found.judgement
    times = _times(found)
    figures, modelled = evaluation.figures, found.predicted_ms
    measured: dict[str, Any] = {
        "clock": figures.clock if figures else None,
        "kernel_ms": figures.kernel_ms_median if figures else None,
        "incumbent_ms": _incumbent_ms(found),
        "speedup": shown.speedup if shown else None,
        "speedup_ci": shown.interval if shown else None,
    }
    if modelled is not None:
        compared = bool(found.incumbent_sha256)
        measured = {
            "clock": "modelled",
            "kernel_ms": modelled[0],
            "incumbent_ms": modelled[1] if compared else None,
            "speedup": modelled[1] / modelled[0] if compared else None,
        }
    return Attempt(
        **_common(plan, origin, source),
        **measured,
        outcome=decision.outcome,
        status=evaluation.status.value,
        reason=decision.reason,
        max_abs_err=evaluation.max_abs_err,
        samples_ms=times.pop(CANDIDATE, ()),
        verdict=shown.verdict.value if shown and shown.verdict else None,
        feedback=feedback(evaluation),
        counts=dict(evaluation.counts or {}),
        seconds=found.seconds,
        environment=_told(evaluation.environment),
    )


def of_nothing(plan: Plan, origin: Origin, proposed: Proposed) -> Attempt:
    """The Attempt of a proposal without a source."""
    return Attempt(
        **_common(plan, origin, ""),
        outcome="unusable",
        status="unusable",
        reason=f"{proposed.unusable}: {proposed.detail}".removesuffix(": "),
    )


def candidate_of(attempt: Attempt) -> Candidate:
    """What a proposer is shown of an Attempt."""
    return Candidate(attempt.id, attempt.source, attempt.feedback)


def failed_try(attempt: Attempt) -> dict[str, Any]:
    """What the next try of the same turn is told of this one."""
    return {
        "technique": attempt.technique,
        "outcome": attempt.outcome,
        "status": attempt.status,
        "reason": attempt.reason,
        "source": attempt.source,
        "feedback": attempt.feedback,
    }


def _common(plan: Plan, origin: Origin, source: str) -> dict[str, Any]:
    parent = origin.parent
    return {
        "id": attempt_id(plan, origin.ordinal),
        "run": plan.run,
        "ordinal": origin.ordinal,
        "timestamp": origin.timestamp,
        "kernel": plan.kernel,
        "chip": plan.chip,
        "device": plan.device,
        "objective": plan.objective,
        "size": plan.size,
        "strategy": plan.strategy,
        "proposer": origin.proposer,
        "context": origin.contexts,
        "parent": parent.id if parent else None,
        "generation": parent.generation + 1 if parent else 0,
        "technique": origin.technique,
        "source": source,
        "source_sha256": catalog.source_of(source).sha256 if source else "",
        "diff": unified_diff(parent.source, source) if parent and source else "",
        "diagnosis": origin.diagnosis,
        "prompt_sha256": origin.prompt_sha256,
        "seed": origin.seed,
        "input_tokens": origin.input_tokens,
        "output_tokens": origin.output_tokens,
        "usd": origin.usd,
    }


def unified_diff(before: str, after: str) -> str:
    """What changed, as `diff -u` shows it."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), "parent", "candidate"
    )
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def _times(found: Found) -> dict[str, tuple[float, ...]]:
    """Milliseconds of every run, by side."""
    samples = found.evaluation.samples
    if samples is None:
        return {}
    kept, _ = split_blocks(samples)
    names = {visit.side for block in kept for visit in block.visits}
    return {name: tuple(ns / 1e6 for block in kept for ns in block.runs_ns(name)) for name in names}


def _incumbent_ms(found: Found) -> float | None:
    samples = found.evaluation.samples
    if samples is None or not found.incumbent_sha256:
        return None
    kept, _ = split_blocks(samples)
    return side_figures("baseline", kept, samples).ms_median if kept else None


def _told(environment: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fact for name, fact in environment.items() if name not in _UNTOLD}
