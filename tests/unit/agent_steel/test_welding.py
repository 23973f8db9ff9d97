"""`--welder` as a user calls it: what is written, what is printed, what is paid twice (nothing)."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent_steel import cli, welding
from agent_steel.providers.base import Ask, Completion, Failure
from agent_steel.providers.replay import ANY, Line, ReplayProvider
from agent_steel.roles import child, reference, welder
from agent_steel.roles.reference import Survey, Surveyed
from agent_steel.settings import folders
from harness.errors import EnvironmentFault, ExitCode, UserError
from tests.unit.agent_steel.authored import POLISHED, authored, line


class Counting(ReplayProvider):
    """A script that counts what is asked of it."""

    def __init__(self, lines: Sequence[Line]) -> None:
        super().__init__(lines)
        self.calls = 0

    def complete(self, ask: Ask) -> Completion | Failure:
        self.calls += 1
        return super().complete(ask)


def weld(provider: ReplayProvider, *arguments: str) -> tuple[ExitCode, list[str], list[str]]:
    said: list[str] = []
    given = cli.parser().parse_args(["--welder", "new_one", "--description", "d", *arguments])
    code, names = welding.command(given, folders(), said.append, provider)
    return code, names, said


CUT = [line(text="cut", stop="length", usd=0.4)] * 4


def test_what_was_paid_is_not_paid_again() -> None:
    first, second = Counting(CUT), Counting(CUT)
    code, names, said = weld(first)
    assert (code, names) == (ExitCode.REFUSED, [])
    assert first.calls == welder.TRIES
    assert any("truncated" in text for text in said)
    weld(second)
    assert second.calls == 0
    weld(second, "--description", "something else")
    assert second.calls == welder.TRIES


def test_a_budget_is_kept() -> None:
    provider = Counting(CUT)
    code, _, said = weld(provider, "--budget-usd", "0.9")
    assert code is ExitCode.REFUSED
    assert provider.calls == 2
    assert "the budget allows no further call" in said[-1]


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    given = cli.parser().parse_args(["--welder", "new_one"])
    with pytest.raises(UserError, match="--description"):
        welding.command(given, folders(), print)
    given = cli.parser().parse_args(["--welder", "new_one", "--description", "d"])
    with pytest.raises(EnvironmentFault, match="needs a model"):
        welding.command(given, folders(), print)


def test_a_recording_stands_in_for_a_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text("".join(one.model_dump_json() + "\n" for one in CUT), "utf-8")
    assert CUT[0].prompt_sha256 == ANY
    asked = ["--welder", "new_one", "--description", "d", "--tries", "1"]
    code = cli.main([*asked, "--provider", "replay", "--replies", str(path)])
    assert code == ExitCode.REFUSED
    assert "truncated" in capsys.readouterr().out


def test_a_folder_is_authored_problem_by_problem_under_one_budget(tmp_path: Path) -> None:
    for name in ("1_Plus", "2_Times"):
        (tmp_path / f"{name}.py").write_text("def ref(x): return x\n", "utf-8")
    (tmp_path / "3_none.py").write_text("x = 1\n", "utf-8")
    provider = Counting(CUT)
    code, names, said = weld(provider, "--reference", str(tmp_path), "--budget-usd", "0.9")
    assert (code, names) == (ExitCode.REFUSED, [])
    assert provider.calls == 2, "the second problem finds nothing left"
    assert "no level: 2 supported, 1 unsupported, 0 trivial" in "\n".join(said)
    assert any("new_one_2_times: nothing was written: exhausted" in text for text in said)


@pytest.fixture
def gates_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root of the test's own, and both gates in order: what they refuse is test_welder's part."""
    root = tmp_path / "root"
    monkeypatch.setattr(welder, "weld", functools.partial(welder.weld, root=root))
    passed = {"passed": True, "tried": ["check 0"]}
    monkeypatch.setattr(child, "run", lambda *given: passed)
    return root


def written(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_the_text_of_the_pull_request_is_kept_with_the_run(gates_pass: Path) -> None:
    code, names, said = weld(Counting([authored(), POLISHED]))
    assert (code, names) == (ExitCode.PASSED, ["new_one"])
    assert written(gates_pass) == ["new_one.metal", "new_one.py"]
    (path,) = folders().runs.glob("weld-new_one-*/pull_request.md")
    assert path.read_text("utf-8") == "Add shifted_swish\n\nSwish after a bias.\n"
    assert str(path) in said[-1]


def test_a_kill_before_the_files_leaves_none_and_pays_nothing_twice(gates_pass: Path) -> None:
    class Killed(Counting):
        def complete(self, ask: Ask) -> Completion | Failure:
            if ask.call_id.endswith("-polish"):
                raise KeyboardInterrupt
            return super().complete(ask)

    with pytest.raises(KeyboardInterrupt):
        weld(Killed([authored()]))
    assert written(gates_pass) == []
    again = Counting([POLISHED])
    assert weld(again)[0] is ExitCode.PASSED
    assert again.calls == 1, "the text alone"
    assert written(gates_pass) == ["new_one.metal", "new_one.py"]


def test_a_problem_of_a_folder_that_cannot_be_keeps_no_other_back(
    gates_pass: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bench" / "level2"
    folder.mkdir(parents=True)
    for name in ("1_Broken", "2_Times"):
        (folder / f"{name}.py").write_text("def ref(x): return x\n", "utf-8")
    found = [Surveyed(path, 2, "supported") for path in sorted(folder.glob("*.py"))]
    monkeypatch.setattr(reference, "survey", lambda path, on_each: Survey(tuple(found)))

    def describe(one: reference.Reference, limits: object = None) -> dict[str, object]:
        if "Broken" in one.path.name:
            raise UserError("1_Broken.py does not run")
        return {}

    monkeypatch.setattr(reference, "describe", describe)
    code, names, said = weld(Counting([authored(), POLISHED]), "--reference", str(folder.parent))
    assert (code, names) == (ExitCode.REFUSED, ["new_one_l2_2_times"])
    assert "new_one_l2_1_broken: 1_Broken.py does not run" in said
    assert said[-1] == "1 of 2 supported problems authored"


def test_names_of_problems_tell_their_level_and_stay_apart() -> None:
    def name(stem: str, level: int | None) -> str:
        return welding.name_of("kb", Surveyed(Path(f"{stem}.py"), level, "supported"))

    assert name("19_ReLU", 1) == "kb_l1_19_relu" != name("19_ReLU", 2)
    assert name("19_ReLU", None) == "kb_19_relu"
    long = "28_BMM_InstanceNorm_Sum_ResidualAdd_Multiply_"
    one, two = name(long + "A", 2), name(long + "B", 2)
    assert len(one) == len(two) == welder.MAX_NAME and one != two
    welder.require_name(one)


def test_a_name_that_is_none_is_refused_before_anything_is_made() -> None:
    given = cli.parser().parse_args(["--welder", "../evil", "--description", "d"])
    with pytest.raises(UserError, match="no kernel name"):
        welding.command(given, folders(), print, Counting(CUT))
    assert not folders().root.exists()
