"""Replies of a Welder's model, good and bad, as a script for the replay provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_steel.providers.base import Completion, StopReason, Usage
from agent_steel.providers.documents import to_document
from agent_steel.providers.replay import ANY, Line

DEFINITION = '''"""shifted_swish: y = (x + b) * sigmoid(x + b), b added to every row."""

import numpy as np

from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Sizes, mixture, relative


def reference(x, b):
    import mlx.core as mx

    s = x + b
    return s * mx.sigmoid(s)


def oracle(x, b):
    s = x + b
    return s / (1 + np.exp(-s))


def near_zero(inputs, expected, point):
    return 1e-6 + 1e-6 * np.abs(inputs["x"] + inputs["b"])


def cost(point):
    elements = point["rows"] * point["cols"]
    return Cost(flops=5 * elements, bytes=8 * elements + 4 * point["cols"])


SPEC = KernelSpec(
    summary="y = swish(x + b), row by row",
    function="shifted_swish_f32",
    reference=reference,
    oracle=oracle,
    inputs={"x": Array("rows", "cols", values=mixture(large=20.0)), "b": Array("cols")},
    outputs={"y": Array("rows", "cols")},
    scalars={"N": Scalar("uint32", "cols")},
    domain=Domain({"rows": Range(1, 1 << 16), "cols": Range(1, 1 << 16)}),
    sizes=Sizes(
        published={"rows": 512, "cols": 512},
        large={"rows": 8192, "cols": 4096},
        check=[{"rows": 1, "cols": 1}, {"rows": 3, "cols": 37}, {"rows": 7, "cols": 1009}],
    ),
    # x + b rounds, and a fast exponential misses some ulp.
    tolerance=relative(1e-5, absolute=near_zero),
    cost=cost,
    schedule="grid: cols rows 1\\nthreadgroup: 64 1 1",
)
'''

SOURCE = """#include <metal_stdlib>
using namespace metal;

kernel void shifted_swish_f32(device const float *x [[buffer(0)]],
                              device const float *b [[buffer(1)]],
                              device float *y [[buffer(2)]], constant uint &N [[buffer(3)]],
                              uint2 at [[thread_position_in_grid]]) {
  const ulong i = ulong(at.y) * N + at.x;
  const float s = x[i] + b[at.x];
  y[i] = s / (1.0f + exp(-s));
}
"""


def line(
    arguments: Mapping[str, Any] | None = None,
    text: str = "",
    stop: StopReason = "tool",
    call_id: str = "",
    usd: float = 0.01,
) -> Line:
    """One reply of a script."""
    usage = Usage(1000, 500, 0, usd)
    done = Completion(text, None if arguments is None else dict(arguments), stop, "m", usage)
    return Line(prompt_sha256=ANY, call_id=call_id, answer=to_document(done))


def authored(definition: str = DEFINITION, source: str = SOURCE) -> Line:
    """A reply with a problem and a kernel."""
    return line({"definition": definition, "source": source, "notes": "Plain."})


POLISHED = line({"title": "Add shifted_swish", "body": "Swish after a bias.", "issues": []})
