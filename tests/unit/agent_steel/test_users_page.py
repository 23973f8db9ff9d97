"""docs/agent-steel.md: each command in it runs, or says that it needs a key and parses."""

from __future__ import annotations

import functools
import os
import re
import shlex
from pathlib import Path

import pytest
from core_fakes import FakeJudge

from agent_steel import cli, loop
from agent_steel.providers import opening, replay
from agent_steel.report import writing
from agent_steel.roles import child, welder
from agent_steel.settings import folders
from harness.command import cli as bench
from harness.problem.catalog import Kernel
from tests.unit.agent_steel.authored import POLISHED, authored

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "agent-steel.md").read_text("utf-8")
NEEDS_A_KEY = "# needs a key"
AGENTS = "python -m agent_steel "
#: Commands of other parts of the page, and the test that runs them.
ELSEWHERE = {
    "agent_steel.compare": "test_searches_compared",
    "agent_steel.report": "test_run_report",
}


def commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def arguments(line: str) -> list[str]:
    return shlex.split(line.removeprefix(AGENTS), comments=True)


FREE = [line for line in commands() if line.startswith(AGENTS) and NEEDS_A_KEY not in line]
PAID = [line for line in commands() if line.startswith(AGENTS) and NEEDS_A_KEY in line]


@pytest.fixture
def no_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources say themselves how fast they are; problems are authored into a folder of the test."""
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)

    def judge(kernel: Kernel, *given: object, **more: object) -> FakeJudge:
        made = FakeJudge()
        made.kernel = kernel  # type: ignore[attr-defined]
        return made

    monkeypatch.setattr(loop, "HarnessJudge", judge)
    monkeypatch.setattr(writing, "write", lambda folders: None)  # pictures: test_run_report's part
    monkeypatch.setattr(welder, "weld", functools.partial(welder.weld, root=tmp_path / "root"))
    real = child.run

    def run(task: str, given: dict[str, object], limits: child.ChildLimits | None = None) -> object:
        return {"passed": True, "tried": ["check 0"]} if task == "gates" else real(task, given)

    monkeypatch.setattr(child, "run", run)
    monkeypatch.chdir(tmp_path)
    Path("ref.py").write_text("def ref(x, b):\n    return x\n", "utf-8")
    Path("problems").mkdir()
    Path("problems/one.py").write_text("def ref(x):\n    return x\n", "utf-8")
    lines = [authored(), POLISHED]
    Path("calls.jsonl").write_text("".join(f"{one.model_dump_json()}\n" for one in lines), "utf-8")


@pytest.mark.usefixtures("no_device")
def test_every_command_that_needs_no_key_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(FREE) >= 10
    for line in FREE:
        runs = sorted(folders().runs.glob("2*"))
        asked = [runs[0].name if word == "RUN" else word for word in arguments(line)]
        code = cli.main(asked)
        errors = capsys.readouterr().err
        # A fake device shows no gain, which is exit 1; anything else is a page that is wrong.
        assert code in (0, 1) and "error" not in errors, (line, code, errors)


def test_commands_that_need_a_key_name_options_and_providers_that_exist() -> None:
    assert len(PAID) >= 5
    for line in PAID:
        given = cli.parser().parse_args(arguments(line))
        names = given.provider.split(",") if given.provider else []
        assert set(names) <= set(opening.NAMES) - {replay.NAME}, line


@pytest.mark.host
def test_the_other_commands_are_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    others = [line for line in commands() if not line.startswith(AGENTS)]
    assert "./bench --serve < candidates.jsonl" in others
    for line in others:
        if line.startswith("./bench"):
            command, _, file = line.removeprefix("./bench ").partition(" < ")
            path = tmp_path / file
            path.write_text('{"kernel": "none", "source": "x"}\n', "utf-8")
            assert with_input(path, shlex.split(command)) == 0
            assert '"kind": "kernel"' in capsys.readouterr().out
        else:
            test = next(name for module, name in ELSEWHERE.items() if f"-m {module}" in line)
            assert list(ROOT.glob(f"tests/unit/agent_steel/{test}.py")), line


def with_input(path: Path, command: list[str]) -> int:
    """The exit code of a command of ./bench that reads a file on standard input."""
    kept = os.dup(0)
    try:
        with path.open("rb") as file:
            os.dup2(file.fileno(), 0)
        return bench.main(command)
    finally:
        os.dup2(kept, 0)
        os.close(kept)


def test_the_page_names_every_option() -> None:
    known = {
        option
        for action in cli.parser()._actions
        for option in action.option_strings
        if option.startswith("--")
    }
    used = set(re.findall(r"--[a-z][a-z-]+", PAGE))
    assert known - used <= {"--help", "--tries", "--threads"}
