"""The rule for independent threads: several items a thread, computed side by side, so that what
they have in common is loaded once and what they have not can overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent_steel.offline.body import MATH
from agent_steel.offline.copies import AXES, Copy, Entangled, Items, jammed, taint
from agent_steel.offline.view import (
    POSITION,
    Geometry,
    View,
    edited,
    indented,
    margin,
    same_extent,
    with_geometry,
)
from msl.statements import statement_end
from msl.words import words

_WIDTH = {"uint": 1, "uint2": 2, "uint3": 3}
#: Items a thread along x, y and z.
_LINE = ((2, 1, 1), (4, 1, 1), (8, 1, 1))
_PLANE = ((1, 4, 1), (2, 4, 1), (1, 8, 1), (2, 8, 1), (4, 4, 1), (2, 2, 1), (2, 1, 1), (4, 1, 1))
_TOGETHER = ("simd", "quad_", "threadgroup", "atomic_")
_REFUSED = words(
    """
    return goto break continue while do switch asm static thread reinterpret_cast static_cast sizeof
    as_type &= |= ^= <<= >>= %=
    """
)


@dataclass(frozen=True)
class Axis:
    """An axis along which a thread gets `count` items of `bound`."""

    letter: str
    count: int
    bound: str


def side_by_side(view: View, seed: int) -> Iterator[tuple[str, str]]:
    """Items along x are a grid apart, so that neighbours stay neighbours; along y they adjoin."""
    items = _independent(view)
    if items is None:
        return
    for counts in _LINE if items.width == 1 else _PLANE:
        letters = "".join(a for a, count in zip(AXES, counts, strict=True) if count > 1)
        try:
            made = _shared(items, letters, counts)
        except Entangled:
            continue
        if made:
            said = " x ".join(str(one) for one in counts[: max(1, min(2, items.width))])
            yield f"{said} items a thread, side by side", made


def _independent(view: View) -> Items | None:
    geometry = view.geometry
    if geometry is None or geometry.consts or not view.plain or view.header.tune:
        return None
    if view.attributes() != {POSITION} or view.declared & MATH:
        return None
    parameter = next(p for p in view.kernel.parameters if p.attribute(POSITION))
    kind = parameter.specifiers.type if parameter.specifiers else ""
    told = [token.text for token in view.code.tokens]
    if kind not in _WIDTH or "thread" in told or any(word.startswith(_TOGETHER) for word in told):
        return None
    if any(word.startswith(("first_", "threads_", "one_")) for word in told):
        return None
    items = Items(view, geometry, parameter.name, _WIDTH[kind], view.body)
    items.work = _after_guard(items)
    return None if _REFUSED & set(view.words(items.work)) else items


def _after_guard(items: Items) -> range:
    """The body without `if (i >= N) return;`, where N is the number of threads by the SPEC."""
    view, body = items.view, items.view.body
    head = view.words(range(body.start, body.start + 5))
    if items.width > 1 or head[:4] != ["if", "(", items.position, ">="]:
        return body
    value = view.scalar_value(head[4])
    then = body.start + 6
    after = statement_end(view.code, then, body.stop)
    inside = [word for word in view.words(range(then, after)) if word not in ("{", "}")]
    known = value and same_extent(value, items.geometry.grid[0], view.problem.sizes)
    plain = inside == ["return", ";"] and view.code.text(body.start + 5) == ")"
    return range(after, body.stop) if known and plain else body


def _shared(items: Items, letters: str, counts: Sequence[int]) -> str:
    """The kernel with `counts` items a thread along `letters`."""
    items.letters = letters
    items.varying = {}
    while taint(items, items.work, ""):
        pass
    consts: list[tuple[int, str]] = []
    axes = [_axis(items, letter, counts[AXES.index(letter)], consts) for letter in letters]
    copies = _copies(axes)
    full = " && ".join(_last(one) for one in axes)
    together = "\n".join(jammed(items, items.work, copies))
    if not _fresh(items, copies):
        raise Entangled("a name that is taken")
    alone = Copy({one.letter: f"one_{one.letter}" for one in axes})
    rest = "\n".join(jammed(items, items.work, [alone]))
    for one in axes:
        rest = f"{_one_by_one(one)} {{\n{rest}\n}}"
    opening = "\n".join(_opening(items, one) for one in axes)
    body = f"\n{opening}\nif ({full}) {{\n{together}\n}} else {{\n{rest}\n}}"
    return _assembled(items, body, axes, consts)


def _axis(items: Items, letter: str, count: int, consts: list[tuple[int, str]]) -> Axis:
    """Its bound is a scalar that the SPEC gives that value, or a constant bound beside them."""
    view, extent = items.view, items.geometry.grid[AXES.index(letter)]
    for parameter in view.kernel.parameters:
        value = view.scalar_value(parameter.name)
        if value and same_extent(value, extent, view.problem.sizes):
            return Axis(letter, count, parameter.name)
    index = max(int(str(buffer["index"])) for buffer in view.problem.buffers) + 1 + len(consts)
    consts.append((index, extent))
    return Axis(letter, count, f"items_{letter}")


def _copies(axes: Sequence[Axis]) -> list[Copy]:
    found = [Copy({})]
    for axis in axes:
        found = [
            Copy(
                {**one.places, axis.letter: _item(axis, number)},
                {**one.numbers, axis.letter: number},
            )
            for one in found
            for number in range(axis.count)
        ]
    return found


def _item(axis: Axis, number: int) -> str:
    """The place of one of a thread's items."""
    if not number:
        return f"first_{axis.letter}"
    return f"(first_{axis.letter} + {_steps(axis, number)})"


