"""Takes paired, interleaved blocks of samples of two sides until the mode's rule is satisfied.

The public entries are `compare`, `single` and `estimate`. What samples mean is verdict's and
figures' part.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.evaluation import Refusal, Samples, Verdict
from harness.sides import Side
from harness.timing.blocks import (
    BASELINE,
    CANDIDATE,
    LETTERS,
    Block,
    SideName,
    drop_reason,
    orders,
    top_frequency,
)
from harness.timing.sampling import (
    SCREEN_VISIT_NS,
    VISIT_NS,
    HostClock,
    Plan,
    Timekeeper,
    estimate,
    make_plan,
    overhead_ns,
    probe_tick_ns,
    visit,
)
from harness.timing.stopping import (
    LONG_RUN_BLOCKS,
    RECORD_BLOCKS,
    Few,
    FixedCount,
    Steady,
    Stop,
    WallBudget,
    record_blocks,
    rule_for,
)
from harness.timing.verdict import Judgement, Mode, judge

__all__ = [
    "Budget",
    "Comparison",
    "Mode",
    "Observer",
    "Progress",
    "compare",
    "estimate",
    "single",
]

#: A comparison is light when a single run of either side takes less.
LIGHT_RUN_NS = 20e6
#: Wall time of a whole comparison, warm-up included; `record` has no cap.
BUDGET_S = {Mode.SCREEN: 0.3, Mode.REPORT: 2.0, Mode.RECORD: math.inf}
HEAVY_BUDGET_S = {Mode.SCREEN: 3.0, Mode.REPORT: 20.0, Mode.RECORD: math.inf}
#: Longest and least wall time of the warm-up. A long run is warm after its estimate.
WARM_UP_S = {Mode.SCREEN: (0.05, 0.0), Mode.REPORT: (0.3, 0.05), Mode.RECORD: (2.0, 0.5)}


@dataclass(frozen=True)
class Budget:
    """Overrides of a mode's defaults; None keeps the default."""

    wall_s: float | None = None
    blocks: int | None = None
    warm_up_s: float | None = None
    warm_up_visits: int | None = None


@dataclass(frozen=True)
class Progress:
    """Where a measurement stands; `most` is the longest it can get, in blocks."""

    phase: str
    done: int = 0
    most: int = 0
    run_ms: dict[SideName, float] = field(default_factory=dict)


Observer = Callable[[Progress], None]


@dataclass(frozen=True)
class Comparison:
    """The samples of a run and what they show."""

    samples: Samples
    judgement: Judgement

    @property
    def verdict(self) -> Verdict | None:
        """FASTER, SLOWER, SAME, UNCLEAR, or None where nothing can be said."""
        return self.judgement.verdict


def compare(
    candidate: Side,
    baseline: Side,
    mode: Mode,
    *,
    seed: int,
    budget: Budget | None = None,
    observer: Observer | None = None,
    clock: Timekeeper | None = None,
) -> Comparison | Refusal:
    """Time a candidate against a baseline in interleaved blocks. A side that refuses ends it."""
    return _Run(
        sides={BASELINE: baseline, CANDIDATE: candidate},
        mode=mode,
        seed=seed,
        budget=budget or Budget(),
        clock=clock or HostClock(),
        observer=observer or (lambda progress: None),
    ).measure()


def single(
    side: Side,
    mode: Mode,
    *,
    seed: int,
    role: SideName = CANDIDATE,
    budget: Budget | None = None,
    observer: Observer | None = None,
    clock: Timekeeper | None = None,
) -> Comparison | Refusal:
    """Time one side alone: the same samples, no ratio, no verdict."""
    return _Run(
        sides={role: side},
        mode=mode,
        seed=seed,
        budget=budget or Budget(),
        clock=clock or HostClock(),
        observer=observer or (lambda progress: None),
    ).measure()


