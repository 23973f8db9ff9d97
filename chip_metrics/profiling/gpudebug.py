"""gpudebug of macOS 27: cost and counters a shader, M3 or newer. Its output has a preamble of text,
objects that come twice, and no units."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from chip_metrics.profiling.base import Measure, NotAvailable, Profile, Source

_NAMES = ("shader", "function", "kernel", "pipeline", "label", "name")


def read(text: str) -> Profile | NotAvailable:
    """Every number beside the nearest name above it; what comes twice counts once."""
    found: dict[tuple[str, str], Measure] = {}
    for document in _documents(text):
        for measure in _measures(document, "", ""):
            found.setdefault((measure.kernel, measure.name), measure)
    if not found:
        return NotAvailable("gpudebug", "its output holds no figures")
    return Profile("gpudebug", tuple(found.values()), ("gpudebug states no units",))


def _documents(text: str) -> Iterator[Any]:
    """The JSON documents of a stream, whatever stands between them."""
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        if text[at] not in "{[":
            at += 1
            continue
        try:
            document, at = decoder.raw_decode(text, at)
        except ValueError:
            at += 1
            continue
        yield document


def _measures(node: Any, kernel: str, path: str) -> Iterator[Measure]:
    if isinstance(node, list):
        for item in node:
            yield from _measures(item, kernel, path)
    if not isinstance(node, dict):
        return
    if {"name", "value"} <= set(node) and isinstance(node["value"], int | float):
        yield Measure(str(node["name"]), float(node["value"]), "", "measured", kernel)
        return
    named = next((str(node[key]) for key in _NAMES if isinstance(node.get(key), str)), kernel)
    for key, value in node.items():
        where = f"{path}{key}"
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield Measure(where, float(value), "", "measured", named)
        elif not isinstance(value, str):
            yield from _measures(value, named, f"{where}." if isinstance(value, dict) else path)


SOURCE = Source(
    "gpudebug",
    "gpudebug",
    "gpudebug --json -t w.gputrace -o out -c 'profile run --gpu-state high --exec overlapping' "
    "-c 'go performance' -c 'info --all'",
    read,
)
