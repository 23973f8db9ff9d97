"""A recorded run again, to the byte; and a changed byte that changes what depends on it alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from core_fakes import SCRIPT, PlainProposer, ScriptedProvider, files, reply, search

from agent_steel.extras import Extras
from agent_steel.loop import summarised
from agent_steel.plan import Seat
from agent_steel.problems import problem_of
from agent_steel.replaying import Recording
from agent_steel.run import Run
from agent_steel.settings import Folders
from harness.errors import UserError
from harness.problem import catalog


def recorded(root: Path) -> Run:
    run = search(root)
    run.execute()
    summarised(run)
    return run


def again(folder: Path, root: Path) -> Run:
    problem = problem_of(catalog.default().find("relu"))
    run = Recording.read(folder).run(Folders(root), problem, PlainProposer)
    run.execute()
    summarised(run)
    return run


def test_five_rounds_reproduce_to_the_byte(tmp_path: Path) -> None:
    first = recorded(tmp_path / "one")
    assert first.state.rounds_done == 5
    again(first.folder, tmp_path / "two")
    one, two = files(tmp_path / "one"), files(tmp_path / "two")
    assert set(one) == set(two)
    assert [name for name in one if one[name] != two[name]] == []
    assert {name.split("/")[2] for name in one if name.startswith("runs/")} >= {
        "prompts", "replies", "candidates", "evaluations", "log.jsonl", "summary.json", "plan.json"
    }  # fmt: skip


def test_a_run_that_asked_no_model_replays_from_its_candidates(tmp_path: Path) -> None:
    first = recorded(tmp_path / "one")
    for name in ("replies", "prompts"):
        shutil.rmtree(first.folder / name)
    second = again(first.folder, tmp_path / "two")
    assert [a.source for a in second.attempts.values()] == [
        a.source for a in first.attempts.values()
    ]
    assert second.state.gain == first.state.gain


def test_contexts_travel_with_the_run(tmp_path: Path) -> None:
    shown = Extras({"cuda": "__global__ void f();"}, {"image": b"PNG"})
    seats = (Seat(proposer="scripted/m", contexts=("cuda", "image")),)
    first = search(tmp_path / "one", seats=seats, extras=shown)
    first.execute()
    second = again(first.folder, tmp_path / "two")
    one, two = files(first.folder / "prompts"), files(second.folder / "prompts")
    assert one == two and b"__global__" in one["0001.md"]
    resumed = search(tmp_path / "one", seats=seats)
    resumed.execute()
    assert resumed.extras == shown


def changed(folder: Path, call_id: str, text: str) -> None:
    path = folder / "replies" / f"{call_id}.json"
    document = json.loads(path.read_text("utf-8"))
    document["answer"]["text"] = text
    path.write_text(json.dumps(document), "utf-8")


def test_a_changed_idea_changes_its_own_row_and_what_is_shown_later(tmp_path: Path) -> None:
    first = recorded(tmp_path / "one")
    shutil.copytree(first.folder, tmp_path / "edited")
    changed(tmp_path / "edited", "0004", SCRIPT["0004"].replace("more", "mere", 1))
    second = again(tmp_path / "edited", tmp_path / "two")
    one, two = files(first.folder), files(second.folder)
    differing = {name for name in one if one[name] != two[name]}
    assert {name for name in differing if name.startswith(("candidates", "evaluations"))} == set()
    assert not {f"prompts/{n:04d}.md" for n in range(1, 5)} & differing
    assert "prompts/0006.md" in differing, "the history that it shows"
    rows = list(zip(first.attempts.values(), second.attempts.values(), strict=True))
    assert [a.ordinal for a, b in rows if a.technique != b.technique] == [4]
    assert [a.ordinal for a, b in rows if a.source != b.source] == []


def test_a_changed_source_is_not_given_figures_that_nobody_measured(tmp_path: Path) -> None:
    first = recorded(tmp_path / "one")
    shutil.copytree(first.folder, tmp_path / "edited")
    changed(tmp_path / "edited", "0003", reply("unroll right", 0.1))
    second = again(tmp_path / "edited", tmp_path / "two")
    rows = {one.ordinal: one for one in second.attempts.values()}
    assert (rows[3].outcome, rows[3].status) == ("refused", "unsupported")
    assert rows[2] == next(a for a in first.attempts.values() if a.ordinal == 2)
    assert rows[4].verdict is None, "its recorded pair had another incumbent"


def test_a_folder_without_a_log_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no recorded run"):
        Recording.read(tmp_path)


def test_the_model_of_a_recording_is_not_asked(tmp_path: Path) -> None:
    provider = ScriptedProvider(SCRIPT)
    first = search(tmp_path / "one", provider=provider)
    first.execute()
    asked = len(provider.asks)
    again(first.folder, tmp_path / "two")
    assert len(provider.asks) == asked
