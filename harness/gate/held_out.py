"""The held-out gate: secret sizes and parameters that a candidate has to get right for a Record.

`run` judges the draws of `gate_points` under a commitment of `gate_store`, times them beside MLX,
and names the axis that broke by returning one at a time to its ranked value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from harness import locks
from harness.checking import counting, judge
from harness.checking.checked_judging import is_checked
from harness.checking.judge import Candidate, Judged, Wrong
from harness.checking.trial import Request
from harness.evaluation import Evaluation, Refusal, Status
from harness.gate import points as gate_points
from harness.gate import store as gate_store
from harness.gate.points import CHECKED, LEAST_DRAWS, Draw
from harness.gate.speed import Speed, time_point
from harness.gate.store import Commitment, Past
from harness.problem.catalog import outside_domain, point_of
from harness.problem.schedule import NotCovered
from harness.spec import KernelSpec, Point

#: What a gate may come to, the worst first.
STATUSES = ("failed", "regression", "not_covered", "passed")
#: A held-out point is too slow when it falls behind MLX by this, and keeps less than this share of
#: the speedup that ranks: MLX's own speed depends on the shape, and a ragged size costs everybody.
LEAST_SPEEDUP = 0.95
LEAST_SHARE = 0.5

Say = Callable[[str], None]


@dataclass(frozen=True)
class Found:
    """What one point showed. `status` is that of the judging, or `regression`."""

    kind: str
    dims: Mapping[str, float]
    of_kind: Sequence[str]
    status: str
    reason: str = ""
    speedup: float | None = None
    speedup_ci: tuple[float, float] | None = None
    kernel_ms: float | None = None
    note: str = ""
    axes: Sequence[str] = ()


def run(
    request: Request, made: Commitment, ranked: Evaluation, say: Say = lambda text: None
) -> dict[str, Any]:
    """Judge the draws of a committed secret and reveal it; the `held_out` of an Evaluation.

    `ranked` is the Evaluation at the size that ranks: without its speedup nothing is timed.
    """
    gate = _Gate(request, made, ranked, gate_store.past(made), say)
    try:
        found = gate.verdict()
    finally:
        gate.close()
    gate_store.finish(made, found)
    return found


def bar(found: Mapping[str, Any] | None, track: str) -> str:
    """Why a gate's outcome bars a Record; empty if it does not."""
    if found is None:
        return "the held-out gate was not run"
    status = found["status"]
    if status == "passed" or (status == "not_covered" and track != "exact"):
        return ""
    return f"held out {status}: {found['reason']}"


def draws(
    spec: KernelSpec, secret: int, centre: Point, candidate: Candidate | None = None
) -> list[Draw]:
    """The points of a secret, as the gate drew them and anybody can again once it is revealed."""
    return gate_points.draw(spec, secret, centre, _covers(candidate))


def _covers(candidate: Candidate | None) -> gate_points.Covers:
    if candidate is None or not candidate.header.requires:
        return lambda point: True
    return lambda point: not isinstance(candidate.schedule(point), NotCovered)


