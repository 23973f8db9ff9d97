"""What a proposer of sources is told, and what it answers; LLM roles and `offline` both are one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from agent_steel.attempt import Attempt
from agent_steel.providers.base import Usage


@dataclass(frozen=True)
class Problem:
    """The disclosed side of a KernelSpec: never its domain's draws, seeds, gate or file path."""

    kernel: str
    function: str
    summary: str
    reference_source: str  # the MLX reference *function*, not the definition's file
    buffers: tuple[Mapping[str, Any], ...]  # index, name, kind (input|output|scalar), dtype, shape
    schedule: str  # the default header lines
    sizes: Mapping[str, Mapping[str, float]]  # the named sizes that are shown
    tolerance: str  # in words, with its figures
    domain: str  # ranges in words: other sizes and scalar values will be tried


@dataclass(frozen=True)
class Candidate:
    """A right source and what is known of it."""

    attempt_id: str
    source: str
    feedback: Mapping[str, Any]  # the structured feedback of its Evaluation (harness/feedback.py)


@dataclass(frozen=True)
class Context:
    """All that a proposer may know. Nothing in it may come from the held-out gate."""

    problem: Problem
    chip: str
    limits: Mapping[str, Any]  # of the device and of the incumbent's pipelines
    parent: Candidate  # what to improve
    incumbent: Candidate  # the fastest so far; may be the parent
    failed: Sequence[Mapping[str, Any]] = ()  # this round's failed tries with their feedback
    history: Sequence[Attempt] = ()
    diagnosis: str = ""
    extras: Mapping[str, str] = field(default_factory=dict)  # "cuda" -> text, "profile" -> text
    images: Sequence[bytes] = ()
    stagnant: bool = False


@dataclass(frozen=True)
class Proposal:
    """A source to evaluate, header lines included, and the idea in one line."""

    source: str
    technique: str
    usage: Usage = field(default_factory=Usage)
    prompt_sha256: str = ""
    diagnosis: str = ""  # of the parent, where the proposer was given or made one


UnusableKind = Literal["malformed", "truncated", "no_code", "refused", "failure", "exhausted"]


@dataclass(frozen=True)
class Unusable:
    """No source came of it, and why; `exhausted`: the proposer has nothing left to try."""

    kind: UnusableKind
    detail: str
    usage: Usage = field(default_factory=Usage)
    prompt_sha256: str = ""


class Proposer(Protocol):
    """Makes the next source from a Context. Deterministic in (context, seed) where it can be."""

    name: str  # "offline", or "<provider>/<model>"

    def propose(self, context: Context, *, call_id: str, seed: int) -> Proposal | Unusable:
        """One new source for `context.problem`, different from every source in its history."""
        ...
