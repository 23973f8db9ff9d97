"""The shared memory that a worker maps: instances of every slot, guards around each, poison.

Every instance has the same layout, so that one strided view reaches a slot of all instances. Before
and after every slot lies a guard of at least 4 KiB filled with secret bytes, and every slot starts
at a random multiple of 256 bytes.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.devices.base import Region
from harness.problem.binding import Slot
from harness.problem.dtypes import element_of, poison

Values = npt.NDArray[Any]

GUARD_BYTES = 4096
ALIGNMENT = 256
_JITTER_STEPS = 16
_PARALLEL_BYTES = 8 << 20


@dataclass(frozen=True)
class Overrun:
    """A guard that no longer holds its bytes."""

    instance: int
    slot: str
    offset: int  # bytes past the end of the slot, or before its start if negative


@dataclass(frozen=True)
class _Gap:
    """A guard: where it lies in an instance, and the slots before and after it."""

    start: int
    bytes: int
    after: str
    before: str


class Arena:
    """Shared memory that pools use one after another: a worker maps it once."""

    def __init__(self, size: int) -> None:
        self.bytes = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        self._descriptor, self._file = _shared_memory(self.bytes)
        self.memory = mmap.mmap(self._descriptor, self.bytes)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with contextlib.suppress(OSError):  # a hint: kernels without huge pages refuse it
                self.memory.madvise(mmap.MADV_HUGEPAGE)

    @property
    def path(self) -> str:
        """Where another process of this user can open the memory."""
        return self._file or f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def close(self) -> None:
        """Give the memory back once the last view of it is gone."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            if self._file:
                os.unlink(self._file)


