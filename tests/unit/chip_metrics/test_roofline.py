"""The roofline by hand."""

from __future__ import annotations

import pytest

from chip_metrics import Ceilings, Level, roofline

ROOF = Ceilings("vendor", "", "", 1000.0, 1000.0, 100.0)


@pytest.mark.parametrize(
    ("flops", "bound", "fraction"),
    [(1e9, "memory", 0.5), (7e9, "balanced", 0.5), (11e9, "compute", 0.55), (0.0, "memory", 0.5)],
)
def test_bound_and_fraction(flops: float, bound: str, fraction: float) -> None:
    found = roofline(20.0, flops=flops, bytes_moved=1e9, ceilings=ROOF)
    assert found is not None
    assert found.bound == bound
    assert found.fraction == pytest.approx(fraction)
    assert found.least_ms == pytest.approx(20 * fraction)


def test_a_working_set_in_cache_is_held_to_the_caches_rate() -> None:
    ceilings = Ceilings("measured", "", "", 1000.0, 1000.0, 100.0, (Level(1 << 20, 400.0),))
    found = roofline(1.0, flops=1.0, bytes_moved=1e8, ceilings=ceilings, working_set_bytes=1 << 19)
    assert found is not None and found.fraction == pytest.approx(0.25)


@pytest.mark.parametrize(
    "ceilings",
    [
        Ceilings("measured", "", "", None, None, 100.0),
        Ceilings("vendor", "", "", 1000.0, 1000.0, None),
    ],
)
def test_an_unknown_ceiling_gives_no_fraction(ceilings: Ceilings) -> None:
    assert roofline(1.0, flops=1e9, bytes_moved=1e9, ceilings=ceilings) is None


def test_no_time_no_fraction() -> None:
    assert roofline(0.0, flops=1e9, bytes_moved=1e9, ceilings=ROOF) is None
