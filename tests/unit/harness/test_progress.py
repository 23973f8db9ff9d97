"""A run over many kernels: what is left of it, and what it came to."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from example_evaluations import passed, refused
from rich.console import Console

from harness import console, evaluate
from harness.command import progress, report
from harness.command.progress import Progress
from harness.evaluation import Status, Verdict
from harness.problem import catalog


def kernels(*names: str) -> list[catalog.Kernel]:
    return [catalog.default().find(name) for name in names]


def test_the_estimate_follows_the_pace_and_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    run = Progress(kernels("relu", "abs", "sqr_mm", "relu"))
    assert run.text(0) == "[1/4]" and run.left_s(0) is None
    now[0] += 2
    left = run.left_s(1)
    assert left is not None and left > 3 * 2.0, "a matrix product takes longer than the first did"
    now[0] += 2
    assert run.text(3).startswith("[4/4, about ") and run.left_s(4) == 0
    assert run.elapsed_s == 4


def test_durations() -> None:
    assert [progress.duration(s) for s in (0.4, 90, 150)] == ["0 s", "90 s", "2 min"]


def test_every_text_of_the_spinner_says_where_the_run_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Console(file=io.StringIO(), force_terminal=True)
    monkeypatch.setattr(console, "err", shown)
    texts: list[str] = []
    with console.within("[2/9]"), console.working("relu"):
        texts.append(str(console._spinner.status and console._spinner.status.status))
        with console.working("relu published: judging"):
            texts.append(str(console._spinner.status and console._spinner.status.status))
    assert texts == ["[2/9] relu", "[2/9] relu published: judging"]
    assert console._spinner.whole == "" and console._spinner.status is None


def test_a_conclusion_counts_and_names() -> None:
    found = [
        replace(passed(), verdict=Verdict.FASTER),
        replace(passed(kernel="abs"), verdict=Verdict.UNCLEAR),
        refused(kernel="gelu"),
        passed(kernel="gelu", size="large"),
    ]
    lines = report.conclusion(found, ["relu", "abs", "gelu", "exp"], "9 s")
    assert lines == [
        "2 of 4 passed in 9 s",
        "not passed: gelu, exp",
        "against MLX on this chip: 2 FASTER, 1 UNCLEAR",
    ]
    assert report.conclusion([], ["relu"], "9 s") == ["0 of 1 passed in 9 s", "not passed: relu"]


@pytest.mark.host
def test_size_check_judges_the_check_sizes_alone() -> None:
    text = """
#include <metal_stdlib>
using namespace metal;
//! grid: rows * cols 1 1
//! threadgroup: 64 1 1
//! requires: REQUIRED
kernel void relu_f32(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],
                     uint i [[thread_position_in_grid]]) { y[i] = WHAT; }
"""
    right = text.replace("WHAT", "max(x[i], 0.0f)")
    small = "rows * cols < 5000"
    assert evaluate("relu", right.replace("REQUIRED", small), sizes=["check"], mode="check").passed
    never = evaluate("relu", right.replace("REQUIRED", "rows > 99"), sizes=["check"], mode="check")
    assert never.status is Status.UNSUPPORTED
    wrong = text.replace("REQUIRED", "rows > 0").replace("WHAT", "x[i]")
    assert evaluate("relu", wrong, sizes=["check"], mode="check").status is Status.WRONG_VALUES
