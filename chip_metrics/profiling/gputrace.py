"""Geometry of a captured run. A .gputrace records commands and holds no counter values, and Apple
documents no format for it: what was dispatched is read from the host's own account of the run."""

from __future__ import annotations

import json
import math

from chip_metrics.profiling.base import Measure, NotAvailable, Profile, Source

SIMD_WIDTH = 32


def read(text: str) -> Profile | NotAvailable:
    """`schedule` of an Evaluation as JSON: a list of function, grid, threadgroup, repeats."""
    try:
        rows = json.loads(text)
        measures = [measure for row in rows for measure in _of(row)]
    except (ValueError, KeyError, TypeError) as problem:
        return NotAvailable("gputrace", f"no geometry: {problem}")
    return Profile("gputrace", tuple(measures), ("the trace itself has no counters",))


def _of(row: dict[str, object]) -> list[Measure]:
    grid, group = [_extents(row[key]) for key in ("grid", "threadgroup")]
    groups = math.prod(-(-a // b) for a, b in zip(grid, group, strict=True))
    threads = math.prod(group)
    simd_groups = -(-threads // SIMD_WIDTH)
    idle = 1 - threads / (simd_groups * SIMD_WIDTH)
    kernel = str(row["function"])
    figures = {
        "threads": (math.prod(grid), ""),
        "threadgroups": (groups, ""),
        "threadgroup_threads": (threads, ""),
        "simd_groups_per_threadgroup": (simd_groups, ""),
        "idle_lanes_fraction": (idle, ""),
        "edge_threads_fraction": (1 - math.prod(grid) / (groups * threads), ""),
        "dispatches": (_whole(row.get("repeats", 1)), ""),
    }
    return [Measure(n, float(v), unit, "derived", kernel) for n, (v, unit) in figures.items()]


def _extents(value: object) -> list[int]:
    if not isinstance(value, list) or len(value) != 3 or min(map(_whole, value)) < 1:
        raise ValueError(f"{value!r} are no three extents")
    return [_whole(extent) for extent in value]


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no whole number")
    return value


SOURCE = Source("gputrace", "", "./bench NAME --check-only --json", read)
