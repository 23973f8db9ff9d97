"""M4, M4 Pro and Max (Apple9): as M3, at a higher clock; tensor operations run on plain lanes."""

from __future__ import annotations

from dataclasses import replace

from chip_metrics.synthesis import m3

GENERATION = replace(m3.GENERATION, name="m4")
