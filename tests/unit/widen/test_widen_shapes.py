"""Uniform, linear, varying: how operations carry a shape on."""

from __future__ import annotations

import pytest
from widen_ir import function

from msl.widen.shapes import UNIFORM, VARYING, Shape, joined, of_constant, transfer
from msl.widen.types import Types

LANE = Shape(1, 5)  # a multiple of 32, and the lane's number


def shape(text: str, *given: Shape, exact: bool = False) -> Shape:
    """Of one instruction over the parameters' shapes; constants have their own."""
    item = function(f"  %9 = {text}\n  ret void").blocks["1"].instructions[0]
    names = dict(zip(("%0", "%1"), given, strict=False))
    shapes = [names[o.text] if o.is_local else of_constant(o) for o in item.operands]
    return transfer(item, shapes, Types({"%s": "{ float, i32 }"}), exact)


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("add i32 %0, %1", (LANE, UNIFORM), Shape(1, 0)),
        ("add i32 %0, 64", (LANE,), Shape(1, 5)),
        ("sub i32 %1, %0", (LANE, UNIFORM), Shape(-1, 0)),
        ("sub i32 %0, %1", (LANE, LANE), Shape(0, 5)),
        ("shl i32 %0, 2", (LANE,), Shape(4, 7)),
        ("mul i32 %0, 12", (LANE,), Shape(12, 7)),
        ("mul i32 %0, %1", (LANE, UNIFORM), VARYING),
        ("lshr i32 %0, 5", (LANE,), Shape(0, 0)),
        ("lshr i32 %0, 3", (LANE,), Shape(None, 0, 8, 0)),
        ("and i32 %0, 31", (LANE,), Shape(1, 5)),
        ("and i32 %0, -32", (LANE,), Shape(0, 5)),
        ("and i32 %0, 15", (LANE,), Shape(None, 0, 16, 1)),
        ("or i32 %0, 64", (LANE,), Shape(1, 5)),
        ("or i32 %0, 1", (LANE,), VARYING),
        ("xor i32 %0, 3", (LANE,), VARYING),
        ("udiv i32 %0, 3", (LANE,), VARYING),
        ("fadd float %0, %1", (UNIFORM, UNIFORM), UNIFORM),
        ("fadd float %0, %1", (UNIFORM, VARYING), VARYING),
        ("icmp eq i32 %0, 0", (LANE,), VARYING),
        ("trunc i64 %0 to i32", (LANE,), LANE),
        ("getelementptr float, ptr %0, i64 %1", (UNIFORM, LANE), Shape(4)),
        ("getelementptr %s, ptr %0, i64 %1, i32 1", (UNIFORM, LANE), Shape(8)),
        ("getelementptr [4 x float], ptr %0, i64 0, i64 %1", (UNIFORM, LANE), Shape(4)),
    ],
)
def test_operations(text: str, given: tuple[Shape, ...], expected: Shape) -> None:
    assert shape(text, *given) == expected


EIGHTHS, WITHIN = Shape(None, 0, 8, 0), Shape(None, 0, 8, 1)  # lane / 8, lane % 8
FOURTHS = Shape(None, 0, 4, 0)


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("add i32 %0, %1", (EIGHTHS, WITHIN), WITHIN),
        ("add i32 %0, %1", (FOURTHS, WITHIN), Shape(None, 0, 4, 1)),
        ("add i32 %0, %1", (EIGHTHS, LANE), WITHIN),
        ("sub i32 %0, %1", (WITHIN, WITHIN), EIGHTHS),
        ("mul i32 %0, %1", (EIGHTHS, UNIFORM), EIGHTHS),
        ("mul i32 %0, %1", (WITHIN, UNIFORM), VARYING),
        ("mul i32 %0, 12", (WITHIN,), Shape(None, 0, 8, 12)),
        ("shl i32 %0, 2", (WITHIN,), Shape(None, 0, 8, 4)),
        ("urem i32 %0, 60", (EIGHTHS,), EIGHTHS),
        ("urem i32 %0, 60", (WITHIN,), VARYING),
        ("icmp ult i32 %0, %1", (EIGHTHS, UNIFORM), EIGHTHS),
        ("icmp ult i32 %0, %1", (WITHIN, UNIFORM), VARYING),
        ("zext i32 %0 to i64", (WITHIN,), WITHIN),
        ("getelementptr [4 x float], ptr %0, i64 %1", (UNIFORM, WITHIN), Shape(None, 0, 8, 16)),
        ("getelementptr float, ptr %0, i64 %1", (LANE, EIGHTHS), WITHIN),
        ("select i1 %0, i64 %1, i64 %1", (EIGHTHS, WITHIN), WITHIN),
        ("select i1 %0, i64 %1, i64 0", (EIGHTHS, WITHIN), VARYING),
        ("and i32 %0, 12", (Shape(4, 7),), Shape(None, 0, 4, 4)),
    ],
)
def test_operations_on_runs(text: str, given: tuple[Shape, ...], expected: Shape) -> None:
    assert shape(text, *given) == expected


def test_an_extension_that_more_than_addresses_see_ends_runs() -> None:
    assert shape("zext i32 %0 to i64", WITHIN, exact=True) == VARYING
    assert shape("zext i32 %0 to i64", EIGHTHS, exact=True) == EIGHTHS


def test_an_extension_is_linear_if_no_lane_can_wrap() -> None:
    assert shape("zext i32 %0 to i64", LANE, exact=True) == LANE
    assert shape("zext i32 %0 to i64", Shape(1, 4), exact=True) == VARYING
    assert shape("zext nneg i32 %0 to i64", Shape(1), exact=True) == Shape(1)


def test_an_extension_that_only_addresses_see_may_wrap() -> None:
    assert shape("zext i32 %0 to i64", Shape(1)) == Shape(1)


def test_a_choice_is_linear_if_both_sides_step_alike_and_all_lanes_choose_alike() -> None:
    assert joined(Shape(4, 7), Shape(4, 2)) == Shape(4, 2)
    assert joined(Shape(4), Shape(0)) == VARYING
    assert joined(None, Shape(4)) == Shape(4)
    assert joined(WITHIN, LANE) == WITHIN and joined(WITHIN, EIGHTHS) == VARYING
