"""The offline proposer: each rule's rewrite is right, and what a rule cannot prove it leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent_steel.attempt import Attempt
from agent_steel.offline import OfflineProposer
from agent_steel.offline.elementwise import grid_stride, vectors
from agent_steel.offline.knobs import threadgroups, tunings
from agent_steel.offline.proposer import Rule
from agent_steel.offline.rows import simdgroup_a_row
from agent_steel.offline.view import View, view_of
from agent_steel.problems import problem_of
from agent_steel.proposing import Candidate, Context, Problem, Proposal, Unusable
from harness import evaluate
from harness.evaluation import Status
from harness.problem import catalog
from harness.problem.header import HeaderError, parse_header
from harness.timing.verdict import source_identity

RELU = """// One thread an element.
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;
kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (i >= N) return;
  const float v = x[i];
  y[i] = v > 0.0f ? v : 0.0f;
}
"""
SOFTMAX = """// One thread a row.
//! grid: rows 1 1
//! threadgroup: 64 1 1
#include <metal_stdlib>
using namespace metal;
kernel void softmax_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                        constant uint &N [[buffer(2)]], uint row [[thread_position_in_grid]]) {
  device const float *values = x + row * N;
  float highest = values[0];
  for (uint c = 1; c < N; ++c) {
    highest = max(highest, values[c]);
  }
  float total = 0.0f;
  for (uint c = 0; c < N; ++c) {
    const float e = exp(values[c] - highest);
    y[row * N + c] = e;
    total += e;
  }
  for (uint k = 0; k < N; k++) y[row * N + k] /= total;
}
"""
NORM = """// One thread a row; the sum begins at its first element.
//! grid: rows 1 1
//! threadgroup: 64 1 1
#include <metal_stdlib>
using namespace metal;
kernel void logsumexp_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                          constant uint &N [[buffer(2)]], uint row [[thread_position_in_grid]]) {
  float highest = -INFINITY;
  for (uint c = 0; c < N; ++c) {
    highest = fmax(x[row * N + c], highest);
  }
  float total = exp(x[row * N] - highest);
  for (uint c = 1; c < N; ++c) {
    total += exp(x[row * N + c] - highest);
  }
  y[row] = log(total) + highest;
}
"""


def problem(name: str) -> Problem:
    return problem_of(catalog.default().find(name))


def view(source: str, kernel: str) -> View:
    found = view_of(source, problem(kernel))
    assert found is not None
    return found


def sources(rule: Rule, source: str, kernel: str) -> list[str]:
    return [made for _, made in rule(view(source, kernel), 0)]


def context(source: str, kernel: str = "relu") -> Context:
    parent = Candidate("run-0", source, {})
    return Context(problem(kernel), "cpu-test-none-2", {}, parent, parent)


@pytest.mark.host
@pytest.mark.parametrize(
    ("rule", "source", "kernel"),
    [
        (vectors, RELU, "relu"),
        (grid_stride, RELU, "relu"),
        (simdgroup_a_row, SOFTMAX, "softmax"),
        (simdgroup_a_row, NORM, "logsumexp"),
    ],
)
def test_what_a_rule_makes_is_right(rule: Rule, source: str, kernel: str) -> None:
    made = sources(rule, source, kernel)
    assert made and source not in made
    found = evaluate(kernel, made[-1], mode="check", sizes=("rows=5,cols=67",))
    assert found.status is Status.PASSED, found.reason


def test_vectors_take_four_neighbours_and_leave_the_tail_as_it_was() -> None:
    one, four, sixteen = sources(vectors, RELU, "relu")
    assert "const float4 v = float4(*reinterpret_cast<device const float4 *>(x + first));" in one
    assert "select(float4(0.0f), float4(v), float4(v) > float4(0.0f))" in one
    assert "for (uint i = first; i < N; ++i) {\n        const float v = x[i];" in one
    assert "//! grid: ceil_div(rows * cols, 4) 1 1\n//! threadgroup: 256 1 1\n" in one
    assert "ceil_div(rows * cols, 16)" in four and "ceil_div(rows * cols, 64)" in sixteen


def test_a_guard_around_the_work_is_read_like_an_early_return() -> None:
    around = RELU.replace("if (i >= N) return;", "if (i < N) {").replace("0.0f;\n", "0.0f;\n}\n")
    assert sources(vectors, around, "relu") == sources(vectors, RELU, "relu")


def test_lanes_share_a_row_and_end_in_a_reduction() -> None:
    (made,) = sources(simdgroup_a_row, SOFTMAX, "softmax")
    assert "for (uint c = 1 + lane; c < N; c += 32)" in made
    assert "highest = simd_max(highest);" in made and "total = simd_sum(total);" in made
    assert "lane == 0" not in made, "every store has its lane, and the sum begins at zero"
    assert "//! grid: 32 * rows 1 1\n//! threadgroup: 256 1 1\n" in made
    (made,) = sources(simdgroup_a_row, NORM, "logsumexp")
    assert "total = lane == 0 ? total : 0;" in made
    assert "if (lane == 0) y[row] = log(total) + highest;" in made


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x[i]", "x[i + 1]"),
        ("x[i]", "x[i % 7]"),
        ("const float v = x[i]", "const int v = x[i]"),
        ("x[i];", "x[i] / (1 / 2);"),
        ("x[i];", "own(x[i]);"),
        ("x[i];", "exp(x[i]);\n  v += 1.0h;"),
        ("v > 0.0f ?", "v > 0.0f && v < 9.0f ?"),
        ("device const float *x", "device const half *x"),
        ("i >= N", "i >= 4096"),
        ("rows * cols", "rows"),
        ("using namespace metal;", "using namespace metal;\n#define exp(x) x"),
        ("using namespace metal;", "using namespace metal;\nfloat exp(float x) { return x; }"),
        ("  if (i >= N) return;", ""),
        ("uint i [[", "uint lane [[thread_index_in_simdgroup]], uint i [["),
    ],
)
def test_vectors_refuse_what_they_cannot_vouch_for(old: str, new: str) -> None:
    assert old in RELU
    assert sources(vectors, RELU.replace(old, new, 1), "relu") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if (i >= N) return;", "if (i >= N) return;\n  if (x[i] > 9.0f) return;"),
        ("const float v = x[i];", "float v = x[i];\n  i += 1;"),
        ("const float v = x[i];", "const float v = simd_sum(x[i]);"),
        ("const float v = x[i];", "threadgroup float s[4];\n  const float v = x[i];"),
        ("i >= N", "i > N"),
    ],
)
def test_items_are_not_moved_where_threads_depend_on_each_other(old: str, new: str) -> None:
    assert old in RELU
    assert sources(grid_stride, RELU.replace(old, new, 1), "relu") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("y[row * N + c] = e;\n    total += e;", "total += e;\n    y[row * N + c] = total;"),
        ("y[row * N + c] = e;", "y[row * N + c / 2] = e;"),
        ("y[row * N + c] = e;", "y[row * N] = e;"),
        ("y[row * N + k] /= total", "y[row * N + k] = y[row * N + N - 1 - k] / total"),
        ("for (uint k = 0;", "for (uint k = 1;"),
        ("total += e;", "total = total * 2.0f + e;"),
        ("total += e;", "total += e * total;"),
        ("total += e;", "total += e;\n    if (total > 9.0f) break;"),
        ("total += e;", "total += e;\n    highest = highest + 1.0f;"),
        ("++c", "c += 2"),
        ("highest = max(highest, values[c]);", "highest = max(highest, values[c] + highest);"),
        ("values = x + row * N", "values = y + row * N"),
        ("exp(values[c] - highest)", "other(values[c] - highest)"),
        ("float total = 0.0f;", "half total = 0.0f;"),
        ("float total = 0.0f;", "values += 1;\n  float total = 0.0f;"),
    ],
)
def test_rows_are_not_spread_where_a_column_depends_on_another(old: str, new: str) -> None:
    assert old in SOFTMAX
    assert sources(simdgroup_a_row, SOFTMAX.replace(old, new, 1), "softmax") == []


def test_every_choice_of_the_declared_constants_is_tried_once() -> None:
    tuned = RELU.replace("#include", "//! tune: A in 1, 2, 4\n//! tune: B in 8, 16\n#include")
    tuned = tuned.replace("kernel", "constant uint A = 2;\nconstant uint B = 8;\nkernel", 1)
    made = sources(tunings, tuned, "relu")
    values = []
    for one in made:
        header = parse_header(one)
        assert not isinstance(header, HeaderError)
        values.append(tuple(knob.value for knob in header.tune))
    assert set(values) == {(a, b) for a in (1, 2, 4) for b in (8, 16)} - {(2, 8)}
    assert len(set(values)) == len(values)
    assert all((a != 2) + (b != 8) == 1 for a, b in values[:3]), "one constant at a time first"


def test_the_threadgroup_changes_only_where_no_thread_can_tell() -> None:
    assert len(sources(threadgroups, RELU, "relu")) == 5
    (spread,) = sources(simdgroup_a_row, SOFTMAX, "softmax")
    assert len(sources(threadgroups, spread, "softmax")) == 5, "32 neighbours stay a SIMD-group"
    for old, new in [
        ("uint row [[", "uint t [[thread_position_in_threadgroup]], uint row [["),
        ("float total", "threadgroup float shared[4];\n  float total"),
        ("float total", "simdgroup_barrier(mem_flags::mem_device);\n  float total"),
        ("#include <metal_stdlib>", '#include "row_softmax.h"'),
    ]:
        assert sources(threadgroups, SOFTMAX.replace(old, new, 1), "softmax") == []
    odd = spread.replace("threadgroup: 256", "threadgroup: 48")
    assert sources(threadgroups, odd, "softmax") == []


def test_what_a_header_declares_is_seen_by_the_threadgroup_too() -> None:
    kernels = {name: catalog.default().find(name) for name in ("sigmoid", "softmax")}
    listed = {
        name: catalog.default().variant(kernel, "apple-m4").source.text
        for name, kernel in kernels.items()
    }
    assert '#include "elementwise.h"' in listed["sigmoid"] and '#include "row' in listed["softmax"]
    assert sources(threadgroups, listed["sigmoid"], "sigmoid")
    assert sources(threadgroups, listed["softmax"], "softmax") == []


def test_geometry_that_only_the_spec_states_is_written_down() -> None:
    bare = "\n".join(line for line in RELU.splitlines() if not line.startswith("//!")) + "\n"
    made = sources(threadgroups, bare, "relu")
    assert made and all(one.count("//! grid: 65536 1 1\n//! threadgroup: ") == 1 for one in made)


def test_proposals_are_new_until_nothing_is_left() -> None:
    proposer, at = OfflineProposer(), context(RELU)
    seen = {source_identity(RELU)}
    for turn in range(40):
        answer = proposer.propose(at, call_id=f"{turn:04d}", seed=turn)
        if isinstance(answer, Unusable):
            break
        assert source_identity(answer.source) not in seen
        seen.add(source_identity(answer.source))
        at = replace(at, incumbent=Candidate(f"run-{turn}", answer.source, {}))
        at = replace(at, history=[*at.history, _tried(answer)])
    assert isinstance(answer, Unusable) and answer.kind == "exhausted"
    assert len(seen) > 11, "rules and knobs compose"


def _tried(proposal: Proposal) -> Attempt:
    return Attempt.model_construct(source=proposal.source, technique=proposal.technique)


def test_proposals_follow_the_seed_and_nothing_else() -> None:
    (spread,) = sources(simdgroup_a_row, SOFTMAX, "softmax")
    first = [
        OfflineProposer().propose(context(spread, "softmax"), call_id="a", seed=7) for _ in range(2)
    ]
    assert first[0] == first[1] and isinstance(first[0], Proposal)
    renamed = replace(context(RELU), problem=replace(problem("relu"), kernel="anything"))
    same = OfflineProposer().propose(renamed, call_id="b", seed=7)
    assert same == OfflineProposer().propose(context(RELU), call_id="c", seed=7)


def test_a_source_without_certain_structure_is_left_alone() -> None:
    for text in (RELU + "}", RELU.replace("relu_f32", "other"), RELU.replace("0.0f", "0.\\\n0f")):
        answer = OfflineProposer().propose(context(text), call_id="d", seed=0)
        assert isinstance(answer, Unusable) and answer.kind == "exhausted"
