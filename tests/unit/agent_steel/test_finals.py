"""The end of a run, and that nothing of it can be told from what a search does, then or later."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from core_fakes import CHIP, SCRIPT, FakeJudge, ScriptedProvider, files, reply, search, source

from agent_steel import finals
from agent_steel.attempt import Attempt
from agent_steel.finals import Case, Verdict, finalists, settle
from agent_steel.run import Run
from agent_steel.settings import Folders, folders
from agent_steel.starting import start_of
from harness.problem import catalog

ROOT = Path(__file__).resolve().parents[3]
#: Modules that may know of the end of a run: they start it or show it, and feed nothing back.
MAY_KNOW = {"finals.py", "loop.py", "cli.py", "compare/scoring.py", "offline/experiment.py"}


def examiner(passes: bool, seen: list[Case]) -> finals.Examine:
    def examine(case: Case) -> Verdict:
        seen.append(case)
        reason = "" if passes else "held out failed: y[3] is 1, expected 2 at rows=77"
        return Verdict(
            attempt=case.finalist.id, source_sha256=case.finalist.source_sha256,
            passed=passes, reason=reason, held_out={"status": "passed" if passes else "failed"},
        )  # fmt: skip

    return examine


def rows(run: Run) -> list[Attempt]:
    return sorted(run.attempts.values(), key=lambda one: one.ordinal)


def test_finalists_are_what_was_kept_the_fastest_first(tmp_path: Path) -> None:
    run = search(tmp_path)
    run.execute()
    assert [one.technique for one in finalists(rows(run))] == [
        "fewer barriers", "unroll right", "vectorise"
    ]  # fmt: skip


def test_the_first_that_holds_is_promoted_and_no_other_is_gated(tmp_path: Path, home: Path) -> None:
    run = search(folders().root)
    run.execute()
    seen: list[Case] = []
    final = settle(run.folders, run.plan, rows(run), examiner(True, seen))
    assert [case.finalist.technique for case in seen] == ["fewer barriers"]
    assert final.path == "metal/kernels/common/relu/cpu.metal"
    assert (home / final.path).read_text("utf-8") == seen[0].finalist.source
    assert [p.name for p in (home / "metal").rglob("*") if p.is_file()] == ["cpu.metal"]
    assert seen[0].attempts == 5, "every candidate that was measured was a chance to win by luck"


def test_nothing_is_promoted_when_all_fail_and_each_is_gated_once(home: Path) -> None:
    run = search(folders().root)
    run.execute()
    seen: list[Case] = []
    for _ in range(2):
        final = settle(run.folders, run.plan, rows(run), examiner(False, seen))
        assert final.promoted is None
    assert len(seen) == 3
    assert not (home / "metal").exists()


def test_an_end_that_was_killed_goes_on_with_the_next_finalist(home: Path) -> None:
    run = search(folders().root)
    run.execute()
    seen: list[Case] = []

    def killed_at_the_second(case: Case) -> Verdict:
        if seen:
            raise KeyboardInterrupt
        return examiner(False, seen)(case)

    with pytest.raises(KeyboardInterrupt):
        settle(run.folders, run.plan, rows(run), killed_at_the_second)
    final = settle(run.folders, run.plan, rows(run), examiner(True, seen))
    assert [case.finalist.technique for case in seen] == ["fewer barriers", "unroll right"]
    assert final.promoted == seen[1].finalist.id


def two_runs(root: Path, passes: bool) -> tuple[Run, Run, list[str]]:
    """A run, its end, and a later run on the same kernel that begins where the rules say."""
    first = search(root, known=[])
    first.execute()
    settle(Folders(root), first.plan, rows(first), examiner(passes, []))
    kernel = catalog.default().find("relu")
    text, origin = start_of(kernel, CHIP, rows(first), objective="cpu", size="published")
    assert origin in ("history", "catalog")
    provider = ScriptedProvider({"0001": reply("later", 0.4), "0002": reply("last", 0.6)})
    second = search(root, provider=provider, run="run2", start=text, start_origin="history")
    second.execute()
    return first, second, [ask.messages[0].content for ask in provider.asks]


def test_a_search_cannot_tell_whether_the_gate_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Incumbents and rendered prompts are equal, in the run and in a later one."""
    found = []
    listed = source(1.0, note=" start")
    for passes in (True, False):
        home = tmp_path / str(passes)
        monkeypatch.setenv("METAL_BENCH_HOME", str(home))
        root = home / ".agent-steel"
        # What metal/ holds for a later run: the winner, or what stood there before.
        winner = SCRIPT["0006"].partition("\n")[2]
        stands_later(monkeypatch, winner if passes else listed)
        first, second, prompts = two_runs(root, passes)
        incumbents = [(r.state.incumbent, r.state.gain, r.plan.start) for r in (first, second)]
        shown = {n: t for n, t in files(root / "runs").items() if "/prompts/" in n}
        found.append((incumbents, prompts, shown))
        verdicts = json.loads((root / "gate" / "run1.json").read_text("utf-8"))["verdicts"]
        assert [one["passed"] for one in verdicts][-1] is passes
    assert found[0] == found[1]
    assert len(found[0][2]) == 10


def stands_later(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    variant = catalog.Variant("cpu", catalog.source_of(text))
    monkeypatch.setattr(catalog.Catalog, "variant", lambda self, kernel, chip: variant)


def test_a_source_that_no_search_has_seen_is_begun_with(tmp_path: Path) -> None:
    run = search(tmp_path)
    run.execute()
    kernel = catalog.default().find("relu")
    text, origin = start_of(kernel, CHIP, rows(run), objective="cpu", size="published")
    assert origin == "catalog", "the shipped relu is none of the scripted sources"
    assert text == catalog.default().variant(kernel, CHIP).source.text


def test_no_module_that_proposes_knows_of_the_end() -> None:
    forbidden = ("agent_steel.finals", "harness.gate", "harness.judging", "harness.board.promotion")
    for path in (ROOT / "agent_steel").rglob("*.py"):
        if str(path.relative_to(ROOT / "agent_steel")) in MAY_KNOW:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        names = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
        told = {n for n in names if n.startswith(forbidden)}
        assert not told, f"{path.relative_to(ROOT)} imports {sorted(told)}"
        if path.name != "settings.py":
            assert '/ "gate"' not in path.read_text("utf-8"), path


def test_seeds_of_a_judging_are_not_kept_in_the_history(tmp_path: Path) -> None:
    run = search(tmp_path, judge=FakeJudge())
    run.execute()
    assert all("seed" not in one.environment for one in run.attempts.values())
    assert "5ec4e7" not in "".join(
        text.decode() for name, text in files(tmp_path).items() if "prompts" in name
    )
