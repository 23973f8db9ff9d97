"""Speaks the host protocol with a supervisor process: one JSON object a line each way."""

from __future__ import annotations

import base64
import json
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.clock import Duration, Wall
from harness.devices.base import Binding, Dispatch, Function, Limits, Program
from harness.errors import HostFailure
from harness.evaluation import Refusal, Status

PROTOCOL_VERSION = 1
#: What a supervisor may take beyond the deadline that it was given.
_GRACE_S = 15.0
_SETUP_DEADLINE_MS = 30_000
_IDLE_DEADLINE_MS = 5_000


class Supervisor:
    """A running supervisor. Its death or nonsense is a HostFailure, never a fact about a kernel."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        try:
            # A session of its own: Ctrl-C is ours, and the supervisor ends when its input closes.
            self._process = subprocess.Popen(
                [str(program)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as problem:
            raise HostFailure(f"cannot start {program}: {problem.strerror}") from None
        self._pending = b""

    def request(self, op: str, wait_ms: int, /, **fields: Any) -> dict[str, Any] | Refusal:
        """Send a request; its reply, or the refusal that it is."""
        line = json.dumps({"op": op, **fields}, separators=(",", ":"), allow_nan=False)
        try:
            self._write(line.encode() + b"\n")
        except (BrokenPipeError, ValueError):
            raise self._failure(f"it ended before '{op}'") from None
        text = self._read_line(op, time.monotonic() + wait_ms / 1e3 + _GRACE_S)
        try:
            reply = json.loads(text)
            if reply["ok"]:
                return dict(reply)
            if "fault" in reply:
                raise self._failure(str(reply["fault"]))
            return Refusal(Status(reply["status"]), str(reply["reason"]))
        except (ValueError, KeyError, TypeError):
            raise self._failure(f"it answered nonsense to '{op}': {text[:200]!r}") from None

    def _write(self, data: bytes) -> None:
        if self._process.stdin is None:
            raise ValueError("no pipe")
        view = memoryview(data)
        while view:
            view = view[self._process.stdin.write(view) or 0 :]

    def _read_line(self, op: str, until: float) -> bytes:
        if self._process.stdout is None:
            raise ValueError("no pipe")
        while b"\n" not in self._pending:
            ready, _, _ = select.select([self._process.stdout], [], [], until - time.monotonic())
            if not ready:
                raise self._failure(f"it did not answer '{op}' in time")
            data = self._process.stdout.read(1 << 16)
            if not data:
                raise self._failure(f"it ended during '{op}'")
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _failure(self, what: str) -> HostFailure:
        self.kill()
        self._errors.seek(0)
        said = self._errors.read()[-2000:].decode(errors="replace").strip()
        code = self._process.returncode
        return HostFailure(f"the host failed: {what} (exit {code})", said)

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Close its input, which ends it and its worker."""
        if self._process.poll() is None and self._process.stdin is not None:
            self._process.stdin.close()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                pipe.close()


class HostSession:
    """A Session on a supervisor: one worker with one loaded program."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._limits: dict[str, Limits] = {}

    @property
    def limits(self) -> Mapping[str, Limits]:
        """Pipeline limits by function name."""
        return self._limits

    def load(self, program: Program, *, threads: int, memory_limit_bytes: int) -> Refusal | None:
        """Start a worker with the program in it."""
        reply = self._supervisor.request(
            "load",
            _SETUP_DEADLINE_MS,
            library=str(program.library),
            functions=[_function(f) for f in program.functions.values()],
            threads=threads,
            memory_limit_bytes=memory_limit_bytes,
            deadline_ms=_SETUP_DEADLINE_MS,
            **({} if program.tables is None else {"checked": 1}),
        )
        if isinstance(reply, Refusal):
            return reply
        self._limits = {
            name: Limits(limit["max_total_threads"], limit["static_threadgroup_bytes"])
            for name, limit in reply["limits"].items()
        }
        return None

    def bind(self, binding: Binding) -> Refusal | None:
        """Give the worker its pool and dispatches."""
        reply = self._supervisor.request(
            "bind",
            _SETUP_DEADLINE_MS,
            pool=_pool(binding),
            slots=list(binding.slots),
            instances=[
                [[regions[s].offset, regions[s].bytes] for s in binding.slots]
                for regions in binding.instances
            ],
            dispatches=_dispatches(binding.dispatches),
        )
        return reply if isinstance(reply, Refusal) else None

    def run(
        self,
        first: int,
        count: int,
        *,
        deadline_ms: int,
        schedule_seed: int = 0,
        freeze: bool = False,
    ) -> Duration[Wall] | Refusal:
        """Run instances back to back as one submission; its time."""
        reply = self._supervisor.request(
            "run",
            deadline_ms,
            first=first,
            count=count,
            deadline_ms=deadline_ms,
            schedule_seed=schedule_seed,
            freeze=freeze,
        )
        return reply if isinstance(reply, Refusal) else Duration(reply["elapsed_ns"], Wall)

    def idle(self) -> Duration[Wall]:
        """The time of an empty submission."""
        reply = self._supervisor.request("idle", _IDLE_DEADLINE_MS, deadline_ms=_IDLE_DEADLINE_MS)
        if isinstance(reply, Refusal):
            raise HostFailure(f"the host refused an empty run: {reply.reason}")
        return Duration(reply["elapsed_ns"], Wall)

    def freeze(self) -> Refusal | None:
        """Stop the worker so that its memory can be read."""
        reply = self._supervisor.request("freeze", _SETUP_DEADLINE_MS)
        return reply if isinstance(reply, Refusal) else None

    def close(self) -> None:
        """End worker and supervisor."""
        self._supervisor.close()


def _function(function: Function) -> dict[str, Any]:
    return {
        "name": function.name,
        "entry": function.entry,
        "mode": function.mode,
        "max_threads": function.max_threads,
        "static_threadgroup_bytes": function.static_threadgroup_bytes,
        "threadgroup_arguments": list(function.threadgroup_arguments),
    }


def _pool(binding: Binding) -> dict[str, Any]:
    pool: dict[str, Any] = {"path": binding.pool_path, "bytes": binding.pool_bytes}
    if binding.check_area is not None:
        pool["check_area"] = binding.check_area
    return pool


def _dispatches(dispatches: Sequence[Dispatch]) -> list[dict[str, Any]]:
    return [
        {
            "function": d.function,
            "grid": list(d.grid),
            "threadgroup": list(d.threadgroup),
            "buffers": {
                str(i): {"slot": slot, "offset": offset} for i, (slot, offset) in d.buffers.items()
            },
            "constants": {
                str(i): base64.b64encode(data).decode() for i, data in d.constants.items()
            },
            "threadgroup_memory": {str(i): size for i, size in d.threadgroup_memory.items()},
        }
        for d in dispatches
    ]
