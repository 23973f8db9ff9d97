"""Processes killed while they store things leave nothing torn, lost, held or lying about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from trust import kills
from trust.kills import Killer, Tally


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    with kills.killer() as made:
        yield made


def test_the_points_are_around_everything_that_stores(killer: Killer) -> None:
    home = killer.home()
    kills.prepare(home, "a corrupt file")
    spec = kills.spec("a corrupt file", ("published",))
    labels = killer.ask(home, [spec], points=True)[0]["points"]
    kinds = {tuple(label.split()[:2]) for label in labels}
    for call in ("open", "write", "fsync", "replace", "rename", "unlink", "flock", "mkdir"):
        assert {("before", call), ("after", call)} <= kinds
    assert ("within", "write") in kinds
    for file in ("*.json", "*.tmp", "*.lock", "*.gate", "result.json", "library.so"):
        assert any(label.endswith(file) for label in labels), file
    assert len(labels) > 100


def test_kills_are_survived() -> None:
    found = kills.run(full=False)
    assert found.total >= 50
    assert found.holds, found.summary


def test_a_note_torn_while_it_was_written_is_removed(killer: Killer) -> None:
    tally = Tally()
    kills.at_every_point(killer, tally, only="within write cpu.")
    assert (tally.kills, tally.problems) == (len(kills.SCENES), [])


def test_without_atomic_writes_torn_files_are_seen() -> None:
    tally = Tally()
    with kills.killer("atomic") as weak:
        kills.at_every_point(weak, tally, only="within write relu.json")
    assert tally.kills == len(kills.SCENES) and tally.survived == 0


def test_without_locks_lost_records_are_seen() -> None:
    tally = Tally()
    with kills.killer("locks") as weak:
        while tally.kills < 60 and not tally.problems:
            kills.at_random(weak, tally, 1, seed=tally.kills)
    assert any("lost" in problem for problem in tally.problems)


def test_a_lock_that_is_held_is_seen(killer: Killer) -> None:
    home = killer.home()
    before = kills.prepare(home, "the incumbent")
    with kills.at(home), kills.locks.file("unrelated"):
        found = kills.found_wrong(home, "the incumbent", before, [], [])
    assert found == ["unrelated.lock is held"]


def test_a_record_that_is_gone_is_seen(killer: Killer) -> None:
    home = killer.home()
    before = kills.prepare(home, "the incumbent")
    found = kills.found_wrong(home, "the incumbent", {**before, "more": "x"}, [], ["published"])
    assert found == ["published is lost", "more was 'x', is None"]
