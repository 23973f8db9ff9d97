"""The pool: where things lie, guards, poison, and what is seen of an overrun."""

from __future__ import annotations

import itertools
import mmap
import os

import numpy as np
import pytest

from harness.checking.pool import (
    ALIGNMENT,
    GUARD_BYTES,
    Arena,
    Layout,
    Overrun,
    Pool,
    first_difference,
)
from harness.problem.binding import Slot

SLOTS = {
    "x": Slot("x", "input", "float32", (3, 5)),
    "mask": Slot("mask", "input", "bool", (7,)),
    "y": Slot("y", "output", "float16", (3, 5)),
}


def made(instances: int = 3, seed: int = 1) -> Pool:
    rng = np.random.default_rng(seed)
    layout = Layout.of(SLOTS, rng)
    return Pool(layout, instances, rng, Arena(layout.bytes(instances)))


def test_slots_are_aligned_apart_and_at_random_offsets() -> None:
    pool = made()
    places = []
    for instance in range(3):
        regions = pool.regions(instance)
        assert all(r.offset % ALIGNMENT == 0 for r in regions.values())
        places += [(r.offset, r.offset + r.bytes) for r in regions.values()]
    places.sort()
    gaps = [b[0] - a[1] for a, b in itertools.pairwise(places)]
    assert min(gaps) >= GUARD_BYTES and places[0][0] >= GUARD_BYTES
    assert pool.arena.bytes - places[-1][1] >= GUARD_BYTES
    others = {made(seed=s).regions(0)["y"].offset for s in range(8)}
    assert len(others) > 1


def test_another_mapping_sees_the_values() -> None:
    pool = made()
    pool.write(2, "x", np.arange(15, dtype=np.float32).reshape(3, 5))
    descriptor = os.open(pool.arena.path, os.O_RDWR)
    with mmap.mmap(descriptor, pool.arena.bytes) as memory:
        region = pool.regions(2)["x"]
        raw = memory[region.offset : region.offset + region.bytes]
        memory[region.offset : region.offset + 4] = np.float32(99).tobytes()
    os.close(descriptor)
    assert np.frombuffer(raw, "<f4").tolist() == list(range(15))
    assert pool.view(2, "x")[0, 0] == 99


def test_poison_fills_every_byte_of_the_named_slots_only() -> None:
    pool = made()
    for instance in range(3):
        pool.write(instance, "x", np.ones((3, 5), np.float32))
    pool.poison(1, 2, 0, ["y"])
    assert np.isnan(pool.view(1, "y")).all() and np.isnan(pool.view(2, "y")).all()
    assert not np.isnan(pool.view(0, "y")).any()
    assert (pool.view(1, "x") == 1).all()
    pool.poison(1, 1, 1, ["y"])
    assert np.isfinite(pool.view(1, "y")).all() and (pool.view(1, "y") > 1e4).all()
    assert pool.overrun() is None


@pytest.mark.parametrize("roll", [0, 1, 2])
def test_rows_are_turned_as_numpy_rolls_them(roll: int) -> None:
    pool = made()
    values = np.arange(15, dtype=np.float32).reshape(3, 5)
    pool.write(0, "x", values, roll)
    assert np.array_equal(pool.view(0, "x"), np.roll(values, roll, axis=0))


@pytest.mark.parametrize("instance", [0, 1, 2])
@pytest.mark.parametrize("slot", ["x", "mask", "y"])
@pytest.mark.parametrize("distance", [0, 100, GUARD_BYTES // 2 - 1])
def test_one_byte_past_the_end_is_seen(instance: int, slot: str, distance: int) -> None:
    pool = made()
    region = pool.regions(instance)[slot]
    memory = np.frombuffer(pool.arena.memory, np.uint8)
    memory[region.offset + region.bytes + distance] ^= 0xFF
    assert pool.overrun() == Overrun(instance, slot, distance)
    memory[region.offset + region.bytes + distance] ^= 0xFF
    assert pool.overrun() is None


@pytest.mark.parametrize("slot", ["x", "mask", "y"])
def test_one_byte_before_the_start_is_seen(slot: str) -> None:
    pool = made()
    region = pool.regions(1)[slot]
    np.frombuffer(pool.arena.memory, np.uint8)[region.offset - 1] ^= 1
    assert pool.overrun() == Overrun(1, slot, -1)
    assert pool.overrun(0, 1) is None


def test_the_end_of_the_pool_is_guarded() -> None:
    pool = made(1)
    region = pool.regions(0)["y"]
    np.frombuffer(pool.arena.memory, np.uint8)[region.offset + region.bytes + 4000] ^= 1
    found = pool.overrun()
    assert found is not None and (found.slot, found.offset) == ("y", 4000)


def test_an_arena_serves_one_pool_after_the_other() -> None:
    rng = np.random.default_rng(0)
    layout = Layout.of(SLOTS, rng)
    arena = Arena(layout.bytes(4))
    for instances in (4, 1):
        assert Pool(layout, instances, rng, arena).overrun() is None
    with pytest.raises(ValueError, match="too small"):
        Pool(layout, 40, rng, arena)


def test_the_memory_is_given_back() -> None:
    before = len(os.listdir("/proc/self/fd"))
    arena = Arena(1 << 20)
    assert len(os.listdir("/proc/self/fd")) > before
    path = arena.path
    arena.close()
    arena.close()
    del arena
    assert len(os.listdir("/proc/self/fd")) == before
    assert "metal-bench" not in os.path.realpath(path)


def test_first_difference_compares_bits() -> None:
    a = np.array([0.0, np.nan, 1.0], np.float32)
    assert first_difference(a, a.copy()) is None
    b = a.copy()
    b[0] = -0.0
    assert first_difference(a, b) == 0
