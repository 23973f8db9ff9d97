"""The narrow interface between the measuring core and whatever runs kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.clock import Duration, Wall
from harness.evaluation import Refusal
from msl.library import CheckedBuild


@dataclass(frozen=True)
class Source:
    """MSL text and where it came from; what is recorded is what ran.

    `recorded` is the text with every header that it includes in place, and `sha256` its hash: a
    changed header is another source, and a stored source can be run when headers have changed.
    """

    text: str
    path: str
    sha256: str
    recorded: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "recorded", self.recorded or self.text)


@dataclass(frozen=True)
class Function:
    """A kernel function of a built program, as reflected by the front end.

    `parameters` maps a buffer index to the parameter's name and type spelling in the source.
    """

    name: str
    entry: str
    mode: str
    max_threads: int
    static_threadgroup_bytes: int
    threadgroup_arguments: tuple[int, ...] = ()
    parameters: Mapping[int, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """A candidate compiled for one device."""

    source_sha256: str
    library: Path
    functions: Mapping[str, Function]
    engine: str
    build_ms: float
    cached: bool
    warnings: str = ""
    tables: CheckedBuild | None = None  # of a checked build


@dataclass(frozen=True)
class Limits:
    """What a pipeline allows."""

    max_total_threads: int
    static_threadgroup_bytes: int


@dataclass(frozen=True)
class Region:
    """A byte range of the pool."""

    offset: int
    bytes: int


@dataclass(frozen=True)
class Dispatch:
    """One dispatch with every expression resolved. `buffers`: index -> (slot, byte offset)."""

    function: str
    grid: tuple[int, int, int]
    threadgroup: tuple[int, int, int]
    buffers: Mapping[int, tuple[str, int]]
    constants: Mapping[int, bytes] = field(default_factory=dict)
    threadgroup_memory: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Binding:
    """A pool, the region of every slot for each instance, and the dispatches that all share."""

    pool_path: str
    pool_bytes: int
    slots: tuple[str, ...]
    instances: Sequence[Mapping[str, Region]]
    dispatches: Sequence[Dispatch]
    check_area: int | None = None  # where a checked worker's area lies in the pool


class Session(Protocol):
    """One worker with one loaded program. Every call may answer with a Refusal instead."""

    @property
    def limits(self) -> Mapping[str, Limits]:
        """Pipeline limits by function name."""

    def bind(self, binding: Binding) -> Refusal | None:
        """Give the worker its pool and dispatches; refuses impossible geometry."""

    def run(
        self,
        first: int,
        count: int,
        *,
        deadline_ms: int,
        schedule_seed: int = 0,
        freeze: bool = False,
    ) -> Duration[Wall] | Refusal:
        """Run `count` instances back to back as one submission; its time. With `freeze` the worker
        is stopped the moment it says that it is done: what it has not written then is missing."""

    def idle(self) -> Duration[Wall]:
        """The time of an empty submission."""

    def freeze(self) -> Refusal | None:
        """Stop the worker so that its memory can be read; the next call thaws it."""

    def close(self) -> None:
        """End the worker."""


class Device(Protocol):
    """Where kernels run: `cpu`, `metal`, `cuda` or `replay`."""

    name: str

    def facts(self) -> Mapping[str, Any]:
        """What the device says of itself: chip, engine, threads, limits, clock."""

    def build(self, source: Source, functions: Sequence[str]) -> Program | Refusal:
        """Compile, from cache if possible."""

    def open(self, program: Program, *, threads: int, memory_limit_bytes: int) -> Session | Refusal:
        """Start a worker and load the program."""
