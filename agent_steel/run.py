"""One run on one kernel: carries out what the machine decides, and writes it down before it counts.

A state is the fold of the log, so a run that was killed goes on from its folder: what is on disk is
not done again, and of what was under way at most one evaluation is repeated.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agent_steel import attempts as making
from agent_steel import budget, evidence, machine
from agent_steel import extras as contexts
from agent_steel.attempt import Attempt
from agent_steel.attempts import Origin
from agent_steel.calls import RecordedCalls
from agent_steel.database import AttemptDB
from agent_steel.events import (
    Asked,
    Attempted,
    Clock,
    Event,
    LiveClock,
    Log,
    Measuring,
    Proposed,
    Replied,
    Resumed,
    Signalled,
    Started,
    Stopped,
)
from agent_steel.extras import Extras
from agent_steel.judge import Judge
from agent_steel.machine import State
from agent_steel.plan import Plan, Seat
from agent_steel.proposing import Context, Problem, Proposal, Proposer, Unusable
from agent_steel.providers.base import Completion, Failure, Provider
from agent_steel.roles import verifier
from agent_steel.settings import Folders
from agent_steel.strategies import is_stagnant
from harness import atomic, locks
from harness.errors import UserError
from harness.problem import catalog
from harness.timing.verdict import same_source

#: Attempts of earlier runs that a run knows, the latest ones.
MOST_HISTORY = 40

#: Puts the run's record around a provider.
Wrap = Callable[[Provider], Provider]
#: Makes the proposer of a seat.
OpenSeat = Callable[[Seat, Wrap], Proposer]


class View(Protocol):
    """Shows where a run stands."""

    def update(self, state: State, doing: str, latest: Attempt | None) -> None:
        """Called before each step and after each Attempt."""


@dataclass(frozen=True)
class Silent:
    """Shows nothing."""

    def update(self, state: State, doing: str, latest: Attempt | None) -> None:
        """Nothing."""


@dataclass
class Run:
    """A run under way. `stop` is set by whoever wants it to end after the present step."""

    folders: Folders
    plan: Plan
    problem: Problem
    judge: Judge
    open_seat: OpenSeat
    extras: Extras = field(default_factory=Extras)
    view: View = field(default_factory=Silent)
    clock: Clock | None = None
    known: Sequence[Attempt] | None = None  # earlier Attempts, in place of those in the history
    stop: threading.Event = field(default_factory=threading.Event)
    state: State = field(init=False)
    attempts: dict[str, Attempt] = field(init=False, default_factory=dict)  # of this run, by id
    _replied: dict[str, Replied] = field(init=False, default_factory=dict)
    _proposers: dict[int, Proposer] = field(init=False, default_factory=dict)
    _events: list[Event] = field(init=False, default_factory=list)

    @property
    def folder(self) -> Path:
        """Everything that the run writes, but for its rows of the history."""
        return self.folders.run(self.plan.run)

    def execute(self) -> State:
        """Begin or go on, until the search is over."""
        with locks.file(f"run-{self.plan.run}"):
            self._begin()
            while not isinstance(action := machine.decide(self.state), machine.Done):
                if self.stop.is_set() and not self.state.signalled:
                    self._record(Signalled())
                    continue
                self._carry_out(action)
        return self.state

    def _begin(self) -> None:
        """Read what there is, or make the folder; bring the history up to the log."""
        self._events = Log(self.folder / "log.jsonl").read()
        before_s = self._events[-1].elapsed_s if self._events else 0.0
        self._log = Log(self.folder / "log.jsonl", self.clock or LiveClock(before_s))
        self._database = AttemptDB(self.folders.history(self.plan.kernel, self.plan.chip))
        if not self._events:
            self._start()
            return
        self.earlier = AttemptDB(self.folder / "history.jsonl").read()
        self.extras = contexts.read(self.folder)
        self.state = machine.fold(self._events)
        for event in self._events:
            if isinstance(event, Attempted):
                self.attempts[event.attempt.id] = event.attempt
                self._database.add(event.attempt)
            elif isinstance(event, Replied):
                self._replied[event.call_id] = event
        self._record(Resumed())

    def _start(self) -> None:
        known = self._database.read() if self.known is None else self.known
        self.earlier = list(known)[-MOST_HISTORY:]
        lines = [
            atomic.strict_json(one.model_dump(mode="json"), indent=None) for one in self.earlier
        ]
        atomic.write_text(self.folder / "history.jsonl", "".join(lines))
        contexts.write(self.folder, self.extras)
        atomic.write_json(self.folder / "plan.json", self.plan.model_dump(mode="json"))
        started = self._log.append(Started(plan=self.plan))
        self._events.append(started)
        self.state = State(self.plan)

    def _record(self, event: Event) -> Event:
        """On disk first, then part of the state."""
        stamped = self._log.append(event)
        self._events.append(stamped)
        self.state, _ = machine.step(self.state, stamped)
        return stamped

    def _carry_out(self, action: machine.Action) -> None:
        if isinstance(action, machine.MeasureBaseline):
            self._measure_baseline()
        elif isinstance(action, machine.Ask):
            self._record(
                Asked(
                    ordinal=action.ordinal,
                    round=action.round,
                    seat=action.seat,
                    parent=action.parent,
                )
            )
        elif isinstance(action, machine.Propose):
            self._propose(action.ordinal)
        elif isinstance(action, machine.Measure):
            self._measure(action.ordinal)
        elif isinstance(action, machine.Dismiss):
            self._dismiss(action.ordinal)
        elif isinstance(action, machine.Stop):
            self._record(Stopped(reason=action.reason))

    def _measure_baseline(self) -> None:
        self._show("measuring the kernel to begin with")
        source = self.plan.start
        measuring = self._record(Measuring(ordinal=0))
        atomic.write_text(self._candidate(0), source)
        path = self._evidence(0)
        if path.exists():
            found = evidence.read(path)
        else:
            found = self.judge.baseline(source)
            evidence.write(path, found)
        origin = Origin(0, measuring.at, self.plan.start_origin, technique="the start")
        decision = verifier.baseline(found)
        self._attempted(making.of_measurement(self.plan, origin, source, found, decision))

    def _propose(self, ordinal: int) -> None:
        """Ask the seat; its source is on disk before the log says so."""
        asked = self._asked()
        self._show(f"asking {self.plan.seats[asked.seat].label}")
        answer = self._proposer(asked.seat).propose(
            self._context(asked), call_id=f"{ordinal:04d}", seed=self._seed(ordinal)
        )
        if isinstance(answer, Unusable):
            proposed = Proposed(
                ordinal=ordinal,
                unusable=answer.kind,
                detail=answer.detail,
                prompt_sha256=answer.prompt_sha256,
            )
        else:
            proposed = self._proposed(ordinal, answer)
        self._record(proposed)

    def _proposed(self, ordinal: int, answer: Proposal) -> Proposed:
        atomic.write_text(self._candidate(ordinal), answer.source)
        twin = next(
            (one.id for one in self.attempts.values() if same_source(one.source, answer.source)), ""
        )
        return Proposed(
            ordinal=ordinal,
            technique=" ".join(answer.technique.split()),
            source_sha256=catalog.sha256_of(answer.source),
            prompt_sha256=answer.prompt_sha256,
            diagnosis=answer.diagnosis,
            unusable="duplicate" if twin else "",
            detail=f"the source of {twin} again" if twin else "",
        )

    def _measure(self, ordinal: int) -> None:
        self._show("measuring a candidate beside the incumbent")
        source = self._source(ordinal)
        measuring = self._record(Measuring(ordinal=ordinal))
        path = self._evidence(ordinal)
        if path.exists():
            found = evidence.read(path)
        else:
            found = self.judge.compare(ordinal, source, self._incumbent.source)
            evidence.write(path, found)
        origin = self._origin(ordinal, measuring.at)
        decision = verifier.decide(found)
        self._attempted(making.of_measurement(self.plan, origin, source, found, decision))

    def _dismiss(self, ordinal: int) -> None:
        proposed = self._proposal()
        origin = self._origin(ordinal, proposed.at)
        self._attempted(making.of_nothing(self.plan, origin, proposed))

    def _attempted(self, attempt: Attempt) -> None:
        self._record(Attempted(attempt=attempt))
        self.attempts[attempt.id] = attempt
        self._database.add(attempt)
        self.view.update(self.state, "", attempt)

    # What a proposer is told, and what is kept of its calls.

    def _context(self, asked: Asked) -> Context:
        seat = self.plan.seats[asked.seat]
        seen = self._seen(asked)
        texts, images = self.extras.texts, self.extras.images
        return Context(
            problem=self.problem,
            chip=self.plan.chip,
            limits=self.judge.limits(),
            parent=making.candidate_of(self.attempts[asked.parent]),
            incumbent=making.candidate_of(
                self.attempts[asked.parent] if self.state.strategy.isolated else self._incumbent
            ),
            failed=[making.failed_try(self.attempts[name]) for name in self.state.failed],
            history=[*self.earlier, *seen],
            extras={name: texts[name] for name in seat.contexts if name in texts},
            images=[images[name] for name in seat.contexts if name in images],
            stagnant=is_stagnant([None if a.kept else a.speedup for a in seen if a.kernel_ms]),
        )

    def _seen(self, asked: Asked) -> list[Attempt]:
        """The Attempts of this run that a seat may know: in a swarm, of this round its own only."""
        if not self.state.strategy.isolated:
            return list(self.attempts.values())
        others = {
            making.attempt_id(self.plan, event.ordinal)
            for event in self._events
            if isinstance(event, Asked) and event.round == asked.round and event.seat != asked.seat
        }
        return [one for one in self.attempts.values() if one.id not in others]

    def _proposer(self, seat: int) -> Proposer:
        if seat not in self._proposers:
            self._proposers[seat] = self.open_seat(self.plan.seats[seat], self._recorded)
        return self._proposers[seat]

    def _recorded(self, provider: Provider) -> Provider:
        return RecordedCalls(
            provider,
            self.folder,
            may_call=lambda: not budget.exhausted(self.plan, self.state.spent),
            on_reply=self._on_reply,
        )

    def _on_reply(self, call_id: str, reply: Completion | Failure) -> None:
        if call_id in self._replied:
            return
        model = reply.model if isinstance(reply, Completion) else ""
        event = Replied(
            call_id=call_id,
            model=model,
            input_tokens=reply.usage.input_tokens,
            output_tokens=reply.usage.output_tokens,
            usd=reply.usage.usd,
        )
        self._replied[call_id] = event
        self._record(event)

    def _origin(self, ordinal: int, timestamp: str) -> Origin:
        asked, proposed = self._asked(), self._proposal()
        seat = self.plan.seats[asked.seat]
        begun = max(n for n, event in enumerate(self._events) if event == asked)
        calls = [event for event in self._events[begun:] if isinstance(event, Replied)]
        prices = [one.usd for one in calls]
        return Origin(
            ordinal=ordinal,
            timestamp=timestamp,
            proposer=seat.proposer,
            contexts=seat.contexts,
            parent=self.attempts[asked.parent],
            technique=proposed.technique,
            prompt_sha256=proposed.prompt_sha256,
            diagnosis=proposed.diagnosis,
            seed=self._seed(ordinal),
            input_tokens=sum(one.input_tokens for one in calls),
            output_tokens=sum(one.output_tokens for one in calls),
            usd=None if None in prices else sum(usd or 0.0 for usd in prices),
        )

    @property
    def _incumbent(self) -> Attempt:
        return self.attempts[self.state.incumbent]

    def _asked(self) -> Asked:
        if self.state.asked is None:
            raise AssertionError("nothing was asked")
        return self.state.asked

    def _proposal(self) -> Proposed:
        if self.state.proposed is None:
            raise AssertionError("nothing was proposed")
        return self.state.proposed

    def _seed(self, ordinal: int) -> int:
        return self.plan.seed * 1_000_003 + ordinal

    def _source(self, ordinal: int) -> str:
        """The candidate on disk; one that was changed since is another one."""
        path = self._candidate(ordinal)
        text = path.read_text("utf-8")
        if catalog.sha256_of(text) != self._proposal().source_sha256:
            raise UserError(f"{path} was changed after it was proposed", "begin a new run")
        return text

    def _candidate(self, ordinal: int) -> Path:
        return self.folder / "candidates" / f"{ordinal:04d}.metal"

    def _evidence(self, ordinal: int) -> Path:
        return self.folder / "evaluations" / f"{ordinal:04d}.json"

    def _show(self, doing: str) -> None:
        self.view.update(self.state, doing, None)
