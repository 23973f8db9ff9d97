"""Damages texts at random: what a careless author, a model or an attacker could hand in."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_NUMBERS = (
    "0",
    "-1",
    "1e308",
    "1e-400",
    "0x7fffffffffffffff",
    "18446744073709551616",
    "4294967296",
    "2147483648u",
    "99999999999999999999999999",
    "0b",
    "1..2",
    "1e",
    "0x",
    "07777777777777777777777777",
    "1" * 5000,
)
_WORDS = (
    "kernel",
    "threadgroup",
    "device",
    "constant",
    "template",
    "typename",
    "struct",
    "operator",
    "[[buffer(0)]]",
    "[[",
    "]]",
    "<<",
    ">>",
    "//!",
    "/*",
    "*/",
    '"',
    "'",
    "\\\n",
    "#define A A A\nA",
    "#define F(x) F(F(x))\nF(F(1))",
    "#if 1",
    "#else",
    "#endif",
    "#include <metal_stdlib>",
    "??/",
    "%:",
    'R"(',
    "using namespace",
    "@K@",
)
_BYTES = ("\0", "\x1b", "\x7f", "\u00e9", "\u202e", "\U0001f600", "\ufeff", "\r", "\x0c", "\u2028")
_BRACKETS = "(){}[]<>"

Mutation = Callable[[random.Random, str, Sequence[str]], str]


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _delete(draw: random.Random, text: str, others: Sequence[str]) -> str:
    parts = _tokens(text)
    for _ in range(draw.choice((1, 1, 2, 8))):
        if parts:
            del parts[draw.randrange(len(parts))]
    return "".join(parts)


def _duplicate(draw: random.Random, text: str, others: Sequence[str]) -> str:
    parts = _tokens(text)
    at = draw.randrange(len(parts) + 1)
    run = parts[at : at + draw.choice((1, 3, 20))]
    return "".join([*parts[:at], *(run * draw.choice((1, 2, 50))), *parts[at:]])


def _swap(draw: random.Random, text: str, others: Sequence[str]) -> str:
    parts = _tokens(text)
    if len(parts) > 1:
        a, b = draw.randrange(len(parts)), draw.randrange(len(parts))
        parts[a], parts[b] = parts[b], parts[a]
    return "".join(parts)


def _insert(draw: random.Random, text: str, others: Sequence[str]) -> str:
    at = draw.randrange(len(text) + 1)
    return text[:at] + " " + draw.choice(_WORDS) + " " + text[at:]


def _brackets(draw: random.Random, text: str, others: Sequence[str]) -> str:
    places = [i for i, c in enumerate(text) if c in _BRACKETS]
    kind = draw.randrange(4)
    if kind == 0 or not places:
        return text + draw.choice(_BRACKETS) * draw.choice((1, 30, 3000))
    at = draw.choice(places)
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2:
        return text[:at] + draw.choice(_BRACKETS) + text[at + 1 :]
    deep = draw.choice((3, 200, 4000))
    return text[:at] + "(" * deep + "1" + ")" * deep + text[at:]


def _number(draw: random.Random, text: str, others: Sequence[str]) -> str:
    places = list(re.finditer(r"\b\d[\w.]*", text))
    if not places:
        return text + draw.choice(_NUMBERS)
    at = draw.choice(places)
    return text[: at.start()] + draw.choice(_NUMBERS) + text[at.end() :]


def _noise(draw: random.Random, text: str, others: Sequence[str]) -> str:
    letters = list(text)
    for _ in range(draw.choice((1, 4, 40))):
        noise = draw.choice((draw.choice(_BYTES), chr(draw.randrange(1, 128))))
        letters.insert(draw.randrange(len(letters) + 1), noise)
    return "".join(letters)


def _splice(draw: random.Random, text: str, others: Sequence[str]) -> str:
    other = draw.choice(others)
    a, b = draw.randrange(len(text) + 1), draw.randrange(len(other) + 1)
    return text[:a] + other[b:] if draw.random() < 0.5 else text[:a] + other[b:][:400] + text[a:]


def _truncate(draw: random.Random, text: str, others: Sequence[str]) -> str:
    return text[: draw.randrange(len(text) + 1)]


def _long(draw: random.Random, text: str, others: Sequence[str]) -> str:
    at = draw.randrange(len(text) + 1)
    unit = draw.choice(("x", " ", "+1", "(", "a b ", "/", "0", "<", "//! grid: 1 ", "else if(1);"))
    return text[:at] + unit * draw.choice((100, 2000, 20000)) + text[at:]


MUTATIONS: tuple[Mutation, ...] = (
    _delete,
    _duplicate,
    _swap,
    _insert,
    _brackets,
    _number,
    _noise,
    _splice,
    _truncate,
    _long,
)


def damaged(draw: random.Random, text: str, others: Sequence[str]) -> str:
    """`text` with one to four kinds of damage."""
    for _ in range(draw.choice((1, 1, 2, 4))):
        text = draw.choice(MUTATIONS)(draw, text, others)
    return text[: 1 << 20]
