"""What a call costs: the dated price table, and nothing for a model that is not in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from agent_steel.providers.base import Ask, Usage
from harness.errors import UserError

PRICES = Path(__file__).with_name("prices.json")
_DATED = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2})$")


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float = Field(ge=0)
    cache_write: float = Field(ge=0)


class LongRow(_Row):
    """What the whole call costs once its input is longer."""

    above_tokens: int


class Price(_Row):
    """One model's price in US dollars per million tokens, when it was read, and where."""

    date: str
    source: str
    long: LongRow | None = None


FREE = Price(
    input=0, output=0, cached_input=0, cache_write=0, date="", source="the user's own machine"
)


class Table(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int
    unit: str
    models: dict[str, Price]


@dataclass(frozen=True)
class Tokens:
    """What a call was billed for. `input` holds all of it, cached and newly cached tokens too."""

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_written: int = 0


@lru_cache(maxsize=1)
def table() -> Table:
    """The prices that are shipped."""
    return Table.model_validate_json(PRICES.read_text("utf-8"))


def price_of(model: str) -> Price | None:
    """The price of a model, by its name without vendor prefix and date; None: not known."""
    name = model.rpartition("/")[2]
    models = table().models
    # Resellers write versions with a point, claude-opus-5.5.
    spellings = (name, _DATED.sub("", name), _DATED.sub("", name).replace(".", "-"))
    return next((models[known] for known in spellings if known in models), None)


def require_price(model: str) -> Price:
    """The price, or a UserError: what `--budget-usd` demands of every model."""
    found = price_of(model)
    if found is None:
        raise UserError(
            f"no dated price of {model!r} is known, so no budget in dollars can be kept",
            f"use --budget-minutes, or add the model to {PRICES.name} with date and source",
        )
    return found


def usd(price: Price | None, tokens: Tokens) -> float | None:
    """The price of one call in US dollars; None where the model's is not known."""
    if price is None:
        return None
    row: _Row = price
    if price.long is not None and tokens.input > price.long.above_tokens:
        row = price.long
    plain = tokens.input - tokens.cached - tokens.cache_written
    total = plain * row.input + tokens.cached * row.cached_input
    total += tokens.cache_written * row.cache_write + tokens.output * row.output
    return total / 1e6


def usage(price: Price | None, tokens: Tokens) -> Usage:
    """Tokens with their price."""
    return Usage(tokens.input, tokens.output, tokens.cached, usd(price, tokens))


#: Fewer characters a token than any text of ours has, and more tokens than any image costs.
_FEWEST_CHARACTERS_PER_TOKEN = 2.0
_MOST_IMAGE_TOKENS = 5_000


def most_input_tokens(ask: Ask) -> int:
    """More tokens than a call's prompt can come to."""
    characters = sum(len(message.content) for message in ask.messages)
    if ask.tool is not None:
        characters += len(ask.tool.description) + len(json.dumps(dict(ask.tool.schema)))
    images = sum(len(message.images) for message in ask.messages)
    return int(characters / _FEWEST_CHARACTERS_PER_TOKEN) + images * _MOST_IMAGE_TOKENS + 1000


def affordable_output(price: Price, input_tokens: int, left_usd: float) -> int:
    """How long a reply may get, in tokens, so that the whole call costs at most `left_usd`; 0 where
    the prompt alone could cost more."""
    written = Tokens(input_tokens, 0, 0, input_tokens)
    prompt = max(usd(price, Tokens(input_tokens, 0)) or 0.0, usd(price, written) or 0.0)
    more = (usd(price, Tokens(input_tokens, 1_000_000)) or 0.0) - (
        usd(price, Tokens(input_tokens, 0)) or 0.0
    )
    if more == 0:
        return 1 << 30 if prompt <= left_usd else 0
    return max(0, int((left_usd - prompt) / more * 1e6))


def expected_usd(model: str, input_tokens: int = 12_000, output_tokens: int = 8_000) -> float:
    """What one proposal of a model costs about, for an estimate before a run; 0 if not known.

    The defaults are a prompt with one incumbent and its history, and a reply with its thinking.
    """
    return usd(price_of(model), Tokens(input_tokens, output_tokens)) or 0.0
