"""Records on disk: versions, corruption, races, and what a copy of a source is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from example_evaluations import SOURCE, passed, sha256

from harness.board import documents, records
from harness.errors import EnvironmentFault
from harness.evaluation import Evaluation
from harness.settings import ROOT, paths


def record(evaluation: Evaluation) -> records.Record:
    return records.claimed(documents.to_run(evaluation), None)


def store(evaluation: Evaluation, expected: str | None = None) -> list[str]:
    notes: list[str] = []
    assert records.put(record(evaluation), expected=expected, notes=notes)
    return notes


def test_a_record_comes_back_whole() -> None:
    store(passed())
    found = records.find("apple-m4-max", "relu", "exact", "published")
    assert found is not None
    assert documents.from_run(found.run) == passed()
    assert found.state(passed().environment) == "claimed"
    assert json.loads(paths().results_file("apple-m4-max", "relu").read_text())["kernel"] == "relu"


def test_sizes_and_tracks_stand_side_by_side() -> None:
    store(passed())
    store(passed("b", size="large"))
    store(passed("c", track="relaxed"))
    document = records.load(paths().results_file("apple-m4-max", "relu"))
    assert document is not None
    assert {track: set(sizes) for track, sizes in document.tracks.items()} == {
        "exact": {"published", "large"},
        "relaxed": {"published"},
    }


def test_only_the_expected_incumbent_is_replaced() -> None:
    store(passed())
    notes: list[str] = []
    assert not records.put(record(passed("new")), expected=None, notes=notes)
    assert not records.put(record(passed("new")), expected=sha256("other"), notes=notes)
    assert records.put(record(passed("new")), expected=sha256(SOURCE), notes=notes)
    found = records.find("apple-m4-max", "relu", "exact", "published")
    assert found is not None and found.run.source == "new"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1]",
        "\xff\xfe",
        '{"schema_version": 1}',
        '{"schema_version": 1, "chip": "apple-m4-max", "kernel": "relu", "set": "common", '
        '"tracks": {}, "surplus": 1}',
        '{"schema_version": 1, "chip": "apple-m1", "kernel": "relu", "set": "common", '
        '"tracks": {}}',
    ],
)
def test_a_corrupt_file_is_kept_aside(text: str) -> None:
    path = paths().results_file("apple-m4-max", "relu")
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(records.CorruptResults):
        records.load(path)
    assert records.find("apple-m4-max", "relu", "exact", "published") is None
    assert path.read_bytes() == text.encode("latin-1"), "reading must change nothing"

    notes = store(passed())
    aside = list(path.parent.glob("relu.json.corrupt-*"))
    assert [kept.read_bytes() for kept in aside] == [text.encode("latin-1")]
    assert len(notes) == 1 and aside[0].name in notes[0]
    assert records.find("apple-m4-max", "relu", "exact", "published") is not None


def test_a_newer_version_is_an_error_and_stays() -> None:
    path = paths().results_file("apple-m4-max", "relu")
    path.parent.mkdir(parents=True)
    path.write_text('{"schema_version": 99}')
    with pytest.raises(EnvironmentFault, match="99"):
        records.find("apple-m4-max", "relu", "exact", "published")
    with pytest.raises(EnvironmentFault, match="99"):
        store(passed())
    assert path.read_text() == '{"schema_version": 99}'


def test_old_versions_are_upgraded_step_by_step() -> None:
    class Kind(documents.Strict):
        schema_version: int
        steps: list[str]

    upgrades: dict[int, documents.Upgrade] = {
        1: lambda raw: {**raw, "steps": ["one"]},
        2: lambda raw: {**raw, "steps": [*raw["steps"], "two"]},
    }
    found = documents.parse(Kind, {"schema_version": 1}, upgrades, 3, "x.json")
    assert found == Kind(schema_version=3, steps=["one", "two"])


def test_an_evaluation_of_before_the_checked_build_is_upgraded() -> None:
    """Version 1 with and without what it came to hold; a newer version is never read as an old."""
    current = documents.to_run(passed()).model_dump(mode="json")["evaluation"]
    newest = documents.SCHEMA_VERSION
    assert current["schema_version"] == newest >= 2
    first = {k: v for k, v in current.items() if k not in ("warnings", "counts")}
    old = documents.EvaluationDocument.model_validate({**first, "schema_version": 1})
    assert (old.schema_version, old.warnings, old.counts) == (newest, [], None)
    held = {**current, "schema_version": 1, "warnings": ["data_race: y"], "counts": {"a": 1}}
    kept = documents.EvaluationDocument.model_validate(held)
    assert (kept.warnings, kept.counts) == (["data_race: y"], {"a": 1})
    with pytest.raises(EnvironmentFault, match=str(newest + 1)):
        documents.EvaluationDocument.model_validate({**current, "schema_version": newest + 1})
    with pytest.raises(ValueError, match="counts"):
        documents.EvaluationDocument.model_validate({**first, "schema_version": 2})


def test_unwritable_results_are_an_environment_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: object, data: bytes) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("harness.atomic._write_durably", denied)
    with pytest.raises(EnvironmentFault, match="permission denied"):
        store(passed())
    assert not paths().results_file("apple-m4-max", "relu").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_unwritable_folder_for_real() -> None:
    folder = paths().results / "apple-m4-max"
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    with pytest.raises(EnvironmentFault, match="permission denied"):
        store(passed())


def test_names_cannot_leave_the_results_folder() -> None:
    with pytest.raises(ValueError, match="not a file name"):
        records.put(record(passed(kernel="../../relu")), expected=None, notes=[])


RACER = """
import sys
sys.path.insert(0, sys.argv[1])
from example_evaluations import passed
from harness.board import documents, records
size = sys.argv[2]
record = records.claimed(documents.to_run(passed(size, size=size)), None)
print(records.put(record, expected=None, notes=[]))
"""


def race(sizes: list[str]) -> list[str]:
    here = str(Path(__file__).parent)
    children = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, here, size], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for size in sizes
    ]
    return [child.communicate()[0].strip() for child in children]


def test_processes_that_save_different_sizes_lose_nothing() -> None:
    sizes = [f"size{number}" for number in range(6)]
    assert race(sizes) == ["True"] * 6
    document = records.load(paths().results_file("apple-m4-max", "relu"))
    assert document is not None and set(document.tracks["exact"]) == set(sizes)


def test_of_processes_that_save_the_same_size_one_wins() -> None:
    assert sorted(race(["published"] * 3)) == ["False", "False", "True"]
