"""The bootstrap: what it installs, when it is ready, and what it says where nothing can work."""

from __future__ import annotations

import subprocess
import sys
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


def test_an_old_python_without_a_newer_one(
    bootstrap: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("setup.OLDEST", (99, 0))
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SystemExit) as caught:
        bootstrap.newest_python()
    assert caught.value.code == 3
    assert "or newer is needed" in capsys.readouterr().err


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
