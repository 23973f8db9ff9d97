"""The rule for matrix-product-like loops: operands that threads of a threadgroup share are brought
into threadgroup memory, a square tile at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent_steel.offline.body import MATH, calls_are_math, counted, declaration, statements
from agent_steel.offline.view import (
    POSITION,
    Geometry,
    View,
    edited,
    margin,
    same_extent,
    with_geometry,
)
from msl.lexer import IDENT

_SIDES = (16, 32)
_CASTS = frozenset(("float", "int", "uint"))
_CALLS = _CASTS | {"for"}
_CHANGES = ("=", "+=", "-=", "*=", "/=", "++", "--", "&=", "|=", "^=", "%=", "<<=", ">>=")
_OWN = ("local", "tile_base", "tile_end", "inside")


@dataclass(frozen=True)
class Operand:
    """A load inside the loop: its tokens, and whether it follows the row or the column."""

    span: range
    follows: str  # "x" or "y"


@dataclass(frozen=True)
class Loop:
    """A kernel whose threads lie on a plane and each walk one loop of the same length."""

    view: View
    geometry: Geometry
    names: dict[str, str]  # "x" and "y" to the names of the place
    span: range
    index: str
    extent: str
    inside: range
    operands: tuple[Operand, ...]
    bounds: tuple[str, str]


def tiles(view: View, seed: int) -> Iterator[tuple[str, str]]:
    """Square threadgroups that load a tile of each shared operand before they use it."""
    found = _loop(view)
    if found is None:
        return
    for side in _SIDES:
        yield f"tiles of {side} x {side} in threadgroup memory", _assembled(found, side)


def _loop(view: View) -> Loop | None:
    geometry = view.geometry
    if geometry is None or geometry.consts or not view.plain or view.header.tune:
        return None
    if view.attributes() != {POSITION} or view.declared & MATH or geometry.grid[2] != "1":
        return None
    told = {token.text for token in view.code.tokens}
    if told & {*_OWN, "return", "if", "while", "do", "threadgroup"}:
        return None
    parameter = next(p for p in view.kernel.parameters if p.attribute(POSITION))
    if parameter.specifiers is None or parameter.specifiers.type != "uint2":
        return None
    bounds = [_bound(view, geometry.grid[at]) for at in (0, 1)]
    spans = list(statements(view, view.body))
    loops = [span for span in spans if view.code.text(span.start) == "for"]
    if "" in bounds or len(loops) != 1:
        return None
    at = spans.index(loops[0])
    names = _places(view, spans[:at], parameter.name)
    if names is None or not _scalars_only(view, spans[:at]):
        return None
    return _with_operands(view, geometry, names, loops[0], (bounds[0], bounds[1]))


def _bound(view: View, extent: str) -> str:
    for parameter in view.kernel.parameters:
        value = view.scalar_value(parameter.name)
        if value and same_extent(value, extent, view.problem.sizes):
            return parameter.name
    return ""


def _places(view: View, spans: Sequence[range], position: str) -> dict[str, str] | None:
    """The constants that hold the place: `const uint NAME = position.x;`, once each."""
    found: dict[str, str] = {}
    for span in spans:
        words = view.words(span)
        if position not in words:
            continue
        if words[:2] != ["const", "uint"] or words[3:6] != ["=", position, "."]:
            return None
        if words[6] not in ("x", "y") or words[6] in found or len(words) != 8:
            return None
        found[words[6]] = words[2]
    elsewhere = sum(view.code.text(at) == position for at in view.body)
    return found if len(found) == 2 == elsewhere else None


def _scalars_only(view: View, spans: Sequence[range]) -> bool:
    for span in spans:
        local = declaration(view, span)
        if local is None or len(local.declarators) != 1 or local.declarators[0].marks:
            return False
        if local.specifiers.type not in _CASTS or not calls_are_math(view, span, _CASTS):
            return False
    return True


def _with_operands(
    view: View, geometry: Geometry, names: dict[str, str], span: range, bounds: tuple[str, str]
) -> Loop | None:
    head = counted(view, span)
    if head is None or view.scalar(head[1]) != "uint" or not calls_are_math(view, span, _CALLS):
        return None
    index, extent, inside = head
    for one in statements(view, inside):
        words = view.words(one)
        local = declaration(view, one)
        simple = local is not None or words[1] in _CHANGES
        if not simple or sum(word in _CHANGES for word in words) != 1 or view.element(words[0]):
            return None
    operands = _operands(view, names, index, inside)
    if not operands:
        return None
    return Loop(view, geometry, names, span, index, extent, inside, operands, bounds)


def _operands(view: View, names: dict[str, str], index: str, inside: range) -> tuple[Operand, ...]:
    """Loads from inputs that follow the loop and either the row or the column, each once."""
    code = view.code
    found: dict[str, Operand] = {}
    for at in inside:
        parameter = view.parameter(code.text(at))
        if view.element(code.text(at)) != "float" or parameter is None:
            continue
        if parameter.specifiers is None or "const" not in parameter.specifiers.words:
            continue
        span = range(at, code.pair[at + 1] + 1)
        told = {code.text(one) for one in span if code.tokens[one].kind == IDENT} - {code.text(at)}
        follows = [axis for axis, name in names.items() if name in told]
        steady = {name for name in told if view.scalar(name)}
        if told - steady == {index, *(names[axis] for axis in follows)} and len(follows) == 1:
            found.setdefault(view.code.spell(span.start, span.stop), Operand(span, follows[0]))
    return tuple(found.values())


def _assembled(found: Loop, side: int) -> str:
    view = found.view
    wide, high = found.bounds
    x, y = found.names["x"], found.names["y"]
    texts = [view.text(one.span.start, one.span.stop) for one in found.operands]
    tiles = "".join(f"\n  threadgroup float tile_{n}[{side}][{side}];" for n in range(len(texts)))
    loads = []
    for number, (one, text) in enumerate(zip(found.operands, texts, strict=True)):
        across, place, bound = ("local.x", y, high) if one.follows == "y" else ("local.y", x, wide)
        loads.append(
            f"    {{\n      const uint {found.index} = tile_base + {across};\n"
            f"      if ({place} < {bound} && {found.index} < {found.extent}) {{\n"
            f"        tile_{number}[local.y][local.x] = {text};\n      }}\n    }}\n"
        )
    body = view.text(found.inside.start, found.inside.stop)
    for number, (one, text) in enumerate(zip(found.operands, texts, strict=True)):
        step = f"{found.index} - tile_base"
        held = f"[local.y][{step}]" if one.follows == "y" else f"[{step}][local.x]"
        body = body.replace(text, f"tile_{number}{held}")
    barrier = "    threadgroup_barrier(mem_flags::mem_threadgroup);\n"
    loop = (
        f"for (uint tile_base = 0; tile_base < {found.extent}; tile_base += {side}) {{\n"
        f"{''.join(loads)}{barrier}"
        f"    const uint tile_end = min(tile_base + {side}, {found.extent});\n"
        f"    for (uint {found.index} = tile_base; inside && {found.index} < tile_end;"
        f" ++{found.index}) {{\n      {' '.join(body.split())}\n    }}\n{barrier}  }}\n"
        "  if (inside) {"
    )
    return _placed(found, side, tiles, f"  const bool inside = {x} < {wide} && {y} < {high};", loop)


def _placed(found: Loop, side: int, tiles: str, inside: str, loop: str) -> str:
    """The kernel with the loop replaced, what follows it guarded, and square threadgroups."""
    view, starts = found.view, found.view.starts
    opening = starts[view.body.start - 1] + 1
    parameter = next(p for p in view.kernel.parameters if p.attribute(POSITION))
    indent = margin(view, parameter.start)
    local = f"uint2 local [[thread_position_in_threadgroup]],\n{indent}"
    edits = [
        (starts[parameter.start], starts[parameter.start], local),
        (opening, opening, tiles),
        (starts[found.span.start], starts[found.span.stop - 1] + 1, f"{inside.lstrip()}\n  {loop}"),
        (starts[view.body.stop], starts[view.body.stop], "  }\n"),
    ]
    x, y, _ = found.geometry.grid
    grid = (f"round_up({x}, {side})", f"round_up({y}, {side})", "1")
    return with_geometry(edited(view.source, edits), Geometry(grid, (str(side), str(side), "1")))
