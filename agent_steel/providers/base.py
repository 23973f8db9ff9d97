"""What every provider of replies is: messages in, one completion out, with its full account."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant"]
#: `length`: cut off by the token limit; `refused`: the model declined.
StopReason = Literal["end", "tool", "length", "refused"]


@dataclass(frozen=True)
class Message:
    """One turn. `cache` marks the end of a prefix worth caching; images are PNG bytes."""

    role: Role
    content: str
    images: tuple[bytes, ...] = ()
    cache: bool = False


@dataclass(frozen=True)
class Usage:
    """Tokens of one billed call and their price; `usd` is None where no dated price is known."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    usd: float | None = 0.0

    def __add__(self, other: Usage) -> Usage:
        known = self.usd is not None and other.usd is not None
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
            (self.usd or 0.0) + (other.usd or 0.0) if known else None,
        )


@dataclass(frozen=True)
class Tool:
    """The one tool a role offers: its JSON schema is the schema of the role's reply."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Ask:
    """One call. `call_id` names it in the run's log: the same id is never billed twice."""

    call_id: str
    messages: Sequence[Message]
    tool: Tool | None = None
    max_tokens: int = 32_000
    temperature: float | None = None
    seed: int | None = None

    @property
    def prompt_sha256(self) -> str:
        """The hash of what the model is shown: the turns with their images, and the tool."""
        turns = [
            [m.role, m.content, [hashlib.sha256(image).hexdigest() for image in m.images]]
            for m in self.messages
        ]
        tool = None if self.tool is None else [self.tool.name, dict(self.tool.schema)]
        text = json.dumps([turns, tool], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Completion:
    """A reply as it came: its text, the tool's arguments if it called the tool, and the account."""

    text: str
    arguments: Mapping[str, Any] | None
    stop_reason: StopReason
    model: str
    usage: Usage = field(default_factory=Usage)
    attempts: int = 1  # calls that were made for it, retried ones included
    seconds: float = 0.0


@dataclass(frozen=True)
class Failure:
    """A call that gave no reply after all retries; billed tokens of failed tries are in `usage`."""

    kind: Literal["unavailable", "rate_limited", "timeout", "rejected", "exhausted"]
    detail: str
    usage: Usage = field(default_factory=Usage)


class Provider(Protocol):
    """A source of replies. Faults of the service are values; opening without a key is an error."""

    name: str
    model: str

    def complete(self, ask: Ask) -> Completion | Failure:
        """Answer one ask; blocks, with the provider's own time-outs, retries and back-off."""
        ...
