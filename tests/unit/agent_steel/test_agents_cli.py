"""The command line of the agents: exit codes, refusals, replays, and a bare python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from core_fakes import PlainProposer, ScriptedProvider, search

from agent_steel import cli, loop, proposers
from agent_steel.attempt import Attempt
from agent_steel.database import AttemptDB
from agent_steel.history import tree
from agent_steel.settings import folders
from harness import devices
from harness.problem import catalog

ROOT = Path(__file__).resolve().parents[3]

USAGE: list[tuple[list[str], int, str]] = [
    ([], 2, "nothing to do"),
    (["--kernel-name", "relu,relu"], 2, "named twice"),
    (["--kernel-name", "rellu", "--provider", "offline", "--loop"], 2, "unknown kernel"),
    (["--kernel-name", "relu", "--provider", "nobody"], 2, "unknown provider"),
    (["--kernel-name", "relu", "--provider", "anthropic"], 3, "ANTHROPIC_API_KEY"),
    (["--kernel-name", "relu", "--max-rounds", "0"], 2, "at least 1"),
    (["--kernel-name", "relu", "--budget-usd", "-1"], 2, "more than 0"),
    (["--kernel-name", "relu", "--objective", "metal", "--device", "cpu"], 3, "cannot be measured"),
    (["--kernel-name", "relu", "--objective", "fun"], 2, "unknown objective"),
    (["--kernel-name", "relu", "--context-file", "x"], 2, "NAME=FILE"),
    (["--kernel-name", "relu", "--provider", "openai,anthropic", "--model", "m"], 2, "1 models"),
    (["--provider", "replay", "--device", "replay"], 2, "needs a recording"),
    (["--kernel-name", "relu", "--objective", "predicted:m99"], 2, "m99"),
    (["--welder", "a_b"], 2, "needs a --description"),
    (["--history", "relu"], 2, "no history"),
    (["--resume", "nothing"], 2, "no recorded run"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), USAGE, ids=[u[2] for u in USAGE])
def test_what_is_wrong_is_said_with_its_exit_code(
    arguments: list[str],
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert cli.main(arguments) == code
    assert said in capsys.readouterr().err


def test_a_model_without_a_dated_price_is_refused_under_a_cap(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    command = ["--kernel-name", "relu", "--loop", "--provider", "openai", "--model", "made-up-1"]
    assert cli.main([*command, "--budget-usd", "1"]) == 2
    assert "no dated price" in capsys.readouterr().err


def test_a_replay_from_the_command_line_tells_gain_by_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = search(folders().root)
    run.execute()
    monkeypatch.setattr(proposers, "from_provider", PlainProposer)
    command = ["--provider", "replay", "--device", "replay", "--recording", "run1"]
    assert cli.main(command) == 0
    said = capsys.readouterr().out
    assert "2.00x in 5 rounds, 7 attempts (5 right, 3 kept)" in said
    assert "+ vectorise" in said and "stopped: rounds" in said
    assert (folders().root / "replays" / "runs" / "run1" / "summary.json").exists()
    assert cli.main(command) == 2, "it was replayed before"


def test_no_gain_is_exit_1(monkeypatch: pytest.MonkeyPatch) -> None:
    search(folders().root, {"0001": "no code"}, max_rounds=1, tries=1).execute()
    monkeypatch.setattr(proposers, "from_provider", PlainProposer)
    command = ["--provider", "replay", "--device", "replay", "--recording", "run1"]
    assert cli.main(command) == 1


def test_the_history_is_a_tree(capsys: pytest.CaptureFixture[str]) -> None:
    run = search(folders().root)
    run.execute()
    assert cli.main(["--history", "relu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("8 attempts in 1 runs")
    indents = {line.split(" · ")[0].strip(): len(line) - len(line.lstrip()) for line in lines[1:]}
    assert indents["run1-0000"] == 0 and indents["run1-0003"] == 4 and indents["run1-0006"] == 6
    assert len(list(tree(run.folders.history("relu", run.plan.chip)))) == 9


def test_a_bare_python_goes_through_the_environment() -> None:
    """Without the packages: the entry loads the standard library alone until it is there."""
    done = subprocess.run(
        [sys.executable, "-m", "agent_steel", "--help"],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0 and "--kernel-name" in done.stdout
    code = (
        "import sys, runpy, importlib; sys.path.insert(0, '')\n"
        "setup = importlib.import_module('setup')\n"
        "setup.find_python = lambda check=False: '/elsewhere/bin/python'\n"
        "setup.enter = lambda arguments: sys.exit('entered ' + ' '.join(arguments))\n"
        "sys.argv = ['agent_steel', '--history', 'relu']\n"
        "import agent_steel.__main__ as entry\n"
        "packages = {'numpy', 'pydantic', 'rich'} & set(sys.modules)\n"
        "assert not packages, packages\n"
        "entry.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stderr.strip() == "entered -m agent_steel --history relu"


@pytest.mark.host
def test_a_search_on_the_real_device_keeps_what_is_right_and_refuses_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernel = catalog.default().find("relu")
    text = catalog.default().variant(kernel, "cpu-x-y-2").source.text
    slow = text.replace("max(values", "max(fast_loop(values)", 1)
    wrong = "wrong\n" + text.replace("float4(0.0f)", "float4(1.0f)")
    broken = "broken\n" + slow
    right = "right\n" + text + "\nconstant int another = 1;\n"
    provider = ScriptedProvider({"0001": wrong, "0002": broken, "0003": right})
    monkeypatch.setattr(proposers, "open_seat", lambda seat, wrap: PlainProposer(wrap(provider)))
    command = ["--kernel-name", "relu", "--loop", "--max-rounds", "1", "--provider", "offline"]
    code = cli.main([*command, "--size", "rows=64,cols=64", "--no-promote"])
    rows = attempts()
    chip = devices.open_device("cpu").facts()["chip"]
    assert folders().history("relu", str(chip)).exists(), "one spelling of a chip"
    assert [one.status for one in rows] == ["passed", "wrong_values", "compile_error", "passed"]
    assert rows[3].verdict in ("FASTER", "SLOWER", "SAME", "UNCLEAR", None)
    assert rows[3].counts and rows[3].kernel_ms and rows[3].incumbent_ms
    assert code == (0 if rows[3].outcome == "kept" else 1)
    assert '"mlx": null' in loop.atomic.strict_json(rows[3].feedback), "MLX was not timed there"


@pytest.mark.host
def test_a_chip_that_is_not_here_is_searched_for_by_its_model_and_nothing_is_promoted(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = catalog.default().variant(catalog.default().find("relu"), "cpu-x-y-2").source.text
    same = "the same work\n" + text + "\nconstant int again = 1;\n"
    provider = ScriptedProvider({"0001": same})
    monkeypatch.setattr(proposers, "open_seat", lambda seat, wrap: PlainProposer(wrap(provider)))
    command = ["--kernel-name", "relu", "--loop", "--max-rounds", "1", "--provider", "offline"]
    assert cli.main([*command, "--size", "rows=64,cols=64", "--objective", "predicted:m4_max"]) == 1
    start, other = attempts()
    assert (start.chip, start.device, start.objective) == (
        "apple-m4-max", "cpu", "predicted:m4_max"
    )  # fmt: skip
    assert start.clock == other.clock == "modelled" and other.samples_ms == ()
    assert (other.speedup, other.verdict, other.outcome) == (1.0, None, "unclear")
    assert not (home / "metal").exists()


@pytest.mark.host
def test_without_a_search_the_evaluation_its_figures_and_a_diagnosis_are_told(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--kernel-name", "relu", "--size", "rows=64,cols=64", "--provider", "offline"]
    assert cli.main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["evaluation"]["status"] == told["feedback"]["status"] == "passed"
    assert told["diagnosis"]["origin"] == "rules" and told["diagnosis"]["text"]
    kinds = {figure["name"]: figure["kind"] for figure in told["figures"]}
    assert kinds["kernel time"] == "measured"
    assert {"measured", "derived"} <= set(kinds.values()) <= {"measured", "derived", "modelled"}
    assert not (home / ".agent-steel").exists()
    assert cli.main([*command, "--json", "--loop"]) == 2


def attempts() -> list[Attempt]:
    (path,) = (folders().root / "history").glob("*.jsonl")
    return AttemptDB(path).read()
