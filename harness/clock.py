"""Durations that know their clock: dividing two clocks is a type error, here and in mypy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

ClockName = Literal["wall", "device"]


class Clock:
    """Base of the clock tags; never instantiated."""

    name: ClockName


class Wall(Clock):
    """Monotonic host clock, from submission to completion."""

    name: ClockName = "wall"


class DeviceTime(Clock):
    """The device's own timestamps."""

    name: ClockName = "device"


C = TypeVar("C", bound=Clock)


@dataclass(frozen=True)
class Duration(Generic[C]):
    """A non-negative time in nanoseconds on clock `C`."""

    ns: float
    clock: type[C]

    @property
    def ms(self) -> float:
        """Milliseconds."""
        return self.ns / 1e6

    def __truediv__(self, other: Duration[C]) -> float:
        """The plain ratio of two durations of the same clock."""
        self._same_clock(other)
        return self.ns / other.ns

    def __sub__(self, other: Duration[C]) -> Duration[C]:
        self._same_clock(other)
        return Duration(self.ns - other.ns, self.clock)

    def over(self, count: int) -> Duration[C]:
        """This duration shared by `count` equal parts."""
        return Duration(self.ns / count, self.clock)

    def _same_clock(self, other: Duration[C]) -> None:
        if self.clock is not other.clock:
            raise TypeError(f"cannot combine {self.clock.name} time with {other.clock.name} time")


@dataclass(frozen=True)
class Span(Duration[Wall]):
    """A wall time with the device's own time of the same run beside it, where a device says one."""

    device: Duration[DeviceTime] | None = None
