"""What a build yields: a Library, or a Rejection that says why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msl.diagnostics import ERROR, Diagnostic

COMPILE_ERROR = "compile_error"
UNSUPPORTED = "unsupported"


@dataclass(frozen=True)
class Parameter:
    """A buffer of a kernel as its source declares it."""

    name: str
    type: str
    address_space: str  # "device" or "constant"
    const: bool


@dataclass(frozen=True)
class KernelFunction:
    """One kernel of a library; `missing_constants` are function constants it reads without a
    value."""

    name: str
    entry: str
    mode: str  # what one call runs: "loop": a threadgroup, "fiber": a thread, "lanes": a SIMD-group
    max_threads: int
    static_threadgroup_bytes: int
    threadgroup_arguments: tuple[int, ...] = ()
    parameters: Mapping[int, Parameter] = field(default_factory=dict)
    missing_constants: tuple[str, ...] = ()
    engine: str = "reference"  # or "fast"
    declined: str = ""  # why the fast engine does not run it: line, column, construct


@dataclass(frozen=True)
class ThreadgroupVariable:
    """A threadgroup variable of a kernel in a checked build: its place in the group's memory."""

    name: str
    offset: int
    bytes: int


@dataclass(frozen=True)
class CheckedBuild:
    """The tables of a checked library: source places (file, line, column) by number, 0 being
    unknown, and threadgroup variables by function."""

    places: tuple[tuple[str, int, int] | None, ...]
    variables: Mapping[str, tuple[ThreadgroupVariable, ...]]


@dataclass(frozen=True)
class Library:
    """A verified shared library and the facts about its kernels."""

    path: Path
    functions: Mapping[str, KernelFunction]
    diagnostics: tuple[Diagnostic, ...] = ()
    cached: bool = False
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    text: str = ""  # the warnings in Apple's format
    unsupported: Mapping[str, str] = field(default_factory=dict)  # functions left out, and why
    checked: CheckedBuild | None = None  # of a checked build


@dataclass(frozen=True)
class Rejection:
    """Why a source is not a library: `compile_error`, or `unsupported` on this host."""

    status: str
    diagnostics: tuple[Diagnostic, ...]
    text: str

    @property
    def reason(self) -> str:
        """The first error in one line."""
        first = next((item for item in self.diagnostics if item.severity == ERROR), None)
        if first is None:
            return self.text.strip().split("\n")[0]
        return f"{first.file}:{first.line}:{first.column}: {first.text}"
