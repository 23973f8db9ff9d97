"""Schedules: resolved values, what each name denotes, and limits with the value found."""

from __future__ import annotations

import numpy as np
import pytest
from examples_of_kernels import double_spec

from harness.devices.base import Limits
from harness.evaluation import Refusal, Status
from harness.problem.binding import SpecError
from harness.problem.header import Header, parse_header
from harness.problem.schedule import NotCovered, Schedule, resolve
from harness.spec import Array, KernelSpec, Scalar

POINT = {"rows": 3, "cols": 100}


def header(text: str) -> Header:
    parsed = parse_header(text)
    assert isinstance(parsed, Header), parsed
    return parsed


def good(text: str = "", spec: KernelSpec | None = None, **limits: Limits) -> Schedule:
    schedule = resolve(header(text), spec or double_spec(), POINT, limits)
    assert isinstance(schedule, Schedule), schedule
    return schedule


def bad(text: str, spec: KernelSpec | None = None, **limits: Limits) -> Refusal:
    refusal = resolve(header(text), spec or double_spec(), POINT, limits)
    assert isinstance(refusal, Refusal), refusal
    assert refusal.status is Status.LAUNCH_ERROR
    return refusal


def test_without_header_the_schedule_is_the_specs() -> None:
    only = good().dispatches[0]
    assert (only.function, only.grid, only.threadgroup) == ("double_f32", (300, 1, 1), (64, 1, 1))
    assert only.buffers == {0: ("x", 0), 1: ("y", 0)}
    assert np.frombuffer(only.constants[2], "<u4")[0] == 300


def test_half_a_short_form_keeps_the_other_half() -> None:
    only = good("//! threadgroup: 32 2").dispatches[0]
    assert (only.grid, only.threadgroup) == ((300, 1, 1), (32, 2, 1))


def test_scalars_may_follow_the_geometry() -> None:
    spec = double_spec(
        scalars={"N": Scalar("uint32", "rows"), "step_by": Scalar("uint32", "grid_threads.x")}
    )
    only = good("//! grid: 96\n//! threadgroup: 32", spec).dispatches[0]
    assert np.frombuffer(only.constants[3], "<u4")[0] == 96


def test_max_threads_is_the_pipelines() -> None:
    only = good("//! threadgroup: max_threads(double_f32)", double_f32=Limits(896, 0))
    assert only.dispatches[0].threadgroup == (896, 1, 1)


TWO = """//! scratch part: float 8 * rows
//! dispatch a grid: 64 threadgroup: 32 bind 1=part
//! dispatch b grid: 32 threadgroup: 32 bind 0=part+16 const 5=rows const 6=0.5
"""


def test_binds_override_the_table_and_scratch_is_sized() -> None:
    schedule = good(TWO)
    first, last = schedule.dispatches
    assert first.buffers == {0: ("x", 0), 1: ("part", 0)}
    assert last.buffers == {0: ("part", 16), 1: ("y", 0)}
    assert np.frombuffer(last.constants[5], "<u4")[0] == 3
    assert np.frombuffer(last.constants[6], "<f4")[0] == 0.5
    assert schedule.slots["part"].bytes == 4 * 24
    assert schedule.repeatable


def test_swap_exchanges_between_repetitions() -> None:
    text = "//! dispatch double_f32 grid: 1 threadgroup: 1 repeat: {} swap: x,y const 4=step"
    for steps, result in ((1, "y"), (2, "x"), (3, "y")):
        schedule = good(text.format(steps))
        assert schedule.results == {"y": result}
        assert schedule.writable == {"x"}
        assert not schedule.repeatable
        bound = [d.buffers[1][0] for d in schedule.dispatches]
        assert bound == ["y", "x", "y"][:steps]
        counted = [np.frombuffer(d.constants[4], "<u4")[0] for d in schedule.dispatches]
        assert counted == list(range(steps))


def test_an_output_named_as_an_input_is_in_out() -> None:
    spec = double_spec(outputs={"x": Array("rows", "cols")})
    schedule = good("", spec)
    assert schedule.slots["x"].role == "inout"
    assert schedule.dispatches[0].buffers == {0: ("x", 0)}
    assert 1 in schedule.dispatches[0].constants
    assert not schedule.repeatable


def test_requires_says_where_a_file_holds() -> None:
    outside = resolve(header("//! requires: cols % 64 == 0"), double_spec(), POINT, {})
    assert outside == NotCovered("cols % 64 == 0")
    good("//! requires: cols % 50 == 0")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("//! grid: rows - 3", "double_f32 grid.x: rows - 3 = 0 < 1"),
        ("//! grid: 1 rows - 9", "double_f32 grid.y: rows - 9 = -6 < 1"),
        ("//! grid: 1 1 5000000000", "5000000000 > limit 4294967295"),
        ("//! grid: 9007199254740992 * 9", "overflows"),
        ("//! grid: 1.5", "= 1.5 is not whole"),
        ("//! threadgroup: 2000", "2000 > limit 1024"),
        ("//! threadgroup: 32 32 2", "32x32x2 = 2048 threads > pipeline limit 896"),
        ("//! grid: K", "unknown name 'K'"),
        ("//! scratch y: float 4", "the problem has this name"),
        ("//! scratch s: float 0", "0 < 1"),
        ("//! scratch s: half 1073741824", "1073741824 > limit 536870912"),
        ("//! dispatch double_f32 grid: 1 threadgroup: 1 bind 1=z", "no buffer 'z'"),
        ("//! dispatch double_f32 grid: 1 threadgroup: 1 bind 1=y+2", "not a multiple of 4"),
        ("//! dispatch double_f32 grid: 1 threadgroup: 1 bind 1=y+1200", "1200 > limit 1199"),
        ("//! dispatch double_f32 grid: 1 threadgroup: 1 tgmem 0: 24", "not a multiple of 16"),
        ("//! dispatch double_f32 grid: 1 threadgroup: 1 tgmem 0: 32768", "33792 bytes > limit"),
        ("//! dispatch double_f32 grid: 1 threadgroup: 1 swap: x,q", "no buffer 'q'"),
        ("//! dispatch double_f32 grid: 1 threadgroup: 1 repeat: 0", "0 < 1"),
        ("//! dispatch double_f32 grid: 1 threadgroup: 1 repeat: 99999", "> limit 65536"),
    ],
)
def test_impossible_geometry_is_refused_with_both_numbers(text: str, reason: str) -> None:
    refusal = bad(text, double_f32=Limits(896, 1024))
    assert reason in refusal.reason


def test_refusals_name_the_header_line() -> None:
    text = "// one\n//! dispatch double_f32 grid: 0 threadgroup: 1"
    assert bad(text).location == "2:1"


def test_a_scalar_that_does_not_fit_is_refused() -> None:
    spec = double_spec(scalars={"N": Scalar("uint32", "rows - 10")})
    assert "does not fit uint32" in bad("", spec).reason


def test_a_bad_spec_is_a_fault_of_the_spec() -> None:
    with pytest.raises(SpecError):
        good("", double_spec(schedule="grid: oops("))
    with pytest.raises(SpecError):
        good("", double_spec(outputs={"y": Array("rows - 3")}))
