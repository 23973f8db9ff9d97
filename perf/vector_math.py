"""How fast elementary functions run in a kernel y = f(x): beside y = -x, which moves as many bytes,
in the same worker."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from perf.launches import Launch, median_times
from perf.store import Entry

#: Expressions of x, and the share of the copy's rate that they have to reach: these are slower the
#: more they compute, so that a bound stands where a kernel should be bound by memory.
EXPRESSIONS = {
    "exp": ("exp(x)", 0.75),
    "tanh": ("tanh(x)", 0.75),
    "sigmoid": ("1.0f / (1.0f + exp(-x))", 0.75),
    "gelu_tanh": ("0.5f * x * (1.0f + tanh(0.7978845608f * (x + 0.044715f * x * x * x)))", 0.75),
    "silu": ("x / (1.0f + exp(-x))", 0.0),
    "softplus": ("log(1.0f + exp(x))", 0.0),
    "mish": ("x * tanh(log(1.0f + exp(x)))", 0.0),
    "log": ("log(x)", 0.0),
    "sin": ("sin(x)", 0.0),
    "cos": ("cos(x)", 0.0),
    "precise::sin": ("precise::sin(x)", 0.0),
    "tan": ("tan(x)", 0.0),
    "atan": ("atan(x)", 0.0),
    "asinh": ("asinh(x)", 0.0),
    "rsqrt": ("rsqrt(x)", 0.0),
    "pow": ("pow(x, 2.5f)", 0.0),
    "fmod": ("fmod(x, 0.3f)", 0.0),
}
ELEMENTS = 1 << 24
_ROUNDS = 9
_THREADS = 2
_COPY = "copy"
#: Not `x` itself, of which the compiler would make calls of memcpy.
_COPIED = "-x"


def measure() -> Entry:
    """The rate of each expression over the copy's, medians of interleaved rounds."""
    expressions = {_COPY: _COPIED} | {name: text for name, (text, _) in EXPRESSIONS.items()}
    functions = {name: f"f{number}" for number, name in enumerate(expressions)}
    launches = [Launch(n, f, ELEMENTS, 256, _THREADS) for n, f in functions.items()]
    values = np.random.default_rng(1).uniform(0.01, 8, ELEMENTS).astype(np.float32)
    arrays = {"x": values, "y": np.zeros_like(values)}
    text = _source({functions[name]: text for name, text in expressions.items()})
    times = median_times(text, launches, arrays, _ROUNDS)
    return {name: times[_COPY] / times[name] for name in EXPRESSIONS}


def _source(kernels: Mapping[str, str]) -> str:
    head = "#include <metal_stdlib>\nusing namespace metal;\n"
    return head + "".join(
        f"kernel void {name}(device const float* in [[buffer(0)]], device float* out [[buffer(1)]],"
        f" uint i [[thread_position_in_grid]]) {{ const float x = in[i]; out[i] = {text}; }}\n"
        for name, text in kernels.items()
    )
