"""Bodies of kernels with one thread an item: their index, guard and statements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent_steel.offline.view import POSITION, Geometry, View
from msl.declarations import Parameter
from msl.statements import Local, local_at, statement_end
from msl.words import words

#: Functions of the library without effects that take floats, element by element.
MATH = words(
    """
    exp exp2 exp10 log log2 log10 sin cos tan sinh cosh tanh asin acos atan atan2 sqrt rsqrt abs
    fabs max min fmax fmin clamp fma mix saturate sign floor ceil round rint trunc pow powr fmod
    """
)
NAMESPACES = ("metal", "precise", "fast")
COMPOUND = ("+=", "-=", "*=", "/=")


@dataclass(frozen=True)
class Items:
    """A kernel that handles item `index` of a line of threads, and nothing else with it."""

    view: View
    geometry: Geometry
    parameter: Parameter
    work: range  # tokens of what is done for the item, the guard left out
    bound: str  # of the guard `index < bound`; "" without one

    @property
    def index(self) -> str:
        """The name of the index."""
        return self.parameter.name

    def fresh(self, *names: str) -> bool:
        """Whether the source uses none of these names yet."""
        taken = {token.text for token in self.view.code.tokens}
        return not taken & set(names)


def items_of(view: View) -> Items | None:
    """The items of a kernel; None where threads share anything or the shape is another."""
    geometry = view.geometry
    if geometry is None or not geometry.linear or geometry.consts:
        return None
    if not view.plain or view.header.tune:
        return None
    if view.attributes() != {POSITION} or view.declared & MATH:
        return None
    parameter = next(p for p in view.kernel.parameters if p.attribute(POSITION))
    if parameter.specifiers is None or parameter.specifiers.type != "uint":
        return None
    work, bound = _unguarded(view, parameter.name)
    told = view.words(work)
    if {"return", "goto", "threadgroup", "static", "asm"} & set(told) or any(
        word.startswith(("simd", "quad_", "threadgroup_", "atomic_")) for word in told
    ):
        return None
    return Items(view, geometry, parameter, work, bound)


def _unguarded(view: View, index: str) -> tuple[range, str]:
    """What the guard lets through, and its bound."""
    body, code = view.body, view.code
    head = view.words(range(body.start, body.start + 5))
    if len(head) < 5 or head[:3] != ["if", "(", index] or code.text(body.start + 5) != ")":
        return body, ""
    then = body.start + 6
    after = statement_end(code, then, body.stop)
    inside = [word for word in view.words(range(then, after)) if word not in ("{", "}")]
    if head[3] == ">=" and inside == ["return", ";"] and code.text(after) != "else":
        return range(after, body.stop), head[4]
    if head[3] == "<" and after == body.stop:
        braced = code.text(then) == "{"
        return (range(then + 1, after - 1) if braced else range(then, after)), head[4]
    return body, ""


def statements(view: View, span: range) -> Iterator[range]:
    """The statements of a range of tokens, in order."""
    at = span.start
    while at < span.stop:
        after = statement_end(view.code, at, span.stop)
        yield range(at, after)
        at = after


def calls_are_math(view: View, span: range, also: frozenset[str]) -> bool:
    """Whether every call in a range is of MATH or a conversion to one of `also`."""
    code = view.code
    for at in span:
        if not code.is_name(at) or code.text(at) in NAMESPACES:
            continue
        if code.text(at + 1) == "(" and code.text(at) not in MATH | also:
            return False
        if code.text(at + 1) == "::" or code.text(at) in ("sizeof", "as_type"):
            return False
    return True


def declaration(view: View, span: range) -> Local | None:
    """The declaration that a statement is; `a += b[0] * c;` is none, whatever its tokens allow."""
    if view.code.text(span.start + 1) in ("=", *COMPOUND):
        return None
    return local_at(view.code, span.start, span.stop)


def counted(view: View, span: range) -> tuple[str, str, range] | None:
    """Index, extent and body of `for (uint I = 0; I < E; ++I)` with a name for E."""
    code = view.code
    if code.text(span.start) != "for":
        return None
    closing = code.pair[span.start + 1]
    words = view.words(range(span.start + 2, closing))
    if len(words) != 11 or words[0] != "uint" or words[2:5] != ["=", "0", ";"]:
        return None
    index, extent = words[1], words[7]
    steps = (["++", index], [index, "++"])
    if words[5:7] != [index, "<"] or words[8] != ";" or words[9:] not in steps:
        return None
    start = closing + 1
    if code.text(start) == "{":
        return index, extent, range(start + 1, span.stop - 1)
    return index, extent, range(start, span.stop)
