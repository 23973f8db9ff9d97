"""`python -m perf.backtest`: holds the predictions of chip_metrics against times measured here.

The same code that predicts Apple GPUs predicts this CPU, from its measured ceilings. Rows marked
`in_view` were known when the rates of chip_metrics/synthesis/cpu.py were set; the others judge.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import chip_metrics
from chip_metrics import Ceilings, Level, synthesis
from chip_metrics.synthesis import cpu
from harness import atomic, console, environment, prediction, settings
from harness.checking import counting
from harness.errors import UserError
from harness.evaluator import evaluate
from harness.problem import catalog
from harness.problem.binding import rounded
from harness.problem.catalog import Kernel
from harness.spec import Cost

DATA = settings.ROOT / "docs" / "data" / "backtest.json"
PAGE = settings.ROOT / "docs" / "PREDICT.md"
SCHEMA_VERSION = 1
SIZE = "published"

Row = Mapping[str, Any]

_INTRODUCTION = """\
<!-- written by `python -m perf.backtest`; edit perf/backtest.py -->
# Predictions and how far they can be trusted

`./bench --predict m4_max NAME` counts what a kernel does in the checked build and says what each
resource of the chip needs for it: memory, arithmetic, the lanes in use, issue slots, threadgroup
memory, cache, launches. A bound is *derived* where it follows from counts and a published peak: no
run can be shorter. It is *modelled* where a rate in it is assumed.

