"""How far a run over many kernels is, and about how much longer it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from harness.problem.binding import rounded
from harness.problem.catalog import Kernel

#: A problem of so many FLOPs takes about twice as long as one of none; of more, at most ten times.
_FLOPS_OF_ONE = 1e9
_MOST = 10.0


class Progress:
    """Of kernels judged one after the other; each is weighed by its FLOPs as published."""

    def __init__(self, kernels: Sequence[Kernel]) -> None:
        self._weights = [_weight(kernel) for kernel in kernels]
        self._started = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Since the first kernel."""
        return time.monotonic() - self._started

    def left_s(self, done: int) -> float | None:
        """What the kernels that are left will take at the pace so far; None before the first."""
        if done == 0:
            return None
        return self.elapsed_s * sum(self._weights[done:]) / sum(self._weights[:done])

    def text(self, done: int) -> str:
        """`[3/116, about 2 min left]`, of the kernel after `done` others."""
        left = self.left_s(done)
        about = "" if left is None else f", about {duration(left)} left"
        return f"[{min(done + 1, len(self._weights))}/{len(self._weights)}{about}]"


def duration(seconds: float) -> str:
    """`40 s`, or `12 min` from two minutes on."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _weight(kernel: Kernel) -> float:
    flops = kernel.spec.cost(rounded(kernel.spec.sizes.published)).flops
    return min(1 + flops / _FLOPS_OF_ONE, _MOST)
