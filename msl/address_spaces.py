"""Address spaces of pointers and references: every one named, none mixed. Works from a table of
named variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from msl.analysis import Analysis
from msl.declarations import Function, Parameter, Unit
from msl.diagnostics import ERROR, NOTE, Diagnostic
from msl.overloads import Places
from msl.statements import locals_in
from msl.syntax import Code, Declarator, Specifiers, declarator_at, specifiers_at

_SPACES = ("device", "constant", "thread", "threadgroup")
_SCALAR = "bool|char|uchar|short|ushort|int|uint|long|ulong|half|bfloat|float|size_t|ptrdiff_t"
_LANGUAGE_TYPE = re.compile(
    rf"(?:packed_)?(?:{_SCALAR})(?:[234](?:x[234])?)?|u?int(?:8|16|32|64)_t|void"
    r"|unsigned(?: \w+)*|signed(?: \w+)*|long (?:int|long)|short int"
    r"|atomic_(?:int|uint|bool|float|ulong)|atomic<\w+>|(?:metal::)?vec<\w+,[234]>"
)
_CASTS = ("reinterpret_cast", "static_cast", "const_cast")


@dataclass(frozen=True)
class Pointer:
    """The type of a variable that points into, or is an array in, one address space."""

    space: str
    type: str
    const: bool
    array: bool = False

    def spell(self) -> str:
        """As Metal's compiler prints it."""
        const = "const " if self.const or self.space == "constant" else ""
        return f"{const}{self.space} {self.type} *"


#: Pointers and arrays by name; None for a name that means several things.
Table = dict[str, Pointer | None]


def check_address_spaces(unit: Unit, analysis: Analysis) -> list[Diagnostic]:
    """Violations in the functions that this host compiles."""
    concrete = {cls.name for cls in unit.classes if not _is_template(unit, cls.start)}
    checker = _Checker(unit, concrete)
    gone = {item.start for item in analysis.dropped}
    found: list[Diagnostic] = []
    for function in unit.functions:
        if function.start in gone:
            continue
        found += checker.signature(function)
        if function.body is not None:
            found += checker.body(function)
    return found


def _is_template(unit: Unit, start: int) -> bool:
    return unit.code.text(start) == "template"


