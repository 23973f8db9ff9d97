"""Counts of the checked build: on every machine, and exact for the sample that ran."""

from __future__ import annotations

import json

from chip_metrics.profiling.base import Measure, NotAvailable, Profile, Source, Tag

_UNITS = {"flops": "FLOP", "threads": "", "threadgroups": ""}


def read(text: str) -> Profile | NotAvailable:
    """`counts` of an Evaluation as JSON: {"measured": {...}, "derived": {...}}."""
    try:
        found = json.loads(text)
        measures = [*_of(found["measured"], "measured"), *_of(found["derived"], "derived")]
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        return NotAvailable("counts", f"no counts: {problem}")
    return Profile("counts", tuple(measures), (str(found["derived"].get("geometry", "")),))


def _of(figures: dict[str, object], tag: Tag) -> list[Measure]:
    return [
        Measure(name, float(value), "B" if name.endswith("_bytes") else _UNITS.get(name, ""), tag)
        for name, value in figures.items()
        if isinstance(value, int | float)
    ]


SOURCE = Source("counts", "", "./bench NAME --check-only --json", read)
