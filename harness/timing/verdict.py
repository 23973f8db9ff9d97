"""What paired samples prove: FASTER, SLOWER, SAME, UNCLEAR or nothing; and the promotion rule.

A pure function of Samples, so that stored ones give the same answer again.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from harness.evaluation import Flag, Samples, Verdict
from harness.timing.blocks import BASELINE, CANDIDATE, Block, SideName, drop_reason, top_frequency
from harness.timing.stats import relative_spread, t_interval, t_lower_bound, trimmed_mean

#: Smallest difference that is called one (measurement.md 4.4).
DELTA = 0.01
#: Total two-sided error of a verdict, over all looks of a run together.
VERDICT_ALPHA = 0.01
#: Error of all promotions of one search together, and of the confirmation that follows each.
FAMILY_ALPHA = 0.05
#: The trimmed t's error exceeds its nominal level by up to 1.75x (docs/design/measurement.md).
CALIBRATION = 0.5
#: Share of the blocks that may be dropped before nothing can be said.
DROP_SHARE = 0.25
#: A side's samples are noisy when their interquartile range exceeds this share of the median.
NOISY_SPREAD = 0.05
#: A block is stalled when a side took this many times its usual time.
STALL = 2.0
#: A baseline whose median exceeds its fastest sample so many times was disturbed.
DISTURBED_BASELINE = 3.0
#: Times below so many ticks in total are no measurement.
LEAST_TICKS = 1000
#: Largest share of a batch that one tick may be.
COARSE_TICK = 0.01
#: Fewest samples from which a grid can be told from chance.
GRID_SAMPLES = 16


class Mode(str, Enum):
    """How much a measurement may cost and what it may claim."""

    SCREEN = "screen"
    REPORT = "report"
    RECORD = "record"


@dataclass(frozen=True)
class Judgement:
    """What one run shows. `verdict` is None where nothing can be said, and `reason` then says why.

    `valid` says that the times are times. `interval` is the one the verdict was taken from, at
    `alpha`: wider than the displayed 95 %.
    """

    valid: bool
    verdict: Verdict | None
    reason: str
    speedup: float | None
    interval: tuple[float, float] | None
    alpha: float
    blocks: int
    dropped: int
    stalled: int
    noisy: bool
    quantised: bool


def interval_verdict(
    ratios: Sequence[float], alpha: float, cycles: Sequence[float] | None = None
) -> Verdict:
    """The verdict of paired log-ratios at one look; where `cycles` are known, both must agree."""
    verdict = _compare(t_interval(ratios, alpha))
    if cycles and _compare(t_interval(cycles, alpha)) is not verdict:
        return Verdict.UNCLEAR
    return verdict


def _compare(interval: tuple[float, float]) -> Verdict:
    low, high = interval
    if low > math.log(1 + DELTA):
        return Verdict.FASTER
    if high < math.log(1 - DELTA):
        return Verdict.SLOWER
    if low >= math.log(1 - DELTA) and high <= math.log(1 + DELTA):
        return Verdict.SAME
    return Verdict.UNCLEAR


def split_blocks(samples: Samples) -> tuple[list[Block], list[str]]:
    """The blocks that count, and for each that does not the reason."""
    blocks = [Block.from_json(data) for data in samples.blocks]
    top = top_frequency(blocks)
    reasons = [drop_reason(block, top) for block in blocks]
    kept = [block for block, reason in zip(blocks, reasons, strict=True) if not reason]
    return kept, [reason for reason in reasons if reason]


def judge(samples: Samples) -> Judgement:
    """What the samples show."""
    kept, dropped = split_blocks(samples)
    coarse = is_quantised(samples)
    ratios = [block.log_ratio for block in kept if block.paired]
    verdict, reason = _verdict(samples, kept, dropped, ratios, coarse)
    shown = len(ratios) >= 1 and verdict is not None
    interval = t_interval(ratios, samples.alpha) if shown and len(ratios) >= 2 else None
    return Judgement(
        valid=_invalid(samples, kept, dropped) == "",
        verdict=verdict,
        reason=reason,
        speedup=math.exp(trimmed_mean(ratios)) if shown else None,
        interval=None if interval is None else (_exp(interval[0]), _exp(interval[1])),
        alpha=samples.alpha,
        blocks=len(kept),
        dropped=len(dropped),
        stalled=len(stalled_blocks(kept)),
        noisy=is_noisy(kept),
        quantised=coarse,
    )


def _verdict(
    samples: Samples,
    kept: list[Block],
    dropped: list[str],
    ratios: list[float],
    coarse: bool,
) -> tuple[Verdict | None, str]:
    invalid = _invalid(samples, kept, dropped)
    if invalid:
        return None, invalid
    if coarse:
        return None, "the clock is too coarse for these times"
    if not ratios:
        return None, "one side only"
    if len(dropped) > DROP_SHARE * (len(kept) + len(dropped)):
        return Verdict.UNCLEAR, f"{len(dropped)} blocks dropped: {dropped[0]}"
    known = [block.log_ratio_cycles for block in kept]
    cycles = [ratio for ratio in known if ratio is not None]
    cycles = cycles if len(cycles) == len(ratios) else []
    verdict = interval_verdict(ratios, samples.alpha, cycles)
    if verdict is not Verdict.UNCLEAR:
        return verdict, ""
    if interval_verdict(ratios, samples.alpha) is not verdict:
        return verdict, "time and cycles disagree"
    return verdict, f"the interval of {len(ratios)} blocks is too wide"


def _invalid(samples: Samples, kept: list[Block], dropped: list[str]) -> str:
    if not kept:
        return dropped[0] if dropped else "no samples"
    if total_ns(kept) <= LEAST_TICKS * samples.tick_ns:
        return f"all samples together are within {LEAST_TICKS} ticks of the clock"
    return ""


def total_ns(blocks: Sequence[Block]) -> float:
    """All measured time."""
    return sum(times[-1] for block in blocks for visit in block.visits for times in visit.times_ns)


def stalled_blocks(kept: Sequence[Block]) -> list[int]:
    """Which of the blocks hold a side that took far longer than it usually does."""
    found = set()
    for side in sides(kept):
        medians = [block.median(side).ns for block in kept]
        usual = float(np.median(medians))
        found |= {index for index, ns in enumerate(medians) if ns > STALL * usual}
    return sorted(found)


def is_noisy(kept: Sequence[Block]) -> bool:
    """Whether the samples of a side scatter, a block stalled, or the baseline was disturbed."""
    for side in sides(kept):
        runs = [ns for block in kept for ns in block.runs_ns(side)]
        if relative_spread(runs) > NOISY_SPREAD:
            return True
        low = min((ns for ns in runs if ns > 0), default=0.0)
        if side == BASELINE and float(np.median(runs)) > DISTURBED_BASELINE * low:
            return True
    return bool(stalled_blocks(kept))


def is_quantised(samples: Samples) -> bool:
    """Whether the clock is too coarse for the times: by its tick, or as the times lie on a grid."""
    blocks = [Block.from_json(data) for data in samples.blocks]
    for side in sides(blocks):
        batches = np.asarray(
            [ns for block in blocks for visit in block.of(side) for t in visit.times_ns for ns in t]
        )
        usual = float(np.median(batches))
        if not math.isfinite(usual) or usual <= 0:
            continue
        if samples.tick_ns > COARSE_TICK * usual or _on_grid(batches, COARSE_TICK * usual):
            return True
    return False


def _on_grid(times_ns: np.ndarray[tuple[int], np.dtype[np.float64]], limit_ns: float) -> bool:
    if times_ns.size < GRID_SAMPLES:
        return False
    gaps = np.diff(np.unique(times_ns))
    steps = [10.0**power for power in range(3, 10) if 10.0**power > limit_ns]
    # Among so many samples of a fine clock some two are always closer than that.
    if gaps.size and float(gaps.min()) > limit_ns:
        steps.append(float(gaps.min()))
    for step in steps:
        off = np.abs(times_ns - step * np.maximum(1.0, np.round(times_ns / step)))
        if float((off < 1e-3 * step).mean()) > 0.5:
            return True
    return False


def sides(blocks: Sequence[Block]) -> list[SideName]:
    """The sides that the blocks visit."""
    seen = {visit.side for block in blocks[:1] for visit in block.visits}
    return [side for side in (BASELINE, CANDIDATE) if side in seen]


def _exp(value: float) -> float:
    return math.exp(min(max(value, -700.0), 700.0))


@dataclass(frozen=True)
class Promotion:
    """Whether a candidate replaces the incumbent; the figures are the confirmation's alone."""

    accepted: bool
    reason: str
    speedup: float | None = None
    interval: tuple[float, float] | None = None


