"""Where lanes part and meet, and the plan of blocks that follows from it."""

from __future__ import annotations

from widen_ir import FLAT, function

from msl.widen import calls, divergence, flow, layout
from msl.widen.ir import Instruction
from msl.widen.shapes import UNIFORM, Shape
from msl.widen.types import Types


def analysed(body: str) -> divergence.Divergence:
    def special(item: Instruction, shapes: list[Shape]) -> Shape | None:
        return calls.shape_of(item, shapes, whole=True) if item.op == "call" else None

    return divergence.analyse(flow.analyse(function(body)), Types(), {"%0": UNIFORM}, special)


BRANCH = """  %2 = {0}
  %3 = icmp ult i32 %2, 7
  br i1 %3, label %4, label %5
4:
  br label %5
5:
  %6 = phi i32 [ 1, %4 ], [ 2, %1 ]
  ret void"""

LOOP = """  %2 = {0}
  br label %3
3:
  %4 = phi i32 [ 0, %1 ], [ %6, %5 ]
  %7 = icmp ult i32 %4, %2
  br i1 %7, label %5, label %8
5:
  %6 = add i32 %4, 1
  br label %3
8:
  %9 = add i32 %4, 2
  ret void"""


def test_lanes_that_parted_choose_differently_where_they_meet() -> None:
    found = analysed(BRANCH.format(FLAT))
    assert found.divergent == {"1"}
    assert found.joins == {"5"}
    assert found.shapes["%6"].is_varying


def test_lanes_that_stay_together_do_not() -> None:
    found = analysed(BRANCH.format("add i32 3, 4"))
    assert not found.divergent
    assert found.shapes["%6"].is_uniform


def test_a_counter_is_uniform_in_a_loop_that_lanes_leave_one_by_one_but_not_after_it() -> None:
    found = analysed(LOOP.format(FLAT))
    assert found.loops == {"3"}
    assert found.shapes["%4"].is_uniform
    assert found.shapes["%9"].is_varying
    assert found.frozen_at("%4", "8") is not None


def test_a_loop_that_all_leave_together_stays_a_loop() -> None:
    found = analysed(LOOP.format("add i32 3, 4"))
    assert not found.loops
    assert found.shapes["%9"].is_uniform


def test_a_uniform_loop_in_one_arm_stays_uniform() -> None:
    body = """  %2 = {0}
  %3 = icmp ult i32 %2, 7
  br i1 %3, label %4, label %9
4:
  br label %5
5:
  %6 = phi i32 [ 0, %4 ], [ %7, %5 ]
  %7 = add i32 %6, 1
  %8 = icmp eq i32 %7, 10
  br i1 %8, label %9, label %5
9:
  ret void"""
    found = analysed(body.format(FLAT))
    assert found.shapes["%6"].is_uniform
    assert not found.loops


def test_after_parting_and_meeting_all_lanes_are_here_again() -> None:
    found = layout.lay_out(analysed(BRANCH.format(FLAT)), whole=True)
    assert found.places["5"].whole
    assert found.places["5"].root == "1"
    assert not found.places["4"].whole
    assert found.places["1"].fall == "4"
    assert found.places["4"].next == {"5": "5"}


def test_the_latch_of_a_divergent_loop_leads_to_its_exit() -> None:
    found = layout.lay_out(analysed(LOOP.format(FLAT)), whole=True)
    assert found.places["3.latch"].fall == "8"
    assert found.places["8"].whole
    assert not found.places["3"].whole
