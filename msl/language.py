"""Edits for words that C++ reads otherwise: program-scope index constants, `coherent`, Metal's
pragmas."""

from __future__ import annotations

import re

from msl.attributes import INDICES
from msl.declarations import Unit, Variable
from msl.edits import Edits
from msl.flags import WARNINGS
from msl.lexer import DIRECTIVE, IDENT
from msl.syntax import ADDRESS_SPACES, Code
from msl.words import words

_METAL_FP = re.compile(r"#\s*pragma\s+METAL\s+fp\s+(math_mode|contract)\s*\(\s*(\w+)\s*\)")
_STDC = re.compile(r"#\s*pragma\s+STDC\s+FP_CONTRACT\s+(ON|OFF|DEFAULT)")
_UNROLL = re.compile(r"(#\s*pragma\s+unroll)\b(.*)")
_KEPT = re.compile(
    r"#\s*pragma\s+(?:unroll|nounroll|clang\s+(?:loop|fp|diagnostic)|GCC\s+(?:unroll|diagnostic)|pack)\b"
)
#: Only what is a warning here can be muted: some refusals are errors of a warning's name.
_MUTED = re.compile(r'#\s*pragma\s+(?:clang|GCC)\s+diagnostic\s+(?:ignored|warning)\s+"-W([\w-]*)"')


#: What stands after a `::` that means the outermost scope: the namespace that a target puts the
#: user's text in.
GLOBAL = "@N@"

_BEFORE_TYPE = words(
    """
    return case else const constexpr inline static typename device constant thread threadgroup
    using namespace volatile void template sizeof auto
    """
)


#: Metal's names that a target may declare beside the user's text.
_MATRIX = re.compile(
    r"simdgroup_(?:load|store|multiply|matrix|\w+8x8)|make_filled_simdgroup_matrix"
)


def edit_language(unit: Unit, edits: Edits) -> None:
    """All of them."""
    _edit_global_names(unit, edits)
    _edit_pragmas(unit.code, edits)
    _edit_coherent(unit.code, edits)
    _edit_index_constants(unit, edits)


def _edit_global_names(unit: Unit, edits: Edits) -> None:
    """`::n::f` for a namespace of the user's own, and Metal's names of which a target has several
    sets."""
    scopes = [item.scope for item in unit.functions] + [item.scope for item in unit.classes]
    scopes += [item.scope for item in unit.variables]
    spaces = {scope[0] for scope in scopes if scope} - {"metal"}
    code = unit.code
    for index, token in enumerate(code.tokens):
        if token.text != "::":
            continue
        space, name = code.text(index + 1), code.text(index + 3)
        if space not in spaces and not (space == "metal" and _MATRIX.match(name)):
            continue
        if not code.is_name(index - 1) or code.text(index - 1) in _BEFORE_TYPE:
            edits.replaced[index] = f"::{GLOBAL}"


def _edit_pragmas(code: Code, edits: Edits) -> None:
    names = {token.text for token in code.tokens if token.kind == IDENT}
    for index, token in enumerate(code.tokens):
        if token.kind == DIRECTIVE:
            edits.replaced[index] = _without_macros(pragma(token.text), names)


def _without_macros(text: str, names: set[str]) -> str:
    """An unroll hint without its count if that names a macro: pragmas are not expanded."""
    counted = _UNROLL.match(text)
    if counted and not set(re.findall(r"[A-Za-z_]\w*", counted[2])) <= names:
        return counted[1]
    return text


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
    muted = _MUTED.match(text)
    if muted:
        return text if muted[1] in WARNINGS else ""
    return text if _KEPT.match(text) else ""


def _edit_coherent(code: Code, edits: Edits) -> None:
    for index, token in enumerate(code.tokens):
        if token.text == "coherent" and (
            code.text(index + 1) in ADDRESS_SPACES or code.text(index + 1) == "("
        ):
            stop = code.pair[index + 1] + 1 if code.text(index + 1) == "(" else index + 1
            edits.delete(index, stop)


def index_constants(unit: Unit) -> list[Variable]:
    """Program-scope constants that hold an index of the running thread."""
    return [item for item in unit.variables if _index_attribute(item) and item.declarators]


def _edit_index_constants(unit: Unit, edits: Edits) -> None:
    """`const uint gid [[thread_position_in_grid]];` goes; each use asks the running thread."""
    code = unit.code
    for variable in index_constants(unit):
        name = variable.declarators[0].name
        edits.delete(variable.start, variable.end)
        kind = variable.specifiers.type
        call = f"msl::{_index_attribute(variable)}<{kind}>(msl::current())"
        for function in unit.functions:
            hidden = any(parameter.name == name for parameter in function.parameters)
            if function.body is None or hidden:
                continue
            for index in range(*function.body):
                if code.text(index) == name and code.text(index - 1) not in (".", "->", "::"):
                    edits.replaced[index] = call


def _index_attribute(variable: Variable) -> str:
    every = [
        *variable.specifiers.attributes,
        *(a for d in variable.declarators for a in d.attributes),
    ]
    return next((item.name for item in every if item.name in INDICES), "")
