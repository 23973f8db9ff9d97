"""How far a Record is believed: who counts as a reproduction, and what makes it stale."""

from __future__ import annotations

import json
from typing import Any

import pytest
from example_evaluations import GATE_PASSED, SOURCE, passed, samples

from harness.board import documents, leaderboard, promotion, provenance, records
from harness.board.provenance import Attestation
from harness.environment import HARNESS_VERSION, facts, machine_hash
from harness.evaluation import Evaluation, Status
from harness.settings import paths

HERE: dict[str, Any] = {
    "os": "Darwin",
    "os_release": "25.1",
    "mlx": "0.32.4",
    "harness": 1,
    "machine_hash": "aaaa",
}


def record(*attestations: Attestation, **changes: Any) -> records.Record:
    """A Record at 1.5x [1.455, 1.545] of machine aaaa."""
    evaluation = passed(**{"environment": HERE, **changes})
    made = records.claimed(documents.to_run(evaluation), None)
    known = made.provenance.model_copy(update={"attestations": list(attestations)})
    return made.model_copy(update={"provenance": known})


def attestation(
    machine: str,
    interval: tuple[float, float] | None = (1.4, 1.5),
    *,
    at: str = "2026-05-01T00:00:00+00:00",
    status: Status = Status.PASSED,
    **environment: Any,
) -> Attestation:
    return Attestation(
        machine=machine,
        attested_at=at,
        environment={**HERE, **environment},
        status=status,
        speedup=None if interval is None else sum(interval) / 2,
        speedup_ci=interval,
        agrees=True,
        seed_sha256="0" * 64,
        samples=None,
    )


@pytest.mark.parametrize(
    ("attestations", "count"),
    [
        ([], 0),
        ([attestation("bbbb")], 1),
        ([attestation("bbbb"), attestation("cccc")], 2),
        ([attestation("bbbb"), attestation("bbbb", at="2026-06-01T00:00:00+00:00")], 1),
        ([attestation("aaaa")], 0),
        ([attestation("bbbb", (1.0, 1.1))], 0),
        ([attestation("bbbb", (1.545, 9.0))], 1),
        ([attestation("bbbb", None, status=Status.WRONG_VALUES)], 0),
        ([attestation("bbbb"), attestation("bbbb", (1, 1.1), at="2026-06-01T00:00:00+00:00")], 0),
        ([attestation("bbbb", (1, 1.1)), attestation("bbbb", at="2026-06-01T00:00:00+00:00")], 1),
    ],
)
def test_distinct_other_machines_whose_newest_interval_agrees_count(
    attestations: list[Attestation], count: int
) -> None:
    found = record(*attestations)
    assert found.reproduced == count
    assert found.state(HERE) == ("reproduced" if count else "claimed")


def test_what_an_attestation_says_of_itself_is_not_believed() -> None:
    liar = attestation("bbbb", (5.0, 6.0))
    assert liar.agrees and record(liar).reproduced == 0


def test_a_record_of_an_unknown_machine_cannot_be_reproduced_by_others() -> None:
    nameless = {name: value for name, value in HERE.items() if name != "machine_hash"}
    assert record(attestation("bbbb"), environment=nameless).reproduced == 0


NEWER = {"os": "Linux", "os_release": "25.10", "mlx": "0.32.10", "harness": 2}
OLDER = {"os_release": "25.0.9", "mlx": "0.9", "harness": 0}


@pytest.mark.parametrize("what", provenance.DEPENDS_ON)
def test_a_newer_environment_makes_a_record_stale(what: str) -> None:
    now = {**HERE, what: NEWER[what]}
    found = record(attestation("bbbb"))
    assert found.state(now) == "stale"
    assert found.stale_because(now) == [f"{what} {HERE[what]}, now {NEWER[what]}"]
    assert found.state({**HERE, "commit": "another"}) == "reproduced"
    unknown = {name: value for name, value in HERE.items() if name != what}
    assert record(environment=unknown).stale_because(HERE) == [f"{what} unknown, now {HERE[what]}"]


@pytest.mark.parametrize("what", OLDER)
def test_an_older_reader_makes_nothing_stale(what: str) -> None:
    assert record().state({**HERE, what: OLDER[what]}) == "claimed"


def test_who_measured_it_with_the_new_environment_makes_it_current() -> None:
    now = {**HERE, "mlx": "0.33.0"}
    assert record(attestation("bbbb", mlx="0.33.0")).state(now) == "reproduced"
    assert record(attestation("aaaa", mlx="0.33.0")).state(now) == "claimed"
    assert record(attestation("bbbb", (9, 10), mlx="0.33.0")).state(now) == "stale"


def test_this_machine_has_a_hash_and_no_name() -> None:
    assert machine_hash() == machine_hash() == facts()["machine_hash"]
    assert len(machine_hash()) == 16 and int(machine_hash(), 16) >= 0
    assert facts()["harness"] == HARNESS_VERSION


def test_a_machine_without_a_name_keeps_a_random_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.environment._MACHINE_IDS", ())
    monkeypatch.setattr("platform.system", lambda: "Linux")
    assert machine_hash() == machine_hash()
    (paths().home / ".bench" / "machine-id").unlink()
    first = machine_hash()
    (paths().home / ".bench" / "machine-id").unlink()
    assert machine_hash() != first


# --- stored and folded ----------------------------------------------------------------------


