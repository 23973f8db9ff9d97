"""Control flow: one exit, one latch a loop, an order in which blocks can follow each other."""

from __future__ import annotations

import pytest
from widen_ir import function

from msl.widen.flow import EXIT, Flow, analyse
from msl.widen.ir import Declined

LOOP = """  br label %2
2:
  %3 = phi i32 [ 0, %1 ], [ %6, %5 ], [ %6, %7 ]
  %4 = icmp ult i32 %3, 9
  br i1 %4, label %5, label %9
5:
  %6 = add i32 %3, 1
  br i1 %4, label %2, label %7
7:
  br i1 %4, label %2, label %8
8:
  ret void
9:
  ret void"""


def flow(body: str) -> Flow:
    return analyse(function(body))


def test_returns_become_one_exit() -> None:
    found = flow(LOOP)
    assert found.order[-1] == EXIT
    assert found.predecessors[EXIT] == ["8", "9"]


def test_ways_back_become_one_latch_with_their_values() -> None:
    found = flow(LOOP)
    (loop,) = found.loops
    assert (loop.header, loop.blocks) == ("2", {"2", "5", "7", loop.latch})
    assert sorted(found.predecessors[loop.latch]) == ["5", "7"]
    (phi,) = found.function.blocks["2"].phis
    assert phi.blocks == ["1", loop.latch]
    (merged,) = found.function.blocks[loop.latch].phis
    assert phi.operands[1].text == merged.name


def test_blocks_come_after_all_that_lead_to_them_and_loops_in_one_piece() -> None:
    found = flow(LOOP)
    for source, targets in found.successors.items():
        for target in targets:
            if not found.is_back(source, target):
                assert found.index[source] < found.index[target]
    (loop,) = found.loops
    places = sorted(found.index[name] for name in loop.blocks)
    assert places == list(range(places[0], places[0] + len(places)))
    assert found.order[places[-1]] == loop.latch


def test_edges_know_the_loops_they_leave() -> None:
    found = flow(LOOP)
    assert [loop.header for loop in found.left("7", "8")] == ["2"]
    assert found.left("1", "2") == []


def test_postdominators() -> None:
    found = flow(
        "  br i1 true, label %2, label %3\n2:\n  br label %4\n3:\n  br label %4\n4:\n  ret void"
    )
    assert found.postdominator["1"] == "4"
    assert found.postdominates("4", "2")
    assert not found.postdominates("2", "1")


def test_an_endless_loop_has_an_exit_too() -> None:
    found = flow("  br label %2\n2:\n  br label %2")
    assert found.postdominates(EXIT, "2")


def test_a_jump_into_a_loop_is_declined() -> None:
    body = "  br i1 true, label %2, label %3\n2:\n  br label %3\n3:\n  br label %2"
    with pytest.raises(Declined, match="into the middle of a loop"):
        flow(body)
