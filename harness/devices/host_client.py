"""A Session over the host protocol: what the harness asks, in the protocol's words."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.clock import DeviceTime, Duration, Span, Wall
from harness.devices.base import Binding, Dispatch, Function, Limits, Program
from harness.errors import HostFailure
from harness.evaluation import Refusal, Status
from msl.host_client import PROTOCOL_VERSION as PROTOCOL_VERSION
from msl.host_client import HostClient, HostError, Refused

_SETUP_DEADLINE_MS = 30_000
_IDLE_DEADLINE_MS = 5_000


class Supervisor:
    """A running supervisor. Its death or nonsense is a HostFailure, never a fact about a kernel."""

    def __init__(self, program: Path, environment: Mapping[str, str] | None = None) -> None:
        with _failures():
            self._client = HostClient(program, environment or {})

    @property
    def pid(self) -> int:
        """Its process."""
        return self._client.pid

    @property
    def transcript_sha256(self) -> str:
        """The hash of every line that was sent and received."""
        return self._client.transcript_sha256

    def request(self, op: str, wait_ms: int, /, **fields: Any) -> Mapping[str, Any] | Refusal:
        """Send a request; its reply, or the refusal that it is."""
        with _failures():
            reply = self._client.request(op, wait_ms, **fields)
            if not isinstance(reply, Refused):
                return reply
            if reply.status not in Status._value2member_map_:
                raise self._client.failure(f"it answered nonsense to '{op}': {reply.status!r}")
            return Refusal(Status(reply.status), reply.reason)

    def kill(self) -> None:
        """End the process at once."""
        self._client.kill()

    def close(self) -> None:
        """Close its input, which ends it and its worker."""
        self._client.close()


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except HostError as problem:
        raise HostFailure(problem.what, problem.said) from None


class HostSession:
    """A Session on a supervisor: one worker with one loaded program."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._limits: dict[str, Limits] = {}

    @property
    def limits(self) -> Mapping[str, Limits]:
        """Pipeline limits by function name."""
        return self._limits

    @property
    def transcript_sha256(self) -> str:
        """The hash of what harness and host have said to each other."""
        return self._supervisor.transcript_sha256

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
        return reply if isinstance(reply, Refusal) else _span(reply)

    def capture(self, instance: int, path: Path, *, deadline_ms: int) -> Refusal | None:
        """Run one instance and record it as a .gputrace, which must not exist."""
        fields = {"first": instance, "count": 1, "deadline_ms": deadline_ms, "path": str(path)}
        reply = self._supervisor.request("capture", deadline_ms, **fields)
        return reply if isinstance(reply, Refusal) else None

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


def _span(reply: Mapping[str, Any]) -> Span:
    own = reply.get("device_ns")
    return Span(reply["elapsed_ns"], Wall, None if own is None else Duration(own, DeviceTime))


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
