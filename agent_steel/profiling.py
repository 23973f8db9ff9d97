"""Without `--loop`: one kernel judged, timed beside MLX and diagnosed; nothing is written."""

from __future__ import annotations

from typing import Any

from agent_steel import budget
from agent_steel.judge import Found
from agent_steel.prompts import number
from agent_steel.proposers import OFFLINE
from agent_steel.providers import opening
from agent_steel.providers.base import Ask, Completion, Failure, Provider
from agent_steel.roles import figures
from agent_steel.roles.figures import Payload
from agent_steel.roles.profiler import Diagnosis, Profiler, rule_diagnosis
from agent_steel.view import Board
from harness import atomic
from harness.board.documents import to_document
from harness.command import shown
from harness.feedback import feedback

PROFILE_VERSION = 1


def show(
    found: Found, source: str, proposer: str, budget_usd: float | None, board: Board, as_json: bool
) -> None:
    """Print the Evaluation, its figures by where they come from, and the diagnosis.

    `proposer`: who diagnoses, as a seat names it; the rules do where that is no model.
    """
    told = feedback(found.evaluation)
    payload = figures.payload(told)
    diagnosis = diagnosed(payload, source, proposer, budget_usd)
    if as_json:
        board.say(atomic.strict_json(document(found, told, payload, diagnosis), indent=None)[:-1])
        return
    shown.show(found.evaluation)
    for line in lines(payload):
        board.say(line)
    board.say(f"\ndiagnosis by {diagnosis.origin}: {diagnosis.bottleneck.replace('_', ' ')}\n")
    board.say(diagnosis.text)


def diagnosed(payload: Payload, source: str, proposer: str, budget_usd: float | None) -> Diagnosis:
    """The diagnosis, by the rules where there is no model, or no money for it."""
    if proposer == OFFLINE:
        return rule_diagnosis(payload)
    name, _, model = proposer.partition("/")
    provider: Provider = opening.open_provider(name, model)
    if budget_usd is not None:
        provider = _Capped(provider, budget_usd)
    return Profiler(provider).diagnose(payload, source, call_id="profile")


def lines(payload: Payload) -> list[str]:
    """One line a figure: what kind it is, its name, its value, where it comes from."""
    wide = max((len(one.name) for one in payload.figures), default=0)
    return [
        f"  {one.kind:9} {one.name:{wide}}  {number(one.value)} {one.unit}".rstrip()
        + (f"  ({one.note})" if one.note else "")
        for one in payload.figures
    ]


def document(
    found: Found, told: dict[str, Any], payload: Payload, diagnosis: Diagnosis
) -> dict[str, Any]:
    """What --json prints of one kernel."""
    return {
        "schema_version": PROFILE_VERSION,
        "evaluation": to_document(found.evaluation).model_dump(mode="json"),
        "feedback": told,
        "figures": [
            {"name": f.name, "value": f.value, "unit": f.unit, "kind": f.kind, "note": f.note}
            for f in payload.figures
        ],
        "diagnosis": {
            "bottleneck": diagnosis.bottleneck,
            "text": diagnosis.text,
            "origin": diagnosis.origin,
        },
    }


class _Capped:
    """A provider whose calls together cost no more than a cap."""

    def __init__(self, inner: Provider, cap_usd: float) -> None:
        self.name, self.model = inner.name, inner.model
        self._inner, self._left_usd = inner, cap_usd

    def complete(self, ask: Ask) -> Completion | Failure:
        """The inner provider's answer, or `exhausted`."""
        price = opening.price_of(self.name, self.model)
        allowed = budget.affordable(ask, self._left_usd, price, 0.0)
        if allowed is None:
            return Failure("exhausted", "the budget allows no further call")
        answer = self._inner.complete(allowed)
        self._left_usd -= answer.usage.usd or 0.0
        return answer
