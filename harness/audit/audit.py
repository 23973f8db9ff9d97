"""Audits one problem: which mutants its own comparison refuses, accepts, or cannot tell apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.audit.mutants import MUTANTS, Answer, Arrays, differs, stored_answer
from harness.errors import UserError
from harness.problem import inputs
from harness.problem.bank import draw
from harness.problem.binding import SpecError, problem_slots, rounded
from harness.problem.catalog import Kernel
from harness.problem.compare import Run, refused
from harness.spec import KernelSpec, Point

SIZES = ("check", "published", "large")
#: An output of fewer elements may come near the right one by luck: then more draws decide.
FEW_ELEMENTS = 32
MORE_DRAWS = 4
#: Wrong answers that are held at once.
_BATCH_BYTES = 512 << 20

#: What a definition that is wrong in itself raises when it is evaluated.
_FAULTS = (SpecError, ArithmeticError, LookupError, TypeError, ValueError)

Outcome = Literal["killed", "n.a.", "SURVIVED"]


@dataclass(frozen=True)
class Finding:
    """What became of one mutant of one problem."""

    outcome: Outcome
    reason: str = ""  # of n.a.: why; of SURVIVED: which form, at which sizes


@dataclass(frozen=True)
class Report:
    """All mutants of one problem at the sizes that were audited."""

    findings: Mapping[str, Finding]
    sizes: tuple[str, ...]

    @property
    def survivors(self) -> list[str]:
        """The mutants that the problem accepts."""
        return [name for name, found in self.findings.items() if found.outcome == "SURVIVED"]


@dataclass(frozen=True)
class _Form:
    """One form of a mutant at one point."""

    mutant: str
    detail: str
    outputs: Arrays
    differs: bool


def points_of(spec: KernelSpec, sizes: Sequence[str]) -> list[tuple[str, Point]]:
    """The points that the sizes name, labelled; `check` names all check sizes."""
    found: list[tuple[str, Point]] = []
    for size in sizes:
        if size == "check":
            found += [(f"check {i}", point) for i, point in enumerate(spec.sizes.check_points())]
        else:
            known = {"published": spec.sizes.published, "large": spec.sizes.large_point()}
            found.append((size, known[size]))
    return found


def audit_kernel(kernel: Kernel, sizes: Sequence[str] = SIZES, seed: int = 0) -> Report:
    """`audit`; a definition that is wrong in itself is a UserError that names its file."""
    try:
        return audit(kernel.spec, sizes, seed)
    except _FAULTS as problem:
        what = f"{type(problem).__name__}: {problem}"
        raise UserError(f"definition {kernel.path}: {what}") from problem


def audit(spec: KernelSpec, sizes: Sequence[str] = SIZES, seed: int = 0) -> Report:
    """Try every mutant at every point of the sizes. Needs no device and no kernel."""
    secret = inputs.secret_of(seed)
    seen: dict[str, list[tuple[str, Outcome, str]]] = {name: [] for name in MUTANTS}
    several = False  # whether any size has more than one number, or mean is what it must be
    for label, point in points_of(spec, sizes):
        several = several or _numbers(spec, point) > 1
        for mutant, outcome, reason in _at(spec, rounded(point), secret, label):
            seen[mutant].append((label, outcome, reason))
    findings = {name: _joined(found) for name, found in seen.items()}
    for name, mutant_of in MUTANTS.items():
        must_differ = mutant_of.must_differ and (several or name == "previous")
        if must_differ and findings[name].outcome == "n.a.":
            findings[name] = Finding("SURVIVED", f"it is the right answer at {', '.join(sizes)}")
    return Report(findings, tuple(sizes))


def _numbers(spec: KernelSpec, point: Point) -> int:
    """Elements of the smallest output."""
    slots = problem_slots(spec, rounded(point))
    return min(slots[name].elements for name in spec.outputs)


def _joined(found: Sequence[tuple[str, Outcome, str]]) -> Finding:
    """One finding from those at all points: accepted anywhere, else refused anywhere, else n.a."""
    accepted = [f"{label}: {reason}" for label, outcome, reason in found if outcome == "SURVIVED"]
    if accepted:
        return Finding("SURVIVED", "; ".join(accepted))
    if any(outcome == "killed" for _, outcome, _ in found):
        return Finding("killed")
    reasons = {reason for _, _, reason in found}
    return Finding("n.a.", min(reasons, default="no size"))


def _at(
    spec: KernelSpec, point: Point, secret: int, label: str
) -> Iterator[tuple[str, Outcome, str]]:
    """Every mutant at one point."""
    first = _tried(spec, point, secret, label, 0, None)
    accepted = {key for key, (_, verdict) in first.items() if verdict is False}
    if accepted and _numbers(spec, point) < FEW_ELEMENTS:
        accepted = _not_by_luck(spec, point, secret, label, accepted)
    for mutant, about in MUTANTS.items():
        forms = {key: found for key, found in first.items() if key[0] == mutant}
        survivors = [detail for _, detail in forms if (mutant, detail) in accepted]
        if survivors:
            yield mutant, "SURVIVED", ", ".join(survivors)
        elif any(verdict is not None for _, verdict in forms.values()):
            yield mutant, "killed", ""
        else:
            reason = "it is the right answer" if forms or not about.absent else about.absent
            yield mutant, "n.a.", reason


_Key = tuple[str, str]


def _not_by_luck(
    spec: KernelSpec, point: Point, secret: int, label: str, accepted: set[_Key]
) -> set[_Key]:
    """Of the accepted forms those that are accepted on further draws too, at least on one."""
    again: set[_Key] = set()
    for number in range(1, MORE_DRAWS + 1):
        found = _tried(spec, point, secret, label, 2 * number, {mutant for mutant, _ in accepted})
        again |= {key for key in accepted if found.get(key, (False, None))[1] is False}
    return again


def _tried(
    spec: KernelSpec, point: Point, secret: int, label: str, draw_number: int, only: set[str] | None
) -> dict[_Key, tuple[bool, bool | None]]:
    """Every form on one draw: whether it differs, and then whether it is refused."""
    given = draw(spec, point, secret, f"audit {label}", draw_number)
    other = draw(spec, point, secret, f"audit {label}", draw_number + 1)
    previous = stored_answer(spec, point, other)
    del other
    answer = Answer(spec, point, given, stored_answer(spec, point, given), previous)
    found: dict[_Key, tuple[bool, bool | None]] = {}
    for batch in _batches(answer, only):
        runs = [form for form in batch if form.differs]
        judged = refused(spec, point, given, [Run(f.outputs, None) for f in runs]) if runs else []
        found |= {(form.mutant, form.detail): (False, None) for form in batch if not form.differs}
        for form, verdict in zip(runs, judged, strict=True):
            found[form.mutant, form.detail] = (True, verdict)
    return found


def _batches(answer: Answer, only: set[str] | None) -> Iterator[list[_Form]]:
    """The forms, as many at a time as memory allows: each batch costs an oracle."""
    size = sum(values.nbytes for values in answer.right.values())
    most = max(2, _BATCH_BYTES // max(size, 1))
    batch: list[_Form] = []
    for name, mutant in MUTANTS.items():
        if only is not None and name not in only:
            continue
        for detail, outputs in mutant.make(answer):
            different = differs(answer.spec, answer.right, outputs)
            batch.append(_Form(name, detail, outputs if different else {}, different))
            if sum(form.differs for form in batch) >= most:
                yield batch
                batch = []
    if batch:
        yield batch
