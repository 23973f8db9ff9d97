"""Durations know their clock."""

from __future__ import annotations

import pytest

from harness.clock import DeviceTime, Duration, Wall


def test_same_clock_arithmetic() -> None:
    one, other = Duration(6e6, Wall), Duration(2e6, Wall)
    assert one / other == 3.0
    assert (one - other).ns == 4e6
    assert one.over(3) == other
    assert one.ms == 6.0


def test_two_clocks_never_meet() -> None:
    wall, device = Duration(6e6, Wall), Duration(2e6, DeviceTime)
    with pytest.raises(TypeError, match="wall time with device time"):
        wall / device  # type: ignore[operator]
    with pytest.raises(TypeError, match="device time with wall time"):
        device - wall  # type: ignore[operator]
    assert wall != Duration(6e6, DeviceTime)
