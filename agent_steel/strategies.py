"""Strategies: what a round consists of, and what a source is made from. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from agent_steel.plan import Plan, StrategyName


@dataclass(frozen=True)
class Strategy:
    """How often a seat may try in a round, and what a proposer is shown of the others.

    Every strategy keeps its incumbent unless a candidate is proved faster: a search never ends
    below 1.0x. `isolated`: a seat sees the round's base and its own attempts alone, so that the
    answers of a swarm are independent.
    """

    retries: bool
    isolated: bool
    every_seat: bool  # each seat in each round, or one seat a round, in turn

    def tries(self, plan: Plan) -> int:
        """Sources that a seat may offer in a round."""
        return plan.tries if self.retries else 1

    def seats(self, plan: Plan, round_number: int) -> tuple[int, ...]:
        """Indices of the seats that are asked in a round, in order; rounds count from 1."""
        if self.every_seat:
            return tuple(range(len(plan.seats)))
        return ((round_number - 1) % len(plan.seats),)


STRATEGIES: dict[StrategyName, Strategy] = {
    # Improve the incumbent; structured feedback until a source is right.
    "greedy": Strategy(retries=True, isolated=False, every_seat=False),
    # Metal-Sci's (1+1): one reply an iteration, and a bad one spends it.
    "one-plus-one": Strategy(retries=False, isolated=False, every_seat=False),
    # Best of N over proposers and contexts, without exchange within a round.
    "swarm": Strategy(retries=True, isolated=True, every_seat=True),
}

#: Metal-Sci's notice: so many right candidates in a row that did not win, all this near the best.
STAGNANT_TRIES = 3
STAGNANT_BAND = 0.85


def is_stagnant(speedups: list[float | None]) -> bool:
    """Whether the latest right candidates of a run circle below its best.

    `speedups`: of each right candidate over the incumbent it met, in order; None for one that was
    kept or has no estimate.
    """
    latest = speedups[-STAGNANT_TRIES:]
    if len(latest) < STAGNANT_TRIES:
        return False
    return all(one is not None and one >= STAGNANT_BAND for one in latest)
