"""Whether threads of a kernel may be computed side by side: no private memory that is indexed at
run time."""

from __future__ import annotations

from msl.declarations import Function, Unit
from msl.lexer import IDENT, NUMBER
from msl.statements import locals_in
from msl.syntax import Code, Specifiers


def threads_are_independent(unit: Unit, kernel: Function) -> bool:
    """True if every access of a thread to memory of its own has an address known at compile time.

    The compiler keeps one copy of such memory for all threads of the loop over them; promising it
    that iterations are independent is only true where the memory dissolves into registers.
    """
    reached = _reached(unit, kernel)
    return all(not _indexes_private(unit, function) for function in reached)


def _reached(unit: Unit, kernel: Function) -> list[Function]:
    """The kernel and every function whose name it, or one of those, mentions."""
    code = unit.code
    by_name: dict[str, list[Function]] = {}
    for function in unit.functions:
        by_name.setdefault(function.name, []).append(function)
    for cls in unit.classes:
        for function in unit.functions:
            if cls.body[0] < function.start < cls.body[1]:
                by_name.setdefault(cls.name, []).append(function)
    found: dict[int, Function] = {}
    pending = [kernel]
    while pending:
        function = pending.pop()
        if function.start in found or function.body is None:
            continue
        found[function.start] = function
        names = {
            code.text(i)
            for i in range(function.start, function.end)
            if code.tokens[i].kind == IDENT
        }
        for name in names & by_name.keys():
            pending += by_name[name]
    return list(found.values())


def _indexes_private(unit: Unit, function: Function) -> bool:
    code = unit.code
    assert function.body is not None
    first, last = function.body
    memory = {
        p.name
        for p in function.parameters
        if p.declarator.pointer and _not_private(code, p.specifiers)
    }
    steady = {d.name for v in unit.variables for d in v.declarators}
    if function.template:
        steady |= {code.text(i) for i in range(*function.template) if code.tokens[i].kind == IDENT}
    for local in locals_in(code, first + 1, last):
        spaces = {code.text(index) for index in local.specifiers.spaces}
        for declarator in local.declarators:
            if "threadgroup" in spaces or (declarator.marks and spaces & {"device", "constant"}):
                memory.add(declarator.name)
            elif "constexpr" in local.specifiers.words or _counts_from_constant(
                code, local.start, declarator.initialiser
            ):
                steady.add(declarator.name)
    for variable in unit.variables:
        memory |= {declarator.name for declarator in variable.declarators}
    for index in range(first, last):
        if code.text(index) == "[" and not code.at_attributes(index) and _subscript(code, index):
            if _constant_index(code, index, steady):
                continue
            if _base(code, index) not in memory:
                return True
        elif (
            code.text(index) == "&"
            and code.is_name(index + 1)
            and code.text(index - 1) in ("(", ",", "=", ")")
        ):
            if code.text(index + 1) not in memory:
                return True
    return False


def _not_private(code: Code, specifiers: Specifiers | None) -> bool:
    spaces = {code.text(index) for index in specifiers.spaces} if specifiers else set()
    return bool(spaces & {"device", "constant", "threadgroup"})


def _counts_from_constant(code: Code, start: int, initialiser: tuple[int, int] | None) -> bool:
    """A loop variable with a constant start: either its loop unrolls and it is constant, or the
    loop stays a loop."""
    if initialiser is None or code.text(start - 1) != "(" or code.text(start - 2) != "for":
        return False
    return code.tokens[initialiser[0] + 1].kind == NUMBER and initialiser[1] - initialiser[0] == 2


def _subscript(code: Code, index: int) -> bool:
    before = code.text(index - 1)
    return code.is_name(index - 1) or before in (")", "]")


def _constant_index(code: Code, index: int, steady: set[str]) -> bool:
    inside = code.tokens[index + 1 : code.pair[index]]
    return all(
        token.kind != IDENT
        or token.text in steady
        or token.text in ("uint", "int", "ushort", "size_t")
        for token in inside
    ) and not any(token.text in ("[", "(") for token in inside)


def _base(code: Code, index: int) -> str:
    """The variable that a chain of subscripts starts from; "" if it goes through a member or an
    expression."""
    position = index - 1
    while code.text(position) == "]":
        position = code.pair[position] - 1
    if code.is_name(position) and code.text(position - 1) not in (".", "->", "::"):
        name = code.text(position)
        # A declaration's own brackets are sizes, not subscripts.
        return name
    return ""
