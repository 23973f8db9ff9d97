"""What one more dispatch costs on a device, with nothing to do: the floor of runs of many steps."""

from __future__ import annotations

import numpy as np

from harness.checking.pool import Arena, Layout, Pool
from harness.devices.base import Binding, Device, Dispatch
from harness.evaluation import Refusal
from harness.problem.binding import Slot
from harness.problem.catalog import source_of

_NOTHING = """#include <metal_stdlib>
kernel void nothing(device float *y [[buffer(0)]]) {}
"""
_FEW, _MANY, _RUNS = 64, 320, 9
_MEMORY_BYTES = 512 << 20
_DEADLINE_MS = 10_000


#: By device, once a process: it takes as long as starting a worker.
_known: dict[str, float | None] = {}


def empty_dispatch_ms(device: Device) -> float | None:
    """Milliseconds, from the least times of few and of many empty dispatches; None where nothing
    can be built. Call it while the device is ours."""
    if device.name not in _known:
        _known[device.name] = _measured(device)
    return _known[device.name]


def _measured(device: Device) -> float | None:
    program = device.build(source_of(_NOTHING, "nothing.metal"), ["nothing"])
    if isinstance(program, Refusal):
        return None
    session = device.open(program, threads=0, memory_limit_bytes=_MEMORY_BYTES)
    if isinstance(session, Refusal):
        return None
    rng = np.random.default_rng(0)
    layout = Layout.of({"y": Slot("y", "output", "float32", (1,))}, rng)
    arena = Arena(layout.bytes(1))
    try:
        pool = Pool(layout, 1, rng, arena)
        empty = Dispatch("nothing", (1, 1, 1), (1, 1, 1), {0: ("y", 0)})
        least = {}
        for count in (_FEW, _MANY):
            binding = Binding(arena.path, arena.bytes, ("y",), [pool.regions(0)], [empty] * count)
            if session.bind(binding):
                return None
            taken = [session.run(0, 1, deadline_ms=_DEADLINE_MS) for _ in range(_RUNS)]
            least[count] = min(t.ms for t in taken if not isinstance(t, Refusal))
        return max(0.0, (least[_MANY] - least[_FEW]) / (_MANY - _FEW))
    finally:
        session.close()
        arena.close()
