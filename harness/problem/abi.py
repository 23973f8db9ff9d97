"""Compares what a kernel declares with what will be bound, before anything runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.devices.base import Function
from harness.evaluation import Refusal, Status
from harness.problem.binding import binding_table
from harness.problem.dtypes import Element, element_of, element_of_msl
from harness.problem.header import DispatchLine, Header
from harness.problem.schedule import merged
from harness.spec import KernelSpec


@dataclass(frozen=True)
class ParameterType:
    """A parameter's type, taken apart."""

    base: str
    address_space: str
    const: bool
    pointer: bool

    @property
    def scalar(self) -> tuple[Element | None, int]:
        """The element type behind vectors, packed types and atomics, and how many of it."""
        inner = re.fullmatch(r"(?:metal::)?(?:_?atomic<(.+)>|atomic_(\w+))", self.base)
        name = next((g for g in inner.groups() if g), self.base) if inner else self.base
        whole = element_of_msl(name)
        if whole is not None:
            return whole, 1
        shaped = re.fullmatch(r"(?:packed_)?([a-z]+)([234])(?:x([234]))?", name)
        if shaped is None:
            return None, 1
        return element_of_msl(shaped[1]), int(shaped[2]) * int(shaped[3] or 1)


_QUALIFIERS = {"device", "constant", "threadgroup", "const", "volatile", "restrict", "coherent"}


def parameter_type(spelling: str) -> ParameterType:
    """Take a spelling such as `device const float4*` apart."""
    words = re.findall(r"[\w:]+(?:<[^*&]*>)?|[*&]", spelling)
    base = [w for w in words if w not in _QUALIFIERS and w not in "*&" and not w.startswith("__")]
    space = next((w for w in words if w in ("device", "constant", "threadgroup")), "device")
    before = words[: words.index("*")] if "*" in words else words
    const = "const" in before or space == "constant"
    name = " ".join(base).removeprefix("metal::")
    return ParameterType(name, space, const, "*" in words or "&" in words)


def check(header: Header, spec: KernelSpec, functions: Mapping[str, Function]) -> Refusal | None:
    """Refuse a kernel whose parameters do not fit what its dispatches bind."""
    whole = merged(header, spec)
    swapped = {*whole.swapped, *spec.consumed}
    scratch = {item.name: item.element for item in whole.scratch}
    for line in whole.dispatches:
        name = line.function or spec.function
        if name not in functions:
            have = ", ".join(functions) or "no kernel"
            return _refused(f"no kernel function '{name}'; the source has {have}")
        problem = _check_dispatch(line, functions[name], spec, swapped, scratch)
        if problem:
            return _refused(problem)
    return None


def _refused(reason: str) -> Refusal:
    return Refusal(Status.PIPELINE_ERROR, reason)


def bound_names(line: DispatchLine, spec: KernelSpec) -> dict[int, str]:
    """What a dispatch binds at each index; four constant bytes are called `const`."""
    bound = dict(enumerate(binding_table(spec)))
    bound.update({index: name for index, (name, _) in line.bind.items()})
    bound.update(dict.fromkeys(line.const, "const"))
    return bound


def _check_dispatch(
    line: DispatchLine,
    function: Function,
    spec: KernelSpec,
    swapped: set[str],
    scratch: Mapping[str, Element],
) -> str:
    bound = bound_names(line, spec)
    for index, (name, spelling) in sorted(function.parameters.items()):
        where = f"{function.name}: parameter '{name}' [[buffer({index})]], {spelling}"
        if index not in bound:
            have = ", ".join(f"{i} {n}" for i, n in sorted(bound.items()))
            return f"{where}: nothing is bound there; the problem binds {have}"
        target = bound[index]
        declared = parameter_type(spelling)
        if target == "const" or target in spec.scalars:
            problem = _scalar_problem(declared, target, spec)
        elif target in scratch:
            problem = _element_problem(declared, scratch[target], target)
        elif target in spec.inputs or target in spec.outputs:
            problem = _array_problem(declared, target, spec, swapped)
        else:
            known = ", ".join([*spec.inputs, *spec.outputs, *spec.scalars, *scratch])
            problem = f"bound to '{target}', which does not exist; there are {known}"
        if problem:
            return f"{where}: {problem}"
    missing = set(function.threadgroup_arguments) - set(line.tgmem)
    if missing:
        index = min(missing)
        return f"{function.name}: [[threadgroup({index})]] needs 'tgmem {index}: BYTES'"
    return ""


def _array_problem(declared: ParameterType, name: str, spec: KernelSpec, swapped: set[str]) -> str:
    read_only = name in spec.inputs and name not in spec.outputs and name not in swapped
    if read_only and not declared.const:
        return f"'{name}' is an input and has to be const"
    if name in spec.outputs and name not in spec.inputs and declared.address_space == "constant":
        return f"'{name}' is an output and cannot be in constant memory"
    array = spec.inputs.get(name) or spec.outputs[name]
    return _element_problem(declared, element_of(array.dtype), name)


def _element_problem(declared: ParameterType, element: Element, name: str) -> str:
    """Types of the same size may stand for each other, bytes and structs for anything."""
    found, _ = declared.scalar
    if found is None or found.bytes in (1, element.bytes):
        return ""
    return f"'{name}' holds {element.msl[0]}, {element.bytes} bytes each"


def _scalar_problem(declared: ParameterType, name: str, spec: KernelSpec) -> str:
    found, count = declared.scalar
    what = "four constant bytes" if name == "const" else f"the {spec.scalars[name].dtype} '{name}'"
    if found is None or found.bytes * count != 4:
        return f"it is bound to {what}"
    if name == "const":
        return ""
    wanted = element_of(spec.scalars[name].dtype)
    if found.floating != wanted.floating or (count > 1):
        return f"it is bound to {what}"
    return ""
