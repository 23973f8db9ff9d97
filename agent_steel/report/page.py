"""Renders HTML pages from Jinja2 templates: everything is escaped, nothing is fetched or run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

from agent_steel.prompts import number, point
from harness.verification.summary import visible

FOLDER = Path(__file__).parent
#: Ends of intervals from here on say only that nothing is known.
MOST = 1000


def render(template: Path, values: Mapping[str, Any]) -> str:
    """The page of a template with these values; a name that is missing is an error.

    Pure. Kernel sources and texts of models are data: a tag in them is shown, not obeyed, and so
    is a character that would turn or hide what stands around it.
    """
    return _environment(template.parent).get_template(template.name).render(values)


@lru_cache(maxsize=4)
def _environment(folder: Path) -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, FOLDER]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
        keep_trailing_newline=True,
    )
    made.filters.update(
        number=number,
        point=point,
        text=text,
        ratio=ratio,
        interval=interval,
        share=share,
        usd=usd,
        diff_lines=diff_lines,
    )
    return made


def text(foreign: object) -> str:
    """Lines of foreign text; what is not printable is spelled out."""
    return "\n".join(visible(line.expandtabs(4)) for line in str(foreign).split("\n"))


def ratio(value: float | None) -> str:
    """`1.25x`, or a dash."""
    return "-" if value is None else f"{value:.2f}x"


def share(value: float | None) -> str:
    """`83 %`, or a dash."""
    return "-" if value is None else f"{value:.0%}".replace("%", " %")


def interval(bounds: tuple[float | None, float | None] | None) -> str:
    """`[1.10, 1.38]`, or nothing; what is beyond any speedup is told as that."""
    low, high = bounds or (None, None)
    if low is None or high is None:
        return ""
    return f"[{low:.2f}, {high:.2f}]" if high < MOST else f"[{low:.2f}, >{MOST}]"


def usd(value: float | None) -> str:
    """Dollars; `unknown` where a call had no price."""
    return "unknown" if value is None else f"${value:.4f}"


def diff_lines(diff: str) -> list[tuple[str, str]]:
    """The lines of a unified diff, each with its kind: `at`, `new`, `old` or `same`."""
    kinds = {"@": "at", "+": "new", "-": "old"}
    return [
        ("at" if number < 2 else kinds.get(line[:1], "same"), line)
        for number, line in enumerate(diff.splitlines())
    ]
