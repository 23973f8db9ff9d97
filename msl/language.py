"""Edits for words that C++ reads otherwise: program-scope index constants, qualifiers of methods, Metal's pragmas."""

from __future__ import annotations

import re

from msl.attributes import INDICES
from msl.declarations import Function, Unit, Variable
from msl.edits import Edits
from msl.lexer import DIRECTIVE, IDENT
from msl.syntax import ADDRESS_SPACES, Code

_METAL_FP = re.compile(r"#\s*pragma\s+METAL\s+fp\s+(math_mode|contract)\s*\(\s*(\w+)\s*\)")
_STDC = re.compile(r"#\s*pragma\s+STDC\s+FP_CONTRACT\s+(ON|OFF|DEFAULT)")
_KEPT = re.compile(r"#\s*pragma\s+(?:unroll|nounroll|clang\s+(?:loop|fp|diagnostic)|GCC\s+(?:unroll|diagnostic)|pack)\b")


def edit_language(unit: Unit, edits: Edits) -> None:
    """All of them."""
    _edit_pragmas(unit.code, edits)
    _edit_coherent(unit.code, edits)
    _edit_index_constants(unit, edits)
    _edit_address_space_overloads(unit, edits)


def _edit_pragmas(code: Code, edits: Edits) -> None:
    for index, token in enumerate(code.tokens):
        if token.kind == DIRECTIVE:
            edits.replaced[index] = pragma(token.text)


def pragma(text: str) -> str:
    """A pragma as clang knows it, "" for one that says nothing to it."""
    metal = _METAL_FP.match(text)
    if metal:
        kind, value = metal.groups()
        if kind == "contract":
            return f"#pragma clang fp contract({value})"
        relaxed = "off" if value == "safe" else "on"
        return f"#pragma clang fp reassociate({relaxed}) reciprocal({relaxed})"
    standard = _STDC.match(text)
    if standard:
        return f"#pragma clang fp contract({'off' if standard.group(1) == 'OFF' else 'on'})"
    return text if _KEPT.match(text) else ""


def _edit_coherent(code: Code, edits: Edits) -> None:
    for index, token in enumerate(code.tokens):
        if token.text == "coherent" and (code.text(index + 1) in ADDRESS_SPACES or code.text(index + 1) == "("):
            stop = code.pair[index + 1] + 1 if code.text(index + 1) == "(" else index + 1
            edits.delete(index, stop)


def _edit_index_constants(unit: Unit, edits: Edits) -> None:
    """`const uint gid [[thread_position_in_grid]];` leaves the text; each use asks the running thread."""
    code = unit.code
    for variable in unit.variables:
        attribute = _index_attribute(variable)
        if not attribute or not variable.declarators:
            continue
        name = variable.declarators[0].name
        edits.delete(variable.start, variable.end)
        call = f"msl::{attribute}<{variable.specifiers.type}>(msl::current())"
        for function in unit.functions:
            if function.body is None or any(parameter.name == name for parameter in function.parameters):
                continue
            for index in range(*function.body):
                if code.text(index) == name and code.text(index - 1) not in (".", "->", "::"):
                    edits.replaced[index] = call


def _index_attribute(variable: Variable) -> str:
    every = [*variable.specifiers.attributes, *(a for d in variable.declarators for a in d.attributes)]
    return next((item.name for item in every if item.name in INDICES), "")


def _edit_address_space_overloads(unit: Unit, edits: Edits) -> None:
    """Overloads that differ in address spaces alone are one function here: the first stays."""
    seen: dict[tuple[object, ...], Function] = {}
    for function in unit.functions:
        key = _signature(unit, function)
        if key not in seen:
            seen[key] = function
        elif _spaces(unit, seen[key]) != _spaces(unit, function):
            edits.delete(function.start, function.end)
            edits.before.pop(function.head, None)


def _signature(unit: Unit, function: Function) -> tuple[object, ...]:
    code = unit.code
    words = []
    for parameter in function.parameters:
        end = parameter.declarator.end
        words.append(tuple(
            _neutral(code.text(i))
            for i in range(parameter.start, end)
            if i != parameter.declarator.name_index and _neutral(code.text(i))
        ))
    after = function.body[0] if function.body else function.end
    tail = tuple(t.text for t in code.tokens[function.closing + 1 : after] if t.text in ("const", "volatile", "&", "&&"))
    cls = next((c.body[0] for c in unit.classes if c.body[0] < function.start < c.body[1]), -1)
    template = code.spell(*function.template) if function.template else ""
    name = function.name
    if name.startswith("operator"):
        name = "operator" + "".join(_neutral(word) for word in re.findall(r"\w+|\W", name[8:]))
    specialised = code.spell(function.name_index + 1, function.opening)
    return (function.scope, function.owner, cls, name, specialised, tuple(words), tail, template, function.body is not None)


def _neutral(word: str) -> str:
    """A word of a signature as the host compiler tells signatures apart: `constant` means const."""
    if word == "constant":
        return "const"
    return "" if word in ADDRESS_SPACES else word


def _spaces(unit: Unit, function: Function) -> tuple[str, ...]:
    after = function.body[0] if function.body else function.end
    return tuple(t.text for t in unit.code.tokens[function.head : after] if t.kind == IDENT and t.text in ADDRESS_SPACES)
