"""A client of the host protocol: starts a supervisor, speaks JSON lines with it, shares a pool of
memory with its worker."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

PROTOCOL_VERSION = 1
GRACE_S = 15.0
_ALIGNMENT = 16384


class HostError(RuntimeError):
    """The supervisor died or broke the protocol: never a fact about a kernel.

    `said` is the end of what it wrote on standard error.
    """

    def __init__(self, what: str, said: str = "") -> None:
        super().__init__(f"{what}\n{said}".strip())
        self.what = what
        self.said = said


@dataclass(frozen=True)
class Refused:
    """A refusal by the host: a fact about the kernel."""

    status: str
    reason: str


class HostClient:
    """One running supervisor; `environment`: variables that it has beside this process's."""

    def __init__(
        self, supervisor: Path, environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._transcript = hashlib.sha256()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        try:
            # A session of its own: Ctrl-C is ours, and the supervisor ends when its input closes.
            self._process = subprocess.Popen(
                [str(supervisor)],
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as problem:
            raise HostError(f"cannot start {supervisor}: {problem.strerror}") from None
        self._pending = b""

    def __enter__(self) -> HostClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The supervisor's process."""
        return self._process.pid

    @property
    def transcript_sha256(self) -> str:
        """The hash of every line that was sent and received."""
        return self._transcript.hexdigest()

    def request(self, op: str, wait_ms: int, /, **fields: Any) -> Mapping[str, Any] | Refused:
        """Send one request; its reply, or the refusal that it is."""
        line = json.dumps({"op": op, **fields}, separators=(",", ":"), allow_nan=False)
        try:
            self._write(line.encode() + b"\n")
        except (BrokenPipeError, ValueError):
            raise self.failure(f"it ended before '{op}'") from None
        text = self._read(op, time.monotonic() + wait_ms / 1e3 + GRACE_S)
        try:
            reply = json.loads(text)
            if reply["ok"]:
                return dict(reply)
            if "status" in reply:
                return Refused(str(reply["status"]), str(reply["reason"]))
            raise self.failure(str(reply["fault"]))
        except (ValueError, KeyError, TypeError):
            raise self.failure(f"it answered nonsense to '{op}': {text[:200]!r}") from None

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

    def _write(self, data: bytes) -> None:
        self._transcript.update(data)
        assert self._process.stdin is not None
        view = memoryview(data)
        while view:
            view = view[self._process.stdin.write(view) or 0 :]

    def _read(self, op: str, until: float) -> bytes:
        assert self._process.stdout is not None
        while b"\n" not in self._pending:
            remaining = max(until - time.monotonic(), 0)
            ready, _, _ = select.select([self._process.stdout], [], [], remaining)
            if not ready:
                raise self.failure(f"it did not answer '{op}' in time")
            data = self._process.stdout.read(1 << 16)
            if not data:
                raise self.failure(f"it ended during '{op}'")
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        self._transcript.update(line + b"\n")
        return line

    def failure(self, what: str) -> HostError:
        """End it; the error that says why."""
        self.kill()
        self._errors.seek(0)
        said = self._errors.read()[-2000:].decode("utf-8", "replace").strip()
        return HostError(f"the host failed: {what} (exit {self._process.returncode})", said)


class Pool:
    """Memory that this process and a worker both map: buffers one after the other, each on pages of
    its own."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.regions: dict[str, tuple[int, int]] = {}
        offset = 0
        for name, size in sizes.items():
            self.regions[name] = (offset, size)
            offset += -(-max(size, 1) // _ALIGNMENT) * _ALIGNMENT
        self.bytes = max(offset, _ALIGNMENT)
        self._descriptor = os.memfd_create("msl-pool", os.MFD_CLOEXEC)
        os.ftruncate(self._descriptor, self.bytes)
        self._map = mmap.mmap(self._descriptor, self.bytes)

    @property
    def path(self) -> str:
        """Where the worker finds it."""
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def write(self, name: str, data: bytes) -> None:
        """Fill a buffer."""
        offset, size = self.regions[name]
        self._map[offset : offset + size] = data

    def read(self, name: str) -> bytes:
        """The bytes of a buffer."""
        offset, size = self.regions[name]
        return self._map[offset : offset + size]

    def close(self) -> None:
        """Give the memory back."""
        self._map.close()
        os.close(self._descriptor)
