"""A clock that only samples advance, and sides whose times follow a chosen noise model."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.clock import Duration, Wall
from harness.evaluation import Refusal, Samples
from harness.timing.measure import Budget, Comparison, Mode, Progress, compare

#: Alters a time in nanoseconds, given the side's name.
Twist = Callable[[str, float], float]


@dataclass
class World:
    """One machine: its time, its chip's clock, and a drift that both sides share."""

    seed: int = 0
    drift: float = 0.0
    noise: float = 0.0
    outliers: float = 0.0
    step_ns: float = 0.0
    clock_ghz: float | None = None
    twist: Twist | None = None
    now: float = 1e9
    block: int = -1
    in_block: int = 0
    state: float = field(init=False)
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.state = self.random.gauss(0, self.drift)

    def now_ns(self) -> int:
        return int(self.now)

    def frequency(self) -> float | None:
        return self.clock_ghz

    def observe(self, progress: Progress) -> None:
        """Tells the world when a block begins."""
        if progress.phase == "sampling":
            self.block, self.in_block = progress.done, 0

    def took(self, side: str, ns: float) -> float:
        """What the clock says of work that should take `ns`."""
        if self.drift:
            # 15 % of the drift a block of some twenty samples (measurement.md 4.5).
            self.state += self.random.gauss(0, 0.15 * self.drift / math.sqrt(20))
        if self.noise:
            ns *= math.exp(self.state + self.random.gauss(0, self.noise))
        if self.outliers and self.random.random() < self.outliers:
            ns *= 1.3
        if self.clock_ghz:
            ns /= self.clock_ghz
        if self.twist:
            ns = self.twist(side, ns)
        self.in_block += 1
        if math.isfinite(ns):
            self.now += ns
        return self.step_ns * math.floor(ns / self.step_ns) if self.step_ns else ns


@dataclass
class FakeSide:
    """A side whose run takes `run_ns`, after an overhead that a batch pays once."""

    name: str
    world: World
    run_ns: float
    overhead_ns: float = 20e3
    max_instances: int = 1
    refuse_at: int = -1
    refusal: Refusal | None = None
    asked: list[int] = field(default_factory=list)

    def sample(self, instances: int) -> Duration[Wall] | Refusal:
        self.asked.append(instances)
        if self.refusal and len(self.asked) > self.refuse_at:
            return self.refusal
        ns = self.overhead_ns + instances * self.run_ns
        return Duration(self.world.took(self.name, ns), Wall)

    def overhead(self) -> Duration[Wall]:
        return Duration(self.overhead_ns, Wall)


#: A whole run that is not near a round number of milliseconds.
RUN_NS = 3_141_593.0


def pair(world: World, gain: float = 1.0, **options: float) -> tuple[FakeSide, FakeSide]:
    """A candidate that is `gain` times as fast as its baseline."""
    overhead = float(options.get("overhead_ns", 20e3))
    whole = RUN_NS + overhead
    candidate = FakeSide("candidate", world, whole / gain - overhead, overhead)
    return candidate, FakeSide("baseline", world, RUN_NS, overhead)


def run(
    world: World, gain: float = 1.0, mode: Mode = Mode.RECORD, blocks: int | None = 24
) -> Comparison:
    """Compare such a pair by the real code; without warm-up unless `blocks` is None."""
    candidate, baseline = pair(world, gain)
    budget = Budget(blocks=blocks, warm_up_s=0.0) if blocks else Budget()
    found = compare(
        candidate,
        baseline,
        mode,
        seed=world.seed,
        budget=budget,
        observer=world.observe,
        clock=world,
    )
    assert isinstance(found, Comparison)
    return found


def samples_of(world: World, gain: float = 1.0, mode: Mode = Mode.RECORD) -> Samples:
    """The samples of such a comparison."""
    return run(world, gain, mode).samples
