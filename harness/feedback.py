"""What a search loop is told of a judged kernel: one strict-JSON object over all its sizes.

Nothing here says a word about held-out points: what is fed back can be fitted to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.board.documents import to_document
from harness.evaluation import Evaluation, Figures
from harness.timing.blocks import BASELINE, CANDIDATE, Block, SideName
from harness.timing.figures import DISPLAY_LEVEL
from harness.timing.verdict import split_blocks

FEEDBACK_VERSION = 1
SIMD_WIDTH = 32

Plain = dict[str, Any]


def feedback(evaluations: Evaluation | Sequence[Evaluation]) -> Plain:
    """Everything a writer of kernels can act on, as plain values.

    `evaluations` are of one source of one kernel, one a size. `status` is that of the first that
    did not pass; every size has its own below `sizes`, whether it passed or not. Times are in
    milliseconds. Counts lie under `measured` or `derived`: a model is never a measurement.
    """
    found = [evaluations] if isinstance(evaluations, Evaluation) else list(evaluations)
    if not found or len({(e.kernel, e.source_sha256) for e in found}) != 1:
        raise ValueError("feedback is about one source of one kernel, at one size or more")
    telling = next((e for e in found if not e.passed), found[0])
    return {
        "schema_version": FEEDBACK_VERSION,
        "kernel": telling.kernel,
        "set": telling.set,
        "chip": telling.chip,
        "device": telling.device,
        "engine": telling.engine,
        "variant": telling.variant,
        "track": telling.track,
        "source_sha256": telling.source_sha256,
        "status": telling.status.value,
        "reason": telling.reason,
        "location": telling.location,
        "diagnostics": [dict(item) for item in telling.diagnostics],
        "warnings": str(telling.environment.get("warnings", "")),
        "sizes": [_size(evaluation) for evaluation in found],
        "checker": _checker(found),
    }


def _size(evaluation: Evaluation) -> Plain:
    """One size: how it was launched, how it came out, how long it took."""
    plain = to_document(evaluation).model_dump(mode="json")
    published = evaluation.published_status
    return {
        "size": evaluation.size,
        "dims": plain["dims"],
        "status": evaluation.status.value,
        "published_status": published.value if published else None,
        "reason": evaluation.reason,
        "max_abs_err": plain["max_abs_err"],
        "first_bad": plain["first_bad"],
        "wrong": plain["damage"],
        "dispatches": [_dispatch(entry) for entry in evaluation.geometry],
        "times": _times(evaluation),
        "flags": plain["flags"],
        "not_covered": evaluation.environment.get("not_covered", []),
    }


def _dispatch(entry: Mapping[str, Any]) -> Plain:
    """One dispatch as it was made, and what its pipeline would have allowed."""
    group = entry["threadgroup"]
    threads = math.prod(group)
    return {
        **entry,
        "threadgroups": [-(-g // t) for g, t in zip(entry["grid"], group, strict=True)],
        "threads_per_threadgroup": threads,
        "simdgroups_per_threadgroup": -(-threads // SIMD_WIDTH),
    }


def _times(evaluation: Evaluation) -> Plain | None:
    """Both sides with their spread, the paired ratio and the share of the roof; None: not timed."""
    figures, samples = evaluation.figures, evaluation.samples
    if figures is None or samples is None:
        return None
    kept, dropped = split_blocks(samples)
    return {
        "clock": figures.clock,
        "kernel": _spread(CANDIDATE, kept),
        "mlx": _spread(BASELINE, kept) if figures.mlx_ms_median is not None else None,
        "blocks": len(kept),
        "dropped_blocks": len(dropped),
        "speedup": figures.speedup,
        "speedup_interval": None if figures.speedup_ci is None else list(figures.speedup_ci),
        "interval_level": DISPLAY_LEVEL,
        "verdict": evaluation.verdict.value if evaluation.verdict else None,
        "baselines_ms": dict(evaluation.baselines),
        "empty_run_ms": figures.kernel_overhead_ms,
        "work": _work(figures),
    }


def _work(figures: Figures) -> Plain:
    return {
        "gflops": figures.gflops,
        "gbps": figures.gbps,
        "flops_per_byte": figures.intensity,
        "roof": figures.bound,
        "roofline_fraction": figures.roofline_fraction,
    }


def _spread(side: SideName, kept: Sequence[Block]) -> Plain:
    """Median, least and quartiles of one side's runs."""
    runs = np.array([ns / 1e6 for block in kept for ns in block.runs_ns(side)])
    low, middle, high = (float(value) for value in np.percentile(runs, (25, 50, 75)))
    return {
        "median_ms": middle,
        "min_ms": float(runs.min()),
        "iqr_ms": high - low,
        "quartiles_ms": [low, high],
        "samples": len(runs),
    }


def _checker(found: Sequence[Evaluation]) -> Plain:
    """What the checked build reported and counted, each once over all sizes."""
    reports = {item["text"]: dict(item) for e in found for item in e.findings}
    warnings = dict.fromkeys(text for e in found for text in e.warnings)
    counts = next((e.counts for e in reversed(found) if e.counts is not None), None)
    return {
        "reports": list(reports.values()),
        "warnings": list(warnings),
        "counts": None if counts is None else dict(counts),
    }
