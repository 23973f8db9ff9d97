"""Plain kernels from a SPEC: what they look like, that they are right, and what has none."""

from __future__ import annotations

import pytest

from agent_steel.offline.naive import Unsupported, naive_kernel
from agent_steel.offline.naive.terms import ONE, Term, dim, fold, free_indices, term
from agent_steel.offline.view import view_of
from agent_steel.problems import problem_of
from harness import evaluate
from harness.evaluation import Status
from harness.problem import catalog


def source_of(name: str) -> str:
    return naive_kernel(catalog.default().find(name).spec).source


def test_an_element_a_thread_where_memory_order_is_all_that_matters() -> None:
    source = source_of("relu")
    assert "//! grid: rows * cols 1 1\n//! threadgroup: 256 1 1\n" in source
    assert "  if (i >= N) return;\n  y[i] = max(x[i], 0.0f);\n}\n" in source


def test_a_row_a_thread_where_elements_share_a_fold() -> None:
    source = source_of("layer_norm")
    assert "//! grid: rows 1 1" in source and source.count("for (uint") == 3
    assert "total += X[at_rows * D + k1];" in source, "the mean is summed once"
    assert "rsqrt(total1 / float(D) + eps)" in source


def test_a_loop_an_element_where_nothing_is_shared() -> None:
    source = source_of("sqr_mm")
    assert "//! grid: N M 1" in source
    assert "total += A[at_M * K + k1] * B[k1 * N + at_N];" in source
    nested = source_of("conv2d")
    assert nested.count("for (uint") == 3 and nested.count("float total") == 1
    assert "//! grid: C_out ceil_div(W - S + 1, stride) B * (ceil_div(H - R + 1, stride))" in nested


def test_a_running_value_where_the_reference_scans() -> None:
    assert source_of("cumsum").count("for (uint") == 1
    assert "running += x[at_rows * N + at_cols];\n    y[at_rows * N + at_cols] = running;" in (
        source_of("cumsum")
    )


@pytest.mark.host
@pytest.mark.parametrize("name", ["softmax", "avg_pool2d"])
def test_plain_kernels_are_right(name: str) -> None:
    found = evaluate(name, source_of(name), mode="check", sizes=("check",))
    assert found.status is Status.PASSED, found.reason


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("gelu", "mx.erf"),
        ("mse_loss", "one result for the whole array"),
        ("top_k", "mx.sort"),
        ("alexnet", "a convolution|len"),
    ],
)
def test_what_lies_outside_the_families_is_said_by_name(name: str, why: str) -> None:
    with pytest.raises(Unsupported, match=why):
        source_of(name)


def test_every_plain_kernel_of_the_common_set_can_be_read_by_rules() -> None:
    written = 0
    for kernel in catalog.default().kernels("common"):
        try:
            source = naive_kernel(kernel.spec).source
        except Unsupported:
            continue
        assert view_of(source, problem_of(kernel)) is not None, kernel.name
        written += 1
    assert written > 50


def test_the_same_fold_written_twice_is_one_term() -> None:
    def body(place: Term) -> Term:
        return Term("load", (place,), "x")

    rows = dim("rows")
    assert fold("sum", rows, body) == fold("sum", rows, body)
    assert fold("sum", rows, body) != fold("max", rows, body)
    assert fold("sum", ONE, body) == body(term(0)), "a fold of one element is that element"
    inner = fold("sum", rows, lambda k: body(k) * fold("sum", rows, body))
    assert not free_indices(inner) and inner.parts[0] != inner.parts[2].parts[1].parts[0]


def test_numbers_fold_and_neutral_elements_vanish() -> None:
    rows = dim("rows")
    assert term(2) * 3 + 1 == term(7) and rows * 1 == rows and rows + 0 == rows
    assert (rows * dim("cols")) // dim("cols") == rows and rows % rows == term(0)
    assert (rows / 2).kind == "float", "`/` is Python's"
