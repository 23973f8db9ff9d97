"""Rules on plain kernels: items side by side, tiles, scans by lanes, knobs by Optuna."""

from __future__ import annotations

import random
import re

import pytest

from agent_steel.attempt import Attempt
from agent_steel.offline.invariants import fast_math, hoisted
from agent_steel.offline.naive import naive_kernel
from agent_steel.offline.online import single_pass
from agent_steel.offline.proposer import Rule
from agent_steel.offline.rows import threadgroup_a_row
from agent_steel.offline.scans import simdgroup_scans
from agent_steel.offline.sharing import side_by_side
from agent_steel.offline.tiling import tiles
from agent_steel.offline.trees import simd_reductions
from agent_steel.offline.tuning import suggested
from agent_steel.offline.view import View, view_of
from agent_steel.problems import problem_of
from harness import evaluate
from harness.evaluation import Status
from harness.problem import catalog
from harness.timing.verdict import source_identity

TREE = """// One threadgroup a row, reductions by halves.
//! grid: 256 * rows 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;
constant uint WIDTH = 256;
kernel void logsumexp_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                          constant uint &C [[buffer(2)]],
                          uint row [[threadgroup_position_in_grid]],
                          uint t [[thread_position_in_threadgroup]]) {
  threadgroup float shared[WIDTH];
  float highest = -INFINITY;
  for (uint c = t; c < C; c += WIDTH) highest = max(highest, x[row * C + c]);
  shared[t] = highest;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint s = WIDTH / 2; s > 0; s >>= 1) {
    if (t < s) shared[t] = max(shared[t], shared[t + s]);
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  highest = shared[0];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float total = 0.0f;
  for (uint c = t; c < C; c += WIDTH) total += exp(x[row * C + c] - highest);
  shared[t] = total;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint s = WIDTH / 2; s > 0; s >>= 1) {
    if (t < s) {
      shared[t] += shared[t + s];
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  if (t == 0) y[row] = log(shared[0]) + highest;
}
"""


def plain(name: str) -> str:
    if name == "logsumexp":
        return TREE
    return naive_kernel(catalog.default().find(name).spec).source


def view(source: str, name: str) -> View:
    found = view_of(source, problem_of(catalog.default().find(name)))
    assert found is not None
    return found


def made(rule: Rule, name: str, old: str = "", new: str = "") -> dict[str, str]:
    source = plain(name)
    assert old in source
    return dict(rule(view(source.replace(old, new, 1) if old else source, name), 0))


@pytest.mark.host
@pytest.mark.parametrize(
    ("rule", "name", "technique"),
    [
        (side_by_side, "sqr_mm", "2 x 4 items a thread, side by side"),
        (side_by_side, "softmax", "4 items a thread, side by side"),
        (tiles, "sqr_mm", "tiles of 16 x 16 in threadgroup memory"),
        (simdgroup_scans, "cumsum", "one SIMD-group a row, scanned by lanes"),
        (simd_reductions, "logsumexp", "SIMD reductions in place of trees"),
        (threadgroup_a_row, "softmax", "one threadgroup of 128 a row"),
        (single_pass, "softmax", "maximum and sum in one pass"),
        (hoisted, "layer_norm", "invariant calls before their loop"),
    ],
)
def test_what_a_rule_makes_is_right(rule: Rule, name: str, technique: str) -> None:
    found = evaluate(name, made(rule, name)[technique], mode="check", sizes=("check",))
    assert found.status is Status.PASSED, found.reason


def test_what_items_share_is_written_once_and_the_rest_for_each() -> None:
    source = made(side_by_side, "sqr_mm")["2 x 4 items a thread, side by side"]
    together, alone = source.split("} else {")
    assert together.count("for (uint k1") == alone.count("for (uint k1") == 1
    assert len(re.findall(r"float total\w* = 0", together)) == 8
    assert together.count("const uint at_M") == 4 and together.count("const uint at_N") == 2
    assert "//! grid: ceil_div(N, 2) ceil_div(M, 4) 1" in source
    assert "if (first_x + threads_x < N && first_y + 3 < M) {" in source


