"""Overloads that differ in address spaces alone: one name each, chosen at every call by where its
arguments lie."""

from __future__ import annotations

import re
from dataclasses import dataclass

from msl.declarations import Function, Parameter, Unit
from msl.edits import Edits
from msl.lexer import IDENT
from msl.statements import locals_in
from msl.syntax import ADDRESS_SPACES, Code

_SPACES = ("device", "constant", "thread", "threadgroup")


def edit_overloads(unit: Unit, edits: Edits) -> Function | None:
    """Rename what the host compiler could not tell apart, and every call whose arguments decide.
    The member, if there is one, of which only one overload can stand although they differ."""
    _edit_specialisations(unit, edits)
    lost: Function | None = None
    groups: dict[tuple[object, ...], list[Function]] = {}
    for function in unit.functions:
        groups.setdefault(_signature(unit, function), []).append(function)
    renamed: dict[str, list[list[Function]]] = {}
    for functions in groups.values():
        distinct = {_all_spaces(unit, function) for function in functions}
        if len(functions) < 2 or len(distinct) < 2:
            continue
        first, *others = functions
        if (
            first.owner
            or first.kind
            or first.name.startswith("operator")
            or _same_text(unit, functions)
        ):
            if not _same_text(unit, functions) and not _only_called(unit, first):
                lost = lost or others[0]
            for function in others:
                edits.delete(function.start, function.end)
            continue
        for function in others:
            edits.replaced[function.name_index] = _name(unit, function)
        renamed.setdefault(first.name, []).append(functions)
    if renamed:
        _edit_calls(unit, renamed, edits)
    return lost


def _only_called(unit: Unit, kept: Function) -> bool:
    """Whether every call of a member of this name is on a variable that lies where `kept` wants
    its object."""
    if kept.name.startswith("operator") or kept.body is None:
        return False
    code = unit.code
    tail = [code.text(index) for index in range(kept.closing + 1, kept.body[0])]
    space = next((word for word in tail if word in _SPACES), "thread")
    for function in unit.functions:
        for index in range(*function.body) if function.body else ():
            mark = code.text(index - 1)
            if code.text(index) != kept.name or mark not in (".", "->"):
                continue
            places = Places.of(unit, function)
            homes = places.targets if mark == "->" else places.homes
            simple = code.is_name(index - 2) and code.text(index - 3) not in (".", "->", "::")
            if not simple or homes.get(code.text(index - 2)) != space:
                return False
    return True


def _edit_specialisations(unit: Unit, edits: Edits) -> None:
    """Of partial specialisations for one type in several address spaces the first stays."""
    code = unit.code
    seen: set[tuple[object, ...]] = set()
    heads = [(cls.start, cls.body[0], cls.body[1] + 1, cls.scope) for cls in unit.classes]
    for variable in unit.variables:
        if variable.template and variable.declarators:
            heads.append(
                (variable.start, variable.declarators[0].end, variable.end, variable.scope)
            )
    for start, stop, end, scope in heads:
        words = [code.text(index) for index in range(start, stop)]
        if words[:1] != ["template"] or not set(words) & set(_SPACES):
            continue
        key = (scope, *(word for word in map(_neutral, words) if word))
        if key in seen:
            last = end
            while code.text(last - 1) != ";":
                last += 1
            edits.delete(start, last)
        seen.add(key)


def _edit_calls(unit: Unit, renamed: dict[str, list[list[Function]]], edits: Edits) -> None:
    code = unit.code
    for function in unit.functions:
        if function.body is None:
            continue
        table: Places | None = None
        for index in range(*function.body):
            if code.text(index) not in renamed or code.tokens[index].kind != IDENT:
                continue
            opening = index + 1
            if code.text(opening) == "<":
                opening = code.after_angles(opening) or opening
            if code.text(opening) != "(" or code.text(index - 1) in (".", "->"):
                continue
            table = table or Places.of(unit, function)
            arguments = list(code.split(opening + 1, code.pair[opening]))
            for functions in renamed[code.text(index)]:
                chosen = _choose(code, functions, arguments, table)
                if chosen is not None and chosen is not functions[0]:
                    edits.replaced[index] = _name(unit, chosen)


