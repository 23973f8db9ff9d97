"""Rules for loops and functions: what does not change moves in front of a loop, divisions by it
become products, and library functions become their fast forms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from agent_steel.offline.body import MATH
from agent_steel.offline.view import View, edited
from msl.lexer import IDENT, NUMBER
from msl.statements import Loop, loops

#: Functions of which `metal::fast` has a form of its own.
_FAST = frozenset(
    ("exp", "exp2", "exp10", "log", "log2", "log10", "sin", "cos", "tan", "sqrt", "rsqrt", "pow",
     "powr", "tanh", "sinh", "cosh", "asin", "acos", "atan", "atan2", "fma")
)  # fmt: skip
_TERM_ENDS = frozenset((";", ")", ",", "]", "+", "-", "*", "/", "?", ":", "<", ">", "<=", ">="))


def hoisted(view: View, seed: int) -> Iterator[tuple[str, str]]:
    """Calls of invariant arguments before their loop; then also divisions by invariants, which
    round twice as products: the tolerance decides."""
    if not view.plain or view.declared & MATH:
        return
    found = list(_outer(view))
    calls = [edit for loop in found for edit in _calls(view, loop)]
    if any(token.text.startswith("held_") for token in view.code.tokens):
        calls = []
    quotients = [edit for loop in found for edit in _quotients(view, loop)]
    if calls:
        yield "invariant calls before their loop", edited(view.source, calls)
    if quotients:
        yield "products with a reciprocal", edited(view.source, quotients)


def fast_math(view: View, seed: int) -> Iterator[tuple[str, str]]:
    """The `fast` form of every function that has one and is not asked for by another name."""
    code = view.code
    edits: list[tuple[int, int, str]] = []
    if not view.plain or view.declared & MATH or "fast" in view.declared:
        return
    for at in view.body:
        if code.text(at) not in _FAST or code.text(at + 1) != "(":
            continue
        start = view.starts[at]
        if code.text(at - 1) != "::":
            edits.append((start, start, "fast::"))
        elif code.text(at - 2) == "precise":
            edits.append((view.starts[at - 2], start, "fast::"))
    if edits:
        yield "fast math functions", edited(view.source, edits)


def _outer(view: View) -> Iterator[Loop]:
    """Counted loops that stand in no other loop, first ones first."""
    after = view.body.start
    for loop in loops(view.code, view.body.start, view.body.stop):
        if loop.start >= after:
            after = loop.end
            if view.code.text(loop.keyword) == "for":
                yield loop


def _changing(view: View, loop: Loop) -> set[str]:
    """Names that are declared or assigned inside a loop, its index included."""
    code = view.code
    found: set[str] = set()
    for at in range(loop.header, loop.end):
        if code.text(at) in ("=", "+=", "-=", "*=", "/=", "++", "--", "%=", "&=", "|=", "^="):
            found |= {code.text(at - 1), code.text(at + 1)}
    return found


def _steady(view: View, span: range, changing: set[str]) -> bool:
    """Whether tokens hold names that do not change, numbers and arithmetic, and read no memory."""
    code = view.code
    for at in span:
        text = code.text(at)
        if code.tokens[at].kind == IDENT:
            known = text in MATH | {"float", "metal", "fast", "precise"} or text not in changing
            if not known or view.element(text):
                return False
        elif code.tokens[at].kind != NUMBER and text not in (
            "+",
            "-",
            "*",
            "/",
            "(",
            ")",
            ",",
            "::",
        ):
            return False
    return True


def _calls(view: View, loop: Loop) -> list[tuple[int, int, str]]:
    code, changing = view.code, _changing(view, loop)
    edits: list[tuple[int, int, str]] = []
    before = view.starts[loop.start]
    at = loop.body[0]
    while at < loop.end:
        if code.text(at) in MATH and code.text(at + 1) == "(" and code.text(at - 1) != "::":
            closing = code.pair[at + 1]
            inside = range(at + 2, closing)
            named = any(code.tokens[one].kind == IDENT for one in inside)
            if named and _floats(view, inside) and _steady(view, inside, changing):
                name = f"held_{at}"
                text = view.text(at, closing + 1)
                edits.append((before, before, f"const float {name} = {text};\n  "))
                start, end = view.starts[at], view.starts[closing] + 1
                edits.append((start, end, name))
                at = closing
        at += 1
    return edits


def _quotients(view: View, loop: Loop) -> list[tuple[int, int, str]]:
    """`E / NAME`, NAME a float that the loop leaves alone."""
    code, changing = view.code, _changing(view, loop)
    edits: list[tuple[int, int, str]] = []
    inverted: set[str] = set()
    for at in range(*loop.body):
        name = code.text(at + 1)
        if code.text(at) != "/" or code.text(at + 2) not in _TERM_ENDS or name in changing:
            continue
        if name not in _locals(view) and view.scalar(name) != "float":
            continue
        if name not in inverted:
            before = view.starts[loop.start]
            edits.append((before, before, f"const float inverse_{name} = 1.0f / {name};\n  "))
            inverted.add(name)
        start = view.starts[at]
        end = view.starts[at + 1] + len(name)
        edits.append((start, end, f"* inverse_{name}"))
    taken = {token.text for token in code.tokens}
    return [] if any(f"inverse_{name}" in taken for name in inverted) else edits


def _floats(view: View, span: range) -> bool:
    """Whether every name among the tokens is a float, a function of floats or a cast to one."""
    known = _locals(view) | MATH | {"float", "metal", "fast", "precise"}
    inside_cast = {
        one
        for at in span
        if view.code.text(at) == "float" and view.code.text(at + 1) == "("
        for one in range(at + 2, view.code.pair[at + 1])
    }
    return all(
        view.code.tokens[at].kind != IDENT
        or view.code.text(at) in known
        or view.scalar(view.code.text(at)) == "float"
        or at in inside_cast
        for at in span
    )


def _locals(view: View) -> set[str]:
    """Names that are declared as `float NAME` once, and as nothing else."""
    code = view.code
    found: set[str] = set()
    other: set[str] = set()
    for at in view.body:
        if code.tokens[at].kind == IDENT and code.tokens[at + 1].kind == IDENT:
            (found if code.text(at) == "float" else other).add(code.text(at + 1))
    words = view.words(view.body)
    pairs = Counter(pairwise(words))
    return {name for name in found if pairs["float", name] == 1} - other
