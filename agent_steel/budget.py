"""What a run may spend: the caps, what a run will cost about, and when there is no more. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from agent_steel.plan import Plan
from agent_steel.strategies import STRATEGIES

#: Shares of a cap at which a person is told, once each.
WARNINGS = (0.5, 0.8)


@dataclass(frozen=True)
class Spent:
    """What a run has used so far. `usd_known` is False once a billed call had no price."""

    usd: float = 0.0
    usd_known: bool = True
    largest_call_usd: float = 0.0
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    elapsed_s: float = 0.0


def exhausted(plan: Plan, spent: Spent) -> bool:
    """Whether the next step could exceed a cap.

    In dollars the next call is taken to cost what the dearest one did, so that a cap is passed only
    by a call that is dearer than every one before it, and then by that call alone.
    """
    if plan.budget_minutes is not None and spent.elapsed_s >= 60 * plan.budget_minutes:
        return True
    if plan.budget_usd is None:
        return False
    following = max(plan.call_usd, spent.largest_call_usd)
    # An unpriced call under a cap in dollars: nothing can be promised any more.
    return not spent.usd_known or (following > 0 and spent.usd + following > plan.budget_usd)


def warning(plan: Plan, before: Spent, after: Spent) -> str:
    """What to say when a share of a cap was crossed between two moments; empty: nothing."""
    for name, cap, was, now in _used(plan, before, after):
        for share in reversed(WARNINGS):
            if was < share * cap <= now:
                return f"{share:.0%} of the budget in {name} is used"
    return ""


def _used(plan: Plan, before: Spent, after: Spent) -> list[tuple[str, float, float, float]]:
    found = []
    if plan.budget_usd:
        found.append(("dollars", plan.budget_usd, before.usd, after.usd))
    if plan.budget_minutes:
        minutes = (before.elapsed_s / 60, after.elapsed_s / 60)
        found.append(("minutes", plan.budget_minutes, *minutes))
    return found


@dataclass(frozen=True)
class Estimate:
    """What a run will use: if every first try is right, and if every try is used up."""

    least_calls: int
    most_calls: int
    least_usd: float
    most_usd: float

    def text(self) -> str:
        """One line for a person."""
        calls = f"{self.least_calls} to {self.most_calls} proposals"
        if self.most_usd == 0:
            return f"{calls}, no cost"
        return f"{calls}, about ${self.least_usd:.2f} to ${self.most_usd:.2f}"


def estimate(plan: Plan) -> Estimate:
    """Before the run; capped by the budget."""
    strategy = STRATEGIES[plan.strategy]
    least = sum(len(strategy.seats(plan, n)) for n in range(1, plan.max_rounds + 1))
    most = least * strategy.tries(plan)
    cap = float("inf") if plan.budget_usd is None else plan.budget_usd
    return Estimate(least, most, min(cap, least * plan.call_usd), min(cap, most * plan.call_usd))
