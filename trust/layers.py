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
import msl.lanes_build
import msl.preprocess
import msl.request
from harness.checking import checked_judging, judge, pool
from harness.checking.checked_findings import Finding, Reader
from harness.evaluation import Status
from harness.gate import held_out
from harness.problem import abi, bank, compare, header, inputs, schedule, tracks
from harness.problem.bank import Guise
from harness.problem.dtypes import poison as poison_bits
from harness.problem.expressions import ExpressionError
from harness.problem.schedule import NotCovered
from harness.problem.tolerance import Bound, Tolerance
from harness.spec import KernelSpec
from harness.timing import figures, kernel_side, verdict
from msl import safety

#: (owner, attribute, what stands there instead, made from what stood there)
Patch = tuple[Any, str, Callable[[Any], Any]]


@dataclass(frozen=True)
class Layer:
    """One defence: where it speaks, and what to replace to be without it.

    `stages` are who says the refusal; a layer that says nothing itself (poison, fresh values)
    speaks through the comparison. Without patches it cannot be taken out, for the reason given.
    """

    name: str
    what: str
    stages: tuple[str, ...]
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


def _in_order(old: Callable[..., Any]) -> Callable[..., Any]:
    def run(this: Any, memory: Any, number: int, values: Any, order: int) -> Any:
        return old(this, memory, number, values, 0)

    return run


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
    def spec_for(spec: KernelSpec, track: str) -> Any:
        rule = spec.published_tolerance
        rtol, atol = rule if isinstance(rule, tuple) else (1e-3, 1e-3)
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


def _zeros_once(old: Callable[..., Any]) -> Callable[..., Any]:
    """Memory as a new buffer has it: zeros before the first run, then what the last one left."""

    def poison(this: Any, first: int, count: int, which: int, names: Any) -> None:
        seen = this.__dict__.setdefault("touched", set())
        for instance in range(first, first + count):
            for name in names:
                if (instance, name) not in seen:
                    seen.add((instance, name))
                    this.view(instance, name).view(np.uint8).fill(0)

    return poison


def _residue(old: Callable[..., list[str]]) -> Callable[..., list[str]]:
    def flags(*arguments: Any) -> list[str]:
        return [flag for flag in old(*arguments) if "auto-var-init" not in flag]

    return flags


_PRIVATE: list[Patch] = [
    (msl.request, "compile_flags", _residue),
    (msl.lanes_build, "compile_flags", _residue),
]
_HEADER: list[Patch] = [(header._Line, "added_to", _quiet_header)]
_INCLUDE: list[Patch] = [(tracks, "forbidden_include", _nothing(None))]
_FILES: list[Patch] = [(msl.preprocess, "entered_files", _nothing(set()))]
_LEXICAL: list[Patch] = [
    (safety, "token_checks", _nothing([])),
    (safety, "raw_checks", _nothing([])),
    (safety, "blocked_directive", _nothing(None)),
]
_MACROS: list[Patch] = [(msl.preprocess, "_command", _target_macros)]
_ABI: list[Patch] = [(abi, "check", _nothing(None))]
_LIMITS: list[Patch] = [(schedule._Resolver, "_whole", _lenient_whole)]
_POISON: list[Patch] = [(pool.Pool, "poison", _zeros_once)]
_POISON_FIRST: list[Patch] = [(pool.Pool, "poison", _only_poison(1))]
_POISON_SECOND: list[Patch] = [(pool.Pool, "poison", _only_poison(0))]
_ORDERS: list[Patch] = [(judge._Trial, "_run", _in_order)]
_CHECK_SIZES: list[Patch] = [(judge, "judge", _without_check_sizes)]
_VALUES: list[Patch] = [(bank, "draw", _plain_values)]
_SECRET: list[Patch] = [(inputs, "secret_of", lambda old: lambda seed: old(PUBLIC_SEED))]
_CANARIES: list[Patch] = [(pool.Pool, "overrun", _nothing(None))]
_INPUTS: list[Patch] = [(judge, "first_difference", _nothing(None))]
_ORACLE: list[Patch] = [(compare._Output, "wrong", _no_wrong_values)]
_TOLERANCE: list[Patch] = [(tracks, "spec_for", _published_tolerance)]
_FRESH: list[Patch] = [(bank.Bank, "guise", _nothing(Guise(0, 0)))]
_VALIDATION: list[Patch] = [(kernel_side.KernelSide, "_validate", _no_validation)]
_HELD_OUT: list[Patch] = [
    (held_out, "run", _nothing({"status": "passed", "reason": "", "points": []}))
]
_PLAUSIBILITY: list[Patch] = [(figures, "_ceiling_flags", _nothing(()))]
_SAME_SOURCE: list[Patch] = [(verdict, "same_source", _nothing(False))]

#: The seed that a careless benchmark uses for everybody.
PUBLIC_SEED = 0

_FRONT, _BEFORE = ("front end",), ("before the run",)
_COMPARED, _INSIDE = ("comparison",), ("checked build",)

