"""The audit: strong problems refuse every mutant, planted weak ones accept the one they should."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.audit import audit as audits
from harness.audit.mutants import MUTANTS, TILE
from harness.command import audit as command
from harness.command import cli
from harness.problem import catalog
from harness.problem.catalog import Kernel
from harness.spec import (
    Array,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Sizes,
    Tolerance,
    integers,
    normal,
    relative,
)

TIGHT = relative(1e-6, 1e-7)
LOOSE = relative(0.0, 1e-2)


def problem(
    oracle: Callable[..., Any],
    tolerance: Tolerance = TIGHT,
    *,
    inputs: tuple[str, ...] = ("x",),
    output: tuple[str | int, ...] = ("rows", "cols"),
    values: Any = None,
    dtype: str = "float32",
    **changes: Any,
) -> KernelSpec:
    """A problem on (rows, cols) inputs."""
    spec = KernelSpec(
        summary="planted",
        function="f",
        reference=oracle,
        oracle=oracle,
        inputs={name: Array("rows", "cols", values=values or normal()) for name in inputs},
        outputs={"y": Array(*output, dtype=dtype)},
        scalars={"N": Scalar("uint32", "cols")},
        domain=Domain({"rows": Range(1, 4096), "cols": Range(1, 4096)}),
        sizes=Sizes(
            published={"rows": 48, "cols": 48},
            large={"cols": 96},
            check=[{"rows": 1, "cols": 1}, {"rows": 5, "cols": 37}],
        ),
        tolerance=tolerance,
        cost=lambda point: Cost(1, 1),
        schedule="grid: 1 1 1\nthreadgroup: 1 1 1",
    )
    return replace(spec, **changes)


def outcome(spec: KernelSpec, mutant: str, sizes: tuple[str, ...] = audits.SIZES) -> str:
    return audits.audit(spec, sizes).findings[mutant].outcome


def test_a_strong_problem_refuses_every_mutant() -> None:
    report = audits.audit(problem(lambda a, b: a - 2 * b, inputs=("a", "b")))
    assert {found.outcome for found in report.findings.values()} == {"killed"}
    assert list(report.findings) == list(MUTANTS) and len(MUTANTS) == 9
    assert report.survivors == []


def fading(x: Any) -> Any:
    """Rows whose end is next to nothing."""
    return x * 10.0 ** -np.minimum(np.arange(x.shape[1]), 3.0) * (x.shape[1] > 1) + (
        x.shape[1] == 1
    )


WEAK = {
    "zeros": problem(lambda x: 1e-3 * x, LOOSE),
    "mean": problem(lambda x: 5 + 1e-3 * x, LOOSE),
    "copy": problem(lambda x: 1.0005 * x, LOOSE),
    "previous": problem(lambda x: 1 + 1e-3 * x, LOOSE),
    "transposed": problem(lambda x: x.sum() + 1e-3 * x, LOOSE),
    "last tile": problem(fading, LOOSE),
    "tail": problem(lambda x: x * (np.arange(x.shape[1]) < x.shape[1] - 1) + 1e-3, LOOSE),
    "half": problem(lambda x: 3 * x, relative(2e-3)),
    "swapped": problem(lambda a, b: a + 1.0005 * b, LOOSE, inputs=("a", "b")),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_weak_problem_accepts_its_mutant_and_a_tight_tolerance_mends_it(mutant: str) -> None:
    weak = WEAK[mutant]
    assert outcome(weak, mutant) == "SURVIVED"
    assert outcome(replace(weak, tolerance=TIGHT), mutant) == "killed"


def test_a_survivor_names_the_size_and_the_form() -> None:
    loose_at_large = problem(lambda x, cols: (1e-3 if cols == 96 else 1.0) * x, LOOSE)
    found = audits.audit(loose_at_large).findings["zeros"]
    assert found.reason == "large: y"
    assert outcome(loose_at_large, "zeros", ("check", "published")) == "killed"


def test_every_output_has_to_defend_itself() -> None:
    spec = problem(lambda x: (2 * x, 1e-3 * x), LOOSE)
    spec = replace(spec, outputs={"y": Array("rows", "cols"), "z": Array("rows", "cols")})
    reason = audits.audit(spec).findings["zeros"].reason
    assert "check 1: z; published: z; large: z" in reason and "y" not in reason


def test_an_answer_that_ignores_the_input_is_a_survivor() -> None:
    report = audits.audit(problem(lambda x: np.ones_like(x)))
    assert {"mean", "previous"} <= set(report.survivors)
    assert report.findings["zeros"].outcome == "killed"


def test_the_same_function_does_not_count() -> None:
    added = problem(lambda a, b: a + b, inputs=("a", "b"))
    assert outcome(added, "swapped") == "n.a."
    assert outcome(problem(lambda x: x), "copy") == "n.a."
    symmetric = problem(lambda x: x @ x.T, relative(1e-5, 1e-5), output=("rows", "rows"))
    assert outcome(symmetric, "transposed") == "n.a."
    ordered = problem(
        lambda x: x.argmax(axis=1), output=("rows",), dtype="int32", values=integers(0, 9, "int32")
    )
    spec = replace(ordered, inputs={"x": replace_dtype(ordered.inputs["x"], "int32")})
    assert outcome(spec, "half") == "n.a."
    assert outcome(spec, "zeros") == "killed"


def replace_dtype(array: Array, dtype: str) -> Array:
    return Array(*array.shape, dtype=dtype, values=array.values)


def test_a_reduction_is_audited_along_what_it_reduces() -> None:
    """A kernel that forgets the end of every row is wrong in no row's place more than another's."""

    def summed(x: Any, weight: float) -> Any:
        return x.sum(axis=1) + (weight - 1) * x[:, -TILE:].sum(axis=1) * (x.shape[1] > 1)

    def audited(weight: float) -> audits.Finding:
        oracle = partial(summed, weight=weight)
        spec = problem(
            lambda x: oracle(x), relative(0, 1e-4), output=("rows",), values=normal(mean=1.0)
        )
        return audits.audit(spec, ["large"]).findings["last tile"]

    assert audited(1.0).outcome == "killed"
    assert audited(1e-6) == audits.Finding("SURVIVED", "large: the end of x")


def test_luck_with_one_number_is_no_survivor_and_a_law_of_large_numbers_is() -> None:
    lucky = problem(lambda x: np.array([x.sum()]), relative(0, 0.2), output=(1,))
    found = audits.audit(lucky).findings["previous"]
    assert found.outcome == "killed", found
    mean = problem(lambda x: np.array([(x * x).mean()]), relative(0, 0.2), output=(1,))
    assert outcome(mean, "previous") == "SURVIVED"


def planted(monkeypatch: pytest.MonkeyPatch, **specs: KernelSpec) -> None:
    class Planted:
        def names(self, in_set: str | None = None) -> list[tuple[str, str]]:
            return [("common", name) for name in specs]

        def find(self, name: str) -> Kernel:
            return Kernel(name, "common", specs[name], Path(f"{name}.py"))

    monkeypatch.setattr(catalog, "default", Planted)


def test_the_command_counts_ranked_survivors_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    strong, weak = problem(lambda x: 2 * x), WEAK["zeros"]
    planted(monkeypatch, strong=strong, weak=replace(weak, ranked=False))
    assert cli.main(["--audit", "--size", "check"]) == 0
    shown = capsys.readouterr().out
    assert "weak (unranked)" in shown and "weak accepts zeros: check 0: y; check 1: y" in shown
    assert "0 ranked and 1 unranked accept a mutant" in shown
    planted(monkeypatch, strong=strong, weak=weak)
    assert cli.main(["--audit", "weak", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert "zeros" in document["survivors"] and document["sizes"] == list(audits.SIZES)
    assert cli.main(["--audit", "--size", "rows=3"]) == 2


def test_a_broken_definition_does_not_hide_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = problem(lambda x: x[:, :1])
    planted(monkeypatch, broken=broken, strong=problem(lambda x: 2 * x))
    assert command.run([], None, ["check"], seed=0, as_json=False) == 2
    captured = capsys.readouterr()
    assert "1 problems audited" in captured.out and "broken" in captured.err


def test_every_problem_refuses_every_mutant_at_its_check_sizes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["--audit", "--size", "check"]) == 0, capsys.readouterr().out
