"""Edits that keep the path of a lane: a scope around every loop, and in every function, that may
reach a collective."""

from __future__ import annotations

from msl.analysis import Analysis
from msl.declarations import Function, Unit
from msl.edits import Edits
from msl.lexer import IDENT
from msl.statements import Loop, loops
from msl.syntax import Code, specifiers_at


def edit_paths(unit: Unit, analysis: Analysis, edits: Edits) -> None:
    """Insert every scope. Code without collectives stays as it is."""
    prototyped: set[tuple[str, str, tuple[str, ...], int]] = set()
    values = _used_as_values(unit, analysis)
    number = 0
    for function in unit.functions:
        if function.name not in analysis.collective or _dropped(analysis, function):
            continue
        if _reaches_none(unit, analysis, function):
            continue
        if function.name in values:
            _edit_value(unit.code, function, edits)
        elif function.kind != "kernel":
            _edit_call(unit.code, function, prototyped, edits)
        if function.body is None:
            continue
        for loop in loops(unit.code, function.body[0] + 1, function.body[1]):
            if _collective(unit.code, analysis, loop.keyword, loop.end):
                number += 1
                _edit_loop(unit.code, loop, f"msl_loop_{number}", edits)


def _dropped(analysis: Analysis, function: Function) -> bool:
    return any(item.start <= function.start < item.end for item in analysis.dropped)


def _collective(code: Code, analysis: Analysis, start: int, end: int) -> bool:
    return any(
        code.tokens[index].kind == IDENT
        and analysis.is_collective(code.text(index), code.text(index + 1))
        for index in range(start, min(end, len(code.tokens)))
    )


def _reaches_none(unit: Unit, analysis: Analysis, function: Function) -> bool:
    """Whether a function only shares its name, or its class, with one that reaches a collective."""
    if function.kind == "kernel" or function.body is None:
        return False
    if any(other.name == function.name and other.body is None for other in unit.functions):
        return False
    return not _collective(unit.code, analysis, function.closing, function.end)


def _used_as_values(unit: Unit, analysis: Analysis) -> set[str]:
    """Names of functions that stand without a call, as template arguments do: their type may not
    change."""
    code = unit.code
    found = set()
    declared = {function.name_index for function in unit.functions}
    named = {f.name for f in unit.functions if f.kind != "kernel"} & analysis.collective
    for index, token in enumerate(code.tokens):
        if token.kind != IDENT or token.text not in named or index in declared:
            continue
        after = index + 1
        if code.text(after) == "<":
            after = code.after_angles(after) or after
        if code.text(after) in (",", ">", ">>", ")", ";", "}"):
            found.add(token.text)
    return found


def _edit_value(code: Code, function: Function, edits: Edits) -> None:
    """Its calls are told apart by nothing but their loops: it pushes its own place."""
    if function.kind != "kernel" and function.body is not None:
        _no_constexpr(code, function, edits)
        place = "msl::place(__builtin_LINE(), __builtin_COLUMN())"
        edits.insert_after(function.body[0], f"msl::CallScope msl_call({place});")


def _edit_call(
    code: Code,
    function: Function,
    prototyped: set[tuple[str, str, tuple[str, ...], int]],
    edits: Edits,
) -> None:
    """A last parameter that defaults to the call's place, pushed for as long as the function
    runs."""
    if function.name.startswith("operator") and not function.name.startswith("operator()"):
        return
    if function.name == function.owner or code.text(function.name_index - 1) == "~":
        return
    if any(code.text(index) == "..." for index in range(function.opening, function.closing)):
        return
    key = (function.name, function.owner, function.scope, len(function.parameters))
    parameter = "msl::Site msl_site" if key in prototyped and function.body else "MSL_SITE"
    if function.body is None or function.specialisation:
        prototyped.add(key)
    if function.specialisation:
        parameter = "msl::Site msl_site"
    empty = code.spell(function.opening + 1, function.closing) in ("", "void")
    if empty:
        edits.delete(function.opening + 1, function.closing)
    edits.before[function.closing].append(parameter if empty else ", " + parameter)
    if function.body is not None:
        _no_constexpr(code, function, edits)
        edits.insert_after(function.body[0], "msl::CallScope msl_call(msl_site);")


def _no_constexpr(code: Code, function: Function, edits: Edits) -> None:
    """What reaches a collective is no constant, whatever it calls itself."""
    for index in range(function.head, function.name_index):
        if code.text(index) == "constexpr":
            edits.replaced[index] = ""


def _edit_loop(code: Code, loop: Loop, name: str, edits: Edits) -> None:
    """`if (scope; false) {} else` holds the scope and leaves every `else`, `break` and `continue`
    as it was."""
    edits.before[loop.start].append(f"if (msl::LoopScope {name}; false) {{}} else")
    condition = _condition(code, loop)
    if condition:
        first, last = condition
        if first == last:
            edits.before[last].append(f"{name}.next(), true")
        else:
            edits.before[first].append(f"{name}.next(), (")
            edits.insert_after(last - 1, ")")
        return
    start, end = loop.body
    if code.text(start) == "{":
        edits.insert_after(start, f"{name}.next();")
    else:
        edits.before[start].append(f"{{ {name}.next();")
        edits.insert_after(end - 1, "}")


def _condition(code: Code, loop: Loop) -> tuple[int, int] | None:
    """The tokens of a loop's condition, if the start of an iteration can be written into it."""
    if loop.header < 0:
        return None
    first, last = loop.header + 1, code.pair[loop.header]
    if code.text(loop.keyword) == "for":
        semicolons = _semicolons(code, first, last)
        if len(semicolons) != 2:
            return None
        first, last = semicolons[0] + 1, semicolons[1]
    specifiers = specifiers_at(code, first, last)
    if (
        specifiers
        and specifiers.end < last
        and code.is_name(specifiers.end)
        and code.text(specifiers.end + 1) == "="
    ):
        return None
    return first, last


def _semicolons(code: Code, first: int, last: int) -> list[int]:
    found = []
    index = first
    while index < last:
        text = code.text(index)
        if text == ";":
            found.append(index)
        index = code.pair[index] + 1 if text in ("(", "[", "{") else index + 1
    return found
