"""Anthropic's Messages API through its SDK: streamed, cached prefixes, replies through a tool."""

from __future__ import annotations

import base64
import math
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from agent_steel.providers import pricing, streams
from agent_steel.providers.base import Ask, Completion, Failure, Message, StopReason, Usage
from agent_steel.providers.faults import fault_of
from agent_steel.providers.options import Options, object_of
from agent_steel.providers.retrying import Fault, Limits, Waiting, persist

NAME = "anthropic"
DEFAULT_MODEL = "claude-opus-5-5"
KEY_VARIABLE = "ANTHROPIC_API_KEY"

_VERSION = re.compile(r"claude-[a-z]+-(\d+)(?:-(\d{1,2}))?(?:-|$)")
#: From here on a model decides itself how long it thinks.
_ADAPTIVE = (4, 6)
#: From here on it takes no sampling parameters.
_UNSAMPLED = (4, 7)
_UNNAMED = ("thinking", "temperature")
_STOPS: dict[str, StopReason] = {
    "end_turn": "end",
    "stop_sequence": "end",
    "pause_turn": "end",
    "tool_use": "tool",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
}
#: A token of source is about so many characters: for what a broken stream did not account for.
_CHARACTERS_PER_TOKEN = 3.5


def version_of(model: str) -> tuple[int, int]:
    """(4, 6) of claude-opus-4-6; what has no version counts as newest but for Claude 3."""
    found = _VERSION.match(model)
    if found is None:
        return (3, 0) if model.startswith("claude-3") else (99, 0)
    return int(found[1]), int(found[2] or 0)


@dataclass
class _Reply:
    """What has arrived of one reply."""

    text: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    called: bool = False
    unseen: int = 0  # characters of thinking
    stop: str = ""
    model: str = ""
    plain: int = 0
    cached: int = 0
    written: int = 0
    output: int = 0

    def take(self, event: Any) -> None:
        """Add one event of the stream."""
        if event.type == "message_start":
            self.model = event.message.model
            self._account(event.message.usage)
        elif event.type == "content_block_start":
            self.called = self.called or event.content_block.type == "tool_use"
        elif event.type == "content_block_delta":
            self._delta(event.delta)
        elif event.type == "message_delta":
            self.stop = event.delta.stop_reason or ""
            self._account(event.usage)

    def _delta(self, delta: Any) -> None:
        if delta.type == "text_delta":
            self.text.append(delta.text)
        elif delta.type == "input_json_delta":
            self.arguments.append(delta.partial_json)
        elif delta.type == "thinking_delta":
            self.unseen += len(delta.thinking)

    def _account(self, usage: Any) -> None:
        """The counts are cumulative; the last ones may leave out those of the input."""
        self.plain = usage.input_tokens or self.plain
        self.cached = usage.cache_read_input_tokens or self.cached
        self.written = usage.cache_creation_input_tokens or self.written
        self.output = usage.output_tokens or self.output

    def tokens(self) -> pricing.Tokens:
        """What was billed; of a broken reply the output is estimated from what arrived."""
        output = self.output
        if not self.stop:
            arrived = sum(map(len, self.text)) + sum(map(len, self.arguments)) + self.unseen
            output = max(output, math.ceil(arrived / _CHARACTERS_PER_TOKEN))
        total = self.plain + self.cached + self.written
        return pricing.Tokens(total, output, self.cached, self.written)


