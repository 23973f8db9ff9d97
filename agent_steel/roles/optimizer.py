"""Optimizer: a model as a Proposer, from a Context through one prompt to a source."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent_steel.attempt import Attempt
from agent_steel.prompts import number, render
from agent_steel.proposing import Context, Proposal, Unusable, UnusableKind
from agent_steel.providers.base import Ask, Failure, Message, Provider, Usage
from agent_steel.replies import BadReply, KernelReply, ask_for, tool_of
from agent_steel.roles.figures import payload
from agent_steel.roles.profiler import Diagnosis, Profiler, rule_diagnosis

TOOL = tool_of(KernelReply, "submit_kernel", "Submit the new version of the kernel.")
MAX_TOKENS = 32_000
#: Rows of the history that a prompt shows: the kept ones, and the latest others.
_KEPT_ROWS, _TRIED_ROWS = 6, 10
#: Retries of one turn whose sources a prompt shows; earlier ones are told in a line.
_FULL_TRIES = 2

#: What a compiler says, and what it most often means.
_HINTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("restrict",), "MSL has no `restrict`; leave it out."),
    (
        ("attribute", "cannot be applied"),
        "An attribute such as [[buffer(0)]] stands after the parameter's name.",
    ),
    (("program scope", "global variable"), "Variables at program scope have to be `constant`."),
    (("lambda",), "Replace the lambda by a function."),
    (
        ("vector", "scalar", "same number"),
        "Parameters such as thread_position_in_grid have to be all scalars or all vectors of one "
        "width.",
    ),
)
_HINT_STATUSES = ("compile_error", "pipeline_error")


class Optimizer:
    """Asks `provider` for one new source. `profiler`: who diagnoses the parent; None: the rules.

    A Proposal's usage is that of all its calls. Every call goes through `provider`, so a provider
    that keeps a log keeps them all.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        profiler: Profiler | None = None,
        max_tokens: int = MAX_TOKENS,
        temperature: float | None = None,
    ) -> None:
        self.name = f"{provider.name}/{provider.model}"
        self._provider = provider
        self._profiler = profiler
        self._max_tokens = max_tokens
        self._temperature = temperature
        self._diagnoses: dict[str, Diagnosis] = {}

    def propose(self, context: Context, *, call_id: str, seed: int) -> Proposal | Unusable:
        """One new source, or why there is none. A Failure of the provider is `failure`, and
        `exhausted` where it will answer nothing more."""
        diagnosis, spent = self._diagnosis(context)
        ask = Ask(
            call_id=call_id,
            messages=messages(context, diagnosis),
            tool=TOOL,
            max_tokens=self._max_tokens,
            temperature=self._temperature,
            seed=seed,
        )
        answer = ask_for(self._provider, ask, KernelReply, repair)
        found, digest = answer.found, answer.prompt_sha256
        usage = answer.usage + spent
        if isinstance(found, Failure):
            kind: UnusableKind = "exhausted" if found.kind == "exhausted" else "failure"
            return Unusable(kind, f"{found.kind}: {found.detail}", usage, digest)
        if isinstance(found, BadReply):
            return Unusable(found.kind, found.detail, usage, digest)
        return Proposal(found.source, one_line(found.technique), usage, digest, diagnosis)

    def _diagnosis(self, context: Context) -> tuple[str, Usage]:
        """The text, and what it cost now: a parent is diagnosed once."""
        if context.diagnosis:
            return context.diagnosis, Usage()
        parent = context.parent
        figures = payload(parent.feedback)
        if self._profiler is None:
            return rule_diagnosis(figures).text, Usage()
        known = self._diagnoses.get(parent.attempt_id)
        if known is not None:
            return known.text, Usage()
        # Named after parent and model: a run that goes on after a kill finds the reply on disk,
        # and so does another seat with the same model.
        model = re.sub(r"[^A-Za-z0-9._-]+", "-", self._provider.model)
        call_id = f"profile-{parent.attempt_id}-{model}"
        made = self._profiler.diagnose(figures, parent.source, call_id=call_id)
        self._diagnoses[parent.attempt_id] = made
        return made.text, made.usage


def messages(context: Context, diagnosis: str) -> tuple[Message, ...]:
    """The prompt. Pure: it depends on the Context alone.

    What stays the same over a search comes first, so that it can be cached.
    """
    problem = {
        "problem": context.problem,
        "chip": context.chip,
        "limits": dict(context.limits),
        "cpu": context.chip.startswith("cpu-"),
        "extras": dict(context.extras),
    }
    apart = context.incumbent.source != context.parent.source
    turn = {
        "function": context.problem.function,
        "parent": context.parent,
        "best": context.incumbent if apart else None,
        "diagnosis": diagnosis,
        "kept": [_row(one) for one in context.history if one.outcome == "kept"][-_KEPT_ROWS:],
        "tried": [_row(one) for one in context.history if not one.kept][-_TRIED_ROWS:],
        "stagnant": context.stagnant,
        "failed": _failed(context.failed),
    }
    return (
        Message("system", render("optimizer_system", {}), cache=True),
        Message("user", render("optimizer_problem", problem), tuple(context.images), cache=True),
        Message("user", render("optimizer_turn", turn)),
    )


def repair(bad: BadReply) -> str:
    """What is said to a reply that could not be used."""
    fields = list(KernelReply.model_fields)
    return render("repair", {"detail": bad.detail, "tool": TOOL.name, "fields": fields})


def hints(status: str, texts: Sequence[str]) -> list[str]:
    """What known mistakes mean, for a source that did not compile."""
    if status not in _HINT_STATUSES:
        return []
    said = " ".join(texts).lower()
    return [hint for words, hint in _HINTS if any(word in said for word in words)]


def one_line(text: str, limit: int = 160) -> str:
    """A technique as it stands in tables."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def _failed(tries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """This turn's tries, the last ones with their sources."""
    shown = []
    for index, attempt in enumerate(tries):
        full = index >= len(tries) - _FULL_TRIES
        feedback = attempt.get("feedback") or {}
        said = [str(attempt.get("reason", "")), str(feedback.get("reason", ""))]
        said += [str(item.get("text", "")) for item in feedback.get("diagnostics", [])]
        shown.append(
            {
                "technique": one_line(str(attempt.get("technique", ""))) or "no source",
                "outcome": attempt.get("outcome", ""),
                "reason": attempt.get("reason", ""),
                # The feedback of a refused source says it, with more.
                "told": not full or attempt.get("outcome") != "refused" or not feedback,
                "source": attempt.get("source", "") if full else "",
                "feedback": feedback if full else {},
                "hints": hints(str(attempt.get("status", "")), said),
            }
        )
    return shown


def _row(attempt: Attempt) -> dict[str, str]:
    """One line of the history."""
    gain = "" if attempt.speedup is None else f"{number(attempt.speedup)}x"
    if attempt.speedup is not None and attempt.speedup_ci is not None:
        low, high = attempt.speedup_ci
        gain += f" ({number(low)} to {number(high)})"
    outcome = attempt.outcome
    told = f"{outcome}: {attempt.status}" if outcome in ("refused", "unusable") else outcome
    idea = one_line(attempt.technique or attempt.reason or "no idea named").replace("|", "/")
    return {"idea": idea, "outcome": told, "gain": gain}
