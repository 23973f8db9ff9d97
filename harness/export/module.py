"""Writes the Python module of an exported solution: tables of the plan, and a fixed runtime."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.export.expression import as_python, names_in
from harness.export.plan import Plan, mlx_dtype
from harness.export.shader import NotExportable
from harness.problem.binding import depends_on_geometry
from harness.problem.catalog import Kernel
from harness.spec import KernelSpec

RUNTIME = Path(__file__).with_name("runtime.py.txt")


def written(kernel: Kernel, plan: Plan, sha256: str, origin: str) -> str:
    """The text of the module."""
    spec = kernel.spec
    tuned = set(plan.tuned)
    tables = [
        f"NAME = {kernel.name!r}",
        f"SOURCE_SHA256 = {sha256!r}",
        f"INPUTS = {dict((n, mlx_dtype(a.dtype)) for n, a in spec.inputs.items())!r}",
        f"OUTPUTS = {list(spec.outputs)!r}",
        f"DIMS = {_dims(kernel)!r}",
        f"DEFAULTS = {_defaults(kernel)!r}",
        *(f"{name} = {value}" for name, value in plan.tuned.items()),
        f"HEADER = {_literal(plan.shader.header)}",
        f"BODIES = {{{''.join(_body(plan, name) for name in _functions(plan))}}}",
        f"LAUNCHES = {_launches(plan)}",
    ]
    functions = [
        _function(
            "requires",
            " and ".join(f"bool({as_python(t)})" for t in plan.requires),
            tuned,
            *plan.requires,
        )
        if plan.requires
        else "def requires():\n    return True\n",
        *_shapes(kernel, plan, tuned),
        _values("scalars", _scalars(spec), tuned),
        _values("constants", _constants(plan), tuned),
        *(_geometry(number, plan, tuned) for number in range(len(plan.launches))),
    ]
    return (
        RUNTIME.read_text("utf-8")
        .replace("@DOCUMENT@", _document(kernel, origin))
        .replace("@REFERENCE@", _reference(spec.reference))
        .replace("@TABLES@", "\n".join(tables))
        .replace("@FUNCTIONS@", "\n\n".join(functions).rstrip())
        .replace("@FUNCTION@", kernel.name)
        .replace("@ARGUMENTS@", ", ".join(spec.inputs))
    )


def _document(kernel: Kernel, origin: str) -> str:
    shapes = ", ".join(
        f"{name}: {array.dtype} [{', '.join(map(str, array.shape))}]"
        for name, array in kernel.spec.inputs.items()
    )
    return f"{kernel.spec.summary}, as a function for MLX.\n\nTakes {shapes}. Source: {origin}."


def _dims(kernel: Kernel) -> dict[str, tuple[str, int]]:
    """Where each dim that is an extent of an input can be read: input and axis."""
    found: dict[str, tuple[str, int]] = {}
    for name, array in kernel.spec.inputs.items():
        for axis, extent in enumerate(array.shape):
            if isinstance(extent, str) and extent.isidentifier():
                found.setdefault(extent, (name, axis))
    return found


def _defaults(kernel: Kernel) -> dict[str, float]:
    """Everything else that a point holds, as published: arguments by keyword."""
    known = _dims(kernel)
    return {k: v for k, v in kernel.spec.sizes.published.items() if k not in known}


def _literal(text: str) -> str:
    return repr(text) if '"""' in text or text.endswith("\\") else f'r"""\n{text}"""'


def _functions(plan: Plan) -> list[str]:
    return list(dict.fromkeys(launch.function for launch in plan.launches))


def _body(plan: Plan, name: str) -> str:
    return f"\n    {name!r}: {_literal(plan.shader.bodies[name].text)},\n"


def _launches(plan: Plan) -> str:
    rows = [
        f'    ({one.function!r}, {list(one.inputs)!r}, {list(one.outputs)!r}, "geometry_{n}"),'
        for n, one in enumerate(plan.launches)
    ]
    return "\n".join(["[", *rows, "]"])


