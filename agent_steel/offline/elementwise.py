"""Rules for kernels with one thread an element: float4 with a scalar tail, more items a thread."""

from __future__ import annotations

from collections.abc import Iterator

from agent_steel.offline.body import COMPOUND, MATH, NAMESPACES, Items, items_of, statements
from agent_steel.offline.view import Geometry, View, edited, same_extent, with_geometry
from msl.lexer import NUMBER

VECTORS_A_THREAD = (1, 4, 16)
ITEMS_A_THREAD = (4, 16, 64)
_COMPARISONS = ("<", ">", "<=", ">=", "==", "!=")
_FIRST, _COUNT, _VECTOR = "position", "threads", "first"


class Uncertain(Exception):
    """A construct that a rule cannot vouch for."""


def vectors(view: View, seed: int) -> Iterator[tuple[str, str]]:
    """Four neighbours as one float4, and what is left over as before; 1 to 16 of them a thread."""
    items = _countable(view)
    if items is None or not items.fresh(_FIRST, _COUNT, _VECTOR, "select", "float4"):
        return
    try:
        body = Widening(items).statements()
    except Uncertain:
        return
    scalar = _indented(view.text(items.work.start, items.work.stop), 8)
    loop = (
        f"\n  for (uint {_VECTOR} = 4 * {_FIRST}; {_VECTOR} < {items.bound}; "
        f"{_VECTOR} += 4 * {_COUNT}) {{\n"
        f"    if ({items.bound} - {_VECTOR} >= 4) {{\n{_indented(body, 6)}\n    }} else {{\n"
        f"      for (uint {items.index} = {_VECTOR}; {items.index} < {items.bound}; "
        f"++{items.index}) {{\n{scalar}\n      }}\n    }}\n  }}\n"
    )
    for count in VECTORS_A_THREAD:
        yield f"{count} float4 a thread", _assembled(items, loop, 4 * count)


def grid_stride(view: View, seed: int) -> Iterator[tuple[str, str]]:
    """The same work for several items a thread, a grid apart so that neighbours stay neighbours."""
    items = _countable(view)
    if items is None or not items.fresh(_FIRST, _COUNT, "for", "while", "do"):
        return
    work = _indented(view.text(items.work.start, items.work.stop), 4)
    loop = (
        f"\n  for (uint {items.index} = {_FIRST}; {items.index} < {items.bound}; "
        f"{items.index} += {_COUNT}) {{\n{work}\n  }}\n"
    )
    for count in ITEMS_A_THREAD:
        yield f"{count} items a thread, a grid apart", _assembled(items, loop, count)


def _countable(view: View) -> Items | None:
    """Items whose guard is their number, as SPEC and grid have it, and whose index is constant."""
    items = items_of(view)
    if items is None or view.scalar(items.bound) != "uint" or items.geometry is None:
        return None
    value = view.scalar_value(items.bound)
    if not value or not same_extent(value, items.geometry.grid[0], view.problem.sizes):
        return None
    code = view.code
    for at in items.work:
        beside = {code.text(at - 1), code.text(at + 1)}
        if code.text(at) == items.index and beside & {"=", "++", "--", "&", "%=", *COMPOUND}:
            return None
    return items


def _assembled(items: Items, loop: str, share: int) -> str:
    """The kernel with `loop` for its body and a grid of one thread for `share` items."""
    view, parameter = items.view, items.parameter
    attribute = (
        f"uint {_FIRST} [[thread_position_in_grid]],\n    uint {_COUNT} [[threads_per_grid]]"
    )
    opening = view.starts[view.body.start - 1] + 1
    edits = [
        (opening, view.starts[view.body.stop], loop),
        (view.starts[parameter.start], _end(view, parameter.end), attribute),
    ]
    grid = (f"ceil_div({items.geometry.grid[0]}, {share})", "1", "1")
    changed = Geometry(grid, items.geometry.threadgroup)
    return with_geometry(edited(view.source, edits), changed)


def _end(view: View, stop: int) -> int:
    return view.starts[stop - 1] + len(view.code.text(stop - 1))


def _indented(text: str, by: int) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n".join(" " * by + line for line in lines)