#: In the order in which a candidate meets them.
_ALL: tuple[Layer, ...] = (
    Layer("header", "header lines are a closed grammar", _FRONT, _HEADER),
    Layer(
        "include",
        "headers of the standard library and of this repository only",
        _FRONT,
        _INCLUDE,
    ),
    Layer("files", "whatever a directive says, only files we supplied are read", _FRONT, _FILES),
    Layer("lexical", "words that reach beyond Metal are refused after expansion", _FRONT, _LEXICAL),
    Layer("target_macros", "no macro tells one target from another", _COMPARED, _MACROS),
    Layer(
        "compiler",
        "what is not Metal, needs start-up code or bursts a limit",
        _FRONT,
        stays="without it there is no program to run",
    ),
    Layer("abi", "parameters fit what is bound", _BEFORE, _ABI),
    Layer("limits", "grids, repeats and scratch within limits", _BEFORE, _LIMITS),
    Layer(
        "pipeline",
        "threads and threadgroup memory that a pipeline has",
        _BEFORE,
        stays="there is no more memory to give",
    ),
    Layer(
        "host",
        "deadlines and crashes",
        ("host",),
        stays="without it a run would not end, or take this process with it",
    ),
    Layer(
        "constants",
        "constants are mapped read-only",
        ("host",),
        stays="the worker maps them so before it opens a library",
    ),
    Layer(
        "host_poison",
        "threadgroup memory and absent lanes start as poison",
        (*_COMPARED, *_INSIDE),
        stays="the worker does it by itself",
    ),
    Layer(
        "private_poison",
        "local variables never hold what an earlier run left",
        _COMPARED,
        _PRIVATE,
    ),
    Layer(
        "poison",
        "outputs and scratch never hold zeros or an old answer",
        (*_COMPARED, *_INSIDE),
        _POISON,
    ),
    Layer("poison_first", "the first poison: NaN", (*_COMPARED, *_INSIDE), _POISON_FIRST),
    Layer("poison_second", "the second poison: 1e30", (*_COMPARED, *_INSIDE), _POISON_SECOND),
    Layer("orders", "threadgroups and threads in another order", (*_COMPARED, "host"), _ORDERS),
    Layer("check_sizes", "odd sizes and unusual scalars", _COMPARED, _CHECK_SIZES),
    Layer("values", "inputs that a shortcut does not survive", _COMPARED, _VALUES),
    Layer("secret", "inputs nobody can know beforehand", _COMPARED, _SECRET),
    Layer("canaries", "guards around every buffer", ("guards",), _CANARIES),
    Layer("inputs", "inputs are compared after the run", ("inputs",), _INPUTS),
    Layer("oracle", "every element is compared with float64", _COMPARED, _ORACLE),
    Layer(
        "tolerance", "bounds that follow from the error of the arithmetic", _COMPARED, _TOLERANCE
    ),
    Layer(
        "checked_bounds",
        "accesses outside of buffers and arrays",
        _INSIDE,
        _checked(Status.OUT_OF_BOUNDS),
    ),
    Layer("checked_race", "accesses that nothing orders", _INSIDE, _checked(Status.DATA_RACE)),
    Layer(
        "checked_barrier",
        "barriers that some threads skip",
        _INSIDE,
        _checked(Status.DIVERGENT_BARRIER),
    ),
    Layer("checked_lanes", "lanes that are not there", _INSIDE, _checked(Status.INACTIVE_LANE)),
    Layer(
        "checked_integer",
        "integer arithmetic without a result",
        _INSIDE,
        _checked(Status.UNDEFINED_INTEGER),
    ),
    Layer(
        "checked_uninitialised",
        "memory that nobody wrote",
        _INSIDE,
        _checked(Status.UNINITIALISED_READ),
    ),
    Layer(
        "checked_inputs",
        "stores into inputs",
        _INSIDE,
        _checked(Status.INPUT_MODIFIED),
    ),
    Layer("fresh", "other values in every timed run", ("timed run",), _FRESH),
    Layer("validation", "a tenth of the timed runs is compared", ("timed run",), _VALIDATION),
    Layer("held_out", "sizes drawn by a secret", ("held-out gate",), _HELD_OUT),
    Layer("plausibility", "nothing above the physics of the chip", ("flags",), _PLAUSIBILITY),
    Layer("same_source", "a copy wins no Record", ("promotion",), _SAME_SOURCE),
)

LAYERS: Mapping[str, Layer] = {layer.name: layer for layer in _ALL}

#: Stored outcomes were found with every layer in place.
_FORGETFUL: Sequence[Patch] = (
    (checked_judging, "_load", _nothing(None)),
    (checked_judging, "_store", _nothing(None)),
)


@contextlib.contextmanager
def without(names: Collection[str]) -> Iterator[None]:
    """Judge with these layers taken out."""
    with contextlib.ExitStack() as stack:
        patches = [patch for name in names for patch in LAYERS[name].patches]
        for owner, attribute, made in (*patches, *(_FORGETFUL if names else ())):
            old = owner.__dict__[attribute]
            stack.enter_context(mock.patch.object(owner, attribute, made(old)))
        if names:
            stamp = f"without {sorted(n for n in names if 'front end' in LAYERS[n].stages)}"
            # These decide what is built, though others speak for them.
            stamp += "".join(f" {n}" for n in ("target_macros", "private_poison") if n in names)
            stamped = msl.cache.front_end_stamp
            if stamp != "without []":
                stack.enter_context(
                    mock.patch.object(
                        msl.cache, "front_end_stamp", lambda **named: stamped(**named) + stamp
                    )
                )
        yield
