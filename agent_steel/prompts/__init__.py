"""Prompts: Jinja2 files in this folder, rendered by one pure function."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

FOLDER = Path(__file__).parent


def render(name: str, values: Mapping[str, Any]) -> str:
    """The text of `<name>.md.j2` with these values; a name that is missing is an error.

    Pure: the same values give the same text, and nothing else is read.
    """
    return _environment().get_template(f"{name}.md.j2").render(values).strip() + "\n"


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown for a model, no HTML
    )
    made.filters["number"] = number
    made.filters["point"] = point
    made.filters["plain_json"] = plain_json
    made.filters["fenced"] = fenced
    return made


def number(value: Any) -> str:
    """A figure with four significant digits, integers whole; "none" for None."""
    if value is None:
        return "none"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.4g}"


def point(values: Mapping[str, Any]) -> str:
    """A size as `rows=3, cols=37`."""
    return ", ".join(f"{name}={number(value)}" for name, value in values.items())


def plain_json(value: Any) -> str:
    """Compact JSON in a fixed order, figures with four significant digits."""
    return json.dumps(_rounded(value), sort_keys=True, ensure_ascii=False)


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _rounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else float(f"{value:.4g}")
    return value


def fenced(text: str, language: str = "") -> str:
    """A block of code whose fence is longer than any in it."""
    longest, run = 0, 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
