"""Predictions against stored times, and what the command says."""

from __future__ import annotations

import json

import pytest

from harness.command import cli
from harness.errors import ExitCode
from perf import backtest


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


@pytest.mark.parametrize("chip", ["m9", "h200", "apple-m4-huge"])
def test_a_chip_without_a_model_is_wrong_use(chip: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--predict", chip, "relu"]) == ExitCode.USAGE
    assert "no " in capsys.readouterr().err
