"""Evaluations made by hand, for tests of everything that comes after judging."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from typing import Any

from harness.evaluation import Evaluation, Figures, FirstBad, Samples, Status, Verdict
from harness.timing.blocks import BASELINE, CANDIDATE, Block, Visit

SOURCE = """// Clamps at zero.
kernel void relu_f32(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],
                     uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
}
"""


#: What the held-out gate says of a candidate that it lets through.
GATE_PASSED: dict[str, Any] = {
    "status": "passed",
    "reason": "",
    "axes": [],
    "covered": True,
    "not_covered": [],
    "draws": 4,
    "points": [],
    "ranked_speedup": 1.5,
    "least_speedup": 0.75,
    "commitment": "0" * 64,
    "committed_at": "2026-01-01T00:00:00+00:00",
    "seed": "0" * 32,
    "earlier_gates": 0,
}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def samples(gain: float, seed: int, mode: str = "record", blocks: int = 24) -> Samples:
    """Paired samples of a candidate `gain` times as fast, with half a percent of noise."""
    draw = random.Random(seed)

    def visit(side: Any, ns: float) -> Visit:
        return Visit(side, 1, tuple((ns * draw.uniform(0.995, 1.005),) for _ in range(5)))

    taken = [
        Block("ABBA", tuple(visit(s, t) for s, t in sides))
        for sides in [
            [(BASELINE, gain * 1e6), (CANDIDATE, 1e6), (CANDIDATE, 1e6), (BASELINE, gain * 1e6)]
        ]
        * blocks
    ]
    return Samples(tuple(block.to_json() for block in taken), tick_ns=1.0, seed=seed, mode=mode)


def figures(speedup: float = 1.5, kernel_ms: float = 0.0512) -> Figures:
    mlx_ms = kernel_ms * speedup
    return Figures(
        clock="wall",
        kernel_ms_median=kernel_ms,
        kernel_ms_min=kernel_ms * 0.98,
        kernel_ms_mean=kernel_ms * 1.01,
        kernel_samples=120,
        mlx_ms_median=mlx_ms,
        mlx_ms_min=mlx_ms * 0.98,
        mlx_ms_mean=mlx_ms * 1.02,
        mlx_samples=120,
        speedup=speedup,
        speedup_ci=(speedup * 0.97, speedup * 1.03),
        gflops=5.12,
        gbps=40.96,
        intensity=0.125,
        stability=0.981,
        balanced=0.948,
        roofline_fraction=0.87,
        bound="memory",
        kernel_overhead_ms=0.004,
        mlx_overhead_ms=0.009,
    )


def passed(source: str = SOURCE, *, speedup: float = 1.5, **changes: Any) -> Evaluation:
    """A passed run of relu on a chip whose rows are public."""
    found = Evaluation(
        kernel="relu",
        set="common",
        chip="apple-m4-max",
        device="metal",
        variant="metal/kernels/common/relu.metal",
        size="published",
        dims={"rows": 16, "cols": 16384},
        track="exact",
        status=Status.PASSED,
        source_sha256=sha256(source),
        source=source,
        published_status=Status.PASSED,
        max_abs_err=0.0,
        figures=figures(speedup),
        baselines={"mlx": 0.0768, "mx.compile": 0.0791},
        scores={
            "speed": speedup,
            "compute": 5.12,
            "memory": 40.96,
            "stable": 0.99,
            "balanced": 0.948,
        },
        score=speedup,
        verdict=Verdict.FASTER,
        engine="air",
        mode="record",
        geometry=(
            {
                "function": "relu_f32",
                "grid": [65536, 1, 1],
                "threadgroup": [1024, 1, 1],
                "repeats": 1,
                "static_threadgroup_bytes": 0,
            },
        ),
        environment={"os": "Darwin", "mlx": "0.32.4"},
        samples=samples(speedup, seed=7),
    )
    return replace(found, **changes)


def refused(**changes: Any) -> Evaluation:
    """A run of relu whose last element is wrong."""
    found = Evaluation(
        kernel="relu",
        set="common",
        chip="apple-m4-max",
        device="metal",
        variant="mine.metal",
        size="published",
        dims={"rows": 16, "cols": 16384},
        track="exact",
        status=Status.WRONG_VALUES,
        source_sha256=sha256("x"),
        source="x",
        published_status=Status.WRONG_VALUES,
        reason="1 of 262144 elements of y are outside the tolerance",
        first_bad=FirstBad("y", (15, 16383), 0.5, float("inf")),
    )
    return replace(found, **changes)
