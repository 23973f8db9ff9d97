"""The real SDKs against a server on loopback: streams, tools, retries, time-outs, accounts."""

from __future__ import annotations

import json
import time

import pytest

from agent_steel.providers import pricing
from agent_steel.providers.base import Ask, Completion, Failure, Message, Provider, Tool
from agent_steel.providers.opening import NAMES, has_key, open_provider, require_price
from agent_steel.providers.retrying import Limits, Waiting, wait_s
from harness.errors import EnvironmentFault, UserError
from tests.unit.agent_steel.loopback import (
    AnthropicWire,
    OpenAIWire,
    Response,
    Server,
    Wire,
    serving,
)

TOOL = Tool("submit", "Submit it.", {"type": "object", "properties": {"source": {}}})
ASK = Ask(
    "0001",
    (
        Message("system", "You write kernels.", cache=True),
        Message("user", "The problem.", (b"\x89PNG",), cache=True),
        Message("user", "Go."),
    ),
    tool=TOOL,
    max_tokens=1000,
    temperature=0.2,
    seed=7,
)
#: Nothing waits so long, but a machine that is busy with something else.
PATIENT = Limits(attempts=3, first_s=30.0, stall_s=30.0, total_s=60.0, back_off_s=0.01)
STALLING = Limits(attempts=3, first_s=30.0, stall_s=0.5, total_s=60.0, back_off_s=0.01)
WIRES: list[Wire] = [AnthropicWire(), OpenAIWire()]
both = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)


def opened(
    wire: Wire,
    server: Server,
    model: str = "",
    waits: list[float] | None = None,
    limits: Limits = PATIENT,
) -> Provider:
    waiting = Waiting((waits if waits is not None else []).append, lambda: 1.0)
    return open_provider(
        wire.name, model, base_url=wire.base(server), key="k", limits=limits, waiting=waiting
    )


def completion(found: Completion | Failure) -> Completion:
    assert isinstance(found, Completion), found
    return found


@both
def test_a_streamed_tool_call_comes_whole_with_its_account(wire: Wire) -> None:
    arguments = {"technique": "tile", "source": "kernel void f() {}\n" * 9}
    with serving(wire.reply(text="Here.", tool=json.dumps(arguments), stop="tool")) as server:
        found = completion(opened(wire, server).complete(ASK))
    assert found.arguments == arguments
    assert (found.text, found.stop_reason, found.attempts) == ("Here.", "tool", 1)
    usage = found.usage
    assert (usage.input_tokens, usage.cached_input_tokens, usage.output_tokens) == (150, 40, 30)
    price = pricing.price_of(found.model)
    assert price is not None
    written = 10 if wire.name == "anthropic" else 0
    expected = (110 - written) * price.input + 40 * price.cached_input
    expected += written * price.cache_write + 30 * price.output
    assert usage.usd == pytest.approx(expected / 1e6)


@both
def test_plain_text_comes_as_text(wire: Wire) -> None:
    with serving(wire.reply(text="```metal\nkernel void f() {}\n```")) as server:
        found = completion(opened(wire, server).complete(ASK))
    assert found.arguments is None
    assert found.stop_reason == "end"
    assert "kernel void f" in found.text


@both
def test_429_waits_as_long_as_it_is_asked_to(wire: Wire) -> None:
    waits: list[float] = []
    busy = wire.error(429, "slow down", **{"retry-after": "7"})
    soon = wire.error(429, "slow down", **{"retry-after-ms": "250"})
    with serving(busy, soon, wire.reply(text="ok")) as server:
        found = completion(opened(wire, server, waits=waits).complete(ASK))
    assert waits == [7.0, 0.25]
    assert found.attempts == 3


@both
def test_an_overloaded_service_is_tried_again_and_then_given_up(wire: Wire) -> None:
    waits: list[float] = []
    full = [wire.error(wire.overloaded, "overloaded") for _ in range(3)]
    with serving(*full) as server:
        found = opened(wire, server, waits=waits).complete(ASK)
        assert len(server.asked) == 3
    assert isinstance(found, Failure)
    assert found.kind == "unavailable"
    assert "3 tries" in found.detail
    assert waits == [0.01, 0.02]


