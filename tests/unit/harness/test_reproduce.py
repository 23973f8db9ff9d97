"""`--reproduce`: whose Records are measured again, what is attested, and what is not believed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from example_evaluations import SOURCE, figures, passed, refused, sha256

from harness import devices, judging
from harness.board import documents, records
from harness.command import cli
from harness.errors import ExitCode
from harness.evaluation import Evaluation, Figures
from harness.settings import Settings, paths

THERE = {"os": "Darwin", "os_release": "25.1", "mlx": "0.32.4", "harness": 1}
OWNER, OTHER = {**THERE, "machine_hash": "aaaa"}, {**THERE, "machine_hash": "bbbb"}
SEED = {"seed": "0" * 32, "seed_sha256": "1" * 64}


def at(speedup: float) -> Figures:
    return replace(figures(speedup), speedup_ci=(speedup - 0.1, speedup + 0.1))


def store(**changes: Any) -> None:
    evaluation = passed(**{"environment": OWNER, "figures": at(1.5), **changes})
    record = records.claimed(documents.to_run(evaluation), None)
    assert records.put(record, expected=None, notes=[])


def held(size: str = "published") -> records.Record:
    found = records.find("apple-m4-max", "relu", "exact", size)
    assert found is not None
    return found


class Machine:
    """A machine of some chip that judges as it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.chip = "apple-m4-max"
        self.answer = passed(figures=at(1.45), environment={**OTHER, **SEED})
        self.asked: list[tuple[str, str, bool, str]] = []
        monkeypatch.setattr(devices, "open_device", lambda name: self)
        monkeypatch.setattr(judging, "judged", self.judged)

    def facts(self) -> dict[str, str]:
        return {"chip": self.chip}

    def judged(self, kernel: Any, source: Any, settings: Settings, size: str) -> Evaluation:
        assert sha256(source.text) == source.sha256
        self.asked.append((source.text, size, settings.check_only, settings.mode))
        return replace(self.answer, size=size)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_another_machine_reproduces_a_record(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    store()
    assert cli.main(["--reproduce", "relu"]) == ExitCode.PASSED
    assert machine.asked == [(SOURCE, "published", False, "record")]
    assert held().reproduced == 1
    (attested,) = held().provenance.attestations
    assert attested.machine == "bbbb" and attested.agrees and attested.samples is not None
    assert attested.seed_sha256 == "1" * 64
    assert "reproduced: [1.35, 1.55]x here, [1.40, 1.60]x recorded" in capsys.readouterr().err


def test_two_attestations_of_one_machine_count_once(machine: Machine) -> None:
    store()
    cli.main(["--reproduce", "relu"])
    cli.main(["--reproduce", "relu"])
    assert len(held().provenance.attestations) == 2 and held().reproduced == 1


def test_the_machine_that_recorded_it_does_not_count(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    store()
    machine.answer = replace(machine.answer, environment={**OWNER, **SEED})
    assert cli.main(["--reproduce", "relu"]) == ExitCode.PASSED
    assert held().reproduced == 0 and len(held().provenance.attestations) == 1
    assert "the machine that recorded it" in capsys.readouterr().err


def test_a_figure_that_does_not_hold_is_said_and_stored(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    store()
    machine.answer = replace(machine.answer, figures=at(1.0))
    assert cli.main(["--reproduce", "relu"]) == ExitCode.REFUSED
    assert not held().provenance.attestations[0].agrees and held().reproduced == 0
    assert "not reproduced: [0.90, 1.10]x here" in capsys.readouterr().err


def test_a_record_that_is_wrong_here_is_attested_without_times(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    store()
    machine.answer = refused(environment={**OTHER, **SEED})
    assert cli.main(["--reproduce", "relu"]) == ExitCode.REFUSED
    (attested,) = held().provenance.attestations
    assert attested.speedup is None and attested.samples is None and not attested.agrees
    assert "not reproduced: wrong_values here" in capsys.readouterr().err


def test_a_forged_source_is_refused_before_it_runs(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    store()
    path = paths().results_file("apple-m4-max", "relu")
    raw = json.loads(path.read_text())
    raw["tracks"]["exact"]["published"]["run"]["source"] = "another"
    path.write_text(json.dumps(raw))
    assert cli.main(["--reproduce", "relu"]) == ExitCode.REFUSED
    assert machine.asked == [] and held().provenance.attestations == []
    assert f"the Record names {sha256(SOURCE)[:12]}" in capsys.readouterr().err


def test_on_another_chip_only_correctness_can_be_reproduced(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    store()
    machine.chip = "cpu-intel-avx512-2"
    assert cli.main(["--reproduce", "relu"]) == ExitCode.PASSED
    assert machine.asked == [(SOURCE, "published", True, "record")]
    assert held().provenance.attestations == []
    said = capsys.readouterr().err
    assert "only whether they are right" in said and "on apple-m4-max alone" in said
    machine.answer = refused()
    assert cli.main(["--reproduce", "relu"]) == ExitCode.REFUSED


def test_sizes_and_chips_are_chosen(machine: Machine) -> None:
    store()
    store(size="large")
    store(chip="apple-m1")
    assert cli.main(["--reproduce", "relu"]) == ExitCode.PASSED
    assert [size for _, size, _, _ in machine.asked] == ["large", "published"]
    assert cli.main(["--reproduce", "relu", "--size", "large"]) == ExitCode.PASSED
    assert [size for _, size, _, _ in machine.asked[2:]] == ["large"]
    assert len(held("large").provenance.attestations) == 2


def test_json_is_the_evaluation_alone(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    store()
    assert cli.main(["--reproduce", "relu", "--json"]) == ExitCode.PASSED
    assert json.loads(capsys.readouterr().out)["kernel"] == "relu"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--reproduce relu", "nobody holds a Record of relu"),
        ("--reproduce relu --size large", "nobody holds a Record of relu at large"),
        ("--reproduce rellu", "did you mean relu"),
        ("--reproduce relu gelu", "recorded sources alone"),
        ("--reproduce relu --file x.metal", "against one kernel"),
        ("--reproduce relu --check-only", "recorded sources alone"),
    ],
)
def test_wrong_use_is_named(
    machine: Machine, capsys: pytest.CaptureFixture[str], line: str, says: str
) -> None:
    assert cli.main(line.split()) == ExitCode.USAGE
    assert says in capsys.readouterr().err and machine.asked == []
