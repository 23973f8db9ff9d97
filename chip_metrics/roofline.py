"""The roofline: how near a time comes to the least that a chip's ceilings allow."""

from __future__ import annotations

from dataclasses import dataclass

from chip_metrics.ceilings import Ceilings

#: From this share of the ridge intensity on, neither ceiling alone bounds the problem.
NEAR_RIDGE = 0.5


@dataclass(frozen=True)
class Roofline:
    """`bound`: compute, balanced or memory; `fraction`: the least possible time over the time."""

    bound: str
    fraction: float
    least_ms: float


def roofline(
    time_ms: float,
    *,
    flops: float,
    bytes_moved: float,
    ceilings: Ceilings,
    working_set_bytes: float | None = None,
) -> Roofline | None:
    """The roofline of one run, or None where a ceiling it needs is unknown.

    `working_set_bytes` is what the timed batch touches: what fits in a cache may come from it.
    """
    gbps = ceilings.bandwidth_gbps(bytes_moved if working_set_bytes is None else working_set_bytes)
    gflops = ceilings.fp32_gflops
    if not gbps or not gflops or time_ms <= 0:
        return None
    least_ms = max(bytes_moved / gbps, flops / gflops) / 1e6
    ridge = gflops / gbps
    if flops > ridge * bytes_moved:
        bound = "compute"
    else:
        bound = "balanced" if flops > NEAR_RIDGE * ridge * bytes_moved else "memory"
    return Roofline(bound, least_ms / time_ms, least_ms)
