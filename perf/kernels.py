"""Kernels beside MLX's fastest form, and the memory-bound ones beside a copy loop."""

from __future__ import annotations

from typing import Any

from harness.errors import UserError
from harness.pages.counts import TILED_INTENSITY
from harness.problem import catalog
from harness.problem.binding import rounded
from harness.problem.catalog import Kernel
from harness.spec import Cost
from harness.timing.mlx_side import MlxSide
from perf import timing
from perf.copying import CopySide
from perf.store import Entry

_FLOAT_BYTES = 4


def is_memory_bound(cost: Cost) -> bool:
    """Whether the least bytes bound it on a machine that does some FLOPs in the time of a byte: the
    line that the bounds of docs/data/counts.json draw."""
    return cost.flops <= TILED_INTENSITY * cost.bytes


def measure(kernel: Kernel, size: str) -> Entry:
    """A kernel at a named size: `mlx`, and at `large`, if memory bounds it, `copy`."""
    point = catalog.point_of(kernel.spec, size)
    cost = kernel.spec.cost(rounded(point))
    entry: dict[str, Any] = {
        "flops": cost.flops,
        "bytes": cost.bytes,
        "memory_bound": is_memory_bound(cost),
    }
    try:
        with timing.bench(kernel, point, size) as found:
            if not isinstance(found, timing.Bench):
                return {**entry, **found}
            entry["engine"] = found.engine
            if size == "large" and entry["memory_bound"]:
                entry["copy"] = _beside_copy(found, cost)
            entry["mlx"] = _beside_mlx(found)
    except UserError as problem:  # a size that this machine cannot hold
        return {**entry, "unable": problem.message}
    return entry


def _beside_copy(found: timing.Bench, cost: Cost) -> Entry:
    copy = CopySide(int(cost.bytes) // (2 * _FLOAT_BYTES))
    try:
        return found.beside(copy)
    finally:
        copy.close()


def _beside_mlx(found: timing.Bench) -> Entry:
    mlx = MlxSide(found.spec, found.bank, found.secret)
    wrong = mlx.probe()
    return {"unable": wrong.reason} if wrong else found.beside(mlx)