def test_a_bound_that_no_scalar_tells_is_a_constant_of_the_dispatch() -> None:
    source = made(side_by_side, "softmax")["4 items a thread, side by side"]
    assert (
        "//! dispatch softmax_f32 grid: ceil_div(rows, 4) 1 1 threadgroup: 256 1 1 const 3=rows"
        in (source)
    )
    assert "constant uint &items_x [[buffer(3)]]" in source
    known = view(source, "softmax").geometry
    assert known is not None and known.consts == ((3, "rows"),), "and rules read it again"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("total +=", "if (total > 9.0f) break;\n    total +="),
        ("total +=", "total = simd_sum(total);\n    total +="),
        ("float total = 0.0f;", "threadgroup float total;"),
        ("float total = 0.0f;", "float total = 0.0f;\n  thread float &other = total;"),
        ("position.y;", "position.y + other(position);"),
        ("C[at_M * N + at_N] = total;", "if (total > 0.0f) return;"),
        ("using namespace metal;", "using namespace metal;\n#define total sum"),
        ("float total = 0.0f;", "float total = 0.0f, total_xy0_1 = 1.0f, total_y1 = 1.0f;"),
    ],
)
def test_items_stay_apart_where_it_is_not_certain_that_they_may_meet(old: str, new: str) -> None:
    assert "2 x 4 items a thread, side by side" not in made(side_by_side, "sqr_mm", old, new)


def test_a_branch_that_differs_by_item_is_taken_by_each() -> None:
    branch = "if (at_M % 2 == 0) total = -total;\n  C[at_M * N + at_N] = total;"
    source = made(side_by_side, "sqr_mm", "C[at_M * N + at_N] = total;", branch)
    together = source["1 x 4 items a thread, side by side"].split("} else {")[0]
    assert together.count("if (at_M") == 4
    assert "if (at_M_y3 % 2 == 0) {\n      total_y3 = -total_y3;" in together


def test_tiles_hold_what_a_row_and_a_column_of_threads_share() -> None:
    source = made(tiles, "sqr_mm")["tiles of 32 x 32 in threadgroup memory"]
    assert "tile_0[local.y][local.x] = A[at_M * K + k1];" in source
    assert "tile_1[local.y][local.x] = B[k1 * N + at_N];" in source
    assert "total += tile_0[local.y][k1 - tile_base] * tile_1[k1 - tile_base][local.x];" in source
    assert source.count("threadgroup_barrier") == 2
    assert "//! grid: round_up(N, 32) round_up(M, 32) 1\n//! threadgroup: 32 32 1\n" in source


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("k1 < K", "k1 < K - 1"),
        ("total += A", "if (k1 > 3) total += A"),
        ("total += A", "C[at_M] = total;\n    total += A"),
        ("device const float *", "device float *"),
        ("A[at_M * K + k1] * B[k1 * N + at_N]", "A[at_M * K + at_N] * B[at_M * N + at_N]"),
    ],
)
def test_tiles_are_left_alone_where_the_loop_is_another(old: str, new: str) -> None:
    found = made(tiles, "sqr_mm", old, new)
    assert not found or "tile_0[local.y][local.x] = A" not in next(iter(found.values()))


def test_lanes_scan_and_carry_on() -> None:
    (source,) = made(simdgroup_scans, "cumsum").values()
    assert "column_scan = running + simd_prefix_inclusive_sum(column_part);" in source
    assert "y[at_rows * N + at_cols] = column_scan;" in source
    assert "//! grid: 32 * rows 1 1" in source


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("running +=", "running += running *"),
        ("y[at_rows * N + at_cols] = running", "y[at_rows * N] = running"),
        ("y[at_rows * N + at_cols] = running", "y[at_rows * N + at_cols / 2] = running"),
        ("running += x[at_rows * N + at_cols]", "running += y[at_rows * N + at_cols]"),
        ("float running = 0.0f;", "float running = 1.0f;"),
        ("++at_cols", "at_cols += 2"),
        ("running += x", "running -= x"),
    ],
)
def test_scans_that_depend_on_more_than_the_running_value_are_left_alone(
    old: str, new: str
) -> None:
    assert made(simdgroup_scans, "cumsum", old, new) == {}


def test_a_rule_reads_no_name() -> None:
    source = plain("sqr_mm")
    problem = problem_of(catalog.default().find("sqr_mm"))
    other = view_of(source, type(problem)(**{**vars(problem), "kernel": "anything"}))
    assert other is not None
    for rule in (side_by_side, tiles):
        assert list(rule(other, 0)) == list(rule(view(source, "sqr_mm"), 0))


