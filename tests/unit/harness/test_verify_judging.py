"""How what a machine finds becomes a finding, its own faults included."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from example_evaluations import figures, passed, refused
from examples_of_kernels import device, double, kernel
from examples_of_pull_requests import CHIP, NEW, evaluation
from fakes import Call

from harness.board import documents, records
from harness.errors import EnvironmentFault, HostFailure
from harness.problem import catalog
from harness.verification import judging as verify_judging
from harness.verification.judging import DeviceBench
from harness.verification.record import Row
from harness.verification.summary import Finding, Ruling

SOURCE = "kernel void double_f32();"


def judged(run: Any = double, text: str = SOURCE, claimed: str = "") -> Finding:
    found = DeviceBench(device(run)).judge(kernel(), text, "double.metal", claimed=claimed)
    assert len(found) == 1
    return found[0]


def test_a_right_source_passes_the_gate_too() -> None:
    finding = judged(claimed="exact")
    assert finding.ruling is Ruling.ACCEPT
    assert finding.reason == "double.metal: right here (cpu-test-none-2, 7 held-out draws)"


def test_a_wrong_source_is_rejected() -> None:
    def wrong(call: Call) -> None:
        double(call)
        call.buffer(1)[0] += 1

    finding = judged(wrong)
    assert finding.ruling is Ruling.REJECT
    assert finding.reason.startswith("double.metal: wrong_values: check size (rows=1, cols=1)")


def test_what_is_right_where_everybody_looks_meets_the_gate() -> None:
    known = {1, 5 * 37, 16 * 64, 64 * 64}

    def trained(call: Call) -> None:
        double(call)
        if call.constant(2) not in known:
            call.buffer(1)[0] += 1

    finding = judged(trained)
    assert finding.ruling is Ruling.REJECT and "held out failed" in finding.reason


def test_a_file_for_few_sizes_may_stand_without_a_record() -> None:
    narrow = "//! requires: rows == 16 && cols == 64\n" + SOURCE
    assert judged(text=narrow).reason.endswith("held-out not covered)")
    finding = judged(text=narrow, claimed="exact")
    assert finding.ruling is Ruling.REJECT and "not_covered" in finding.reason


def test_what_cannot_be_judged_here_needs_another_device() -> None:
    finding = judged(text="//! requires: cols == 37\n" + SOURCE)
    assert finding.ruling is Ruling.NEEDS_DEVICE and "cannot judge it" in finding.reason


@pytest.mark.parametrize(
    ("fault", "ruling"),
    [
        (HostFailure("it died"), Ruling.NEEDS_HUMAN),
        (EnvironmentFault("no memory"), Ruling.NEEDS_DEVICE),
    ],
)
def test_our_own_faults_reject_nobody(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, ruling: Ruling
) -> None:
    def failing(*given: Any, **options: Any) -> Any:
        raise fault

    monkeypatch.setattr(verify_judging, "evaluate", failing)
    assert judged().ruling is ruling


def row() -> Row:
    record = records.claimed(documents.to_run(evaluation(NEW, 1.8)), None)
    return Row(CHIP, catalog.default().find("relu"), "exact", "published", record, None, None)


@pytest.mark.parametrize(
    ("speedup", "ruling"), [(1.8, Ruling.ACCEPT), (1.4, Ruling.REJECT), (2.2, Ruling.REJECT)]
)
def test_a_time_has_to_be_found_again(
    monkeypatch: pytest.MonkeyPatch, speedup: float, ruling: Ruling
) -> None:
    asked: list[Any] = []

    def measured(*given: Any, **options: Any) -> Any:
        asked.append((given[1].text, options["mode"], options["sizes"]))
        return passed(figures=figures(speedup))

    monkeypatch.setattr(verify_judging, "evaluate", measured)
    (finding,) = DeviceBench(device()).measure(row())
    assert finding.ruling is ruling and " here, [1." in finding.reason
    assert asked == [(NEW, "record", ("published",))]


def test_a_source_that_fails_while_it_is_measured_is_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = replace(refused(), reason="late")
    monkeypatch.setattr(verify_judging, "evaluate", lambda *given, **options: answer)
    (finding,) = DeviceBench(device()).measure(row())
    assert finding.ruling is Ruling.REJECT and "wrong_values late" in finding.reason
