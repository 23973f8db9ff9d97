"""Finds the declarations of a token list. Reads forms only; what they mean is judged elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field

from msl.declarations import (
    ENTRY_KINDS,
    Class,
    Function,
    Instantiation,
    Parameter,
    Unit,
    Variable,
)
from msl.lexer import DIRECTIVE, NUMBER
from msl.syntax import (
    ADDRESS_SPACES,
    Attribute,
    Code,
    attributes_at,
    declarator_at,
    specifiers_at,
)

_CLASS = ("struct", "class", "union")


def scan(code: Code) -> Unit:
    """Find every declaration of a unit."""
    scanner = _Scanner(code)
    scanner.scope(0, len(code.tokens), (), "")
    return scanner.unit


@dataclass
class _Head:
    """What a declaration has shown so far."""

    start: int
    first: int
    template: tuple[int, int] | None
    specialisation: bool
    attributes: list[Attribute]
    trailing: list[Attribute] = field(default_factory=list)
    name: str = ""
    name_index: int = -1
    parameters: int = -1  # opening parenthesis
    class_word: int = -1
    colon: int | None = None


class _Scanner:
    def __init__(self, code: Code) -> None:
        self.code = code
        self.unit = Unit(code)

    def scope(self, index: int, end: int, names: tuple[str, ...], owner: str) -> None:
        """Every declaration in [index, end)."""
        code = self.code
        while index < end:
            text = code.text(index)
            if code.tokens[index].kind == DIRECTIVE or text in (";", "}"):
                index += 1
            elif text in ("public", "private", "protected") and code.text(index + 1) == ":":
                index += 2
            else:
                index = max(self._declaration(index, end, names, owner), index + 1)

    def _declaration(self, start: int, end: int, names: tuple[str, ...], owner: str) -> int:
        code = self.code
        head = _Head(start, start, None, False, [])
        index = start
        while index < end:
            text = code.text(index)
            if text == "template" and code.text(index + 1) == "<":
                after = code.after_angles(index + 1, True)
                if after is None:
                    return end
                head.template = head.template or (index + 1, after)
                head.specialisation = after == index + 3
                index = after
            elif text == "template":
                return self._instantiation(start, index + 1, end)
            elif code.at_attributes(index):
                attributes, index = attributes_at(code, index)
                head.attributes += attributes
            elif text == "friend":
                index += 1
            else:
                break
        head.first = index
        text = code.text(index)
        if text == "namespace" or (text == "inline" and code.text(index + 1) == "namespace"):
            return self._namespace(index, end, names)
        if text in ("using", "typedef", "static_assert", "_Static_assert"):
            return self._simple(index, end, names, owner)
        return self._general(head, end, names, owner)

    def _namespace(self, index: int, end: int, names: tuple[str, ...]) -> int:
        code = self.code
        opening = index
        while opening < end and code.text(opening) not in ("{", ";"):
            opening = code.pair[opening] + 1 if code.text(opening) == "[" else opening + 1
        if code.text(opening) != "{":
            return opening + 1
        inner = tuple(
            t.text
            for t in code.tokens[index:opening]
            if t.kind == "ident" and t.text not in ("namespace", "inline")
        )
        self.scope(opening + 1, code.pair[opening], (*names, *inner), "")
        return code.pair[opening] + 1

    def _simple(self, index: int, end: int, names: tuple[str, ...], owner: str) -> int:
        """using, typedef and static_assert: nothing is declared but a name."""
        code = self.code
        stop = self._semicolon(index, end)
        word = code.text(index)
        if word == "using" and code.text(index + 2) == "=":
            self.unit.aliases[code.text(index + 1)] = (index + 3, stop)
        elif word == "typedef":
            for position in range(index, stop):
                if code.text(position) == "{" and code.pair[position] < stop:
                    name = code.text(stop - 1)
                    if code.text(index + 1) in _CLASS:
                        self._class(name, index + 1, position, None, names)
                    break
            specifiers = specifiers_at(code, index + 1, stop)
            if specifiers:
                for first, last in code.split(specifiers.end, stop):
                    declarator = declarator_at(code, first, last)
                    if declarator.name:
                        self.unit.aliases[declarator.name] = (index + 1, stop)
        return stop + 1

    def _semicolon(self, index: int, end: int) -> int:
        code = self.code
        while index < end and code.text(index) != ";":
            index = code.pair[index] + 1 if code.text(index) in ("(", "[", "{") else index + 1
        return index

    def _instantiation(self, start: int, index: int, end: int) -> int:
        code = self.code
        stop = self._semicolon(index, end)
        attributes: list[Attribute] = []
        name_index = -1
        arguments = (stop, stop)
        while index < stop:
            if code.at_attributes(index):
                found, index = attributes_at(code, index)
                attributes += found
                continue
            text = code.text(index)
            if text == "decltype" and code.text(index + 1) == "(":
                index = code.pair[index + 1] + 1
                continue
            if text == "(":
                break
            if code.is_name(index) and text not in ADDRESS_SPACES:
                name_index = index
                if code.text(index + 1) == "<":
                    after = code.after_angles(index + 1)
                    if after is not None:
                        arguments = (index + 1, after)
                        index = after
                        continue
                arguments = (stop, stop)
            index += 1
        if name_index >= 0:
            self.unit.instantiations.append(
                Instantiation(
                    start, min(stop + 1, end), code.text(name_index), arguments, attributes
                )
            )
        return stop + 1

    def _general(self, head: _Head, end: int, names: tuple[str, ...], owner: str) -> int:
        """A function, class, enum or variable: read on until its form is known."""
        code = self.code
        index = head.first
        while index < end:
            text = code.text(index)
            if code.at_attributes(index):
                attributes, index = attributes_at(code, index)
                (head.trailing if head.parameters >= 0 else head.attributes).extend(attributes)
            elif (
                text in ("alignas", "__attribute__", "__attribute", "decltype", "explicit")
                and code.text(index + 1) == "("
            ):
                index = code.pair[index + 1] + 1
            elif text == "operator" and head.parameters < 0:
                index = self._operator(head, index)
            elif text == "(":
                if head.parameters < 0 and self._opens_parameters(head, index):
                    head.parameters = index
                index = code.pair[index] + 1
            elif text == "<" and code.is_name(index - 1) and head.parameters < 0:
                index = code.after_angles(index, True) or index + 1
            elif text == "enum" and head.parameters < 0:
                return self._enum(index, end)
            elif text in _CLASS and head.class_word < 0 and head.parameters < 0:
                head.class_word = index
                index += 1
            elif text == ":" and head.parameters >= 0:
                index = self._initialisers(index + 1, end)
            elif text == ":":
                head.colon = index
                index += 1
            elif text == "{":
                if head.parameters >= 0:
                    return self._function(
                        head, code.pair[index] + 1, (index, code.pair[index]), names, owner
                    )
                if head.class_word >= 0:
                    return self._class_and_rest(head, index, end, names)
                index = code.pair[index] + 1
            elif text in ("=", ";"):
                return self._finish(head, index, end, names, owner)
            elif text == "[":
                index = code.pair[index] + 1
            else:
                if code.is_name(index) and head.parameters < 0:
                    head.name, head.name_index = text, index
                index += 1
        return end

    def _operator(self, head: _Head, index: int) -> int:
        code = self.code
        position = index + 1
        if code.text(position) == "(" and code.text(position + 1) == ")":
            position += 2
        while code.text(position) not in ("(", "", ";", "{"):
            if code.text(position) == "[":
                position = code.pair[position]
            position += 1
        head.name = "operator" + code.spell(index + 1, position)
        head.name_index = index
        return position

    def _opens_parameters(self, head: _Head, index: int) -> bool:
        code = self.code
        if not head.name or (
            code.text(index + 1) in ("*", "&") and code.text(index - 1) != head.name
        ):
            return False
        if head.name.startswith("operator"):
            return True
        before = code.text(index - 1)
        if not (code.is_name(index - 1) or before in (">", ">>")) or index == head.first:
            return False
        return code.tokens[index + 1].kind not in (NUMBER, "string") and code.text(index + 1) != "-"

    def _initialisers(self, index: int, end: int) -> int:
        """A constructor's member initialisers: the index of the body."""
        code = self.code
        while index < end:
            text = code.text(index)
            if text == "(":
                index = code.pair[index] + 1
            elif text == "{":
                if not (code.is_name(index - 1) or code.text(index - 1) in (">", ">>")):
                    return index
                index = code.pair[index] + 1
            elif text == "<":
                index = code.after_angles(index) or index + 1
            elif text == ";":
                return index
            else:
                index += 1
        return index

    def _enum(self, index: int, end: int) -> int:
        stop = self._semicolon(index, end)
        self.unit.enums.append((index, stop))
        return stop + 1

    def _class_and_rest(self, head: _Head, opening: int, end: int, names: tuple[str, ...]) -> int:
        name = head.name
        if head.colon is not None:
            before = head.colon - 1
            while before > head.class_word and not self.code.is_name(before):
                before -= 1
            name = self.code.text(before)
        self._class(name, head.start, opening, head.colon, names)
        return self._semicolon(self.code.pair[opening] + 1, end) + 1

    def _class(
        self, name: str, start: int, opening: int, bases: int | None, names: tuple[str, ...]
    ) -> None:
        closing = self.code.pair[opening]
        self.unit.classes.append(Class(name, start, (opening, closing), bases, names))
        self.scope(opening + 1, closing, names, name or "(anonymous)")

    def _finish(self, head: _Head, index: int, end: int, names: tuple[str, ...], owner: str) -> int:
        """A declaration without a body: a prototype or variables."""
        stop = self._semicolon(index, end)
        after = min(stop + 1, end)  # the text may end before its semicolon
        if head.parameters >= 0:
            return self._function(head, after, None, names, owner)
        specifiers = specifiers_at(self.code, head.first, stop, True)
        if specifiers and specifiers.end < stop:
            specifiers.attributes = [
                *(a for a in head.attributes if a.index < head.first),
                *specifiers.attributes,
            ]
            ranges = self.code.split(specifiers.end, stop)
            declarators = [declarator_at(self.code, first, last) for first, last in ranges]
            template = head.template is not None
            self.unit.variables.append(
                Variable(
                    head.start,
                    after,
                    specifiers,
                    [d for d in declarators if d.name],
                    names,
                    owner,
                    template,
                )
            )
        return after

    def _function(
        self,
        head: _Head,
        end: int,
        body: tuple[int, int] | None,
        names: tuple[str, ...],
        owner: str,
    ) -> int:
        code = self.code
        function = Function(
            head.name,
            head.name_index,
            head.start,
            head.first,
            head.parameters,
            code.pair[head.parameters],
            end,
            body,
        )
        function.scope, function.owner = names, owner
        if not owner and code.text(head.name_index - 1) == "::":
            function.owner = code.text(head.name_index - 2)
        function.template, function.specialisation = head.template, head.specialisation
        function.attributes, function.trailing = head.attributes, head.trailing
        span = range(head.first, head.name_index)
        words = {item.name for item in head.attributes}
        words |= {code.text(index) for index in span} & {"kernel", "vertex", "fragment"}
        function.kind = next((kind for kind in ENTRY_KINDS if kind in words), "")
        for first, last in code.split(function.opening + 1, function.closing):
            function.parameters.append(parameter_at(code, first, last))
        self.unit.functions.append(function)
        return end


def parameter_at(code: Code, start: int, end: int) -> Parameter:
    """One parameter, its attributes taken from wherever they stand."""
    specifiers = specifiers_at(code, start, end, True)
    declarator = declarator_at(code, specifiers.end if specifiers else start, end)
    attributes = [*(specifiers.attributes if specifiers else []), *declarator.attributes]
    return Parameter(start, end, specifiers, declarator, attributes)
