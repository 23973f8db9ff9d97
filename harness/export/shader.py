"""Takes a `.metal` text apart for mx.fast.metal_kernel: what stands before, and each kernel's body.

MLX writes the signature itself: buffers bear the names it is given, positions and indices those of
their attributes. So each body starts by giving them the names and types of the source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from msl.attributes import GRID_INDICES
from msl.declarations import Unit
from msl.lexer import Token, lex
from msl.reflect import Argument, Kernel, reflect
from msl.scanner import scan
from msl.syntax import Code

#: What MLX's parameter for a buffer is called; no kernel of ours uses the prefix.
PREFIX = "given_"


class NotExportable(Exception):
    """Why a source has no form as functions of mx.fast.metal_kernel."""


@dataclass(frozen=True)
class Body:
    """A kernel function: its text inside the braces, and its buffers by index."""

    text: str
    buffers: Mapping[int, Argument]


@dataclass(frozen=True)
class Shader:
    """A source apart: `header` is everything but the kernel functions."""

    header: str
    bodies: Mapping[str, Body]


def taken_apart(text: str) -> Shader:
    """The parts of a source with its headers in place; raises NotExportable."""
    unit = scan(Code(lex(text)))
    starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def offset(token: Token) -> int:
        return starts[token.line - 1] + token.column - 1

    bodies: dict[str, Body] = {}
    spans = []
    for kernel in reflect(unit).kernels:
        function = kernel.function
        if function.template or function.body is None:
            raise NotExportable(f"{kernel.name} is a template, which MLX instantiates otherwise")
        opening, closing = (unit.code.tokens[i] for i in _braces(unit, function.body))
        inside = text[offset(opening) + 1 : offset(closing)]
        bodies[kernel.name] = Body(_renamed(kernel) + inside.strip("\n"), _buffers(kernel))
        spans.append((offset(unit.code.tokens[function.start]), offset(closing) + 1))
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return Shader(text.strip() + "\n", bodies)


def _braces(unit: Unit, body: tuple[int, int]) -> tuple[int, int]:
    opening = body[0] if unit.code.text(body[0]) == "{" else body[0] - 1
    return opening, unit.code.pair[opening]


def _buffers(kernel: Kernel) -> dict[int, Argument]:
    return {argument.index: argument for argument in kernel.buffers}


def _renamed(kernel: Kernel) -> str:
    lines = []
    for argument, parameter in zip(kernel.arguments, kernel.function.parameters, strict=True):
        if argument.kind == "threadgroup":
            raise NotExportable(f"{argument.name} is a threadgroup argument, which MLX cannot set")
        if argument.kind == "index":
            words = parameter.specifiers.type if parameter.specifiers else "uint"
            lines.append(_index(argument, words.removeprefix("metal::")))
        elif argument.kind == "buffer":
            lines.append(_buffer(argument))
        else:
            raise NotExportable(f"{argument.name} is no buffer and no position")
    return "".join(f"  {line}\n" for line in lines if line)


def _index(argument: Argument, spelling: str) -> str:
    """A position or an index under its own name. MLX declares positions as uint3."""
    name, attribute = argument.name, argument.attribute
    width = int(spelling[-1]) if spelling[-1] in "23" else 1
    wide = attribute in GRID_INDICES
    if name == attribute:
        if (width == 3) != wide or not spelling.startswith("uint"):
            raise NotExportable(f"{name} bears the name of its attribute and has another type")
        return ""
    part = "." + "xyz"[:width] if wide and width < 3 else ""
    return f"const {spelling} {name} = {spelling}({attribute}{part});"


def _buffer(argument: Argument) -> str:
    kind = argument.type.rstrip(" *&")
    const = "const " if argument.const else ""
    if argument.type.endswith("&"):
        return f"{argument.space} {const}{kind} &{argument.name} = {PREFIX}{argument.name};"
    pointer = f"{argument.space} {const}{kind} *"
    return f"{pointer}{argument.name} = ({pointer}){PREFIX}{argument.name};"
