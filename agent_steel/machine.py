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
    Measuring,
    Proposed,
    Replied,
    Resumed,
    Signalled,
    Started,
    Stopped,
)
from agent_steel.plan import Plan
from agent_steel.strategies import STRATEGIES, Strategy

Phase = Literal["baseline", "choosing", "asking", "proposed", "measuring", "stopped"]
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
    """Ask a seat whose question was announced."""

    ordinal: int


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
    """Where a run stands: the fold of its log."""

    plan: Plan
    phase: Phase = "baseline"
    round: int = 1
    turn: int = 0  # index into the seats of this round
    tries: int = 0  # sources that the seat of this turn has offered in this round
    base: str = ""  # what the sources of this round are made from
    incumbent: str = ""
    improved: bool = False  # in this round
    barren: int = 0  # rounds of this run since the last that improved anything
    rounds_done: int = 0
    following: int = 1  # the next ordinal
    asked: Asked | None = None
    proposed: Proposed | None = None
    failed: tuple[str, ...] = ()  # ids of this turn's tries
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
        state = replace(state, phase="asking", asked=event, following=event.ordinal + 1)
    elif isinstance(event, Replied):
        state = replace(state, spent=_billed(spent, event))
    elif isinstance(event, Proposed):
        state = _after_proposal(replace(state, phase="proposed", proposed=event), event)
    elif isinstance(event, Measuring) and event.ordinal:
        state = replace(state, phase="measuring")
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
    if state.phase == "choosing":
        seat = _turns(state)[state.turn]
        return Ask(state.following, state.round, seat, state.base)
    if state.asked is None:
        raise AssertionError("a proposal that nobody asked for")
    if state.phase == "asking":
        return Propose(state.asked.ordinal)
    if state.proposed is not None and state.proposed.unusable:
        return Dismiss(state.asked.ordinal)
    return Measure(state.asked.ordinal)


def _reason_to_stop(state: State) -> Reason | None:
    """A signal counts at once; caps do before each step that is announced; the rest between
    rounds."""
    if state.signalled:
        return "signal"
    if state.phase == "stopped":
        return "baseline_refused"
    if state.phase != "choosing":
        return None
    plan = state.plan
    if state.roofline is not None and state.roofline >= plan.roofline_stop:
        return "roofline"
    if len(state.spent_seats) == len(plan.seats):
        return "exhausted"
    if state.turn == 0 and state.tries == 0:
        if state.rounds_done >= plan.max_rounds:
            return "rounds"
        if state.barren >= plan.max_no_improvement:
            return "no_improvement"
    return "budget" if budget.exhausted(plan, state.spent) else None


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


def _turns(state: State) -> tuple[int, ...]:
    """The seats of this round that have something left; of all if it is nobody's round else."""
    seats = state.strategy.seats(state.plan, state.round)
    left = tuple(seat for seat in seats if seat not in state.spent_seats)
    others = [n for n in range(len(state.plan.seats)) if n not in state.spent_seats]
    return left or tuple(others[:1])


def _after_proposal(state: State, event: Proposed) -> State:
    """A seat that is exhausted leaves the game, without an Attempt."""
    if event.unusable != "exhausted" or state.asked is None:
        return state
    left = replace(state, phase="choosing", spent_seats=state.spent_seats | {state.asked.seat})
    left = replace(left, asked=None, proposed=None, tries=0, failed=())
    if len(left.spent_seats) == len(left.plan.seats) or left.turn < len(_turns(left)):
        return left
    return _next_round(left)


def _after_attempt(state: State, attempt: Attempt) -> State:
    if attempt.ordinal == 0:
        if attempt.outcome != "baseline":
            return replace(state, phase="stopped")
        known = replace(state, incumbent=attempt.id, base=attempt.id, phase="choosing")
        return replace(known, roofline=roofline_of(attempt))
    state = replace(state, phase="choosing", asked=None, proposed=None)
    if attempt.outcome == "kept":
        state = replace(
            state,
            incumbent=attempt.id,
            improved=True,
            roofline=roofline_of(attempt),
            gain=state.gain * (attempt.speedup or 1.0),
        )
    tries = state.tries + 1
    if attempt.outcome not in _RIGHT and tries < state.strategy.tries(state.plan):
        return replace(state, tries=tries, failed=(*state.failed, attempt.id))
    state = replace(state, tries=0, failed=(), turn=state.turn + 1)
    return state if state.turn < len(_turns(state)) else _next_round(state)


def _next_round(state: State) -> State:
    return replace(
        state,
        phase="choosing",
        round=state.round + 1,
        rounds_done=state.rounds_done + 1,
        barren=0 if state.improved else state.barren + 1,
        improved=False,
        turn=0,
        tries=0,
        failed=(),
        base=state.incumbent,
    )


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
