"""Opens a provider by name: the presets, their keys, and what is missing where one cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent_steel.providers import anthropic, openai, pricing, replay
from agent_steel.providers.base import Provider
from agent_steel.providers.retrying import Limits, Waiting
from agent_steel.settings import api_key, variable
from harness.errors import EnvironmentFault, UserError

NAMES: tuple[str, ...] = (anthropic.NAME, *openai.PRESETS, replay.NAME)


def open_provider(
    name: str,
    model: str = "",
    *,
    base_url: str | None = None,
    key: str | None = None,
    replies: Path | Sequence[replay.Line] | None = None,
    limits: Limits | None = None,
    waiting: Waiting | None = None,
) -> Provider:
    """A provider that is ready to be asked.

    `model`: the preset's default if empty. `key`: the preset's variable if None. `replies`: the
    recording of `replay`. UserError for an unknown name or a missing model, EnvironmentFault for a
    missing key or package. Nothing is called yet.
    """
    if name == replay.NAME:
        if replies is None:
            raise UserError("provider replay needs a recording", "name it with --replies FILE")
        shown = model or replay.DEFAULT_MODEL
        if isinstance(replies, Path):
            return replay.ReplayProvider.from_path(replies, shown)
        return replay.ReplayProvider(replies, shown)
    if name == anthropic.NAME:
        return anthropic.AnthropicProvider(
            model or anthropic.DEFAULT_MODEL,
            api_key=key or _key(name, anthropic.KEY_VARIABLE),
            base_url=base_url,
            limits=limits,
            waiting=waiting,
        )
    preset = openai.PRESETS.get(name)
    if preset is None:
        raise UserError(f"unknown provider {name!r}", f"providers are {', '.join(NAMES)}")
    model = model or preset.default_model
    if not model:
        raise UserError(f"provider {name} has no default model", "name one with --model")
    if key is None and preset.key_variable is not None:
        key = _key(name, preset.key_variable)
    return openai.OpenAIProvider(
        model,
        preset=name,
        api_key=key,
        base_url=base_url or variable(preset.base_url_variable) or None,
        limits=limits,
        waiting=waiting,
    )


def default_model(name: str) -> str:
    """The model that a provider asks if none is named; empty: `--model` is needed."""
    if name == anthropic.NAME:
        return anthropic.DEFAULT_MODEL
    if name == replay.NAME:
        return replay.DEFAULT_MODEL
    return openai.PRESETS[name].default_model if name in openai.PRESETS else ""


def has_key(name: str) -> bool:
    """Whether a provider could be opened here without `key`: it wants none, or its key is set."""
    if name == anthropic.NAME:
        return api_key(anthropic.KEY_VARIABLE) is not None
    preset = openai.PRESETS.get(name)
    if preset is None:
        return name == replay.NAME
    return preset.key_variable is None or api_key(preset.key_variable) is not None


def price_of(name: str, model: str) -> pricing.Price | None:
    """What a provider's calls cost; None: not known. Local and recorded ones are free."""
    preset = openai.PRESETS.get(name)
    if name == replay.NAME or (preset is not None and preset.free):
        return pricing.FREE
    return pricing.price_of(model)


def require_price(name: str, model: str = "") -> None:
    """A UserError where a budget in dollars could not be kept. Local and recorded ones are free."""
    chosen = model or default_model(name)
    if price_of(name, chosen) is None:
        pricing.require_price(chosen)


def _key(name: str, variable_name: str) -> str:
    found = api_key(variable_name)
    if found is None:
        raise EnvironmentFault(
            f"provider {name} needs a key", f"set {variable_name}, or use --provider offline"
        )
    return found
