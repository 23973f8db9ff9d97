"""The loop as a table: events in, one action out, without any I/O."""

from __future__ import annotations

from typing import Any

import pytest
from core_fakes import plan

from agent_steel import machine
from agent_steel.attempt import Attempt
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
from agent_steel.machine import State, decide, fold
from agent_steel.plan import Seat


def attempt(ordinal: int, outcome: str, **more: Any) -> Attempted:
    row = Attempt(
        id=f"run1-{ordinal:04d}", run="run1", ordinal=ordinal, timestamp="t", kernel="relu",
        chip="cpu-test-none-2", device="cpu", objective="cpu", size="published",
        strategy="greedy", proposer="p", parent=None if ordinal == 0 else "run1-0000",
        generation=0, technique="t", source="s", source_sha256="x", diff="",
        outcome=outcome, status="passed", **more,
    )  # fmt: skip
    return Attempted(attempt=row)


def tried(ordinal: int, outcome: str, **more: Any) -> list[Event]:
    """One ordinal from the question to the Attempt."""
    asked = Asked(ordinal=ordinal, round=1, seat=more.pop("seat", 0), parent="run1-0000")
    unusable = "malformed" if outcome == "unusable" else ""
    proposed = Proposed(ordinal=ordinal, technique="t", unusable=unusable)
    measured = [] if unusable else [Measuring(ordinal=ordinal)]
    return [asked, proposed, *measured, attempt(ordinal, outcome, **more)]


def after(outcomes: list[str], **more: Any) -> State:
    """The state after a baseline and these outcomes."""
    events: list[Event] = [Started(plan=plan(**more)), Measuring(ordinal=0)]
    events.append(attempt(0, "baseline"))
    for ordinal, outcome in enumerate(outcomes, 1):
        events += tried(ordinal, outcome)
    return fold(events)


STOPS: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("rounds", ["kept"] * 3, {"max_rounds": 3}, "rounds"),
    ("no gain in this run", ["slower", "unclear"], {"max_no_improvement": 2}, "no_improvement"),
    ("a gain starts counting anew", ["slower", "kept", "slower"], {"max_no_improvement": 2}, ""),
    ("tries of one round are one round", ["refused"] * 4, {"max_no_improvement": 1}, ""),
    ("all tries used are a round", ["refused"] * 5, {"max_no_improvement": 1}, "no_improvement"),
    ("(1+1) has no retries", ["refused"], {"strategy": "one-plus-one", "max_rounds": 1}, "rounds"),
    ("under way", ["slower"], {}, ""),
]


@pytest.mark.parametrize(("name", "outcomes", "more", "reason"), STOPS, ids=[s[0] for s in STOPS])
def test_stop_rules(name: str, outcomes: list[str], more: dict[str, Any], reason: str) -> None:
    action = decide(after(outcomes, **more))
    if reason:
        assert action == machine.Stop(reason)
    else:
        assert isinstance(action, machine.Ask)


def test_the_roofline_stops_only_when_the_incumbent_reaches_it() -> None:
    times = {"sizes": [{"times": {"work": {"roofline_fraction": 0.9}}}]}
    begun = [Started(plan=plan()), Measuring(ordinal=0), attempt(0, "baseline")]
    assert decide(fold([*begun, *tried(1, "kept", feedback=times)])) == machine.Stop("roofline")
    assert isinstance(decide(fold([*begun, *tried(1, "slower", feedback=times)])), machine.Ask)


@pytest.mark.parametrize(
    ("bills", "stopped"), [([0.4], False), ([0.4, 0.3], True), ([0.3, 0.3], False), ([None], True)]
)
def test_a_cap_in_dollars_holds_before_each_call(bills: list[float | None], stopped: bool) -> None:
    begun = [Started(plan=plan(budget_usd=1.0)), Measuring(ordinal=0), attempt(0, "baseline")]
    replies = [
        Replied(call_id=f"{n}", model="m", input_tokens=1, output_tokens=1, usd=usd)
        for n, usd in enumerate(bills)
    ]
    assert (decide(fold([*begun, *replies])) == machine.Stop("budget")) == stopped


def test_minutes_are_counted_over_the_run() -> None:
    late = attempt(0, "baseline").model_copy(update={"elapsed_s": 61.0})
    state = fold([Started(plan=plan(budget_minutes=1.0)), Measuring(ordinal=0), late])
    assert decide(state) == machine.Stop("budget")


def test_a_signal_counts_at_once_and_a_resumed_run_goes_on_where_it_was() -> None:
    begun = [
        Started(plan=plan()),
        Measuring(ordinal=0),
        attempt(0, "baseline"),
        tried(1, "kept")[0],
    ]
    state = fold([*begun, Signalled()])
    assert decide(state) == machine.Stop("signal")
    ended = fold([*begun, Signalled(), Stopped(reason="signal")])
    assert decide(ended) == machine.Done()
    assert decide(fold([*begun, Signalled(), Stopped(reason="signal"), Resumed()])) == (
        machine.Propose((1,))
    )
    over = fold([*begun, Stopped(reason="rounds"), Resumed()])
    assert decide(over) == machine.Done()


