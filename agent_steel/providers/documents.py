"""A reply as a strict-JSON document, and back: one spelling for runs and for recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent_steel.providers.base import Completion, Failure, Usage

REPLY_VERSION: Literal[1] = 1


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class UsageDocument(_Strict):
    """A Usage."""

    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    cached_input_tokens: int = Field(default=0, ge=0)
    usd: float | None = 0.0


class ReplyDocument(_Strict):
    """A Completion, or a Failure with `failure` and `detail`."""

    schema_version: Literal[1] = REPLY_VERSION
    reply: Literal["completion", "failure"]
    text: str = ""
    arguments: dict[str, Any] | None = None
    stop_reason: Literal["end", "tool", "length", "refused"] = "end"
    model: str = ""
    attempts: int = 1
    seconds: float = 0.0
    kind: Literal["", "unavailable", "rate_limited", "timeout", "rejected", "exhausted"] = ""
    detail: str = ""
    usage: UsageDocument = Field(default_factory=UsageDocument)


def to_document(reply: Completion | Failure) -> ReplyDocument:
    """A reply as it is stored."""
    usage = UsageDocument(**asdict(reply.usage))
    if isinstance(reply, Failure):
        return ReplyDocument(reply="failure", kind=reply.kind, detail=reply.detail, usage=usage)
    return ReplyDocument(
        reply="completion",
        text=reply.text,
        arguments=None if reply.arguments is None else dict(reply.arguments),
        stop_reason=reply.stop_reason,
        model=reply.model,
        attempts=reply.attempts,
        seconds=reply.seconds,
        usage=usage,
    )


def from_document(raw: Mapping[str, Any] | ReplyDocument) -> Completion | Failure:
    """The reply that was stored; ValueError where it is none."""
    document = raw if isinstance(raw, ReplyDocument) else ReplyDocument.model_validate(raw)
    usage = Usage(**document.usage.model_dump())
    if document.reply == "failure":
        return Failure(document.kind or "unavailable", document.detail, usage)
    return Completion(
        text=document.text,
        arguments=document.arguments,
        stop_reason=document.stop_reason,
        model=document.model,
        usage=usage,
        attempts=document.attempts,
        seconds=document.seconds,
    )
