"""Where an output is wrong: a coarse map of its bad elements, for people and for search loops."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[Any]

#: Parts that an axis is cut into.
BINS = 16
#: Bad elements looked at in one piece; the map of more is scaled up from an even sample.
_LOOKED_AT = 1 << 15
#: Periods, in elements of the last axis, at which tiles and vectors of kernels usually end.
_PERIODS = (4, 32)


@dataclass
class Damage:
    """The bad elements of one output of `shape`, gathered piece by piece."""

    shape: tuple[int, ...]
    bad: int = 0
    not_written: int = 0
    nonfinite: int = 0
    axes: list[Indices] = field(default_factory=list)  # per axis: bad elements in each bin
    edge: float = 0.0  # bad elements with some index at either end of its axis
    phases: dict[int, Indices] = field(default_factory=dict)  # last index modulo the period

    def __post_init__(self) -> None:
        self.axes = [np.zeros(min(BINS, extent)) for extent in self.shape]
        if self.shape:
            self.phases = {period: np.zeros(period) for period in _PERIODS}

    def add(self, flat: Indices, *, not_written: int, nonfinite: int) -> None:
        """Count the bad elements at these row-major positions of the whole output."""
        self.bad += flat.size
        self.not_written += not_written
        self.nonfinite += nonfinite
        if not flat.size or not self.shape:
            return
        step = -(-flat.size // _LOOKED_AT)
        looked_at = flat[::step]
        weight = flat.size / looked_at.size
        where = np.unravel_index(looked_at, self.shape)
        edge = np.zeros(looked_at.size, dtype=bool)
        for bins, index, extent in zip(self.axes, where, self.shape, strict=True):
            bins += weight * np.bincount(index * bins.size // extent, minlength=bins.size)
            if extent > 1:
                edge |= (index == 0) | (index == extent - 1)
        self.edge += weight * np.count_nonzero(edge)
        for period, counts in self.phases.items():
            counts += weight * np.bincount(where[-1] % period, minlength=period)

    def merged(self, other: Damage) -> Damage:
        """Both together."""
        return Damage.of(
            self.shape,
            bad=self.bad + other.bad,
            not_written=self.not_written + other.not_written,
            nonfinite=self.nonfinite + other.nonfinite,
            axes=[a + b for a, b in zip(self.axes, other.axes, strict=True)],
            edge=self.edge + other.edge,
            phases={
                period: counts + other.phases[period] for period, counts in self.phases.items()
            },
        )

    @classmethod
    def of(cls, shape: tuple[int, ...], **values: Any) -> Damage:
        """A Damage with these fields."""
        made = cls(shape)
        for name, value in values.items():
            setattr(made, name, value)
        return made

    def as_map(self) -> dict[str, Any]:
        """Plain values: counts, then for each axis the share of each bin's elements that is bad."""
        total = math.prod(self.shape)
        return {
            "shape": list(self.shape),
            "bad": self.bad,
            "bad_fraction": self.bad / total if total else 0.0,
            "not_written": self.not_written,
            "nonfinite": self.nonfinite,
            "at_edges_fraction": _share(self.edge, self.bad),
            "by_axis": [
                [round(float(share), 4) for share in bins / (total / extent * _widths(extent))]
                for bins, extent in zip(self.axes, self.shape, strict=True)
            ],
            "last_index_modulo": {
                str(period): [round(_share(float(count), self.bad), 4) for count in counts]
                for period, counts in self.phases.items()
            },
        }


def _widths(extent: int) -> Indices:
    """How many indices of an axis fall into each of its bins."""
    bins = min(BINS, extent)
    return np.bincount(np.arange(extent) * bins // extent, minlength=bins)


def _share(part: float, whole: int) -> float:
    return min(part / whole, 1.0) if whole else 0.0
