"""The kernels of the repository on both engines, at the check sizes of their problems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness import devices
from harness.checking.judge import Wrong, judge, prepare
from harness.devices.base import Source
from harness.evaluation import Refusal
from harness.problem import catalog
from harness.problem.catalog import Kernel

ENGINES = ("auto", "reference")
_SECRET = 20_260_101


@dataclass(frozen=True)
class Known:
    """One source: the engine that ran it where the choice was free, and what was wrong on which."""

    name: str
    engine: str
    problems: tuple[str, ...]


def run(names: tuple[str, ...] = ()) -> Iterator[Known]:
    """Every Variant of every kernel, or of some: both engines give the oracle's values, within the
    tolerance of the SPEC, in three orders of the threads."""
    book = catalog.default()
    for kernel_set, name in book.names():
        if names and name not in names:
            continue
        for variant in book.solutions(kernel_set, name):
            yield _one(book.find(name), variant.stem, variant.source)


def _one(kernel: Kernel, stem: str, source: Source) -> Known:
    points = [(f"check {n}", p) for n, p in enumerate(kernel.spec.sizes.check_points())]
    problems, ran = [], ""
    for engine in ENGINES:
        candidate = prepare(kernel.spec, source, devices.open_device(f"cpu:{engine}"), threads=2)
        if isinstance(candidate, Refusal):
            problems.append(f"{engine}: {candidate.reason}")
            continue
        ran = ran or candidate.program.engine
        try:
            found = judge(candidate, points, _SECRET)
        finally:
            candidate.close()
        wrong = [item.refusal for item in found if isinstance(item, Wrong)]
        problems += [f"{engine}: {refusal.status}: {refusal.reason}" for refusal in wrong]
    return Known(f"{kernel.name}/{stem}", ran, tuple(problems))
