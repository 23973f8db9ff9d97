"""How fast elementary functions run in a kernel y = f(x): beside y = -x, which moves as many bytes,
in the same worker."""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Iterator, Mapping

import numpy as np

from harness import devices
from harness.devices.base import Binding, Dispatch, Program, Region, Session, Source
from harness.evaluation import Refusal
from msl.host_client import Pool
from perf.findings import Finding

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
_ELEMENTS = 1 << 24
_ROUNDS = 9
_THREADS = 2
_DEADLINE_MS = 10_000
_MEMORY_LIMIT_BYTES = 2 << 30
_COPY = "copy"
#: Not `x` itself, of which the compiler would make calls of memcpy.
_COPIED = "-x"


def beside_copy() -> Iterator[Finding]:
    """The rate of each expression over the copy's, medians of interleaved rounds."""
    times = _times({_COPY: _COPIED} | {name: text for name, (text, _) in EXPRESSIONS.items()})
    copy = times[_COPY]
    for name, (_, bound) in EXPRESSIONS.items():
        what = f"{name} of {_ELEMENTS >> 20} Mi floats beside y = -x"
        detail = f"{times[name]:.3g} ms, y = -x {copy:.3g} ms, {_THREADS} threads"
        yield Finding(what, copy / times[name], "x", bound, False, detail)


def _times(expressions: Mapping[str, str]) -> dict[str, float]:
    """Milliseconds a run, by name."""
    kernels = {f"f{number}": text for number, text in enumerate(expressions.values())}
    device = devices.open_device("cpu")
    text = _source(kernels)
    source = Source(text, "vector_math.metal", hashlib.sha256(text.encode()).hexdigest())
    program = device.build(source, list(kernels))
    if not isinstance(program, Program):
        raise RuntimeError(f"the kernels do not compile: {program.reason}")
    session = device.open(program, threads=_THREADS, memory_limit_bytes=_MEMORY_LIMIT_BYTES)
    if isinstance(session, Refusal):
        raise RuntimeError(session.reason)
    bytes_each = 4 * _ELEMENTS
    pool = Pool({"x": bytes_each, "y": bytes_each})
    try:
        values = np.random.default_rng(1).uniform(0.01, 8, _ELEMENTS).astype(np.float32)
        pool.write("x", values.tobytes())
        samples: dict[str, list[float]] = {name: [] for name in expressions}
        for _ in range(_ROUNDS):
            for name, kernel in zip(expressions, kernels, strict=True):
                samples[name].append(_run(session, pool, kernel))
        return {name: statistics.median(found) for name, found in samples.items()}
    finally:
        session.close()
        pool.close()


def _source(kernels: Mapping[str, str]) -> str:
    head = "#include <metal_stdlib>\nusing namespace metal;\n"
    return head + "".join(
        f"kernel void {name}(device const float* in [[buffer(0)]], device float* out [[buffer(1)]],"
        f" uint i [[thread_position_in_grid]]) {{ const float x = in[i]; out[i] = {text}; }}\n"
        for name, text in kernels.items()
    )


def _run(session: Session, pool: Pool, kernel: str) -> float:
    regions = {slot: Region(*pool.regions[slot]) for slot in ("x", "y")}
    dispatch = Dispatch(kernel, (_ELEMENTS, 1, 1), (256, 1, 1), {0: ("x", 0), 1: ("y", 0)})
    refused = session.bind(Binding(pool.path, pool.bytes, ("x", "y"), [regions], [dispatch]))
    time = refused or session.run(0, 1, deadline_ms=_DEADLINE_MS)
    if isinstance(time, Refusal):
        raise RuntimeError(time.reason)
    return time.ms