@dataclass
class _Run:
    """One measurement under way."""

    sides: dict[SideName, Side]
    mode: Mode
    seed: int
    budget: Budget
    clock: Timekeeper
    observer: Observer
    blocks: list[Block] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.started_ns = self.clock.now_ns()
        self.paired = len(self.sides) == 2
        self.orders = orders(self.seed, tuple(self.sides))

    def measure(self) -> Comparison | Refusal:
        """Plan, warm up, take the blocks, judge."""
        self.observer(Progress("estimating"))
        tick = probe_tick_ns(self.clock)
        visit_ns = SCREEN_VISIT_NS if self.mode is Mode.SCREEN else VISIT_NS
        plan = make_plan(self.sides, tick, visit_ns)
        if isinstance(plan, Refusal):
            return plan
        overheads: dict[str, float] = {name: overhead_ns(side) for name, side in self.sides.items()}
        refusal = self._warm_up(plan)
        if refusal:
            return refusal
        rule = self._rule(plan)
        if isinstance(rule, Refusal):
            return rule
        refusal = self._take(plan, rule)
        if refusal:
            return refusal
        samples = Samples(
            blocks=tuple(block.to_json() for block in self.blocks),
            instances=next(reversed(plan.sides.values())).instances,
            tick_ns=tick,
            seed=self.seed,
            mode=self.mode.value,
            alpha=rule.alpha,
            overhead_ns=overheads,
        )
        return Comparison(samples, judge(samples))

    def _elapsed_s(self, since_ns: int | None = None) -> float:
        since = self.started_ns if since_ns is None else since_ns
        return (self.clock.now_ns() - since) / 1e9

    def _warm_up(self, plan: Plan) -> Refusal | None:
        """Run exactly what will be timed until its time has settled."""
        if plan.long_run:
            return None
        longest, least = WARM_UP_S[self.mode]
        if self.budget.warm_up_s is not None:
            longest = self.budget.warm_up_s
        begun = self.clock.now_ns()
        rule = Steady(longest, min(least, longest))
        self.observer(Progress("warming up"))
        for visits in itertools.count():
            if visits == self.budget.warm_up_visits:
                return None
            runs = []
            for name, side in self.sides.items():
                taken = visit(name, side, plan.sides[name], 1, self.clock)
                if isinstance(taken, Refusal):
                    return taken
                runs += taken.runs_ns
            settled = rule.feed(runs, self._elapsed_s(begun))
            if settled and self.budget.warm_up_visits is None:
                return None
        raise AssertionError("counting does not end")

    def _rule(self, plan: Plan) -> Stop | Refusal:
        """When to stop. A Record's count follows from the machine's noise, before block one."""
        if self.budget.blocks is not None:
            return FixedCount(self.budget.blocks)
        if not self.paired and self.mode is not Mode.SCREEN:
            return FixedCount(LONG_RUN_BLOCKS if plan.long_run else RECORD_BLOCKS)
        if self.mode is Mode.RECORD and not plan.long_run:
            self.observer(Progress("screening"))
            ratios = []
            for _ in range(Few().most_blocks):
                block = self._block(plan, next(self.orders))
                if isinstance(block, Refusal):
                    return block
                ratios.append(block.log_ratio)
            return FixedCount(record_blocks(ratios))
        return rule_for(self.mode, long_run=plan.long_run)

    def _take(self, plan: Plan, rule: Stop) -> Refusal | None:
        wall = WallBudget(self._wall_s(plan), least=self._least_blocks(plan))
        self.observer(Progress("sampling", 0, rule.most_blocks))
        while True:
            begun = self.clock.now_ns()
            block = self._block(plan, next(self.orders))
            if isinstance(block, Refusal):
                return block
            self.blocks.append(block)
            dropped = drop_reason(block, top_frequency(self.blocks))
            decided = rule.feed(None if dropped or not self.paired else block.log_ratio)
            self._show(block, rule)
            if wall.feed(self._elapsed_s(begun), self._elapsed_s()) or decided:
                return None

    def _wall_s(self, plan: Plan) -> float:
        if self.budget.wall_s is not None:
            return self.budget.wall_s
        return (BUDGET_S if _is_light(plan) else HEAVY_BUDGET_S)[self.mode]

    def _least_blocks(self, plan: Plan) -> int:
        """Blocks that are taken whatever they cost: fewer than a screen's have no interval, and its
        blocks are short where a run is."""
        if self.mode is not Mode.SCREEN:
            return 2
        own = self.budget.wall_s is not None
        return Few().most_blocks if _is_light(plan) and not own else 1

    def _block(self, plan: Plan, order: str) -> Block | Refusal:
        visits = []
        for letter in order:
            name = LETTERS[letter]
            taken = visit(
                name, self.sides[name], plan.sides[name], plan.samples_per_visit, self.clock
            )
            if isinstance(taken, Refusal):
                return taken
            visits.append(taken)
        return Block(order, tuple(visits))

    def _show(self, block: Block, rule: Stop) -> None:
        run_ms = {name: block.median(name).ms for name in self.sides}
        self.observer(Progress("sampling", len(self.blocks), rule.most_blocks, run_ms))


def _is_light(plan: Plan) -> bool:
    return max(plan.run_ns.values()) < LIGHT_RUN_NS
