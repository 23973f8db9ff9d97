"""Processes that store things and are killed: forks one a request, so that each starts at once.

`python -m trust.kill_child` reads one JSON request a line and answers each with one. A request
names a home and children; a child stores some Records beside everything else that a run stores,
and is killed at one of the numbered points of its way, or after a time, or not at all.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from harness import atomic, locks, settings
from harness.board import documents, leaderboard, records, runs
from harness.evaluation import Evaluation, Figures, Status
from msl.cache import Store
from msl.diagnostics import Diagnostic
from msl.library import Library, Rejection

CHIP, KERNEL, TRACK, DEVICE = "apple-m4-max", "relu", "exact", "cpu"


def sha256_of(text: str) -> str:
    """The hash that stands for a source."""
    return hashlib.sha256(text.encode()).hexdigest()


def evaluation(size: str, source: str) -> Evaluation:
    """A passed run at a size; the source tells one from another."""
    figures = Figures(
        clock="wall",
        kernel_ms_median=1.0,
        kernel_ms_min=0.9,
        kernel_ms_mean=1.0,
        kernel_samples=100,
        mlx_ms_median=2.0,
        mlx_ms_min=1.9,
        mlx_ms_mean=2.0,
        mlx_samples=100,
        speedup=2.0,
        speedup_ci=(1.9, 2.1),
        gflops=1.0,
        gbps=8.0,
        intensity=0.125,
        stability=0.99,
        balanced=0.9,
        roofline_fraction=None,
        bound=None,
        kernel_overhead_ms=0.001,
        mlx_overhead_ms=0.001,
    )
    return Evaluation(
        kernel=KERNEL,
        set="common",
        chip=CHIP,
        device=DEVICE,
        variant="default",
        size=size,
        dims={"rows": 16, "cols": 16384},
        track=TRACK,
        status=Status.PASSED,
        source=source,
        source_sha256=sha256_of(source),
        published_status=Status.PASSED,
        figures=figures,
        mode="record",
    )


class Trap:
    """Numbers the points that a process passes, and ends it at one of them."""

    def __init__(self, kill_at: int | None) -> None:
        self.kill_at, self.passed = kill_at, list[str]()

    def point(self, label: str) -> None:
        """Be here; for good if this is the point."""
        if len(self.passed) == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed.append(label)

    def around(self, owner: Any, name: str) -> None:
        """Points before and after every call of a function."""
        original = getattr(owner, name)

        def called(*arguments: Any, **named: Any) -> Any:
            label = f"{name}{_file_of(arguments)}"
            self.point(f"before {label}")
            result = original(*arguments, **named)
            self.point(f"after {label}")
            return result

        _replace(owner, name, called)

    def set(self) -> None:
        """Around everything that the storing paths ask of the system."""
        for name in ("open", "fsync", "replace", "rename", "mkdir", "close"):
            self.around(os, name)
        for name in ("unlink", "rename", "mkdir"):
            self.around(Path, name)
        self.around(fcntl, "flock")
        fdopen, write_text = os.fdopen, Path.write_text

        def opened(*given: Any, **named: Any) -> _Halves:
            return _Halves(fdopen(*given, **named), self)

        def halves(path: Path, text: str, *given: Any, **named: Any) -> int:
            self.point(f"before write {path.name}")
            write_text(path, text[: len(text) // 2], *given, **named)
            self.point(f"within write {path.name}")
            written = write_text(path, text, *given, **named)
            self.point(f"after write {path.name}")
            return written

        _replace(os, "fdopen", opened)
        _replace(Path, "write_text", halves)


class _Halves:
    """A file whose every write is two, with a point between them."""

    def __init__(self, file: Any, trap: Trap) -> None:
        self.file, self.trap = file, trap

    def __enter__(self) -> _Halves:
        self.file.__enter__()
        return self

    def __exit__(self, *error: Any) -> Any:
        return self.file.__exit__(*error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def write(self, data: bytes) -> None:
        """Half, a point, the rest."""
        self.trap.point("before write")
        self.file.write(data[: len(data) // 2])
        self.file.flush()
        self.trap.point("within write")
        self.file.write(data[len(data) // 2 :])
        self.trap.point("after write")


def _file_of(arguments: tuple[Any, ...]) -> str:
    paths = [a for a in arguments if isinstance(a, str | Path)]
    suffix = Path(paths[-1]).suffix if paths else ""
    return f" *{suffix}" if suffix else ""


def store(spec: dict[str, Any], acknowledge: Callable[[str], None]) -> None:
    """What a run that makes Records stores, once for each size."""
    for size in spec["sizes"]:
        found = evaluation(size, spec["source"])
        with locks.device(DEVICE, "being killed", exclusive=True):
            runs.keep([found])
        record = records.claimed(documents.to_run(found), None)
        notes: list[str] = []
        if records.put(record, expected=spec["expected"], notes=notes):
            acknowledge(size)
        leaderboard.refresh()
        _cache(f"{size}-{spec['source']}")


def _cache(about: str) -> None:
    cache = Store(settings.paths().build)
    made = cache.scratch() / "library.so"
    made.write_text(about)
    key = sha256_of(about)
    cache.save(key, Library(made, {}, text=about), {})
    refusal = Rejection("compile_error", (Diagnostic("error", 1, 1, about, "f"),), about)
    cache.save(sha256_of(key), refusal, {})


def _replace(owner: Any, name: str, stand_in: Callable[..., Any]) -> None:
    setattr(owner, name, stand_in)


def _weakened(what: str) -> None:
    """Take a protection away, to show that its absence is seen."""

    def write_text(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    if what == "atomic":
        _replace(atomic, "write_text", write_text)
    if what == "locks":
        _replace(fcntl, "flock", lambda descriptor, kind: None)


def _child(request: dict[str, Any], spec: dict[str, Any], pipe: int) -> NoReturn:
    os.environ["METAL_BENCH_HOME"] = request["home"]
    os.environ["METAL_BENCH_CACHE"] = str(Path(request["home"]) / "cache")
    os.environ["XDG_RUNTIME_DIR"] = request["home"]
    write = os.write
    _weakened(request["weaken"])
    trap = Trap(spec["kill_at"])
    if request["points"]:
        trap.set()
    store(spec, lambda size: _ignore(write(pipe, f"{size}\n".encode())))
    if request["points"] and spec["kill_at"] is None:
        write(pipe, ("\n".join(f"@{label}" for label in trap.passed) + "\n").encode())
    os._exit(0)


def _ignore(_: int) -> None:
    return None


def answer(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Start the children, kill the first if a time is given, and say how each ended."""
    started = []
    for spec in request["children"]:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            try:
                _child(request, spec, writing)
            finally:
                os._exit(70)
        os.close(writing)
        started.append((pid, reading))
    if request["kill_after_ms"] is not None:
        time.sleep(request["kill_after_ms"] / 1e3)
        os.kill(started[0][0], signal.SIGKILL)
    ends = []
    for pid, reading in started:
        with os.fdopen(reading) as pipe:
            lines = pipe.read().split("\n")
        _, status = os.waitpid(pid, 0)
        ends.append(
            {
                "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
                "code": 0 if os.WIFSIGNALED(status) else os.WEXITSTATUS(status),
                "acknowledged": [line for line in lines if line and not line.startswith("@")],
                "points": [line[1:] for line in lines if line.startswith("@")],
            }
        )
    return ends


def main() -> int:
    """Serve until the input ends."""
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
