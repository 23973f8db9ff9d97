"""The loop as a pure function: (state, event) -> (state, action). No clock, no file, no device."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from agent_steel import budget
from agent_steel.attempt import Attempt
from agent_steel.budget import Spent
from agent_steel.events import (
    Asked,
    Attempted,
    Event,
    Proposed,
    Replied,
    Resumed,
    Signalled,
    Started,
    Stopped,
)
from agent_steel.plan import Plan
from agent_steel.strategies import STRATEGIES, Strategy

Phase = Literal["baseline", "searching", "refused"]
Reason = Literal[
    "rounds", "no_improvement", "roofline", "budget", "signal", "exhausted", "baseline_refused"
]
#: What leaves a seat's turn over: it gave a source that is right.
_RIGHT = ("kept", "slower", "unclear")


@dataclass(frozen=True)
class MeasureBaseline:
    """Judge and time the source to begin with."""


@dataclass(frozen=True)
class Ask:
    """Announce, then ask a seat for a source."""

    ordinal: int
    round: int
    seat: int
    parent: str


@dataclass(frozen=True)
class Propose:
    """Ask the seats whose questions were announced, all at once."""

    ordinals: tuple[int, ...]


@dataclass(frozen=True)
class Measure:
    """Judge the source of this ordinal beside the incumbent."""

    ordinal: int


@dataclass(frozen=True)
class Dismiss:
    """Record that no source came of this ordinal."""

    ordinal: int


@dataclass(frozen=True)
class Stop:
    """End the search."""

    reason: Reason


@dataclass(frozen=True)
class Done:
    """Nothing is left to do."""


Action = MeasureBaseline | Ask | Propose | Measure | Dismiss | Stop | Done


@dataclass(frozen=True)
class State:
    """Where a run stands: the fold of its log.

    The seats of a round are asked together, answered together and judged one by one; those whose
    source was not right make up the next try of the same round.
    """

    plan: Plan
    phase: Phase = "baseline"
    round: int = 1
    tries: int = 0  # tries of this round that are over
    seats: tuple[int, ...] = ()  # of this try, not yet asked
    asked: tuple[Asked, ...] = ()  # questions without an answer
    answered: tuple[tuple[Asked, Proposed], ...] = ()  # answers that are not judged
    again: tuple[int, ...] = ()  # seats of the next try
    failed: tuple[tuple[int, str], ...] = ()  # seat and Attempt of this round's failed tries
    begun: bool = False  # whether anybody was asked in this round
    base: str = ""  # what the sources of this round are made from
    incumbent: str = ""
    improved: bool = False  # in this round
    barren: int = 0  # rounds of this run since the last that improved anything
    rounds_done: int = 0
    following: int = 1  # the next ordinal
    spent_seats: frozenset[int] = frozenset()  # those with nothing left to try
    roofline: float | None = None  # of the incumbent
    gain: float = 1.0  # product of the paired speedups of what was kept
    spent: Spent = field(default_factory=Spent)
    signalled: bool = False
    stopped: str = ""

    @property
    def strategy(self) -> Strategy:
        """How this run's rounds are made."""
        return STRATEGIES[self.plan.strategy]

    def question(self, ordinal: int) -> Asked:
        """What was asked under this ordinal, and is not yet judged."""
        known = (*self.asked, *(asked for asked, _ in self.answered))
        return next(asked for asked in known if asked.ordinal == ordinal)

    def answer(self, ordinal: int) -> Proposed:
        """What came of it."""
        return next(answer for _, answer in self.answered if answer.ordinal == ordinal)

    def failed_of(self, seat: int) -> tuple[str, ...]:
        """Ids of a seat's failed tries in this round."""
        return tuple(name for known, name in self.failed if known == seat)


def fold(events: Iterable[Event]) -> State:
    """The state that a log leads to. The first event is Started."""
    following = iter(events)
    first = next(following)
    if not isinstance(first, Started):
        raise ValueError(f"a log begins with `started`, not {first.kind}")
    state = State(first.plan)
    for event in following:
        state, _ = step(state, event)
    return state


def step(state: State, event: Event) -> tuple[State, Action]:
    """What an event makes of a state, and what is to be done then."""
    spent = replace(state.spent, elapsed_s=max(state.spent.elapsed_s, event.elapsed_s))
    state = replace(state, spent=spent)
    if isinstance(event, Asked):
        state = _after_question(state, event)
    elif isinstance(event, Replied):
        state = replace(state, spent=_billed(spent, event))
    elif isinstance(event, Proposed):
        state = _after_proposal(state, event)
    elif isinstance(event, Attempted):
        state = _after_attempt(state, event.attempt)
    elif isinstance(event, Signalled):
        state = replace(state, signalled=True)
    elif isinstance(event, Resumed):
        state = _resumed(state)
    elif isinstance(event, Stopped):
        state = replace(state, stopped=event.reason)
    return state, decide(state)


