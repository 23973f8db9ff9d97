"""The differential test: its generator, its comparison, its shrinker; and a hundred kernels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import msl
from differential import conformance, known, matrices, report
from differential.batches import Batch
from differential.comparing import REFERENCE, SETTINGS, Outcome, compare
from differential.defined import faults
from differential.engines import build, difference, run
from differential.files import save
from differential.kernels import Generated, generate
from differential.shrink import shrink
from differential.tree import THREAD, UINT, Expression, Statement, literal
from msl.widen import blocks
from msl.widen.products import ALL_ROWS

BATCH, IN_CI = 20, 100
FEATURES = (
    "switch (",
    "while (",
    "do {",
    "break;",
    "continue;",
    "return;",
    "simd_shuffle",
    "simd_ballot",
    "simd_prefix",
    "quad_",
    "atomic_fetch",
    "tile[lid] =",
    "lanes[lid] =",
    "struct S",
    "twisted<",
    "thread ",
    "half4",
    "ulong2",
    "char3",
    "bool ",
    "uint3 position",
    "select(",
    "bfloat3",
    "packed_",
    "[[threadgroup(0)]]",
    "&sums[",
    "fold_bfloat",
)


def test_a_seed_is_one_kernel() -> None:
    assert generate(7) == generate(7)
    assert len({generate(seed).text() for seed in range(40)}) == 40


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_is_generated(feature: str) -> None:
    assert any(feature in generate(seed).text() for seed in range(200))


def test_full_kernels_have_whole_simdgroups_and_no_early_return() -> None:
    for kernel in filter(lambda k: k.full, map(generate, range(120))):
        for shape in kernel.shapes:
            threads = int(np.prod(shape.threadgroup))
            assert threads % 32 == 0
            assert all(g % t == 0 for g, t in zip(shape.grid, shape.threadgroup, strict=True))


@pytest.mark.host
@pytest.mark.parametrize("first", range(0, IN_CI, BATCH))
def test_generated_kernels_agree(first: int, shared_cache: Path) -> None:
    kernels = [generate(seed) for seed in range(first, first + BATCH)]
    found = compare(kernels, shared_cache / "differential")
    assert [f"{f.kernel.seed}, {f.setting}: {f.what}" for f in found.failures] == []
    assert found.kernels == BATCH and len(found.declined) < BATCH / 2


MATRICES = (
    "simdgroup_load(f0, stock",
    "reals + ",
    ", 0, true)",
    "ulong2(",
    "make_filled_simdgroup_matrix<half",
    "simdgroup_multiply_accumulate(hs",
    "for (uint k = 0; k < 3",
    "t[group & 1u][i]",
    "simdgroup_multiply(",
    " * ",
)


@pytest.mark.parametrize("feature", MATRICES)
def test_every_feature_of_matrices_is_generated(feature: str) -> None:
    assert any(feature in matrices.generate(matrices.FIRST + seed).text() for seed in range(8))


@pytest.mark.host
@pytest.mark.parametrize("batch", [0, 1], ids=["whole", "by lane"])
def test_kernels_of_matrices_agree(batch: int, shared_cache: Path) -> None:
    kernels = [matrices.of_seed(seed) for seed in matrices.numbers(range(3), batch)]
    found = compare(kernels, shared_cache / "differential", SETTINGS[1:3])
    assert [f"{f.kernel.seed}, {f.setting}: {f.what}" for f in found.failures] == []
    assert found.kernels == 3 and not found.declined


@pytest.mark.host
def test_products_agree_where_few_registers_take_their_rows_in_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "widest", lambda target: ALL_ROWS // 2)
    kernels = [matrices.of_seed(seed) for seed in matrices.numbers(range(4, 5), 0)]
    found = compare(kernels, tmp_path, SETTINGS[1:2])
    assert [f"{f.kernel.seed}, {f.setting}: {f.what}" for f in found.failures] == []


@pytest.mark.host
def test_generated_kernels_are_free_of_undefined_behaviour(shared_cache: Path) -> None:
    kernels = [generate(seed) for seed in range(BATCH // 2)]
    assert faults(kernels, shared_cache / "differential") == []


@pytest.mark.host
def test_the_checker_sees_a_race_in_a_kernel(shared_cache: Path) -> None:
    kernel = replace(generate(3), body=(Statement("out[0] = lid;"),))
    shapes = tuple(replace(shape, again=False) for shape in kernel.shapes)
    found = faults([replace(kernel, shapes=shapes)], shared_cache / "differential")
    assert any(line.startswith("race in k_3, line ") for line in found)


@pytest.mark.host
def test_a_difference_is_named(shared_cache: Path) -> None:
    kernel = generate(3)
    library = build([kernel], "reference", shared_cache / "differential")
    assert isinstance(library, msl.Library)
    due, got = (run(library, [kernel], REFERENCE) for _ in range(2))
    assert not isinstance(due, str) and not isinstance(got, str)
    assert difference(kernel, got, due) == ""
    got[3, 1, 0][3][2] ^= 1
    assert "dispatch 0 buffer 3[2]: " in difference(kernel, got, due)


@pytest.mark.host
def test_a_kernel_that_does_not_compile_is_found_in_its_batch(shared_cache: Path) -> None:
    bad = replace(generate(1), body=(Statement("int x = nothing;"),))
    found = compare([generate(0), bad], shared_cache / "differential", SETTINGS[:2])
    assert [f.kernel.seed for f in found.failures] == [1]
    assert "use of undeclared identifier 'nothing'" in found.failures[0].what


def test_shrinking_keeps_what_fails_and_little_else() -> None:
    kernel = next(k for k in map(generate, range(200)) if "simd_ballot" in k.text())

    def fails(candidate: Generated) -> bool:
        return "simd_ballot" in candidate.text()

    small = shrink(kernel, fails, limit_s=60)
    body = [line for line in small.text().split("\n") if "simd_ballot" in line]
    assert len(body) == 1 and len(small.body) + len(small.setup) + len(small.results) <= 3
    assert len(small.shapes) == 1 and not small.helpers


def test_shrinking_ends_in_time() -> None:
    moments = iter(range(100))
    kernel = generate(5)
    assert shrink(kernel, lambda _: False, limit_s=3, clock=lambda: next(moments)) == kernel


def test_a_declaration_stays_while_it_is_used() -> None:
    declared = Statement("uint v1 = $0;", (literal(UINT, 5),), declares="v1")
    used = Statement("out[0] = $0;", (Expression(UINT, "v1", (), THREAD),))
    kernel = replace(generate(5), setup=(), results=(), body=(declared, used), helpers=())
    small = shrink(kernel, lambda k: "out[0]" in k.text(), limit_s=30)
    assert "v1" not in small.text() and "out[0] = uint(1);" in small.text()
    kept = shrink(kernel, lambda k: "= v1;" in k.text(), limit_s=30)
    assert "uint v1 = uint(5);" in kept.text()


def test_the_page_is_made_of_the_figures() -> None:
    outcome = Outcome(30, 90, [], {"k_1": "line 3, column 4: a construct"})
    text = report.page(report.Summary(0, Batch(outcome, 10), [], []).document())
    assert "| generated kernels, from seed 0 | 30 |" in text and "- a construct: 1" in text
    assert "What failed" not in text


@pytest.mark.host
def test_other_shapes_of_known_kernels_agree(shared_cache: Path) -> None:
    family = conformance.of("barriers", shared_cache / "differential")
    assert family.launches > 50 and family.problems == ()
    row = known.of("relu")[0]
    assert row.engine == "fast" and row.shapes > 2 and row.problems == ()


def test_a_kernel_is_saved_with_its_command(tmp_path: Path) -> None:
    command = save(generate(2), tmp_path)
    assert command.startswith(f"python -m msl run {tmp_path}/k_2.metal --fn k_2 --grid ")
    assert (tmp_path / "k_2.6.npy").exists() and "--constant 2=" in command
