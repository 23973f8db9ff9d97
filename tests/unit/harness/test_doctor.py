"""The doctor names what is broken, says what to run, and is not stopped by it."""

from __future__ import annotations

import pytest

from harness import environment, settings
from harness.command import doctor
from harness.command.doctor import Finding
from harness.errors import EnvironmentFault, ExitCode


def run_with(monkeypatch: pytest.MonkeyPatch, *checks: doctor.Check) -> int:
    monkeypatch.setattr(doctor, "CHECKS", [(check.__name__, check) for check in checks])
    return doctor.run()


def fine() -> Finding:
    return Finding("fine", True, "works")


def broken() -> Finding:
    return Finding("broken", False, "does not", "mend it")


def optional() -> Finding:
    return Finding("optional", False, "absent", needed=False)


def fault() -> Finding:
    raise EnvironmentFault("no lock", "make one")


def bug() -> Finding:
    raise KeyError("x")


def test_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_with(monkeypatch, fine, optional) == ExitCode.PASSED


def test_every_failing_line_says_what_to_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_with(monkeypatch, broken, fault, bug, fine) == ExitCode.ENVIRONMENT
    shown = capsys.readouterr().out
    for part in ("FAIL  broken", "run: mend it", "run: make one", "KeyError", "ok    fine"):
        assert part in shown
    assert "3 of 4 checks failed" in shown


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "version", lambda name: None if name == "rich" else "1")
    found = doctor.packages()
    assert not found.ok and found.detail == "missing: rich"
    assert found.remedy == "python3 setup.py"


def test_an_unwritable_home_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    settings.paths().results.write_text("a file stands here")
    found = doctor.writable()
    assert not found.ok and "METAL_BENCH_HOME" in found.remedy


def test_the_real_folders_and_locks_work() -> None:
    assert doctor.writable().ok and doctor.lockable().ok and doctor.machine().ok