@dataclass
class _Checker:
    unit: Unit
    classes: set[str]

    @property
    def code(self) -> Code:
        return self.unit.code

    def signature(self, function: Function) -> Iterator[Diagnostic]:
        """Parameters that point nowhere in particular."""
        templates = self._template_names(function)
        for parameter in function.parameters:
            yield from self._unnamed(parameter.specifiers, parameter.declarator, templates)

    def body(self, function: Function) -> Iterator[Diagnostic]:
        """Locals, casts, initialisers, assignments and calls."""
        assert function.body is not None
        templates = self._template_names(function)
        for local in locals_in(self.code, function.body[0] + 1, function.body[1]):
            for declarator in local.declarators:
                yield from self._unnamed(local.specifiers, declarator, templates)
        table = self._table(function)
        places = Places.of(self.unit, function)
        for local in locals_in(self.code, function.body[0] + 1, function.body[1]):
            for declarator in local.declarators:
                yield from self._initialiser(declarator, table)
        first, last = function.body
        for index in range(first + 1, last):
            text = self.code.text(index)
            if text == "(":
                yield from self._c_cast(index, table, templates, places)
            elif text in _CASTS and self.code.text(index + 1) == "<":
                yield from self._named_cast(index, table, templates, places)
            elif (
                text == "="
                and self.code.text(index - 2) in (";", "{", "}", ")")
                and self.code.is_name(index - 1)
            ):
                yield from self._assignment(index, table)
            elif self.code.is_name(index) and self.code.text(index + 1) == "(":
                yield from self._call(index, table, places)

    def _template_names(self, function: Function) -> set[str]:
        if function.template is None:
            return set()
        return {
            token.text for token in self.code.tokens[function.template[0] : function.template[1]]
        }

    def _concrete(self, kind: str, templates: set[str]) -> bool:
        return kind not in templates and (
            kind in self.classes or _LANGUAGE_TYPE.fullmatch(kind) is not None
        )

    def _unnamed(
        self, specifiers: Specifiers | None, declarator: Declarator, templates: set[str]
    ) -> Iterator[Diagnostic]:
        if specifiers is None or specifiers.spaces or not declarator.marks or declarator.function:
            return
        if not self._concrete(specifiers.type, templates):
            return
        first = declarator.marks[0]
        around = {self.code.text(i) for i in range(specifiers.start, declarator.end)}
        if around & {*_SPACES, "ray_data", "object_data", "threadgroup_imageblock"}:
            return
        yield self._missing(first)

    def _missing(self, mark: int) -> Diagnostic:
        kind = "pointer" if self.code.text(mark) == "*" else "reference"
        return self._error(mark, f"{kind} type must have explicit address space qualifier")

    def _error(self, index: int, text: str, notes: tuple[Diagnostic, ...] = ()) -> Diagnostic:
        token = self.code.tokens[index]
        return Diagnostic(ERROR, token.line, token.column, text, token.file, notes)

    def _table(self, function: Function) -> Table:
        """What the function's parameters and locals are."""
        assert function.body is not None
        table: Table = {}
        for parameter in function.parameters:
            if parameter.name and parameter.specifiers:
                table[parameter.name] = self._pointer(
                    parameter.specifiers, parameter.declarator, False
                )
        for local in locals_in(self.code, function.body[0] + 1, function.body[1]):
            for declarator in local.declarators:
                found = self._pointer(local.specifiers, declarator, True)
                if declarator.name in table and table[declarator.name] != found:
                    found = None
                table[declarator.name] = found
        return table

    def _pointer(
        self, specifiers: Specifiers, declarator: Declarator, local: bool
    ) -> Pointer | None:
        spaces = [text for text in map(self.code.text, specifiers.spaces) if text in _SPACES]
        stars = [mark for mark in declarator.marks if self.code.text(mark) == "*"]
        one = len(declarator.marks) == 1 and len(stars) == 1 and not declarator.arrays
        if len(spaces) == 1 and one:
            return Pointer(spaces[0], specifiers.type, "const" in specifiers.words)
        if local and not declarator.marks and declarator.arrays == 1 and len(spaces) <= 1:
            return Pointer(
                spaces[0] if spaces else "thread",
                specifiers.type,
                "const" in specifiers.words,
                True,
            )
        return None

    def _value(self, start: int, end: int, table: Table) -> Pointer | None:
        """The pointer that an expression is, if it is `p`, `p + ...`, `p - ...`, or `&p[...]` with
        more of it."""
        code = self.code
        index = start
        address = code.text(index) == "&"
        index += address
        if not code.is_name(index):
            return None
        known = table.get(code.text(index))
        if known is None:
            return None
        index += 1
        if address:
            if code.text(index) != "[":
                return None
            index = code.pair[index] + 1
        if index == end or (index < end and code.text(index) in ("+", "-") and not address):
            words = [code.text(i) for i in range(index, end)]
            return (
                None if any(word in ("?", ",", "<", ">", "==", "!=") for word in words) else known
            )
        return None

    def _initialiser(
        self, declarator: Declarator, table: dict[str, Pointer | None]
    ) -> Iterator[Diagnostic]:
        target = table.get(declarator.name)
        if target is None or target.array or declarator.initialiser is None:
            return
        start, end = declarator.initialiser
        if self.code.text(start) != "=":
            return
        source = self._value(start + 1, end, table)
        if source is None or source.space == target.space or source.type != target.type:
            return
        plain = start + 2 == end
        spelling = f"{source.space} {source.type}[]" if source.array and plain else source.spell()
        category = "an lvalue" if plain else "an rvalue"
        text = (
            f"cannot initialize a variable of type '{target.spell()}'"
            f" with {category} of type '{spelling}'"
        )
        yield self._error(declarator.name_index, text)

    def _assignment(self, index: int, table: Table) -> Iterator[Diagnostic]:
        target = table.get(self.code.text(index - 1))
        stop = index
        while self.code.text(stop) not in (";", "", ","):
            stop = self.code.pair[stop] + 1 if self.code.text(stop) in ("(", "[", "{") else stop + 1
        source = self._value(index + 1, stop, table)
        if target and source and not target.array and target.space != source.space:
            text = (
                f"assigning '{source.spell()}' to '{target.spell()}'"
                " changes address space of pointer"
            )
            yield self._error(index, text)

    def _cast_type(self, start: int, end: int, templates: set[str]) -> tuple[Pointer | None, int]:
        """The pointer type of a type-id, and the index of its mark if it has no address space."""
        code = self.code
        specifiers = specifiers_at(code, start, end)
        if specifiers is None or specifiers.end >= end:
            return None, -1
        declarator = declarator_at(code, specifiers.end, end)
        if declarator.name or not declarator.marks or declarator.end != end:
            return None, -1
        if declarator.marks[0] > specifiers.end + 1:  # `uint(7) * (x)` is a product
            return None, -1
        spaces = [code.text(i) for i in range(start, end) if code.text(i) in _SPACES]
        if not spaces:
            known = self._concrete(specifiers.type, templates)
            return None, declarator.marks[0] if known else -1
        if len(spaces) > 1 or len(declarator.marks) > 1 or code.text(declarator.marks[0]) != "*":
            return None, -1
        return Pointer(spaces[0], specifiers.type, "const" in specifiers.words), -1

    def _c_cast(
        self, index: int, table: Table, templates: set[str], places: Places
    ) -> Iterator[Diagnostic]:
        code = self.code
        close = code.pair[index]
        if code.is_name(index - 1) and code.text(index - 1) not in ("return", "case", "else"):
            return
        follows = code.is_name(close + 1) or code.text(close + 1) in ("(", "&")
        target, bare = self._cast_type(index + 1, close, templates)
        if bare >= 0 and follows:
            yield self._missing(bare)
        if target is None or not follows:
            return
        stop = self._operand_end(close + 1)
        source = self._operand(close + 1, stop, table)
        yield from self._mismatch("C-style cast", index, target, source)
        if source is None:
            yield from self._address("C-style cast", index, target, close + 1, places)

    def _operand_end(self, index: int) -> int:
        code = self.code
        index += code.text(index) == "&"
        index = code.pair[index] + 1 if code.text(index) == "(" else index + 1
        while code.text(index) in ("[", "("):
            index = code.pair[index] + 1
        return index

    def _operand(self, start: int, end: int, table: Table) -> Pointer | None:
        if self.code.text(start) == "(" and self.code.pair[start] == end - 1:
            start, end = start + 1, end - 1
        if self.code.text(end) in (".", "->"):
            return None
        return self._value(start, end, table)

    def _named_cast(
        self, index: int, table: Table, templates: set[str], places: Places
    ) -> Iterator[Diagnostic]:
        code = self.code
        after = code.after_angles(index + 1)
        if after is None or code.text(after) != "(":
            return
        target, bare = self._cast_type(index + 2, after - 1, templates)
        if bare >= 0:
            yield self._missing(bare)
        if target is not None:
            source = self._value(after + 1, code.pair[after], table)
            yield from self._mismatch(code.text(index), index, target, source)
            if source is None:
                yield from self._address(code.text(index), index, target, after + 1, places)

    def _mismatch(
        self, cast: str, index: int, target: Pointer, source: Pointer | None
    ) -> Iterator[Diagnostic]:
        if source is not None and source.space != target.space:
            text = (
                f"{cast} from '{source.spell()}' to '{target.spell()}'"
                " converts between mismatching address spaces"
            )
            yield self._error(index, text)

    def _address(
        self, cast: str, index: int, target: Pointer, start: int, places: Places
    ) -> Iterator[Diagnostic]:
        """The address of a variable or member whose space is declared."""
        name, space = places.addressed(start)
        if space in ("", "thread", target.space):
            return
        text = (
            f"{cast} of the address of '{name}' in address space '{space}' to '{target.spell()}'"
            " converts between mismatching address spaces"
        )
        yield self._error(index, text)

    def _call(self, index: int, table: Table, places: Places) -> Iterator[Diagnostic]:
        """A call whose every candidate wants a pointer into another space."""
        code = self.code
        name = code.text(index)
        if code.text(index - 1) in (".", "->") or name in table:
            return
        candidates = [
            f for f in self.unit.functions if f.name == name and f.template is None and not f.owner
        ]
        if not candidates or any(
            f.name == name and (f.template or f.owner) for f in self.unit.functions
        ):
            return
        arguments = list(code.split(index + 2, code.pair[index + 1]))
        notes = []
        for candidate in candidates:
            note = self._rejects(candidate, arguments, table, places)
            if note is None:
                return
            notes.append(note)
        yield self._error(index, f"no matching function for call to '{name}'", tuple(notes))

    def _rejects(
        self,
        candidate: Function,
        arguments: list[tuple[int, int]],
        table: Table,
        places: Places,
    ) -> Diagnostic | None:
        for position, (parameter, argument) in enumerate(
            zip(candidate.parameters, arguments, strict=False)
        ):
            source = self._value(*argument, table)
            if parameter.specifiers is None:
                continue
            wrong = self._wrong_home(parameter, argument, places)
            if wrong:
                return self._not_viable(candidate, position, *wrong)
            if source is None:
                continue
            target = self._pointer(parameter.specifiers, parameter.declarator, False)
            if target is None or target.space == source.space:
                continue
            return self._not_viable(candidate, position, source.spell(), target.spell())
        return None

    def _wrong_home(
        self, parameter: Parameter, argument: tuple[int, int], places: Places
    ) -> tuple[str, str] | None:
        """What is passed and what is wanted, if a variable cannot be referred to."""
        assert parameter.specifiers is not None
        code, specifiers = self.code, parameter.specifiers
        spaces = [code.text(index) for index in specifiers.spaces]
        marks = [code.text(mark) for mark in parameter.declarator.marks]
        if marks != ["&"] or len(spaces) != 1 or parameter.declarator.arrays:
            return None
        if "const" in specifiers.words or spaces[0] == "constant":
            return None
        home = places.lvalue(*argument)
        if not home or home == spaces[0]:
            return None
        passed = specifiers.type if home == "thread" else f"{home} {specifiers.type}"
        return passed, f"{spaces[0]} {specifiers.type} &"

    def _not_viable(
        self, candidate: Function, position: int, passed: str, wanted: str
    ) -> Diagnostic:
        token = self.code.tokens[candidate.name_index]
        ordinal = f"{position + 1}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(position + 1, 'th') }"
        text = (
            f"candidate function not viable: address space mismatch in {ordinal} argument"
            f" ('{passed}'), parameter type must be '{wanted}'"
        )
        return Diagnostic(NOTE, token.line, token.column, text, token.file)
