"""The human report of an Evaluation, as labelled lines. It formats and computes nothing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.checking import checked_report
from harness.command import science_table
from harness.evaluation import DeviceTimes, Evaluation, Figures, FirstBad, Flag, Verdict
from harness.gate import report as gate_report

Tone = Literal["plain", "good", "bad", "warn", "dim", "title"]

SIMD_WIDTH = 32
CPU_NOTE = (
    "a CPU row says nothing about Metal performance, and MLX's CPU backend is weak: "
    "read the NumPy and torch lines beside it"
)
_UNITS = {"speed": "x", "compute": " GFLOPS", "memory": " GB/s", "stable": "", "balanced": ""}
_FLAGS = {
    Flag.IMPLAUSIBLE: "implausible: above what this chip can do; no Record",
    Flag.OVERHEAD_BOUND: "overhead_bound: launching takes most of the time; see size large",
    Flag.CACHE_RESIDENT: "cache_resident: the operands stayed in a cache",
    Flag.NOISY: "noisy: the machine was disturbed while measuring",
    Flag.QUANTISED: "quantised: the clock is too coarse for this time",
    Flag.VIRTUAL: "virtual: no chip's own GPU; right or wrong is judged, times mean nothing",
}
_VERDICTS = {Verdict.FASTER: "good", Verdict.SLOWER: "bad", Verdict.UNCLEAR: "warn"}


@dataclass(frozen=True)
class Line:
    """One labelled line; an empty label continues the line before."""

    label: str
    text: str
    tone: Tone = "plain"


def lines(evaluation: Evaluation) -> list[Line]:
    """The whole report."""
    body = [Line("", _title(evaluation), "title"), *_identity(evaluation)]
    body += _correctness(evaluation)
    if evaluation.figures is not None:
        body += _figures(evaluation, evaluation.figures)
    body += [Line(*row) for row in checked_report.rows(evaluation)]
    body += [Line(*row) for row in gate_report.rows(evaluation)]
    body += [Line("flag", _FLAGS[flag], "warn") for flag in evaluation.flags]
    if "cold_start" in evaluation.environment:
        body += _cold_start(evaluation.environment["cold_start"])
    if evaluation.figures is not None and evaluation.device == "cpu":
        body.append(Line("note", CPU_NOTE, "dim"))
    return body


def text(evaluation: Evaluation) -> str:
    """The report without colour, as a file or a pipe gets it."""
    return "\n".join(plain(line) for line in lines(evaluation)) + "\n"


def plain(line: Line) -> str:
    """One line without colour."""
    if line.tone == "title":
        return line.text
    first, *rest = line.text.split("\n")
    head = f"  {line.label:<12} {first}"
    return "\n".join([head.rstrip(), *(f"{'':15}{more}".rstrip() for more in rest)])


def summary(evaluation: Evaluation) -> tuple[str, ...]:
    """One row of the table that ends a run over several kernels."""
    figures = evaluation.figures
    shown = (
        ("-", "-", "-")
        if figures is None
        else (
            f"{figures.kernel_ms_median:.4g}",
            _optional(figures.mlx_ms_median, "{:.4g}"),
            _speedup(figures),
        )
    )
    verdict = evaluation.verdict.value if evaluation.verdict else "-"
    status = evaluation.status.value
    return (evaluation.kernel, evaluation.size, status, *shown, verdict)


def conclusion(evaluations: Iterable[Evaluation], names: Sequence[str], took: str) -> list[str]:
    """What a run over several kernels comes to: how many passed, which did not, the verdicts."""
    found = list(evaluations)
    wrong = {e.kernel for e in found if not e.passed}
    judged = {e.kernel for e in found}
    passed = [name for name in names if name in judged - wrong]
    lines = [f"{len(passed)} of {len(names)} passed in {took}"]
    if len(passed) < len(names):
        lines.append(f"not passed: {', '.join(name for name in names if name not in passed)}")
    verdicts = Counter(e.verdict.value for e in found if e.verdict is not None)
    if verdicts:
        parts = (f"{count} {name}" for name, count in sorted(verdicts.items()))
        lines.append(f"against MLX on this chip: {', '.join(parts)}")
    return lines


SUMMARY_HEADER = ("kernel", "size", "status", "kernel ms", "MLX ms", "speedup", "verdict")


def _title(evaluation: Evaluation) -> str:
    dims = ", ".join(f"{name}={value:g}" for name, value in evaluation.dims.items())
    size = f"{evaluation.size} ({dims})" if dims else evaluation.size
    return f"{evaluation.kernel} [{evaluation.set}] at {size}: {evaluation.status.value}"


def _identity(evaluation: Evaluation) -> list[Line]:
    engine = f", engine {evaluation.engine}" if evaluation.engine else ""
    found = [Line("device", f"{evaluation.device}, chip {evaluation.chip}{engine}")]
    if evaluation.variant:
        source = f"{evaluation.variant} (sha256 {evaluation.source_sha256[:12]})"
        found.append(Line("source", source))
    for entry in evaluation.geometry:
        found.append(Line("occupancy", _geometry(entry)))
    if "schedule" in evaluation.environment:
        text = science_table.schedule_text(evaluation.environment["schedule"])
        found.append(Line("schedule", text))
    return found


def _geometry(entry: Mapping[str, Any]) -> str:
    grid, group = entry["grid"], entry["threadgroup"]
    groups = math.prod(-(-g // t) for g, t in zip(grid, group, strict=True))
    simdgroups = -(-math.prod(group) // SIMD_WIDTH)
    repeats = entry.get("repeats", 1)
    memory = entry.get("static_threadgroup_bytes")
    return (
        f"{entry['function']}: {math.prod(grid):,} threads"
        f" in {groups:,} threadgroups of {_extent(group)}, each {simdgroups} SIMD-groups"
        + ("" if memory is None else f" and {memory:,} B threadgroup memory")
        + ("" if repeats == 1 else f", {repeats:,} times")
    )


def _extent(extent: Sequence[int]) -> str:
    return "x".join(str(length) for length in extent)


def _correctness(evaluation: Evaluation) -> list[Line]:
    published = evaluation.published_status
    aside = f"; by the public board's tolerance: {published.value}" if published else ""
    if evaluation.passed:
        error = evaluation.max_abs_err
        size = "" if error is None else f", max abs error {error:.3g}"
        return [Line("correctness", f"correct{size}{aside}", "good")]
    found = [Line("refused", f"{evaluation.status.value}{aside}", "bad")]
    found.append(Line("reason", evaluation.reason))
    if evaluation.first_bad is not None:
        found.append(Line("first bad", first_bad(evaluation.first_bad)))
    return found


def first_bad(bad: FirstBad) -> str:
    """Where an output is wrong first, and how."""
    index = ", ".join(str(i) for i in bad.index)
    return f"{bad.output}[{index}]: got {bad.got:.9g}, expected {bad.expected:.9g}"


def _figures(evaluation: Evaluation, figures: Figures) -> list[Line]:
    found = []
    if figures.speedup is not None:
        tone: Any = _VERDICTS.get(evaluation.verdict, "plain") if evaluation.verdict else "plain"
        found.append(Line("speedup", f"{_speedup(figures)} over MLX", tone))
    if evaluation.verdict is not None:
        found.append(Line("verdict", evaluation.verdict.value, "plain"))
    if "against" in evaluation.environment:
        found.append(Line("against", _against(evaluation.environment["against"])))
    found.append(Line("kernel", _times(figures, "kernel")))
    if figures.device is not None:
        found.append(Line("on the GPU", _on_device(figures.device)))
    if figures.mlx_ms_median is not None:
        found.append(Line("MLX", _times(figures, "mlx")))
    found += _work(evaluation, figures)
    if evaluation.baselines:
        found.append(Line("baselines", _pairs(evaluation.baselines, "{:.4g} ms")))
    overheads = f"empty run: kernel {figures.kernel_overhead_ms:.4g} ms"
    if figures.mlx_overhead_ms is not None:
        overheads += f", MLX {figures.mlx_overhead_ms:.4g} ms"
    found.append(Line("overhead", overheads))
    found.append(Line("measured", _how(evaluation, figures), "dim"))
    return found


def _against(beside: Mapping[str, Any]) -> str:
    """How it fares beside another source, in pairs."""
    if beside["speedup"] is None or beside["speedup_ci"] is None:
        return f"{beside['source']}: nothing can be said"
    low, high = beside["speedup_ci"]
    verdict = beside["verdict"] or "no verdict"
    return f"{beside['source']}: {beside['speedup']:.2f}x [{low:.2f}, {high:.2f}] {verdict}"


def _speedup(figures: Figures) -> str:
    if figures.speedup is None:
        return "-"
    if figures.speedup_ci is None:
        return f"{figures.speedup:.2f}x"
    low, high = figures.speedup_ci
    return f"{figures.speedup:.2f}x [{low:.2f}, {high:.2f}]"


def _times(figures: Figures, side: str) -> str:
    value = {
        name: getattr(figures, f"{side}_{name}") for name in ("ms_median", "ms_min", "ms_mean")
    }
    return (
        f"{value['ms_median']:.4g} ms median, {_optional(value['ms_min'], '{:.4g}')} min,"
        f" {_optional(value['ms_mean'], '{:.4g}')} mean, n {getattr(figures, f'{side}_samples')}"
    )


def _on_device(times: DeviceTimes) -> str:
    return (
        f"{times.kernel_ms_median:.4g} ms median, {times.kernel_ms_min:.4g} min,"
        f" n {times.kernel_samples}, clock {times.clock}: in no ratio, as MLX's is not known"
    )


def _work(evaluation: Evaluation, figures: Figures) -> list[Line]:
    work = (
        f"{figures.gflops:.4g} GFLOPS, {figures.gbps:.4g} GB/s,"
        f" {figures.intensity:.4g} FLOP/byte, stability {figures.stability:.3f}"
    )
    if figures.roofline_fraction is None:
        roofline = "no figure: the peaks of this chip are not known"
    else:
        roofline = f"{figures.roofline_fraction:.1%} of the {figures.bound} roof"
    targets = ", ".join(_target(name, evaluation) for name in _UNITS if name in evaluation.scores)
    return [Line("work", work), Line("roofline", roofline), Line("targets", targets)]


def _target(name: str, evaluation: Evaluation) -> str:
    shown = _optional(evaluation.scores[name], "{:.4g}" + _UNITS[name])
    return f"{name} {shown}" + (" (score)" if name == evaluation.target else "")


def _how(evaluation: Evaluation, figures: Figures) -> str:
    parts = [f"clock {figures.clock}", f"mode {evaluation.mode}", f"track {evaluation.track}"]
    if evaluation.device == "cpu":
        parts.append("cache hot")
    if evaluation.samples is not None:
        parts.append(f"{len(evaluation.samples.blocks)} blocks")
        parts.append(f"{evaluation.samples.instances} instances a sample")
    return ", ".join(parts)


def _cold_start(ms: Mapping[str, float]) -> list[Line]:
    how = f"median of {ms['processes']:.0f} fresh processes"
    kernel = f"load {ms['load_ms']:.4g} ms, first run {ms['first_ms']:.4g} ms"
    return [
        Line("first launch", f"{kernel}, next {ms['next_ms']:.4g} ms ({how})"),
        Line("MLX's first", f"{ms['mlx_first_ms']:.4g} ms, next {ms['mlx_next_ms']:.4g} ms"),
    ]


def _pairs(values: Mapping[str, float], form: str) -> str:
    return ", ".join(f"{name} {form.format(value)}" for name, value in values.items())


def _optional(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def table(evaluations: Iterable[Evaluation]) -> list[tuple[str, ...]]:
    """The header and one row an Evaluation."""
    return [SUMMARY_HEADER, *(summary(evaluation) for evaluation in evaluations)]
