"""Functions of IR for the tests of the widener, from text as clang writes it."""

from __future__ import annotations

from msl.widen.ir import Function
from msl.widen.parse import parse_function

PLACE = "call i32 @msl_lanes_place(i32 {0})"
X, FLAT, OWN = (PLACE.format(number) for number in (0, 3, 7))


def function(body: str) -> Function:
    """A kernel's body: parameter %0 is the threadgroup, the first block is 1."""
    return parse_function(
        ["define hidden void @msl_body_0(ptr noundef %0) #0 {", *body.split("\n")]
    )


def module(body: str, extra: str = "") -> str:
    """A unit with one kernel."""
    return f"""
%struct.Pair = type {{ float, float }}
{extra}
define hidden void @msl_body_0(ptr noundef %0) #0 {{
{body}
}}

declare i32 @msl_lanes_place(i32 noundef) #1
declare void @msl_threadgroup_barrier(i32, i32) #1
declare hidden void @msl_row_0(ptr, i32, i32, i32, i32)
declare hidden void @msl_any_0(ptr, ptr, i32, i32)

define void @msl_loop_0(ptr %0) #0 {{
  call void @msl_row_0(ptr %0, i32 0, i32 0, i32 0, i32 0)
  ret void
}}

define void @msl_lanes_0(ptr %0) #0 {{
  call void @msl_row_0(ptr %0, i32 0, i32 0, i32 0, i32 0)
  ret void
}}

attributes #0 = {{ nounwind "target-cpu"="x86-64-v3" "target-features"="+avx2,+prefer-no-gather" }}
attributes #1 = {{ convergent }}
"""