def search_alpha(attempts: int, family: float = FAMILY_ALPHA) -> float:
    """The one-sided level of each paired test in a search that makes at most this many."""
    return family / max(attempts, 1)


def promote(
    paired: Samples,
    confirmation: Samples,
    *,
    attempts: int,
    flags: Collection[Flag] = (),
    sources: tuple[str, str],
) -> Promotion:
    """Judge a win over the re-measured incumbent (the baseline side of both runs).

    `paired` is tested at the search's level; `confirmation` comes from a fresh process with new
    seeds, and only its estimate is published, since the one that won the selection is biased
    upwards. `sources`: candidate, incumbent.
    """
    if same_source(*sources):
        return Promotion(False, "the source equals the incumbent's")
    if Flag.IMPLAUSIBLE in flags:
        return Promotion(False, "the figures are implausible")
    if paired.seed == confirmation.seed:
        return Promotion(False, "the confirmation used the seed of the paired run")
    tests = (
        ("paired run", paired, search_alpha(attempts)),
        ("confirmation", confirmation, FAMILY_ALPHA),
    )
    for name, samples, alpha in tests:
        problem = not_a_win(samples, alpha)
        if problem:
            return Promotion(False, f"{name}: {problem}")
    shown = judge(confirmation)
    return Promotion(True, "", shown.speedup, shown.interval)


def not_a_win(samples: Samples, alpha: float) -> str:
    """Why a run does not show a gain above delta at this level, or ""."""
    if samples.mode != Mode.RECORD.value:
        return f"mode {samples.mode}, not record"
    shown = judge(samples)
    if shown.verdict is None or DROP_SHARE * (shown.blocks + shown.dropped) < shown.dropped:
        return shown.reason
    kept, _ = split_blocks(samples)
    bounds = [t_lower_bound([block.log_ratio for block in kept], CALIBRATION * alpha)]
    cycles = [block.log_ratio_cycles for block in kept]
    if all(ratio is not None for ratio in cycles):
        bounds.append(t_lower_bound([r for r in cycles if r is not None], CALIBRATION * alpha))
    if min(bounds) > math.log(1 + DELTA):
        return ""
    return f"lower bound {_exp(min(bounds)):.3f} at level {alpha:.2g}, needs {1 + DELTA:.2f}"


_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|//(?!!)[^\n]*|/\*.*?\*/', re.DOTALL)


def source_identity(source: str) -> str:
    """Hash of MSL text without comments and white space; `//!` lines stay, they steer the run."""
    bare = _COMMENT.sub(lambda match: match[0] if match[0].startswith('"') else " ", source)
    return hashlib.sha256("".join(bare.split()).encode()).hexdigest()


def same_source(one: str, other: str) -> bool:
    """Whether two sources differ in comments and white space at most."""
    return source_identity(one) == source_identity(other)