@both
def test_a_wrong_key_is_not_tried_again(wire: Wire) -> None:
    with serving(wire.error(401, "invalid x-api-key")) as server:
        found = opened(wire, server).complete(ASK)
    assert isinstance(found, Failure)
    assert found.kind == "rejected"


@both
def test_no_credit_is_not_tried_again(wire: Wire) -> None:
    with serving(wire.error(429, "insufficient_quota: no credit")) as server:
        found = opened(wire, server).complete(ASK)
    assert isinstance(found, Failure)
    assert found.kind == "rejected"


@both
def test_a_reply_that_is_cut_off_by_its_limit_says_so(wire: Wire) -> None:
    with serving(wire.reply(tool='{"technique": "t", "sou', stop="length")) as server:
        found = completion(opened(wire, server).complete(ASK))
    assert found.stop_reason == "length"
    assert found.arguments is None
    assert '"sou' in found.text, "what was billed can be read"


@both
def test_malformed_arguments_are_kept_as_text(wire: Wire) -> None:
    with serving(wire.reply(tool='{"technique": oops}', stop="tool")) as server:
        found = completion(opened(wire, server).complete(ASK))
    assert found.arguments is None
    assert found.text == '{"technique": oops}'


@both
def test_a_refusal_is_one(wire: Wire) -> None:
    with serving(wire.reply(text="No.", stop="refused")) as server:
        assert completion(opened(wire, server).complete(ASK)).stop_reason == "refused"


@both
@pytest.mark.parametrize("pings", [False, True])
def test_a_stalled_connection_is_left_and_its_tokens_count(wire: Wire, pings: bool) -> None:
    stalled = wire.reply(text="half a rep", then="hang")
    stalled.pings = pings and wire.name == "anthropic"
    began = time.monotonic()
    with serving(stalled, wire.reply(text="whole")) as server:
        found = completion(opened(wire, server, limits=STALLING).complete(ASK))
    assert time.monotonic() - began < PATIENT.stall_s
    assert (found.text, found.attempts) == ("whole", 2)
    assert found.usage.output_tokens > 30, "the lost half was billed too"
    assert found.usage.input_tokens > 150


@both
def test_a_dropped_connection_is_tried_again(wire: Wire) -> None:
    with serving(wire.reply(text="half", then="cut"), wire.reply(text="whole")) as server:
        found = completion(opened(wire, server).complete(ASK))
    assert (found.text, found.attempts) == ("whole", 2)


@both
def test_an_option_that_a_model_does_not_take_is_left_out(wire: Wire) -> None:
    model = "claude-haiku-4-5" if wire.name == "anthropic" else ""
    refused = wire.error(400, "`temperature` is not supported with this model")
    with serving(refused, wire.reply(text="a"), wire.reply(text="b")) as server:
        provider = opened(wire, server, model)
        assert completion(provider.complete(ASK)).text == "a"
        assert completion(provider.complete(ASK)).text == "b"
        sent = ["temperature" in asked for asked in server.asked]
    assert sent == [True, False, False]


def test_an_error_inside_a_stream_is_tried_again() -> None:
    wire = AnthropicWire()
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    broken = Response(events=[("error", error)])
    with serving(broken, wire.reply(text="whole")) as server:
        found = completion(opened(wire, server).complete(ASK))
    assert (found.text, found.attempts) == ("whole", 2)


def test_anthropic_gets_caches_images_and_thinking() -> None:
    wire = AnthropicWire()
    with serving(wire.reply(text="a"), wire.reply(text="b")) as server:
        opened(wire, server, "claude-opus-5-5").complete(ASK)
        opened(wire, server, "claude-haiku-4-5-20251001").complete(ASK)
        new, old = server.asked
    assert new["stream"] is True
    assert new["system"][0]["cache_control"] == {"type": "ephemeral"}
    image, text = new["messages"][0]["content"]
    assert image["source"]["media_type"] == "image/png"
    assert text["cache_control"] == {"type": "ephemeral"}
    assert "cache_control" not in new["messages"][1]["content"][0]
    assert new["thinking"] == {"type": "adaptive"}
    assert new["tool_choice"] == {"type": "auto"}
    assert "temperature" not in new
    assert "thinking" not in old
    assert old["tool_choice"] == {"type": "tool", "name": "submit"}
    assert old["temperature"] == 0.2


