"""M2, M2 Pro, Max and Ultra (Apple8): the core of M1 at a higher clock, with a larger L2."""

from __future__ import annotations

from dataclasses import replace

from chip_metrics.synthesis import m1
from chip_metrics.synthesis.model import Rate

GENERATION = replace(
    m1.GENERATION,
    name="m2",
    reachable=Rate(0.87, "MB: 89 of 102.4 GB/s on an M2"),
)