def _choose(
    code: Code, functions: list[Function], arguments: list[tuple[int, int]], table: Places
) -> Function | None:
    """The overload whose parameters lie where the arguments do; None if that does not decide."""
    if len(arguments) > len(functions[0].parameters):
        return None
    found = [
        function
        for function in functions
        if all(
            _fits(code, parameter, table, *argument)
            for parameter, argument in zip(function.parameters, arguments, strict=False)
        )
    ]
    return found[0] if len(found) == 1 else None


def _fits(code: Code, parameter: Parameter, table: Places, start: int, end: int) -> bool:
    wanted = _spaces_of(code, parameter)
    marks = [code.text(mark) for mark in parameter.declarator.marks]
    if not wanted or not marks:
        return True
    space = (
        table.lvalue(start, end) if "&" in marks and "*" not in marks else table.pointer(start, end)
    )
    return not space or space == wanted[0]


def _spaces_of(code: Code, parameter: Parameter) -> list[str]:
    return [
        code.text(i)
        for i in range(parameter.start, parameter.declarator.end)
        if code.text(i) in _SPACES
    ]


def _name(unit: Unit, function: Function) -> str:
    spaces = [
        space for parameter in function.parameters for space in _spaces_of(unit.code, parameter)
    ]
    return "_".join((function.name, "msl", *spaces))


@dataclass
class Places:
    """The address space of every variable of a function: of what it points to, and of itself."""

    code: Code
    targets: dict[str, str]
    homes: dict[str, str]

    @staticmethod
    def of(unit: Unit, function: Function) -> Places:
        """From parameters, locals and program-scope constants; where a member lies is not known."""
        code = unit.code
        found = Places(code, {}, {})
        for variable in unit.variables:
            if variable.owner:
                continue
            for declarator in variable.declarators:
                found._add(
                    declarator.name,
                    ["constant"],
                    bool(declarator.marks),
                    bool(declarator.arrays),
                    False,
                )
        for variable in unit.variables:
            for declarator in variable.declarators if variable.owner == function.owner else ():
                if variable.owner:
                    found._forget(declarator.name)
        for parameter in function.parameters:
            reference = "&" in {code.text(mark) for mark in parameter.declarator.marks}
            pointer = "*" in {code.text(mark) for mark in parameter.declarator.marks}
            arrays = bool(parameter.declarator.arrays)
            found._add(parameter.name, _spaces_of(code, parameter), pointer, arrays, reference)
        assert function.body is not None
        for local in locals_in(code, function.body[0] + 1, function.body[1]):
            spaces = [
                code.text(index) for index in local.specifiers.spaces if code.text(index) in _SPACES
            ]
            for declarator in local.declarators:
                marks = {code.text(mark) for mark in declarator.marks}
                found._add(
                    declarator.name, spaces, "*" in marks, bool(declarator.arrays), "&" in marks
                )
        return found

    def _add(
        self, name: str, spaces: list[str], pointer: bool, array: bool, reference: bool
    ) -> None:
        space = spaces[0] if spaces else "thread"
        self.targets.pop(name, None)
        if pointer:
            self.targets[name] = space
            self.homes[name] = "thread"
        elif array or reference:
            self.homes[name] = self.targets[name] = space
        else:
            self.homes[name] = space

    def _forget(self, name: str) -> None:
        self.targets.pop(name, None)
        self.homes.pop(name, None)

    def pointer(self, start: int, end: int) -> str:
        """The space that a pointer expression points into; "" if unknown."""
        code = self.code
        start, end = self._bare(start, end)
        if code.text(start) == "&":
            return self.lvalue(start + 1, end)
        if code.text(start) == "(":
            cast = [code.text(i) for i in range(start, code.pair[start]) if code.text(i) in _SPACES]
            return cast[0] if cast else ""
        name = code.text(start)
        if name in ("reinterpret_cast", "static_cast") and code.text(start + 1) == "<":
            after = code.after_angles(start + 1) or start
            cast = [code.text(i) for i in range(start, after) if code.text(i) in _SPACES]
            return cast[0] if cast else ""
        if start + 1 == end or code.text(start + 1) in ("+", "-"):
            return self.targets.get(name, "")
        return ""

    def lvalue(self, start: int, end: int) -> str:
        """The space in which the object that an expression names lies; "" if unknown."""
        code = self.code
        start, end = self._bare(start, end)
        if code.text(start) == "*":
            return self.pointer(start + 1, end)
        name = code.text(start)
        if not code.is_name(start):
            return ""
        index, space = start + 1, self.homes.get(name, "")
        if index < end and code.text(index) in ("[", "->"):
            space = self.targets.get(name, space)
        while index < end:
            if code.text(index) == "[":
                index = code.pair[index] + 1
            elif code.text(index) in (".", "->"):
                index += 2
            else:
                return ""
        return space

    def addressed(self, start: int) -> tuple[str, str]:
        """(text, space) of the variable or member whose address an expression that begins at
        `start` takes; ("", "") if it does not. What lies behind a pointer among the members is not
        known either."""
        code = self.code
        start += code.text(start) == "("
        if code.text(start) != "&" or not code.is_name(start + 1):
            return "", ""
        end = start + 2
        while code.text(end) == "[":
            end = code.pair[end] + 1
        end += 2 * (code.text(end) == "->")
        while code.text(end) == ".":
            end += 2
        if code.text(end) in ("[", "->", "("):
            return "", ""
        text = "".join(code.text(i) for i in range(start + 1, end))
        return text, self.lvalue(start + 1, end)

    def _bare(self, start: int, end: int) -> tuple[int, int]:
        while self.code.text(start) == "(" and self.code.pair[start] == end - 1:
            start, end = start + 1, end - 1
        return start, end


