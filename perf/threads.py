"""What two threads gain over one where threadgroups cost the same, and where they do not."""

from __future__ import annotations

import numpy as np

from perf.launches import Launch, median_times
from perf.store import Entry

_GROUPS, _LANES = 4096, 32
_STEPS = 512  # of a usual threadgroup
#: Steps of a threadgroup by its number. `cluster`: all of the work in one run of neighbours.
_COSTS = {
    "even": f"{_STEPS}u",
    "growing": f"{2 * _STEPS}u * group / {_GROUPS}u",
    "cluster": f"group < {_GROUPS // 32}u ? {32 * _STEPS}u : 1u",
    "last": f"group >= {_GROUPS - _GROUPS // 32}u ? {32 * _STEPS}u : 1u",
}
_ROUNDS = 9


def measure() -> Entry:
    """Time on one thread over time on two, by how the work is spread."""
    launches = [
        Launch(f"{name}_{threads}", name, _GROUPS * _LANES, _LANES, threads)
        for name in _COSTS
        for threads in (1, 2)
    ]
    output = np.zeros(_GROUPS * _LANES, np.float32)
    times = median_times(_source(), launches, {"y": output}, _ROUNDS)
    return {name: times[f"{name}_1"] / times[f"{name}_2"] for name in _COSTS}


def _source() -> str:
    head = "#include <metal_stdlib>\nusing namespace metal;\n"
    return head + "".join(
        f"kernel void {name}(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]],\n"
        "    uint group [[threadgroup_position_in_grid]]) {\n"
        f"  const uint steps = {cost};\n"
        "  float x = float(i & 7u);\n"
        "  for (uint n = 0; n < steps; ++n) x = fma(x, 0.999f, 0.25f);\n"
        "  y[i] = x;\n}\n"
        for name, cost in _COSTS.items()
    )
