"""The published list: its 116 names, and the ABI by which kernels written for it drop in."""

from __future__ import annotations

import csv
import math
import re
import struct
from collections import Counter
from pathlib import Path

import pytest

from harness.command import cli
from harness.problem import catalog
from harness.problem.binding import problem_slots
from harness.problem.schedule import Schedule, default_header, resolve
from harness.spec import KernelSpec

#: Names, functions, buffers, scalars and dispatches; buffers as name@index:(shape).
LIST = Path(__file__).resolve().parents[2] / "golden" / "published.csv"
TYPES = {"u32": ("uint32", "<I"), "f32": ("float32", "<f")}
with LIST.open(newline="") as file:
    PUBLISHED = {row["name"]: row for row in csv.DictReader(file)}
NAMES = dict((name, kernel_set) for kernel_set, name in catalog.default().names())


def test_every_published_name_is_a_problem_of_its_set() -> None:
    assert Counter(row["set"] for row in PUBLISHED.values()) == {
        "common": 75,
        "standard": 35,
        "full": 6,
    }
    found = {name: kernel_set for name, kernel_set in NAMES.items() if kernel_set in catalog.PUBLIC}
    assert found == {name: row["set"] for name, row in PUBLISHED.items()}


def schedule_of(spec: KernelSpec) -> Schedule:
    found = resolve(default_header(spec), spec, spec.sizes.published, {})
    assert isinstance(found, Schedule), found
    return found


def split(text: str) -> list[str]:
    """The entries of a cell; none if it is empty."""
    return [part for part in text.split("; ") if part]


def buffers(text: str) -> list[tuple[str, int, tuple[int, ...]]]:
    """ "x@0:(2,3); y@1:(2)" as names, indices and shapes."""
    found = []
    for part in split(text):
        match = re.fullmatch(r"(\w+)@(\d+):\(([\d,]+)\)", part)
        assert match is not None, part
        found.append((match[1], int(match[2]), tuple(map(int, match[3].split(",")))))
    return found


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name in NAMES])
def test_a_kernel_of_the_published_list_drops_in(name: str) -> None:
    row, spec = PUBLISHED[name], catalog.default().find(name).spec
    slots = problem_slots(spec, spec.sizes.published)
    assert spec.function == row["function"]
    wanted = [*buffers(row["inputs"]), *buffers(row["output"])]
    assert [(n, i, slots[n].shape) for i, n in enumerate((*spec.inputs, *spec.outputs))] == wanted
    assert {slots[n].dtype for n, _, _ in wanted} == {"float32"}
    (dispatch,) = schedule_of(spec).dispatches
    scalars = [re.fullmatch(r"(\w+):(\w+)@(\d+)=(.+)", part) for part in split(row["scalars"])]
    for match, (scalar, declared) in zip(scalars, spec.scalars.items(), strict=True):
        assert match is not None
        dtype, packed = TYPES[match[2]]
        assert (match[1], dtype) == (scalar, declared.dtype)
        (value,) = struct.unpack(packed, dispatch.constants[int(match[3])])
        assert math.isclose(value, float(match[4]), rel_tol=1e-6), scalar
    assert list(dispatch.buffers) == [index for _, index, _ in wanted]
    shape = "x".join(map(str, dispatch.grid)), "x".join(map(str, dispatch.threadgroup))
    assert shape == (row["grid"], row["threadgroup"])


def test_the_list_says_how_many_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--list"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    specs = [catalog.default().find(name).spec for name, s in NAMES.items() if s in catalog.PUBLIC]
    corrected = sum(kernel_set == "corrected" for kernel_set in NAMES.values())
    ranked = sum(spec.ranked for spec in specs)
    assert last.startswith(f"{len(specs)} published ({ranked} ranked) + {corrected} corrected")


def test_a_corrected_problem_names_an_unranked_published_one() -> None:
    for name, kernel_set in NAMES.items():
        spec = catalog.default().find(name).spec
        assert bool(spec.corrects) == (kernel_set == "corrected"), name
        if spec.corrects:
            assert spec.corrects in PUBLISHED, name
            assert not catalog.default().find(spec.corrects).spec.ranked, name
        assert bool(spec.unranked_reason) != spec.ranked, name
