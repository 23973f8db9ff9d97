"""What the hosted workflows run exists here, and a runner that hangs is ended."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.command import cli

ROOT = Path(__file__).resolve().parents[2]
MACOS = (ROOT / ".github" / "workflows" / "macos.yml").read_text("utf-8")
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
COMMANDS = re.findall(r"^ +run: (.+)$", MACOS, re.MULTILINE)


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 4


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_exists(command: str) -> None:
    words = command.partition(" > ")[0].split()
    if words[0] == "make":
        assert set(words[1:]) <= TARGETS
    elif words[0] == "./bench":
        cli.parser().parse_args(words[1:])
    else:
        assert words[0] == "python3" and (ROOT / words[1]).exists()


def test_every_step_that_runs_something_has_a_deadline() -> None:
    steps = MACOS.split("      - ")[1:]
    for step in steps:
        assert ("run:" not in step) or re.search(r"timeout-minutes: \d+", step), step


def test_actions_are_pinned_by_commit_and_see_no_credentials() -> None:
    used = re.findall(r"uses: (\S+)", MACOS)
    assert len(used) == 3
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action) for action in used)
    assert "persist-credentials: false" in MACOS and "secrets." not in MACOS


def test_the_whole_job_outlasts_its_steps() -> None:
    whole, *steps = map(int, re.findall(r"timeout-minutes: (\d+)", MACOS))
    assert sum(steps) < whole <= 60


def test_what_a_virtual_machine_finds_is_uploaded_and_not_committed() -> None:
    assert "upload-artifact" in MACOS and "git push" not in MACOS
    assert "contents: read" in MACOS and "write" not in MACOS.partition("jobs:")[2]
