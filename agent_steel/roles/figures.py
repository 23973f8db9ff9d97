"""Figures: what is known of one size of one source, each tagged measured, derived or modelled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import chip_metrics
from agent_steel.prompts import number

Kind = Literal["measured", "derived", "modelled"]


@dataclass(frozen=True)
class Figure:
    """One number with its unit and where it comes from."""

    name: str
    value: float
    unit: str
    kind: Kind
    note: str = ""


@dataclass(frozen=True)
class Payload:
    """All that is known of one size of one source, tagged."""

    kernel: str
    chip: str
    size: str
    dims: Mapping[str, float]
    status: str
    reason: str
    roof: str  # memory, compute, balanced, or empty where it is not known
    flags: tuple[str, ...]
    figures: tuple[Figure, ...]
    remarks: tuple[str, ...] = ()  # of the compiler and the checker

    def get(self, name: str) -> float | None:
        """The value of a figure; None: not known."""
        return next((figure.value for figure in self.figures if figure.name == name), None)


def payload(feedback: Mapping[str, Any], ceilings: chip_metrics.Ceilings | None = None) -> Payload:
    """The figures of a feedback object (harness/feedback.py), of its first size.

    Without `ceilings` a listed chip has its published ones, and any other has none.
    """
    sizes = feedback.get("sizes") or [{}]
    size = sizes[0]
    times = size.get("times") or {}
    checker = feedback.get("checker") or {}
    counts = checker.get("counts") or {}
    chip = str(feedback.get("chip", ""))
    figures = [
        *_times(times),
        *_geometry(size),
        *_counted(counts),
        *_modelled(times, ceilings or _published(chip)),
    ]
    warnings = [str(feedback.get("warnings") or ""), *checker.get("warnings", [])]
    return Payload(
        kernel=str(feedback.get("kernel", "")),
        chip=chip,
        size=str(size.get("size", "")),
        dims=size.get("dims") or {},
        status=str(feedback.get("status", "")),
        reason=str(feedback.get("reason", "")),
        roof=str((times.get("work") or {}).get("roof") or ""),
        flags=tuple(size.get("flags") or ()),
        figures=tuple(figures),
        remarks=tuple(text for text in warnings if text),
    )


def _published(chip: str) -> chip_metrics.Ceilings | None:
    row = chip_metrics.chip(chip)
    return None if row is None else chip_metrics.vendor_ceilings(row)


def _times(times: Mapping[str, Any]) -> list[Figure]:
    if not times:
        return []
    kernel, mlx, work = times["kernel"], times.get("mlx"), times.get("work") or {}
    clock = f"clock: {times['clock']}"
    found = [
        Figure("kernel time", kernel["median_ms"], "ms", "measured", f"median, {clock}"),
        Figure("kernel time, least", kernel["min_ms"], "ms", "measured", clock),
        Figure("spread", kernel["iqr_ms"], "ms", "measured", "interquartile range"),
    ]
    optional = [
        ("MLX time", mlx and mlx["median_ms"], "ms", f"median, {clock}"),
        ("speedup over MLX", times.get("speedup"), "x", "paired"),
        ("empty run", times.get("empty_run_ms"), "ms", "the same path without work"),
        ("achieved bandwidth", work.get("gbps"), "GB/s", "least bytes of the problem over time"),
        ("achieved arithmetic", work.get("gflops"), "GFLOP/s", "true FLOPs over time"),
    ]
    found += [Figure(n, v, u, "measured", note) for n, v, u, note in optional if v is not None]
    return found


def _geometry(size: Mapping[str, Any]) -> list[Figure]:
    dispatches = size.get("dispatches") or []
    if not dispatches:
        return []
    groups, threads = [], []
    for entry in dispatches:
        count = math.prod(entry["threadgroups"])
        groups.append(count)
        threads.append(count * entry["threads_per_threadgroup"])
    widest = threads.index(max(threads))
    repeats = sum(entry["repeats"] for entry in dispatches)
    per_group = dispatches[widest]["threads_per_threadgroup"]
    return [
        Figure("threadgroups", groups[widest], "", "measured", "of the widest dispatch"),
        Figure("threads a threadgroup", per_group, "", "measured"),
        Figure("dispatches a run", repeats, "", "measured"),
    ]


#: Name of a count, what a person reads, its unit.
_MEASURED = (
    ("device_loaded_bytes", "device memory loaded", "B"),
    ("device_distinct_loaded_bytes", "device memory loaded, distinct", "B"),
    ("device_stored_bytes", "device memory stored", "B"),
    ("device_distinct_stored_bytes", "device memory stored, distinct", "B"),
    ("threadgroup_loaded_bytes", "threadgroup memory loaded", "B"),
    ("threadgroup_stored_bytes", "threadgroup memory stored", "B"),
    ("barriers", "barriers", ""),
    ("simd_operations", "SIMD-group operations", ""),
    ("partial_simd_fraction", "SIMD operations with lanes missing", ""),
    ("atomics", "atomics", ""),
    ("float_atomics", "float atomics", ""),
    ("flops", "FLOPs", ""),
    ("threadgroups", "threadgroups counted", ""),
    ("threads", "threads counted", ""),
)
_DERIVED = (
    ("coalescing", "coalescing", ""),
    ("bank_conflict_factor", "bank conflicts", "x"),
    ("lanes_active_fraction", "lanes active", ""),
)


def _counted(counts: Mapping[str, Any]) -> list[Figure]:
    """The checked build's, of one run at a check size."""
    measured, derived = counts.get("measured") or {}, counts.get("derived") or {}
    at = ", ".join(f"{k}={number(v)}" for k, v in (counts.get("point") or {}).items())
    note = f"checked build at {at}" if at else "checked build"
    geometry = str(derived.get("geometry", ""))
    found = [
        Figure(text, measured[name], unit, "measured", note)
        for name, text, unit in _MEASURED
        if measured.get(name) is not None
    ]
    return found + [
        Figure(text, derived[name], unit, "derived", geometry)
        for name, text, unit in _DERIVED
        if derived.get(name) is not None
    ]


def _modelled(times: Mapping[str, Any], ceilings: chip_metrics.Ceilings | None) -> list[Figure]:
    work = times.get("work") or {}
    fraction = work.get("roofline_fraction")
    found = []
    if fraction:
        least = fraction * times["kernel"]["median_ms"]
        found.append(Figure("share of the roof", fraction, "", "modelled", "least time over time"))
        found.append(Figure("least possible time", least, "ms", "modelled", "of the roofline"))
    if ceilings is not None:
        peaks = (
            ("peak bandwidth", ceilings.memory_gbps, "GB/s"),
            ("peak arithmetic", ceilings.fp32_gflops, "GFLOP/s"),
        )
        note = f"{ceilings.origin}: {ceilings.source}"
        found += [Figure(n, v, u, "modelled", note) for n, v, u in peaks if v]
    return found
