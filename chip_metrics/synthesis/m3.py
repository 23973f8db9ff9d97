"""M3 to Ultra (Apple9): Dynamic Caching; what M1 and M2 measured of a core's pools ends here.

Registers, threadgroup memory, stack and L1 share one pool, so the rates of M1 stand in for figures
that nobody published, and its limit of resident threads is not used.
"""

from __future__ import annotations

from dataclasses import replace

from chip_metrics.synthesis import m1
from chip_metrics.synthesis.model import Rate

GENERATION = replace(
    m1.GENERATION,
    name="m3",
    cache_bytes_per_cycle=Rate(64, "M1's; none is published"),
    threadgroup_bytes_per_cycle=Rate(64, "M1's; none is published"),
    saturating_threads=Rate(512, "assumed: four SIMD-groups a scheduler"),
    slowest=8.0,
)
