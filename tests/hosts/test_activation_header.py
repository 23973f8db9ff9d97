"""metal/include/activation.h, run over all magnitudes: as accurate as its comments say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import msl
from harness import settings
from harness.problem.formulas import gelu, gelu_tanh, sigmoid, silu, softplus
from msl.host_build import ensure_host
from msl.run import Launch, Ran, run

pytestmark = pytest.mark.host

POINTS = 1 << 16
#: One result a function: its expression in MSL, and the same in float64.
FUNCTIONS = {
    "softplus(x)": softplus,
    "sigmoid(x)": sigmoid,
    "silu(x)": silu,
    "mish(x)": lambda x: x * np.tanh(softplus(x)),
    "exp_minus_one(min(x, 0.0f))": lambda x: np.expm1(np.minimum(x, 0)),
    "log_one_plus(exp(-fabs(x)))": lambda x: np.log1p(np.exp(-np.abs(x))),
    "gelu(x)": gelu,
    "gelu_tanh(x)": gelu_tanh,
}
#: All but the two gelus keep the digits of small results.
ULP = 6.0
#: Phi is off by 7.5e-8, times x; in gelu_tanh exp(-2u) magnifies the rounding of u.
ABSOLUTE = {"gelu(x)": 4e-7, "gelu_tanh(x)": 1.5e-7}
#: A factor below the normal floats may be flushed, and is multiplied with x.
FLUSHED = 1e-36


def points() -> np.ndarray:
    """Even steps, every magnitude down to 1e-30, and far tails."""
    rng = np.random.default_rng(1)
    magnitudes = 10.0 ** rng.uniform(-30, 0, POINTS // 4) * rng.choice([-1, 1], POINTS // 4)
    even = np.linspace(-20, 20, POINTS // 2)
    return np.concatenate([even, magnitudes, np.linspace(-1e4, 1e4, POINTS // 4)])


def results(x: np.ndarray, cache: Path) -> np.ndarray:
    """(functions, points): what the header gives."""
    lines = [f"y[{i} * {POINTS} + i] = {text};" for i, text in enumerate(FUNCTIONS)]
    text = (
        '#include "activation.h"\n#include <metal_stdlib>\nusing namespace metal;\n'
        "kernel void all(device const float *values [[buffer(0)]], device float *y [[buffer(1)]],"
        " uint i [[thread_position_in_grid]]) { const float x = values[i];\n"
        + "\n".join(lines)
        + "\n}\n"
    )
    library = msl.compile_source(
        text, include_roots=[settings.ROOT / "metal" / "include"], cache_dir=cache
    )
    assert isinstance(library, msl.Library), library
    y = np.full((len(FUNCTIONS), POINTS), np.nan, dtype=np.float32)
    launch = Launch("all", (POINTS, 1, 1), (256, 1, 1), {0: x, 1: y})
    ran = run(library, launch, ensure_host().supervisor)
    assert isinstance(ran, Ran), ran
    return np.asarray(ran.buffers[1], dtype=np.float64)


def test_every_function_is_accurate_at_every_magnitude(shared_cache: Path) -> None:
    x = points().astype(np.float32)
    got = results(x, shared_cache)
    with np.errstate(over="ignore"):
        due = [stated(x.astype(np.float64)) for stated in FUNCTIONS.values()]
    for name, values, expected in zip(FUNCTIONS, got, due, strict=True):
        error = np.abs(values - expected)
        unit = np.spacing(np.maximum(np.abs(expected), 1.2e-38).astype(np.float32))
        worst = np.maximum(error - ABSOLUTE.get(name, FLUSHED), 0.0) / unit
        assert worst.max() <= ULP, (name, float(x[worst.argmax()]), float(worst.max()))
