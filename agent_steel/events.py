"""The log of a run: what happened, in order, each line on disk before anything relies on it."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Literal, Protocol, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from agent_steel.attempt import Attempt
from agent_steel.database import append_line, whole_lines
from agent_steel.plan import Plan, Strict
from harness import atomic
from harness.errors import UserError

LOG_VERSION = 1


class _Event(Strict):
    """`at`: ISO 8601 in UTC; `elapsed_s`: how long the run was at work till then. Log sets both."""

    schema_version: int = LOG_VERSION
    kind: str
    at: str = ""
    elapsed_s: float = 0.0

    @property
    def subject(self) -> str:
        """What tells it from others of its kind in one run."""
        return ""

    @property
    def key(self) -> str:
        """Names it in its run, whatever else happens there."""
        return f"{self.kind} {self.subject}".strip()


class Started(_Event):
    """A run began with this plan."""

    kind: Literal["started"] = "started"
    plan: Plan


class Asked(_Event):
    """A seat is about to be asked for a source, made from `parent`."""

    kind: Literal["asked"] = "asked"
    ordinal: int
    round: int
    seat: int
    parent: str

    @property
    def subject(self) -> str:
        return str(self.ordinal)


class Replied(_Event):
    """A billed call was answered; the reply lies in replies/<call_id>.json. `ordinal`: the question
    that it was made for; 0 in logs that did not say."""

    kind: Literal["replied"] = "replied"
    call_id: str
    ordinal: int = 0
    model: str
    input_tokens: int
    output_tokens: int
    usd: float | None

    @property
    def subject(self) -> str:
        return str(self.call_id)


class Proposed(_Event):
    """A source came of it, in candidates/<ordinal>.metal, or `unusable` says why none did."""

    kind: Literal["proposed"] = "proposed"
    ordinal: int
    technique: str = ""
    source_sha256: str = ""
    prompt_sha256: str = ""
    diagnosis: str = ""
    unusable: str = ""  # a kind of proposing.Unusable, or "duplicate"
    detail: str = ""

    @property
    def subject(self) -> str:
        return str(self.ordinal)


class Measuring(_Event):
    """A source is about to be judged and timed."""

    kind: Literal["measuring"] = "measuring"
    ordinal: int

    @property
    def subject(self) -> str:
        return str(self.ordinal)


class Attempted(_Event):
    """What became of a source."""

    kind: Literal["attempted"] = "attempted"
    attempt: Attempt

    @property
    def subject(self) -> str:
        return str(self.attempt.ordinal)


class Signalled(_Event):
    """A person asked the run to stop."""

    kind: Literal["signalled"] = "signalled"


class Resumed(_Event):
    """A run that was stopped or killed goes on."""

    kind: Literal["resumed"] = "resumed"


class Stopped(_Event):
    """The search is over, and why: one of machine.Reason."""

    kind: Literal["stopped"] = "stopped"
    reason: str


Event = Annotated[
    Started | Asked | Replied | Proposed | Measuring | Attempted | Signalled | Resumed | Stopped,
    Field(discriminator="kind"),
]
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
AnyEvent = TypeVar("AnyEvent", bound=_Event)


class Clock(Protocol):
    """Gives an event its time; the key lets a replay give the recorded one."""

    def stamp(self, key: str) -> tuple[str, float]:
        """(`at`, `elapsed_s`) of the event of this key, written now."""


class LiveClock:
    """The machine's clock; `before_s` is what the run had worked before it was resumed."""

    def __init__(self, before_s: float = 0.0) -> None:
        self._before_s = before_s
        self._began = time.monotonic()

    def stamp(self, key: str) -> tuple[str, float]:
        """Now."""
        elapsed = self._before_s + time.monotonic() - self._began
        return datetime.now(timezone.utc).isoformat(timespec="milliseconds"), round(elapsed, 3)


class RecordedClock:
    """The times of a recorded log; an event that it does not know happens as the one before it."""

    def __init__(self, recorded: list[Event]) -> None:
        self._known = {event.key: (event.at, event.elapsed_s) for event in recorded}
        self._last = (recorded[0].at, recorded[0].elapsed_s) if recorded else ("", 0.0)

    def stamp(self, key: str) -> tuple[str, float]:
        """As recorded."""
        self._last = self._known.get(key, self._last)
        return self._last


class Log:
    """log.jsonl of one run."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self.path = path
        self._clock = clock

    def read(self) -> list[Event]:
        """Every event that was written to its end."""
        found = []
        for number, line in enumerate(whole_lines(self.path), 1):
            try:
                found.append(_EVENT.validate_python(json.loads(line)))
            except (ValueError, ValidationError) as problem:
                raise UserError(f"{self.path}:{number}: not an event: {problem}") from None
        return found

    def append(self, event: AnyEvent) -> AnyEvent:
        """Stamp an event, write it durably, give it back."""
        if self._clock is None:
            raise ValueError("this log was opened to be read")
        at, elapsed_s = self._clock.stamp(event.key)
        stamped = event.model_copy(update={"at": at, "elapsed_s": elapsed_s})
        append_line(self.path, atomic.strict_json(stamped.model_dump(mode="json"), indent=None))
        return stamped