def decide(state: State) -> Action:
    """The one action that a state asks for; every stop rule is here."""
    if state.stopped:
        return Done()
    reason = _reason_to_stop(state)
    if reason:
        return Stop(reason)
    if state.phase == "baseline":
        return MeasureBaseline()
    if state.seats and not (state.asked and _out_of_money(state)):
        return Ask(state.following, state.round, state.seats[0], state.base)
    if state.asked:
        return Propose(tuple(asked.ordinal for asked in state.asked))
    asked, proposed = state.answered[0]
    return Dismiss(asked.ordinal) if proposed.unusable else Measure(asked.ordinal)


def _reason_to_stop(state: State) -> Reason | None:
    """A signal counts at once; the rest where nothing is under way: caps before each try, rounds
    between them."""
    if state.signalled:
        return "signal"
    if state.phase == "refused":
        return "baseline_refused"
    if state.phase == "baseline" or state.asked or state.answered:
        return None
    plan = state.plan
    if state.roofline is not None and state.roofline >= plan.roofline_stop:
        return "roofline"
    if len(state.spent_seats) == len(plan.seats):
        return "exhausted"
    if not state.begun:
        if state.rounds_done >= plan.max_rounds:
            return "rounds"
        if state.barren >= plan.max_no_improvement:
            return "no_improvement"
    return "budget" if _out_of_money(state) else None


def _out_of_money(state: State) -> bool:
    """Whether one more question could exceed a cap, beside those that have no answer yet."""
    return budget.exhausted(state.plan, state.spent, under_way=len(state.asked))


def _billed(spent: Spent, event: Replied) -> Spent:
    usd = event.usd or 0.0
    return replace(
        spent,
        usd=spent.usd + usd,
        usd_known=spent.usd_known and event.usd is not None,
        largest_call_usd=max(spent.largest_call_usd, usd),
        calls=spent.calls + 1,
        input_tokens=spent.input_tokens + event.input_tokens,
        output_tokens=spent.output_tokens + event.output_tokens,
    )


def _seats(state: State) -> tuple[int, ...]:
    """The seats of this round that have something left; another if it is nobody's round else."""
    seats = state.strategy.seats(state.plan, state.round)
    left = tuple(seat for seat in seats if seat not in state.spent_seats)
    others = [n for n in range(len(state.plan.seats)) if n not in state.spent_seats]
    return left or tuple(others[:1])


def _after_question(state: State, event: Asked) -> State:
    seats = tuple(seat for seat in state.seats if seat != event.seat)
    asked = (*state.asked, event)
    return replace(state, seats=seats, asked=asked, begun=True, following=event.ordinal + 1)


def _after_proposal(state: State, event: Proposed) -> State:
    """A seat that is exhausted leaves the game, without an Attempt."""
    question = state.question(event.ordinal)
    state = replace(state, asked=tuple(one for one in state.asked if one is not question))
    if event.unusable == "exhausted":
        return _onward(replace(state, spent_seats=state.spent_seats | {question.seat}))
    return replace(state, answered=(*state.answered, (question, event)))


def _after_attempt(state: State, attempt: Attempt) -> State:
    if attempt.ordinal == 0:
        if attempt.outcome != "baseline":
            return replace(state, phase="refused")
        known = replace(state, incumbent=attempt.id, base=attempt.id, phase="searching")
        return replace(known, roofline=roofline_of(attempt), seats=_seats(known))
    seat = state.question(attempt.ordinal).seat
    left = tuple(one for one in state.answered if one[0].ordinal != attempt.ordinal)
    spent = replace(state.spent, attempts=state.spent.attempts + 1)
    state = replace(state, answered=left, spent=spent)
    if attempt.outcome == "kept":
        state = replace(
            state,
            incumbent=attempt.id,
            improved=True,
            roofline=roofline_of(attempt),
            gain=state.gain * (attempt.speedup or 1.0),
        )
    if attempt.outcome not in _RIGHT and state.tries + 1 < state.strategy.tries(state.plan):
        failed = (*state.failed, (seat, attempt.id))
        state = replace(state, again=(*state.again, seat), failed=failed)
    return _onward(state)


def _onward(state: State) -> State:
    """The next try or the next round, once every seat of this try is through."""
    if state.seats or state.asked or state.answered:
        return state
    again = tuple(seat for seat in state.again if seat not in state.spent_seats)
    if again:
        return replace(state, seats=again, again=(), tries=state.tries + 1)
    following = replace(
        state,
        round=state.round + 1,
        rounds_done=state.rounds_done + 1,
        barren=0 if state.improved else state.barren + 1,
        improved=False,
        begun=False,
        tries=0,
        again=(),
        failed=(),
        base=state.incumbent,
    )
    return replace(following, seats=_seats(following))


def _resumed(state: State) -> State:
    """What a person stopped goes on where it was; what stopped by itself stays stopped."""
    stopped = "" if state.stopped == "signal" else state.stopped
    return replace(state, signalled=False, stopped=stopped)


def roofline_of(attempt: Attempt) -> float | None:
    """The share of the binding roof that an Attempt's feedback tells; None: not known."""
    for size in attempt.feedback.get("sizes", ()):
        fraction = ((size.get("times") or {}).get("work") or {}).get("roofline_fraction")
        if isinstance(fraction, (int, float)):
            return float(fraction)
    return None