class AnthropicProvider:
    """Claude. Retries are ours, not the SDK's, so that each try is counted and accounted for."""

    name = NAME

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        api_key: str,
        base_url: str | None = None,
        limits: Limits | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        import anthropic  # a second to load, which a search without it need not pay

        self._sdk = anthropic
        self.model = model
        self._limits = limits or Limits()
        self._waiting = waiting or Waiting()
        self._price = pricing.price_of(model)
        self._options = Options(("temperature", "tool_choice", "thinking"))
        self._client = self._sdk.Anthropic(
            api_key=api_key,
            base_url=base_url,
            max_retries=0,
            timeout=max(self._limits.first_s, self._limits.stall_s),
        )

    def complete(self, ask: Ask) -> Completion | Failure:
        """Answer one ask; blocks until there is a reply, or none will come."""
        return persist(lambda: self._once(ask), self._limits, self._waiting)

    def _once(self, ask: Ask) -> Completion | Fault:
        """One call; an option that the model does not take is left out, which costs nothing."""
        while True:
            request = self._options.kept(self._request(ask))
            reply, began = _Reply(), time.monotonic()
            try:
                for event in streams.events(partial(self._open, request), self._limits):
                    reply.take(event)
            except self._sdk.BadRequestError as problem:
                if self._options.refused(str(problem), request):
                    continue
                return Fault("rejected", str(problem)[:400], False)
            except Exception as problem:
                fault = fault_of(self._sdk, problem, self._usage(reply))
                if fault is None:
                    raise
                return fault
            return self._completion(reply, time.monotonic() - began)

    def _open(self, request: dict[str, Any]) -> Iterable[Any]:
        # Which options the SDK names differs from version to version; the API takes them all.
        extra = {name: request[name] for name in _UNNAMED if name in request}
        named = {name: value for name, value in request.items() if name not in _UNNAMED}
        stream: Iterable[Any] = self._client.messages.create(stream=True, extra_body=extra, **named)
        return stream

    def _usage(self, reply: _Reply) -> Usage:
        return pricing.usage(self._price, reply.tokens())

    def _completion(self, reply: _Reply, seconds: float) -> Completion | Fault:
        if not reply.stop:
            usage = self._usage(reply)
            return Fault("unavailable", "the reply broke off without an end", True, usage=usage)
        raw = "".join(reply.arguments)
        arguments = object_of(raw) if reply.called else None
        text = "".join(reply.text)
        if reply.called and arguments is None:
            text += raw  # kept, so that what was billed can be read
        return Completion(
            text=text,
            arguments=arguments,
            stop_reason=_STOPS.get(reply.stop, "end"),
            model=reply.model or self.model,
            usage=self._usage(reply),
            seconds=seconds,
        )

    def _request(self, ask: Ask) -> dict[str, Any]:
        system = [m for m in ask.messages if m.role == "system"]
        request: dict[str, Any] = {
            "model": self.model,
            "max_tokens": ask.max_tokens,
            "messages": [_turn(m) for m in ask.messages if m.role != "system"],
        }
        if system:
            request["system"] = [_text(m) for m in system]
        version = version_of(self.model)
        thinks = version >= _ADAPTIVE and "thinking" not in self._options.dropped
        if thinks:
            request["thinking"] = {"type": "adaptive"}
        if ask.temperature is not None and not thinks and version < _UNSAMPLED:
            request["temperature"] = ask.temperature
        if ask.tool is not None:
            tool = ask.tool
            shown = {"name": tool.name, "description": tool.description}
            request["tools"] = [{**shown, "input_schema": dict(tool.schema)}]
            # A model that thinks cannot be made to call a tool; the prompt asks for it.
            forced = {"type": "tool", "name": tool.name}
            request["tool_choice"] = {"type": "auto"} if thinks else forced
        return request


def _text(message: Message) -> dict[str, Any]:
    """A block of text; one that ends a prefix worth keeping is marked for the cache."""
    block: dict[str, Any] = {"type": "text", "text": message.content}
    if message.cache:
        block["cache_control"] = {"type": "ephemeral"}
    return block


def _turn(message: Message) -> dict[str, Any]:
    images = [
        {
            "type": "image",
            "source": {
                "type": "base64",
                "media_type": "image/png",
                "data": base64.b64encode(image).decode(),
            },
        }
        for image in message.images
    ]
    return {"role": message.role, "content": [*images, _text(message)]}