def tuned() -> str:
    head = "//! tune: A in 1, 2, 4, 8\n//! tune: B in 16, 32, 64\n"
    source = plain("relu").replace("#include", f"{head}#include", 1)
    return source.replace(
        "kernel void", "constant uint A = 1;\nconstant uint B = 16;\nkernel void", 1
    )


def attempt(source: str, kernel_ms: float) -> Attempt:
    return Attempt.model_construct(source=source, technique="", kernel_ms=kernel_ms)


def test_optuna_learns_from_what_was_measured() -> None:
    """One corner is faster; what is asked for after that lies there more often."""
    pytest.importorskip("optuna")
    start = view(tuned(), "relu")
    every = dict(suggested(start, (), 0))
    assert len(every) > 40 and source_identity(start.source) not in map(
        source_identity, every.values()
    )

    def cost(source: str) -> float:
        values = {one.name: one.value for one in view(source, "relu").header.tune}
        return 1.0 + (values["A"] < 4) + (values["B"] < 64)

    known = random.Random(0).sample(sorted(every.values()), 24)
    history = [attempt(one, cost(one)) for one in known]
    first = [source for _, source in suggested(start, history, 1)][:8]
    mean = sum(map(cost, first)) / len(first)
    assert mean < sum(map(cost, every.values())) / len(every) - 0.3
    assert first == [source for _, source in suggested(start, history, 1)][:8], "by seed alone"


def test_one_knob_needs_no_model() -> None:
    assert (
        list(suggested(view(plain("relu").replace("if (i >= N) return;", ""), "relu"), (), 0)) == []
    )


def test_trees_become_two_reductions() -> None:
    (source,) = made(simd_reductions, "logsumexp").values()
    assert source.count("const float simd_part = simd_max(shared[t]);") == 1
    assert source.count("const float simd_part = simd_sum(shared[t]);") == 1
    assert "simd_max(t % 32 < 8 ? shared[t % 32] : -INFINITY)" in source
    assert "s >>= 1" not in source


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("highest = shared[0];", "highest = shared[0] + shared[1];"),
        ("threadgroup: 256", "threadgroup: 240"),
        ("WIDTH = 256", "WIDTH = 128"),
        ("shared[t] = max(shared[t], shared[t + s])", "shared[t] = max(shared[t], shared[s])"),
        ("uint t [[thread_position_in_threadgroup]]", "uint t [[thread_position_in_grid]]"),
    ],
)
def test_trees_are_left_alone_where_more_than_the_root_is_seen(old: str, new: str) -> None:
    found = made(simd_reductions, "logsumexp", old, new)
    assert all("simd_max" not in source for source in found.values())


def test_lanes_of_a_threadgroup_exchange_what_they_came_to() -> None:
    source = made(threadgroup_a_row, "softmax")["one threadgroup of 256 a row"]
    assert "threadgroup float row_parts[8];" in source and source.count("threadgroup_barrier") == 4
    assert "highest = simd_max(lane % 32 < 8 ? row_parts[lane % 32] : -INFINITY);" in source
    assert "//! grid: 256 * rows 1 1\n//! threadgroup: 256 1 1\n" in source


def test_what_a_loop_leaves_alone_moves_before_it() -> None:
    (source,) = made(hoisted, "layer_norm").values()
    before, after = source.split("for (uint at_cols")
    assert "= rsqrt(total1 / float(D) + eps);" in before and "rsqrt" not in after
    source = made(hoisted, "softmax")["products with a reciprocal"]
    assert "const float inverse_total = 1.0f / total;" in source
    assert "- highest) * inverse_total;" in source
    assert made(hoisted, "softmax", "/ total;", "/ total;\n    total += 1.0f;") == {}


def test_fast_forms_are_named_and_precise_ones_replaced() -> None:
    (source,) = made(fast_math, "softmax", "exp(", "precise::exp(").values()
    assert source.count("fast::exp(") == 2 and "precise" not in source
    assert made(fast_math, "sqr_mm") == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("highest = max(highest, x", "highest = max(highest, 2.0f * x"),
        ("total += exp", "total -= exp"),
        ("float highest = -INFINITY", "float highest = 0.0f"),
        ("k2 < N", "k2 < N - 1"),
    ],
)
def test_one_pass_is_made_of_two_that_belong_together_only(old: str, new: str) -> None:
    assert made(single_pass, "softmax", old, new) == {}
