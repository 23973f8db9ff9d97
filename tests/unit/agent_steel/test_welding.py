"""`--welder` as a user calls it: what is written, what is printed, what is paid twice (nothing)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from agent_steel import cli, welding
from agent_steel.providers.base import Ask, Completion, Failure
from agent_steel.providers.replay import ANY, Line, ReplayProvider
from agent_steel.roles import welder
from agent_steel.settings import folders
from harness.errors import EnvironmentFault, ExitCode, UserError
from tests.unit.agent_steel.authored import line


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
