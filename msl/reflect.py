"""The kernels of a unit as a host sees them: names, arguments, limits. Reports what Metal refuses
in a signature."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from msl.attributes import GRID_INDICES, INDICES, THREAD_LIMITS
from msl.constants import integer
from msl.declarations import Function, Instantiation, Parameter, Unit
from msl.diagnostics import ERROR, NOTE, Diagnostic
from msl.lexer import STRING, Token
from msl.syntax import Attribute, Code, specifiers_at

MAX_BUFFERS = 31
MAX_THREADGROUP_ARGUMENTS = 31

_AKA = {
    "uint": "unsigned int",
    "ushort": "unsigned short",
    "uchar": "unsigned char",
    "ulong": "unsigned long",
    "size_t": "unsigned long",
}


_NO_TEMPLATE = "explicit instantiation does not refer to a kernel template"
_SCALARS = r"bool|u?char|u?short|u?int|u?long|half|bfloat|float|unsigned|int32_t"
_OTHER_INPUT = re.compile(rf"(?:metal::)?(?:{_SCALARS})[234]?")
_INDEX_TYPE = re.compile(r"(?:metal::)?(?:u(?:int|short)[23]?|unsigned)")


@dataclass(frozen=True)
class Argument:
    """One kernel argument: a `buffer`, a `threadgroup` block, or an `index` of the thread."""

    kind: str
    name: str
    index: int = -1  # of a buffer or threadgroup block
    attribute: str = ""  # of an index
    type: str = ""
    space: str = ""
    const: bool = False
    by_value: bool = False  # a constant reference that may be copied


@dataclass
class Kernel:
    """One entry point: a kernel function, or one instantiation of a kernel template."""

    name: str
    function: Function
    arguments: list[Argument]
    template_arguments: str = ""
    limit: Attribute | None = None
    instance: Instantiation | None = None

    @property
    def buffers(self) -> list[Argument]:
        """Its buffers by position."""
        return [item for item in self.arguments if item.kind == "buffer"]


@dataclass
class Reflection:
    """Every kernel, and what is wrong with their signatures."""

    kernels: list[Kernel] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def reflect(unit: Unit) -> Reflection:
    """The kernels of a unit, in source order."""
    found = Reflection()
    signatures: dict[int, list[Argument]] = {}
    for function in unit.functions:
        if function.kind == "kernel":
            words = {unit.code.text(i) for i in range(function.head, function.name_index)}
            if "void" not in words and function.body:
                returned = specifiers_at(unit.code, function.head, function.name_index, True)
                kind = returned.type if returned else "auto"
                text = f"invalid return type '{kind}' for kernel function"
                found.diagnostics.append(_at(unit.code, function.name_index, text))
            signatures[function.start] = _arguments(
                unit, function, found.diagnostics if function.body else []
            )
    for function in unit.functions:
        if function.is_kernel and function.template is None:
            kernel = Kernel(
                _host_name(unit, function.attributes) or function.name,
                function,
                signatures[function.start],
            )
            kernel.limit = _limit(function.attributes)
            found.kernels.append(kernel)
    for instance in unit.instantiations:
        template = _template_of(unit, instance)
        if template is None:
            if any(item.name in ("host_name", "kernel") for item in instance.attributes):
                found.diagnostics.append(_at(unit.code, _name_of(unit, instance), _NO_TEMPLATE))
            continue
        name = _host_name(unit, instance.attributes) or template.name
        arguments = unit.code.spell(*instance.arguments)
        limit = _limit(instance.attributes) or _limit(template.attributes)
        found.kernels.append(
            Kernel(name, template, signatures[template.start], arguments, limit, instance)
        )
    return found


def _name_of(unit: Unit, instance: Instantiation) -> int:
    span = range(instance.start, instance.end)
    return next((i for i in reversed(span) if unit.code.text(i) == instance.name), instance.start)


def _template_of(unit: Unit, instance: Instantiation) -> Function | None:
    return next(
        (f for f in unit.functions if f.is_kernel and f.template and f.name == instance.name), None
    )


def _limit(attributes: list[Attribute]) -> Attribute | None:
    return next((item for item in attributes if item.name in THREAD_LIMITS), None)


def _host_name(unit: Unit, attributes: list[Attribute]) -> str:
    for item in attributes:
        if item.name == "host_name":
            parts = unit.code.tokens[item.arguments[0] : item.arguments[1]]
            return "".join(token.text.strip('"') for token in parts if token.kind == STRING)
    return ""


def _arguments(unit: Unit, function: Function, found: list[Diagnostic]) -> list[Argument]:
    arguments = []
    taken: dict[str, set[int]] = {"buffer": set(), "threadgroup": set()}
    for parameter in function.parameters:
        for kind in taken:
            attribute = parameter.attribute(kind)
            index = integer(unit, *attribute.arguments) if attribute else None
            if index is not None:
                taken[kind].add(index)
    used: dict[str, set[int]] = {"buffer": set(), "threadgroup": set()}
    for parameter in function.parameters:
        if unit.code.spell(parameter.start, parameter.end) != "void":
            arguments.append(_argument(unit, function, parameter, taken, used, found))
    _same_width(unit.code, function, found)
    return arguments


def _argument(
    unit: Unit,
    function: Function,
    parameter: Parameter,
    taken: dict[str, set[int]],
    used: dict[str, set[int]],
    found: list[Diagnostic],
) -> Argument:
    code = unit.code
    index_attribute = next((item for item in parameter.attributes if item.name in INDICES), None)
    if index_attribute:
        found += _wrong_index(code, parameter, index_attribute)
        return Argument("index", parameter.name, attribute=index_attribute.name)
    spaces, marks = _shape(unit, parameter)
    kind = "threadgroup" if "threadgroup" in spaces else "buffer"
    attribute = parameter.attribute(kind)
    if not marks or not spaces & {"device", "constant", "threadgroup"}:
        if parameter.specifiers and not marks and not spaces:
            found.append(_invalid_input(code, parameter, kind if attribute else ""))
        return Argument("invalid", parameter.name)
    if attribute and attribute.arguments[0] == attribute.arguments[1]:
        found.append(_at(code, attribute.index, f"'{kind}' attribute takes one argument"))
        return Argument("invalid", parameter.name)
    index = integer(unit, *attribute.arguments) if attribute else _free(taken[kind])
    if index is None:
        assert attribute is not None
        found.append(_at(code, attribute.index, f"'{kind}' attribute requires an integer constant"))
        index = _free(taken[kind])
    elif attribute:
        _check_index(code, attribute, kind, index, used, found)
    taken[kind].add(index)
    return _resource(code, function, parameter, kind, index, spaces, marks)


def _shape(unit: Unit, parameter: Parameter) -> tuple[set[str], list[str]]:
    """Address spaces and pointer marks of a parameter, those inside an alias of its type
    included."""
    code = unit.code
    if parameter.specifiers is None:
        return set(), []
    spaces = {code.text(index) for index in parameter.specifiers.spaces}
    marks = [code.text(mark) for mark in parameter.declarator.marks]
    kind = parameter.specifiers.type
    for _ in range(8):
        name = kind.partition("<")[0]
        if name not in unit.aliases:
            break
        start, end = unit.aliases[name]
        if code.text(start) == "typedef":
            start += 1
        specifiers = specifiers_at(code, start, end)
        if specifiers is None:
            break
        spaces |= {code.text(index) for index in specifiers.spaces}
        marks = [
            code.text(i) for i in range(specifiers.end, end) if code.text(i) in ("*", "&")
        ] + marks
        kind = specifiers.type
    return spaces, marks


def _free(taken: set[int]) -> int:
    return next(index for index in range(len(taken) + 1) if index not in taken)


def _check_index(
    code: Code,
    attribute: Attribute,
    kind: str,
    index: int,
    used: dict[str, set[int]],
    found: list[Diagnostic],
) -> None:
    limit = MAX_BUFFERS if kind == "buffer" else MAX_THREADGROUP_ARGUMENTS
    if not 0 <= index < limit:
        text = f"'{kind}' attribute parameter is out of bounds: must be between 0 and {limit - 1}"
        found.append(_at(code, attribute.index, text))
    elif index in used[kind]:
        found.append(
            _at(
                code, attribute.index, f"cannot reserve '{kind}' resource location at index {index}"
            )
        )
    used[kind].add(index)


def _resource(
    code: Code,
    function: Function,
    parameter: Parameter,
    kind: str,
    index: int,
    spaces: set[str],
    marks: list[str],
) -> Argument:
    specifiers = parameter.specifiers
    assert specifiers is not None
    space = (
        "constant" if "constant" in spaces else "device" if "device" in spaces else "threadgroup"
    )
    by_value = (
        space == "constant"
        and marks == ["&"]
        and not parameter.declarator.arrays
        and parameter.attribute("function_constant") is None
        and not _address_taken(code, function, parameter.name)
    )
    spelling = specifiers.type + " " + "".join(marks)
    const = space == "constant" or "const" in specifiers.words
    return Argument(kind, parameter.name, index, "", spelling.strip(), space, const, by_value)


def _address_taken(code: Code, function: Function, name: str) -> bool:
    if function.body is None:
        return True
    first, last = function.body
    return any(code.text(i) == name and code.text(i - 1) == "&" for i in range(first, last))


def _invalid_input(code: Code, parameter: Parameter, resource: str) -> Diagnostic:
    assert parameter.specifiers is not None
    index = parameter.declarator.name_index
    if index < 0:
        index = parameter.start
    spelling = parameter.specifiers.type
    aka = f" (aka '{_AKA[spelling]}')" if spelling in _AKA else ""
    text = f"invalid type '{spelling}'{aka} for input declaration in a kernel function"
    if resource:
        text = f"type '{spelling}'{aka} is not valid for attribute '{resource}'"
    return _at(code, index, text)


def _wrong_index(code: Code, parameter: Parameter, attribute: Attribute) -> list[Diagnostic]:
    """A type of the language that this index cannot have; what a name stands for is not asked."""
    kind = parameter.specifiers.type if parameter.specifiers else ""
    vector = kind[-1:] in ("2", "3") and attribute.name not in GRID_INDICES
    if not _OTHER_INPUT.fullmatch(kind) or (_INDEX_TYPE.fullmatch(kind) and not vector):
        return []
    note = _vector_note(kind) if kind[-1:] in "234" else ""
    aka = f" (aka '{_AKA[kind]}')" if kind in _AKA else note
    text = f"type '{kind}'{aka} is not valid for attribute '{attribute.name}'"
    return [_at(code, attribute.index, text)]


def _same_width(code: Code, function: Function, found: list[Diagnostic]) -> None:
    """All grid attributes of a kernel have one number of components."""
    widths: dict[int, list[tuple[Parameter, Attribute]]] = {}
    for parameter in function.parameters:
        for item in parameter.attributes:
            if item.name in GRID_INDICES and parameter.specifiers:
                kind = parameter.specifiers.type
                digits = kind.rstrip(">")[-1:]
                width = int(digits) if digits in ("2", "3") and not kind.endswith("_t") else 1
                widths.setdefault(width, []).append((parameter, item))
    if len(widths) < 2:
        return
    everyone = sorted(
        (pair for pairs in widths.values() for pair in pairs), key=lambda pair: pair[0].start
    )
    notes = []
    for parameter, item in everyone:
        assert parameter.specifiers is not None
        kind = parameter.specifiers.type
        aka = f" (aka '{_AKA[kind]}')" if kind in _AKA else _vector_note(kind)
        text = f"declaration with attribute '{item.name}' of type '{kind}'{aka} here"
        token = _name_token(code, parameter)
        notes.append(Diagnostic(NOTE, token.line, token.column, text, token.file))
    text = (
        "expecting input declarations with either all scalar types"
        " or all vector types with the same number of elements"
    )
    token = code.tokens[function.name_index]
    found.append(Diagnostic(ERROR, token.line, token.column, text, token.file, tuple(notes)))


def _vector_note(kind: str) -> str:
    element = kind.rstrip("23")
    return (
        f" (vector of {kind[-1]} '{_AKA.get(element, element)}' values)" if kind[-1] in "23" else ""
    )


def _name_token(code: Code, parameter: Parameter) -> Token:
    index = parameter.declarator.name_index
    return code.tokens[index if index >= 0 else parameter.start]


def _at(code: Code, index: int, text: str) -> Diagnostic:
    token = code.tokens[index]
    return Diagnostic(ERROR, token.line, token.column, text, token.file)
