"""Every attack is refused twice, by the layer it is meant for; and each layer is seen to matter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

import msl
from msl import safety
from trust import native
from trust.escapes import Attack, Expected, as_msl, as_native, attacks
from trust.native import ALLOWED_CALLS, Arena, build_native, call_numbers, run_in_worker, sweep

pytestmark = pytest.mark.host
NAMES = [attack.name for attack in attacks()]


@pytest.fixture(scope="module")
def place() -> Iterator[Arena]:
    with native.arena() as made:
        yield made


def test_there_are_at_least_twenty_pairs() -> None:
    assert len(NAMES) >= 20
    assert {path.stem for path in native.FOLDER.glob("*.cc")} == {*NAMES, "every_call"}


@pytest.mark.parametrize("name", NAMES)
def test_refused_as_msl(name: str, place: Arena) -> None:
    found = as_msl(Attack(name), place)
    assert Expected.of(Attack(name).metal).met_by(found), found


@pytest.mark.parametrize("name", NAMES)
def test_refused_as_native_code(name: str, place: Arena) -> None:
    found = as_native(Attack(name), place)
    assert Expected.of(Attack(name).native).met_by(found), found


ARMED = [name for name in NAMES if Expected.of(Attack(name).native).acts_unlocked]


@pytest.mark.parametrize("name", ARMED)
def test_the_attack_acts_where_nothing_stops_it(name: str, place: Arena) -> None:
    assert native.unlocked(build_native(Attack(name).native, place), place) > 0


def test_most_attacks_can_be_shown_to_act() -> None:
    assert len(ARMED) >= 25


def test_system_calls_beyond_the_list_are_refused(place: Arena) -> None:
    """By number, whatever they are called with. The whole list is swept by `make trust`."""
    names = list(call_numbers())
    assert len(names) > 250 and set(names) >= ALLOWED_CALLS
    assert sweep(place, [*names[::12], "io_uring_setup", "memfd_create", "pidfd_open"]) == []


def test_without_freeze_a_late_store_is_seen(place: Arena) -> None:
    """The layer off: the run ends as soon as the kernel says so, and memory goes on changing."""
    library = build_native(Attack("late_store").native, place)
    found = run_in_worker(library, place, freeze=False)
    assert not found.refused and "still changes" in found.said
    assert run_in_worker(library, place, freeze=True).refused


LEXICAL = [n for n in NAMES if "lexical safety" in Expected.of(Attack(n).metal).layers]


def test_the_lexical_layer_matters_and_is_not_the_last(tmp_path: Path) -> None:
    """The layer off: most of what it stops would compile; a foreign symbol is still refused."""
    refused = []
    with (
        mock.patch.object(safety, "token_checks", lambda tokens: []),
        mock.patch.object(safety, "raw_checks", lambda tokens: []),
        mock.patch.object(safety, "blocked_directive", lambda token: None),
    ):
        for name in LEXICAL:
            text = Attack(name).metal.read_text("utf-8")
            if isinstance(msl.compile_source(text, cache_dir=tmp_path), msl.Rejection):
                refused.append(name)
    assert "fork" not in refused, "inline assembly needs the lexical layer"
    assert {"file_read", "another_filter"} <= set(refused)
    assert len(refused) < len(LEXICAL) / 2
