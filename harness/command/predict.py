"""`./bench --predict CHIP NAME`: what a kernel could take on a chip that is not here."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import chip_metrics
from chip_metrics import synthesis
from harness import atomic, console, prediction
from harness.checking import counting
from harness.devices.base import Source
from harness.errors import ExitCode, UserError
from harness.problem import catalog
from harness.problem.catalog import Kernel

#: Until docs/PREDICT.md compares predictions with times measured on Apple chips.
CALIBRATION = "uncalibrated"
SCHEMA_VERSION = 1


def run(
    stem: str, names: Sequence[str], size: str | None, file: str | None, *, as_json: bool
) -> int:
    """Predict every kernel named for every core count that the chip is sold with."""
    rows = prediction.rows_of(stem)
    worst = int(ExitCode.PASSED)
    for name in names:
        kernel = catalog.default().find(name)
        source = catalog.default().variant(kernel, rows[0].id).source
        if file:
            source = catalog.read_source(Path(file))
        try:
            _predict(kernel, source, size or "large", rows, as_json=as_json)
        except UserError as error:
            console.error(f"{name}: {error.message}", error.hint)
            worst = max(worst, int(error.exit_code))
    return worst


def _predict(
    kernel: Kernel,
    source: Source,
    size: str,
    rows: Sequence[chip_metrics.Chip],
    *,
    as_json: bool,
) -> None:
    point = catalog.point_of(kernel.spec, size)
    with console.working(f"{kernel.name} {size}: counting"):
        found = counting.count(kernel, source, point)
    if isinstance(found, str):
        raise UserError(f"no counts: {found}", f"./bench {kernel.name} --check-only --checked")
    counts = prediction.counts_of(kernel, point, found)
    predictions = [prediction.predicted(row, counts) for row in rows]
    if as_json:
        for one in predictions:
            sys.stdout.write(
                atomic.strict_json(as_document(kernel, size, counts, one), indent=None)
            )
        return
    _show(kernel, size, counts, list(zip(rows, predictions, strict=True)))


def as_document(
    kernel: Kernel, size: str, counts: synthesis.Counts, found: synthesis.Prediction
) -> Mapping[str, Any]:
    """One prediction as a JSON object."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kernel": kernel.name,
        "size": size,
        "calibration": CALIBRATION,
        "counts": asdict(counts),
        **asdict(found),
    }


def _show(
    kernel: Kernel,
    size: str,
    counts: synthesis.Counts,
    found: Sequence[tuple[chip_metrics.Chip, synthesis.Prediction]],
) -> None:
    asked = counts.loaded_bytes + counts.stored_bytes
    console.out.print(
        f"{kernel.name} {size}, {CALIBRATION}: no such time was ever measured (docs/PREDICT.md)",
        style="bold",
        markup=False,
    )
    console.out.print(
        f"counts ({counts.tag}): {counts.flops:.4g} FLOP, {counts.least_bytes:.4g} B at least, "
        f"{asked:.4g} B asked for, {counts.threadgroups} threadgroups",
        markup=False,
    )
    for row, one in found:
        clock = row.clock_mhz
        console.out.print(
            f"\n{row.name}, {row.cores} cores: {one.estimate_ms:.4g} ms "
            f"[{one.least_ms:.4g}, {one.most_ms:.4g}], bound by {one.binding.resource}"
            + (f"; clock {clock.confidence} ({clock.source})" if clock else ""),
            markup=False,
        )
        table = [("resource", "ms", "tag", "from")]
        for bound in sorted(one.bounds, key=lambda bound: -bound.ms):
            table.append((bound.resource, f"{bound.ms:.4g}", bound.tag, bound.basis))
        console.show_table(table)
