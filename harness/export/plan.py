"""What an exported function does, call by call: launches, their buffers, and what MLX makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.export.shader import PREFIX, NotExportable, Shader, taken_apart
from harness.problem.binding import GEOMETRY, STEP, binding_table, depends_on_geometry
from harness.problem.catalog import Kernel
from harness.problem.dtypes import element_of
from harness.problem.expressions import parse
from harness.problem.header import DispatchLine, Header, parse_header
from harness.problem.schedule import merged


@dataclass(frozen=True)
class Launch:
    """One call of a Metal kernel. `inputs` and `outputs`: (parameter, buffer or scalar)."""

    function: str
    grid: tuple[str, ...]
    threadgroup: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    constants: Mapping[str, tuple[str, str]]  # by name: expression, dtype


@dataclass(frozen=True)
class Plan:
    """All of it. `scratch`: element type and count by name; `tuned`: constants by name."""

    shader: Shader
    launches: tuple[Launch, ...]
    requires: tuple[str, ...]
    scratch: Mapping[str, tuple[str, str]]
    tuned: Mapping[str, int]


def plan_of(kernel: Kernel, text: str) -> Plan:
    """The plan of a source; raises NotExportable with the reason why there is none."""
    spec = kernel.spec
    header = parse_header(text)
    if not isinstance(header, Header):
        raise NotExportable(f"line {header.line}: {header.message}")
    header = merged(header, spec)
    in_place = set(spec.inputs) & set(spec.outputs)
    if in_place or spec.consumed:
        raise NotExportable("it works in place, and MLX's arrays are never written to")
    if any(STEP in parse(scalar.value).names for scalar in spec.scalars.values()):
        raise NotExportable("a scalar counts repetitions")
    shader = taken_apart(text)
    made: set[str] = set()
    scratch = {s.name: (s.element.name, s.count.text) for s in header.scratch}
    launches = tuple(
        _launch(kernel, shader, line, scratch, made, number)
        for number, line in enumerate(header.dispatches)
    )
    missing = set(spec.outputs) - made
    if missing:
        raise NotExportable(f"no launch writes {', '.join(sorted(missing))}")
    return Plan(
        shader,
        launches,
        tuple(expression.text for expression in header.requires),
        scratch,
        {tune.name: tune.value for tune in header.tune},
    )


def _launch(
    kernel: Kernel,
    shader: Shader,
    line: DispatchLine,
    scratch: Mapping[str, tuple[str, str]],
    made: set[str],
    number: int,
) -> Launch:
    spec = kernel.spec
    function = line.function or spec.function
    if line.repeat is not None or line.loop is not None or line.swap:
        raise NotExportable("its schedule repeats dispatches or exchanges buffers")
    if line.tgmem:
        raise NotExportable("it takes threadgroup memory as an argument, which MLX cannot set")
    if function not in shader.bodies:
        raise NotExportable(f"it has no kernel function {function}")
    table = dict(enumerate(binding_table(spec)))
    inputs: list[tuple[str, str]] = []
    outputs: list[tuple[str, str]] = []
    constants: dict[str, tuple[str, str]] = {}
    for index, argument in sorted(shader.bodies[function].buffers.items()):
        name, offset = line.bind.get(index, (table.get(index, ""), None))
        if offset is not None:
            raise NotExportable("it binds a buffer from an offset on")
        if index in line.const:
            value = line.const[index].text
            name = f"constant_{number}_{index}"
            constants[name] = (value, "float32" if "." in value else "uint32")
        elif name in spec.scalars and depends_on_geometry(spec.scalars[name]):
            scalar = spec.scalars[name]
            name = f"{name}_{number}"
            constants[name] = (_of_launch(scalar.value, line), scalar.dtype)
        if not name:
            raise NotExportable(f"{argument.name} of {function} is bound to nothing")
        written = name in spec.outputs or (name in scratch and not argument.const)
        if written and name in made:
            raise NotExportable(f"{name} is written by two dispatches")
        (outputs if written else inputs).append((PREFIX + argument.name, name))
    made.update(name for _, name in outputs)
    return Launch(
        function,
        tuple(expression.text for expression in line.grid),
        tuple(expression.text for expression in line.threadgroup),
        tuple(inputs),
        tuple(outputs),
        constants,
    )


def _of_launch(expression: str, line: DispatchLine) -> str:
    """An expression of the launch's extents with their expressions in place."""

    def extent(match: re.Match[str]) -> str:
        of, axis = match[1], "xyz".index(match[2])
        grid, group = (
            part[axis].text if axis < len(part) else "1" for part in (line.grid, line.threadgroup)
        )
        whole = {"grid_threads": grid, "threadgroup": group}
        return f"({whole.get(of) or f'ceil_div({grid}, {group})'})"

    return re.sub(rf"\b({'|'.join(GEOMETRY)})\.([xyz])", extent, expression)


def mlx_dtype(name: str) -> str:
    """MLX's name of an element type."""
    return "bool_" if name == "bool" else element_of(name).name
