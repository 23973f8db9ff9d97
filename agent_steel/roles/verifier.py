"""Verifier: what a measurement makes of a candidate. No model is asked; the harness decides."""

from __future__ import annotations

from dataclasses import dataclass

from agent_steel.attempt import Outcome
from agent_steel.judge import Found
from harness.evaluation import Flag, Verdict
from harness.timing.verdict import DELTA

#: Flags that no incumbent may carry.
BARRING = (Flag.IMPLAUSIBLE,)


@dataclass(frozen=True)
class Decision:
    """The outcome, and one line on why."""

    outcome: Outcome
    reason: str


def baseline(found: Found) -> Decision:
    """Whether a search can begin with this source."""
    evaluation = found.evaluation
    if not evaluation.passed:
        return Decision("refused", evaluation.reason)
    return Decision("baseline", "")


def decide(found: Found) -> Decision:
    """Only a proved gain over the re-measured incumbent is kept.

    In order: wrong, above the physics, FASTER, SLOWER, and everything else is unclear: a neutral
    change is no gain.
    """
    evaluation, shown = found.evaluation, found.judgement
    if not evaluation.passed:
        return Decision("refused", evaluation.reason)
    if found.predicted_ms is not None:
        return _predicted(*found.predicted_ms)
    barring = [flag.value for flag in evaluation.flags if flag in BARRING]
    if barring:
        return Decision("refused", f"{barring[0]}: above what this chip can do")
    if shown is None or shown.verdict is None:
        return Decision("unclear", "not timed" if shown is None else shown.reason)
    by = "" if shown.speedup is None else f"{shown.speedup:.3f}x the incumbent's speed"
    if shown.verdict is Verdict.FASTER:
        return Decision("kept", by)
    outcome: Outcome = "slower" if shown.verdict is Verdict.SLOWER else "unclear"
    return Decision(outcome, f"{shown.verdict.value}, {by}" if by else shown.verdict.value)


def _predicted(candidate_ms: float, incumbent_ms: float) -> Decision:
    """A model has no noise, and a difference that a measurement could not show is none."""
    ratio = incumbent_ms / candidate_ms
    by = f"{ratio:.3f}x the incumbent's speed by the model"
    if ratio > 1 + DELTA:
        return Decision("kept", by)
    return Decision("slower" if ratio < 1 - DELTA else "unclear", by)