@dataclass
class _Gate:
    """One gate under way."""

    request: Request
    made: Commitment
    ranked: Evaluation
    past: Past
    say: Say
    candidate: Candidate | None = field(default=None, init=False)

    @property
    def spec(self) -> KernelSpec:
        return self.request.kernel.spec

    @property
    def centre(self) -> Point:
        """The size that ranks: draws lie about it, and axes return to it."""
        return self.request.point

    @property
    def speedup(self) -> float | None:
        """How fast the candidate is where it ranks."""
        figures = self.ranked.figures
        return None if figures is None else figures.speedup

    @property
    def floor(self) -> float:
        """The speedup over MLX that every timed point has to reach."""
        return min(LEAST_SPEEDUP, LEAST_SHARE * (self.speedup or 2.0))

    def close(self) -> None:
        """End the worker."""
        if self.candidate is not None:
            self.candidate.close()
            self.candidate = None

    def verdict(self) -> dict[str, Any]:
        """Draw, judge, time, and name what broke."""
        ready = self._ready()
        if isinstance(ready, Refusal):
            return self._document([], [f"{ready.status.value}: {ready.reason}"], 0, failed=True)
        drawn = draws(self.spec, self.made.secret, self.centre, ready)
        missing = self._missing(ready, len(drawn))
        again = [Draw("earlier", p) for p in self.past.failed_at if self._still_asked(ready, p)]
        found = []
        for number, one in enumerate((*again, *drawn), 1):
            self.say(f"point {number} of {len(again) + len(drawn)}")
            found.append(self._found(one, f"held out {number}"))
        found += [*self._wrong_where_ranked(), *self._checked()]
        unjudged = [f"{_where(f.dims)}: {f.reason}" for f in found if f.status == "unsupported"]
        return self._document(found, [*missing, *unjudged], len(drawn))

    def _wrong_where_ranked(self) -> list[Found]:
        """The other sizes that may rank at which the candidate is wrong: a Record covers them."""
        if self.ranked.mode != "record":
            return []
        self.say("the other sizes that rank")
        others = gate_points.ranked(self.spec, self.centre)
        found = [self._found(one, f"ranked {number}") for number, one in enumerate(others)]
        return [one for one in found if one.status not in ("passed", "unsupported")]

    def _checked(self) -> list[Found]:
        """The size that ranks, if the checked build finds a fault there: only check sizes have been
        run in it so far, and a fault may keep away from those."""
        request = self.request
        if not is_checked(request.device):
            return []
        self.say("the checked build at the ranked size")
        with self._sharing():
            report = counting.sample(request.kernel, request.source, self.centre, self.made.secret)
        if report.refusal is None:
            return []
        reason = f"checked build: {report.refusal.reason}"
        return [self._wrong(Draw(CHECKED, self.centre), replace(report.refusal, reason=reason), ())]

    def _still_asked(self, candidate: Candidate, point: Point) -> bool:
        known = set(point) == set(self.spec.sizes.published)
        return known and not outside_domain(self.spec, point) and _covers(candidate)(point)

    def _missing(self, candidate: Candidate, drawn: int) -> list[str]:
        """What the file's `requires` leaves out that a Record needs."""
        if not candidate.header.requires:
            return [] if drawn >= LEAST_DRAWS else [f"the domain gives {drawn} draws"]
        covers = _covers(candidate)
        requires = " && ".join(expression.text for expression in candidate.header.requires)
        missing = [
            f"this file requires {requires}, which leaves out the ranked size {name}"
            for name in self.spec.sizes.ranked
            if not covers(point_of(self.spec, name))
        ]
        if drawn >= LEAST_DRAWS:
            return missing
        if gate_points.shapes(self.spec, self.made.secret, self.centre, covers) < 2:
            return [*missing, f"this file requires {requires}, which pins a single shape"]
        few = f"{drawn} draws of the domain satisfy {requires}, {LEAST_DRAWS} are needed"
        return [*missing, few]

    def _ready(self) -> Candidate | Refusal:
        """A loaded candidate; a fresh worker after one that was wrong, which may have died."""
        if self.candidate is None:
            request = self.request
            with self._sharing():
                made = judge.prepare(
                    self.spec, request.source, request.device, threads=request.threads
                )
            if isinstance(made, Refusal):
                return made
            self.candidate = made
        return self.candidate

    def _sharing(self) -> AbstractContextManager[None]:
        request = self.request
        purpose = f"judging {request.kernel.name}"
        return locks.device(request.device.name, purpose, exclusive=False, on_wait=request.on_wait)

    def _judge(self, point: Point, label: str) -> Judged | Wrong:
        ready = self._ready()
        if isinstance(ready, Refusal):
            return Wrong(ready)
        with self._sharing():
            result = judge.judge(ready, [(label, point)], self.made.secret)[0]
        if isinstance(result, NotCovered):
            return Wrong(Refusal(Status.UNSUPPORTED, f"not covered: {result.requirement}"))
        if isinstance(result, Wrong):
            self.close()
        return result

    def _found(self, one: Draw, label: str) -> Found:
        """Judge one draw, and time it if it is right and speed counts there."""
        found = self._judge(one.point, label)
        if isinstance(found, Judged) and one.timed and self.speedup is not None:
            return self._timed(one, found, label)
        if isinstance(found, Judged):
            note = "" if one.timed else "judged, not timed: far from the ranked size"
            return Found(one.kind, dict(one.point), one.dims, "passed", note=note)
        refusal = found.refusal
        axes = () if refusal.status is Status.UNSUPPORTED else self._broken_axes(one.point, label)
        return self._wrong(one, refusal, axes)

    def _wrong(self, one: Draw, refusal: Refusal, axes: Sequence[str]) -> Found:
        status, reason = refusal.status.value, refusal.reason
        return Found(one.kind, dict(one.point), one.dims, status, reason, axes=axes)

    def _broken_axes(self, point: Point, label: str) -> tuple[str, ...]:
        """The axes each of which, returned to its ranked value, makes the candidate right."""

        def right(back: Point, name: str) -> bool:
            return isinstance(self._judge(back, f"{label} with {name} returned"), Judged)

        broken = self._axes_that(point, right)
        if broken:
            return broken
        if not right(self.centre, "everything"):
            return ("inputs",)
        return self._differing(point)

    def _axes_that(self, point: Point, mends: Callable[[Point, str], bool]) -> tuple[str, ...]:
        backs = {
            name: gate_points.returned(self.spec, point, name, self.centre)
            for name in self._differing(point)
        }
        return tuple(n for n, back in backs.items() if back is not None and mends(back, n))

    def _differing(self, point: Point) -> tuple[str, ...]:
        return tuple(n for n in gate_points.axes(self.spec) if point[n] != self.centre[n])

    def _timed(self, one: Draw, judged: Judged, label: str) -> Found:
        """Time a draw; what falls behind has to do so twice."""
        speed = self._speed(one.point, judged, label)
        if isinstance(speed, Speed) and speed.below(self.floor):
            speed = self._speed(one.point, judged, f"{label} again", long=True)
        if isinstance(speed, Refusal):
            self.close()
            return self._wrong(one, speed, ())
        slow = speed.below(self.floor)
        return Found(
            kind=one.kind,
            dims=dict(one.point),
            of_kind=one.dims,
            status="regression" if slow else "passed",
            reason=self._behind(speed) if slow else "",
            speedup=speed.speedup,
            speedup_ci=speed.interval,
            kernel_ms=speed.kernel_ms,
            note=speed.note,
            axes=self._slow_axes(one.point, label) if slow else (),
        )

    def _speed(
        self, point: Point, judged: Judged, label: str, *, long: bool = False
    ) -> Speed | Refusal:
        if self.candidate is None:
            raise ValueError("only a candidate that was judged right is timed")
        schedule, secret = judged.schedule, self.made.secret
        return time_point(self.request, self.candidate, schedule, point, secret, label, long=long)

    def _behind(self, speed: Speed) -> str:
        size = self.ranked.size
        return (
            f"{speed.speedup:.2f}x MLX here, {self.speedup:.2f}x at {size};"
            f" at least {self.floor:.2f}x is asked for"
        )

    def _slow_axes(self, point: Point, label: str) -> tuple[str, ...]:
        def fast(back: Point, name: str) -> bool:
            where = f"{label} with {name} returned"
            found = self._judge(back, where)
            if isinstance(found, Wrong):
                return False
            speed = self._speed(back, found, where)
            return isinstance(speed, Speed) and not speed.below(self.floor)

        broken = self._axes_that(point, fast)
        return broken or self._differing(point)

    def _document(
        self, found: Sequence[Found], missing: Sequence[str], drawn: int, *, failed: bool = False
    ) -> dict[str, Any]:
        good = ("passed", "regression", "unsupported")
        wrong = [f for f in found if f.status not in good]
        slow = [f for f in found if f.status == "regression"]
        status = (
            "failed"
            if wrong or failed
            else "regression"
            if slow
            else "not_covered"
            if missing
            else "passed"
        )
        first = next(iter(wrong or slow), None)
        reason = "; ".join(missing) if status in ("failed", "not_covered") else ""
        if first is not None:
            blamed = f" ({', '.join(first.axes)})" if first.axes else ""
            reason = f"{_where(first.dims)}{blamed}: {first.reason}"
        return {
            "status": status,
            "reason": reason,
            "axes": sorted({axis for f in (wrong or slow) for axis in f.axes}),
            "covered": not missing,
            "not_covered": list(missing),
            "draws": drawn,
            "points": [_plain(f) for f in found],
            "ranked_speedup": self.speedup,
            "least_speedup": None if self.speedup is None else self.floor,
            "commitment": self.made.commitment,
            "committed_at": self.made.committed_at,
            "seed": f"{self.made.secret:032x}",
            "earlier_gates": self.past.gates,
        }


def _plain(found: Found) -> dict[str, Any]:
    """A point as JSON has it, so that what is printed is what is stored."""
    plain = asdict(found)
    plain["speedup_ci"] = None if found.speedup_ci is None else list(found.speedup_ci)
    return {**plain, "of_kind": list(found.of_kind), "axes": list(found.axes)}


def _where(dims: Mapping[str, float]) -> str:
    return ", ".join(f"{name}={value:g}" for name, value in dims.items())
