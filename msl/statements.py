"""Statements inside function bodies: where they end, loops, local declarations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msl.lexer import DIRECTIVE, IDENT
from msl.syntax import Code, Declarator, Specifiers, attributes_at, declarator_at, specifiers_at

_LOOPS = ("for", "while", "do")


@dataclass(slots=True)
class Loop:
    """A loop statement: its keyword, header parentheses (-1 for `do`), body range."""

    keyword: int
    start: int  # with the pragmas and attributes before it
    header: int
    body: tuple[int, int]
    end: int


def statement_end(code: Code, index: int, end: int) -> int:
    """The index after the statement that starts at `index`."""
    while index < end:
        text = code.text(index)
        if code.tokens[index].kind == DIRECTIVE:
            index += 1
        elif code.at_attributes(index):
            index = code.pair[index] + 1
        elif text == "{":
            return code.pair[index] + 1
        elif text == "if":
            opening = index + 2 if code.text(index + 1) == "constexpr" else index + 1
            if code.text(opening) != "(":
                return index + 1
            after = statement_end(code, code.pair[opening] + 1, end)
            return statement_end(code, after + 1, end) if code.text(after) == "else" else after
        elif text in ("for", "while", "switch") and code.text(index + 1) == "(":
            return statement_end(code, code.pair[index + 1] + 1, end)
        elif text == "do":
            after = statement_end(code, index + 1, end)
            if code.text(after) == "while" and code.text(after + 1) == "(":
                after = code.pair[after + 1] + 1
            return after + 1
        elif text in ("case", "default"):
            while index < end and code.text(index) != ":":
                index += 1
            index += 1
        else:
            while index < end and code.text(index) != ";":
                index = code.pair[index] + 1 if code.text(index) in ("(", "[", "{") else index + 1
            return index + 1
    return end


def loops(code: Code, start: int, end: int) -> Iterator[Loop]:
    """Every loop in a body, outer ones first."""
    closed_do: set[int] = set()
    for index in range(start, end):
        token = code.tokens[index]
        if token.kind != IDENT or token.text not in _LOOPS or index in closed_do:
            continue
        first = index
        while first > start and (
            code.tokens[first - 1].kind == DIRECTIVE or _attribute_before(code, first)
        ):
            first = first - 1 if code.tokens[first - 1].kind == DIRECTIVE else code.pair[first - 1]
        if token.text == "do":
            after = statement_end(code, index + 1, end)
            closed_do.add(after)
            yield Loop(index, first, -1, (index + 1, after), statement_end(code, index, end))
        elif code.text(index + 1) == "(":
            body = code.pair[index + 1] + 1
            after = statement_end(code, body, end)
            yield Loop(index, first, index + 1, (body, after), after)


def _attribute_before(code: Code, index: int) -> bool:
    closing = index - 1
    return (
        code.text(closing) == "]"
        and code.text(closing - 1) == "]"
        and code.at_attributes(code.pair[closing])
    )


@dataclass(slots=True)
class Local:
    """A declaration inside a body."""

    start: int
    end: int  # after the semicolon, or before the colon of a range-for
    specifiers: Specifiers
    declarators: list[Declarator]


def locals_in(code: Code, start: int, end: int) -> Iterator[Local]:
    """Every declaration statement of a body, those in `for` headers included."""
    index = start
    fresh = True
    while index < end:
        token = code.tokens[index]
        text = token.text
        if token.kind == DIRECTIVE:
            index += 1
            fresh = True
            continue
        if fresh and (token.kind == IDENT or text in ("[", "::")):
            found = local_at(code, index, end)
            if found:
                yield found
                index = found.specifiers.end
                fresh = False
                continue
        if code.at_attributes(index):
            index = code.pair[index] + 1
            continue
        fresh = text in (";", "{", "}", "else", "do") or (
            text == "(" and code.text(index - 1) in ("for", "if", "while", "switch")
        )
        fresh = fresh or (
            text == ")"
            and code.text(code.pair[index] - 1) in ("for", "if", "while", "switch", "constexpr")
        )
        fresh = fresh or (text == ":" and _label(code, index, start))
        index += 1


def _label(code: Code, index: int, start: int) -> bool:
    while index > start and code.text(index) not in (";", "{", "}", "?"):
        if code.text(index) in ("case", "default"):
            return True
        index -= 1
    return False


def local_at(code: Code, index: int, end: int) -> Local | None:
    """The declaration that starts at `index`, if one does."""
    if code.text(index) in ("using", "typedef", "struct", "class", "union", "enum", "template"):
        return None
    specifiers = specifiers_at(code, index, end)
    if specifiers is None or specifiers.end <= specifiers.type_index:
        return None
    stop = specifiers.end
    while stop < end and code.text(stop) not in (";", ":", ")", "}"):
        stop = code.pair[stop] + 1 if code.text(stop) in ("(", "[", "{") else stop + 1
        if code.text(stop) == ":" and _in_ternary(code, specifiers.end, stop):
            stop += 1
    declarators = [
        declarator_at(code, first, last) for first, last in code.split(specifiers.end, stop)
    ]
    if not declarators or not declarators[0].name:
        return None
    first = declarators[0]
    strong = bool(specifiers.spaces) or bool(
        specifiers.words & {"const", "constexpr", "static", "volatile"}
    )
    if not strong and not _reads_as_declaration(code, specifiers, first, stop):
        return None
    return Local(index, stop + 1, specifiers, [d for d in declarators if d.name])


def _in_ternary(code: Code, start: int, index: int) -> bool:
    return any(code.text(i) == "?" for i in range(start, index))


def _reads_as_declaration(code: Code, specifiers: Specifiers, first: Declarator, stop: int) -> bool:
    """`T x ...` is a declaration; `a * b;` and `f(x)` are expressions unless something follows that
    only a declaration has."""
    if code.text(specifiers.end) == "(":
        return code.text(specifiers.end + 1) in ("*", "&") and first.initialiser is not None
    if not first.marks:
        return first.name_index == specifiers.end or code.at_attributes(specifiers.end)
    return first.initialiser is not None or first.end == stop


def attribute_statements(code: Code, start: int, end: int) -> Iterator[int]:
    """Attribute lists that stand alone as a statement."""
    for index in range(start, end):
        if code.at_attributes(index) and code.text(index - 1) in (";", "{", "}"):
            _, after = attributes_at(code, index)
            if code.text(after) == ";" and code.text(index + 2) not in ("fallthrough", "clang"):
                yield index
