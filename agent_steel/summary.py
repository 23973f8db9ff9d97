"""summary.json: what a search came to, as data; of the held-out gate it says nothing."""

from __future__ import annotations

from collections.abc import Sequence

from agent_steel.attempt import Attempt
from agent_steel.events import Attempted, Event, Replied
from agent_steel.machine import fold
from agent_steel.plan import Strict

SUMMARY_VERSION = 1


class Point(Strict):
    """Best so far after an Attempt."""

    ordinal: int
    outcome: str
    gain: float
    usd: float
    elapsed_s: float


class Summary(Strict):
    """One run. `gain` is the product of the paired speedups of what was kept: at least 1."""

    schema_version: int = SUMMARY_VERSION
    run: str
    kernel: str
    chip: str
    device: str
    objective: str
    size: str
    strategy: str
    proposers: list[str]
    seed: int
    rounds: int
    attempts: int  # sources and unusable replies, without the start
    right: int
    kept: int
    stopped: str
    best: str | None  # id of the Attempt
    techniques: list[str]  # of the best and its ancestors, in order
    start_ms: float | None  # when each was measured: their ratio is not the gain
    best_ms: float | None
    gain: float
    usd: float | None  # None: a call had no known price
    calls: int
    input_tokens: int
    output_tokens: int
    elapsed_s: float
    convergence: list[Point]


def summarise(events: Sequence[Event]) -> Summary:
    """A pure function of the log."""
    state = fold(events)
    plan, spent = state.plan, state.spent
    attempts = [event.attempt for event in events if isinstance(event, Attempted)]
    by_id = {one.id: one for one in attempts}
    best = by_id.get(state.incumbent)
    start = attempts[0] if attempts else None
    tried = [one for one in attempts if one.ordinal > 0]
    return Summary(
        run=plan.run,
        kernel=plan.kernel,
        chip=plan.chip,
        device=plan.device,
        objective=plan.objective,
        size=plan.size,
        strategy=plan.strategy,
        proposers=[seat.label for seat in plan.seats],
        seed=plan.seed,
        rounds=state.rounds_done,
        attempts=len(tried),
        right=sum(one.status == "passed" for one in tried),
        kept=sum(one.outcome == "kept" for one in tried),
        stopped=state.stopped,
        best=best.id if best else None,
        techniques=_techniques(best, by_id),
        start_ms=start.kernel_ms if start else None,
        best_ms=best.kernel_ms if best else None,
        gain=state.gain,
        usd=spent.usd if spent.usd_known else None,
        calls=spent.calls,
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
        elapsed_s=spent.elapsed_s,
        convergence=_convergence(events),
    )


def _techniques(best: Attempt | None, by_id: dict[str, Attempt]) -> list[str]:
    found = []
    while best is not None and best.parent is not None:
        found.append(best.technique)
        best = by_id.get(best.parent)
    return found[::-1]


def _convergence(events: Sequence[Event]) -> list[Point]:
    gain, usd, found = 1.0, 0.0, []
    for event in events:
        if isinstance(event, Replied):
            usd += event.usd or 0.0
        if not isinstance(event, Attempted):
            continue
        attempt = event.attempt
        if attempt.outcome == "kept":
            gain *= attempt.speedup or 1.0
        found.append(
            Point(
                ordinal=attempt.ordinal,
                outcome=attempt.outcome,
                gain=gain,
                usd=usd,
                elapsed_s=event.elapsed_s,
            )
        )
    return found
