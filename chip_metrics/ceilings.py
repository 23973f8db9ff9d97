"""Ceilings, the most a chip can compute and move: measured on CPUs, published on GPUs."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chip_metrics.chips import SOURCES, Chip
from chip_metrics.detect_cpu import Cpu
from chip_metrics.probe import Rates, measure_rates

SCHEMA_VERSION = 1
#: A measured ceiling is taken again after so many days.
MAX_AGE_DAYS = 30
#: Probes differ by so much on a shared machine; a figure within it proves no fault.
MEASURED_ALLOWANCE = 0.15


@dataclass(frozen=True)
class Level:
    """A cache: its capacity, and its bandwidth where that was measured."""

    bytes: int
    gbps: float | None


@dataclass(frozen=True)
class Ceilings:
    """Upper bounds of one chip. `most_gflops` is the fastest arithmetic of any kind."""

    origin: str  # "measured" | "vendor"
    source: str
    date: str
    fp32_gflops: float | None
    most_gflops: float | None
    memory_gbps: float | None
    levels: tuple[Level, ...] = ()
    allowance: float = 0.0

    @property
    def cache_bytes(self) -> int:
        """Capacity of the last-level cache, 0 if unknown."""
        return self.levels[-1].bytes if self.levels else 0

    def bandwidth_gbps(self, working_set_bytes: float) -> float | None:
        """What a batch that touches so many bytes can be held to: its cache's rate, or memory's."""
        level = self._level(working_set_bytes)
        if level is None or not level.gbps or not self.memory_gbps:
            return self.memory_gbps
        return max(level.gbps, self.memory_gbps)

    def most_gbps(self, working_set_bytes: float) -> float | None:
        """The rate that nothing can exceed, None if unknown.

        Of a working set somewhat larger than the last-level cache a part may still come from there.
        """
        if not self.memory_gbps:
            return None
        level = self._level(working_set_bytes)
        if level is not None:
            return max(level.gbps, self.memory_gbps) if level.gbps else None
        rate = self.levels[-1].gbps if self.levels else None
        from_memory = (working_set_bytes - self.cache_bytes) / self.memory_gbps
        in_cache = working_set_bytes / rate if rate else 0.0
        return working_set_bytes / max(from_memory, in_cache)

    def _level(self, working_set_bytes: float) -> Level | None:
        """The smallest cache that holds it all; None: only memory does."""
        fitting = (level for level in self.levels if working_set_bytes <= level.bytes)
        return next(fitting, None)


def vendor_ceilings(chip: Chip) -> Ceilings:
    """Published peaks of a listed chip."""
    figures = (chip.fp32_gflops, chip.matrix_gflops, chip.memory_gbps)
    names = sorted({figure.source for figure in figures if figure})
    return Ceilings(
        origin="vendor",
        source="; ".join(SOURCES[name] for name in names),
        date="",
        fp32_gflops=chip.fp32_gflops.value if chip.fp32_gflops else None,
        most_gflops=chip.matrix_gflops.value if chip.matrix_gflops else None,
        memory_gbps=chip.memory_gbps.value if chip.memory_gbps else None,
        levels=(Level(chip.cache_bytes, None),) if chip.cache_bytes else (),
    )


def measured_ceilings(
    cpu: Cpu,
    folder: Path,
    *,
    refresh: bool = False,
    probe: Callable[[Cpu], Rates] = measure_rates,
    today: datetime.date | None = None,
) -> Ceilings:
    """The ceilings of this machine, from `folder` if there, fresh, and of the same processor.

    Call it while nothing else is timed. A repeated probe can only raise a ceiling: what was once
    reached is possible, and a busy machine shows less than that.
    """
    date = today or datetime.date.today()
    path = folder / "ceilings.json"
    machine = asdict(cpu)
    known = _load(path, json.loads(json.dumps(machine)))
    if known and not refresh and _age_days(known.date, date) <= MAX_AGE_DAYS:
        return known
    rates = probe(cpu)
    ceilings = Ceilings(
        origin="measured",
        source=rates.method,
        date=date.isoformat(),
        fp32_gflops=rates.fp32_gflops,
        most_gflops=rates.fp32_gflops,
        memory_gbps=rates.memory_gbps,
        levels=tuple(Level(size, gbps) for size, gbps in rates.caches),
        allowance=MEASURED_ALLOWANCE,
    )
    if known:
        ceilings = _highest(known, ceilings)
    _save(path, {"schema_version": SCHEMA_VERSION, "machine": machine, **asdict(ceilings)})
    return ceilings


def _highest(old: Ceilings, new: Ceilings) -> Ceilings:
    levels = tuple(
        Level(b.bytes, _most(a.gbps, b.gbps)) for a, b in zip(old.levels, new.levels, strict=False)
    )
    return Ceilings(
        origin=new.origin,
        source=new.source,
        date=new.date,
        fp32_gflops=_most(old.fp32_gflops, new.fp32_gflops),
        most_gflops=_most(old.most_gflops, new.most_gflops),
        memory_gbps=_most(old.memory_gbps, new.memory_gbps),
        levels=levels if len(levels) == len(new.levels) else new.levels,
        allowance=new.allowance,
    )


def _most(one: float | None, other: float | None) -> float | None:
    return max(value for value in (one, other, 0.0) if value is not None) or None


def _age_days(date: str, today: datetime.date) -> float:
    return (today - datetime.date.fromisoformat(date)).days


def _load(path: Path, machine: dict[str, Any]) -> Ceilings | None:
    """What the file holds for this very processor; None for any other, or for a damaged file."""
    try:
        data = json.loads(path.read_text())
        if data.pop("schema_version") != SCHEMA_VERSION or data.pop("machine") != machine:
            return None
        data["levels"] = tuple(Level(**level) for level in data["levels"])
        datetime.date.fromisoformat(data["date"])
        return Ceilings(**data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _save(path: Path, data: dict[str, Any]) -> None:
    scratch = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(json.dumps(data, indent=1, allow_nan=False))
        os.replace(scratch, path)
    except OSError:
        # A cache that cannot be written costs a second at the next start and nothing else.
        with contextlib.suppress(OSError):
            scratch.unlink()
