"""The solutions as text: header lines that parse and resolve, and kernels of the right names."""

from __future__ import annotations

import re

import pytest

from harness.devices.base import Limits
from harness.header import Header, parse_header
from harness.problem import problem_slots, rounded
from harness.schedule import Schedule, functions_of, resolve
from tests.unit.kernels.problems import NAMES, SPECS, solution

KERNEL = re.compile(r"^kernel void (\w+)\(", re.MULTILINE)


def header_of(name: str) -> Header:
    header = parse_header(solution(name).read_text())
    assert isinstance(header, Header), header
    return header


@pytest.mark.parametrize("name", NAMES)
def test_every_dispatched_function_is_there(name: str) -> None:
    defined = set(KERNEL.findall(solution(name).read_text()))
    assert defined == set(functions_of(header_of(name), SPECS[name]))
    assert SPECS[name].function in defined


@pytest.mark.parametrize("name", NAMES)
def test_the_schedule_resolves_at_every_size(name: str) -> None:
    spec, header = SPECS[name], header_of(name)
    limits = {
        function: Limits(max_total_threads=1024, static_threadgroup_bytes=0)
        for function in functions_of(header, spec)
    }
    for point in (spec.sizes.published, spec.sizes.large_point(), *spec.sizes.check_points()):
        schedule = resolve(header, spec, rounded(point), limits)
        assert isinstance(schedule, Schedule), (point, schedule)
        bound = {slot for d in schedule.dispatches for slot, _ in d.buffers.values()}
        assert bound >= set(problem_slots(spec, rounded(point)))


@pytest.mark.parametrize("name", NAMES)
def test_the_file_opens_with_its_idea_and_its_launch_lines(name: str) -> None:
    lines = solution(name).read_text().splitlines()
    code = next(i for i, line in enumerate(lines) if line.startswith("#include"))
    comments = [line for line in lines[:code] if not line.startswith("//!")]
    assert 1 <= len(comments) <= 2
    assert all(line.startswith("// ") for line in comments)
    assert any(line.startswith("//! ") for line in lines[:code])
    assert not [line for line in lines if len(line) > 120]
    assert "#define" not in "\n".join(lines)
