"""Measurement proved: what the timing core says of pairs whose difference is known, 0 or 3 %."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

from harness import locks
from harness.evaluation import Refusal, Samples, Verdict
from harness.problem import inputs
from harness.timing import verdict
from harness.timing.kernel_side import KernelSide
from harness.timing.measure import Budget, Comparison, Mode, compare
from trust import known_pair, synthetic
from trust.section import Section
from trust.synthetic import World

SYNTHETIC = 1000
REAL = 300
#: Short forms, for a quick look at the code path.
SYNTHETIC_SHORT = 40
REAL_SHORT = 3
POWER_WANTED = 0.95
_COLUMNS = ("experiment", "trials", "verdicts", "speedup [95 %]", "Records")
_SOURCES = ("candidate", "incumbent")  # by name: equal sources would be refused as such


@dataclass
class Tally:
    """Verdicts of many comparisons, and how many would have become Records."""

    verdicts: dict[str, int] = field(default_factory=dict)
    records: int = 0
    speedups: list[float] = field(default_factory=list)

    def add(self, found: Comparison, confirm: Callable[[], Samples] | None) -> None:
        """Count one comparison; a win is measured again, as for a Record, if `confirm` is given."""
        name = found.verdict.value if found.verdict else "invalid"
        self.verdicts[name] = self.verdicts.get(name, 0) + 1
        if found.judgement.speedup is not None:
            self.speedups.append(found.judgement.speedup)
        if confirm and found.verdict is Verdict.FASTER:
            promotion = verdict.promote(found.samples, confirm(), attempts=1, sources=_SOURCES)
            self.records += promotion.accepted

    @property
    def total(self) -> int:
        """How many comparisons."""
        return sum(self.verdicts.values())

    def share(self, name: Verdict) -> float:
        """The share of one verdict."""
        return self.verdicts.get(name.value, 0) / max(self.total, 1)

    def middle(self) -> tuple[float, float, float]:
        """The speedups' 2.5 %, 50 % and 97.5 % points."""
        ordered = sorted(self.speedups)
        last = len(ordered) - 1
        low, mid, high = (ordered[round(q * last)] for q in (0.025, 0.5, 0.975))
        return low, mid, high

    def row(self, name: str) -> tuple[str, ...]:
        """One line of the table."""
        counts = ", ".join(f"{key} {n}" for key, n in sorted(self.verdicts.items()))
        low, mid, high = self.middle()
        return (
            name,
            str(self.total),
            counts,
            f"{mid:.4f} [{low:.4f}, {high:.4f}]",
            str(self.records),
        )


def _noisy(seed: int) -> World:
    """The noise model of docs/design/measurement.md."""
    return World(seed=seed, drift=0.03, noise=0.025, outliers=0.05)


def _samples(seed: int) -> Samples:
    return synthetic.run(_noisy(seed)).samples


def synthetic_null(count: int) -> Tally:
    """Equal sides on a simulated clock that drifts and jumps."""
    tally = Tally()
    for seed in range(count):
        confirm = partial(_samples, seed + 10**6)
        tally.add(synthetic.run(_noisy(seed)), confirm)
    return tally


def _compared(candidate: KernelSide, baseline: KernelSide, seed: int) -> Comparison:
    with locks.device("cpu", "timing a known pair", exclusive=True):
        found = compare(candidate, baseline, Mode.RECORD, seed=seed, budget=Budget(warm_up_s=0.05))
    if isinstance(found, Refusal):
        raise RuntimeError(f"a known kernel was refused while timed: {found.reason}")
    return found


def real(count: int, slowed_percent: int) -> Tally:
    """The kernel against a copy that does `slowed_percent` more work, on this machine."""
    kernel = known_pair.calibrated()
    seeds = random.Random(slowed_percent)
    tally = Tally()
    with ExitStack() as stack:
        one = stack.enter_context(known_pair.side(kernel, 0, inputs.new_secret()))
        two = stack.enter_context(known_pair.side(kernel, slowed_percent, inputs.new_secret()))
        for _ in range(count):
            found = _compared(one, two, seeds.getrandbits(30))
            # A known gain is no news: only a finding between equals has to be confirmed.
            if not slowed_percent:
                tally.add(found, lambda: _compared(one, two, seeds.getrandbits(30)).samples)
            else:
                tally.add(found, None)
    return tally


@contextmanager
def competing_load() -> Iterator[None]:
    """Another program that wants a core all the time."""
    rival = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        rival.kill()
        rival.wait()


def run(full: bool) -> Section:
    """Equal sides: nothing may become a Record. `full` takes about 25 minutes."""
    synthetic, trials = (SYNTHETIC, REAL) if full else (SYNTHETIC_SHORT, REAL_SHORT)
    tallies = {"null, simulated clock": synthetic_null(synthetic)}
    tallies["null, this machine"] = real((trials + 1) // 2, 0)
    with competing_load():
        tallies["null, beside a competing load"] = real(trials // 2, 0)
    records = sum(tally.records for tally in tallies.values())
    return Section(
        title="Measurement: equal sides",
        rows=(_COLUMNS, *(tally.row(name) for name, tally in tallies.items())),
        passed=int(records == 0),
        total=1,
        summary=f"false Records {records}",
        full=full,
    )


def power(full: bool) -> Section:
    """A side that is 3 % slower: it has to be told. `full` takes about 20 quiet minutes."""
    slowed = real(REAL if full else REAL_SHORT, 3)
    share = slowed.share(Verdict.FASTER)
    return Section(
        title="Measurement: one side 3 % slower",
        rows=(_COLUMNS, slowed.row("3 % slower baseline, this machine")),
        passed=int(share >= POWER_WANTED),
        total=1,
        summary=f"power at 3 % {share:.1%}",
        full=full,
    )
