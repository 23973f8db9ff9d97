"""Any endpoint that speaks OpenAI's chat completions, through its SDK; presets are data."""

from __future__ import annotations

import base64
import math
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
from harness.errors import EnvironmentFault

_CHARACTERS_PER_TOKEN = 3.5


@dataclass(frozen=True)
class Preset:
    """One service. Without a default model, `--model` has to name one."""

    base_url: str
    key_variable: str | None  # None: a local server, which wants no key
    default_model: str = ""
    limit_field: str = "max_tokens"
    free: bool = False  # runs on the user's own machine
    base_url_variable: str = ""


PRESETS: dict[str, Preset] = {
    "openai": Preset(
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        "gpt-6.1-sol",
        "max_completion_tokens",
        base_url_variable="OPENAI_BASE_URL",
    ),
    "deepseek": Preset("https://api.deepseek.com", "DEEPSEEK_API_KEY", "deepseek-v4-pro"),
    "openrouter": Preset("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "gemini": Preset("https://generativelanguage.googleapis.com/v1beta/openai/", "GEMINI_API_KEY"),
    "ollama": Preset(
        "http://localhost:11434/v1", None, free=True, base_url_variable="OLLAMA_BASE_URL"
    ),
    "vllm": Preset("http://localhost:8000/v1", None, free=True, base_url_variable="VLLM_BASE_URL"),
}

_STOPS: dict[str, StopReason] = {
    "stop": "end",
    "tool_calls": "tool",
    "function_call": "tool",
    "length": "length",
    "content_filter": "refused",
}


@dataclass
class _Reply:
    """What has arrived of one reply."""

    text: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    called: bool = False
    unseen: int = 0  # characters of thinking, where a server sends it
    refusal: bool = False
    stop: str = ""
    model: str = ""
    asked_characters: int = 0
    tokens: pricing.Tokens | None = None

    def take(self, chunk: Any) -> None:
        """Add one chunk of the stream."""
        self.model = chunk.model or self.model
        if chunk.usage is not None:
            details = getattr(chunk.usage, "prompt_tokens_details", None)
            cached = getattr(details, "cached_tokens", None) or 0
            self.tokens = pricing.Tokens(
                chunk.usage.prompt_tokens or 0, chunk.usage.completion_tokens or 0, cached
            )
        for choice in chunk.choices[:1]:
            self._choice(choice)

    def _choice(self, choice: Any) -> None:
        self.stop = choice.finish_reason or self.stop
        delta = choice.delta
        if delta is None:
            return
        if delta.content:
            self.text.append(delta.content)
        if getattr(delta, "refusal", None):
            self.refusal = True
            self.text.append(delta.refusal)
        self.unseen += len(getattr(delta, "reasoning_content", None) or "")
        for call in (delta.tool_calls or [])[:1]:
            if (call.index or 0) == 0 and call.function is not None:
                self.called = True
                self.arguments.append(call.function.arguments or "")

    def billed(self) -> pricing.Tokens:
        """What was billed; estimated from the characters where the server did not say."""
        if self.tokens is not None:
            return self.tokens
        arrived = sum(map(len, self.text)) + sum(map(len, self.arguments)) + self.unseen
        asked = self.asked_characters if arrived or self.model else 0
        return pricing.Tokens(
            math.ceil(asked / _CHARACTERS_PER_TOKEN), math.ceil(arrived / _CHARACTERS_PER_TOKEN)
        )


class OpenAIProvider:
    """Chat completions of one service. Retries are ours, so that each is accounted for."""

    def __init__(
        self,
        model: str,
        *,
        preset: str = "openai",
        api_key: str | None = None,
        base_url: str | None = None,
        limits: Limits | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        try:
            import openai
        except ImportError:
            raise EnvironmentFault(
                f"provider {preset} needs the package openai", "pip install 'metal-bench[openai]'"
            ) from None
        self._sdk = openai
        self.name = preset
        self.model = model
        self._preset = PRESETS[preset]
        self._limits = limits or Limits()
        self._waiting = waiting or Waiting()
        self._price = pricing.FREE if self._preset.free else pricing.price_of(model)
        self._options = Options(("temperature", "tool_choice", "seed", "stream_options", "tools"))
        self._client = openai.OpenAI(
            api_key=api_key or "none",  # the client wants one, a local server ignores it
            base_url=base_url or self._preset.base_url,
            max_retries=0,
            timeout=max(self._limits.first_s, self._limits.stall_s),
        )

    def complete(self, ask: Ask) -> Completion | Failure:
        """Answer one ask; blocks until there is a reply, or none will come."""
        return persist(lambda: self._once(ask), self._limits, self._waiting)

    def _once(self, ask: Ask) -> Completion | Fault:
        """One call; an option that the server does not take is left out, which costs nothing."""
        asked = sum(len(message.content) for message in ask.messages)
        while True:
            request = self._options.kept(self._request(ask))
            reply, began = _Reply(asked_characters=asked), time.monotonic()
            try:
                for chunk in streams.events(partial(self._open, request), self._limits):
                    reply.take(chunk)
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
        stream: Iterable[Any] = self._client.chat.completions.create(stream=True, **request)
        return stream

    def _usage(self, reply: _Reply) -> Usage:
        return pricing.usage(self._price, reply.billed())

    def _completion(self, reply: _Reply, seconds: float) -> Completion | Fault:
        if not reply.stop:
            usage = self._usage(reply)
            return Fault("unavailable", "the reply broke off without an end", True, usage=usage)
        raw = "".join(reply.arguments)
        arguments = object_of(raw) if reply.called else None
        text = "".join(reply.text)
        if reply.called and arguments is None:
            text += raw  # kept, so that what was billed can be read
        stop = "refused" if reply.refusal else _STOPS.get(reply.stop, "end")
        return Completion(
            text=text,
            arguments=arguments,
            # A forced tool ends with "stop" on some servers.
            stop_reason="tool" if stop == "end" and arguments is not None else stop,
            model=reply.model or self.model,
            usage=self._usage(reply),
            seconds=seconds,
        )

    def _request(self, ask: Ask) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self.model,
            "messages": [_turn(message) for message in ask.messages],
            self._preset.limit_field: ask.max_tokens,
            "stream_options": {"include_usage": True},
        }
        if ask.temperature is not None:
            request["temperature"] = ask.temperature
        if ask.seed is not None:
            request["seed"] = ask.seed % (1 << 31)
        if ask.tool is not None and "tools" not in self._options.dropped:
            tool = ask.tool
            shown = {"name": tool.name, "description": tool.description}
            function = {**shown, "parameters": dict(tool.schema)}
            request["tools"] = [{"type": "function", "function": function}]
            request["tool_choice"] = {"type": "function", "function": {"name": tool.name}}
        return request


def _turn(message: Message) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.content}
    images = [
        {
            "type": "image_url",
            "image_url": {"url": "data:image/png;base64," + base64.b64encode(image).decode()},
        }
        for image in message.images
    ]
    return {
        "role": message.role,
        "content": [*images, {"type": "text", "text": message.content}],
    }
