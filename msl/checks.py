"""What Metal refuses beyond C++: where attributes and variables may stand, lambdas, inheritance.
Apple's messages."""

from __future__ import annotations

from collections.abc import Iterator

from msl.analysis import Analysis
from msl.attributes import INDICES
from msl.declarations import Unit, Variable
from msl.diagnostics import ERROR, Diagnostic
from msl.lexer import IDENT
from msl.statements import attribute_statements, locals_in


def check(unit: Unit, analysis: Analysis) -> list[Diagnostic]:
    """Every violation found by structure alone."""
    gone = [(item.start, item.end) for item in analysis.dropped]
    found = [
        *_trailing_attributes(unit),
        *_program_scope(unit),
        *_bodies(unit),
        *_classes(unit),
        *_kernel_calls(unit),
    ]
    places = {
        (token.file, token.line) for start, end in gone for token in unit.code.tokens[start:end]
    }
    return [item for item in found if (item.file, item.line) not in places]


def _error(unit: Unit, index: int, text: str) -> Diagnostic:
    token = unit.code.tokens[index]
    return Diagnostic(ERROR, token.line, token.column, text, token.file)


def _trailing_attributes(unit: Unit) -> Iterator[Diagnostic]:
    for function in unit.functions:
        for attribute in function.trailing:
            if function.kind or attribute.name.startswith("max_total"):
                text = f"'{attribute.name}' attribute cannot be applied to types"
                yield _error(unit, attribute.index, text)


def _program_scope(unit: Unit) -> Iterator[Diagnostic]:
    code = unit.code
    for variable in unit.variables:
        spaces = {code.text(index) for index in variable.specifiers.spaces}
        if variable.owner and not variable.specifiers.words & {"static"}:
            continue
        if any(item.name in INDICES for item in variable.attributes()):
            continue
        if "constant" in spaces:
            yield from _without_value(unit, variable)
            continue
        for declarator in variable.declarators:
            if declarator.function or (
                "extern" in variable.specifiers.words and not declarator.initialiser
            ):
                continue
            text = "program scope variable must reside in constant address space"
            yield _error(unit, declarator.name_index, text)


def _without_value(unit: Unit, variable: Variable) -> Iterator[Diagnostic]:
    """A constant that nothing gives a value."""
    given = variable.attribute("function_constant") or "extern" in variable.specifiers.words
    if given or variable.owner or variable.template:
        return
    for declarator in variable.declarators:
        if not declarator.initialiser and not declarator.function:
            text = "variable in constant address space must be initialized"
            yield _error(unit, declarator.name_index, text)


def _bodies(unit: Unit) -> Iterator[Diagnostic]:
    code = unit.code
    for function in unit.functions:
        if function.body is None:
            continue
        first, last = function.body
        for index in attribute_statements(code, first + 1, last):
            yield _error(unit, index, "an attribute list cannot appear here")
        for local in locals_in(code, first + 1, last):
            spaces = {code.text(index) for index in local.specifiers.spaces}
            if "static" in local.specifiers.words and not spaces & {"constant", "threadgroup"}:
                text = "variables in function scope cannot be declared static"
                yield _error(unit, local.declarators[0].name_index, text)
        for index in range(first + 1, last):
            if code.text(index) == "[" and not code.at_attributes(index) and _lambda(unit, index):
                yield _error(unit, index, "lambda expressions are not supported in Metal")


def _kernel_calls(unit: Unit) -> Iterator[Diagnostic]:
    code = unit.code
    for function in unit.functions:
        if function.kind == "kernel" and function.owner:
            text = "kernel function cannot be a member function"
            yield _error(unit, function.name_index, text)
    kernels = {f.name for f in unit.functions if f.kind == "kernel"}
    kernels -= {f.name for f in unit.functions if f.kind != "kernel"}
    for function in unit.functions:
        if function.body is None:
            continue
        own = {parameter.name for parameter in function.parameters}
        if kernels & {token.text for token in code.tokens[slice(*function.body)]}:
            own |= {d.name for local in locals_in(code, *function.body) for d in local.declarators}
        for index in range(*function.body):
            if code.text(index) in kernels - own and code.text(index + 1) == "(":
                before = code.tokens[index - 1]
                if before.text == "::" and code.text(index - 2) in ("metal", "fast", "precise"):
                    continue
                if before.text in (";", "{", "}", "=", "return", "::", ")", "else"):
                    text = f"kernel function '{code.text(index)}' cannot be called"
                    yield _error(unit, index, text)


def _lambda(unit: Unit, index: int) -> bool:
    """A `[` that starts an expression, with captures and then parameters or a body."""
    code = unit.code
    before = code.tokens[index - 1]
    if (before.kind == IDENT and before.text not in ("return", "else", "do")) or before.text in (
        ")",
        "]",
        "}",
        ">",
    ):
        return False
    if before.kind in ("number", "string", "directive") or code.text(index - 1) == "[":
        return False
    return code.text(code.pair[index] + 1) in ("(", "{", "->", "mutable")


def _classes(unit: Unit) -> Iterator[Diagnostic]:
    """Derived classes are outside the language, but its own type traits are such: templates and
    their kin pass."""
    code = unit.code
    plain = {cls.name for cls in unit.classes if code.text(cls.start) != "template"}
    for cls in unit.classes:
        if cls.bases is None or cls.name not in plain:
            continue
        bases = {token.text for token in code.tokens[cls.bases : cls.body[0]]}
        if bases & plain and "<" not in bases:
            yield _error(unit, cls.bases, "derived classes are not supported in Metal")
