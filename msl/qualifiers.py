"""Where address spaces may stand and where they must: on variables, fields, parameters, returns.
What a type is through a template or an alias is not asked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msl.analysis import Analysis
from msl.declarations import Function, Unit, Variable
from msl.diagnostics import ERROR, Diagnostic
from msl.lexer import IDENT, NUMBER
from msl.overloads import Places
from msl.statements import Local, locals_in
from msl.syntax import Declarator, Specifiers, declarator_at, specifiers_at

_SPACES = ("device", "constant", "thread", "threadgroup")
_ALL_SPACES = (*_SPACES, "ray_data", "object_data", "threadgroup_imageblock")
_SCALAR = "bool|char|uchar|short|ushort|int|uint|long|ulong|half|bfloat|float"
_PLAIN = re.compile(
    rf"(?:metal::)?(?:(?:packed_)?(?:{_SCALAR})(?:[234](?:x[234])?)?|size_t|ptrdiff_t)"
    r"|u?int(?:8|16|32|64)_t|unsigned(?: \w+)?"
)
_VECTOR = re.compile(rf"(?:metal::)?(?:(?:{_SCALAR})[234]|vec<\w+,[234]>)")
_COMPONENT = re.compile(r"[xyzwrgba]")
_ATOMIC = re.compile(r"atomic_\w+_explicit")
_FLOAT_ATOMIC = re.compile(r"(?:metal::)?(?:atomic_float|atomic<float>)")


def check_qualifiers(unit: Unit, analysis: Analysis) -> list[Diagnostic]:
    """Violations in what this host compiles."""
    gone = [(item.start, item.end) for item in analysis.dropped]
    checker = _Checker(unit)
    found: list[Diagnostic] = []
    for variable in unit.variables:
        if not any(start <= variable.start < end for start, end in gone):
            found += checker.variable(variable)
    for function in unit.functions:
        if not any(start <= function.start < end for start, end in gone):
            found += checker.function(function)
    return found


class _Checker:
    def __init__(self, unit: Unit) -> None:
        self.unit, self.code = unit, unit.code
        self.classes = {c.name for c in unit.classes if unit.code.text(c.start) != "template"}

    def _error(self, index: int, text: str) -> Diagnostic:
        token = self.code.tokens[index]
        return Diagnostic(ERROR, token.line, token.column, text, token.file)

    def _known(self, specifiers: Specifiers, templates: set[str]) -> bool:
        """Whether the type is one of the language's or a plain class: no pointer in disguise."""
        kind = specifiers.type
        if kind in templates or kind in self.unit.aliases:
            return False
        return kind in self.classes or _PLAIN.fullmatch(kind) is not None

    def _named(self, specifiers: Specifiers) -> list[str]:
        return [text for text in map(self.code.text, specifiers.spaces) if text in _SPACES]

    def variable(self, variable: Variable) -> Iterator[Diagnostic]:
        """A field, or a variable at program scope."""
        specifiers = variable.specifiers
        yield from self._twice(specifiers)
        if not variable.owner or specifiers.words & {"static", "constexpr"} or variable.template:
            return
        for declarator in variable.declarators:
            if declarator.function:
                continue
            known = self._known(specifiers, set())
            if known and not declarator.marks and set(self._named(specifiers)) - {"thread"}:
                text = "field may not be qualified with an address space"
                yield self._error(declarator.name_index, text)
            elif known and declarator.marks:
                yield from self._bare(specifiers, declarator)

    def function(self, function: Function) -> Iterator[Diagnostic]:
        """Parameters, what is returned, and the body."""
        templates = self._templates(function)
        for parameter in function.parameters:
            specifiers, declarator = parameter.specifiers, parameter.declarator
            if specifiers is None or not self._known(specifiers, templates):
                continue
            yield from self._twice(specifiers)
            value = not declarator.marks and not declarator.arrays
            if value and set(self._named(specifiers)) - {"thread"}:
                index = declarator.name_index if declarator.name else parameter.start
                yield self._error(index, "parameter may not be qualified with an address space")
            elif function.kind == "kernel" and len(declarator.marks) > 1:
                yield from self._buried(specifiers, declarator)
        yield from self._returned(function, templates)
        if function.body is not None:
            yield from self._body(function, templates)

    def _templates(self, function: Function) -> set[str]:
        if function.template is None:
            return set()
        return {token.text for token in self.code.tokens[slice(*function.template)]}

    def _twice(self, specifiers: Specifiers) -> Iterator[Diagnostic]:
        spaces = [i for i in specifiers.spaces if self.code.text(i) in _SPACES]
        if len({self.code.text(index) for index in spaces}) > 1:
            yield self._error(spaces[1], "multiple address spaces specified for type")

    def _bare(self, specifiers: Specifiers, declarator: Declarator) -> Iterator[Diagnostic]:
        """A pointer or reference to something that lies nowhere in particular."""
        mark = declarator.marks[0]
        around = {self.code.text(index) for index in range(specifiers.start, mark)}
        if not around & set(_ALL_SPACES):
            kind = "pointer" if self.code.text(mark) == "*" else "reference"
            yield self._error(mark, f"{kind} type must have explicit address space qualifier")

    def _buried(self, specifiers: Specifiers, declarator: Declarator) -> Iterator[Diagnostic]:
        """A buffer of pointers that lies in no memory that a buffer can be in."""
        first, second = declarator.marks[:2]
        if {self.code.text(index) for index in range(first, second)} & set(_ALL_SPACES):
            return
        pointee = f"{' '.join(self._named(specifiers))} {specifiers.type} *"
        text = f"invalid address space qualification for buffer pointee type '{pointee}'"
        yield self._error(declarator.name_index if declarator.name else first, text)

    def _returned(self, function: Function, templates: set[str]) -> Iterator[Diagnostic]:
        specifiers = specifiers_at(self.code, function.head, function.name_index, True)
        if specifiers is None or not self._known(specifiers, templates):
            return
        declarator = declarator_at(self.code, specifiers.end, function.name_index)
        if declarator.marks and not declarator.name and declarator.marks[0] == specifiers.end:
            yield from self._bare(specifiers, declarator)

    def _body(self, function: Function, templates: set[str]) -> Iterator[Diagnostic]:
        assert function.body is not None
        first, last = function.body
        kinds: dict[str, tuple[str, int]] = {}  # type, and how often it must be looked into
        for parameter in function.parameters:
            if parameter.specifiers:
                self._note(kinds, parameter.specifiers, parameter.declarator)
        for local in locals_in(self.code, first + 1, last):
            yield from self._local(local, templates)
            for declarator in local.declarators:
                if declarator.name in kinds:
                    kinds[declarator.name] = ("", 0)
                else:
                    self._note(kinds, local.specifiers, declarator)
        places: Places | None = None
        for index in range(first + 1, last):
            text = self.code.text(index)
            if text == "&" and self._component(index, kinds):
                yield self._error(index, "address of vector element requested")
            elif _ATOMIC.fullmatch(text) and self.code.text(index + 1) == "(":
                places = places or Places.of(self.unit, function)
                if self._shared_float(index + 2, kinds, places):
                    yield self._error(index, f"no matching function for call to '{text}'")

    def _note(
        self, kinds: dict[str, tuple[str, int]], specifiers: Specifiers, declarator: Declarator
    ) -> None:
        stars = sum(self.code.text(mark) == "*" for mark in declarator.marks)
        kinds[declarator.name] = specifiers.type, stars + declarator.arrays

    def _local(self, local: Local, templates: set[str]) -> Iterator[Diagnostic]:
        specifiers = local.specifiers
        yield from self._twice(specifiers)
        automatic = not specifiers.words & {"static", "constexpr", "extern"}
        if not automatic or not set(self._named(specifiers)) & {"device", "constant"}:
            return
        for declarator in local.declarators:
            if not declarator.marks and self._known(specifiers, templates):
                text = "automatic variable qualified with an address space"
                yield self._error(declarator.name_index, text)

    def _component(self, index: int, kinds: dict[str, tuple[str, int]]) -> bool:
        """Whether `&` here takes the address of `v.x`, `p[i].x` or `p->x` of a vector type."""
        code = self.code
        before = code.tokens[index - 1]
        if before.kind in (IDENT, NUMBER) and before.text not in ("return", "case", "else"):
            return False
        if before.text in (")", "]") and not self._cast_before(index - 1):
            return False
        name, depth, position = code.text(index + 1), 0, index + 2
        kind, wanted = kinds.get(name, ("", 0))
        while code.text(position) == "[":
            depth, position = depth + 1, code.pair[position] + 1
        arrow = code.text(position) == "->"
        if (not arrow and code.text(position) != ".") or depth + arrow != wanted:
            return False
        after = code.text(position + 2)
        found = _VECTOR.fullmatch(kind) and _COMPONENT.fullmatch(code.text(position + 1))
        return bool(found) and after not in (".", "->", "[", "(")

    def _cast_before(self, closing: int) -> bool:
        """Whether the parenthesis that ends here holds a pointer type."""
        code = self.code
        return code.text(closing) == ")" and code.text(closing - 1) == "*"

    def _shared_float(self, start: int, kinds: dict[str, tuple[str, int]], places: Places) -> bool:
        """Whether an argument is a floating-point atomic in threadgroup memory, which has none."""
        name = start + (self.code.text(start) == "&")
        kind, _ = kinds.get(self.code.text(name), ("", 0))
        if not _FLOAT_ATOMIC.fullmatch(kind):
            return False
        word = self.code.text(name)
        return "threadgroup" in (places.targets.get(word, ""), places.homes.get(word, ""))
