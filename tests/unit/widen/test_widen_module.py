"""Whole kernels as text: what is kept, what is written, what is declined."""

from __future__ import annotations

import re

import pytest
from widen_ir import FLAT, X, module

from msl.widen.module import Widened, widen

COPY = f"""  %2 = {X}
  %3 = getelementptr i8, ptr %0, i64 320
  %4 = load ptr, ptr %3
  %5 = zext i32 %2 to i64
  %6 = getelementptr float, ptr %4, i64 %5
  %7 = load float, ptr %6, align 4
  %8 = fmul float %7, 2.000000e+00
  store float %8, ptr %6, align 4
  ret void"""


def declined(body: str) -> str:
    outcome = widen(module(body)).outcomes[0]
    assert not outcome.mode
    return outcome.construct


def body_of(found: Widened, name: str) -> str:
    match = re.search(rf"define internal void @{name}\(.*?^}}", found.texts[0], re.S | re.M)
    assert match
    return match.group(0)


def test_neighbours_become_vectors_where_lanes_lie_in_a_row() -> None:
    found = widen(module(COPY))
    assert found.outcomes[0].mode == "loop"
    row = body_of(found, "msl_row_0")
    assert "load <32 x float>, ptr" in row
    assert "gather" not in row
    assert "store <32 x float>" in row
    anywhere = body_of(found, "msl_any_0")
    assert "br i1 %rows.hold" in anywhere
    assert "masked.gather" in anywhere and anywhere.count("masked.load.v8f32") == 4


def test_what_is_used_stays_and_the_rest_goes() -> None:
    text = widen(module(COPY)).texts[0]
    assert "define void @msl_loop_0" in text
    assert "@msl_lanes_0" not in text
    assert "@msl_body_0" not in text
    assert "+prefer-no-gather" not in text


def test_a_barrier_makes_a_simdgroup_the_unit() -> None:
    body = "  call void @msl_threadgroup_barrier(i32 2, i32 1)\n  ret void"
    found = widen(module(body))
    assert found.outcomes[0].mode == "lanes"
    assert "define void @msl_lanes_0" in found.texts[0]


PARTED = f"""  %2 = {FLAT}
  %3 = icmp ult i32 %2, 7
  br i1 %3, label %4, label %5
4:
  call void @msl_threadgroup_barrier(i32 2, i32 1), !dbg !77
  br label %5
5:
"""


def test_a_barrier_that_the_others_cannot_meet_is_kept() -> None:
    assert widen(module(PARTED + "  ret void")).outcomes[0].mode == "lanes"


def test_a_barrier_that_parted_lanes_may_meet_elsewhere_is_declined_with_its_place() -> None:
    body = PARTED + "  call void @msl_threadgroup_barrier(i32 2, i32 2)\n  ret void"
    outcome = widen(module(body)).outcomes[0]
    assert outcome.construct == "a threadgroup_barrier that not all threads may reach together"
    assert outcome.location == 77


def test_a_collective_on_the_way_out_of_a_divergent_loop_is_declined() -> None:
    body = f"""  %2 = {FLAT}
  br label %3
3:
  %4 = phi i32 [ 0, %1 ], [ %5, %3 ]
  call void @msl_lanes_next(i32 5)
  %5 = add i32 %4, 1
  %6 = icmp ult i32 %5, %2
  br i1 %6, label %3, label %7
7:
  %8 = call i32 @msl_lanes_active()
  call void @msl_lanes_leave(i32 5)
  ret void"""
    assert declined(body) == "a SIMD-group function on the way out of a loop"
    after = body.replace("  %8 = call i32 @msl_lanes_active()\n", "")
    after = after.replace("  ret void", "  %8 = call i32 @msl_lanes_active()\n  ret void")
    assert widen(module(after)).outcomes[0].mode == "loop"


@pytest.mark.parametrize(
    ("body", "construct"),
    [
        ("  call void @_Z6helperv()\n  ret void", "a call of 'helper'"),
        ("  %2 = load i24, ptr %0\n  %3 = add i24 %2, 1\n  ret void", ""),
        ("  %2 = va_arg ptr %0, i32\n  ret void", "the instruction `va_arg"),
    ],
)
def test_what_is_unknown_is_named(body: str, construct: str) -> None:
    if construct:
        assert declined(body).startswith(construct)
    else:
        assert widen(module(body)).outcomes[0].mode == "loop"


def test_odd_integers_in_memory_are_declined() -> None:
    body = COPY.replace("load float, ptr %6", "load i24, ptr %6").replace(
        "%8 = fmul float %7, 2.000000e+00\n  store float %8", "store i24 %7"
    )
    assert declined(body) == "a number of 24 bits in memory"


def test_an_empty_kernel() -> None:
    assert widen(module("  ret void")).outcomes[0].mode == "loop"
