"""The tracks of the board: which one a file declares, and by what rules each is judged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from harness import settings
from harness.devices.base import Source
from harness.evaluation import Refusal, Status
from harness.problem.arguments import as_tuple, call_by_name
from harness.problem.dtypes import element_of, widen
from harness.problem.header import Header, parse_header
from harness.problem.tolerance import TINY, Bound, Tolerance
from harness.spec import KernelSpec
from msl import safety
from msl.lexer import DIRECTIVE, lex

Values = npt.NDArray[Any]

DEFAULT = "exact"
#: What each track demands, in one sentence: RULES.md prints these.
MEANINGS = {
    "exact": "the SPEC's tolerance; headers of Metal's standard library and of metal/include",
    "relaxed": "values may be held in half precision: the SPEC's bound, or four times what "
    "rounding the inputs to 11 significant bits does to the float64 oracle, plus four "
    "half-precision roundings of the result; integer outputs stay exact",
    "library": "the SPEC's tolerance; any header that the platform offers",
}

#: The unit roundoff of half precision, and the bits of a float32 that it drops.
HALF = 2.0**-11
_DROPPED_BITS = 13
#: A bound is so many times the largest effect of a few ways of rounding the inputs.
FACTOR = 4.0
_ROUNDINGS = 4

_INCLUDE = re.compile(r"#\s*(?:include|import)\b\s*(.*)", re.DOTALL)
_STANDARD = re.compile(r"(?:metal|simd)(?:_[a-z0-9_]+|/[a-z0-9_]+\.h)?")


def track_of(source: str) -> str:
    """The track that a file declares; a header that does not parse declares none."""
    header = parse_header(source)
    return header.track or DEFAULT if isinstance(header, Header) else DEFAULT


def spec_for(spec: KernelSpec, track: str) -> KernelSpec:
    """The problem as a track judges it."""
    return replace(spec, tolerance=relaxed(spec)) if track == "relaxed" else spec


def forbidden_include(source: Source, track: str) -> Refusal | None:
    """Why a file may not include what it does: other headers are the track `library`'s."""
    if track == "library":
        return None
    tokens = lex(source.text)
    spelled = {id(token): name for token, name in safety.includes(tokens)}
    for token in tokens:
        match = _INCLUDE.match(token.text) if token.kind == DIRECTIVE else None
        name = spelled.get(id(token), match[1].strip() if match else "")
        if not match or (id(token) in spelled and (_STANDARD.fullmatch(name) or _is_ours(name))):
            continue
        where = f"{source.path}:{token.line}:1"
        reason = f"{where}: '{name}' is no header of this track; say `//! track: library`"
        return Refusal(Status.COMPILE_ERROR, reason, location=where)
    return None


def _is_ours(name: str) -> bool:
    folder = (settings.ROOT / "metal" / "include").resolve()
    path = (folder / name).resolve()
    return folder in path.parents and path.is_file()


def relaxed(spec: KernelSpec) -> Tolerance:
    """The SPEC's tolerance, widened to what half precision does to this problem's inputs."""

    def bounds(
        inputs: Mapping[str, Values], expected: Sequence[Values], point: Mapping[str, float]
    ) -> tuple[Bound, ...]:
        exact = spec.tolerance(inputs, expected, point)
        errors = [np.zeros(np.shape(ref)) for ref in expected]
        for rounded in _roundings(spec, inputs):
            got = as_tuple(call_by_name(spec.oracle, {**point, **rounded}))
            for i, (one, ref) in enumerate(zip(got, expected, strict=True)):
                errors[i] = np.maximum(errors[i], _error(np.reshape(one, np.shape(ref)), ref))
        pairs = zip(exact, errors, expected, strict=True)
        return tuple(_widened(bound, error, ref) for bound, error, ref in pairs)

    return Tolerance(f"relaxed: half precision, or {spec.tolerance.description}", bounds)


def _roundings(spec: KernelSpec, inputs: Mapping[str, Values]) -> Iterator[dict[str, Values]]:
    """The inputs in float64 with 11 significant bits, rounded to nearest and at random.

    Several ways, because a single one may by luck leave a sum that cancels where it was.
    """
    for way in range(_ROUNDINGS):
        rng = np.random.default_rng(way) if way else None
        yield {
            name: shortened(values, rng)
            if spec.inputs[name].dtype == "float32"
            else widen(values, element_of(spec.inputs[name].dtype))
            for name, values in inputs.items()
        }


def shortened(values: Values, rng: np.random.Generator | None = None) -> Values:
    """float32 values with a half's significand and their own range, as float64."""
    step = np.uint32(1 << _DROPPED_BITS)
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    if rng is None:
        up: Any = step >> np.uint32(1)
    else:
        up = rng.integers(0, int(step), size=bits.shape, dtype=np.uint32)
    short = ((bits + up) & ~(step - np.uint32(1))).view(np.float32)
    keep = np.isfinite(values) & np.isfinite(short)
    return np.where(keep, short, values).astype(np.float64)


def _error(got: Values, ref: Values) -> Values:
    """Absolute errors; where either is not finite there is nothing to allow."""
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(np.asarray(got, dtype=np.float64) - ref)
    return np.asarray(np.where(np.isfinite(error), error, 0.0))


def _widened(bound: Bound, error: Values, ref: Values) -> Bound:
    """Every element of a row is allowed what the worst of the row suffers."""
    worst = error.max(axis=-1, keepdims=True) if error.ndim else error
    finite = np.where(np.isfinite(ref), np.abs(ref), 0.0)
    allowed = FACTOR * (worst + HALF * finite)
    norms = tuple(
        (max(limit, FACTOR * (_relative(error, finite, axis) + HALF)), axis)
        for limit, axis in bound.norms
    )
    absolute = np.maximum(bound.absolute, allowed) if np.all(bound.absolute < np.inf) else np.inf
    return Bound(absolute, norms)


def _relative(error: Values, size: Values, axis: int | None) -> float:
    def norm(values: Values) -> Values:
        return np.asarray(np.sqrt(np.sum(np.square(values), axis=axis)))

    return float(np.max(norm(error) / (norm(size) + TINY)))
