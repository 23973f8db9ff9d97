"""Attempt: one candidate of a search with its lineage, as the AttemptDB keeps it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1

#: kept: the new incumbent. slower/unclear: right, but not proved faster. refused: not `passed`.
#: unusable: the proposer gave no source. gate_refused never stands here: see finals.py.
Outcome = Literal["baseline", "kept", "slower", "unclear", "refused", "unusable"]


class Attempt(BaseModel):
    """One evaluated (or unusable) candidate. Times are in milliseconds, on `clock`, at `size`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA_VERSION
    id: str  # unique in the file: "<run>-<ordinal>"
    run: str
    ordinal: int = Field(ge=0)  # position in its run; the baseline is 0
    timestamp: str  # ISO 8601, UTC
    kernel: str
    chip: str
    device: str
    objective: str  # what was minimised: cpu | cuda | metal | predicted:CHIP
    size: str
    strategy: str
    proposer: str  # "offline", or "<provider>/<model>"
    context: tuple[str, ...] = ()  # names of the extra contexts the proposer was given
    parent: str | None  # id of the Attempt whose source it was made from; None for the baseline
    generation: int = Field(ge=0)  # edges to the baseline
    technique: str  # one line: the idea
    source: str
    source_sha256: str
    diff: str  # unified, against the parent's source; empty for the baseline
    outcome: Outcome
    status: str  # of the Evaluation; "unusable" where there was none
    reason: str = ""
    max_abs_err: float | None = None
    clock: str | None = None
    kernel_ms: float | None = None  # median
    samples_ms: tuple[float, ...] = ()
    incumbent_ms: float | None = None  # re-measured in the same paired run
    speedup: float | None = None  # incumbent over candidate, paired
    speedup_ci: tuple[float, float] | None = None
    verdict: str | None = None
    feedback: dict[str, Any] = Field(default_factory=dict)  # what the next prompt may show
    counts: dict[str, Any] = Field(default_factory=dict)  # of the checked build
    diagnosis: str = ""
    prompt_sha256: str = ""
    seed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = 0.0
    seconds: float = 0.0  # of evaluating
    environment: dict[str, Any] = Field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Whether it became the incumbent of its run."""
        return self.outcome in ("baseline", "kept")
