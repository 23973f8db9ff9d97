"""`--json` is strict, complete and described by its schema."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from example_evaluations import passed, refused

from harness.board import documents
from harness.command import json_report
from harness.evaluation import Evaluation, FirstBad

#: At least these fields (DESIGN 4.7).
PROMISED = {
    "schema_version",
    "kernel",
    "set",
    "chip",
    "device",
    "variant",
    "size",
    "track",
    "status",
    "published_status",
    "reason",
    "first_bad",
    "max_abs_err",
    "figures",
    "baselines",
    "scores",
    "target",
    "score",
    "flags",
    "verdict",
    "held_out",
    "engine",
    "mode",
    "source_sha256",
    "environment",
}
PROMISED_FIGURES = {
    "clock",
    "kernel_ms_median",
    "mlx_ms_median",
    "speedup",
    "speedup_ci",
    "gflops",
    "gbps",
    "stability",
    "balanced",
    "roofline_fraction",
    "bound",
}


def strict(text: str) -> dict[str, object]:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return dict(json.loads(text, parse_constant=refuse))


@pytest.mark.parametrize("evaluation", [passed(), refused()])
def test_one_line_with_everything_promised(evaluation: Evaluation) -> None:
    text = json_report.line(evaluation)
    assert text.endswith("\n") and text.count("\n") == 1
    document = strict(text)
    assert set(document) >= PROMISED
    assert document["status"] == evaluation.status.value
    if evaluation.figures:
        assert set(document["figures"]) >= PROMISED_FIGURES  # type: ignore[call-overload]
    else:
        assert document["figures"] is None


def test_values_that_json_lacks_are_words() -> None:
    bad = FirstBad("y", (0,), float("nan"), float("-inf"))
    document = strict(json_report.line(refused(first_bad=bad, max_abs_err=float("inf"))))
    assert document["first_bad"] == {"output": "y", "index": [0], "got": "nan", "expected": "-inf"}
    assert document["max_abs_err"] is None


def test_source_and_samples_stay_out_of_the_line() -> None:
    assert "kernel void" not in json_report.line(passed())


def test_what_is_printed_is_read_back() -> None:
    document = documents.EvaluationDocument.model_validate(strict(json_report.line(passed())))
    assert document == documents.to_document(passed())


def test_the_schema(golden: Callable[[str, str], None]) -> None:
    golden("evaluation_schema.json", json.dumps(json_report.schema(), indent=1) + "\n")
