"""The rule for one thread a row with a running sum or product: a SIMD-group scans 32 columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent_steel.offline.body import (
    Items,
    calls_are_math,
    counted,
    declaration,
    items_of,
    statements,
)
from agent_steel.offline.view import Geometry, View, edited, indented, with_geometry
from msl.lexer import IDENT

_OWN = ("lane", "position", "column_base", "column_part", "column_scan")
_SCANS = {"+=": ("sum", "+", ("0.0f", "0", "0.f")), "*=": ("product", "*", ("1.0f", "1", "1.f"))}
_CASTS = frozenset(("float", "int", "uint"))
_CHANGES = ("=", "+=", "-=", "*=", "/=", "++", "--", "&=", "|=", "^=", "%=", "<<=", ">>=")


@dataclass(frozen=True)
class Scan:
    """`for (uint column = 0; column < extent; ++column)` with one running value."""

    items: Items
    loop: range
    column: str
    extent: str
    running: str
    operator: str
    declarations: tuple[range, ...]
    value: range  # what is added or multiplied, without the semicolon
    before: tuple[range, ...]  # stores that see the running value without this column
    after: tuple[range, ...]


def simdgroup_scans(view: View, seed: int) -> Iterator[tuple[str, str]]:
    """Prefix functions over lanes, and what 32 columns came to carried on."""
    items = items_of(view)
    if items is None or not items.fresh(*_OWN):
        return
    found = _scan(items)
    if found is not None:
        yield "one SIMD-group a row, scanned by lanes", _assembled(found)


def _scan(items: Items) -> Scan | None:
    view, code = items.view, items.view.code
    spans = list(statements(view, items.work))
    if not spans or code.text(spans[-1].start) != "for":
        return None
    loop = spans[-1]
    known: dict[str, str] = {}
    for span in spans[:-1]:
        local = declaration(view, span)
        if local is None or len(local.declarators) != 1 or local.declarators[0].marks:
            return None
        if not calls_are_math(view, span, _CASTS) or _stores(items, span):
            return None
        one = local.declarators[0]
        known[one.name] = "".join(view.words(range(*one.initialiser))) if one.initialiser else ""
    head = counted(view, loop)
    return None if head is None else _body(items, loop, head, known)


def _body(
    items: Items, loop: range, head: tuple[str, str, range], known: dict[str, str]
) -> Scan | None:
    """The statements of the loop, sorted; None where one does not fit."""
    view = items.view
    column, extent, inside = head
    declarations: list[range] = []
    stores: tuple[list[range], list[range]] = ([], [])
    running, operator, value = "", "", range(0)
    for span in statements(view, inside):
        words = view.words(span)
        changes = [word for word in words if word in _CHANGES]
        if words[-1] != ";" or len(changes) != 1 or not calls_are_math(view, span, _CASTS):
            return None
        if declaration(view, span) is not None:
            declarations.append(span)
        elif words[0] in known and changes[0] in _SCANS and words[1] == changes[0] and not running:
            running, operator = words[0], words[1]
            value = range(span.start + 2, span.stop - 1)
        elif view.element(words[0]) == "float" and words[1] == "[" and changes[0] == "=":
            stores[bool(running)].append(span)
        else:
            return None
    start_value = known.get(running, "").lstrip("=")
    if not running or start_value not in _SCANS[operator][2] or not (stores[0] or stores[1]):
        return None
    found = Scan(items, loop, column, extent, running, operator, tuple(declarations), value,
                 tuple(stores[0]), tuple(stores[1]))  # fmt: skip
    return found if _safe(found) else None


def _stores(items: Items, span: range) -> bool:
    local = declaration(items.view, span)
    first = local.declarators[0].initialiser if local else None
    words = items.view.words(range(first[0] + 1, first[1]) if first else span)
    return any(word in _CHANGES for word in words)


def _safe(found: Scan) -> bool:
    """Whether columns depend on each other through the running value alone, and on nothing that is
    written; every store has a place of its own for each column."""
    view = found.items.view
    if found.running in view.words(found.value):
        return False
    if any(found.running in view.words(span) for span in found.declarations):
        return False
    if view.scalar(found.extent) != "uint":
        return False
    aliases = {found.column}
    for span in found.declarations:
        words = view.words(span)[:-1]
        plain = words[words.index("=") + 1 :]
        name = words[words.index("=") - 1]
        steady = not (set(plain[:-1]) & {found.column}) and set(plain) <= {
            found.column, "-", "1", found.extent
        }  # fmt: skip
        if plain[-2:] == ["-", found.column] and steady:
            aliases.add(name)
    written = set()
    for span in (*found.before, *found.after):
        name = view.code.text(span.start)
        closing = view.code.pair[span.start + 1]
        subscript = view.words(range(span.start + 2, closing))
        rest = subscript[:-2]
        own = {view.code.text(at) for at in found.loop if view.code.tokens[at].kind == IDENT}
        if subscript[-1] not in aliases or (rest and subscript[-2] != "+"):
            return False
        local = {view.words(span)[view.words(span).index("=") - 1] for span in found.declarations}
        if set(rest) & {*aliases, *local, found.running} or "[" in rest or not own:
            return False
        written.add(name)
    words = view.words(found.loop)
    return all(words.count(name) == sum(
        view.code.text(span.start) == name for span in (*found.before, *found.after)
    ) for name in written)  # fmt: skip


def _assembled(found: Scan) -> str:
    view, items = found.items.view, found.items
    name, sign, identity = _SCANS[found.operator]
    column, running = found.column, found.running
    own = "\n".join(view.text(one.start, one.stop) for one in found.declarations)
    value = view.text(found.value.start, found.value.stop)

    def store(spans: tuple[range, ...], upto: str) -> str:
        return "\n".join(_with(view, span, running, upto) for span in spans)

    lines = [
        f"for (uint column_base = 0; column_base < {found.extent}; column_base += 32) {{",
        f"const uint {column} = column_base + lane;",
        f"float column_part = {identity[0]};",
        f"if ({column} < {found.extent}) {{",
        own,
        f"column_part = {value};",
        "}",
        f"const float column_scan = {running} {sign} simd_prefix_inclusive_{name}(column_part);",
    ]
    upto = "column_scan"
    if found.before:
        lines.append(
            f"const float column_before = {running} {sign} "
            f"simd_prefix_exclusive_{name}(column_part);"
        )
    lines += [
        f"if ({column} < {found.extent}) {{",
        own,
        store(found.before, "column_before"),
        store(found.after, upto),
        "}",
        f"{running} = simd_shuffle(column_scan, 31);",
        "}",
    ]
    loop = indented("\n".join(one for one in lines if one))
    index = items.parameter
    opening = view.starts[view.body.start - 1] + 1
    last = index.end - 1
    end = view.starts[last] + len(view.code.text(last))
    begin = f"\n  const uint {items.index} = position / 32;\n  const uint lane = position % 32;"
    after = found.loop.stop - 1
    edits = [
        (opening, opening, begin),
        (view.starts[index.start], end, "uint position [[thread_position_in_grid]]"),
        (view.starts[found.loop.start], view.starts[after] + 1, loop.lstrip()),
    ]
    threads = items.geometry.grid[0]
    grid = (f"32 * {threads}" if threads.isalnum() else f"32 * ({threads})", "1", "1")
    return with_geometry(edited(view.source, edits), Geometry(grid, ("256", "1", "1")))


def _with(view: View, span: range, name: str, other: str) -> str:
    """A statement with one name replaced."""
    base = view.starts[span.start]
    edits = [
        (view.starts[at] - base, view.starts[at] - base + len(name), other)
        for at in span
        if view.code.text(at) == name
    ]
    return edited(view.text(span.start, span.stop), edits)
