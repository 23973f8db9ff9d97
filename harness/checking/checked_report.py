"""The lines of the human report that come from the checked build. It computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from harness.evaluation import Evaluation

#: More warnings than this help nobody; all of them are in the JSON.
_MOST_WARNINGS = 5

Row = tuple[str, str, Literal["plain", "warn", "dim"]]


def rows(evaluation: Evaluation) -> list[Row]:
    """Label, text and tone of each line."""
    found: list[Row] = [("warning", text, "warn") for text in evaluation.warnings[:_MOST_WARNINGS]]
    if len(evaluation.warnings) > _MOST_WARNINGS:
        found.append(("warning", f"and {len(evaluation.warnings) - _MOST_WARNINGS} more", "warn"))
    if evaluation.counts is not None:
        found.append(("counted", _measured(evaluation.counts), "dim"))
        found.append(("derived", _derived(evaluation.counts["derived"]), "dim"))
    return found


def _measured(counts: Mapping[str, Any]) -> str:
    measured = counts["measured"]
    point = ", ".join(f"{name}={value:g}" for name, value in counts["point"].items())
    text = (
        f"at {point}: {_bytes(measured, 'device_loaded')} loaded"
        f" ({_bytes(measured, 'device_distinct_loaded')} distinct),"
        f" {_bytes(measured, 'device_stored')} stored"
        f" ({_bytes(measured, 'device_distinct_stored')} distinct), {measured['flops']:,} FLOP"
    )
    if measured["threadgroup_loaded_bytes"] or measured["threadgroup_stored_bytes"]:
        text += (
            f"\nthreadgroup memory {_bytes(measured, 'threadgroup_loaded')} loaded,"
            f" {_bytes(measured, 'threadgroup_stored')} stored, {measured['barriers']:,} barriers"
        )
    if measured["simd_operations"]:
        text += (
            f"\n{measured['simd_operations']:,} SIMD-group functions,"
            f" {measured['partial_simd_fraction']:.1%} with lanes missing"
        )
    if measured["atomics"]:
        text += f"\n{measured['atomics']:,} atomic operations"
    return text


def _bytes(measured: Mapping[str, Any], name: str) -> str:
    return f"{measured[f'{name}_bytes']:,} B"


def _derived(derived: Mapping[str, Any]) -> str:
    parts = []
    if "coalescing" in derived:
        lines = f"{derived['lines_needed']:,} of {derived['lines_touched']:,} lines needed"
        parts.append(f"coalescing {derived['coalescing']:.0%} ({lines})")
    if "bank_conflict_factor" in derived:
        parts.append(f"bank conflicts x{derived['bank_conflict_factor']:.2f}")
    if "lanes_active_fraction" in derived:
        parts.append(f"lanes active {derived['lanes_active_fraction']:.0%}")
    parts.append(f"model: {derived['geometry']}, {derived['sampled_accesses']:,} accesses sampled")
    return "; ".join(parts)
