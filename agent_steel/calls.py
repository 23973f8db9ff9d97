"""A provider whose every call is on disk before anybody relies on it, and is paid once."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent_steel.providers.base import Ask, Completion, Failure, Provider
from agent_steel.providers.documents import from_document, to_document
from agent_steel.providers.replay import ANY, Line
from harness import atomic
from harness.errors import UserError

_CALL_ID = re.compile(r"[A-Za-z0-9._-]+")

#: Told of each reply once it is on disk; a second time only if the first was lost to a kill.
OnReply = Callable[[str, "Completion | Failure"], None]
#: Asked before each new call: the call as it may be made, or None.
Admit = Callable[[Ask], "Ask | None"]


@dataclass
class CallLocks:
    """One lock a call id, so that seats which ask the same at the same time pay once."""

    _by_id: dict[str, threading.Lock] = field(default_factory=dict)

    def of(self, call_id: str) -> threading.Lock:
        """The lock of a call."""
        return self._by_id.setdefault(call_id, threading.Lock())


class RecordedCalls:
    """Wraps a provider: prompts/<call_id>.md, replies/<call_id>.json, and no call twice.

    A call that `admit` gives no leave for is answered by an `exhausted` Failure.
    """

    def __init__(
        self,
        inner: Provider,
        folder: Path,
        *,
        admit: Admit,
        on_reply: OnReply,
        locks: CallLocks | None = None,
    ) -> None:
        self.name, self.model = inner.name, inner.model
        self._inner = inner
        self._folder = folder
        self._admit = admit
        self._on_reply = on_reply
        self._locks = locks or CallLocks()

    def complete(self, ask: Ask) -> Completion | Failure:
        """The reply on disk, or a new one, which is on disk when this returns."""
        if not _CALL_ID.fullmatch(ask.call_id):
            raise ValueError(f"call id {ask.call_id!r} is no file name")
        path = self._folder / "replies" / f"{ask.call_id}.json"
        with self._locks.of(ask.call_id):
            if path.exists():
                reply = from_document(read_reply(path).answer)
            else:
                admitted = self._admit(ask)
                if admitted is None:
                    return Failure("exhausted", "the budget allows no further call")
                reply = self._called(admitted, path)
        self._on_reply(ask.call_id, reply)
        return reply

    def _called(self, ask: Ask, path: Path) -> Completion | Failure:
        atomic.write_text(self._folder / "prompts" / f"{ask.call_id}.md", prompt_text(ask))
        reply = self._inner.complete(ask)
        line = Line(prompt_sha256=ask.prompt_sha256, call_id=ask.call_id, answer=to_document(reply))
        atomic.write_json(path, line.model_dump(mode="json"))
        return reply


def prompt_text(ask: Ask) -> str:
    """All that was sent, for a person to read."""
    parts = []
    for message in ask.messages:
        images = f" ({len(message.images)} images)" if message.images else ""
        parts.append(f"<!-- {message.role}{images} -->\n{message.content.rstrip()}\n")
    if ask.tool is not None:
        schema = json.dumps(ask.tool.schema, indent=1, sort_keys=True)
        parts.append(f"<!-- tool {ask.tool.name}: {ask.tool.description} -->\n{schema}\n")
    limits = {"max_tokens": ask.max_tokens, "temperature": ask.temperature, "seed": ask.seed}
    parts.append(f"<!-- {json.dumps(limits, sort_keys=True)} -->\n")
    return "\n".join(parts)


def read_reply(path: Path) -> Line:
    """A stored reply with the hash of its prompt."""
    try:
        return Line.model_validate(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as problem:
        raise UserError(f"{path}: not a recorded reply: {problem}") from None


def recorded(folder: Path) -> list[Line]:
    """The replies of a run as a script for the replay provider: each answers the call of its id,
    whatever the prompt, so that a changed reply changes what depends on it and nothing else."""
    paths = sorted((folder / "replies").glob("*.json"))
    return [read_reply(path).model_copy(update={"prompt_sha256": ANY}) for path in paths]
