"""Who may use a device or write a file now: locks that the system drops when a holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from harness import atomic, settings
from harness.errors import EnvironmentFault


@dataclass(frozen=True)
class Holder:
    """A process that holds a lock, and what for."""

    pid: int
    purpose: str
    exclusive: bool


#: Called once when a lock is not free; the returned context spans the wait (a spinner, or nothing).
OnWait = Callable[[str, list[Holder]], AbstractContextManager[object]]


def quiet(name: str, holders: list[Holder]) -> AbstractContextManager[object]:
    """Wait without a word."""
    return contextlib.nullcontext()


@contextlib.contextmanager
def device(name: str, purpose: str, *, exclusive: bool, on_wait: OnWait = quiet) -> Iterator[None]:
    """Hold device `name` of this machine: shared for builds and checks, exclusive for timing."""
    folder = _private_folder(settings.paths().runtime)
    with _readers_writer(folder, name, purpose, exclusive, on_wait):
        yield


@contextlib.contextmanager
def file(name: str, *, on_wait: OnWait = quiet) -> Iterator[None]:
    """Be the only writer of what `name` stands for in this home, e.g. "session"."""
    folder = settings.paths().locks
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(
            f"cannot make {folder}: {error.strerror}",
            "make the folder writable, or set METAL_BENCH_HOME",
        ) from error
    with contextlib.ExitStack() as stack:
        lock = _opened(stack, folder / f"{name}.lock")
        with _Wait(lambda: on_wait(name, [])) as wait:
            wait.lock(lock, fcntl.LOCK_EX)
        yield


def holders(name: str) -> list[Holder]:
    """The living processes that hold device `name`, exclusive ones first."""
    found = []
    for note in settings.paths().runtime.glob(f"{name}.*.holder"):
        # The number is in the name too: a note may be torn by a kill while it was written.
        owner = note.name[len(name) + 1 :].split("-")[0]
        if owner.isdigit() and not atomic.process_lives(int(owner)):
            note.unlink(missing_ok=True)
            continue
        try:
            pid, purpose, exclusive = json.loads(note.read_text("utf-8"))
        except (OSError, ValueError):
            continue  # released, or being written, at this very moment
        found.append(Holder(pid, purpose, exclusive))
    return sorted(found, key=lambda holder: (not holder.exclusive, holder.pid))


@contextlib.contextmanager
def _readers_writer(
    folder: Path, name: str, purpose: str, exclusive: bool, on_wait: OnWait
) -> Iterator[None]:
    """A readers-writer lock of two files. Everyone passes the gate one by one, and a writer keeps
    it while it waits for the readers to leave, so that a stream of readers cannot starve it."""

    def announce() -> AbstractContextManager[object]:
        return on_wait(name, [held for held in holders(name) if held.pid != os.getpid()])

    with contextlib.ExitStack() as stack:
        body = _opened(stack, folder / f"{name}.lock")
        with _Wait(announce) as wait, contextlib.ExitStack() as passing:
            wait.lock(_opened(passing, folder / f"{name}.gate"), fcntl.LOCK_EX)
            wait.lock(body, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        note = folder / f"{name}.{os.getpid()}-{secrets.token_hex(4)}.holder"
        stack.callback(note.unlink, missing_ok=True)
        note.write_text(json.dumps([os.getpid(), purpose, exclusive]), "utf-8")
        yield


class _Wait(contextlib.ExitStack):
    """Locks descriptors one after the other and announces the wait once, if there is any."""

    def __init__(self, announce: Callable[[], AbstractContextManager[object]]) -> None:
        super().__init__()
        self.announce, self.announced = announce, False

    def lock(self, descriptor: int, kind: int) -> None:
        """Lock, blocking in the kernel; a signal such as Ctrl-C ends the wait."""
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if not self.announced:
                self.announced = True
                self.enter_context(self.announce())
            fcntl.flock(descriptor, kind)


def _opened(stack: contextlib.ExitStack, path: Path) -> int:
    """A descriptor that the stack closes, which is what unlocks it."""
    descriptor = _open(path)
    stack.callback(os.close, descriptor)
    return descriptor


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        raise EnvironmentFault(
            f"cannot open the lock {path}: {error.strerror}", "remove it, or make it writable"
        ) from error


def _private_folder(folder: Path) -> Path:
    """Make the folder 0700, and refuse one that another user could have prepared."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise EnvironmentFault(
            f"cannot make the lock folder {folder}: {error.strerror}",
            "set XDG_RUNTIME_DIR to a folder that only you can write",
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise EnvironmentFault(
            f"the lock folder {folder} is not yours alone",
            "remove it, or set XDG_RUNTIME_DIR to a folder that only you can write",
        )
    return folder
