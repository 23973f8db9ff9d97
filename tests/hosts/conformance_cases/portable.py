"""The portable host as the conformance suite drives it: one supervisor for each loaded library."""

from __future__ import annotations

import json
import mmap
import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from conformance_cases.runner import Regions
from msl import Library
from msl.host_build import ensure_host

MEMORY_LIMIT_BYTES = 1 << 30
DEADLINE_MS = 10_000


def function_json(library: Library, name: str) -> dict[str, Any]:
    """The protocol's Function of a kernel."""
    function = library.functions[name]
    return {
        "name": name,
        "entry": function.entry,
        "mode": function.mode,
        "max_threads": function.max_threads,
        "static_threadgroup_bytes": function.static_threadgroup_bytes,
        "threadgroup_arguments": list(function.threadgroup_arguments),
    }


class Supervisor:
    """The host's program and its line protocol."""

    def __init__(self) -> None:
        program = ensure_host().supervisor
        self._process = subprocess.Popen(
            [str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """One request and its reply; a fault is an error of this suite or of the host."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"op": op, **fields}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the supervisor ended with {self._process.wait()} during {op}")
        reply: dict[str, Any] = json.loads(line)
        if "fault" in reply:
            raise RuntimeError(f"{op}: {reply['fault']}")
        return reply

    def load(self, library: Library, functions: Sequence[str], threads: int = 0) -> dict[str, Any]:
        return self.ask(
            "load",
            library=str(library.path),
            functions=[function_json(library, name) for name in functions],
            threads=threads,
            memory_limit_bytes=MEMORY_LIMIT_BYTES,
            deadline_ms=DEADLINE_MS,
        )

    def close(self) -> None:
        """Closing standard input ends the supervisor and its worker."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=10)


class PortableHost:
    """A library loaded into the portable host, with a pool for its cases."""

    def __init__(
        self, library: Library, functions: Sequence[str], pool_bytes: int, threads: int = 0
    ) -> None:
        self._library, self._functions, self._threads = library, functions, threads
        self._file = os.memfd_create("conformance")
        os.ftruncate(self._file, pool_bytes)
        self.pool = mmap.mmap(self._file, pool_bytes)
        self._pool = {"path": f"/proc/{os.getpid()}/fd/{self._file}", "bytes": pool_bytes}
        self._supervisor = Supervisor()
        self._loaded = False
        self._bound: tuple[int, ...] = ()

    def run(self, dispatches: Sequence[Mapping[str, Any]], regions: Regions, seed: int) -> str:
        """Run the dispatches; empty, or the reason why they did not end well."""
        reply: dict[str, Any] = {"ok": True}
        if not self._loaded:
            reply = self._supervisor.load(self._library, self._functions, self._threads)
        self._loaded = bool(reply["ok"])
        if reply["ok"]:
            reply = self._supervisor.ask(
                "bind",
                pool=self._pool,
                instances=[[list(region) for region in regions.values()]],
                slots=list(regions),
                dispatches=dispatches,
            )
        if reply["ok"]:
            reply = self._supervisor.ask(
                "run", first=0, count=1, deadline_ms=DEADLINE_MS, schedule_seed=seed
            )
            self._loaded = bool(reply["ok"])
        if reply["ok"]:
            reply = self._supervisor.ask("freeze")
        return "" if reply["ok"] else f"{reply['status']}: {reply['reason']}"

    def close(self) -> None:
        self._supervisor.close()
        self.pool.close()
        os.close(self._file)
