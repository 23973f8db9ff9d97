"""What a run may spend: the caps, what a run will cost about, and when there is no more. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent_steel.plan import Plan
from agent_steel.providers import pricing
from agent_steel.providers.base import Ask
from agent_steel.providers.pricing import Price
from agent_steel.strategies import STRATEGIES

#: Shares of a cap at which a person is told, once each.
WARNINGS = (0.5, 0.8)
#: A reply that may be no longer than this is not worth asking for.
LEAST_TOKENS = 4_000


@dataclass(frozen=True)
class Spent:
    """What a run has used so far. `usd_known` is False once a billed call had no price."""

    usd: float = 0.0
    usd_known: bool = True
    largest_call_usd: float = 0.0
    calls: int = 0
    attempts: int = 0  # without the start
    input_tokens: int = 0
    output_tokens: int = 0
    elapsed_s: float = 0.0


def out_of_time(plan: Plan, spent: Spent) -> bool:
    """Whether the cap in minutes is reached."""
    return plan.budget_minutes is not None and spent.elapsed_s >= 60 * plan.budget_minutes


def exhausted(plan: Plan, spent: Spent, under_way: int = 0) -> bool:
    """Whether one more question is likely to exceed a cap, beside those that are under way.

    In dollars a question is taken to cost what is expected of it, or what the dearest call did.
    What a call may cost at most is `affordable`'s part, just before it is made.
    """
    if plan.max_attempts is not None and spent.attempts + under_way >= plan.max_attempts:
        return True
    if out_of_time(plan, spent):
        return True
    if plan.budget_usd is None:
        return False
    following = max(plan.call_usd, spent.largest_call_usd)
    # An unpriced call under a cap in dollars: nothing can be promised any more.
    if not spent.usd_known:
        return True
    return following > 0 and spent.usd + (under_way + 1) * following > plan.budget_usd


def affordable(ask: Ask, left_usd: float, price: Price | None, dearest_usd: float) -> Ask | None:
    """The call as `left_usd` allows it: as it is, with a shorter reply, or None.

    It reserves what the call can cost at most, its prompt counted generously and its reply as long
    as it may get. Without a price the dearest call so far stands for that.
    """
    if price is None:
        return ask if left_usd > 0 and dearest_usd <= left_usd else None
    tokens = pricing.affordable_output(price, pricing.most_input_tokens(ask), left_usd)
    if tokens < min(LEAST_TOKENS, ask.max_tokens):
        return None
    return replace(ask, max_tokens=min(ask.max_tokens, tokens))


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
