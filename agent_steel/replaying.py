"""A recorded run, once more: its plan, its clock, its judge and its proposals, to the byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from agent_steel import extras
from agent_steel.asking import OpenSeat, Wrap
from agent_steel.calls import recorded
from agent_steel.database import AttemptDB
from agent_steel.events import Event, Log, Proposed, RecordedClock, Started
from agent_steel.evidence import ReplayJudge
from agent_steel.plan import Plan, Seat
from agent_steel.proposing import Context, Problem, Proposal, Proposer, Unusable, UnusableKind
from agent_steel.providers.base import Provider
from agent_steel.providers.replay import ReplayProvider
from agent_steel.run import Run
from agent_steel.settings import Folders
from harness.errors import UserError

#: Makes a proposer on a provider.
Around = Callable[[Provider], Proposer]


@dataclass(frozen=True)
class Recording:
    """A run's folder as it was found."""

    folder: Path
    plan: Plan
    events: list[Event]

    @classmethod
    def read(cls, folder: Path) -> Recording:
        """The recording in a folder."""
        events = Log(folder / "log.jsonl").read()
        if not events or not isinstance(events[0], Started):
            raise UserError(f"{folder} holds no recorded run", "choose one below .agent-steel/runs")
        return cls(folder, events[0].plan, events)

    def run(self, folders: Folders, problem: Problem, around: Around) -> Run:
        """The run again, under another root: nothing is measured, asked or paid."""
        return Run(
            folders=folders,
            plan=self.plan,
            problem=problem,
            judge=ReplayJudge(self.folder, self.plan),
            open_seat=self._opened(around),
            extras=extras.read(self.folder),
            clock=RecordedClock(self.events),
            known=AttemptDB(self.folder / "history.jsonl").read(),
        )

    def _opened(self, around: Around) -> OpenSeat:
        replies = recorded(self.folder)

        def opened(seat: Seat, wrap: Wrap) -> Proposer:
            if not replies:
                return RecordedProposals(self)
            return around(wrap(ReplayProvider(replies, seat.proposer.partition("/")[2])))

        return opened


class RecordedProposals:
    """The sources of a run that asked no model, by their ordinals."""

    name = "replay"

    def __init__(self, recording: Recording) -> None:
        self._folder = recording.folder / "candidates"
        self._proposed = {
            event.ordinal: event for event in recording.events if isinstance(event, Proposed)
        }

    def propose(self, context: Context, *, call_id: str, seed: int) -> Proposal | Unusable:
        """As recorded."""
        event = self._proposed.get(int(call_id))
        if event is None:
            return Unusable("exhausted", "the recording ends here")
        path = self._folder / f"{event.ordinal:04d}.metal"
        if path.exists():
            return Proposal(
                path.read_text("utf-8"),
                event.technique,
                prompt_sha256=event.prompt_sha256,
                diagnosis=event.diagnosis,
            )
        if event.unusable not in get_args(UnusableKind):
            raise UserError(f"{path} is missing from the recording")
        kind = cast(UnusableKind, event.unusable)
        return Unusable(kind, event.detail, prompt_sha256=event.prompt_sha256)