class Widening:
    """Statements over float, written over float4; every name and operator is accounted for."""

    def __init__(self, items: Items) -> None:
        self.items = items
        self.view = items.view
        self.code = items.view.code
        self.locals: set[str] = set()

    def statements(self) -> str:
        """All of them, one a line. Raises Uncertain."""
        found = [self._statement(span) for span in statements(self.view, self.items.work)]
        if not found:
            raise Uncertain("nothing is done")
        return "\n".join(found)

    def _statement(self, span: range) -> str:
        at, stop = span.start, span.stop - 1
        if self.code.text(stop) != ";":
            raise Uncertain(self.code.text(at))
        constant = self.code.text(at) == "const"
        if constant:
            at += 1
        if self.code.text(at) == "float" and self.code.text(at + 2) == "=":
            name = self.code.text(at + 1)
            value = self._expression(at + 3, stop)
            if self.view.parameter(name) or name in MATH:
                raise Uncertain(f"a second {name}")
            self.locals.add(name)
            return f"{'const ' if constant else ''}float4 {name} = float4({value});"
        if constant:
            raise Uncertain("a constant of another type")
        name, target, after = self.code.text(at), self.code.text(at), at + 1
        if name not in self.locals:
            target, after = self._element(at)
        operator = self.code.text(after)
        if operator not in ("=", *COMPOUND):
            raise Uncertain(operator)
        return f"{target} {operator} float4({self._expression(after + 1, stop)});"

    def _element(self, at: int) -> tuple[str, int]:
        """`X[index]` at a token as a float4, and the token after it."""
        name = self.code.text(at)
        subscript = self.view.words(range(at + 1, at + 4))
        if self.view.element(name) != "float" or subscript != ["[", self.items.index, "]"]:
            raise Uncertain(name)
        parameter = self.view.parameter(name)
        assert parameter is not None and parameter.specifiers is not None
        const = "const " if "const" in parameter.specifiers.words else ""
        return f"*reinterpret_cast<device {const}float4 *>({name} + {_VECTOR})", at + 4

    def _top(self, start: int, stop: int, wanted: tuple[str, ...]) -> list[int]:
        """Tokens of these texts outside brackets."""
        found, at = [], start
        while at < stop:
            if self.code.text(at) in wanted:
                found.append(at)
            at = self.code.pair[at] + 1 if self.code.text(at) in ("(", "[", "{") else at + 1
        return found

    def _expression(self, start: int, stop: int) -> str:
        marks = self._top(start, stop, ("?", ":"))
        if not marks:
            return self._terms(start, stop)
        colons = [at for at in marks if self.code.text(at) == ":"]
        if not colons or [self.code.text(at) for at in marks[:2]] != ["?", ":"]:
            raise Uncertain("?")
        condition = self._condition(start, marks[0])
        then = self._expression(marks[0] + 1, marks[1])
        other = self._expression(marks[1] + 1, stop)
        return f"select(float4({other}), float4({then}), {condition})"

    def _condition(self, start: int, stop: int) -> str:
        while self.code.text(start) == "(" and self.code.pair[start] == stop - 1:
            start, stop = start + 1, stop - 1
        marks = self._top(start, stop, _COMPARISONS)
        if len(marks) != 1:
            raise Uncertain("a condition that is not one comparison")
        left, right = self._terms(start, marks[0]), self._terms(marks[0] + 1, stop)
        return f"float4({left}) {self.code.text(marks[0])} float4({right})"

    def _terms(self, start: int, stop: int) -> str:
        """Terms with arithmetic between them."""
        made: list[str] = []
        at = start
        while at < stop:
            text, at = self._term(at)
            made.append(text)
        if not made:
            raise Uncertain("an empty expression")
        return " ".join(made)

    def _term(self, at: int) -> tuple[str, int]:
        text, after = self.code.text(at), self.code.text(at + 1)
        if text in ("+", "-", "*", "/"):
            return text, at + 1
        if text == "(":
            return f"({self._expression(at + 1, self.code.pair[at])})", self.code.pair[at] + 1
        if self.code.tokens[at].kind == NUMBER:
            if text[-1] not in "fF" or text[:2] in ("0x", "0X"):
                raise Uncertain(text)  # integers divide in another way, and halves round
            return text, at + 1
        if text in NAMESPACES and after == "::" and self.code.text(at + 2) in MATH:
            inner, end = self._term(at + 2)
            return f"{text}::{inner}", end
        if (text in MATH or text == "float") and after == "(":
            closing = self.code.pair[at + 1]
            arguments = [self._expression(*one) for one in self.code.split(at + 2, closing)]
            name = "float4" if text == "float" else text
            if text == "float" and len(arguments) != 1:
                raise Uncertain(text)
            wide = arguments if text == "float" else [f"float4({one})" for one in arguments]
            return f"{name}({', '.join(wide)})", closing + 1
        if text in self.locals or self.view.scalar(text) == "float":
            return text, at + 1
        return self._element(at)