def test_a_refused_start_ends_the_search() -> None:
    state = fold([Started(plan=plan()), Measuring(ordinal=0), attempt(0, "refused")])
    assert decide(state) == machine.Stop("baseline_refused")


def swarm(count: int = 3, **more: Any) -> list[Event]:
    seats = tuple(Seat(proposer=name) for name in "abcd"[:count])
    started = Started(plan=plan(seats=seats, strategy="swarm", **more))
    return [started, Measuring(ordinal=0), attempt(0, "baseline")]


def asked(ordinal: int, seat: int, round_number: int = 1) -> Asked:
    return Asked(ordinal=ordinal, round=round_number, seat=seat, parent="run1-0000")


def test_a_swarm_asks_all_its_seats_before_anybody_answers_and_judges_them_in_order() -> None:
    events = swarm()
    for ordinal in (1, 2, 3):
        assert decide(fold(events)) == machine.Ask(ordinal, 1, ordinal - 1, "run1-0000")
        events.append(asked(ordinal, ordinal - 1))
    assert decide(fold(events)) == machine.Propose((1, 2, 3))
    events += [Proposed(ordinal=n, technique="t") for n in (1, 2, 3)]
    assert decide(fold(events)) == machine.Measure(1)
    events += [Measuring(ordinal=1), attempt(1, "kept")]
    assert decide(fold(events)) == machine.Measure(2)
    events += [attempt(2, "slower"), attempt(3, "unclear")]
    # The next round is made from what this one kept.
    assert decide(fold(events)) == machine.Ask(4, 2, 0, "run1-0001")


def test_the_seats_whose_source_was_not_right_try_again_together() -> None:
    events = [*swarm(), *(asked(n + 1, n) for n in range(3))]
    events += [Proposed(ordinal=n, technique="t") for n in (1, 2, 3)]
    events += [attempt(1, "refused"), attempt(2, "slower"), attempt(3, "refused")]
    state = fold(events)
    assert (state.round, state.tries, state.seats) == (1, 1, (0, 2))
    assert state.failed_of(2) == ("run1-0003",) and state.failed_of(1) == ()
    events += [asked(4, 0), asked(5, 2)]
    assert decide(fold(events)) == machine.Propose((4, 5))


def test_a_seat_that_is_exhausted_is_asked_no_more() -> None:
    events = [*swarm(2), asked(1, 0), asked(2, 1)]
    events += [Proposed(ordinal=1, unusable="exhausted"), Proposed(ordinal=2, technique="t")]
    assert decide(fold(events)) == machine.Measure(2)
    events.append(attempt(2, "slower"))
    assert decide(fold(events)) == machine.Ask(3, 2, 1, "run1-0000")


def test_a_swarm_asks_as_many_at_once_as_its_cap_has_room_for() -> None:
    events = swarm(budget_usd=1.0, call_usd=0.4)
    events += [asked(1, 0), asked(2, 1)]
    assert decide(fold(events)) == machine.Propose((1, 2)), "a third could cost 0.2 too much"
    events += [Replied(call_id="1", ordinal=1, model="m", input_tokens=1, output_tokens=1, usd=0.1)]
    events += [Proposed(ordinal=1, technique="t"), attempt(1, "slower")]
    events += [Proposed(ordinal=2, technique="t"), attempt(2, "slower")]
    assert decide(fold(events)) == machine.Ask(3, 1, 2, "run1-0000"), "there is room now"


def test_a_log_of_a_run_that_asked_one_seat_after_the_other_is_still_a_state() -> None:
    events = swarm(2)
    for ordinal, outcome in ((1, "kept"), (2, "slower")):
        events += tried(ordinal, outcome, seat=ordinal - 1)
    assert decide(fold(events)) == machine.Ask(3, 2, 0, "run1-0001")


def test_all_seats_exhausted_is_a_reason_of_its_own() -> None:
    events: list[Event] = [Started(plan=plan()), Measuring(ordinal=0), attempt(0, "baseline")]
    events += [tried(1, "kept")[0], Proposed(ordinal=1, unusable="exhausted")]
    assert decide(fold(events)) == machine.Stop("exhausted")


def test_greedy_tries_again_from_the_same_parent_and_tells_what_failed() -> None:
    state = after(["refused", "unusable"])
    assert state.failed_of(0) == ("run1-0001", "run1-0002")
    assert decide(state) == machine.Ask(3, 1, 0, "run1-0000")
