"""Compares batches of generated kernels on both engines, and finds the kernel behind a failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msl
from differential.engines import Results, Setting, build, difference, run
from differential.kernels import Generated

REFERENCE = Setting("reference")
#: Other orders and numbers of threads on which the result may not depend.
SETTINGS = (
    Setting("reference", 1, 9),
    Setting("auto", 1, 0),
    Setting("auto", 2, 5),
    Setting("auto", 3, 0),
)


@dataclass(frozen=True)
class Failure:
    """A kernel on which something went wrong; `setting` is None where it was no run."""

    kernel: Generated
    setting: Setting | None
    what: str


@dataclass
class Outcome:
    """What came of some kernels; `declined`: why the fast engine left a kernel, by its name."""

    kernels: int = 0
    launches: int = 0
    failures: list[Failure] = field(default_factory=list)
    declined: dict[str, str] = field(default_factory=dict)

    def add(self, other: Outcome) -> None:
        """Count another batch in."""
        self.kernels += other.kernels
        self.launches += other.launches
        self.failures += other.failures
        self.declined |= other.declined


def compare(
    kernels: Sequence[Generated], cache: Path, settings: Sequence[Setting] = SETTINGS
) -> Outcome:
    """Build and run a batch; kernels that spoil it for the others are found one by one."""
    libraries: dict[str, msl.Library] = {}
    for engine in dict.fromkeys(item.engine for item in (REFERENCE, *settings)):
        built = build(kernels, engine, cache)
        if isinstance(built, msl.Rejection):
            return _apart(kernels, cache, settings, None, f"{engine}: {built.reason}")
        libraries[engine] = built
    due = run(libraries["reference"], kernels, REFERENCE)
    if isinstance(due, str):
        return _apart(kernels, cache, settings, REFERENCE, due)
    found = Outcome(len(kernels), sum(1 + s.again for k in kernels for s in k.shapes))
    for library in libraries.values():
        declined = {f.name: f.declined for f in library.functions.values() if f.declined}
        found.declined |= declined
    for setting in settings:
        got = run(libraries[setting.engine], kernels, setting)
        if isinstance(got, str):
            return _apart(kernels, cache, settings, setting, got)
        found.failures += _differing(kernels, setting, got, due)
    return found


def _differing(
    kernels: Sequence[Generated], setting: Setting, got: Results, due: Results
) -> list[Failure]:
    every = [(kernel, difference(kernel, got, due)) for kernel in kernels]
    return [Failure(kernel, setting, what) for kernel, what in every if what]


def _apart(
    kernels: Sequence[Generated],
    cache: Path,
    settings: Sequence[Setting],
    setting: Setting | None,
    what: str,
) -> Outcome:
    """The same in two halves; a single kernel is the failure."""
    if len(kernels) == 1:
        return Outcome(1, 0, [Failure(kernels[0], setting, what)])
    half = len(kernels) // 2
    found = compare(kernels[:half], cache, settings)
    found.add(compare(kernels[half:], cache, settings))
    return found


def same_failure(failure: Failure, cache: Path) -> Callable[[Generated], bool]:
    """Whether a smaller kernel fails in the same way: differs where it differed, is refused in the
    same words, ends for the same reason."""
    settings = (failure.setting,) if failure.setting not in (None, REFERENCE) else SETTINGS

    def fails(candidate: Generated) -> bool:
        found = compare([candidate], cache, [s for s in settings if s is not None])
        return any(
            _sort(replace(f, kernel=failure.kernel)) == _sort(failure) for f in found.failures
        )

    return fails


def _sort(failure: Failure) -> tuple[bool, str]:
    what = failure.what
    if failure.setting is not None:
        what = "differs" if what.startswith("grid") else what.partition(":")[0]
    return failure.setting is None, what.rpartition(": ")[2]