@dataclass(frozen=True)
class Layout:
    """Where the slots of an instance lie, and the guards between them."""

    slots: Mapping[str, Slot]
    offsets: Mapping[str, int]
    gaps: tuple[_Gap, ...]
    stride: int

    @classmethod
    def of(cls, slots: Mapping[str, Slot], rng: np.random.Generator) -> Layout:
        """Place the slots at random; an instance's last guard goes on in the next one's first."""
        offsets: dict[str, int] = {}
        gaps: list[_Gap] = []
        at = 0
        last = ""
        for name, slot in slots.items():
            jitter = int(rng.integers(_JITTER_STEPS)) * ALIGNMENT
            start = -(-(at + GUARD_BYTES) // ALIGNMENT) * ALIGNMENT + jitter
            gaps.append(_Gap(at, start - at, last, name))
            offsets[name] = start
            at = start + slot.bytes
            last = name
        # A whole number of ALIGNMENT, so that all instances are aligned alike.
        stride = -(-(at + ALIGNMENT) // ALIGNMENT) * ALIGNMENT
        gaps.append(_Gap(at, stride - at, last, ""))
        return cls(slots, offsets, tuple(gaps), stride)

    def bytes(self, instances: int) -> int:
        """The size of a pool."""
        return self.stride * instances + GUARD_BYTES


class Pool:
    """`instances` copies of all slots in an arena."""

    def __init__(
        self, layout: Layout, instances: int, rng: np.random.Generator, arena: Arena
    ) -> None:
        self.slots = layout.slots
        self.instances = instances
        self.arena = arena
        if layout.bytes(instances) > self.arena.bytes:
            raise ValueError("the arena is too small for this pool")
        self._offsets = layout.offsets
        self._gaps = layout.gaps
        self._stride = layout.stride
        self._map = self.arena.memory
        longest = max(GUARD_BYTES, *(gap.bytes for gap in self._gaps))
        self._pattern = rng.integers(0, 256, size=longest, dtype=np.uint8)
        self._paint_guards()

    def regions(self, instance: int) -> dict[str, Region]:
        """Where every slot of an instance lies."""
        base = instance * self._stride
        return {n: Region(base + self._offsets[n], slot.bytes) for n, slot in self.slots.items()}

    def view(self, instance: int, name: str) -> Values:
        """A slot of one instance in its storage type and shape; it is the shared memory itself."""
        slot = self.slots[name]
        dtype = element_of(slot.dtype).storage
        offset = instance * self._stride + self._offsets[name]
        view: Values = np.ndarray(slot.shape, dtype, buffer=self._map, offset=offset)
        return view

    def write(self, instance: int, name: str, values: Values, roll: int = 0) -> None:
        """Fill a slot, its rows turned by `roll` as np.roll does."""
        target = self.view(instance, name)
        if roll:
            copy(target[roll:], values[: len(values) - roll])
            copy(target[:roll], values[len(values) - roll :])
        else:
            copy(target, values)

    def poison(self, first: int, count: int, which: int, names: Iterable[str]) -> None:
        """Fill these slots of some instances with poison."""
        for name in names:
            slot = self.slots[name]
            size = element_of(slot.dtype).bytes
            bits = poison(size, which)
            view: Values = np.ndarray(
                (count, slot.elements),
                bits.dtype,
                buffer=self._map,
                offset=first * self._stride + self._offsets[name],
                strides=(self._stride, size),
            )
            if count == 1:
                fill(view[0], bits)
            else:
                view[...] = bits

    def _guards(self, gap: _Gap, first: int, count: int) -> Values:
        view: Values = np.ndarray(
            (count, gap.bytes),
            np.uint8,
            buffer=self._map,
            offset=first * self._stride + gap.start,
            strides=(self._stride, 1),
        )
        return view

    def _paint_guards(self) -> None:
        for gap in self._gaps:
            self._guards(gap, 0, self.instances)[...] = self._pattern[: gap.bytes]
        self._tail()[...] = self._pattern[:GUARD_BYTES]

    def _tail(self) -> Values:
        view: Values = np.ndarray(
            (GUARD_BYTES,), np.uint8, buffer=self._map, offset=self.instances * self._stride
        )
        return view

    def overrun(self, first: int = 0, count: int | None = None) -> Overrun | None:
        """The first guard of these instances that was written to."""
        count = self.instances - first if count is None else count
        for gap in self._gaps:
            bad = self._guards(gap, first, count) != self._pattern[: gap.bytes]
            if bad.any():
                instance, byte = (int(i) for i in np.argwhere(bad)[0])
                return self._blame(gap, first + instance, byte)
        bad = self._tail() != self._pattern[:GUARD_BYTES]
        if bad.any():
            last = self._gaps[-1]
            return Overrun(self.instances - 1, last.after, last.bytes + int(np.argmax(bad)))
        return None

    def _blame(self, gap: _Gap, instance: int, byte: int) -> Overrun:
        """The nearer neighbour of the byte; the first guard of an instance continues the last."""
        if not gap.after and instance and byte < gap.bytes // 2:
            tail = self._gaps[-1]
            return Overrun(instance - 1, tail.after, tail.bytes + byte)
        if gap.after and (not gap.before or byte < gap.bytes // 2):
            return Overrun(instance, gap.after, byte)
        return Overrun(instance, gap.before, byte - gap.bytes)


def _shared_memory(size: int) -> tuple[int, str]:
    """A descriptor and, where descriptors have no paths (macOS), the file that it is of."""
    path = ""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("metal-bench-pool", os.MFD_CLOEXEC)
    else:
        descriptor, path = tempfile.mkstemp(prefix="metal-bench-pool-")
    os.ftruncate(descriptor, size)
    return descriptor, path


def _in_parts(elements: int, part: int, work: Any) -> None:
    starts = range(0, elements, part)
    with ThreadPoolExecutor(min(len(starts), os.cpu_count() or 1)) as workers:
        list(workers.map(work, starts))


def copy(target: Values, source: Values) -> None:
    """Copy an array, on all cores if it is large."""
    contiguous = target.flags.c_contiguous and source.flags.c_contiguous
    if target.nbytes < _PARALLEL_BYTES or not contiguous:
        np.copyto(target, source, casting="no")
        return
    flat, other = target.reshape(-1), source.reshape(-1)
    part = _PARALLEL_BYTES // target.itemsize
    _in_parts(flat.size, part, lambda i: np.copyto(flat[i : i + part], other[i : i + part]))


def fill(target: Values, bits: np.unsignedinteger[Any]) -> None:
    """Fill a flat array, on all cores if it is large."""
    if target.nbytes < _PARALLEL_BYTES:
        target.fill(bits)
        return
    part = _PARALLEL_BYTES // target.itemsize
    _in_parts(target.size, part, lambda i: target[i : i + part].fill(bits))


def first_difference(got: Values, expected: Values) -> int | None:
    """The flat index of the first element whose bits differ."""
    bits = np.dtype(f"<u{got.itemsize}")
    a, b = got.reshape(-1).view(bits), np.ascontiguousarray(expected).reshape(-1).view(bits)
    part = _PARALLEL_BYTES // got.itemsize
    for start in range(0, a.size, part):
        differs = a[start : start + part] != b[start : start + part]
        if differs.any():
            return start + int(np.argmax(differs))
    return None