**No prediction for an Apple chip has been compared with a time measured on one.** Each says
`uncalibrated` until a table of such times stands here. What was compared is the code: on the CPU it
was measured on, with that CPU's measured ceilings. Its rates were set by hand with the first rows
in view; the others had not been seen then.
"""
_CONCLUSION = """\
Times on a CPU say nothing about an Apple GPU's; they test the arithmetic of bounds and ranks. What
the model cannot see: how well a loop vectorises, so that kernels with short or strided inner loops
take longer than their counts say."""


@dataclass(frozen=True)
class Judged:
    """A measured time beside its prediction; `judging`: no rate was set with it in view."""

    kernel: str
    measured_ms: float
    prediction: synthesis.Prediction
    judging: bool

    @property
    def holds(self) -> bool:
        """Whether the measured time lies between the bounds."""
        return self.prediction.least_ms <= self.measured_ms <= self.prediction.most_ms


def measure(kernel: Kernel, *, in_view: bool) -> Row | str:
    """Time and counts of a kernel at one size, or why there are none."""
    found = evaluate(kernel.name, None, device="cpu", sizes=(SIZE,), mode="screen", sides="metal")
    if found.figures is None or found.figures.kernel_ms_median is None:
        return f"{found.status}: {found.reason}"
    source = catalog.default().variant(kernel, found.chip).source
    point = catalog.point_of(kernel.spec, SIZE)
    counted = counting.count(kernel, source, point)
    if isinstance(counted, str):
        return counted
    return {
        "kernel": kernel.name,
        "ms": found.figures.kernel_ms_median,
        "source_sha256": source.sha256,
        "cost": asdict(kernel.spec.cost(rounded(point))),
        "measured": dict(counted.measured),
        "derived": dict(counted.derived),
        "threadgroups": counted.threadgroups,
        "sampled": counted.sampled,
        "in_view": in_view,
    }


def measure_all(kernels: Sequence[Kernel], seconds: float, data: Path) -> None:
    """Measure as many kernels as the time allows; every row is kept in `data` as it is found. What
    was in view when rates were set stays so, however often it is measured."""
    before = json.loads(DATA.read_text("utf-8"))["rows"]
    seen = {row["kernel"] for row in before if row["in_view"]}
    known = chip_metrics.detect_cpu()
    ceilings = chip_metrics.measured_ceilings(known, settings.paths().build)
    rows: list[Row] = []
    started = time.monotonic()
    for kernel in [*kernels[::2], *kernels[1::2]]:
        if time.monotonic() - started > seconds:
            break
        try:
            row = measure(kernel, in_view=kernel.name in seen)
        except UserError as error:
            row = error.message
        if isinstance(row, str):
            console.say(f"{kernel.name}: left out, {row}")
            continue
        rows.append(row)
        console.say(f"{kernel.name}: {row['ms']:.4g} ms")
        atomic.write_json(data, document(known, ceilings, sorted(rows, key=lambda r: r["kernel"])))


def document(known: chip_metrics.Cpu, ceilings: Ceilings, rows: Sequence[Row]) -> dict[str, Any]:
    """What is stored: the processor, its ceilings, and what each kernel took and did."""
    return {
        "about": "written by `python -m perf.backtest`; never edited by hand",
        "schema_version": SCHEMA_VERSION,
        "commit": environment.commit(),
        "cpu": {"chip": known.chip_id, "model": known.model, "cores": known.cores},
        "ceilings": asdict(ceilings),
        "rows": list(rows),
    }


def judged(stored: Mapping[str, Any]) -> list[Judged]:
    """Every stored kernel with its prediction, made anew."""
    known = stored["cpu"]
    chip = chip_metrics.Chip(
        id=known["chip"], name=known["model"], cores=known["cores"], clock_mhz=cpu.CLOCK_MHZ
    )
    levels = tuple(Level(**level) for level in stored["ceilings"]["levels"])
    ceilings = Ceilings(**{**stored["ceilings"], "levels": levels})
    found = []
    for row in stored["rows"]:
        tag = "derived" if row["sampled"] else "measured"
        counts = prediction.from_figures(
            Cost(**row["cost"]), row["measured"], row["derived"], row["threadgroups"], tag
        )
        expected = synthesis.predict(chip, cpu.GENERATION, ceilings, counts)
        found.append(Judged(row["kernel"], row["ms"], expected, not row["in_view"]))
    return found


def spearman(rows: Sequence[Judged]) -> float:
    """The rank correlation of estimates and measured times."""
    measured = np.argsort(np.argsort([row.measured_ms for row in rows]))
    estimated = np.argsort(np.argsort([row.prediction.estimate_ms for row in rows]))
    return float(np.corrcoef(measured, estimated)[0, 1])


def holding(rows: Sequence[Judged]) -> float:
    """The share of the kernels whose time lies between the bounds."""
    return sum(row.holds for row in rows) / len(rows)


def page(stored: Mapping[str, Any]) -> str:
    """docs/PREDICT.md."""
    rows = judged(stored)
    known = f"{stored['cpu']['model']}, {stored['cpu']['cores']} cores"
    lines = [
        _INTRODUCTION,
        f"`python -m perf.backtest --measure` on {known}, "
        f"commit {stored['commit']}, size `{SIZE}`:",
        "",
        summary(stored),
        "",
        f"The bounds of a kernel are a factor of {_width(rows):.0f} apart (median), so they "
        "exclude little.",
        "",
        "| kernel | measured ms | least ms | estimate ms | most ms | binding | between |",
        "|---|---|---|---|---|---|---|",
        *map(_line, rows),
        "",
        _CONCLUSION,
    ]
    return "\n".join(lines) + "\n"


def summary(stored: Mapping[str, Any]) -> str:
    """How well the predictions fit what is stored, as a table."""
    rows = judged(stored)
    unseen = [row for row in rows if row.judging]
    lines = [
        "| kernels | Spearman | between the bounds | below the least time |",
        "|---|---|---|---|",
    ]
    for label, some in ((f"all {len(rows)}", rows), (f"{len(unseen)} unseen before", unseen)):
        if len(some) > 1:
            below = sum(row.measured_ms < row.prediction.least_ms for row in some)
            lines.append(f"| {label} | {spearman(some):.2f} | {holding(some):.0%} | {below} |")
    return "\n".join(lines)


def _width(rows: Sequence[Judged]) -> float:
    return float(np.median([row.prediction.most_ms / row.prediction.least_ms for row in rows]))


def _line(row: Judged) -> str:
    expected = row.prediction
    times = (row.measured_ms, expected.least_ms, expected.estimate_ms, expected.most_ms)
    cells = [row.kernel, *(f"{ms:.3g}" for ms in times), expected.binding.resource]
    return f"| {' | '.join(cells)} | {'yes' if row.holds else 'no'} |"


def main(arguments: Sequence[str]) -> int:
    """Measure if asked to, then write the page from what is stored."""
    parser = argparse.ArgumentParser(prog="perf.backtest", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure anew (about ten minutes)")
    parser.add_argument("--seconds", type=float, default=900, help="stop measuring after so long")
    parser.add_argument(
        "--aside", type=Path, help="keep what is measured in this file; the page stays as it is"
    )
    options = parser.parse_args(arguments)
    if options.measure:
        names = [kernel for kernel in catalog.default().kernels() if kernel.set != "metal_sci"]
        measure_all(names, options.seconds, options.aside or DATA)
    if options.aside:
        sys.stdout.write(summary(json.loads(options.aside.read_text("utf-8"))) + "\n")
        return 0
    atomic.write_text(PAGE, page(json.loads(DATA.read_text("utf-8"))))
    console.say(f"wrote {PAGE.relative_to(settings.ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
