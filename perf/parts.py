"""The parts of a run, their items in order, and about how long each item takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from harness.errors import UserError
from harness.problem import catalog
from harness.problem.catalog import Kernel
from perf import beside_torch, builds, kernels, memory, threads, vector_math, waits
from perf.store import Entry


@dataclass(frozen=True)
class Item:
    """One thing to measure; `seconds`: about how long it takes on two cores."""

    part: str
    key: str
    seconds: float
    find: Callable[[], Entry]


def items(only: str | None = None, names: Sequence[str] = ()) -> list[Item]:
    """Every item, those of one part, those of some kernels."""
    if only is not None and only not in PARTS:
        raise UserError(f"no part {only!r}", f"parts are {', '.join(PARTS)}")
    book = catalog.default()
    chosen = [book.find(name) for name in names] or book.kernels()
    found: list[Item] = []
    for name, make in PARTS.items():
        if only in (None, name):
            found += make(chosen)
    return found


def _builds(chosen: Iterable[Kernel]) -> Iterator[Item]:
    for kernel in chosen:
        yield Item("builds", kernel.name, 0.8, partial(builds.measure, kernel))


def _kernels(chosen: Iterable[Kernel]) -> Iterator[Item]:
    for size, seconds in (("published", 2.0), ("large", 6.5)):
        for kernel in chosen:
            if size in sizes(kernel):
                find = partial(kernels.measure, kernel, size)
                yield Item("kernels", f"{kernel.name} {size}", seconds, find)


def sizes(kernel: Kernel) -> tuple[str, ...]:
    """The sizes at which a kernel is timed here: `large` only where it is another one."""
    known = kernel.spec.sizes
    return ("published",) if known.large_point() == known.published else ("published", "large")


def _torch(chosen: Iterable[Kernel]) -> Iterator[Item]:
    known = {kernel.name for kernel in chosen}
    for case in beside_torch.CASES:
        if case.kernel in known:
            yield Item("torch", case.key, 8.0, partial(beside_torch.measure, case))


def _threads(_: Iterable[Kernel]) -> Iterator[Item]:
    yield Item("threads", "uneven", 3.0, threads.measure)


def _functions(_: Iterable[Kernel]) -> Iterator[Item]:
    yield Item("functions", "beside y = -x", 12.0, vector_math.measure)


def _waits(_: Iterable[Kernel]) -> Iterator[Item]:
    for name in waits.BOUNDS:
        yield Item("waits", name, 30.0, partial(waits.measure, name))


def _memory(_: Iterable[Kernel]) -> Iterator[Item]:
    yield Item("memory", memory.KERNEL, 10.0, memory.measure)


PARTS: dict[str, Callable[[Iterable[Kernel]], Iterator[Item]]] = {
    "builds": _builds,
    "threads": _threads,
    "functions": _functions,
    "torch": _torch,
    "kernels": _kernels,
    "waits": _waits,
    "memory": _memory,
}
