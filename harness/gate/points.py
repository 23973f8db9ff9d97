"""Where the held-out gate looks: points of a SPEC's domain that follow from a secret and no list.

Three draws lie about the size that ranks, where a kernel claims to be fast. The others lie anywhere
in the domain, where it only has to be right: one log-uniform, one at an end of a dim's range, two
beside a power of two, where narrow counters end. The same secret, SPEC, size and header give the
same points again, so a revealed secret can be checked by anybody.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.problem.binding import SpecError, problem_slots, rounded
from harness.problem.catalog import named_points, outside_domain
from harness.problem.inputs import stream
from harness.spec import KernelSpec, Point, Range

#: Whether a candidate claims to solve a point: false where its `requires` excludes it.
Covers = Callable[[Point], bool]

#: Draws are kinds in this order. Those anywhere in the domain are judged and never timed, and those
#: at its edges come on top of the draws that a Record needs.
TIMED = ("prime", "ragged", "larger")
EDGES = ("corner", "step", "other step")
KINDS = (*TIMED, "far", *EDGES)
#: No draw: a size that a public board scores and never shows to whoever searches.
PUBLISHED = "published"
#: No draw either: the size that ranks, where the checked build runs a sample of the threadgroups.
CHECKED = "checked"
#: No draw: the other sizes that may rank.
RANKED = "ranked"
#: Draws that satisfy `requires` without which there is no Record.
LEAST_DRAWS = 3
#: Near draws: every dim within this factor of its value at the ranked size, the centre.
NEAR = 4.0
#: Elements of all arrays together, as multiples of the centre (for `far`, of the published size).
ELEMENTS = {"prime": (1 / 8, 1.0), "ragged": (1 / 8, 1.0), "larger": (1.5, 4.0)}
_ANYWHERE = (0, 1.0)
#: A draw may take so much arithmetic, or as much as the centre if that is more; one at an edge, so
#: much in any case.
MOST_FLOPS = 4e9
EDGE_FLOPS = 1e9
#: Another size that may rank is judged on the way if it has no more elements.
RANKED_ELEMENTS = 1 << 26
#: The powers of two that steps lie beside, and how often each: sixteen bits are the usual mistake.
POWERS = {16: 16, 15: 2, 8: 1, 10: 1, 12: 1, 17: 1, 20: 1, 24: 1}
STEPS = (-1, 1, 1, 1, 1, 1, 3, 17)
#: Tries at each stage; the later ones serve files whose `requires` leaves less to choose from.
TRIES = 800
STAGES = ("kind", "kind on some dims", "kind on some, round ones", "round ones")
SIMD_WIDTH = 32
#: Dims that reach less far are counts such as a filter's width: no draw makes them prime.
_EXTENT = 64


@dataclass(frozen=True)
class Draw:
    """A held-out point; `dims`: those that have what the kind asks for (prime, ragged)."""

    kind: str
    point: Point
    dims: tuple[str, ...] = ()

    @property
    def timed(self) -> bool:
        """Whether speed counts here."""
        return self.kind in (*TIMED, PUBLISHED)


def draw(spec: KernelSpec, secret: int, centre: Point, covers: Covers) -> list[Draw]:
    """The sizes that the public board holds out, then at most one draw a kind; fewer where the
    candidate covers too few points of the domain."""
    needed = len(KINDS) - len(EDGES)
    turn = int(stream(secret, "held out", "turn").integers(1 << 16))
    found: list[Draw] = []
    taken = [_shape(spec, point) for _, point in named_points(spec)]
    for number, kind in enumerate(KINDS):
        if len(found) + max(needed - number, 0) < LEAST_DRAWS:
            break  # too few already: the rest would only cost time
        rng = stream(secret, "held out", kind)
        one = _Drawer(spec, kind, centre, rng, turn).first(covers, taken)
        if one is not None:
            found.append(one)
            taken.append(_shape(spec, one.point))
    known = [Draw(PUBLISHED, point) for point in spec.sizes.held_out.values() if covers(point)]
    return [*known, *found]


def ranked(spec: KernelSpec, centre: Point) -> list[Draw]:
    """The other sizes that may rank, where they are small enough to be judged on the way."""
    others = [point for name, point in named_points(spec) if name in spec.sizes.ranked]
    return [
        Draw(RANKED, point)
        for point in others
        if point != centre
        and elements(spec, point) <= RANKED_ELEMENTS
        and spec.cost(rounded(point)).flops <= MOST_FLOPS
    ]


def shapes(spec: KernelSpec, secret: int, centre: Point, covers: Covers, most: int = 2) -> int:
    """How many different shapes `covers` lets through, counted up to `most`."""
    seen = {_shape(spec, p) for _, p in named_points(spec)[-2:] if covers(p)}
    for kind in ("larger", "far"):
        drawer = _Drawer(spec, kind, centre, stream(secret, "shapes", kind))
        for point, _ in drawer.candidates():
            if len(seen) >= most:
                return len(seen)
            if covers(point):
                seen.add(_shape(spec, point))
    return len(seen)


def axes(spec: KernelSpec) -> tuple[str, ...]:
    """Dims and parameters by name: what a failure can be blamed on."""
    return tuple(name for name, allowed in spec.domain.ranges.items() if allowed.low < allowed.high)


def returned(spec: KernelSpec, point: Point, axis: str, centre: Point) -> Point | None:
    """The point with one axis at its ranked value; None where that changes nothing, leaves the
    domain or is more than a draw may be."""
    back = {**point, axis: centre[axis]}
    if back == point or outside_domain(spec, back):
        return None
    most = max(spec.domain.max_elements, elements(spec, centre))
    flops = max(MOST_FLOPS, spec.cost(rounded(centre)).flops)
    small = elements(spec, back) <= most and spec.cost(rounded(back)).flops <= flops
    return back if small else None


def elements(spec: KernelSpec, point: Point) -> int:
    """Elements of all arrays together."""
    return sum(slot.elements for slot in problem_slots(spec, rounded(point)).values())


def _shape(spec: KernelSpec, point: Point) -> tuple[float, ...]:
    return tuple(point[name] for name, allowed in spec.domain.ranges.items() if allowed.integral)


class _Drawer:
    """Draws of one kind."""

    def __init__(
        self,
        spec: KernelSpec,
        kind: str,
        centre: Point,
        rng: np.random.Generator,
        turn: int = 0,
    ) -> None:
        self.spec, self.kind, self.centre, self.rng = spec, kind, centre, rng
        self.ranges = spec.domain.ranges
        low, high = ELEMENTS.get(kind, _ANYWHERE)
        size = elements(spec, centre if kind in TIMED else spec.sizes.published)
        self.most = min(high * size, spec.domain.max_elements)
        self.least = min(low * size, self.most / 2)
        #: Where the centre exceeds the cap, draws have to reach further down.
        self.reach = NEAR * max(1.0, NEAR * size / spec.domain.max_elements)
        self.most_flops = max(MOST_FLOPS, spec.cost(rounded(centre)).flops)
        if kind in EDGES:
            self.most_flops = EDGE_FLOPS
        self.extents = [
            name
            for name, allowed in self.ranges.items()
            if allowed.integral and allowed.multiple == 1 and allowed.high >= _EXTENT
        ]
        self.turn = turn
        #: The edge that the first stage insists on, whatever fits more easily.
        self.edge = int(rng.integers(1 << 62))

    def first(self, covers: Covers, taken: Sequence[tuple[float, ...]]) -> Draw | None:
        """The first candidate that is new and covered."""
        for point, dims in self.candidates():
            if _shape(self.spec, point) not in taken and covers(point):
                return Draw(self.kind, point, dims)
        return None

    def candidates(self) -> Iterator[tuple[Point, tuple[str, ...]]]:
        """Points of the domain, stage by stage."""
        marked = self.kind in ("prime", "ragged") and self.extents
        for stage in range(len(STAGES)):
            for _ in range(TRIES):
                point = {name: self._value(name, stage) for name in self.ranges}
                dims = self._apply(point, stage)
                if marked and not dims and stage < 3:
                    continue
                if self._fits(point, strict=stage < 2):
                    yield {**self.spec.sizes.published, **point}, dims

    def _bounds(self, name: str) -> tuple[float, float]:
        allowed = self.ranges[name]
        if self.kind not in TIMED or not allowed.integral:
            return allowed.low, allowed.high
        middle = self.centre[name]
        return max(allowed.low, middle / self.reach), min(allowed.high, middle * NEAR)

    def _value(self, name: str, stage: int) -> float:
        allowed = self.ranges[name]
        low, high = self._bounds(name)
        if not allowed.integral:
            return float(np.float32(_log_uniform(self.rng, low, high)))
        value = int(min(_log_uniform(self.rng, math.ceil(low), high + 1), high))
        if stage >= 2:
            value = self._snapped(name, value)
        return _multiple(value, allowed)

    def _snapped(self, name: str, value: int) -> int:
        """A rounder value: what files that require multiples, powers or one dim's value allow."""
        how = int(self.rng.integers(12))
        if how < 8:
            return max(value >> how, 1) << how
        if how == 8:
            return 1 << max(value.bit_length() - 1, 0)
        sizes = self.spec.sizes
        named = (sizes.published, sizes.large_point())[how % 2][name]
        return int(named) if how > 9 else value

    def _apply(self, point: dict[str, float], stage: int) -> tuple[str, ...]:
        """Make dims prime, no multiple of the SIMD width, or put one at an edge; which ones."""
        if self.kind in EDGES:
            return self._to_edge(point, stage)
        if self.kind not in ("prime", "ragged"):
            return ()
        chosen = list(self.extents)
        if stage > 0 and chosen:
            keep = self.rng.random(len(chosen)) < 0.5
            chosen = [name for name, kept in zip(chosen, keep, strict=True) if kept]
        for name in chosen:
            value, allowed = int(point[name]), self.ranges[name]
            if self.kind == "prime":
                value = _prime_near(value, allowed)
            elif value % SIMD_WIDTH == 0:
                step = int(self.rng.integers(1, SIMD_WIDTH))
                value += step if value + step in allowed else -step
            if value in allowed:
                point[name] = value
        good = is_prime if self.kind == "prime" else _is_ragged
        return tuple(name for name in self.extents if good(int(point[name])))

    def _to_edge(self, point: dict[str, float], stage: int) -> tuple[str, ...]:
        """Put one dim at an end of its range, or beside a power of two that lies in it."""
        names = [name for name, allowed in self.ranges.items() if allowed.integral]
        if self.kind != "corner":
            names = [n for n in self.extents if _powers(self.ranges[n])] or self.extents
        if not names:
            return ()
        # The two steps take different dims, where there are two.
        edge = self.edge if stage == 0 else int(self.rng.integers(1 << 62))
        first = self.turn if stage == 0 else edge
        name = names[(first + (self.kind == "other step")) % len(names)]
        allowed = self.ranges[name]
        if self.kind == "corner":
            value = int((allowed.low, allowed.high)[edge % 2])
        else:
            powers = [power for power in _powers(allowed) for _ in range(POWERS[power])]
            if not powers:
                return ()
            edge, step = divmod(edge, len(STEPS))
            value = (1 << powers[edge % len(powers)]) + STEPS[step]
        point[name] = _multiple(value, allowed)
        return (name,)

    def _fits(self, point: Mapping[str, float], *, strict: bool) -> bool:
        full = {**self.spec.sizes.published, **point}
        if outside_domain(self.spec, full):
            return False
        try:
            size = elements(self.spec, full)
        except SpecError:
            return False  # a shape that the ranges allow and no constraint excludes is empty
        if size > self.most or self.spec.cost(rounded(full)).flops > self.most_flops:
            return False
        return size >= self.least or not strict


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Log-uniform between positive bounds, else uniform."""
    if low <= 0:
        return float(rng.uniform(low, high))
    return float(min(max(math.exp(rng.uniform(math.log(low), math.log(high))), low), high))


def _powers(allowed: Range) -> list[int]:
    """The powers of two that a dim can step over."""
    return [power for power in POWERS if allowed.low < 1 << power < allowed.high]


def _multiple(value: int, allowed: Range) -> int:
    """The multiple that a range asks for, at or below `value` where there is one."""
    down = value // allowed.multiple * allowed.multiple
    return down if down >= allowed.low else down + allowed.multiple


def is_prime(value: int) -> bool:
    """Whether a dim is prime."""
    return value > 1 and all(value % d for d in range(2, math.isqrt(value) + 1))


def _prime_near(value: int, allowed: Range) -> int:
    """The next prime at or below a value; above, where none of these is allowed."""
    down = next((n for n in range(value, 1, -1) if is_prime(n)), 2)
    return down if down in allowed else next(n for n in range(value, 2 * value + 3) if is_prime(n))


def _is_ragged(value: int) -> bool:
    return value % SIMD_WIDTH != 0
