"""The JSON documents of this project: their fields, their version, and how old ones are upgraded.

Every field's description here is the schema text that readers of the files see.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness.errors import EnvironmentFault
from harness.evaluation import (
    SCHEMA_VERSION,
    DeviceTimes,
    Evaluation,
    Figures,
    FirstBad,
    Flag,
    Samples,
    Status,
    Verdict,
)

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]


def _with_checked_build(raw: dict[str, Any]) -> dict[str, Any]:
    """1 to 2: what the checked build warned of and counted. Some rows had it before."""
    return {"warnings": [], "counts": None, **raw}


def _with_feedback(raw: dict[str, Any]) -> dict[str, Any]:
    """2 to 3: where it failed, as data."""
    return {"location": "", "diagnostics": [], "damage": {}, "findings": [], **raw}


def _with_device_times(raw: dict[str, Any]) -> dict[str, Any]:
    """3 to 4: times on the device's own clock."""
    figures = raw.get("figures")
    return raw if figures is None else {**raw, "figures": {"device": None, **figures}}


#: Version n of an Evaluation -> the function that brings it up to n + 1.
EVALUATION_UPGRADES: dict[int, Upgrade] = {
    1: _with_checked_build,
    2: _with_feedback,
    3: _with_device_times,
}


class Strict(BaseModel):
    """No unknown field, and neither NaN nor Infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FirstBadDocument(Strict):
    """The first wrong element of an output, in row-major order."""

    output: str
    index: list[int]
    got: float | str = Field(description="a number, or 'nan', 'inf', '-inf'")
    expected: float | str = Field(description="a number, or 'nan', 'inf', '-inf'")


class DeviceTimesDocument(Strict):
    """The kernel's times in milliseconds of the device's own clock."""

    clock: str
    kernel_ms_median: float
    kernel_ms_min: float
    kernel_samples: int


class FiguresDocument(Strict):
    """Times in milliseconds of one clock, and what follows from them."""

    clock: str = Field(description="the clock of every time here but `device`'s: wall or device")
    kernel_ms_median: float
    kernel_ms_min: float
    kernel_ms_mean: float
    kernel_samples: int
    mlx_ms_median: float | None
    mlx_ms_min: float | None
    mlx_ms_mean: float | None
    mlx_samples: int
    speedup: float | None = Field(description="paired estimate, MLX time over kernel time")
    speedup_ci: tuple[float, float] | None = Field(description="its interval, low and high")
    gflops: float
    gbps: float
    intensity: float = Field(description="FLOPs a byte")
    stability: float
    balanced: float | None
    roofline_fraction: float | None = Field(description="of the binding peak; null: chip unknown")
    bound: str | None = Field(description="what bounds it: compute, memory or balanced")
    kernel_overhead_ms: float = Field(description="an empty run on the kernel's path")
    mlx_overhead_ms: float | None = Field(description="an empty run on MLX's path")
    device: DeviceTimesDocument | None = Field(
        description="from start to end on the GPU; in no ratio, as MLX's are not known; null: no "
        "clock of its own"
    )


class EvaluationDocument(Strict):
    """One judged run of one Variant on one Chip, as `--json` prints it."""

    schema_version: int
    kernel: str
    set: str
    chip: str
    device: str
    variant: str = Field(description="the .metal file that ran")
    size: str
    dims: dict[str, float]
    track: str
    status: Status
    published_status: Status | None = Field(description="by the public board's tolerance")
    reason: str
    location: str = Field(description="file:line:column of what was refused; empty: not known")
    diagnostics: list[dict[str, Any]] = Field(description="of the compiler, each once")
    first_bad: FirstBadDocument | None
    max_abs_err: float | None
    damage: dict[str, dict[str, Any]] = Field(
        description="for each wrong output: its shape, counts, and the share of each part of each "
        "axis that is wrong"
    )
    figures: FiguresDocument | None = Field(description="present only if the status is passed")
    baselines: dict[str, float] = Field(description="median ms of each other form, by name")
    scores: dict[str, float | None] = Field(description="all five targets")
    target: str
    score: float | None = Field(description="the score of the chosen target")
    flags: list[Flag]
    verdict: Verdict | None
    held_out: dict[str, Any] | None = Field(description="status, axes, covered; null: not run")
    engine: str
    mode: str
    geometry: list[dict[str, Any]]
    warnings: list[str] = Field(description="of the checked build: faults that change no output")
    counts: dict[str, Any] | None = Field(
        description="of the checked build: measured, and derived from its trace"
    )
    findings: list[dict[str, Any]] = Field(
        description="of the checked build: status, text, place, memory, element, threads"
    )
    source_sha256: str
    environment: dict[str, Any]

    @model_validator(mode="before")
    @classmethod
    def _current(cls, raw: Any) -> Any:
        """Evaluations lie in other documents, which have versions of their own."""
        if not isinstance(raw, dict):
            return raw
        return upgraded(raw, EVALUATION_UPGRADES, SCHEMA_VERSION, "this Evaluation")


class SamplesDocument(Strict):
    """Raw measurements in the order they were taken, enough to recompute every figure."""

    blocks: list[dict[str, Any]]
    instances: int
    tick_ns: float
    seed: int
    mode: str
    alpha: float = Field(description="level of the look that ended the run")
    overhead_ns: dict[str, float] = Field(description="empty run of each side")

    @classmethod
    def of(cls, samples: Samples) -> SamplesDocument:
        """The document of samples."""
        return cls.model_validate(asdict(samples) | {"blocks": list(samples.blocks)})

    def samples(self) -> Samples:
        """The samples of the document."""
        return Samples(**{**dict(self), "blocks": tuple(self.blocks)})


class RunDocument(Strict):
    """An Evaluation with its source and raw samples: what a Record and a last run keep."""

    evaluation: EvaluationDocument
    source: str
    samples: SamplesDocument | None


Document = TypeVar("Document", bound=BaseModel)


def parse(
    kind: type[Document], raw: Any, upgrades: Mapping[int, Upgrade], current: int, origin: str
) -> Document:
    """Check a document from outside, after bringing an old one up to `current` step by step.

    Raises ValueError if it is malformed, EnvironmentFault if a newer version of us wrote it.
    """
    try:
        return kind.model_validate(upgraded(raw, upgrades, current, origin))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{place}: {first['msg']}") from error


def upgraded(
    raw: Any, upgrades: Mapping[int, Upgrade], current: int, origin: str
) -> dict[str, Any]:
    """A document as the current version has it; raises as `parse` does."""
    if not isinstance(raw, dict) or not isinstance(raw.get("schema_version"), int):
        raise ValueError("no schema_version")
    found: dict[str, Any] = raw
    version: int = found["schema_version"]
    if version > current:
        raise EnvironmentFault(
            f"{origin} has schema version {version}; this program knows up to {current}",
            "update this checkout; the file is left as it is",
        )
    while version < current:
        found = {**upgrades[version](found), "schema_version": version + 1}
        version += 1
    return found


def to_document(evaluation: Evaluation) -> EvaluationDocument:
    """The Evaluation as `--json` prints it."""
    bad = evaluation.first_bad
    return EvaluationDocument(
        schema_version=SCHEMA_VERSION,
        **{name: getattr(evaluation, name) for name in _PLAIN},
        dims=dict(evaluation.dims),
        first_bad=None
        if bad is None
        else FirstBadDocument(
            output=bad.output,
            index=list(bad.index),
            got=_finite(bad.got),
            expected=_finite(bad.expected),
        ),
        max_abs_err=_finite_or_none(evaluation.max_abs_err),
        diagnostics=[dict(item) for item in evaluation.diagnostics],
        damage={name: dict(where) for name, where in evaluation.damage.items()},
        findings=[dict(item) for item in evaluation.findings],
        figures=None
        if evaluation.figures is None
        else FiguresDocument(**asdict(evaluation.figures)),
        baselines=dict(evaluation.baselines),
        scores=dict(evaluation.scores),
        flags=list(evaluation.flags),
        held_out=None if evaluation.held_out is None else dict(evaluation.held_out),
        geometry=[dict(entry) for entry in evaluation.geometry],
        warnings=list(evaluation.warnings),
        counts=None if evaluation.counts is None else dict(evaluation.counts),
        environment=dict(evaluation.environment),
    )


_PLAIN = (
    "kernel",
    "set",
    "chip",
    "device",
    "variant",
    "size",
    "track",
    "status",
    "published_status",
    "reason",
    "location",
    "target",
    "score",
    "verdict",
    "engine",
    "mode",
    "source_sha256",
)


def to_run(evaluation: Evaluation) -> RunDocument:
    """The Evaluation with its source and raw samples."""
    samples = evaluation.samples
    return RunDocument(
        evaluation=to_document(evaluation),
        source=evaluation.source,
        samples=None if samples is None else SamplesDocument.of(samples),
    )


def from_run(run: RunDocument) -> Evaluation:
    """The Evaluation that `to_run` was given."""
    document, samples = run.evaluation, run.samples
    bad, figures = document.first_bad, document.figures
    return Evaluation(
        **{name: getattr(document, name) for name in _PLAIN},
        dims=document.dims,
        source=run.source,
        first_bad=None
        if bad is None
        else FirstBad(bad.output, tuple(bad.index), float(bad.got), float(bad.expected)),
        max_abs_err=document.max_abs_err,
        diagnostics=tuple(document.diagnostics),
        damage=document.damage,
        findings=tuple(document.findings),
        figures=None if figures is None else _figures(figures),
        baselines=document.baselines,
        scores=document.scores,
        flags=tuple(document.flags),
        held_out=document.held_out,
        geometry=tuple(document.geometry),
        warnings=tuple(document.warnings),
        counts=document.counts,
        environment=document.environment,
        samples=None if samples is None else samples.samples(),
    )


def _figures(document: FiguresDocument) -> Figures:
    own = document.device
    device = None if own is None else DeviceTimes(**own.model_dump())
    return Figures(**{**document.model_dump(), "device": device})


def _finite(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))


def _finite_or_none(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
