"""Counts of a checked run: what the worker measured, and what a model derives from its trace.

A measured count is exact for the run. A derived one follows from the addresses of sampled
SIMD-groups and a memory geometry that is named with it; it is never a measurement of a chip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.problem.schedule import Schedule
from msl.checked_area import Reply

LINE_BYTES = 128
BANKS, BANK_BYTES = 32, 4
LANES = 32
VECTOR_BYTES = 16

Trace = npt.NDArray[Any]


def summary(reply: Reply, schedule: Schedule) -> Mapping[str, Any]:
    """Counts of one run of the whole schedule, tagged."""
    counts = reply.counts
    measured: dict[str, Any] = {
        name: value for name, value in asdict(counts).items() if name != "accesses"
    }
    operations = counts.simd_operations
    measured["partial_simd_fraction"] = (
        counts.partial_simd_operations / operations if operations else 0.0
    )
    measured["dispatches"] = len(schedule.dispatches)
    return {"measured": measured, "derived": derived(reply.trace)}


def derived(trace: Trace) -> dict[str, Any]:
    """What the sampled SIMD-groups' accesses would cost in a memory of the named geometry."""
    found: dict[str, Any] = {
        "geometry": f"{LINE_BYTES} B lines; {BANKS} banks of {BANK_BYTES} B; {LANES} lanes a step",
        "sampled_accesses": int(trace.size),
    }
    if not trace.size:
        return found
    trace = _vectors(trace)
    steps = _steps(trace)
    local = trace["threadgroup_memory"] != 0
    if (~local).any():
        lines, least = _lines(trace[~local], steps[~local])
        found["lines_touched"] = lines
        found["lines_needed"] = least
        found["coalescing"] = least / lines
        found["lines_fetched"], found["lines_fully_used"] = _full_lines(trace[~local])
    if local.any():
        found["bank_conflict_factor"] = _conflicts(trace[local], steps[local])
    own = trace["size"] <= VECTOR_BYTES  # wider: one lane's work for its whole SIMD-group
    if own.any():
        lanes = _lanes(trace[own], steps[own])
        found["lanes_active_fraction"] = float(np.mean(lanes / lanes.max()))
    return found


def _vectors(trace: Trace) -> Trace:
    """The build loads a vector element by element: neighbours of one lane and place are one
    access of up to a vector's size."""
    keys = [trace[name] for name in ("access", "threadgroup_memory", "place", "lane", "group")]
    ordered = trace[np.lexsort((np.arange(trace.size), *keys))]
    same = np.ones(ordered.size - 1, dtype=bool)
    for name in ("access", "threadgroup_memory", "place", "lane", "group"):
        same &= ordered[name][1:] == ordered[name][:-1]
    end = ordered["offset"] + ordered["size"]
    joined = same & (ordered["offset"][1:] == end[:-1]) & (ordered["size"][1:] <= 4)
    joined &= ordered["offset"][1:] % VECTOR_BYTES != 0
    starts = np.flatnonzero(np.r_[True, ~joined])
    merged: Trace = ordered[starts].copy()
    merged["size"] = np.add.reduceat(ordered["size"].astype(np.int64), starts)
    return merged


def _steps(trace: Trace) -> npt.NDArray[np.int64]:
    """The number of the SIMD-group's step each access belongs to: its place in the source and how
    often the lane has been there."""
    key = np.stack([trace["group"], trace["place"], trace["size"], trace["access"]])
    _, same = np.unique(key, axis=1, return_inverse=True)
    same = same.reshape(-1)
    visit = np.zeros(trace.size, dtype=np.int64)
    by_lane = same.astype(np.int64) * LANES + trace["lane"]
    order = np.argsort(by_lane, kind="stable")
    ranked = by_lane[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    lengths = np.diff(np.r_[starts, ranked.size])
    visit[order] = np.arange(ranked.size) - np.repeat(starts, lengths)
    return same.astype(np.int64) * (int(visit.max()) + 1) + visit


def _lines(trace: Trace, steps: npt.NDArray[np.int64]) -> tuple[int, int]:
    """Lines that all steps touch, and the fewest that could hold the same distinct bytes."""
    first = trace["offset"] // LINE_BYTES
    last = (trace["offset"] + np.maximum(trace["size"], 1) - 1) // LINE_BYTES
    pairs = np.unique(np.stack([np.r_[steps, steps], np.r_[first, last].astype(np.int64)]), axis=1)
    distinct = np.unique(
        np.stack([steps, trace["offset"].astype(np.int64), trace["size"].astype(np.int64)]), axis=1
    )
    bytes_of = np.zeros(int(steps.max()) + 1, dtype=np.int64)
    np.add.at(bytes_of, distinct[0], distinct[2])
    needed = -(-bytes_of // LINE_BYTES)
    return int(pairs.shape[1]), int(needed.sum())


def _full_lines(trace: Trace) -> tuple[int, int]:
    """Distinct lines that each sampled SIMD-group touches, and those it needs every word of."""
    first = trace["offset"].astype(np.int64) // BANK_BYTES
    last = (trace["offset"].astype(np.int64) + np.maximum(trace["size"], 1) - 1) // BANK_BYTES
    counts = last - first + 1
    start = np.repeat(np.cumsum(counts) - counts, counts)
    words = np.repeat(first, counts) + np.arange(counts.sum()) - start
    groups = np.repeat(trace["group"].astype(np.int64), counts)
    words = np.unique(np.stack([groups, words]), axis=1)
    words[1] //= LINE_BYTES // BANK_BYTES
    _, used = np.unique(words, axis=1, return_counts=True)
    return int(used.size), int((used == LINE_BYTES // BANK_BYTES).sum())


def _conflicts(trace: Trace, steps: npt.NDArray[np.int64]) -> float:
    """Mean over the steps of the most distinct words that one bank has to serve."""
    word = trace["offset"].astype(np.int64) // BANK_BYTES
    distinct = np.unique(np.stack([steps, word]), axis=1)
    cell = distinct[0] * BANKS + distinct[1] % BANKS
    cells, load = np.unique(cell, return_counts=True)
    most = np.zeros(int(steps.max()) + 1, dtype=np.int64)
    np.maximum.at(most, cells // BANKS, load)
    return float(most[most > 0].mean())


def _lanes(trace: Trace, steps: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many lanes take part in each step."""
    pairs = np.unique(steps * LANES + trace["lane"])
    _, lanes = np.unique(pairs // LANES, return_counts=True)
    return lanes
