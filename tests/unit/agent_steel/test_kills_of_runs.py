"""A run that is killed anywhere and resumed: nothing lost, nothing twice, no bill paid again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from core_fakes import SCRIPT, FakeJudge, ScriptedProvider, search

from agent_steel import database, events
from agent_steel.database import AttemptDB
from agent_steel.plan import Seat
from agent_steel.run import Run
from harness import atomic

ROOT = Path(__file__).resolve().parents[3]


class Killed(BaseException):
    """What SIGKILL is to a process."""


class FixedClock:
    def stamp(self, key: str) -> tuple[str, float]:
        return "2026-01-01T00:00:00+00:00", 1.0


class Killer:
    """Counts everything that a kill could fall between, and kills at one of it."""

    def __init__(self, at: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at, self.count = at, 0
        self.lock = threading.Lock()
        append, write = database.append_line, atomic.write_text

        def append_line(path: Path, line: str) -> None:
            self.point()
            if self.due():  # torn in the middle
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("ab") as file:
                    file.write(line.encode()[: len(line) // 2])
                raise Killed
            append(path, line)
            self.point()

        def write_text(path: Path, text: str) -> None:
            self.point()
            write(path, text)
            self.point()

        for module in (database, events):
            monkeypatch.setattr(module, "append_line", append_line)
        monkeypatch.setattr(atomic, "write_text", write_text)
        monkeypatch.setattr(os, "fsync", lambda descriptor: None)

    def due(self) -> bool:
        with self.lock:
            self.count += 1
            return self.count == self.at

    def point(self) -> None:
        if self.due():
            raise Killed


def made(root: Path, provider: ScriptedProvider, judge: FakeJudge, **more: Any) -> Run:
    return search(root, provider=provider, judge=judge, clock=FixedClock(), **more)


def result(run: Run) -> tuple[Any, ...]:
    rows = AttemptDB(run.folders.history("relu", run.plan.chip)).read()
    return run.state.stopped, run.state.gain, run.state.spent, rows


def uninterrupted(
    root: Path, monkeypatch: pytest.MonkeyPatch, **more: Any
) -> tuple[tuple[Any, ...], int]:
    with monkeypatch.context() as patch:
        killer = Killer(None, patch)
        provider, judge = ScriptedProvider(SCRIPT), FakeJudge()
        provider.before = judge.before = killer.point
        run = made(root, provider, judge, **more)
        run.execute()
        return result(run), killer.count


def killed_and_resumed(
    root: Path,
    at: list[int],
    expected: tuple[Any, ...],
    monkeypatch: pytest.MonkeyPatch,
    **more: Any,
) -> None:
    """Kill at each of these points, one process after the other, then let it finish."""
    seats = len(more.get("seats", [None]))
    calls: Counter[str] = Counter()
    judged: Counter[int] = Counter()
    for point in [*at, None]:
        with monkeypatch.context() as patch:
            killer = Killer(point, patch)
            provider, judge = ScriptedProvider(SCRIPT), FakeJudge()
            provider.before = judge.before = killer.point
            logged = {path.stem for path in (root / "runs" / "run1" / "replies").glob("*.json")}
            run = made(root, provider, judge, **more)
            try:
                run.execute()
            except Killed:
                assert point is not None
            asked = [ask.call_id for ask in provider.asks]
            assert not logged & set(asked), "a logged reply was billed again"
            calls.update(asked)
            judged.update(judge.asked)
    assert result(run) == expected
    assert sum(judged.values()) - len(judged) <= len(at), "one evaluation a kill is repeated"
    assert sum(calls.values()) - len(calls) <= seats * len(at), "those under way"


def points(count: int, everything: bool) -> list[list[int]]:
    """Every single point, and random pairs; in short, a spread of them."""
    draw = random.Random(7)
    pairs = [[draw.randrange(1, count), draw.randrange(1, count)] for _ in range(60)]
    single = [[n] for n in range(1, count + 1)]
    return single + pairs if everything else single[3::14] + pairs[:3]


def test_a_kill_at_any_point_loses_and_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    expected, count = uninterrupted(tmp_path / "whole", monkeypatch)
    assert expected[0] == "rounds"
    everything = bool(request.config.getoption("--all-kills"))
    chosen = points(count, everything)
    assert len(chosen) >= (200 if everything else 12)
    for number, at in enumerate(chosen):
        killed_and_resumed(tmp_path / f"run{number}", at, expected, monkeypatch)


def test_a_kill_while_seats_are_asked_side_by_side_loses_nothing_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    swarm = {
        "strategy": "swarm", "seats": tuple(Seat(proposer=name) for name in "abc"),
        "max_rounds": 2, "tries": 2,
    }  # fmt: skip
    expected, count = uninterrupted(tmp_path / "whole", monkeypatch, **swarm)
    everything = bool(request.config.getoption("--all-kills"))
    for number in range(1, count, 1 if everything else 23):
        root = tmp_path / f"run{number}"
        killed_and_resumed(root, [number], expected, monkeypatch, **swarm)


def test_the_kill_test_sees_a_call_that_is_paid_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, count = uninterrupted(tmp_path / "whole", monkeypatch)
    monkeypatch.setattr(Path, "exists", lambda self: False)  # forgets replies and evaluations
    with pytest.raises(AssertionError, match="billed again"):
        for at in range(10, count, 3):
            killed_and_resumed(tmp_path / f"run{at}", [at], expected, monkeypatch)


def test_a_real_sigkill_is_survived(tmp_path: Path) -> None:
    code = (
        "import sys, time; sys.path[:0] = [{here!r}]\n"
        "from core_fakes import *\n"
        "judge = FakeJudge(before=lambda: time.sleep(0.05))\n"
        "search(Path({root!r}), judge=judge).execute()\n"
    ).format(here=str(Path(__file__).parent), root=str(tmp_path / "root"))
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    log = tmp_path / "root" / "runs" / "run1" / "log.jsonl"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (
        log.exists() and log.read_text("utf-8").count("attempted") >= 2
    ):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    run = search(tmp_path / "root")
    state = run.execute()
    whole = search(tmp_path / "whole")
    whole.execute()
    assert state.stopped == "rounds" and state.gain == whole.state.gain
    rows = AttemptDB(run.folders.history("relu", run.plan.chip)).read()
    assert [one.id for one in rows] == list(whole.attempts)
