"""Expressions of SPECs and header lines as Python text, with the same meaning."""

from __future__ import annotations

from harness.problem.expressions import Node, parse

_WORDS = {"&&": "and", "||": "or"}


def as_python(text: str | int) -> str:
    """The Python text of an expression; runtime.py.txt defines the calls in it."""
    return str(text) if isinstance(text, int) else _written(parse(text).node)


def names_in(*texts: str | int) -> list[str]:
    """The names that expressions use, sorted."""
    return sorted({name for text in texts if isinstance(text, str) for name in parse(text).names})


def _written(node: Node) -> str:
    parts = [_written(operand) for operand in node.operands]
    if node.kind in ("number", "name"):
        return node.text
    if node.kind == "group":
        return f"({parts[0]})"
    if node.kind == "call":
        return "MAX_THREADS" if node.text == "max_threads" else f"{node.text}({', '.join(parts)})"
    if node.kind == "unary":
        return f"(not {parts[0]})" if node.text == "!" else f"{node.text}{parts[0]}"
    if node.text == "/":
        return f"divided({parts[0]}, {parts[1]})"
    return f"{parts[0]} {_WORDS.get(node.text, node.text)} {parts[1]}"