def _same_text(unit: Unit, functions: list[Function]) -> bool:
    """Whether the bodies say the same, so that one will do for all."""
    bodies = {
        tuple(
            t.text for t in unit.code.tokens[f.body[0] : f.body[1]] if t.text not in ADDRESS_SPACES
        )
        if f.body
        else ()
        for f in functions
    }
    return len(bodies) == 1


def _signature(unit: Unit, function: Function) -> tuple[object, ...]:
    """What the host compiler sees of a signature."""
    code = unit.code
    words = []
    for parameter in function.parameters:
        span = range(parameter.start, parameter.declarator.end)
        text = [_neutral(code.text(i)) for i in span if i != parameter.declarator.name_index]
        words.append(_once_const(text))
    after = function.body[0] if function.body else function.end
    tail = tuple(
        t.text
        for t in code.tokens[function.closing + 1 : after]
        if t.text in ("const", "volatile", "&", "&&")
    )
    cls = next((c.body[0] for c in unit.classes if c.body[0] < function.start < c.body[1]), -1)
    template = code.spell(*function.template) if function.template else ""
    name = function.name
    if name.startswith("operator"):
        name = "operator" + "".join(_neutral(word) for word in re.findall(r"\w+|\W", name[8:]))
    specialised = code.spell(function.name_index + 1, function.opening)
    defined = function.body is not None
    return (
        function.scope,
        function.owner,
        cls,
        name,
        specialised,
        tuple(words),
        tail,
        template,
        defined,
    )


def _once_const(text: list[str]) -> tuple[str, ...]:
    """The words that count, `const` once before a mark however often it was said."""
    found: list[str] = []
    said = False  # since the last mark
    for word in text:
        if word and not (word == "const" and said):
            found.append(word)
            said = word == "const" or (said and word not in "*&")
    return tuple(found)


def _neutral(word: str) -> str:
    """A word of a signature as the host compiler tells signatures apart: `constant` means const."""
    if word == "constant":
        return "const"
    return "" if word in ADDRESS_SPACES else word


def _all_spaces(unit: Unit, function: Function) -> tuple[str, ...]:
    after = function.body[0] if function.body else function.end
    return tuple(
        t.text for t in unit.code.tokens[function.head : after] if t.text in ADDRESS_SPACES
    )
