"""`python -m trust.checked_cost [NAME ...]`: what the checked build costs against the plain build
of the same kernel on the reference engine (a fiber a thread, one thread of the machine)."""

from __future__ import annotations

import math
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import msl
from harness import settings
from harness.checking import checked, judge
from harness.devices.base import Source
from harness.devices.cpu import CpuDevice
from harness.evaluation import Refusal
from harness.gate import points
from harness.problem import catalog, tracks
from harness.problem.bank import Bank
from harness.problem.binding import rounded
from harness.problem.header import HeaderError, parse_header
from harness.problem.inputs import secret_of
from harness.problem.schedule import Schedule, functions_of, resolve
from harness.spec import KernelSpec, Point
from harness.timing.kernel_side import KernelSide
from msl.targets import cpu
from trust.report import table

CHIP = "cpu-amd-avx512-2"
#: A mid size: the draw whose work, operations or bytes, is nearest to this.
WORK = 2e7
DRAWS = 12
REPEATS = 3


def mid_size(spec: KernelSpec) -> Point:
    """A ragged point of the domain at which the plain build takes some milliseconds."""
    drawn = [
        one.point
        for seed in range(DRAWS)
        for one in points.draw(spec, secret_of(seed), spec.sizes.published, lambda point: True)
        if one.kind in ("prime", "ragged")
    ]

    def distance(point: Point) -> float:
        cost = spec.cost(rounded(point))
        return abs(math.log(max(cost.flops, cost.bytes, 1) / WORK))

    return min(drawn or [spec.sizes.published], key=distance)


@contextmanager
def _fibers_only() -> Iterator[None]:
    """Builds of the reference engine: the front end takes every kernel for one that synchronises.
    In a cache of their own: the key does not know."""
    entry, compile_source = cpu._entry, msl.compile_source

    def for_reference(*arguments: Any, **named: Any) -> msl.Library | msl.Rejection:
        return compile_source(*arguments, **{**named, "engine": "reference"})

    def fiber(unit: Any, analysis: Any, kernel: Any, number: int, *rest: Any) -> cpu.Entry:
        return entry(unit, analysis, kernel, number, True, False)

    with tempfile.TemporaryDirectory(prefix="metal-bench-cost-") as folder, ExitStack() as stack:
        shared = settings.paths().build
        for made in shared.glob("*"):
            if made.name != "programs" and not made.name.startswith("."):
                (Path(folder) / made.name).symlink_to(made)
        stack.enter_context(mock.patch.dict("os.environ", {"METAL_BENCH_CACHE": folder}))
        stack.enter_context(mock.patch.object(cpu, "_entry", fiber))
        stack.enter_context(mock.patch.object(msl, "compile_source", for_reference))
        yield


def plain_ms(spec: KernelSpec, source: Source, point: Point) -> float | str:
    """The plain fiber build on one thread, least of some runs; or why there is none."""
    with _fibers_only():
        candidate = judge.prepare(spec, source, CpuDevice(), threads=1)
    if isinstance(candidate, Refusal):
        return candidate.reason.split("\n")[0]
    try:
        schedule = candidate.schedule(point)
        if not isinstance(schedule, Schedule):
            return f"not covered at {dict(point)}"
        side = KernelSide(candidate, schedule, Bank(spec, point, 1, "cost", sets=2), 1)
        times = []
        for _ in range(REPEATS):
            took = side.sample(1)
            if isinstance(took, Refusal):
                return took.reason
            times.append(took.ms)
        return min(times)
    finally:
        candidate.close()


def checked_ms(spec: KernelSpec, source: Source, point: Point) -> float | str:
    """One run of the checked build in natural order; or why there is none."""
    header = parse_header(source.text)
    if isinstance(header, HeaderError):
        return header.message
    opened = checked.open_checker(spec, source, functions_of(header, spec), CpuDevice())
    if isinstance(opened, Refusal):
        return opened.reason.split("\n")[0]
    times: list[float] = []
    try:
        with mock.patch.object(opened.session, "run", _noting(opened.session.run, times)):
            schedule = resolve(header, spec, point, opened.session.limits)
            if not isinstance(schedule, Schedule):
                return "not covered"
            report = opened.check(schedule, point, "cost", 1, full=True)
        if report.refusal or any(text.startswith("unsupported") for text in report.warnings):
            return str(report.refusal or report.warnings[0])
        return min(times)
    finally:
        opened.close()


def _noting(run: Any, times: list[float]) -> Any:
    def timed(*arguments: Any, **named: Any) -> Any:
        took = run(*arguments, **named)
        if not isinstance(took, Refusal):
            times.append(took.ms)
        return took

    return timed


def main(names: list[str]) -> int:
    """Print the table, and the median and worst of the ratios."""
    rows: list[tuple[str, ...]] = [("kernel", "size", "plain", "checked", "ratio")]
    ratios = []
    every = catalog.default()
    for kernel in [every.find(name) for name in names] if names else every.kernels():
        source = every.variant(kernel, CHIP).source
        spec = tracks.spec_for(kernel.spec, "exact")
        point = mid_size(spec)
        size = ", ".join(f"{n}={v:g}" for n, v in point.items())
        plain, slow = plain_ms(spec, source, point), checked_ms(spec, source, point)
        if isinstance(plain, str) or isinstance(slow, str):
            rows.append((kernel.name, size, str(plain)[:60], str(slow)[:60], ""))
        else:
            ratios.append(slow / plain)
            figures = (f"{plain:.2f} ms", f"{slow:.1f} ms", f"{slow / plain:.1f}x")
            rows.append((kernel.name, size, *figures))
        print("  ".join(rows[-1]), flush=True)
    print(table(rows))
    if ratios:
        print(f"median {statistics.median(ratios):.1f}x, worst {max(ratios):.1f}x of {len(ratios)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
