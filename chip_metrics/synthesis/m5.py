"""M5, M5 Pro and Max (Apple10): twice the half-precision rate; matrix units that only the tensor
operations of Metal 4 reach, which no count here contains."""

from __future__ import annotations

from dataclasses import replace

from chip_metrics.synthesis import m3
from chip_metrics.synthesis.model import Rate

GENERATION = replace(
    m3.GENERATION,
    name="m5",
    reachable=Rate(0.79, "ROOF: 122 of 153.6 GB/s on a fanless M5"),
)