def test_openai_gets_the_fields_of_its_preset() -> None:
    wire = OpenAIWire()
    with serving(wire.reply(text="a"), wire.reply(text="b")) as server:
        opened(wire, server).complete(ASK)
        local = open_provider("ollama", "llama", base_url=wire.base(server), limits=PATIENT)
        free = completion(local.complete(ASK))
        hosted, here = server.asked
    assert hosted["max_completion_tokens"] == here["max_tokens"] == 1000
    assert hosted["stream_options"] == {"include_usage": True}
    assert hosted["tools"][0]["function"]["name"] == "submit"
    assert hosted["messages"][1]["content"][0]["type"] == "image_url"
    assert free.usage.usd == 0.0, "the user's own machine"


def test_a_local_server_that_cannot_be_reached_is_a_failure() -> None:
    quick = Limits(attempts=2, first_s=1, stall_s=1, total_s=2, back_off_s=0.0)
    found = open_provider("vllm", "m", base_url="http://127.0.0.1:9/v1", limits=quick).complete(ASK)
    assert isinstance(found, Failure)
    assert found.kind == "unavailable"


def test_waits_grow_to_a_limit_and_vary() -> None:
    limits = Limits(back_off_s=1, longest_wait_s=10)
    assert [wait_s(limits, n, None, 1.0) for n in (1, 2, 3, 9)] == [1, 2, 4, 10]
    assert wait_s(limits, 3, None, 0.0) == 2
    assert wait_s(limits, 1, 99.0, 0.5) == 99


@both
def test_a_service_that_asks_for_an_hour_is_given_up(wire: Wire) -> None:
    with serving(wire.error(429, "later", **{"retry-after": "3600"})) as server:
        found = opened(wire, server).complete(ASK)
    assert isinstance(found, Failure)
    assert found.kind == "rate_limited"


def test_a_missing_key_and_a_missing_model_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(EnvironmentFault, match="needs a key"):
        open_provider("anthropic")
    with pytest.raises(EnvironmentFault, match="needs a key"):
        open_provider("openai")
    assert not has_key("anthropic")
    assert has_key("ollama")
    with pytest.raises(UserError, match="no default model"):
        open_provider("ollama")
    with pytest.raises(UserError, match="unknown provider"):
        open_provider("gpt")
    with pytest.raises(UserError, match="recording"):
        open_provider("replay")


def test_every_preset_opens_with_a_key_and_a_model() -> None:
    for name in NAMES:
        if name != "replay":
            provider = open_provider(name, "m", key="k")
            assert (provider.name, provider.model) == (name, "m")


def test_prices_are_dated_and_complete() -> None:
    for model, price in pricing.table().models.items():
        year, month, day = map(int, price.date.split("-"))
        assert year >= 2026 and 1 <= month <= 12 and 1 <= day <= 31, model
        assert price.source
        assert price.cached_input <= price.input <= price.cache_write <= 1.26 * price.input
        assert price.output > price.input
    dated = pricing.price_of("claude-haiku-4-5-20251001")
    assert dated == pricing.price_of("anthropic/claude-haiku-4.5") is not None


def test_a_long_prompt_costs_what_long_prompts_cost() -> None:
    price = pricing.price_of("claude-haiku-5-5")
    assert price is not None and price.long is not None
    short = pricing.usd(price, pricing.Tokens(price.long.above_tokens, 0))
    long = pricing.usd(price, pricing.Tokens(price.long.above_tokens + 1, 0))
    assert short is not None and long is not None
    assert long > 4 * short


def test_an_unknown_model_has_no_price_and_no_budget() -> None:
    assert pricing.usage(pricing.price_of("nobody-1"), pricing.Tokens(5, 5)).usd is None
    with pytest.raises(UserError, match="no dated price"):
        require_price("openai", "nobody-1")
    require_price("ollama", "nobody-1")
    require_price("anthropic")
    assert pricing.expected_usd("claude-opus-5-5") > 0
