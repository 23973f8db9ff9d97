"""Reading IR text: every form once, and strictly."""

from __future__ import annotations

import pytest
from widen_ir import function

from msl.widen.ir import Declined, Instruction, Value
from msl.widen.parse import read_type, typed_value


def only(text: str) -> Instruction:
    """The first instruction of a body."""
    return function(f"  {text}\n  ret void").blocks["1"].instructions[0]


@pytest.mark.parametrize(
    ("text", "kind", "rest"),
    [
        ("i32 %1", "i32", "%1"),
        ("<4 x float> zeroinitializer", "<4 x float>", "zeroinitializer"),
        ('%"class.metal::vec.0" undef', '%"class.metal::vec.0"', "undef"),
        ("{ i32, [2 x i8] } %5", "{ i32, [2 x i8] }", "%5"),
    ],
)
def test_types_end_where_they_end(text: str, kind: str, rest: str) -> None:
    assert read_type(text) == (kind, rest)


@pytest.mark.parametrize(
    "text",
    [
        "ptr noundef nonnull align 16 dereferenceable(128) %3",
        "ptr captures(none) initializes((0, 4)) %3",
        "ptr %3",
    ],
)
def test_attributes_are_no_part_of_a_value(text: str) -> None:
    assert typed_value(text) == Value("ptr", "%3")


def test_constant_expressions_are_values() -> None:
    text = "getelementptr (i8, ptr @a, i64 sub (i64 ptrtoint (ptr @b to i64), i64 4))"
    assert typed_value(f"ptr noundef {text}") == Value("ptr", text)


def test_arithmetic_keeps_flags_and_drops_metadata() -> None:
    item = only("%2 = fadd reassoc nsz float %0, 1.000000e+00, !dbg !12, !tbaa !3")
    assert (item.op, item.name, item.flags, item.location) == ("fadd", "%2", "reassoc nsz", 12)
    assert item.operands == [Value("float", "%0"), Value("float", "1.000000e+00")]


def test_comparisons() -> None:
    item = only("%2 = icmp samesign ult i32 %0, 7")
    assert (item.type, item.predicate, item.flags) == ("i1", "ult", "samesign")


def test_calls() -> None:
    item = only("%2 = tail call reassoc noundef float @llvm.fma.f32(float %0, float noundef 2.0)")
    assert (item.callee, item.type, item.flags) == ("llvm.fma.f32", "float", "reassoc")
    assert item.operands == [Value("float", "%0"), Value("float", "2.0")]


def test_atomics() -> None:
    item = only('%2 = atomicrmw volatile add ptr %0, i32 1 syncscope("agent") monotonic, align 4')
    assert (item.op, item.type, item.volatile, item.align) == ("atomicrmw", "i32", True, 4)
    assert item.predicate == 'add syncscope("agent") monotonic'
    item = only("%2 = cmpxchg weak ptr %0, i32 %1, i32 2 acq_rel monotonic, align 4")
    assert (item.type, item.predicate) == ("{ i32, i1 }", "acq_rel monotonic")
    item = only("%2 = load atomic i32, ptr %0 monotonic, align 4")
    assert (item.atomic, item.predicate, item.operands) == (True, "monotonic", [Value("ptr", "%0")])


def test_a_switch_over_several_lines() -> None:
    body = "  switch i32 %2, label %4 [\n    i32 -1, label %3\n    i32 7, label %3\n  ]\n"
    body += "3:\n  ret void"
    end = function(body).blocks["1"].end
    assert (end.targets, end.cases) == (["4", "3", "3"], [-1, 7])


def test_phis_name_values_and_blocks() -> None:
    item = only("%2 = phi float [ 0.000000e+00, %1 ], [ %9, %7 ]")
    assert item.blocks == ["1", "7"]
    assert [value.text for value in item.operands] == ["0.000000e+00", "%9"]


@pytest.mark.parametrize(
    "text",
    [
        "%2 = va_arg ptr %0, i32",
        "%2 = invoke i32 @f() to label %3 unwind label %4",
        "%2 = alloca i32, i64 %1, align 4",
        "%2 = call i32 %1(i32 0)",
        "indirectbr ptr %0, [label %3]",
    ],
)
def test_what_is_not_known_ends_the_work(text: str) -> None:
    with pytest.raises(Declined):
        only(text)
