"""Counts and faults of a Variant at a size, from the checked build on a sample of its
threadgroups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.checking import checked
from harness.checking.checked import Checker, CheckReport
from harness.devices.base import Source
from harness.devices.cpu import CpuDevice
from harness.evaluation import Refusal
from harness.problem import inputs, tracks
from harness.problem.catalog import Kernel
from harness.problem.header import Header, parse_header
from harness.problem.schedule import Schedule, functions_of, resolve
from harness.spec import Point

#: Threadgroups of each dispatch that run for the counts; fewer than a dispatch has, and what they
#: did is multiplied by its threadgroups over these.
SAMPLED_THREADGROUPS = 64
#: And for faults: one that earns something is in nearly all of them.
CHECKED_THREADGROUPS = 12


@dataclass(frozen=True)
class Counted:
    """What one run of a Variant at a point does. Bytes, FLOPs and so on are of the whole run."""

    measured: Mapping[str, Any]
    derived: Mapping[str, Any]
    sampled: bool  # then the measured ones are derived too, from the sample
    threadgroups: int  # of the largest dispatch


def count(kernel: Kernel, source: Source, point: Point) -> Counted | str:
    """The counts at a point, or why there are none."""
    opened = _open(kernel, source, point)
    if isinstance(opened, str):
        return opened
    checker, schedule = opened
    try:
        found = checker.count(schedule, point, inputs.secret_of(0), SAMPLED_THREADGROUPS)
    finally:
        checker.close()
    if isinstance(found, str):
        return found
    groups = [
        _threadgroups(dispatch.grid, dispatch.threadgroup) for dispatch in schedule.dispatches
    ]
    return Counted(
        found["measured"], found["derived"], max(groups) > SAMPLED_THREADGROUPS, max(groups)
    )


def sample(kernel: Kernel, source: Source, point: Point, secret: int) -> CheckReport:
    """Faults of some threadgroups at a point: a kernel may be wrong only at sizes that nobody
    checks whole."""
    opened = _open(kernel, source, point)
    if isinstance(opened, str):
        return CheckReport(warnings=(f"unsupported: {opened}",))
    checker, schedule = opened
    try:
        return checker.sample(schedule, point, secret, CHECKED_THREADGROUPS)
    finally:
        checker.close()


def _open(kernel: Kernel, source: Source, point: Point) -> tuple[Checker, Schedule] | str:
    """A checked build and what it has to run at a point, or why there is none."""
    header = parse_header(source.text)
    if not isinstance(header, Header):
        return "the header lines are wrong"
    spec = tracks.spec_for(kernel.spec, header.track)
    opened = checked.open_checker(spec, source, functions_of(header, spec), CpuDevice())
    if isinstance(opened, Refusal):
        return opened.reason.split("\n")[0]
    schedule = resolve(header, spec, point, opened.session.limits)
    if isinstance(schedule, Schedule):
        return opened, schedule
    opened.close()
    return getattr(schedule, "reason", "") or "the file does not cover this size"


def _threadgroups(grid: tuple[int, int, int], threadgroup: tuple[int, int, int]) -> int:
    x, y, z = (-(-extent // size) for extent, size in zip(grid, threadgroup, strict=True))
    return x * y * z
