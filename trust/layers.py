"""The layers between a bad kernel and the board, each with the one place that it is taken out at.

Only this package takes layers out, and only to show what each of them holds back: the product has
no switch for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import numpy as np

import msl.cache
import msl.preprocess
from harness import (
    abi,
    bank,
    checked_judging,
    compare,
    figures,
    header,
    inputs,
    judge,
    kernel_side,
    pool,
    schedule,
    tracks,
    trial,
    verdict,
)
from harness.bank import Guise
from harness.checked_findings import Finding, Reader
from harness.dtypes import poison as poison_bits
from harness.evaluation import Status
from harness.expressions import ExpressionError
from harness.schedule import NotCovered
from harness.spec import KernelSpec, ulp
from harness.tolerance import Bound, Tolerance
from msl import safety

#: (owner, attribute, what stands there instead, made from what stood there)
Patch = tuple[Any, str, Callable[[Any], Any]]


@dataclass(frozen=True)
class Layer:
    """One defence: where it speaks, and what to replace to be without it.

    `stage` is who says the refusal; a layer that says nothing itself (poison, fresh values) speaks
    through the comparison. Without patches the layer cannot be taken out, for the reason given.
    """

    name: str
    what: str
    stage: str
    patches: Sequence[Patch] = ()
    stays: str = ""

    @property
    def removable(self) -> bool:
        """Whether there is a way to judge without it."""
        return bool(self.patches)


def _nothing(value: Any) -> Callable[[Any], Any]:
    """A function that always answers `value`."""
    return lambda old: lambda *arguments, **named: value


def _quiet_header(old: Callable[..., Any]) -> Callable[..., Any]:
    def added(line: Any, found: Any) -> Any:
        try:
            return old(line, found)
        except ExpressionError:
            return found

    return added


def _only_poison(which: int) -> Callable[[Any], Any]:
    def made(old: Callable[..., Any]) -> Callable[..., Any]:
        def poison(this: Any, first: int, count: int, other: int, names: Any) -> None:
            old(this, first, count, which, names)

        return poison

    return made


def _no_wrong_values(old: Callable[..., Any]) -> Callable[..., Any]:
    """Values are not judged; what still is poison, or not finite, is seen as before."""

    def wrong(this: Any, bound: Bound) -> Any:
        found = old(this, bound)
        raw = np.ascontiguousarray(this.raw.reshape(-1)[found])
        bad = ~np.isfinite(this.got.reshape(-1)[found].astype(np.float64))
        for which in (0, 1):
            bits = poison_bits(this.element.bytes, which)
            bad |= raw.view(bits.dtype) == bits
        return found[bad]

    return wrong


def _published_tolerance(old: Callable[..., Any]) -> Callable[..., Any]:
    def spec_for(spec: KernelSpec, track: str) -> KernelSpec:
        rtol, atol = spec.published_tolerance or (1e-3, 1e-3)
        if (rtol, atol) == (0.0, 0.0):
            rtol, atol = 1e-3, 1e-3

        def bounds(values: Any, expected: Any, point: Any) -> tuple[Bound, ...]:
            return tuple(Bound(atol + rtol * np.abs(one)) for one in expected)

        return replace(old(spec, track), tolerance=Tolerance("the public board's", bounds))

    return spec_for


def _plain_values(old: Callable[..., Any]) -> Callable[..., Any]:
    """Normal values wherever a SPEC draws floats that mean something else than indices."""

    def draw(spec: KernelSpec, point: Any, secret: int, label: str, index: int) -> Any:
        plain = {
            name: replace_values(array) if array.dtype == "float32" and name != "indices" else array
            for name, array in spec.inputs.items()
        }
        return old(replace(spec, inputs=plain), point, secret, label, index)

    def replace_values(array: Any) -> Any:
        return type(array)(*array.shape, dtype=array.dtype, values=inputs.normal())

    return draw


def _without_check_sizes(old: Callable[..., Any]) -> Callable[..., Any]:
    def judged(candidate: Any, points: Sequence[Any], secret: int) -> Any:
        asked = [point for point in points if not point[0].startswith("check")]
        left_out = [NotCovered("layer off")] * (len(points) - len(asked))
        return [*left_out, *old(candidate, asked, secret)]

    return judged


def _blind_to(*statuses: Status) -> Callable[[Any], Any]:
    def made(old: Callable[..., Finding | None]) -> Callable[..., Finding | None]:
        def finding(this: Any, raw: Any) -> Finding | None:
            found = old(this, raw)
            return None if found is None or found.status in statuses else found

        return finding

    return made


def _no_validation(old: Callable[..., Any]) -> Callable[..., Any]:
    def validate(this: Any, memory: Any, sample: Any) -> None:
        this.validated += 1

    return validate


def _lenient_whole(old: Callable[..., int]) -> Callable[..., int]:
    def whole(this: Any, expression: Any, what: str, least: int, most: int, *rest: Any) -> int:
        return old(this, expression, what, -(1 << 62), 1 << 62, *rest)

    return whole


def _target_macros(old: Callable[..., list[str]]) -> Callable[..., list[str]]:
    def command(*arguments: Any) -> list[str]:
        return [word for word in old(*arguments) if word != "-undef"]

    return command


def _checked(status: Status) -> list[Patch]:
    return [(Reader, "finding", _blind_to(status))]


_SAYS_NOTHING = "comparison"
_FRONT_END = "front end"

LAYERS: Mapping[str, Layer] = {
    layer.name: layer
    for layer in (
        Layer("header", "header lines are a closed grammar", _FRONT_END,
              [(header._Line, "added_to", _quiet_header)]),
    )
}
