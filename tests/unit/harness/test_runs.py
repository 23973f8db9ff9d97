"""The last run is always kept."""

from __future__ import annotations

from example_evaluations import passed, refused

from harness.board import runs


def test_the_last_run_comes_back() -> None:
    runs.keep([passed()])
    runs.keep([passed(), passed(size="large")])
    assert runs.last("relu", "metal") == [passed(), passed(size="large")]


def test_refused_runs_are_kept_too() -> None:
    runs.keep([refused()])
    assert runs.last("relu", "metal") == [refused()]


def test_no_run_and_an_unreadable_run_are_nothing() -> None:
    assert runs.last("relu", "metal") == []
    runs.keep([passed()]).write_text("{")
    assert runs.last("relu", "metal") == []
