"""The kernels of the repository on both engines, at the check sizes of their problems: as their
schedules say, and in threadgroups of other shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness import devices
from harness.checking.judge import Candidate, Wrong, judge, prepare
from harness.devices.base import Dispatch, Source
from harness.evaluation import Refusal
from harness.problem import catalog
from harness.problem.catalog import Kernel
from harness.problem.schedule import NotCovered, Schedule
from harness.spec import Point

ENGINES = ("reference", "auto")
_SECRET = 20_260_101
#: Threads along x of the other shapes; only what is below a schedule's own fits its memory.
_LENGTHS = (1, 20, 32, 64, 96)
#: Points at which other shapes are tried: enough to meet whole and partial threadgroups.
_POINTS = 2


@dataclass(frozen=True)
class Known:
    """One source: the engine that ran it where the choice was free, what was wrong on which, and
    how many other shapes it is right in."""

    name: str
    engine: str
    problems: tuple[str, ...]
    shapes: int = 0


@dataclass(frozen=True)
class Reshaping:
    """Another length of the threadgroups along x: with the grid as it is, or with as many
    threadgroups as there were."""

    length: int
    keeps_grid: bool

    def __str__(self) -> str:
        kept = "grid" if self.keeps_grid else "number of threadgroups"
        return f"threadgroups of {self.length} along x, the same {kept}"

    def of(self, dispatch: Dispatch) -> Dispatch:
        """A dispatch in this shape; itself if its threadgroups are no longer than that."""
        own = dispatch.threadgroup[0]
        if own <= self.length:
            return dispatch
        x, y, z = dispatch.grid
        if not self.keeps_grid:
            x = -(-x // own) * self.length
        threadgroup = (self.length, *dispatch.threadgroup[1:])
        return replace(dispatch, grid=(x, y, z), threadgroup=threadgroup)


_RESHAPINGS = tuple(Reshaping(length, keeps) for length in _LENGTHS for keeps in (True, False))


@dataclass
class _Reshaped(Candidate):
    """A candidate whose schedules are launched in another shape."""

    reshaping: Reshaping = _RESHAPINGS[0]

    def schedule(self, point: Point) -> Schedule | NotCovered | Refusal:
        found = super().schedule(point)
        if not isinstance(found, Schedule):
            return found
        changed = tuple(self.reshaping.of(dispatch) for dispatch in found.dispatches)
        return replace(found, dispatches=changed)


def names() -> list[str]:
    """Every kernel of the repository."""
    return [name for _, name in catalog.default().names()]


def of(name: str) -> list[Known]:
    """Every Variant of a kernel."""
    book = catalog.default()
    kernel = book.find(name)
    variants = book.solutions(kernel.set, kernel.name)
    return [_one(kernel, variant.stem, variant.source) for variant in variants]


def _one(kernel: Kernel, stem: str, source: Source) -> Known:
    """Both engines give the oracle's values, within the tolerance of the SPEC, in three orders of
    the threads. In another shape the fast engine has to where the reference engine does."""
    points = [(f"check {n}", p) for n, p in enumerate(kernel.spec.sizes.check_points())]
    problems, ran = [], ""
    candidates: dict[str, Candidate] = {}
    try:
        for engine in ENGINES:
            device = devices.open_device(f"cpu:{engine}")
            candidate = prepare(kernel.spec, source, device, threads=2)
            if isinstance(candidate, Refusal):
                problems.append(f"{engine}: {candidate.reason}")
                continue
            candidates[engine], ran = candidate, candidate.program.engine
            problems += [f"{engine}: {why}" for why in _wrong(candidate, points)]
        if problems or ran != "fast":
            return Known(f"{kernel.name}/{stem}", ran, tuple(problems))
        fits, wrong = _other_shapes(candidates, points[-_POINTS:])
        return Known(f"{kernel.name}/{stem}", ran, tuple(wrong), fits)
    finally:
        for candidate in candidates.values():
            candidate.close()


def _wrong(candidate: Candidate, points: Sequence[tuple[str, Point]]) -> Iterator[str]:
    for found in judge(candidate, points, _SECRET):
        if isinstance(found, Wrong):
            yield f"{found.refusal.status.value}: {found.refusal.reason}"


def _other_shapes(
    candidates: dict[str, Candidate], points: Sequence[tuple[str, Point]]
) -> tuple[int, list[str]]:
    """In how many shapes the kernel is right on the reference engine, and where the fast engine
    then is not."""
    fits, problems = 0, []
    for reshaping in _RESHAPINGS:
        reference, fast = (_reshaped(candidates[engine], reshaping) for engine in ENGINES)
        if not _changes(reference, points) or any(_wrong(reference, points)):
            continue
        fits += 1
        problems += [f"{reshaping}: {why}" for why in _wrong(fast, points)]
    return fits, problems


def _changes(candidate: _Reshaped, points: Sequence[tuple[str, Point]]) -> bool:
    """Whether the shape is another one than the schedule's own."""
    for _, point in points:
        own, other = Candidate.schedule(candidate, point), candidate.schedule(point)
        if isinstance(own, Schedule) and isinstance(other, Schedule):
            return own.dispatches != other.dispatches
    return False


def _reshaped(candidate: Candidate, reshaping: Reshaping) -> _Reshaped:
    return _Reshaped(
        candidate.spec,
        candidate.source,
        candidate.header,
        candidate.program,
        candidate.session,
        reshaping=reshaping,
    )
