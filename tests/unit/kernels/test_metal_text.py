"""The solutions as text: header lines that parse and resolve, and kernels of the right names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.devices.base import Limits
from harness.problem import catalog
from harness.problem.binding import problem_slots, rounded
from harness.problem.header import Header, parse_header
from harness.problem.schedule import Schedule, functions_of, resolve
from harness.spec import KernelSpec
from tests.unit.kernels.problems import ROOT, variants_of

KERNEL = re.compile(r"^kernel void (\w+)\(", re.MULTILINE)
INSTANCE = re.compile(r'host_name\("(\w+)"\)')
INCLUDED = re.compile(r'^#include "(.+)"$', re.MULTILINE)
INCLUDES = ROOT / "metal" / "include"


KERNELS = {kernel.name: kernel for kernel in catalog.default().kernels()}
SPECS: dict[str, KernelSpec] = {name: kernel.spec for name, kernel in KERNELS.items()}
VARIANTS = [(name, path) for name in KERNELS for path in variants_of(KERNELS[name].set, name)]
every_variant = pytest.mark.parametrize(
    ("name", "path"), VARIANTS, ids=[f"{name}-{path.stem}" for name, path in VARIANTS]
)


def test_every_problem_has_a_solution_for_all_chips() -> None:
    assert {name for name, path in VARIANTS if path.stem in (name, "default", catalog.SEED)} == set(
        KERNELS
    )


def header_of(path: Path) -> Header:
    header = parse_header(path.read_text())
    assert isinstance(header, Header), header
    return header


@every_variant
def test_every_dispatched_function_is_there(name: str, path: Path) -> None:
    text = path.read_text()
    own, dispatched = set(KERNEL.findall(text)), set(functions_of(header_of(path), SPECS[name]))
    shared = "".join((INCLUDES / header).read_text() for header in INCLUDED.findall(text))
    defined = own | set(KERNEL.findall(shared)) | set(INSTANCE.findall(text + shared))
    assert own <= dispatched <= defined
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
    assert 1 <= len(comments) <= 4
    assert all(line.startswith("// ") for line in comments)
    if SPECS[name].work is None:  # else the public board's own schedule stands where there is none
        assert any(line.startswith("//! ") for line in lines[:code])
    assert not [line for line in lines if len(line) > 120 and not line.startswith("//!")]
    assert "#define" not in "\n".join(lines)
