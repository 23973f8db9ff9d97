"""Predictions against stored times, and what the command says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import chip_metrics
from harness import prediction
from harness.checking import counting
from harness.command import cli
from harness.devices.base import Source
from harness.errors import ExitCode
from harness.problem.catalog import Kernel, sha256_of
from perf import backtest
from tests.unit.checked.cases import Case


def stored() -> dict[str, object]:
    found: dict[str, object] = json.loads(backtest.DATA.read_text("utf-8"))
    return found


def test_the_committed_times_are_ranked_and_lie_between_the_bounds() -> None:
    rows = backtest.judged(stored())
    unseen = [row for row in rows if row.judging]
    assert len(unseen) >= 40
    for some in (rows, unseen):
        assert backtest.spearman(some) >= 0.8
        assert backtest.holding(some) >= 0.8


def test_no_committed_time_is_below_what_is_certain() -> None:
    below = [
        row.kernel for row in backtest.judged(stored()) if row.measured_ms < row.prediction.least_ms
    ]
    assert below == []


def test_the_page_is_what_the_data_say() -> None:
    assert backtest.PAGE.read_text("utf-8") == backtest.page(stored())


def test_a_rank_correlation_can_fail() -> None:
    rows = backtest.judged(stored())
    order = sorted(rows, key=lambda row: row.measured_ms)
    times = [row.measured_ms for row in reversed(order)]
    worse = [
        backtest.Judged(row.kernel, ms, row.prediction, row.judging)
        for row, ms in zip(order, times, strict=True)
    ]
    assert backtest.spearman(worse) < 0


@pytest.mark.host
def test_the_command_names_its_calibration(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--predict", "m4_max", "relu", "--size", "rows=64,cols=256"]
    assert cli.main([*options, "--json"]) == ExitCode.PASSED
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["cores"] for row in rows] == [32, 40]
    assert {row["calibration"] for row in rows} == {"uncalibrated"}
    assert rows[0]["least_ms"] <= rows[0]["estimate_ms"] <= rows[0]["most_ms"]


TWOFOLD = """
  const float a = x[gid];
  float sum = a;
  for (uint i = 0; i < {steps}; ++i) sum = sum * a + 1.0f;
  y[gid] = sum;
"""


@pytest.mark.host
def test_a_source_that_does_twice_as_much_is_never_predicted_to_be_faster() -> None:
    """Two texts of one problem, counted by the checked build, on every Apple chip of the table."""
    counts = []
    for steps in (500, 1000):
        case = Case(TWOFOLD.replace("{steps}", str(steps)), 1 << 20, 256, 1 << 20, 1 << 20)
        kernel = Kernel("case", "common", case.spec(), Path("case.py"))
        source = Source(case.text, "case.metal", sha256_of(case.text))
        found = counting.count(kernel, source, {"n": 1})
        assert not isinstance(found, str), found
        counts.append(prediction.counts_of(kernel, {"n": 1}, found))
    few, many = counts
    assert many.counted_flops == pytest.approx(2 * few.counted_flops, rel=0.01)
    chips = [chip for chip in chip_metrics.CHIPS if chip.id.startswith("apple-")]
    for chip in chips:
        slow, fast = prediction.predicted(chip, many), prediction.predicted(chip, few)
        assert slow.binding.resource == "issue" and len(chips) > 20
        assert slow.estimate_ms > 1.5 * fast.estimate_ms, chip


@pytest.mark.parametrize("chip", ["m9", "h200", "apple-m4-huge"])
def test_a_chip_without_a_model_is_wrong_use(chip: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--predict", chip, "relu"]) == ExitCode.USAGE
    assert "no " in capsys.readouterr().err
