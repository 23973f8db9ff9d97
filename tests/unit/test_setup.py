"""The bootstrap: what it installs, when it is ready, and what it says where nothing can work."""

from __future__ import annotations

import ast
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """setup.py as a module that believes to lie in an empty checkout."""
    monkeypatch.syspath_prepend(str(ROOT))
    import setup

    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    monkeypatch.setattr(setup, "HERE", str(tmp_path))
    monkeypatch.setattr(setup, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(setup, "PACKAGES", str(tmp_path / ".venv" / "packages"))
    yield setup


def test_requirements_are_those_of_the_project_file(bootstrap: Any) -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11 reads TOML")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert bootstrap.requirements(()) == project["dependencies"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    assert bootstrap.requirements(("dev",)) == wanted


def test_ready_marks_follow_the_requirements(bootstrap: Any, tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    assert not bootstrap.is_ready(())
    bootstrap.write_ready(("dev",))
    assert not bootstrap.is_ready(()), "there is no python yet"
    (tmp_path / ".venv" / "bin" / "python").touch()
    assert bootstrap.is_ready(()) and bootstrap.is_ready(("dev",))
    bootstrap.write_ready(())
    assert bootstrap.is_ready(("dev",)), "mending one group must not forget the other"
    project = tmp_path / "pyproject.toml"
    project.write_text(project.read_text().replace('"numpy>=', '"numpy>=9'))
    assert not bootstrap.is_ready(())


def test_where_nothing_can_work_it_says_the_one_command(
    bootstrap: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "quietly", lambda command: False)
    with pytest.raises(SystemExit) as caught:
        bootstrap.make(())
    assert caught.value.code == 3
    said = capsys.readouterr().err
    assert "neither venv, virtualenv nor pip" in said
    assert said.count("run this: ") == 1


class Old(types.SimpleNamespace):
    """sys of the Python 3.9 that the Command Line Tools of a Mac bring."""

    def __init__(self, platform: str) -> None:
        version = {"version_info": (3, 9, 6), "version": "3.9.6 (default)"}
        super().__init__(
            **version, platform=platform, executable="/usr/bin/python3", stderr=sys.stderr,
            exit=sys.exit,
        )  # fmt: skip


#: system: what the one line says to run, and whether it tells whose python this is
OLD = {
    "linux": ("~/.local/bin/uv run --no-project --python 3.12 setup.py", False),
    "darwin": ("brew install python@3.12 && python3 setup.py", True),
}


@pytest.mark.parametrize("system", OLD)
def test_an_old_python_without_a_newer_one(
    bootstrap: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], system: str
) -> None:
    command, owner = OLD[system]
    monkeypatch.setattr(bootstrap, "sys", Old(system))
    monkeypatch.setattr("shutil.which", lambda name, path: None)
    with pytest.raises(SystemExit) as caught:
        bootstrap.newest_python()
    said = capsys.readouterr().err
    assert caught.value.code == 3 and "3.10 or newer is needed; this is 3.9.6" in said
    assert command in said and ("Command Line Tools" in said) is owner


#: where a python lies on a Mac with the old one, what it is built for, and whether it is taken
MACS = [
    ("/opt/homebrew/bin/python3.12", "arm64", True),
    ("/Library/Frameworks/Python.framework/Versions/Current/bin/python3.13", "arm64", True),
    ("~/.local/bin/python3.10", "arm64", True),
    ("/usr/local/bin/python3.12", "x86_64", False),  # Homebrew of an Intel Mac, under Rosetta
    ("/opt/homebrew/bin/python3.9", "arm64", False),
]


@pytest.mark.parametrize(("path", "machine", "taken"), MACS, ids=[row[0] for row in MACS])
def test_a_mac_is_searched_for_a_newer_python(
    bootstrap: Any, monkeypatch: pytest.MonkeyPatch, path: str, machine: str, taken: bool
) -> None:
    wanted = Path(path).expanduser()

    def which(name: str, path: str) -> str | None:
        return str(wanted) if str(wanted) == f"{path}/{name}" else None

    monkeypatch.setattr(bootstrap, "sys", Old("darwin"))
    monkeypatch.setattr("shutil.which", which)
    monkeypatch.setattr(bootstrap, "output_of", lambda command: (0, machine + "\n"))
    if taken:
        assert bootstrap.newest_python() == str(wanted)
    else:
        with pytest.raises(SystemExit):
            bootstrap.newest_python()


@pytest.mark.parametrize("name", ["setup.py", "harness/command/mac_setup.py"])
def test_any_python_3_can_read_what_explains_itself(name: str) -> None:
    ast.parse((ROOT / name).read_text("utf-8"), feature_version=(3, 6))


def test_packages_go_to_a_folder_where_no_venv_can_be_made(
    bootstrap: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bootstrap, "quietly", lambda command: command[1:3] == ["-m", "pip"])
    bootstrap.make_environment(sys.executable)
    assert bootstrap.find_python() == sys.executable
    path = bootstrap.environment()["PYTHONPATH"].split(":")
    assert path == [str(tmp_path), str(tmp_path / ".venv" / "packages")]


def test_usage() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "setup.py"), "--nonsense"], capture_output=True, text=True
    )
    assert done.returncode == 2 and "usage:" in done.stderr
