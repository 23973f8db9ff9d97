"""The candidate's side of a comparison: fresh values and poison, validated while it is timed.

Before every sample, outside the timed window, each instance gets other input values and its outputs
and scratch are poisoned. After about one sample in ten a random instance of it is compared with the
oracle.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from harness.checking.judge import (
    DEADLINE_MS,
    Candidate,
    binding_of,
    memory_refusal,
    poisoned,
    results_of,
)
from harness.checking.pool import Layout, Pool
from harness.clock import Duration, Wall
from harness.evaluation import Refusal
from harness.problem.bank import Bank, Guise
from harness.problem.compare import Run, compare
from harness.problem.inputs import stream
from harness.problem.schedule import Schedule

MAX_INSTANCES = 1024
#: All instances together: beyond this a longer batch says nothing that a second sample does not.
POOL_BYTES = 192 << 20
VALIDATED_SHARE = 0.1
#: Where validation is slow it is limited to this long, then to this share of the time. The first
#: and the last sample are always validated.
VALIDATION_S = 0.5
VALIDATION_TIME_SHARE = 0.2


@dataclass(frozen=True)
class _Sample:
    """What is in the instances of the last sample."""

    first: int
    guises: tuple[Guise, ...]
    poison: int


class KernelSide:
    """A loaded candidate at one point, ready to be timed."""

    name = "kernel"

    def __init__(self, candidate: Candidate, schedule: Schedule, bank: Bank, secret: int) -> None:
        self.candidate = candidate
        self.schedule = schedule
        self.bank = bank
        self._rng = stream(secret, "kernel side")
        self._layout = Layout.of(schedule.slots, self._rng)
        self._pool: Pool | None = None
        self._last: _Sample | None = None
        self._started = time.perf_counter()
        self._validating = 0.0
        self.validated = 0

    @property
    def max_instances(self) -> int:
        """The most instances of one sample; 1 where a run updates what it reads."""
        if not self.schedule.repeatable:
            return 1
        return int(np.clip(POOL_BYTES // self._layout.stride, 1, MAX_INSTANCES))

    def open(self) -> Refusal | None:
        """Make the pool and bind it."""
        # One instance more than a sample of one needs, so that its address changes each time.
        count = max(2, self.max_instances)
        arena = self.candidate.arena(self._layout.bytes(count))
        self._pool = Pool(self._layout, count, self._rng, arena)
        return self.candidate.session.bind(binding_of(self._pool, self.schedule))

    @property
    def pool(self) -> Pool:
        """The bound pool."""
        if self._pool is None:
            refusal = self.open()
            if refusal or self._pool is None:
                raise RuntimeError(f"a judged kernel was refused when bound again: {refusal}")
        return self._pool

    def sample(self, instances: int) -> Duration[Wall] | Refusal:
        """The time of `instances` runs as one submission."""
        pool = self.pool
        first = int(self._rng.integers(2)) if instances == 1 else 0
        self._last = self._prepare(pool, first, instances)
        # Decided before, so that a worker that only pretends to be done is stopped in the act.
        due = self._due()
        took = self.candidate.session.run(first, instances, deadline_ms=DEADLINE_MS, freeze=due)
        if isinstance(took, Refusal):
            return took
        if due:
            refusal = self._validate(pool, self._last)
            if refusal:
                return refusal
        return took

    def overhead(self) -> Duration[Wall]:
        """The time of an empty submission."""
        _ = self.pool
        return self.candidate.session.idle()

    def _prepare(self, pool: Pool, first: int, count: int) -> _Sample:
        poison = int(self._rng.integers(2))
        self.bank.refresh()
        guises = tuple(self.bank.guise(self._rng) for _ in range(count))
        for instance, guise in enumerate(guises, first):
            for name, values, turn in self.bank.parts(guise):
                pool.write(instance, name, values, turn)
        pool.poison(first, count, poison, poisoned(self.schedule))
        return _Sample(first, guises, poison)

    def _due(self) -> bool:
        if not self.validated:
            return True
        elapsed = time.perf_counter() - self._started
        allowed = max(VALIDATION_S, VALIDATION_TIME_SHARE * elapsed)
        return bool(self._rng.random() < VALIDATED_SHARE) and self._validating < allowed

    def _validate(self, pool: Pool, sample: _Sample) -> Refusal | None:
        """Compare one instance of the sample that was just timed."""
        began = time.perf_counter()
        refusal = self.candidate.session.freeze()
        if refusal:
            return refusal
        chosen = int(self._rng.integers(len(sample.guises)))
        inputs = self.bank.inputs(sample.guises[chosen])
        instance = sample.first + chosen
        refusal = memory_refusal(pool, self.schedule, inputs, [instance])
        if refusal is None:
            run = Run(results_of(pool, self.schedule, instance), sample.poison)
            found = compare(self.candidate.spec, self.bank.point, inputs, [run])[0]
            refusal = found.refusal
        self.validated += 1
        self._validating += time.perf_counter() - began
        return refusal and replace(refusal, reason=f"in a timed run: {refusal.reason}")

    def finish(self) -> Refusal | None:
        """Validate the last sample, whatever was validated before."""
        if self._last is None or self._pool is None:
            return None
        return self._validate(self._pool, self._last)
