"""Plan: everything that was decided before a run began, as plan.json keeps it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

PLAN_VERSION = 1

StrategyName = Literal["greedy", "one-plus-one", "swarm"]
StartOrigin = Literal["catalog", "history", "file"]


class Strict(BaseModel):
    """No unknown field, and neither NaN nor Infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Seat(Strict):
    """One proposer with the contexts it is given; a swarm has several."""

    proposer: str  # a name that `proposers` knows: "offline", or "<provider>/<model>"
    contexts: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What a person reads."""
        return "+".join((self.proposer, *self.contexts))


class Plan(Strict):
    """One run on one kernel. Caps are hard; None is no cap."""

    schema_version: int = PLAN_VERSION
    run: str
    kernel: str
    chip: str
    device: str
    objective: str  # what is minimised: cpu | cuda | metal
    size: str = "published"
    strategy: StrategyName = "greedy"
    seats: tuple[Seat, ...] = Field(min_length=1)
    max_rounds: int = Field(default=5, ge=1)
    max_no_improvement: int = Field(default=3, ge=1)  # rounds of this run
    tries: int = Field(default=5, ge=1)  # sources a seat may offer in a round: one and its retries
    roofline_stop: float = Field(default=0.85, gt=0)
    max_attempts: int | None = Field(default=None, ge=1)  # sources and unusable replies
    budget_usd: float | None = Field(default=None, ge=0)
    budget_minutes: float | None = Field(default=None, ge=0)
    call_usd: float = Field(default=0.0, ge=0)  # expected price of one round's calls of one seat
    threads: int = 0
    seed: int = 0
    start: str = Field(repr=False)  # the source to begin with
    start_origin: StartOrigin = "catalog"
