"""Runs code that is not ours in a process of its own: limits, no secrets, one JSON answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_steel.settings import given
from harness import settings

#: What a child keeps of the environment: no key and no token is among it.
_KEPT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR", "VIRTUAL_ENV"),
    *("METAL_BENCH_HOME", "METAL_BENCH_CACHE", "METAL_BENCH_CLANG"),
)
#: Folders that a child finds modules in, besides ours.
EXTRA_PATH: tuple[str, ...] = ()
_TAIL = 600


@dataclass(frozen=True)
class ChildLimits:
    """What a child may use."""

    wall_s: float = 300.0
    cpu_s: int = 600
    memory_bytes: int = 32 << 30  # of address space: MLX and torch reserve much and touch little
    file_bytes: int = 4 << 30


@dataclass(frozen=True)
class ChildFailed:
    """A child that gave no answer, and why."""

    kind: str  # "timeout" | "crashed"
    detail: str


def run(
    task: str, arguments: Mapping[str, Any], limits: ChildLimits | None = None
) -> dict[str, Any] | ChildFailed:
    """The answer of `child_main.TASKS[task](**arguments)` in a fresh process.

    Everything that it started ends with it. Faults of what it runs are part of the answer; a child
    that dies or takes too long is a ChildFailed.
    """
    limits = limits or ChildLimits()
    ask = {
        "task": task,
        "arguments": dict(arguments),
        "cpu_s": limits.cpu_s,
        "memory_bytes": limits.memory_bytes,
        "file_bytes": limits.file_bytes,
    }
    with tempfile.TemporaryDirectory(prefix="metal-bench-child-") as folder:
        answer = Path(folder) / "answer.json"
        process = subprocess.Popen(
            [sys.executable, "-m", "agent_steel.roles.child_main", str(answer)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_environment(),
            cwd=folder,
            text=True,
            start_new_session=True,
        )
        try:
            _, errors = process.communicate(json.dumps(ask), timeout=limits.wall_s)
        except subprocess.TimeoutExpired:
            return ChildFailed("timeout", f"{task} took more than {limits.wall_s:g} s")
        finally:
            _end(process)
        if not answer.is_file():
            code = process.returncode
            died = f"signal {-code}" if code < 0 else f"exit code {code}"
            return ChildFailed("crashed", f"{task} ended with {died}: {errors.strip()[-_TAIL:]}")
        found: dict[str, Any] = json.loads(answer.read_text("utf-8"))
        return found


def _environment() -> dict[str, str]:
    kept = given(_KEPT)
    path = os.pathsep.join((str(settings.ROOT), *EXTRA_PATH))
    return {**kept, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def _end(process: subprocess.Popen[str]) -> None:
    """End the whole group, and reap its leader."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stderr):
            if stream is not None:
                stream.close()
