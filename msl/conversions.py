"""Casts between half and bfloat, which Metal has and the host's compiler has not: they go through
the library."""

from __future__ import annotations

from msl.declarations import Function, Unit
from msl.edits import Edits
from msl.lexer import IDENT, NUMBER
from msl.syntax import Code

_NARROW = ("half", "bfloat")


def edit_conversions(unit: Unit, edits: Edits) -> None:
    """Every cast of a unit that names both types, or a type that a template leaves open."""
    if not set(_NARROW) <= {token.text for token in unit.code.tokens}:
        return
    aliases = {name for name, span in unit.aliases.items() if _narrow(unit, *span)}
    _edit(unit.code, range(len(unit.code.tokens)), {*_NARROW, *aliases}, edits)
    for function in unit.functions:
        names = _type_parameters(unit.code, function)
        if names and function.body is not None:
            _edit(unit.code, range(*function.body), names, edits)


def _narrow(unit: Unit, start: int, end: int) -> bool:
    words = [unit.code.text(index) for index in range(start, end)]
    return bool(set(words[:2]) & set(_NARROW)) and len(words) <= 3


def _type_parameters(code: Code, function: Function) -> set[str]:
    if function.template is None:
        return set()
    return {
        code.text(index + 1)
        for index in range(*function.template)
        if code.text(index) in ("typename", "class") and code.text(index + 2) in (",", ">", "=")
    }


def _edit(code: Code, span: range, names: set[str], edits: Edits) -> None:
    for index in span:
        if code.text(index) not in names or code.tokens[index].kind != IDENT:
            continue
        before, after = code.text(index - 1), code.text(index + 1)
        if before == "<" and after == ">" and code.text(index - 2) == "static_cast":
            edits.replaced[index - 2] = "msl::converted"
        elif after == "(" and _in_expression(code, index) and not _declares(code, index + 1):
            edits.replaced[index] = f"msl::converted<{code.text(index)}>"
        elif before == "(" and after == ")" and _casts(code, index - 1):
            edits.replaced[index - 1] = "msl::To<"
            edits.replaced[index + 1] = ">() ->*"


def _declares(code: Code, opening: int) -> bool:
    """Whether what follows a type is no single value: several, or `(*name)(...)`, `(&name)[n]`."""
    closing = code.pair[opening]
    if code.text(opening + 1) in ("*", "&") and code.text(closing + 1) in ("(", "["):
        return True
    return len(list(code.split(opening + 1, closing))) != 1


def _in_expression(code: Code, index: int) -> bool:
    before = code.tokens[index - 1]
    return before.text == "return" or before.text in (
        "=",
        "(",
        ",",
        "+",
        "-",
        "*",
        "/",
        "<",
        "?",
        ":",
    )


def _casts(code: Code, opening: int) -> bool:
    """Whether parentheses around a type are a cast of what follows, and nothing binds tighter."""
    before, operand = code.tokens[opening - 1], code.tokens[opening + 3]
    if before.kind == IDENT and before.text not in ("return", "case", "else"):
        return False
    if before.text in ("-", "!", "~", ")", "]", ">"):
        return False
    return operand.kind in (IDENT, NUMBER) or operand.text == "("
