"""The solutions as text: header lines that parse and resolve, and kernels of the right names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.devices.base import Limits
from harness.problem.binding import problem_slots, rounded
from harness.problem.header import Header, parse_header
from harness.problem.schedule import Schedule, functions_of, resolve
from tests.unit.kernels.problems import NAMES, SPECS, variants

KERNEL = re.compile(r"^kernel void (\w+)\(", re.MULTILINE)


VARIANTS = [(name, path) for name in NAMES for path in variants(name)]
every_variant = pytest.mark.parametrize(
    ("name", "path"), VARIANTS, ids=[f"{name}-{path.stem}" for name, path in VARIANTS]
)


def test_every_problem_has_a_solution_for_all_chips() -> None:
    assert {name for name, path in VARIANTS if path.stem in (name, "default")} == set(NAMES)


def header_of(path: Path) -> Header:
    header = parse_header(path.read_text())
    assert isinstance(header, Header), header
    return header


@every_variant
def test_every_dispatched_function_is_there(name: str, path: Path) -> None:
    defined = set(KERNEL.findall(path.read_text()))
    assert defined == set(functions_of(header_of(path), SPECS[name]))
    assert SPECS[name].function in defined


@every_variant
def test_the_schedule_resolves_at_every_size(name: str, path: Path) -> None:
    spec, header = SPECS[name], header_of(path)
    limits = {
        function: Limits(max_total_threads=1024, static_threadgroup_bytes=0)
        for function in functions_of(header, spec)
    }
    for point in (spec.sizes.published, spec.sizes.large_point(), *spec.sizes.check_points()):
        schedule = resolve(header, spec, rounded(point), limits)
        assert isinstance(schedule, Schedule), (point, schedule)
        bound = {slot for d in schedule.dispatches for slot, _ in d.buffers.values()}
        assert bound >= set(problem_slots(spec, rounded(point)))


@every_variant
def test_the_file_opens_with_its_idea_and_its_launch_lines(name: str, path: Path) -> None:
    lines = path.read_text().splitlines()
    code = next(i for i, line in enumerate(lines) if line.startswith("#include"))
    comments = [line for line in lines[:code] if not line.startswith("//!")]
    assert 1 <= len(comments) <= 2
    assert all(line.startswith("// ") for line in comments)
    assert any(line.startswith("//! ") for line in lines[:code])
    assert not [line for line in lines if len(line) > 120]
    assert "#define" not in "\n".join(lines)
