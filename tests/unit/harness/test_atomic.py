"""Files are the old text or the new one, whatever happens."""

from __future__ import annotations

import errno
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness import atomic
from harness.errors import EnvironmentFault, ExitCode
from harness.settings import ROOT


def test_writes_and_replaces(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "a.json"
    atomic.write_json(target, {"b": 1, "a": [1.5, None]})
    atomic.write_json(target, {"a": 2})
    assert target.read_text() == '{\n "a": 2\n}\n'
    assert [p.name for p in target.parent.iterdir()] == ["a.json"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_refuses_what_is_not_json(tmp_path: Path, value: float) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")
    with pytest.raises(ValueError, match="not JSON compliant"):
        atomic.write_json(target, {"x": value})
    assert target.read_text() == "old"


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission denied"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_failed_write_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")

    def fails(path: Path, data: bytes) -> None:
        path.write_bytes(data[:3])
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(atomic, "_write_durably", fails)
    with pytest.raises(EnvironmentFault, match=says) as caught:
        atomic.write_text(target, "new text")
    assert "unchanged" in caught.value.message
    assert caught.value.exit_code == ExitCode.ENVIRONMENT
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.glob("*.tmp")] + [p.name for p in tmp_path.glob(".a*")] == []


def test_a_full_disk_for_real(tmp_path: Path) -> None:
    """A process whose files may hold 4 KiB at most, which fails in the middle of a write."""
    target = tmp_path / "a.json"
    target.write_text("old")
    code = (
        "import resource, sys, pathlib\n"
        "from harness import atomic, errors\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    atomic.write_text(pathlib.Path(sys.argv[1]), 'x' * 100000)\n"
        "except errors.EnvironmentFault as error:\n"
        "    print(error.message); sys.exit(3)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(target)], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (3, "")
    assert "size limit" in done.stdout
    assert target.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["a.json"]


def test_killed_between_write_and_rename(tmp_path: Path) -> None:
    """The old file stays whole, and the next writer removes what the dead one left."""
    target = tmp_path / "a.json"
    target.write_text("old")
    code = (
        "import os, signal, sys, pathlib\n"
        "from harness import atomic\n"
        "atomic.os.replace = lambda a, b: os.kill(os.getpid(), signal.SIGKILL)\n"
        "atomic.write_text(pathlib.Path(sys.argv[1]), 'new')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(target)], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    assert target.read_text() == "old"
    assert len(list(tmp_path.glob(".a.json.*.tmp"))) == 1
    atomic.write_text(target, "newer")
    assert target.read_text() == "newer"
    assert list(tmp_path.glob(".a.json.*.tmp")) == []


def test_leaves_temporary_files_of_living_writers(tmp_path: Path) -> None:
    other = tmp_path / f".a.json.{os.getppid()}.00.tmp"
    other.write_text("being written")
    atomic.write_text(tmp_path / "a.json", "x")
    assert other.exists()


def test_a_file_where_a_folder_is_needed(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    with pytest.raises(EnvironmentFault, match="cannot save"):
        atomic.write_text(tmp_path / "results" / "a.json", "x")