def _steps(axis: Axis, number: int) -> str:
    if axis.letter != "x":
        return str(number)
    return "threads_x" if number == 1 else f"{number} * threads_x"


def _fresh(items: Items, copies: Sequence[Copy]) -> bool:
    """Whether the names that items will have are nobody's yet."""
    taken = {token.text for token in items.view.code.tokens}
    return not any(
        copy.ending(letters) and name + copy.ending(letters) in taken
        for name, letters in items.varying.items()
        for copy in copies
    )


def _last(axis: Axis) -> str:
    return f"first_{axis.letter} + {_steps(axis, axis.count - 1)} < {axis.bound}"


def _one_by_one(axis: Axis) -> str:
    name, letter = f"one_{axis.letter}", axis.letter
    if letter == "x":
        return f"for (uint {name} = first_x; {name} < {axis.bound}; {name} += threads_x)"
    end = f"min(first_{letter} + {axis.count}, {axis.bound})"
    return f"for (uint {name} = first_{letter}; {name} < {end}; ++{name})"


def _opening(items: Items, axis: Axis) -> str:
    place = items.position if items.width == 1 else f"{items.position}.{axis.letter}"
    if axis.letter == "x":
        threads = f"({axis.bound} + {axis.count - 1}) / {axis.count}"
        return f"const uint first_x = {place};\nconst uint threads_x = {threads};"
    return f"const uint first_{axis.letter} = {axis.count} * {place};"


def _assembled(
    items: Items, body: str, axes: Sequence[Axis], consts: Sequence[tuple[int, str]]
) -> str:
    view = items.view
    opening = view.starts[view.body.start - 1] + 1
    edits = [(opening, view.starts[view.body.stop], indented(body) + "\n")]
    added = [one for one in axes if one.bound.startswith("items_")]
    if added:
        parameter = next(p for p in view.kernel.parameters if p.name == items.position)
        texts = [
            f"constant uint &{one.bound} [[buffer({index})]],\n{margin(view, parameter.start)}"
            for one, (index, _) in zip(added, consts, strict=True)
        ]
        edits.append((view.starts[parameter.start], view.starts[parameter.start], "".join(texts)))
    grid = list(items.geometry.grid)
    for one in axes:
        at = AXES.index(one.letter)
        grid[at] = f"ceil_div({grid[at]}, {one.count})"
    x, y, z = grid
    changed = Geometry((x, y, z), items.geometry.threadgroup, tuple(consts), view.kernel.name)
    return with_geometry(edited(view.source, edits), changed)
