"""Opens the proposer of a seat by its name: `offline`, or `<provider>/<model>`."""

from __future__ import annotations

from pathlib import Path

from agent_steel.asking import Wrap
from agent_steel.offline import OfflineProposer
from agent_steel.plan import Seat
from agent_steel.proposing import Proposer
from agent_steel.providers import opening
from agent_steel.providers.base import Provider
from agent_steel.roles.optimizer import Optimizer
from agent_steel.roles.profiler import Profiler

OFFLINE = "offline"


def open_seat(seat: Seat, wrap: Wrap, *, replies: Path | None = None) -> Proposer:
    """The proposer; `wrap` puts the run's record around its provider. `replies`: of `replay`."""
    if seat.proposer == OFFLINE:
        return OfflineProposer()
    provider, _, model = seat.proposer.partition("/")
    return from_provider(wrap(opening.open_provider(provider, model, replies=replies)))


def from_provider(provider: Provider) -> Proposer:
    """The optimizer on a provider, which diagnoses too."""
    return Optimizer(provider, profiler=Profiler(provider))


def name_of(provider: str, model: str) -> str:
    """The name of a seat's proposer, its model spelled out."""
    if provider == OFFLINE:
        return OFFLINE
    chosen = model or opening.default_model(provider)
    return f"{provider}/{chosen}"
