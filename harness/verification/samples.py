"""Whether stored samples are what a record run takes, and whether every figure follows from them.

All of it is arithmetic on what the row itself holds: it needs no device.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import chip_metrics
from chip_metrics import Ceilings
from harness import environment
from harness.board.documents import EvaluationDocument, SamplesDocument
from harness.evaluation import Flag, Samples
from harness.spec import Cost
from harness.timing import figures
from harness.timing.blocks import BASELINE, CANDIDATE, LETTERS, Block, orders
from harness.timing.stopping import (
    LONG_RUN_BLOCKS,
    RECORD_BLOCKS,
    RECORD_BLOCKS_NOISY,
    Few,
    FixedCount,
)
from harness.timing.verdict import Mode, judge

#: Runs of so many nanoseconds may have been long ones, of which a record takes fewer blocks.
_LONG_FROM_NS = 250e6
_MOST_SAMPLES = 5
#: Two clocks of one machine may run so far apart while one of them is adjusted.
_CLOCKS_DRIFT = 1.01
#: exp and log differ in their last bits between C libraries, and so do sums between vector units.
_OTHER_MACHINE = 1e-12


class _Strict(BaseModel):
    """Exactly these fields, of exactly these types."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


_Time = Annotated[float, Field(gt=0, lt=1e15)]


class _Visit(_Strict):
    side: Literal["baseline", "candidate"]
    instances: int = Field(ge=1, le=1 << 20)
    times_ns: list[list[_Time]] = Field(min_length=1, max_length=_MOST_SAMPLES)
    clock: Literal["wall", "device"]
    frequency: _Time | None
    device_times_ns: list[list[_Time]] = Field(default=[], max_length=_MOST_SAMPLES)


class _Block(_Strict):
    order: Literal["ABBA", "BAAB"]
    visits: list[_Visit] = Field(min_length=4, max_length=4)


def not_taken(samples: SamplesDocument) -> str:
    """Why no record run of ours can have taken these samples; empty if one can have."""
    problem = _malformed(samples)
    if problem:
        return problem
    if samples.mode != Mode.RECORD.value:
        return f"taken in mode {samples.mode}, only record makes Records"
    if samples.alpha != FixedCount().alpha:
        return f"judged at level {samples.alpha:.3g}, a record run uses {FixedCount().alpha:.3g}"
    if samples.tick_ns <= 0 or any(ns < 0 for ns in samples.overhead_ns.values()):
        return "tick or overhead is no time"
    if set(samples.overhead_ns) != {BASELINE, CANDIDATE}:
        return "the empty run of each side is missing"
    return _wrong_count(samples) or _wrong_order(samples) or _repeated(samples)


def _malformed(samples: SamplesDocument) -> str:
    shapes: set[tuple[str, int, int, int]] = set()
    for number, raw in enumerate(samples.blocks):
        try:
            block = _Block.model_validate(raw)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            return f"block {number}: {place}: {first['msg']}"
        if [visit.side for visit in block.visits] != [LETTERS[letter] for letter in block.order]:
            return f"block {number}: the visits are not in its order"
        for visit in block.visits:
            lengths = {len(sample) for sample in visit.times_ns}
            if not lengths <= {1, 2} or len(lengths) != 1:
                return f"block {number}: a sample is one time, or those of K and 2K instances"
            if visit.device_times_ns and not _within(visit.device_times_ns, visit.times_ns):
                return f"block {number}: a device's times are not those of its samples"
            shapes.add((visit.side, visit.instances, len(visit.times_ns), lengths.pop()))
    # A slow side is timed plainly beside the slopes of a fast one, as many times a visit.
    if len(shapes) > 2 or len({per_visit for _, _, per_visit, _ in shapes}) > 1:
        return "batches or counts change within the run"
    return ""


def _within(device: list[list[float]], wall: list[list[float]]) -> bool:
    """Whether each time of the device lies in the wall time of the same run, but for drift."""
    if [len(sample) for sample in device] != [len(sample) for sample in wall]:
        return False
    return all(
        own <= whole * _CLOCKS_DRIFT
        for pair in zip(device, wall, strict=True)
        for own, whole in zip(*pair, strict=True)
    )


def _wrong_count(samples: SamplesDocument) -> str:
    count = len(samples.blocks)
    if count in (RECORD_BLOCKS, RECORD_BLOCKS_NOISY):
        return ""
    longest = max((max(times) for _, times in _times(samples)), default=0.0)
    if count == LONG_RUN_BLOCKS and longest >= _LONG_FROM_NS:
        return ""
    return f"{count} blocks; a record run takes {RECORD_BLOCKS} or {RECORD_BLOCKS_NOISY}"


def _wrong_order(samples: SamplesDocument) -> str:
    """The order of the visits follows from the seed, after the blocks that screen for noise."""
    skipped = 0 if len(samples.blocks) == LONG_RUN_BLOCKS else Few().most_blocks
    drawn = itertools.islice(orders(samples.seed), skipped, skipped + len(samples.blocks))
    if [block["order"] for block in samples.blocks] == list(drawn):
        return ""
    return "the order of the visits does not follow from the seed"


