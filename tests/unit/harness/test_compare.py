"""The checker, and mutants of the checker: each deliberate fault in a result has to be seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from examples_of_kernels import double_spec, inputs

from harness.evaluation import Status
from harness.problem import compare as checker
from harness.problem import oracle
from harness.problem.compare import Comparison, Run, compare
from harness.problem.dtypes import ELEMENTS, narrow, poison_value, widen
from harness.spec import Array, KernelSpec, elementwise, per_output, relative, ulp

POINT = {"rows": 5, "cols": 37}


def judge(spec: KernelSpec, x: np.ndarray, y: np.ndarray, poison: int | None = 0) -> Comparison:
    point = {"rows": x.shape[0], "cols": x.shape[1]}
    return compare(spec, point, {"x": x}, [Run({"y": y}, poison)])[0]


def right(x: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return (2 * x).astype(np.float32)


def test_the_right_answer_passes() -> None:
    x = inputs()["x"]
    found = judge(double_spec(), x, right(x))
    assert (found.refusal, found.published, found.max_abs_err) == (None, Status.PASSED, 0.0)


@pytest.mark.parametrize("where", [(0, 0), (4, 36), (2, 17)])
def test_one_wrong_element_is_found_with_its_index(where: tuple[int, int]) -> None:
    x = inputs()["x"]
    y = right(x)
    y[where] += 1.0
    found = judge(double_spec(), x, y)
    assert found.refusal is not None and found.refusal.first_bad is not None
    assert found.refusal.status is Status.WRONG_VALUES
    assert found.refusal.first_bad.index == where
    assert found.refusal.first_bad.got == y[where]
    assert found.refusal.first_bad.expected == 2 * float(x[where])
    assert "1 of 185" in found.refusal.reason
    assert found.max_abs_err == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize("which", [0, 1])
def test_one_unwritten_element_is_enough(which: int) -> None:
    x = inputs()["x"]
    y = right(x)
    y[4, 36] = poison_value(ELEMENTS["float32"], which)[0]
    found = judge(double_spec(), x, y, which)
    assert found.refusal is not None and found.refusal.first_bad is not None
    assert found.refusal.status is Status.NOT_WRITTEN
    assert found.refusal.first_bad.index == (4, 36)
    assert found.published is Status.NOT_WRITTEN


def test_unwritten_comes_before_wrong() -> None:
    x = inputs()["x"]
    y = right(x)
    y[0, 0] = 99.0
    y[3, 3] = poison_value(ELEMENTS["float32"], 0)[0]
    found = judge(double_spec(), x, y)
    assert found.refusal is not None and found.refusal.status is Status.NOT_WRITTEN
    assert "2 of 185" in found.refusal.reason


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nonfinite_where_a_number_is_due(value: float) -> None:
    x = inputs()["x"]
    y = right(x)
    y[1, 2] = value
    found = judge(double_spec(), x, y)
    assert found.refusal is not None and found.refusal.status is Status.NONFINITE


def test_classes_of_the_oracle_are_demanded() -> None:
    x = inputs()["x"]
    x[0, :4] = [np.inf, -np.inf, np.nan, 3e38]
    y = right(x)  # inf, -inf, NaN and an overflow to inf
    assert judge(double_spec(), x, y).refusal is None
    for column, wrong in ((0, -np.inf), (0, 1.0), (1, np.inf), (2, 0.0), (2, np.inf), (3, 3e38)):
        mutant = y.copy()
        mutant[0, column] = wrong
        found = judge(double_spec(), x, mutant)
        assert found.refusal is not None, (column, wrong)
        assert found.refusal.first_bad is not None
        assert found.refusal.first_bad.index == (0, column)


def test_nan_is_no_wildcard_for_the_published_verdict_either() -> None:
    x = inputs()["x"]
    y = right(x)
    y[0, 0] = np.nan
    assert judge(double_spec(), x, y).published is Status.NONFINITE


def test_the_tolerance_is_used() -> None:
    x = inputs()["x"] + 3
    y = right(x)
    y[0, 0] = np.nextafter(y[0, 0], np.float32(100))
    assert judge(double_spec(tolerance=ulp(2)), x, y).refusal is None
    assert judge(double_spec(), x, y).refusal is not None
    y[0, 0] *= np.float32(1.001)
    found = judge(double_spec(tolerance=ulp(2)), x, y)
    assert found.refusal is not None and found.published is Status.PASSED


def test_chunks_report_the_index_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "CHUNK_ELEMENTS", 64)
    x = inputs(rows=101, cols=33)["x"]
    y = right(x)
    y[77, 5] += 1
    y[99, 1] += 9
    found = judge(double_spec(), x, y)
    assert found.refusal is not None and found.refusal.first_bad is not None
    assert found.refusal.first_bad.index == (77, 5)
    assert "2 of 3333" in found.refusal.reason
    assert found.max_abs_err == pytest.approx(9, rel=1e-5)


def test_all_but_the_last_row_of_a_chunked_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "CHUNK_ELEMENTS", 64)
    x = inputs(rows=50, cols=33)["x"]
    y = right(x)
    y[-1, -1] = poison_value(ELEMENTS["float32"], 1)[0]
    found = judge(double_spec(), x, y, 1)
    assert found.refusal is not None and found.refusal.status is Status.NOT_WRITTEN


def test_several_runs_share_the_oracle() -> None:
    calls = []

    def counted(x: np.ndarray) -> np.ndarray:
        calls.append(1)
        return 2 * x

    x = inputs()["x"]
    wrong = right(x)
    wrong[0, 0] = 5
    runs = [Run({"y": right(x)}, 0), Run({"y": wrong}, 1)]
    first, second = compare(double_spec(oracle=counted), POINT, {"x": x}, runs)
    assert (first.refusal is None, second.refusal is None, len(calls)) == (True, False, 1)


def test_integers_are_exact_whatever_the_tolerance() -> None:
    spec = double_spec(
        oracle=lambda x: np.argmax(x, axis=-1),
        outputs={"y": Array("rows", dtype="int32")},
        tolerance=relative(1.0),
    )
    x = inputs()["x"]
    y = np.argmax(x, axis=-1).astype(np.int32)
    assert judge(spec, x, y).refusal is None
    y[3] += 1
    found = judge(spec, x, y)
    assert found.refusal is not None and found.max_abs_err == 1


def test_two_outputs_are_named() -> None:
    spec = double_spec(
        oracle=lambda x: (2 * x, 3 * x),
        outputs={"y": Array("rows", "cols"), "z": Array("rows", "cols")},
        tolerance=per_output(ulp(1), ulp(1)),
    )
    x = inputs()["x"]
    z = (3 * x.astype(float)).astype(np.float32)
    z[2, 2] = 0
    run = Run({"y": right(x), "z": z}, 0)
    found = compare(spec, POINT, {"x": x}, [run])[0]
    assert found.refusal is not None and found.refusal.first_bad is not None
    assert (found.refusal.first_bad.output, found.refusal.first_bad.index) == ("z", (2, 2))


@pytest.mark.parametrize("name", sorted(ELEMENTS))
def test_values_survive_storage(name: str) -> None:
    element = ELEMENTS[name]
    values = np.array([0, 1, 1]) if name == "bool" else np.array([0, 1, 100])
    assert np.array_equal(widen(narrow(values, element), element), values)


def test_bfloat_rounds_to_nearest_even() -> None:
    element = ELEMENTS["bfloat16"]
    values = np.array([1 + 2**-8, 1 + 3 * 2**-8, np.nan, np.inf])
    got = widen(narrow(values, element), element)
    assert got[:2].tolist() == [1.0, 1 + 2**-6] and np.isnan(got[2]) and got[3] == np.inf


class _Mutant:
    """Faults that checkers have had; the tests above must notice every one."""

    @staticmethod
    def tolerance_ignored(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(checker.Bound, "within", lambda self, error, expected: error < 1e9)

    @staticmethod
    def nan_equals_all(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(
            checker.Bound, "within", lambda self, error, expected: ~(error > self.absolute)
        )

    @staticmethod
    def last_element_skipped(patch: pytest.MonkeyPatch) -> None:
        real = checker._Output.wrong

        def wrong(self: Any, bound: Any) -> np.ndarray:
            found = real(self, bound)
            return found[found < self.raw.size - 1]

        patch.setattr(checker._Output, "wrong", wrong)

    @staticmethod
    def infinities_differ(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(checker.np, "isinf", lambda values: np.zeros(np.shape(values), bool))

    @staticmethod
    def poison_not_looked_for(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(checker, "poison", lambda size, which: np.dtype(f"<u{size}").type(0))


@pytest.mark.parametrize(
    ("mutant", "detector"),
    [
        ("tolerance_ignored", "test_the_tolerance_is_used"),
        ("nan_equals_all", "test_nan_is_no_wildcard_for_the_published_verdict_either"),
        ("infinities_differ", "test_classes_of_the_oracle_are_demanded"),
        ("poison_not_looked_for", "test_unwritten_comes_before_wrong"),
    ],
)
def test_mutants_of_the_checker_are_caught(
    mutant: str, detector: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    getattr(_Mutant, mutant)(monkeypatch)
    with pytest.raises(AssertionError):
        globals()[detector]()


def test_the_off_by_one_mutant_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    _Mutant.last_element_skipped(monkeypatch)
    with pytest.raises(AssertionError):
        test_one_wrong_element_is_found_with_its_index((4, 36))


@pytest.mark.parametrize("bound", ["scalar", "element", "row"])
def test_outputs_in_one_chunk_are_compared_in_pieces(
    bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker, "CHUNK_ELEMENTS", 64)
    rules = {
        "scalar": lambda inputs, ref, point: 0.5,
        "element": lambda inputs, ref, point: 0.5 + 0 * ref,
        "row": lambda inputs, ref, point: 0.5 + 0 * ref[:, :1],
    }
    spec = double_spec(chunked=(), tolerance=elementwise(rules[bound]))
    x = inputs(rows=51, cols=33)["x"]
    y = right(x)
    y[50, 32] += 1
    found = judge(spec, x, y)
    assert found.refusal is not None and found.refusal.first_bad is not None
    assert found.refusal.first_bad.index == (50, 32)
    assert "1 of 1683" in found.refusal.reason
