"""session.json is the fold of results/, to the byte."""

from __future__ import annotations

import json
import subprocess

import pytest
from example_evaluations import SOURCE, passed

from harness.board import documents, leaderboard, records
from harness.errors import ExitCode
from harness.evaluation import Evaluation
from harness.settings import paths


def store(evaluation: Evaluation) -> None:
    record = records.claimed(documents.to_run(evaluation), None)
    assert records.put(record, expected=None, notes=[])


def board() -> dict[str, object]:
    return dict(json.loads(paths().session.read_text())["chips"])


def test_rows_carry_the_winning_source() -> None:
    store(passed())
    assert leaderboard.refresh() == []
    row = json.loads(paths().session.read_text())["chips"]["apple-m4-max"]["relu"]["tracks"]
    published = row["exact"]["published"]
    assert published["source"] == SOURCE
    assert published["figures"]["speedup"] == 1.5
    assert published["provenance"] == "claimed"


def test_the_fold_does_not_depend_on_the_order_of_saving() -> None:
    store(passed())
    store(passed("b", kernel="abs"))
    leaderboard.refresh()
    first = paths().session.read_bytes()
    text = {path: path.read_text() for path in paths().results.glob("*/*.json")}
    for path in text:
        path.unlink()
    for path in sorted(text, reverse=True):
        path.write_text(text[path])
    leaderboard.refresh()
    assert paths().session.read_bytes() == first


def test_check_sees_a_stale_board(capsys: pytest.CaptureFixture[str]) -> None:
    assert leaderboard.main(["--check"]) == ExitCode.REFUSED
    assert "missing" in capsys.readouterr().err
    assert leaderboard.main([]) == ExitCode.PASSED
    assert leaderboard.main(["--check"]) == ExitCode.PASSED
    store(passed())
    assert leaderboard.main(["--check"]) == ExitCode.REFUSED
    assert "make refresh" in capsys.readouterr().err


def test_a_corrupt_file_is_named_and_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    store(passed())
    broken = paths().results_file("apple-m4-max", "abs")
    broken.write_text("{")
    assert leaderboard.main([]) == ExitCode.REFUSED
    assert "abs.json" in capsys.readouterr().err
    assert broken.read_text() == "{"
    assert set(board()["apple-m4-max"]) == {"relu"}  # type: ignore[call-overload]


def test_files_kept_aside_are_not_rows() -> None:
    store(passed())
    path = paths().results_file("apple-m4-max", "relu")
    path.with_name("relu.json.corrupt-20260101T000000Z").write_text("{")
    assert leaderboard.refresh() == []


def test_public_leaves_out_local_rows() -> None:
    store(passed())
    store(passed(chip="cpu-intel-avx512-2", device="cpu"))
    leaderboard.refresh()
    assert set(board()) == {"apple-m4-max", "cpu-intel-avx512-2"}
    assert leaderboard.main(["--public"]) == ExitCode.PASSED
    assert set(board()) == {"apple-m4-max"}
    assert leaderboard.main(["--check"]) == ExitCode.PASSED


def test_check_refuses_to_commit_local_rows(capsys: pytest.CaptureFixture[str]) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(paths().home), *words], check=True, capture_output=True)

    store(passed(chip="cpu-intel-avx512-2", device="cpu"))
    leaderboard.refresh()
    git("init", "-q")
    assert leaderboard.main(["--check"]) == ExitCode.PASSED
    git("add", "results", "session.json")
    assert leaderboard.main(["--check"]) == ExitCode.REFUSED
    said = capsys.readouterr().err
    assert "git rm --cached results/cpu-intel-avx512-2/relu.json" in said
    assert "staged session.json has CPU rows" in said
