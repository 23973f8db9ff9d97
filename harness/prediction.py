"""What a kernel's counts let a chip take, without the chip: counts, ceilings and model together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import chip_metrics
from chip_metrics import synthesis
from harness.checking.counting import Counted
from harness.errors import UserError
from harness.problem.binding import rounded
from harness.problem.catalog import Kernel
from harness.spec import Cost, Point

_MODELS = ", ".join(synthesis.names())


def counts_of(kernel: Kernel, point: Point, found: Counted) -> synthesis.Counts:
    """The counts of a checked run in the words of the model, with the problem's own cost."""
    cost = kernel.spec.cost(rounded(point))
    tag = "derived" if found.sampled else "measured"
    return from_figures(cost, found.measured, found.derived, found.threadgroups, tag)


def from_figures(
    cost: Cost,
    measured: Mapping[str, Any],
    derived: Mapping[str, Any],
    threadgroups: int,
    tag: str,
) -> synthesis.Counts:
    """The same from what is stored of a run."""
    least = cost.bytes if cost.least_bytes is None else cost.least_bytes
    threads = int(measured["threads"])
    return synthesis.Counts(
        flops=cost.flops,
        least_bytes=least,
        working_set_bytes=cost.bytes if cost.working_set is None else cost.working_set,
        loaded_bytes=measured["device_loaded_bytes"],
        stored_bytes=measured["device_stored_bytes"],
        counted_flops=measured["flops"],
        threadgroup_bytes=measured["threadgroup_loaded_bytes"]
        + measured["threadgroup_stored_bytes"],
        bank_conflicts=derived.get("bank_conflict_factor", 1.0),
        coalescing=derived.get("coalescing", 1.0),
        simd_operations=measured["simd_operations"],
        barriers=measured["barriers"],
        dispatches=measured["dispatches"],
        threadgroups=threadgroups,
        threads=threads,
        threadgroup_threads=max(threads // max(int(measured["threadgroups"]), 1), 1),
        tag=tag,
    )


def rows_of(stem: str) -> list[chip_metrics.Chip]:
    """The chip that a person names, once a count of cores it is sold with, fewest first.

    Raises UserError for one that no table or no model knows.
    """
    try:
        chip_id = chip_metrics.chip_of_stem(stem)
    except chip_metrics.UnknownChip as unknown:
        raise UserError(str(unknown)) from None
    rows = [row for row in chip_metrics.CHIPS if row.id == chip_id]
    if synthesis.generation_of(rows[0]) is None:
        raise UserError(f"no model of {chip_id}", f"there are models of {_MODELS}")
    return rows


def predicted(row: chip_metrics.Chip, counts: synthesis.Counts) -> synthesis.Prediction:
    """The prediction for a chip of the table, from published ceilings."""
    generation = synthesis.generation_of(row)
    if generation is None:
        raise UserError(f"no model of {row.id}", f"there are models of {_MODELS}")
    return synthesis.predict(row, generation, chip_metrics.vendor_ceilings(row), counts)
