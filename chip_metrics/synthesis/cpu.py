"""A CPU under the portable host: ceilings are measured, the rates below set by
hand with every second kernel of docs/PREDICT.md in view.

Threads of a threadgroup run one after the other as vectors, and nothing of a run overlaps the next
but what the processor itself reorders.
"""

from __future__ import annotations

from chip_metrics.chips import Chip, Figure
from chip_metrics.detect_cpu import Cpu
from chip_metrics.synthesis.model import Generation, Rate

#: Cycles are reckoned at one clock on every CPU: the rates were set with it.
CLOCK_MHZ = Figure(3000.0, "set by hand", "low")

GENERATION = Generation(
    name="cpu",
    lanes=1,
    schedulers=1,
    cache_bytes_per_cycle=Rate(32, "set by hand"),
    threadgroup_bytes_per_cycle=Rate(16, "set by hand"),
    simd_operation_cycles=Rate(60, "set by hand"),
    barrier_cycles=Rate(300, "set by hand"),
    thread_cycles=Rate(40, "set by hand"),
    launch_us=Rate(5, "set by hand"),
    saturating_threads=Rate(1, "a core runs one thread"),
    reachable=Rate(0.5, "set by hand"),
    overlap=1.0,
    slowest=6.0,
)


def chip_of(cpu: Cpu) -> Chip:
    """The processor as the model sees it."""
    return Chip(id=cpu.chip_id, name=cpu.model, cores=cpu.cores, clock_mhz=CLOCK_MHZ)
