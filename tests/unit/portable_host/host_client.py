"""A small client of host/PROTOCOL.md for tests: one supervisor, and a pool in a memfd."""

from __future__ import annotations

import json
import mmap
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

REGION_ALIGNMENT = 4096


class Pool:
    """Named arrays in one memfd that the host maps too."""

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self.regions: dict[str, tuple[int, int]] = {}
        offset = 0
        for name, array in arrays.items():
            self.regions[name] = (offset, array.nbytes)
            offset += -(-max(array.nbytes, 1) // REGION_ALIGNMENT) * REGION_ALIGNMENT
        self.bytes = max(offset, REGION_ALIGNMENT)
        self.descriptor = os.memfd_create("pool")
        os.ftruncate(self.descriptor, self.bytes)
        self._memory = mmap.mmap(self.descriptor, self.bytes)
        self._shapes = {name: (array.dtype, array.shape) for name, array in arrays.items()}
        for name, array in arrays.items():
            self.write(name, array)

    @property
    def path(self) -> str:
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    def write(self, name: str, array: NDArray[Any]) -> None:
        offset, size = self.regions[name]
        self._memory[offset : offset + size] = array.tobytes()

    def read(self, name: str) -> NDArray[Any]:
        offset, size = self.regions[name]
        dtype, shape = self._shapes[name]
        return np.frombuffer(self._memory[offset : offset + size], dtype=dtype).reshape(shape)

    def close(self) -> None:
        self._memory.close()
        os.close(self.descriptor)


class Host:
    """A running supervisor. `ask` returns the reply of one request."""

    def __init__(self, supervisor: Path) -> None:
        self.process = subprocess.Popen(
            [str(supervisor)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        return self.ask_text(json.dumps({"op": op, **fields}))

    def ask_text(self, line: str) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        reply = self.process.stdout.readline()
        assert reply, "the supervisor ended"
        decoded: dict[str, Any] = json.loads(reply)
        return decoded

    def load(self, library: Path, functions: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
        request = {"threads": 2, "memory_limit_bytes": 1 << 30, "deadline_ms": 10000, **fields}
        return self.ask("load", library=str(library), functions=functions, **request)

    def bind(self, pool: Pool, dispatches: list[dict[str, Any]]) -> dict[str, Any]:
        """One instance with every array of the pool as a slot of its name."""
        return self.ask(
            "bind",
            pool={"path": pool.path, "bytes": pool.bytes},
            slots=list(pool.regions),
            instances=[[list(region) for region in pool.regions.values()]],
            dispatches=dispatches,
        )

    def run(self, **fields: Any) -> dict[str, Any]:
        request = {"first": 0, "count": 1, "deadline_ms": 10000, "schedule_seed": 0, **fields}
        return self.ask("run", **request)

    def close(self) -> None:
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        if self.process.stdout:
            self.process.stdout.close()
        self.process.wait(timeout=10)


def function(name: str, mode: str, **fields: Any) -> dict[str, Any]:
    """A Function of the protocol whose entry symbol is its name."""
    return {
        "name": name,
        "entry": name,
        "mode": mode,
        "max_threads": 1024,
        "static_threadgroup_bytes": 0,
        "threadgroup_arguments": [],
        **fields,
    }


def dispatch(
    name: str, grid: list[int], threadgroup: list[int], slots: list[str], **fields: Any
) -> dict[str, Any]:
    """A Dispatch that binds `slots` to buffers 0, 1, ... in order."""
    buffers = {str(i): {"slot": slot, "offset": 0} for i, slot in enumerate(slots)}
    return {
        "function": name,
        "grid": grid,
        "threadgroup": threadgroup,
        "buffers": buffers,
        **fields,
    }
