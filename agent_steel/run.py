"""One run on one kernel: carries out what the machine decides, and writes it down before it counts.

A state is the fold of the log, so a run that was killed goes on from its folder: what is on disk is
not done again, and of what was under way at most one evaluation is repeated.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agent_steel import evidence, machine, making_attempts
from agent_steel import extras as contexts
from agent_steel.asking import OpenSeat, Seats, seed_of
from agent_steel.attempt import Attempt
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
from agent_steel.making_attempts import Origin
from agent_steel.plan import Plan
from agent_steel.proposing import Context, Problem, Proposal, Unusable
from agent_steel.roles import verifier
from agent_steel.settings import Folders
from agent_steel.strategies import is_stagnant
from harness import atomic, locks
from harness.errors import UserError
from harness.problem import catalog
from harness.timing.verdict import same_source

#: Attempts of earlier runs that a run knows, the latest ones.
MOST_HISTORY = 40


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
        self._seats = Seats(
            self.plan,
            self.folder,
            self.open_seat,
            spent=lambda: self.state.spent,
            record=self._record,
            logged={event.call_id for event in self._events if isinstance(event, Replied)},
        )
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
        self._record(Resumed())

    def _start(self) -> None:
        known = self._database.read() if self.known is None else self.known
        # What was slow or wrong at another size, or by another measure, may be the best here.
        alike = (self.plan.objective, self.plan.size)
        same = [one for one in known if (one.objective, one.size) == alike]
        self.earlier = same[-MOST_HISTORY:]
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
            self._propose(action.ordinals)
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
        self._attempted(making_attempts.of_measurement(self.plan, origin, source, found, decision))

    def _propose(self, ordinals: Sequence[int]) -> None:
        """Ask the seats, side by side; what they say counts in the order of the ordinals, and each
        source is on disk before the log says so."""
        asked = [self.state.question(ordinal) for ordinal in ordinals]
        seats = ", ".join(self.plan.seats[one.seat].label for one in asked)
        self._show(f"asking {seats}")
        answers = self._seats.ask([(one, self._context(one)) for one in asked])
        for one, answer in zip(asked, answers, strict=True):
            self._record(self._proposed(one.ordinal, answer))

    def _proposed(self, ordinal: int, answer: Proposal | Unusable) -> Proposed:
        if isinstance(answer, Unusable):
            return Proposed(
                ordinal=ordinal,
                unusable=answer.kind,
                detail=answer.detail,
                prompt_sha256=answer.prompt_sha256,
            )
        twin = self._twin(answer.source)
        atomic.write_text(self._candidate(ordinal), answer.source)
        return Proposed(
            ordinal=ordinal,
            technique=" ".join(answer.technique.split()),
            source_sha256=catalog.sha256_of(answer.source),
            prompt_sha256=answer.prompt_sha256,
            diagnosis=answer.diagnosis,
            unusable="duplicate" if twin else "",
            detail=f"the source of {twin} again" if twin else "",
        )

    def _twin(self, source: str) -> str:
        """The id of what has this source already, judged or about to be; empty: nothing."""
        waiting = [asked.ordinal for asked, answer in self.state.answered if not answer.unusable]
        known = {one.id: one.source for one in self.attempts.values()}
        known |= {
            making_attempts.attempt_id(self.plan, n): self._candidate(n).read_text("utf-8")
            for n in waiting
        }
        return next((name for name, text in known.items() if same_source(text, source)), "")

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
        self._attempted(making_attempts.of_measurement(self.plan, origin, source, found, decision))

    def _dismiss(self, ordinal: int) -> None:
        proposed = self.state.answer(ordinal)
        origin = self._origin(ordinal, proposed.at)
        self._attempted(making_attempts.of_nothing(self.plan, origin, proposed))

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
            parent=making_attempts.candidate_of(self.attempts[asked.parent]),
            incumbent=making_attempts.candidate_of(
                self.attempts[asked.parent] if self.state.strategy.isolated else self._incumbent
            ),
            failed=[
                making_attempts.failed_try(self.attempts[name])
                for name in self.state.failed_of(asked.seat)
            ],
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
            making_attempts.attempt_id(self.plan, event.ordinal)
            for event in self._events
            if isinstance(event, Asked) and event.round == asked.round and event.seat != asked.seat
        }
        return [one for one in self.attempts.values() if one.id not in others]

    def _origin(self, ordinal: int, timestamp: str) -> Origin:
        asked, proposed = self.state.question(ordinal), self.state.answer(ordinal)
        seat = self.plan.seats[asked.seat]
        replies = [event for event in self._events if isinstance(event, Replied)]
        calls = [event for event in replies if event.ordinal == ordinal]
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
            seed=seed_of(self.plan, ordinal),
            input_tokens=sum(one.input_tokens for one in calls),
            output_tokens=sum(one.output_tokens for one in calls),
            usd=None if None in prices else sum(usd or 0.0 for usd in prices),
        )

    @property
    def _incumbent(self) -> Attempt:
        return self.attempts[self.state.incumbent]

    def _source(self, ordinal: int) -> str:
        """The candidate on disk; one that was changed since is another one."""
        path = self._candidate(ordinal)
        text = path.read_text("utf-8")
        if catalog.sha256_of(text) != self.state.answer(ordinal).source_sha256:
            raise UserError(f"{path} was changed after it was proposed", "begin a new run")
        return text

    def _candidate(self, ordinal: int) -> Path:
        return self.folder / "candidates" / f"{ordinal:04d}.metal"

    def _evidence(self, ordinal: int) -> Path:
        return self.folder / "evaluations" / f"{ordinal:04d}.json"

    def _show(self, doing: str) -> None:
        self.view.update(self.state, doing, None)
