"""Asks the seats of a try for their sources, side by side, so that nothing depends on who is first.

Each seat's calls are on disk when they return; their events enter the log in the order of the
questions. A seat's share of what the caps leave is fixed before anybody is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from agent_steel import budget
from agent_steel.budget import Spent
from agent_steel.calls import CallLocks, RecordedCalls
from agent_steel.events import Asked, Replied
from agent_steel.plan import Plan, Seat
from agent_steel.proposing import Context, Proposal, Proposer, Unusable
from agent_steel.providers import opening
from agent_steel.providers.base import Ask, Completion, Failure, Provider

#: Puts the run's record around a provider.
Wrap = Callable[[Provider], Provider]
#: Makes the proposer of a seat.
OpenSeat = Callable[[Seat, Wrap], Proposer]


def seed_of(plan: Plan, ordinal: int) -> int:
    """The seed of one question."""
    return plan.seed * 1_000_003 + ordinal


@dataclass
class Seats:
    """The proposers of a run. `record` enters an event into the log; `logged`: the calls there."""

    plan: Plan
    folder: Path
    open_seat: OpenSeat
    spent: Callable[[], Spent]
    record: Callable[[Replied], object]
    logged: set[str]
    _proposers: dict[int, Proposer] = field(default_factory=dict)
    _asking: dict[int, int] = field(default_factory=dict)  # seat to ordinal
    _arrived: dict[int, list[Replied]] = field(default_factory=dict)  # by seat
    _locks: CallLocks = field(default_factory=CallLocks)

    def ask(self, questions: Sequence[tuple[Asked, Context]]) -> Iterator[Proposal | Unusable]:
        """The answers in the order of the questions; before each its replies are in the log."""
        self._asking = {asked.seat: asked.ordinal for asked, _ in questions}
        work = [partial(self._answer, asked, context) for asked, context in questions]
        if len(work) == 1:
            answers = [work[0]()]
        else:
            with ThreadPoolExecutor(len(work)) as side_by_side:
                answers = [each.result() for each in [side_by_side.submit(one) for one in work]]
        for (asked, _), answer in zip(questions, answers, strict=True):
            self._log_replies(asked.seat)
            yield answer

    def _answer(self, asked: Asked, context: Context) -> Proposal | Unusable:
        return self._proposer(asked.seat).propose(
            context, call_id=f"{asked.ordinal:04d}", seed=seed_of(self.plan, asked.ordinal)
        )

    def _proposer(self, seat: int) -> Proposer:
        if seat not in self._proposers:
            wrap = partial(self._recorded, seat)
            self._proposers[seat] = self.open_seat(self.plan.seats[seat], wrap)
        return self._proposers[seat]

    def _recorded(self, seat: int, provider: Provider) -> Provider:
        return RecordedCalls(
            provider,
            self.folder,
            admit=partial(self._admitted, seat),
            on_reply=partial(self._on_reply, seat),
            locks=self._locks,
        )

    def _admitted(self, seat: int, ask: Ask) -> Ask | None:
        """The call as the caps allow it, or None."""
        spent, cap = self.spent(), self.plan.budget_usd
        if budget.out_of_time(self.plan, spent):
            return None
        if cap is None:
            return ask
        mine = [event.usd for event in self._arrived.get(seat, ())]
        if not spent.usd_known or None in mine:
            return None
        left_usd = (cap - spent.usd) / len(self._asking) - sum(usd or 0.0 for usd in mine)
        name, _, model = self.plan.seats[seat].proposer.partition("/")
        dearest_usd = max(self.plan.call_usd, spent.largest_call_usd)
        return budget.affordable(ask, left_usd, opening.price_of(name, model), dearest_usd)

    def _on_reply(self, seat: int, call_id: str, reply: Completion | Failure) -> None:
        event = Replied(
            call_id=call_id,
            ordinal=self._asking[seat],
            model=reply.model if isinstance(reply, Completion) else "",
            input_tokens=reply.usage.input_tokens,
            output_tokens=reply.usage.output_tokens,
            usd=reply.usage.usd,
        )
        self._arrived.setdefault(seat, []).append(event)
        if len(self._asking) == 1:
            self._log_replies(seat)

    def _log_replies(self, seat: int) -> None:
        """Enter a seat's replies, but for those that are in the log already."""
        for event in self._arrived.pop(seat, ()):
            if event.call_id not in self.logged:
                self.logged.add(event.call_id)
                self.record(event)