def _function(name: str, result: str, tuned: Iterable[str], *texts: str | int) -> str:
    """A function of the names that expressions use."""
    parameters = ", ".join(one for one in names_in(*texts) if one not in set(tuned))
    return f"def {name}({parameters}):\n    return {result}\n"


def _tuple(texts: Iterable[str | int]) -> str:
    return "".join(f"{as_python(text)}, " for text in texts).rstrip(" ").join("()")


def _shapes(kernel: Kernel, plan: Plan, tuned: Iterable[str]) -> list[str]:
    spec = kernel.spec
    arrays = {**spec.inputs, **spec.outputs}
    expected = ", ".join(f'"{name}": {_tuple(spec.inputs[name].shape)}' for name in spec.inputs)
    texts = [extent for array in spec.inputs.values() for extent in array.shape]
    made = {name: (array.shape, array.dtype) for name, array in arrays.items()}
    made = {name: made[name] for name in spec.outputs}
    made |= {name: ((count,), dtype) for name, (dtype, count) in plan.scratch.items()}
    entries = ", ".join(
        f'"{name}": ({_tuple(shape)}, "{mlx_dtype(dtype)}")'
        for name, (shape, dtype) in made.items()
    )
    of_made = [extent for shape, _ in made.values() for extent in shape]
    return [
        _function("shapes", f"{{{expected}}}", tuned, *texts),
        _function("made", f"{{{entries}}}", tuned, *of_made),
    ]


def _values(name: str, values: Mapping[str, tuple[str, str]], tuned: Iterable[str]) -> str:
    """A function that gives 4-byte values with their types."""
    entries = ", ".join(
        f'"{one}": ({as_python(text)}, "{dtype}")' for one, (text, dtype) in values.items()
    )
    texts = [text for text, _ in values.values()]
    return _function(name, f"{{{entries}}}", tuned, *texts)


def _scalars(spec: KernelSpec) -> dict[str, tuple[str, str]]:
    """Those of the problem; what follows from a launch is among the constants of the plan."""
    return {
        name: (scalar.value, scalar.dtype)
        for name, scalar in spec.scalars.items()
        if not depends_on_geometry(scalar)
    }


def _constants(plan: Plan) -> dict[str, tuple[str, str]]:
    return {name: value for one in plan.launches for name, value in one.constants.items()}


def _geometry(number: int, plan: Plan, tuned: Iterable[str]) -> str:
    launch = plan.launches[number]
    three = [(*part, "1", "1")[:3] for part in (launch.grid, launch.threadgroup)]
    result = ", ".join(_tuple(part) for part in three)
    return _function(f"geometry_{number}", f"({result})", tuned, *three[0], *three[1])


def _reference(reference: Callable[..., Any]) -> str:
    """The reference with what it uses, written out; modules and plain values by name."""
    seen: dict[str, str] = {}
    _collect("reference", reference, seen)
    return "\n\n".join(seen.values())


def _collect(name: str, value: object, seen: dict[str, str]) -> None:
    if name in seen:
        return
    if isinstance(value, ModuleType):
        seen[name] = f"import {value.__name__} as {name}\n"
        return
    if not inspect.isfunction(value):
        if not isinstance(value, int | float | str | tuple | list | dict):
            raise NotExportable(f"its reference uses {name}, which is no function and no number")
        seen[name] = f"{name} = {value!r}\n"
        return
    if value.__closure__ or value.__name__ == "<lambda>":
        raise NotExportable(f"its reference uses {name}, which is made when it is loaded")
    used: Mapping[str, Any] = value.__globals__
    for one in _names_of(value.__code__):
        if one in used:
            _collect(one, used[one], seen)
    text = textwrap.dedent(inspect.getsource(value))
    if value.__name__ != name:
        text += f"\n\n{name} = {value.__name__}\n"
    seen[name] = text


def _names_of(code: Any) -> list[str]:
    inner = [
        one
        for constant in code.co_consts
        if inspect.iscode(constant)
        for one in _names_of(constant)
    ]
    return [*code.co_names, *inner]
