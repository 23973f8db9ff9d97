"""docs/OFFLINE.md from the experiment's document: what `offline` gains, and the whole table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness import settings

PAGE = settings.ROOT / "docs" / "OFFLINE.md"
_RESAMPLES = 10_000

Row = Mapping[str, Any]


def page(document: Mapping[str, Any], held: Sequence[str], developed: Sequence[str]) -> str:
    """The page. Pure: what is not in the document is not said."""
    rows = document["kernels"]
    parts = [
        "<!-- written by `python -m agent_steel.offline.experiment --page` -->",
        "# What `offline` gains from plain kernels",
        _INTRODUCTION,
        "## Twelve problems that no rule was written for",
        _summary([rows[name] for name in held if name in rows], len(held)),
        _table({name: rows[name] for name in held if name in rows}),
        "## The eight that rules were developed on",
        _table({name: rows[name] for name in developed if name in rows}),
        "## Plain kernels",
        _plain(document["plain"]),
        _environment(document["environment"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


_INTRODUCTION = """\
`agent_steel/offline/naive` writes a kernel from a SPEC alone: the MLX reference runs on symbols,
and what comes out is one thread an element, or a row, with straight loops. `offline` then searches
from it without a model: rules that rewrite what their tokens prove, and knobs. A win is confirmed
as a promotion is: a longer paired run against the plain kernel, a fresh process with new inputs,
the held-out gate. A problem without a win counts as 1.0x. The twelve were drawn by seed, four from
each family of plain kernels that pass, before a search had run on any of them.

Times are of the portable host's fast engine on a CPU. They say nothing about an Apple GPU."""


def geometric_mean(rows: Sequence[Row]) -> tuple[float, tuple[float, float]]:
    """The mean of gains and its 95 % interval over problems, by resampling them."""
    logs = np.log([row["speedup"] if row["won"] else 1.0 for row in rows])
    draws = np.random.default_rng(0).choice(logs, (_RESAMPLES, len(logs))).mean(axis=1)
    low, high = np.exp(np.quantile(draws, (0.025, 0.975)))
    return float(math.exp(logs.mean())), (float(low), float(high))


def _summary(rows: Sequence[Row], expected: int) -> str:
    if not rows:
        return "Not run yet."
    mean, (low, high) = geometric_mean(rows)
    wins = sum(bool(row["won"]) for row in rows)
    refused = sum(row["refused_in_finals"] for row in rows)
    missing = "" if len(rows) == expected else f" {expected - len(rows)} have not been run."
    return (
        f"**{wins} of {len(rows)} confirmed wins, geometric mean {mean:.2f}x** (95 % interval over"
        f" problems {low:.2f} to {high:.2f}), {refused} finalists refused by gate or checker."
        f"{missing}"
    )


def _table(rows: Mapping[str, Row]) -> str:
    if not rows:
        return "Not run yet."
    lines = [
        "| problem | family | size | plain, ms | gain (interval) | tried | refused | how |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        ends = row["speedup_ci"]
        interval = f" ({ends[0]:.2f} to {ends[1]:.2f})" if ends else ""
        gain = f"{row['speedup']:.2f}x{interval}" if row["won"] else "none"
        before = "" if row["naive_ms"] is None else f"{row['naive_ms']:.3g}"
        how = "; ".join(row["techniques"])
        refused = row["outcomes"].get("refused", 0)
        lines.append(
            f"| {name} | {row['family']} | {row['size']} | {before} | {gain} |"
            f" {row['attempts']} | {refused} | {how} |"
        )
    return "\n".join(lines)


def _plain(known: Mapping[str, Row]) -> str:
    if not known:
        return ""
    passed = [name for name, row in known.items() if row["status"] == "passed"]
    lines = [f"Of {len(known)} ranked problems, {len(passed)} have a plain kernel that passes.", ""]
    lines += ["| family | problems |", "|---|---|"]
    for family in ("element", "row", "nest"):
        names = [name for name in passed if known[name]["family"] == family]
        lines.append(f"| {family} | {', '.join(names)} |")
    lines += ["", "| without one | why |", "|---|---|"]
    lines += [
        f"| {name} | {row['status']}: {row['reason']} |"
        for name, row in known.items()
        if row["status"] != "passed"
    ]
    return "\n".join(lines)


def _environment(found: Mapping[str, Any]) -> str:
    if not found:
        return ""
    shown = {name: value for name, value in found.items() if isinstance(value, (str, int))}
    return "Measured with: " + ", ".join(f"{name} {value}" for name, value in shown.items()) + "."
