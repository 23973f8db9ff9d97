"""Runs a SPEC's MLX reference on symbols: what every element of an output is, as a term.

The function itself runs, in a copy whose imports give `functions` in place of MLX: nothing is read
from its text, and what the copy cannot import or call is said to be unsupported.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from agent_steel.offline.naive.functions import CORE, MATH, NN, Namespace
from agent_steel.offline.naive.tensors import Tensor, ravelled, scalar
from agent_steel.offline.naive.terms import Term, Unsupported, dim, term
from harness.problem.binding import depends_on_geometry
from harness.problem.dtypes import element_of
from harness.problem.expressions import Node, parse
from harness.spec import KernelSpec

_MLX = Namespace("mlx", core=CORE, nn=NN)
_HIDDEN = ("np", "numpy", "torch")


def traced(spec: KernelSpec) -> dict[str, Tensor]:
    """Every output of the reference, by name. Raises Unsupported."""
    code = spec.reference.__code__
    names = code.co_varnames[: code.co_argcount]
    try:
        found = rebound(spec.reference)(*(_argument(spec, name) for name in names))
    except (TypeError, AttributeError, ValueError, NotImplementedError) as problem:
        raise Unsupported(f"the reference does not trace: {problem}") from None
    results = found if isinstance(found, tuple) else (found,)
    if len(results) != len(spec.outputs):
        raise Unsupported("another number of outputs")
    return dict(zip(spec.outputs, map(scalar, results), strict=True))


def rebound(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with tracing modules in place of its own, and so for every function it names."""
    copies: dict[str, Any] = {}

    def copy(one: FunctionType) -> FunctionType:
        known = dict(one.__globals__)
        for name in one.__code__.co_names:
            held = known.get(name)
            if name in _HIDDEN and held is not None:
                known[name] = Namespace(name)
            elif isinstance(held, FunctionType) and held.__qualname__ not in copies:
                copies[held.__qualname__] = None
                copies[held.__qualname__] = copy(held)
            if isinstance(held, FunctionType) and copies.get(held.__qualname__):
                known[name] = copies[held.__qualname__]
        if "math" in known:
            known["math"] = MATH
        known["__builtins__"] = {
            **vars(builtins),
            "__import__": _import,
            "int": _int,
            "float": _float,
        }
        made = FunctionType(one.__code__, known, one.__name__, one.__defaults__, one.__closure__)
        made.__kwdefaults__ = one.__kwdefaults__
        return made

    if not isinstance(function, FunctionType):
        raise Unsupported("a reference that is no plain function")
    return copy(function)


def _import(name: str, *rest: Any) -> Any:
    if name.split(".")[0] != "mlx":
        raise Unsupported(f"a reference that imports {name}")
    return _MLX


def _int(value: Any = 0) -> Any:
    return value if isinstance(value, Term) else int(value)


def _float(value: Any = 0.0) -> Any:
    return value if isinstance(value, Term) else float(value)


def _argument(spec: KernelSpec, name: str) -> Tensor | Term:
    """What a parameter of the reference stands for."""
    if name in spec.inputs:
        return _input(spec, name)
    if name in spec.scalars:
        held = spec.scalars[name]
        if held.dtype == "float32":
            return Term("scalar", (), name)
        return expression(held.value)
    allowed = spec.domain.ranges.get(name)
    if allowed is not None and allowed.integral:
        return dim(name)
    for scalar_name, held in spec.scalars.items():
        if held.value == name and held.dtype == "float32":
            return Term("scalar", (), scalar_name)
    raise Unsupported(f"no scalar of the kernel tells {name}")


def _input(spec: KernelSpec, name: str) -> Tensor:
    array = spec.inputs[name]
    if name in spec.outputs:
        raise Unsupported(f"{name} is updated in place")
    shape = tuple(expression(one) for one in array.shape)
    kind = "float" if array.dtype in ("float32", "float16", "bfloat16") else "int"
    element_of(array.dtype)

    def flat(place: Term) -> Term:
        return Term("load", (place,), name, kind)

    return Tensor(shape, lambda place: flat(ravelled(place, shape)), flat)


def expression(text: str | int) -> Term:
    """An expression of a SPEC over its dims as a term."""
    return term(text) if isinstance(text, int) else _of_node(parse(text).node)


def _of_node(node: Node) -> Term:
    parts = [_of_node(one) for one in node.operands]
    if node.kind == "number":
        return term(int(node.text) if node.text.isdigit() else float(node.text))
    if node.kind == "name":
        return dim(node.text)
    if node.kind == "group":
        return parts[0]
    if len(parts) == 2:
        a, b = parts
        made: Mapping[str, Callable[[], Term]] = {
            "+": lambda: a + b,
            "-": lambda: a - b,
            "*": lambda: a * b,
            "/": lambda: a // b,
            "%": lambda: a % b,
            "ceil_div": lambda: (a + b - 1) // b,
        }
        if node.text in made:
            return made[node.text]()
    raise Unsupported(f"an extent with {node.text}")


def dims_in_arguments(spec: KernelSpec) -> dict[str, str]:
    """Expressions over the point by the integer scalar of the kernel that has their value."""
    return {
        name: one.value
        for name, one in spec.scalars.items()
        if one.dtype != "float32" and not depends_on_geometry(one)
    }
