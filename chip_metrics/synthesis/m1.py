"""M1, M1 Pro, Max and Ultra (Apple7): the generation with the most published micro-benchmarks."""

from __future__ import annotations

from chip_metrics.synthesis.model import Generation, Rate

GENERATION = Generation(
    name="m1",
    lanes=128,
    schedulers=4,
    cache_bytes_per_cycle=Rate(64, "TB: L1"),
    threadgroup_bytes_per_cycle=Rate(64, "taken as L1's, TB"),
    simd_operation_cycles=Rate(2, "TB: a shuffle; a sum takes 14.5"),
    barrier_cycles=Rate(8, "assumed"),
    thread_cycles=Rate(8, "assumed"),
    launch_us=Rate(2, "assumed"),
    saturating_threads=Rate(768, "TB: 24 SIMD-groups a core"),
    reachable=Rate(0.85, "80 to 92 % of the memory's peak are usual"),
    overlap=4.0,
    slowest=6.0,
)
