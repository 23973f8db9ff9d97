"""The bounds that this product has to keep, held against what was measured."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from perf.beside_torch import CASES
from perf.store import Entry, Store
from perf.vector_math import ELEMENTS, EXPRESSIONS
from perf.waits import BOUNDS

#: The least gain of two threads on uneven work, as a share of their gain on even work.
UNEVEN_SHARE = 0.9


@dataclass(frozen=True)
class Finding:
    """One line: a figure in its unit, and the bound it has to keep."""

    what: str
    value: float
    unit: str
    bound: float
    at_most: bool = False
    detail: str = ""

    @property
    def reached(self) -> bool:
        """Whether the bound is kept."""
        return self.value <= self.bound if self.at_most else self.value >= self.bound


def findings(store: Store) -> list[Finding]:
    """Every bound of which something was measured."""
    parts = {
        "builds": _builds,
        "kernels": _kernels,
        "torch": _torch,
        "threads": _threads,
        "functions": _functions,
        "waits": _waits,
        "memory": _memory,
    }
    return [
        finding
        for name, of_part in parts.items()
        if store.parts.get(name)
        for finding in of_part(store.parts[name])
    ]


def ratios(entries: Mapping[str, Entry], side: str | None = None) -> dict[str, float]:
    """The ratios that pass the overhead gate, by key; `side`: of that comparison of each entry."""
    found = {}
    for key, entry in entries.items():
        compared = entry if side is None else entry.get(side, {})
        if "ratio" in compared and (side == "copy" or compared["passes_gate"]):
            found[key] = float(compared["ratio"])
    return found


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, values)))


def _least(found: Mapping[str, float]) -> str:
    return min(found, key=lambda key: found[key])


def _builds(entries: Mapping[str, Entry]) -> Iterator[Finding]:
    built = {name: entry for name, entry in entries.items() if "unable" not in entry}
    fast = sum(entry["fast"] for entry in built.values())
    share = 100 * fast / len(entries)
    detail = f"{fast} of {len(entries)}"
    yield Finding("kernels on the fast engine", share, "%", 95, detail=detail)
    slowest = max(built, key=lambda name: built[name]["new_ms"])
    detail = f"slowest {slowest}, {built[slowest]['new_ms']:.0f} ms"
    new, cached = (
        statistics.median(entry[name] for entry in built.values())
        for name in ("new_ms", "cached_ms")
    )
    yield Finding("new source to runnable, median", new, "ms", 500, True, detail)
    yield Finding("cached source to runnable, median", cached, "ms", 50, True)


def _kernels(entries: Mapping[str, Entry]) -> Iterator[Finding]:
    passing = ratios(entries, "mlx")
    detail = f"{len(passing)} of {len(entries)} sizes pass the overhead gate"
    if passing:
        mean = _geometric_mean(list(passing.values()))
        yield Finding("times MLX's fastest form, geometric mean", mean, "x", 8, detail=detail)
        least = _least(passing)
        below = sum(value < 1 for value in passing.values())
        detail = f"{least}; {below} below 1"
        yield Finding("times MLX's fastest form, least", passing[least], "x", 1, detail=detail)
    copies = {key: 100 * value for key, value in ratios(entries, "copy").items()}
    if copies:
        median = statistics.median(copies.values())
        what = "share of a two-thread copy loop's rate, memory-bound, large"
        yield Finding(f"{what}, median", median, "%", 75, detail=f"{len(copies)} kernels")
        least = _least(copies)
        below = sum(value < 50 for value in copies.values())
        detail = f"{least}; {below} below 50 %"
        yield Finding(f"{what}, least", copies[least], "%", 50, detail=detail)


def _torch(entries: Mapping[str, Entry]) -> Iterator[Finding]:
    passing = ratios(entries)
    if not passing:
        return
    version = next(entry["version"] for entry in entries.values() if "version" in entry)
    mean = _geometric_mean(list(passing.values()))
    detail = f"torch {version}, {len(passing)} sizes"
    yield Finding("times torch on the same cores, geometric mean", mean, "x", 1, detail=detail)
    for case in CASES:
        if case.bound is not None and case.key in passing:
            what = f"{case.kernel} at {case.size}, times torch's BLAS"
            yield Finding(what, passing[case.key], "x", case.bound)


def _threads(entries: Mapping[str, Entry]) -> Iterator[Finding]:
    for entry in entries.values():
        even = entry["even"]
        for name, gain in entry.items():
            if name != "even":
                what = (
                    f"gain of two threads where work is uneven ({name}), of the gain on even work"
                )
                detail = f"{gain:.2f}x and {even:.2f}x"
                share = 100 * gain / even
                yield Finding(what, share, "%", 100 * UNEVEN_SHARE, detail=detail)


def _functions(entries: Mapping[str, Entry]) -> Iterator[Finding]:
    for entry in entries.values():
        for name, ratio in entry.items():
            bound = EXPRESSIONS[name][1]
            if bound:
                what = f"{name} of {ELEMENTS >> 20} Mi floats, of the rate of y = -x"
                yield Finding(what, 100 * ratio, "%", 100 * bound)


def _waits(entries: Mapping[str, Entry]) -> Iterator[Finding]:
    for name, entry in entries.items():
        detail = f"verdict {entry['verdict']}"
        yield Finding(f"./bench {name}, warm", entry["seconds"], "s", BOUNDS[name], True, detail)


def _memory(entries: Mapping[str, Entry]) -> Iterator[Finding]:
    for name, entry in entries.items():
        what = f"{name} at large, buffers of {entry['buffers_mb']:.0f} MB"
        for side, words in (("hosts", "host processes, peak"), ("harness", "harness, peak")):
            value, limit = entry[f"{side}_mb"], entry[f"{side}_limit_mb"]
            yield Finding(words, value, "MB", limit, True, what)
