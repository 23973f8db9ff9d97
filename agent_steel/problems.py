"""What a writer of kernels is told of a KernelSpec: its reference function, never its file."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Callable
from types import CodeType
from typing import Any

from agent_steel.proposing import Problem
from harness.problem.binding import binding_table
from harness.problem.catalog import Kernel
from harness.spec import KernelSpec, Range


def problem_of(kernel: Kernel) -> Problem:
    """The disclosed side: signature, named sizes, tolerance and domain; no held-out point."""
    spec = kernel.spec
    return Problem(
        kernel=kernel.name,
        function=spec.function,
        summary=spec.summary,
        reference_source=reference_source(spec.reference),
        buffers=tuple(_buffers(spec)),
        schedule="\n".join(f"//! {line}" for line in spec.schedule.strip().splitlines()),
        sizes={"published": dict(spec.sizes.published), "large": dict(spec.sizes.large_point())},
        tolerance=spec.tolerance.description,
        domain=domain_in_words(spec),
    )


def reference_source(reference: Callable[..., Any]) -> str:
    """A function and the functions of its own file that it calls, callees first."""
    module = sys.modules.get(reference.__module__)
    found: dict[str, str] = {}

    def visit(function: Callable[..., Any]) -> None:
        name = function.__name__
        if name in found:
            return
        found[name] = ""
        for callee in _names(function.__code__):
            other = getattr(module, callee, None)
            if inspect.isfunction(other) and other.__module__ == reference.__module__:
                visit(other)
        source = textwrap.dedent(inspect.getsource(function)).rstrip()
        del found[name]
        found[name] = source

    visit(reference)
    return "\n\n\n".join(found.values()) + "\n"


def _names(code: CodeType) -> list[str]:
    """Global names that code refers to, nested functions included."""
    nested = [one for one in code.co_consts if isinstance(one, CodeType)]
    return [*code.co_names, *(name for one in nested for name in _names(one))]


def _buffers(spec: KernelSpec) -> list[dict[str, Any]]:
    arrays = {**spec.inputs, **spec.outputs}
    found = []
    for index, name in enumerate(binding_table(spec)):
        if name in spec.scalars:
            scalar = spec.scalars[name]
            shown: dict[str, Any] = {
                "kind": "scalar",
                "dtype": scalar.dtype,
                "shape": [],
                "value": scalar.value,
            }
        else:
            array = arrays[name]
            both = name in spec.inputs and name in spec.outputs
            kind = "input and output" if both else "input" if name in spec.inputs else "output"
            shown = {"kind": kind, "dtype": array.dtype, "shape": list(array.shape)}
        found.append({"index": index, "name": name, **shown})
    return found


def domain_in_words(spec: KernelSpec) -> str:
    """The ranges that any other size or scalar value can come from."""
    ranges = [_range(name, one) for name, one in spec.domain.ranges.items()]
    return "; ".join([*ranges, *spec.domain.constraints])


def _range(name: str, one: Range) -> str:
    multiple = f" in multiples of {one.multiple}" if one.multiple > 1 else ""
    return f"{name} from {one.low:g} to {one.high:g}{multiple}"
