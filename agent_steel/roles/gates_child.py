"""Gates A and B of a problem that was just authored; runs in a child process only (child.py).

A: the Metal kernel is right by the problem's own oracle and tolerance, at every check size.
B: MLX's reference and the external one agree with the oracle on every declared distribution, and
the problem refuses every mutant that it should.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agent_steel.roles.reference_child import FAULTS, Called
from harness.audit.audit import audit
from harness.errors import UserError
from harness.feedback import feedback
from harness.problem import inputs
from harness.problem.arguments import as_tuple, call_by_name
from harness.problem.bank import draw
from harness.problem.binding import problem_slots, rounded
from harness.problem.catalog import Catalog, Kernel, named_points
from harness.problem.compare import Run, compare
from harness.problem.dtypes import element_of, narrow, widen
from harness.problem.oracle import expected, names_at
from harness.spec import KernelSpec, Point

Values = npt.NDArray[Any]
#: MLX works in float32 and adds up in an order of its own: as a whole it may be off by this much.
MLX_RELATIVE_L2 = 1e-4
#: A point whose arrays hold more elements is left to gate A.
MAX_ELEMENTS = 1 << 22
_DRAWS = 2


def gates(root: str, name: str, reference: str | None, device: str, seed: int) -> dict[str, Any]:
    """Task: judge the problem `name` below `root`. Keys: passed, gate, reason, and what was tried.

    `gate` is the one that refused: "definition", "B" or "A".
    """
    try:
        kernel = Catalog(Path(root)).find(name)
    except UserError as problem:
        return _refused("definition", problem.message.replace(root, "").lstrip("/"))
    tried: list[str] = []
    wrong = _gate_b(kernel.spec, reference, seed, tried)
    if wrong:
        return _refused("B", wrong, tried)
    return _gate_a(kernel, Path(root), device, tried)


def _refused(gate: str, reason: str, tried: list[str] | None = None) -> dict[str, Any]:
    return {"passed": False, "gate": gate, "reason": reason, "tried": tried or [], "feedback": {}}


def _gate_b(spec: KernelSpec, reference: str | None, seed: int, tried: list[str]) -> str:
    """Why the problem is refused; empty: it is not."""
    external = None
    if reference is not None:
        try:
            external = Called(reference)
        except FAULTS as problem:
            return f"the external reference does not load: {_told(problem)}"
    for label, point in named_points(spec):
        if _elements(spec, point) > MAX_ELEMENTS:
            continue
        wrong = _at_point(spec, external, label, rounded(point), seed)
        if wrong:
            return f"{label}: {wrong}"
        tried.append(label)
    if not tried:
        return f"every size has more than {MAX_ELEMENTS} elements: give small check sizes"
    try:
        survivors = audit(spec, ("check",), seed).survivors
    except FAULTS as problem:
        return f"the definition fails when it is audited: {_told(problem)}"
    if survivors:
        return f"wrong answers are accepted ({', '.join(survivors)}): change inputs or tolerance"
    return ""


def _elements(spec: KernelSpec, point: Point) -> int:
    return sum(slot.elements for slot in problem_slots(spec, rounded(point)).values())


def _at_point(
    spec: KernelSpec, external: Called | None, label: str, point: Point, seed: int
) -> str:
    """Every input as the SPEC draws it, several times; and the public board's values."""
    secret = inputs.secret_of(seed)
    try:
        sets = [draw(spec, point, secret, label, index) for index in range(_DRAWS)]
        if spec.published_inputs is not None:
            published = spec.published_inputs(point)
            sets.append({**sets[0], **{n: np.asarray(v) for n, v in published.items()}})
    except FAULTS as problem:
        return f"the inputs cannot be drawn: {_told(problem)}"
    for values in sets:
        wrong = _on(spec, external, point, values)
        if wrong:
            return wrong
    return ""


