"""Locks between real processes: shared, exclusive, fair, and gone with their holder."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import locks
from harness.errors import EnvironmentFault
from harness.settings import ROOT, paths

HOLD = (
    "import contextlib, sys\n"
    "from harness import locks\n"
    "def wait(name, held):\n"
    "    print('waiting', flush=True)\n"
    "    return contextlib.nullcontext()\n"
    "with locks.device('cpu', sys.argv[1], exclusive=sys.argv[2] == 'x', on_wait=wait):\n"
    "    print('held', flush=True)\n"
    "    sys.stdin.readline()\n"
    "    print('leaving', flush=True)\n"
)


class Process:
    """Another process that holds, or waits for, the device."""

    def __init__(self, purpose: str, kind: str) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-c", HOLD, purpose, kind],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def says(self) -> str:
        assert self.child.stdout is not None
        return self.child.stdout.readline().strip()

    def leave(self) -> None:
        assert self.child.stdin is not None
        self.child.stdin.write("\n")
        self.child.stdin.flush()


@pytest.fixture
def start() -> Iterator[type[Process]]:
    started: list[Process] = []

    class Started(Process):
        def __init__(self, purpose: str, kind: str) -> None:
            super().__init__(purpose, kind)
            started.append(self)

    yield Started
    for process in started:
        process.child.kill()
        process.child.communicate()


class Waits:
    """Records who was said to hold the device."""

    def __init__(self) -> None:
        self.seen: list[list[locks.Holder]] = []

    def __call__(
        self, name: str, held: list[locks.Holder]
    ) -> contextlib.AbstractContextManager[object]:
        self.seen.append(held)
        return contextlib.nullcontext()


def test_readers_share(start: type[Process]) -> None:
    assert start("a", "s").says() == "held"
    assert start("b", "s").says() == "held"
    assert {held.purpose for held in locks.holders("cpu")} == {"a", "b"}


def test_a_writer_waits_and_is_told_for_whom(start: type[Process]) -> None:
    holder = start("timing softmax", "x")
    assert holder.says() == "held"
    waits = Waits()

    def told(name: str, held: list[locks.Holder]) -> contextlib.AbstractContextManager[object]:
        holder.leave()  # only now: so the wait below is a real one
        return waits(name, held)

    with locks.device("cpu", "me", exclusive=True, on_wait=told):
        assert holder.says() == "leaving"
    assert waits.seen == [[locks.Holder(holder.child.pid, "timing softmax", True)]]


def test_a_free_lock_is_taken_without_a_word() -> None:
    waits = Waits()
    with locks.device("cpu", "me", exclusive=True, on_wait=waits):
        pass
    assert (waits.seen, locks.holders("cpu")) == ([], [])


def test_devices_do_not_wait_for_each_other(start: type[Process]) -> None:
    assert start("a", "x").says() == "held"
    waits = Waits()
    with locks.device("metal", "me", exclusive=True, on_wait=waits):
        assert waits.seen == []


def test_a_killed_holder_leaves_nothing(start: type[Process]) -> None:
    holder = start("a", "x")
    assert holder.says() == "held"
    holder.child.send_signal(signal.SIGKILL)
    holder.child.wait()
    with locks.device("cpu", "me", exclusive=True):
        assert [held.pid for held in locks.holders("cpu")] == [os.getpid()]


def test_an_interrupted_waiter_leaves_nothing(start: type[Process]) -> None:
    holder = start("a", "x")
    assert holder.says() == "held"

    @contextlib.contextmanager
    def interrupt(name: str, held: list[locks.Holder]) -> Iterator[None]:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        yield

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with (
            pytest.raises(KeyboardInterrupt),
            locks.device("cpu", "me", exclusive=True, on_wait=interrupt),
        ):
            pytest.fail("it was held")
    finally:
        signal.signal(signal.SIGALRM, before)
    holder.leave()
    assert holder.child.wait() == 0
    follower = start("b", "x")
    assert follower.says() == "held"


def test_a_waiting_writer_goes_before_later_readers(start: type[Process]) -> None:
    reader = start("reader", "s")
    assert reader.says() == "held"
    late: list[Process] = []

    def told(name: str, held: list[locks.Holder]) -> contextlib.AbstractContextManager[object]:
        late.append(start("late", "s"))
        assert late[0].says() == "waiting"  # although only readers hold it
        reader.leave()
        return contextlib.nullcontext()

    with locks.device("cpu", "writer", exclusive=True, on_wait=told):
        assert "late" not in {held.purpose for held in locks.holders("cpu")}
    assert late[0].says() == "held"


def test_eight_writers_lose_nothing(tmp_path: Path) -> None:
    """Each adds one to a number in a file, fifty times, under the file lock."""
    number = tmp_path / "number"
    number.write_text("0")
    code = (
        "import pathlib, sys\n"
        "from harness import locks\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "for _ in range(50):\n"
        "    with locks.file('number'):\n"
        "        path.write_text(str(int(path.read_text()) + 1))\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(number)], cwd=ROOT) for _ in range(8)
    ]
    assert [child.wait() for child in children] == [0] * 8
    assert number.read_text() == "400"


def test_refuses_a_folder_that_others_can_write(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = paths().runtime
    folder.mkdir()
    folder.chmod(0o777)
    with (
        pytest.raises(EnvironmentFault, match="not yours alone"),
        locks.device("cpu", "me", exclusive=True),
    ):
        pytest.fail("it was held")
