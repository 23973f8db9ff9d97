"""Counts of kernels at `large`: what is stored of them, and the bounds that they are held to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.checking.counting import Counted
from harness.problem.binding import rounded
from harness.problem.catalog import Kernel
from harness.spec import Point

#: FLOPs of a product a byte that tiles of 64 x 64 in float32 load: 2 MNK over 4 MNK (1/64 + 1/64).
TILED_INTENSITY = 16
#: The most of the least bytes that a memory-bound kernel may move; with a stated reason.
MOST_MOVED, MOST_MOVED_WITH_REASON = 1.25, 2.25
#: The most of the bytes of 64 x 64 tiles that a product or convolution may load.
MOST_LOADED = 1.25
#: The least share of the fetched 128-byte lines that a memory-bound kernel uses in full.
LEAST_FULL_LINES = 0.9
#: The fewest threadgroups that keep a large GPU busy.
LEAST_THREADGROUPS = 320

Entry = Mapping[str, Any]


def entry(kernel: Kernel, point: Point, found: Counted) -> dict[str, Any]:
    """What is stored of the counts of one kernel. Bytes and operations are of one whole run."""
    cost = kernel.spec.cost(rounded(point))
    measured, derived = found.measured, found.derived
    return {
        "point": dict(point),
        "flops": cost.flops,
        "least_bytes": cost.bytes,
        "loaded_bytes": measured["device_loaded_bytes"],
        "stored_bytes": measured["device_stored_bytes"],
        "lines_fetched": derived.get("lines_fetched", 0),
        "lines_fully_used": derived.get("lines_fully_used", 0),
        "threadgroups": found.threadgroups,
        "dispatches": measured["dispatches"],
        "barriers": measured["barriers"],
        "simd_operations": measured["simd_operations"],
        "tag": "derived" if found.sampled else "measured",
    }


def is_product(row: Entry) -> bool:
    """Whether tiles of 64 x 64 have to load more than the least bytes: bound by arithmetic."""
    return bool(row["flops"] / TILED_INTENSITY > row["least_bytes"])


def moved(row: Entry) -> float:
    """Bytes moved over the least bytes."""
    return float((row["loaded_bytes"] + row["stored_bytes"]) / row["least_bytes"])


def loaded(row: Entry) -> float:
    """Bytes loaded over those that 64 x 64 tiles load."""
    return float(row["loaded_bytes"] * TILED_INTENSITY / row["flops"])


def full_lines(row: Entry) -> float:
    """The share of the fetched lines that is used in full, among the sampled SIMD-groups."""
    return float(row["lines_fully_used"] / row["lines_fetched"]) if row["lines_fetched"] else 1.0


def violations(row: Entry, reasons: Mapping[str, str]) -> list[str]:
    """The bounds that a row breaks. `reasons`: those that the kernel's header states."""
    found = []
    if is_product(row):
        if loaded(row) > MOST_LOADED and "loads" not in reasons:
            found.append(f"loads {loaded(row):.2f}x of 64 x 64 tiles > {MOST_LOADED}")
    else:
        most = MOST_MOVED_WITH_REASON if "bytes" in reasons else MOST_MOVED
        if moved(row) > most:
            found.append(f"moves {moved(row):.2f}x the least bytes > {most}")
        if full_lines(row) < LEAST_FULL_LINES and "lines" not in reasons:
            found.append(
                f"{full_lines(row):.0%} of the lines used in full < {LEAST_FULL_LINES:.0%}"
            )
    if row["threadgroups"] < LEAST_THREADGROUPS and "threadgroups" not in reasons:
        found.append(f"{row['threadgroups']} threadgroups < {LEAST_THREADGROUPS}")
    return found