def _on(
    spec: KernelSpec, external: Called | None, point: Point, values: Mapping[str, Values]
) -> str:
    try:
        answer = expected(spec, point, values)
    except FAULTS as problem:
        return f"the oracle fails: {_told(problem)}"
    wrong = _judged(spec, point, values, answer, "MLX", lambda: _mlx(spec, point, values))
    if wrong or external is None:
        return wrong
    wide = {n: widen(v, element_of(spec.inputs[n].dtype)) for n, v in values.items()}
    names = {**names_at(spec, point), **wide}
    return _judged(spec, point, values, answer, "the external reference", lambda: external(names))


def _judged(
    spec: KernelSpec,
    point: Point,
    values: Mapping[str, Values],
    answer: tuple[Values, ...],
    who: str,
    compute: Callable[[], tuple[Values, ...]],
) -> str:
    """Hold somebody's outputs against the oracle's, by the SPEC's tolerance."""
    try:
        outputs = compute()
    except FAULTS as problem:
        return f"{who} fails: {_told(problem)}"
    if len(outputs) != len(spec.outputs):
        return f"{who} gives {len(outputs)} outputs, the SPEC lists {len(spec.outputs)}"
    stored = {}
    for (name, array), got, want in zip(spec.outputs.items(), outputs, answer, strict=True):
        if got.size != want.size:
            return f"{who}: {name} has shape {list(got.shape)}, the SPEC {list(want.shape)}"
        element = element_of(array.dtype)
        flat = got.reshape(want.shape)
        stored[name] = narrow(flat, element) if element.floating else flat.astype(element.storage)
    refusal = compare(spec, point, values, [Run(stored, None)])[0].refusal
    if refusal is None or (who == "MLX" and _near(spec, stored, answer)):
        return ""
    return f"{who} disagrees with the oracle: {refusal.reason}"


def _near(spec: KernelSpec, stored: Mapping[str, Values], answer: tuple[Values, ...]) -> bool:
    """Whether every output as a whole is as near as float32 in any order would be."""
    for (name, array), want in zip(spec.outputs.items(), answer, strict=True):
        element = element_of(array.dtype)
        if not element.floating:
            return False
        got = widen(stored[name], element)
        finite = np.isfinite(want)
        if not np.array_equal(finite, np.isfinite(got)):
            return False
        error = np.linalg.norm(got[finite] - want[finite])
        if error > MLX_RELATIVE_L2 * np.linalg.norm(want[finite]):
            return False
    return True


def _mlx(spec: KernelSpec, point: Point, values: Mapping[str, Values]) -> tuple[Values, ...]:
    """The MLX reference, on the CPU."""
    import mlx.core as mx

    mx.set_default_device(mx.cpu)
    arrays = {}
    for name, raw in values.items():
        array = mx.array(raw)
        is_brain = spec.inputs[name].dtype == "bfloat16"
        arrays[name] = array.view(mx.bfloat16) if is_brain else array
    found = as_tuple(call_by_name(spec.reference, {**names_at(spec, point), **arrays}))
    mx.eval(*found)
    floating = (mx.float16, mx.bfloat16)
    return tuple(np.asarray(o.astype(mx.float32) if o.dtype in floating else o) for o in found)


def _gate_a(kernel: Kernel, root: Path, device: str, tried: list[str]) -> dict[str, Any]:
    from harness.evaluator import evaluate

    source = root / "metal" / "kernels" / kernel.set / f"{kernel.name}.metal"
    found = evaluate(kernel, source.read_text("utf-8"), device=device, mode="check")
    return {
        "passed": found.passed,
        "gate": "" if found.passed else "A",
        "reason": "" if found.passed else f"{found.status.value}: {found.reason}",
        "tried": tried,
        "feedback": feedback(found),
    }


def _told(problem: Exception) -> str:
    text = str(problem).strip().splitlines()
    return f"{type(problem).__name__}: {text[0][:300] if text else ''}".rstrip(": ")
