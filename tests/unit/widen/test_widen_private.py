"""Private memory: which layout a variable gets; structs and short vectors taken apart."""

from __future__ import annotations

import pytest
from widen_ir import function

from msl.widen.aggregates import take_apart
from msl.widen.ir import Declined, Function
from msl.widen.private import BY_LANE, INTERLEAVED, SHARED, analyse
from msl.widen.types import Types

TYPES = Types({"%pair": "{ float, float }"})


def layout(uses: str, kind: str = "[8 x float]") -> str:
    found = analyse(function(f"  %2 = alloca {kind}, align 16\n{uses}\n  ret void"), TYPES)
    return found.variables[0].layout


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        ("  %3 = getelementptr float, ptr %2, i64 %1\n  %4 = load float, ptr %3", INTERLEAVED),
        ("  %3 = load float, ptr %2\n  %4 = load i16, ptr %2", BY_LANE),
        ("  call void @f(ptr %2)", BY_LANE),
        ("  store ptr %2, ptr %1", BY_LANE),
        ("  %3 = getelementptr i8, ptr %2, i64 2\n  %4 = load float, ptr %3", BY_LANE),
        ("  call void @_ZN3msl11matrix_fillIfEEvPT_S1_(ptr %2, float 0.0)", SHARED),
    ],
)
def test_layouts(uses: str, expected: str) -> None:
    assert layout(uses) == expected


def test_too_much_private_memory_is_declined() -> None:
    with pytest.raises(Declined, match="bytes of private memory a thread"):
        layout("  %3 = load float, ptr %2", "[4096 x float]")


def test_copies_of_interleaved_memory_become_single_accesses() -> None:
    body = """  %2 = alloca [2 x float], align 4
  %3 = load float, ptr %2
  call void @llvm.memcpy.p0.p0.i64(ptr %2, ptr %1, i64 8, i1 false)
  ret void"""
    work = function(body)
    analyse(work, TYPES)
    ops = [item.op for _, item in work.instructions()]
    assert ops.count("load") == 3
    assert ops.count("store") == 2
    assert "call" not in ops


def apart(body: str) -> Function:
    work = function(body)
    take_apart(work, TYPES)
    return work


def test_structs_are_taken_apart_through_phis() -> None:
    work = apart("""  br i1 %1, label %2, label %3
2:
  %4 = insertvalue { float, i32 } poison, float 1.0, 0
  %5 = insertvalue { float, i32 } %4, i32 %9, 1
  br label %3
3:
  %6 = phi { float, i32 } [ %5, %2 ], [ zeroinitializer, %1 ]
  %7 = extractvalue { float, i32 } %6, 1
  store i32 %7, ptr %0
  ret void""")
    phis = work.blocks["3"].phis
    assert [phi.type for phi in phis] == ["float", "i32"]
    assert [v.text for v in phis[1].operands] == ["%9", "0"]
    assert work.blocks["3"].body[-1].operands[0].text == phis[1].name


def test_short_vectors_are_loaded_and_shuffled_by_element() -> None:
    work = apart("""  %2 = load <2 x float>, ptr %0, align 8
  %3 = shufflevector <2 x float> %2, <2 x float> poison, <2 x i32> <i32 1, i32 0>
  %4 = extractelement <2 x float> %3, i64 0
  store float %4, ptr %1
  ret void""")
    loads = [item for _, item in work.instructions() if item.op == "load"]
    assert [item.align for item in loads] == [8, 4]
    store = work.blocks["1"].instructions[-2]
    assert store.operands[0].text == loads[1].name
