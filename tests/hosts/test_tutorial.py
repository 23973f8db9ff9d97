"""docs/tutorial-first-kernel.md, followed step by step in a root of its own."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "docs" / "tutorial-first-kernel.md"
_FILE = re.compile(r"^File `([^`]+)`:$")
_COPIED = ("harness", "mlx", "metal")
_LINKED = ("msl", "chip_metrics", "host")


def steps(text: str) -> list[tuple[str, str]]:
    """(file to write, or "" for a console, what its block holds), in order."""
    found, name, block = [], "", None
    for line in text.splitlines():
        if block is not None and line == "```":
            found.append((name, "\n".join(block) + "\n"))
            name, block = "", None
        elif block is not None:
            block.append(line)
        elif line.startswith("```"):
            assert (line == "```console") != bool(name), f"{line} after {name or 'no file'}"
            block = []
        elif match := _FILE.match(line):
            name = match[1]
    return found


def commands(block: str) -> list[tuple[str, str]]:
    """(command, the output that is promised)."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts]


def matches(promised: str, printed: str) -> bool:
    """Whether the output is what is promised. `...` stands for anything, alone for any lines."""
    lines = [
        r"(?:.*\n)*" if line == "..." else ".*".join(map(re.escape, line.split("..."))) + r"\n"
        for line in promised.splitlines()
    ]
    return re.fullmatch("".join(lines), printed) is not None


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout without the tutorial's kernel. What is not written to is linked."""
    made = tmp_path / "checkout"
    for name in _COPIED:
        shutil.copytree(ROOT / name, made / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _LINKED:
        (made / name).symlink_to(ROOT / name)
    return made


@pytest.mark.host
def test_the_tutorial_does_what_it_says(root: Path, home: Path) -> None:
    ran = 0
    for name, block in steps(TUTORIAL.read_text("utf-8")):
        if name:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(block, "utf-8")
            continue
        for command, promised in commands(block):
            program, *arguments = shlex.split(command)
            assert program == "./bench", "only ./bench is shown"
            done = subprocess.run(
                [sys.executable, "-m", "harness", *arguments],
                cwd=root,
                env={**os.environ, "PYTHONPATH": str(root)},
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert matches(promised, done.stdout), f"{command}\n{done.stdout}{done.stderr}"
            assert done.returncode == int("wrong.metal" in command), done.stderr
            ran += 1
    assert ran == 6
    assert not list(home.rglob("session.json")), "nothing in it makes a Record"


def test_the_tutorial_is_read_as_it_stands() -> None:
    text = "File `a/b.py`:\n```python\nx = 1\n```\n```console\n$ ./bench a\none\n$ ./bench b\n```\n"
    assert steps(text) == [("a/b.py", "x = 1\n"), ("", "$ ./bench a\none\n$ ./bench b\n")]
    assert commands(steps(text)[1][1]) == [("./bench a", "one\n"), ("./bench b", "")]
    assert matches("a ... s: 0\n...\n", "a 12 s: 0\nb\nc\n")
    assert matches("a\n...\nb\n", "a\nb\n")
    assert not matches("a ... s: 0\n", "a 12 s: 1\n")
    assert not matches("a ...\n", "a 1\nb\n")
    with pytest.raises(AssertionError):
        steps("```python\nunnamed\n```\n")
