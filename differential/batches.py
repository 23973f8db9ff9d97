"""Work on all cores: batches of generated kernels, and whatever else comes in independent items."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from differential.comparing import Outcome, compare
from differential.defined import faults
from differential.matrices import numbers, of_seed

#: One source for so many: the headers are read and a library is loaded once for all of them.
SIZE = 10
#: Every so many batches also go to the checker.
CHECKED_EVERY = 5
#: Every so many batches are kernels of matrices.
MATRICES_EVERY = 10
NICE = 10
_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


@dataclass
class Batch:
    """What came of a batch; `checked`: how many of its kernels were put to the checker."""

    outcome: Outcome = field(default_factory=Outcome)
    checked: int = 0
    undefined: list[str] = field(default_factory=list)

    def add(self, other: Batch) -> None:
        """Count another batch in."""
        self.outcome.add(other.outcome)
        self.checked += other.checked
        self.undefined += other.undefined


@dataclass(frozen=True)
class Seeds:
    """Which kernels make up a batch, and where their libraries are kept."""

    numbers: Sequence[int]
    cache: Path
    is_checked: bool = False


def of_seeds(start: int, count: int, cache: Path) -> list[Seeds]:
    """Some kernels from a seed on, in batches."""
    found = []
    for number, first in enumerate(range(start, start + count, SIZE)):
        seeds = range(first, min(first + SIZE, start + count))
        if number % MATRICES_EVERY == MATRICES_EVERY - 1:
            seeds = numbers(seeds, number // MATRICES_EVERY)
        found.append(Seeds(seeds, cache, number % CHECKED_EVERY == 0))
    return found


def run(seeds: Seeds) -> Batch:
    """Compare a batch."""
    kernels = [of_seed(seed) for seed in seeds.numbers]
    batch = Batch(compare(kernels, seeds.cache))
    if seeds.is_checked:
        batch.checked, batch.undefined = len(kernels), faults(kernels, seeds.cache)
    return batch


def on_all_cores(work: Callable[[_Item], _Found], items: Sequence[_Item]) -> Iterator[_Found]:
    """What comes of each item, in the order in which they end; one process a core."""
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=os.nice, initargs=(NICE,)) as pool:
        waiting = [pool.submit(work, item) for item in items]
        for done in as_completed(waiting):
            yield done.result()
