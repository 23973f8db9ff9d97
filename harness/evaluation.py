"""Evaluation: one judged run of one Variant on one Chip; figures only if it passed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

SCHEMA_VERSION = 4


class Status(str, Enum):
    """What became of a kernel; closed, and the first that applies is reported."""

    UNSUPPORTED = "unsupported"
    COMPILE_ERROR = "compile_error"
    PIPELINE_ERROR = "pipeline_error"
    LAUNCH_ERROR = "launch_error"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    OUT_OF_BOUNDS = "out_of_bounds"
    DATA_RACE = "data_race"
    DIVERGENT_BARRIER = "divergent_barrier"
    INACTIVE_LANE = "inactive_lane"
    UNDEFINED_INTEGER = "undefined_integer"
    UNINITIALISED_READ = "uninitialised_read"
    INPUT_MODIFIED = "input_modified"
    NOT_WRITTEN = "not_written"
    NONFINITE = "nonfinite"
    WRONG_VALUES = "wrong_values"
    PASSED = "passed"


class Verdict(str, Enum):
    """The outcome of a paired comparison."""

    FASTER = "FASTER"
    SLOWER = "SLOWER"
    SAME = "SAME"
    UNCLEAR = "UNCLEAR"


class Flag(str, Enum):
    """A label on a passed Evaluation; `implausible` and `virtual` bar a Record."""

    IMPLAUSIBLE = "implausible"
    OVERHEAD_BOUND = "overhead_bound"
    CACHE_RESIDENT = "cache_resident"
    NOISY = "noisy"
    QUANTISED = "quantised"
    VIRTUAL = "virtual"


@dataclass(frozen=True)
class FirstBad:
    """The first wrong element of an output, in row-major order."""

    output: str
    index: tuple[int, ...]
    got: float
    expected: float


@dataclass(frozen=True)
class Refusal:
    """Why a candidate did not pass, as a value; `location` is file:line:column when known."""

    status: Status
    reason: str
    first_bad: FirstBad | None = None
    location: str = ""
    diagnostics: tuple[Mapping[str, Any], ...] = ()  # of the compiler, each once


@dataclass(frozen=True)
class DeviceTimes:
    """The kernel's times on the device's own clock. They stand apart: MLX's are not known."""

    kernel_ms_median: float
    kernel_ms_min: float
    kernel_samples: int
    clock: str = "device"


@dataclass(frozen=True)
class Figures:
    """Times and what follows from them; all but `device` are on `clock`. Units are in the names."""

    clock: str
    kernel_ms_median: float
    kernel_ms_min: float
    kernel_ms_mean: float
    kernel_samples: int
    mlx_ms_median: float | None
    mlx_ms_min: float | None
    mlx_ms_mean: float | None
    mlx_samples: int
    speedup: float | None
    speedup_ci: tuple[float, float] | None
    gflops: float
    gbps: float
    intensity: float
    stability: float
    balanced: float | None
    roofline_fraction: float | None
    bound: str | None
    kernel_overhead_ms: float
    mlx_overhead_ms: float | None
    device: DeviceTimes | None = None  # None: the device has no clock of its own


@dataclass(frozen=True)
class Samples:
    """Raw measurements in the order they were taken, enough to recompute every figure."""

    blocks: tuple[Mapping[str, Any], ...] = ()
    instances: int = 1
    tick_ns: float = 0.0
    seed: int = 0
    mode: str = "report"
    alpha: float = 0.01  # level of the look that ended the run; the verdict is taken at it
    overhead_ns: Mapping[str, float] = field(default_factory=dict)  # empty run of each side


@dataclass(frozen=True)
class Evaluation:
    """One judged run. Construction refuses figures on anything but `passed`."""

    kernel: str
    set: str
    chip: str
    device: str
    variant: str
    size: str
    dims: Mapping[str, float]
    track: str
    status: Status
    source_sha256: str
    source: str = field(repr=False, default="")
    reason: str = ""
    location: str = ""  # file:line:column of what was refused, where it is known
    diagnostics: tuple[Mapping[str, Any], ...] = ()  # of the compiler: place and text, each once
    published_status: Status | None = None
    first_bad: FirstBad | None = None
    max_abs_err: float | None = None
    damage: Mapping[str, Any] = field(default_factory=dict)  # per wrong output, where it is wrong
    figures: Figures | None = None
    baselines: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, float | None] = field(default_factory=dict)
    target: str = "speed"
    score: float | None = None
    flags: tuple[Flag, ...] = ()
    verdict: Verdict | None = None
    held_out: Mapping[str, Any] | None = None
    engine: str = ""
    mode: str = "report"
    geometry: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()  # of the checked build: faults that change no output
    counts: Mapping[str, Any] | None = None  # of the checked build, measured and derived
    findings: tuple[Mapping[str, Any], ...] = ()  # of the checked build: memory, element, threads
    environment: Mapping[str, Any] = field(default_factory=dict)
    samples: Samples | None = field(repr=False, default=None)

    def __post_init__(self) -> None:
        timed = self.figures is not None or self.samples is not None or self.score is not None
        if timed and self.status is not Status.PASSED:
            raise ValueError(f"only a passed Evaluation carries times, not {self.status.value}")

    @property
    def passed(self) -> bool:
        """Whether the kernel is right."""
        return self.status is Status.PASSED
