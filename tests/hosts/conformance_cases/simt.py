"""How a grid falls into threadgroups, SIMD-groups and quad-groups, stated with plain loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from conformance_cases.model import Triple, triple

SIMD_WIDTH = 32
QUAD_WIDTH = 4


@dataclass(frozen=True)
class Thread:
    """One thread of a dispatch; `flat` counts through the grid, x first."""

    grid_position: Triple
    local: Triple
    group: Triple
    group_size: Triple
    flat: int
    index: int
    grid: Triple
    nominal_size: Triple

    @property
    def lane(self) -> int:
        return self.index % SIMD_WIDTH

    @property
    def groups(self) -> Triple:
        n, t = self.grid, self.nominal_size
        return -(-n[0] // t[0]), -(-n[1] // t[1]), -(-n[2] // t[2])

    @property
    def simdgroup(self) -> int:
        return self.index // SIMD_WIDTH


def threadgroups(
    grid: int | tuple[int, ...], threadgroup: int | tuple[int, ...]
) -> Iterator[list[Thread]]:
    """The threads of every threadgroup in linear order; groups at the grid's edge are smaller."""
    n, t = triple(grid), triple(threadgroup)
    counts = [-(-n[axis] // t[axis]) for axis in range(3)]
    for gz in range(counts[2]):
        for gy in range(counts[1]):
            for gx in range(counts[0]):
                yield _threads_of((gx, gy, gz), n, t)


def _threads_of(group: Triple, n: Triple, t: Triple) -> list[Thread]:
    start = [group[axis] * t[axis] for axis in range(3)]
    size = (
        min(t[0], n[0] - start[0]),
        min(t[1], n[1] - start[1]),
        min(t[2], n[2] - start[2]),
    )
    threads: list[Thread] = []
    for z in range(size[2]):
        for y in range(size[1]):
            for x in range(size[0]):
                position = (start[0] + x, start[1] + y, start[2] + z)
                flat = (position[2] * n[1] + position[1]) * n[0] + position[0]
                threads.append(Thread(position, (x, y, z), group, size, flat, len(threads), n, t))
    return threads


def clusters(
    grid: int | tuple[int, ...], threadgroup: int | tuple[int, ...], width: int
) -> Iterator[list[Thread]]:
    """Runs of `width` consecutive linear indices of each threadgroup; the last may be partial."""
    for threads in threadgroups(grid, threadgroup):
        for start in range(0, len(threads), width):
            yield threads[start : start + width]


def per_thread(
    grid: int | tuple[int, ...],
    threadgroup: int | tuple[int, ...],
    value: Callable[[Thread], Any],
) -> list[Any]:
    """The output of a kernel that writes `value(thread)` at its flat grid position."""
    result: dict[int, Any] = {}
    for threads in threadgroups(grid, threadgroup):
        for thread in threads:
            result[thread.flat] = value(thread)
    return [result[flat] for flat in range(len(result))]


def per_cluster(
    x: Sequence[Any],
    grid: int | tuple[int, ...],
    threadgroup: int | tuple[int, ...],
    values: Callable[[list[Any]], list[Any]],
    width: int = SIMD_WIDTH,
) -> list[Any]:
    """The output of a kernel: `values` maps what a cluster's lanes hold to their results."""
    result: list[Any] = [None] * len(x)
    for threads in clusters(grid, threadgroup, width):
        held = [x[thread.flat] for thread in threads]
        for thread, value in zip(threads, values(held), strict=True):
            result[thread.flat] = value
    return result


def u32(value: int) -> int:
    return value & 0xFFFFFFFF


def i32(value: int) -> int:
    return (value + 0x80000000) % 0x100000000 - 0x80000000


def u64(value: int) -> int:
    return value & 0xFFFFFFFFFFFFFFFF


def i64(value: int) -> int:
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def i16(value: int) -> int:
    return (value + 0x8000) % 0x10000 - 0x8000


def i8(value: int) -> int:
    return (value + 0x80) % 0x100 - 0x80


def quotient(a: int, b: int) -> int:
    """Division that rounds toward zero, as C and MSL do."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def remainder(a: int, b: int) -> int:
    """The remainder that goes with `quotient`: it has the sign of the dividend."""
    return a - quotient(a, b) * b