def store(found: records.Record) -> None:
    assert records.put(found, expected=None, notes=[])


def held(kernel: str = "relu") -> records.Record:
    found = records.find("apple-m4-max", kernel, "exact", "published")
    assert found is not None
    return found


def test_attestations_are_appended_to_the_results_file() -> None:
    store(record())
    assert records.attest(held(), attestation("bbbb"))
    assert records.attest(held(), attestation("cccc"))
    assert held().reproduced == 2
    assert [one.machine for one in held().provenance.attestations] == ["bbbb", "cccc"]


def test_another_source_than_the_attested_one_gets_no_attestation() -> None:
    store(record())
    before = held()
    assert records.put(
        records.claimed(documents.to_run(passed("other")), None),
        expected=before.source_sha256,
        notes=[],
    )
    assert not records.attest(before, attestation("bbbb"))
    assert held().provenance.attestations == []
    assert not records.attest(record(kernel="abs"), attestation("bbbb"))


def test_version_one_is_upgraded_and_loses_what_it_claimed_of_itself() -> None:
    store(record())
    path = paths().results_file("apple-m4-max", "relu")
    raw = json.loads(path.read_text())
    raw["schema_version"] = 1
    entry = raw["tracks"]["exact"]["published"]["provenance"]
    del entry["attestations"]
    entry |= {"state": "reproduced", "reproduced": 7}
    path.write_text(json.dumps(raw))
    assert held().reproduced == 0 and held().state(HERE) == "claimed"
    raw["tracks"]["exact"]["published"] = {"provenance": 3}
    path.write_text(json.dumps(raw))
    with pytest.raises(records.CorruptResults, match="version 1"):
        records.load(path)


def board() -> dict[str, Any]:
    leaderboard.refresh()
    return dict(json.loads(paths().session.read_text()))


def test_the_board_ranks_reproduced_above_claimed_above_stale() -> None:
    store(record(speedup=9.0, kernel="abs", environment={**HERE, "mlx": "0.30.0"}))
    store(record(speedup=4.0, kernel="gelu"))
    store(record(attestation("bbbb"), kernel="relu"))
    store(record(speedup=3.0, kernel="softmax"))
    assert board()["ranking"]["apple-m4-max"] == [
        ["relu", "exact", "published"],
        ["gelu", "exact", "published"],
        ["softmax", "exact", "published"],
        ["abs", "exact", "published"],
    ]
    row = board()["chips"]["apple-m4-max"]["abs"]["tracks"]["exact"]["published"]
    assert row["provenance"] == "stale" and row["stale_because"] == ["mlx 0.30.0, now 0.32.4"]


def test_one_chip_does_not_age_another() -> None:
    store(record())
    store(record(chip="apple-m1", environment={**HERE, "mlx": "0.99"}))
    assert leaderboard.refresh() == []
    rows = board()["chips"]
    assert {
        chip: kernels["relu"]["tracks"]["exact"]["published"]["provenance"]
        for chip, kernels in rows.items()
    } == {"apple-m4-max": "claimed", "apple-m1": "claimed"}


def test_a_newer_attestation_shows_what_the_chip_runs_now() -> None:
    later = "2099-01-01T00:00:00+00:00"
    store(record(attestation("bbbb", at=later, mlx="0.40"), kernel="abs"))
    store(record(kernel="relu"))
    rows = board()["chips"]["apple-m4-max"]
    states = {name: rows[name]["tracks"]["exact"]["published"]["provenance"] for name in rows}
    assert states == {"abs": "reproduced", "relu": "stale"}


# --- stale Records are measured again -------------------------------------------------------


def renew(found: Evaluation, confirmed: Evaluation) -> tuple[promotion.Outcome, list[str]]:
    asked: list[str] = []

    def pair(request: promotion.Request) -> Any:
        asked.append("pair")
        return samples(1.2, seed=1)

    def confirm(request: promotion.Request) -> promotion.Confirmation:
        asked.append(f"confirm beside {'the holder' if request.incumbent else 'nothing'}")
        return promotion.Confirmation(run=documents.to_run(confirmed), comparison=None)

    return promotion.promote(found, threads=0, pair=pair, confirm=confirm), asked


def test_a_stale_record_is_renewed_by_its_own_source() -> None:
    store(record(attestation("bbbb")))
    now = {**HERE, "mlx": "0.33.0"}
    found = passed(speedup=1.2, environment=now)
    assert promotion.worth_confirming(found, held()) == ""
    outcome, asked = renew(found, passed(speedup=1.25, environment=now, held_out=GATE_PASSED))
    assert outcome.saved and asked == ["confirm beside nothing"]
    assert "stale Record measured again 1.25x" in outcome.message
    assert held().state(now) == "claimed" and held().run.source == SOURCE
    assert held().provenance.attestations == [], "they speak of the old figures"


def test_a_current_record_is_not_renewed() -> None:
    store(record())
    found = passed(environment=HERE)
    assert "holds the Record" in promotion.worth_confirming(found, held())
    outcome, asked = renew(found, passed(environment=HERE, held_out=GATE_PASSED))
    assert not outcome.saved and asked == ["pair", "confirm beside the holder"]


def test_another_source_has_to_beat_a_stale_record_measured_again() -> None:
    store(record())
    found = passed("other", environment={**HERE, "mlx": "0.33.0"})
    _, asked = renew(found, found)
    assert asked[0] == "pair"
