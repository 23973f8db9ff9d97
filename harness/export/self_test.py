"""Holds an exported function against the problem's oracle at its check sizes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from harness.problem import catalog, inputs
from harness.problem.bank import draw
from harness.problem.binding import rounded
from harness.problem.compare import Run, compare
from harness.problem.dtypes import element_of
from harness.problem.oracle import names_at


def run(
    name: str, function: Callable[..., Any], reference: Callable[..., Any], *, seed: int = 0
) -> int:
    """Print a line a size; how many sizes are wrong. `function` takes the inputs in order.

    Where the function left the work to MLX, MLX's own inaccuracy is said and not counted: the
    result then has to be that of `reference`, bit for bit.
    """
    import mlx.core as mx

    spec = catalog.default().find(name).spec
    wrong = 0
    for number, point in enumerate(spec.sizes.check_points()):
        values = draw(spec, rounded(point), inputs.secret_of(seed), "export", number)
        arrays = [_as_mlx(values[n], array.dtype) for n, array in spec.inputs.items()]
        free = _parameters(spec.inputs, rounded(point))
        found = function(*arrays, **free)
        results = found if isinstance(found, tuple | list) else (found,)
        mx.eval(*results)
        outputs = {
            n: _stored(result, spec.outputs[n].dtype)
            for n, result in zip(spec.outputs, results, strict=True)
        }
        refusal = compare(spec, rounded(point), values, [Run(outputs, None)])[0].refusal
        label = ", ".join(f"{k}={v:g}" for k, v in point.items())
        if refusal is None:
            print(f"{name} {label}: right")
            continue
        known = {**names_at(spec, rounded(point)), **dict(zip(spec.inputs, arrays, strict=True))}
        same = _same(results, _called(reference, known))
        wrong += not same
        print(f"{name} {label}: {'as inexact as MLX: ' if same else ''}{refusal.reason}")
    return wrong


def _called(function: Callable[..., Any], known: dict[str, Any]) -> tuple[Any, ...]:
    found = function(**{name: known[name] for name in inspect.signature(function).parameters})
    return tuple(found) if isinstance(found, tuple | list) else (found,)


def _same(some: Sequence[Any], others: Sequence[Any]) -> bool:
    import mlx.core as mx

    pairs = zip(some, others, strict=True)
    return all(bool(mx.array_equal(one, other, equal_nan=True)) for one, other in pairs)


def _parameters(arrays: Any, point: Any) -> dict[str, float]:
    extents = {e for array in arrays.values() for e in array.shape if isinstance(e, str)}
    return {name: value for name, value in point.items() if name not in extents}


def _as_mlx(values: Any, dtype: str) -> Any:
    import mlx.core as mx

    if dtype == "bfloat16":
        return mx.array(values).view(mx.bfloat16)
    return mx.array(values)


def _stored(result: Any, dtype: str) -> Any:
    import mlx.core as mx

    if dtype == "bfloat16":
        return np.array(result.view(mx.uint16))
    return np.array(result).astype(element_of(dtype).storage, copy=False)
