"""Bounds from counts: what is certain, what is modelled, and that more work never ranks as less."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chip_metrics import CHIPS, Chip, chip, synthesis, vendor_ceilings
from chip_metrics.synthesis import Counts, Prediction, generation_of, predict
from chip_metrics.synthesis.model import RESOURCES

APPLE = [row for row in CHIPS if row.id.startswith("apple-")]
#: A large element-wise kernel, a large product, one threadgroup alone, many tiny dispatches, and a
#: kernel that lives in threadgroup memory.
EXAMPLES = {
    "bandwidth": Counts(1e8, 8e8, 8e8, 4e8, 4e8, threadgroups=4096, threads=1 << 24),
    "flop": Counts(5e10, 1e8, 1e8, 2e9, 4e7, threadgroups=8192, threads=1 << 21),
    "occupancy": Counts(1e9, 1e5, 1e9, 1e5, 1e3, threadgroups=1, threads=1024),
    "launch": Counts(1e4, 1e4, 1e4, 1e4, 1e4, dispatches=500, threads=1 << 15, threadgroups=64),
    "threadgroup memory": Counts(
        1e8, 1e7, 1e9, 1e7, 1e6, threadgroup_bytes=5e10, threadgroups=4096, threads=1 << 22
    ),
}
#: The field that a resource's time is proportional to.
FIELDS = {
    "bandwidth": ("least_bytes",),
    "flop": ("flops",),
    "occupancy": ("flops",),
    "launch": ("dispatches",),
    "threadgroup memory": ("threadgroup_bytes",),
}


def predicted(row: Chip, counts: Counts) -> Prediction:
    generation = generation_of(row)
    assert generation is not None
    return predict(row, generation, vendor_ceilings(row), counts)


def test_every_generation_has_a_module_and_an_unknown_one_none() -> None:
    assert synthesis.names() == ["cpu", "m1", "m2", "m3", "m4", "m5"]
    for row in APPLE:
        generation = generation_of(row)
        assert generation is not None and generation.name == row.id.split("-")[1]
    assert generation_of(replace(APPLE[0], id="apple-m9-max")) is None
    assert generation_of(replace(APPLE[0], id="nvidia-h200")) is None


@pytest.mark.parametrize("row", APPLE, ids=lambda row: f"{row.id}-{row.cores}")
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_binding_resource_is_named(row: Chip, name: str) -> None:
    found = predicted(row, EXAMPLES[name])
    assert found.binding.resource == name
    assert {bound.resource for bound in found.bounds} == set(RESOURCES)
    assert found.least_ms <= found.estimate_ms <= found.most_ms
    hard = [bound.ms for bound in found.bounds if bound.tag == "derived"]
    assert found.least_ms == max(hard)


@pytest.mark.parametrize("row", APPLE, ids=lambda row: f"{row.id}-{row.cores}")
@pytest.mark.parametrize("name", EXAMPLES)
def test_twice_the_binding_resource_never_ranks_first(row: Chip, name: str) -> None:
    once = EXAMPLES[name]
    twice = replace(once, **{field: 2 * getattr(once, field) for field in FIELDS[name]})
    assert predicted(row, twice).estimate_ms > 1.3 * predicted(row, once).estimate_ms


def test_bandwidth_is_bytes_over_the_published_rate() -> None:
    row = chip("apple-m4-max", 40)
    assert row is not None
    found = predicted(row, EXAMPLES["bandwidth"])
    cached = 48 << 20  # may still be there from the run before
    assert found.least_ms == pytest.approx((8e8 - cached) / 546e9 * 1e3)


def test_one_threadgroup_uses_one_core() -> None:
    row = chip("apple-m4-max", 40)
    assert row is not None and row.fp32_gflops is not None
    bound = next(
        b for b in predicted(row, EXAMPLES["occupancy"]).bounds if b.resource == "occupancy"
    )
    assert bound.ms == pytest.approx(1e9 / (row.fp32_gflops.value / 40) / 1e6)


@pytest.mark.parametrize(("name", "cores"), [("apple-m1", 8), ("apple-m5", 10)])
def test_what_a_cache_may_hold_is_no_hard_bound(name: str, cores: int) -> None:
    """M1's last level is known, M5's is not: a small working set may be faster than memory."""
    row = chip(name, cores)
    assert row is not None
    small = replace(EXAMPLES["bandwidth"], least_bytes=4e6, working_set_bytes=4e6)
    tags = {b.resource: b.tag for b in predicted(row, small).bounds}
    assert tags["bandwidth"] == "modelled"
    large = {b.resource: b.tag for b in predicted(row, EXAMPLES["bandwidth"]).bounds}
    assert large["bandwidth"] == "derived"


def test_small_threadgroups_share_a_core() -> None:
    row = chip("apple-m1", 8)
    assert row is not None
    few = replace(EXAMPLES["flop"], threadgroups=8, threadgroup_threads=32, threads=256)
    many = replace(few, threadgroups=64, threads=2048)
    times = [
        next(b.ms for b in predicted(row, counts).bounds if b.resource == "occupancy")
        for counts in (few, many)
    ]
    assert times[0] == pytest.approx(4 * times[1])


def test_a_chip_without_ceilings_is_refused() -> None:
    bare = Chip("apple-m4-max", "Apple M4 Max", 40)
    generation = generation_of(bare)
    assert generation is not None
    with pytest.raises(ValueError, match="no ceilings"):
        predict(bare, generation, vendor_ceilings(bare), EXAMPLES["flop"])
