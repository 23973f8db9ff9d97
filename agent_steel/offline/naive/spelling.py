"""How a term is written in MSL: operators with the parentheses they need, literals, casts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from agent_steel.offline.naive.terms import Term, Unsupported

_LEVEL = {
    "select": 1, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4, "+": 5, "-": 5, "*": 6,
    "/": 6, "%": 6,
}  # fmt: skip
_HIGHEST = 9


def spelled(one: Term, held: Mapping[Term, str], dim: Callable[[str], str], outer: int = 0) -> str:
    """The text of a term. `held`: names of what has been computed; `dim`: what tells a dim."""
    if one in held:
        return held[one]
    text = _spelled(one, held, dim)
    return f"({text})" if _level(one) < outer else text


def _level(one: Term) -> int:
    if one.op == "number" and one.text.startswith("-"):
        return 6
    return _LEVEL.get(one.op, _HIGHEST)


def _spelled(one: Term, held: Mapping[Term, str], dim: Callable[[str], str]) -> str:
    def part(at: int, outer: int = 0) -> str:
        return spelled(one.parts[at], held, dim, outer)

    if one.op == "number":
        return literal(one)
    if one.op == "dim":
        return dim(one.text)
    if one.op in ("scalar", "index"):
        return one.text
    if one.op == "load":
        return f"{one.text}[{part(0)}]"
    if one.op == "cast":
        return f"{one.text}({part(0)})"
    if one.op == "call":
        return f"{one.text}({', '.join(part(at) for at in range(len(one.parts)))})"
    level = _level(one)
    if one.op == "select":
        return f"{part(0, 2)} ? {part(1, 2)} : {part(2, 2)}"
    if one.op in _LEVEL:
        return f"{part(0, level)} {one.op} {part(1, level + 1)}"
    raise Unsupported(f"a {one.op} where a value is needed")


def literal(one: Term) -> str:
    """A number: integers as they are, floats as the shortest text that rounds to the same float."""
    if one.kind == "int":
        return one.text
    value = float(one.text)
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    text = str(np.float32(value))
    return f"{text}f" if any(mark in text for mark in ".e") else f"{text}.0f"