def _repeated(samples: SamplesDocument) -> str:
    """Whether samples were copied: no clock gives the same dozens of times twice."""
    visits = Counter((side, tuple(times)) for side, times in _times(samples) if len(times) > 2)
    copies = sum(count - 1 for count in visits.values())
    if copies > 1:
        return f"{copies} visits are copies of others"
    ratios = {round(Block.from_json(block).log_ratio, 12) for block in samples.blocks}
    return "every block shows the same ratio" if len(ratios) == 1 else ""


def _times(samples: SamplesDocument) -> Iterator[tuple[str, list[float]]]:
    """(side, all times) of each visit."""
    for block in samples.blocks:
        for visit in block["visits"]:
            yield visit["side"], [ns for sample in visit["times_ns"] for ns in sample]


def not_following(row: EvaluationDocument, samples: Samples, cost: Cost) -> list[str]:
    """Which figures of a row do not follow from its samples."""
    exact = _recorded_here(row.environment)
    least: list[str] | None = None
    for ceilings in _ceilings(row.chip):
        scored = figures.rescore(samples, cost, ceilings)
        wanted = {
            "figures": None if scored.figures is None else asdict(scored.figures),
            "scores": dict(scored.scores),
            "score": scored.scores.get(row.target),
            "flags": [flag.value for flag in scored.flags],
            "verdict": scored.judgement.verdict and scored.judgement.verdict.value,
        }
        stored = row.model_dump(mode="json", include=set(wanted))
        found = list(_differences(stored, wanted, exact))
        if not found:
            return []
        least = found if least is None or len(found) < len(least) else least
    return least or []


def comparison_differs(
    speedup: float, interval: tuple[float, float], samples: Samples, env: Mapping[str, Any]
) -> list[str]:
    """Which figures of a comparison do not follow from its samples."""
    shown = judge(samples)
    wanted = {"speedup": shown.speedup, "speedup_ci": shown.interval}
    stored = {"speedup": speedup, "speedup_ci": interval}
    return list(_differences(stored, wanted, _recorded_here(env)))


def speedup_differs(
    claimed: tuple[float, tuple[float, float]], samples: Samples, cost: Cost, env: Mapping[str, Any]
) -> list[str]:
    """Whether a speedup over MLX with its shown interval does not follow from samples."""
    found = figures.rescore(samples, cost).figures
    wanted = None if found is None else {"speedup": found.speedup, "speedup_ci": found.speedup_ci}
    stored = {"speedup": claimed[0], "speedup_ci": claimed[1]}
    return list(_differences(stored, wanted, _recorded_here(env)))


def _recorded_here(env: Mapping[str, Any]) -> bool:
    """Whether a machine of this kind recorded it, which gives every bit again."""
    here = environment.facts()
    return all(env.get(name) == here.get(name) for name in ("os", "machine", "numpy"))


def _ceilings(chip: str) -> list[Ceilings | None]:
    """What the recording machine may have known of its chip: a chip has rows by core count."""
    rows = [chip_metrics.vendor_ceilings(row) for row in chip_metrics.CHIPS if row.id == chip]
    return [*rows, None] if len(rows) == 1 else [None, *rows]


def above_physics(chip: str, samples: Samples, cost: Cost) -> str:
    """Why not even the largest chip of this id can be so fast; empty if one can."""
    known = [ceilings for ceilings in _ceilings(chip) if ceilings is not None]
    too_fast = all(Flag.IMPLAUSIBLE in figures.rescore(samples, cost, c).flags for c in known[::-1])
    return "faster than the chip's ceilings allow" if known and too_fast else ""


def is_bounded(chip: str) -> bool:
    """Whether any ceiling is known for a chip."""
    return any(row.id == chip for row in chip_metrics.CHIPS)


def _differences(stored: Any, wanted: Any, exact: bool, place: str = "") -> Iterator[str]:
    """Places at which two documents differ, with both values."""
    if isinstance(stored, Mapping) and isinstance(wanted, Mapping):
        for name in sorted({*stored, *wanted}):
            inner = f"{place}.{name}" if place else str(name)
            yield from _differences(stored.get(name), wanted.get(name), exact, inner)
    elif _is_list(stored) and _is_list(wanted) and len(stored) == len(wanted):
        for number, (one, other) in enumerate(zip(stored, wanted, strict=True)):
            yield from _differences(one, other, exact, f"{place}[{number}]")
    elif not _equal(stored, wanted, exact):
        yield f"{place} is {_shown(stored)}, the samples give {_shown(wanted)}"


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _equal(stored: Any, wanted: Any, exact: bool) -> bool:
    if isinstance(stored, float | int) and isinstance(wanted, float | int):
        return stored == wanted or (
            not exact and math.isclose(stored, wanted, rel_tol=_OTHER_MACHINE, abs_tol=0.0)
        )
    return bool(stored == wanted)


def _shown(value: Any) -> str:
    return f"{value:.17g}" if isinstance(value, float) else str(value)
