"""A Side is what gets timed: it runs k prepared instances and says how long that took."""

from __future__ import annotations

from typing import Protocol

from harness.clock import Duration, Wall
from harness.evaluation import Refusal


class Side(Protocol):
    """One side of a comparison. Preparing inputs and outputs is outside the returned time."""

    name: str

    def sample(self, instances: int) -> Duration[Wall] | Refusal:
        """Run `instances` instances as one submission, on fresh values; the time of the whole."""

    def overhead(self) -> Duration[Wall]:
        """The time of an empty run on the same path."""

    @property
    def max_instances(self) -> int:
        """The most instances that one sample may hold; 1 for in-place and multi-step schedules."""
