"""MLX's side of a comparison: every form of the reference, probed once, the fastest timed.

A sample builds the lazy graphs of all instances on fresh input arrays, then times one `mx.eval` of
them all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import mlx.core as mx
import numpy as np
import numpy.typing as npt

from harness.clock import Duration, Wall
from harness.evaluation import Refusal, Status
from harness.problem.arguments import as_tuple, call_by_name
from harness.problem.bank import Bank, Guise
from harness.problem.compare import Run, compare
from harness.problem.dtypes import element_of, narrow
from harness.problem.inputs import stream
from harness.problem.oracle import names_at
from harness.spec import KernelSpec
from harness.timing.freed_memory import keep_freed_memory

Values = npt.NDArray[Any]
#: Input arrays of the reference to its outputs, lazily.
Form = Callable[..., tuple[mx.array, ...]]

EAGER = "mlx"
COMPILED = "mx.compile"
_PROBES = 3
_HELD_BYTES = 128 << 20
_PROBE_S = 0.2  # a form that takes longer is probed once
_BASELINE_ERROR = 1e-2
MAX_INSTANCES = 1024
ARRAY_BYTES = 192 << 20


@dataclass(frozen=True)
class Baselines:
    """What probing found: the time of every form that works, and why the others do not."""

    fastest: str
    ms: Mapping[str, float]
    absent: Mapping[str, str] = field(default_factory=dict)


class MlxSide:
    """The MLX baseline of one problem at one point."""

    def __init__(self, spec: KernelSpec, bank: Bank, secret: int, *, gpu: bool = False) -> None:
        self.spec = spec
        self.bank = bank
        self._rng = stream(secret, "mlx side")
        # Where a stand-in serves Metal, MLX has no GPU either.
        self._device = mx.gpu if gpu and mx.is_available(mx.gpu) else mx.cpu
        mx.set_default_device(self._device)
        keep_freed_memory()
        self._consts = names_at(spec, bank.point)
        self.forms: dict[str, Form] = {}
        self.baselines = Baselines(EAGER, {})
        self.name = EAGER
        self._one = mx.array(1.0)
        mx.eval(self._one)
        # Beyond every cache it is the same whether an input was written just now or long ago.
        large = sum(array.nbytes for array in bank.sets[0].values()) > _HELD_BYTES
        self._held = self._arrays(Guise(0, 0)) if large else None

    def _form(self, function: Callable[..., Any]) -> Form:
        names = list(self.spec.inputs)

        def form(*arrays: mx.array) -> tuple[mx.array, ...]:
            given = {**self._consts, **dict(zip(names, arrays, strict=True))}
            return as_tuple(call_by_name(function, given))

        return form

    def probe(self) -> Refusal | None:
        """Time every form once and choose the fastest; refuse if the reference itself is wrong."""
        eager = self._form(self.spec.reference)
        candidates: dict[str, Form] = {EAGER: eager, COMPILED: mx.compile(eager)}
        candidates |= {name: self._form(form) for name, form in self.spec.forms.items()}
        times: dict[str, float] = {}
        absent: dict[str, str] = {}
        guise = Guise(0, 0)
        for name, form in candidates.items():
            try:
                outputs, ms = self._probe_form(form, guise)
            except (RuntimeError, ValueError, TypeError, NotImplementedError) as problem:
                if name == EAGER:
                    raise
                absent[name] = str(problem).strip().split("\n")[0] or type(problem).__name__
                continue
            refusal = self._wrong(outputs, guise)
            if refusal is None:
                times[name] = ms
                self.forms[name] = form
            elif name == EAGER:
                return refusal
            else:
                absent[name] = f"wrong: {refusal.reason}"
        self.name = min(times, key=lambda name: times[name])
        self.baselines = Baselines(self.name, times, absent)
        return None

    def _probe_form(self, form: Form, guise: Guise) -> tuple[list[mx.array], float]:
        best = float("inf")
        outputs: list[mx.array] = []
        began = time.perf_counter()
        for _ in range(_PROBES):
            if time.perf_counter() - began > _PROBE_S:
                break
            outputs, ns = self._eval(form, [guise])
            best = min(best, ns / 1e6)
        return outputs, best

    def _wrong(self, outputs: Sequence[mx.array], guise: Guise) -> Refusal | None:
        """Why a form does not compute this problem, None if it does.

        A baseline need not be as accurate as a kernel has to be: where it misses the tolerance
        it counts as right if no error exceeds a hundredth of the outputs' size.
        """
        pairs = zip(self.spec.outputs.items(), outputs, strict=True)
        stored = {name: _as_stored(array, out.dtype) for (name, out), array in pairs}
        found = compare(self.spec, self.bank.point, self.bank.inputs(guise), [Run(stored, None)])[0]
        if found.refusal is None or found.published is Status.PASSED:
            return None
        floating = all(values.dtype.kind == "f" for values in stored.values())
        if floating and found.refusal.status is Status.WRONG_VALUES:
            size = min(_root_mean_square(values) for values in stored.values())
            if found.max_abs_err <= _BASELINE_ERROR * size:
                return None
        return found.refusal

    def _eval(self, form: Form, guises: Sequence[Guise]) -> tuple[list[mx.array], float]:
        """Outputs of every instance, and the nanoseconds of the one `mx.eval` that made them.

        The inputs stay alive: MLX would else write outputs over them, which no kernel may do.
        """
        inputs = [self._held or self._arrays(guise) for guise in guises]
        mx.eval(inputs)
        graphs = [output for arrays in inputs for output in form(*arrays)]
        start = time.perf_counter_ns()
        mx.eval(graphs)
        return graphs, time.perf_counter_ns() - start

    def _arrays(self, guise: Guise) -> list[mx.array]:
        found = []
        for name, values in self.bank.inputs(guise).items():
            array = mx.array(values)
            is_bfloat = self.spec.inputs[name].dtype == "bfloat16"
            found.append(array.view(mx.bfloat16) if is_bfloat else array)
        return found

    @property
    def max_instances(self) -> int:
        """The most instances of one sample."""
        size = sum(array.nbytes for array in self.bank.sets[0].values()) or 1
        return int(np.clip(ARRAY_BYTES // (2 * size), 1, MAX_INSTANCES))

    def sample(self, instances: int) -> Duration[Wall] | Refusal:
        """The time of one `mx.eval` of `instances` graphs."""
        guises = [self.bank.guise(self._rng) for _ in range(instances)]
        _, ns = self._eval(self.forms[self.name], guises)
        return Duration(ns, Wall)

    def overhead(self) -> Duration[Wall]:
        """The time of the smallest graph there is."""
        graph = self._one + self._one
        start = time.perf_counter_ns()
        mx.eval(graph)
        return Duration(time.perf_counter_ns() - start, Wall)


def _root_mean_square(values: Values) -> float:
    finite = values[np.isfinite(values)].astype(np.float64, copy=False)
    return float(np.sqrt(np.mean(np.square(finite)))) if finite.size else 0.0


def _as_stored(array: mx.array, dtype: str) -> Values:
    """An MLX array as the kernel's buffer would hold it."""
    element = element_of(dtype)
    if element.name == "bfloat16":
        return np.asarray(array.astype(mx.bfloat16).view(mx.uint16))
    wide = array.astype(mx.float32) if array.dtype == mx.bfloat16 else array
    return narrow(np.asarray(wide), element)


def time_forms(spec: KernelSpec, bank: Bank) -> dict[str, float]:
    """Milliseconds of the NumPy form and, where torch is installed, of the torch form."""
    names = names_at(spec, bank.point)
    inputs = bank.inputs(Guise(0, 0))
    found: dict[str, float] = {}
    if spec.numpy_form is not None:
        found["numpy"] = _best_ms(spec.numpy_form, {**names, **inputs})
    if spec.torch_form is not None:
        try:
            import torch
        except ImportError:
            return found
        tensors = {name: torch.from_numpy(values) for name, values in inputs.items()}
        found["torch"] = _best_ms(spec.torch_form, {**names, **tensors})
    return found


def _best_ms(function: Callable[..., Any], given: Mapping[str, Any]) -> float:
    best = float("inf")
    began = time.perf_counter()
    for _ in range(_PROBES):
        start = time.perf_counter_ns()
        with np.errstate(all="ignore"):
            call_by_name(function, given)
        best = min(best, (time.perf_counter_ns() - start) / 1e6)
        if time.perf_counter() - began > 0.3:
            break
    return best
