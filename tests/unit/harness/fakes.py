"""A device in memory: kernels are Python functions on arrays that lie in the harness's pool.

`FakeDevice` maps function names to Python and reads no more of a source than its header lines. A
kernel receives a `Call` and may do there whatever shader code could: write past a buffer, change an
input, leave elements out.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from harness.clock import Duration, Wall
from harness.devices.base import (
    Binding,
    Dispatch,
    Function,
    Limits,
    Program,
    Region,
    Session,
    Source,
)
from harness.evaluation import Refusal, Status

Kernel = Callable[["Call"], None]


@dataclass(frozen=True)
class Call:
    """One dispatch of one instance, as a kernel sees it."""

    memory: np.ndarray
    regions: Mapping[str, Region]
    dispatch: Dispatch
    order: int  # the schedule seed, 0: in order

    def buffer(self, index: int, dtype: str = "float32", beyond: int = 0) -> np.ndarray:
        """The buffer bound at an index, and `beyond` elements of what follows it."""
        slot, offset = self.dispatch.buffers[index]
        region = self.regions[slot]
        size = np.dtype(dtype).itemsize
        end = region.offset + region.bytes + beyond * size
        return self.memory[region.offset + offset : end].view(dtype)

    def before(self, index: int, elements: int, dtype: str = "float32") -> np.ndarray:
        """Elements that lie just before a buffer."""
        slot, _ = self.dispatch.buffers[index]
        start = self.regions[slot].offset
        size = np.dtype(dtype).itemsize
        return self.memory[start - elements * size : start].view(dtype)

    def constant(self, index: int, dtype: str = "uint32") -> Any:
        """The scalar bound at an index."""
        return np.frombuffer(self.dispatch.constants[index], dtype)[0]


class FakeSession:
    """Runs kernels in this process."""

    def __init__(self, kernels: Mapping[str, Kernel], limits: Mapping[str, Limits]) -> None:
        self.limits = limits
        self.kernels = kernels
        self.binding: Binding | None = None
        self.closed = False
        self.runs = 0
        self.frozen = False

    def bind(self, binding: Binding) -> Refusal | None:
        descriptor = os.open(binding.pool_path, os.O_RDWR)
        self.map = mmap.mmap(descriptor, binding.pool_bytes)
        os.close(descriptor)
        self.memory = np.frombuffer(self.map, dtype=np.uint8)
        self.binding = binding
        return None

    def run(
        self,
        first: int,
        count: int,
        *,
        deadline_ms: int,
        schedule_seed: int = 0,
        freeze: bool = False,
    ) -> Duration[Wall] | Refusal:
        assert self.binding is not None
        self.frozen = freeze
        for instance in self.binding.instances[first : first + count]:
            for dispatch in self.binding.dispatches:
                self.runs += 1
                call = Call(self.memory, instance, dispatch, schedule_seed)
                try:
                    self.kernels[dispatch.function](call)
                except ZeroDivisionError:
                    return Refusal(Status.CRASHED, "killed by signal 8")
        return Duration(1000.0 * count, Wall)

    def idle(self) -> Duration[Wall]:
        return Duration(100.0, Wall)

    def freeze(self) -> Refusal | None:
        self.frozen = True
        return None

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeDevice:
    """Builds programs out of Python functions; `parameters` are (name, type) by index."""

    kernels: Mapping[str, Kernel]
    parameters: Mapping[str, Mapping[int, tuple[str, str]]] = field(default_factory=dict)
    max_threads: int = 1024
    name: str = "cpu"
    sessions: list[FakeSession] = field(default_factory=list)
    refusal: Refusal | None = None

    def facts(self) -> Mapping[str, Any]:
        return {"chip": "cpu-test-none-2", "engine": "fake", "threads": 2, "clock": "wall"}

    def build(self, source: Source, functions: Sequence[str]) -> Program | Refusal:
        if self.refusal:
            return self.refusal
        return Program(
            source_sha256=source.sha256,
            library=Path("/nonexistent"),
            functions={
                name: Function(
                    name, name, "fiber", self.max_threads, 0, (), self.parameters.get(name, {})
                )
                for name in self.kernels
            },
            engine="fake",
            build_ms=0.0,
            cached=True,
        )

    def open(self, program: Program, *, threads: int, memory_limit_bytes: int) -> Session | Refusal:
        limits = {name: Limits(self.max_threads, 0) for name in program.functions}
        self.sessions.append(FakeSession(self.kernels, limits))
        return self.sessions[-1]
