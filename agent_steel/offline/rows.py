"""Rules for kernels with one thread a row: a SIMD-group or a threadgroup a row, with reductions
over its lanes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from agent_steel.offline.body import (
    COMPOUND,
    Items,
    calls_are_math,
    declaration,
    items_of,
    statements,
)
from agent_steel.offline.knobs import SIMD_WIDTH
from agent_steel.offline.view import Geometry, View, edited, with_geometry
from msl.statements import Local

_LANE, _POSITION, _PARTS = "lane", "position", "row_parts"
_THREADGROUP = 256
_GROUPS = (4, 8, 32)
_IDENTITY = {"simd_sum": "0.0f", "simd_max": "-INFINITY", "simd_min": "INFINITY"}
_TYPES = frozenset(("float", "int", "uint"))
_CASTS = frozenset((*_TYPES, "ulong", "long", "size_t"))
_EXTREMES = {"max": "simd_max", "fmax": "simd_max", "min": "simd_min", "fmin": "simd_min"}
_ZERO = ("0", "0.0f", "0.f", "0u", "0.0")
_ASSIGN = ("=", *COMPOUND)
_FORBIDDEN = frozenset(("++", "--", "%=", "&=", "|=", "^=", "<<=", ">>=", "?:", "{", "}"))


@dataclass
class Access:
    """Where a buffer is touched: by which pointer, at which subscript, in a loop from where."""

    pointer: str
    subscript: tuple[str, ...]
    start: tuple[str, ...] | None  # of the loop; None outside loops
    stored: bool


@dataclass
class Plan:
    """What is known of the work so far, and the edits that spread it over lanes."""

    items: Items
    scalars: dict[str, str] = field(default_factory=dict)  # name -> type
    changed: set[str] = field(default_factory=set)
    roots: dict[str, str] = field(default_factory=dict)  # pointer -> buffer parameter
    zeros: set[str] = field(default_factory=set)
    accesses: list[Access] = field(default_factory=list)
    edits: list[tuple[int, int, str]] = field(default_factory=list)
    loops: int = 0
    groups: int = 1  # SIMD-groups a row

    @property
    def lanes(self) -> int:
        """Threads a row."""
        return SIMD_WIDTH * self.groups

    @property
    def view(self) -> View:
        """The view of the kernel."""
        return self.items.view


def simdgroup_a_row(view: View, seed: int) -> Iterator[tuple[str, str]]:
    """Lanes take every 32nd column of each loop; sums and extremes end in a SIMD reduction."""
    source = _of_groups(view, 1)
    if source:
        yield "one SIMD-group a row", source


def threadgroup_a_row(view: View, seed: int) -> Iterator[tuple[str, str]]:
    """The same by several SIMD-groups, which exchange what they came to in threadgroup memory."""
    for groups in _GROUPS:
        source = _of_groups(view, groups)
        if source:
            yield f"one threadgroup of {SIMD_WIDTH * groups} a row", source


def _of_groups(view: View, groups: int) -> str:
    items = items_of(view)
    if items is None or not items.fresh(_LANE, _POSITION, _PARTS):
        return ""
    if groups > 1 and items.bound:
        return ""  # an early return before a barrier
    plan = Plan(items, groups=groups)
    for parameter in view.kernel.parameters:
        if view.element(parameter.name):
            plan.roots[parameter.name] = parameter.name
    if not all(_spread(plan, span) for span in statements(view, items.work)):
        return ""
    return _assembled(plan) if plan.loops and _disjoint(plan) else ""


def _assembled(plan: Plan) -> str:
    view, items, lanes = plan.view, plan.items, plan.lanes
    index = items.parameter
    opening = view.starts[view.body.start - 1] + 1
    last = index.end - 1
    end = view.starts[last] + len(view.code.text(last))
    begin = f"\n  const uint {items.index} = {_POSITION} / {lanes};"
    begin += f"\n  const uint {_LANE} = {_POSITION} % {lanes};"
    if plan.groups > 1:
        begin += f"\n  threadgroup float {_PARTS}[{plan.groups}];"
    edits = [
        *plan.edits,
        (opening, opening, begin),
        (view.starts[index.start], end, f"uint {_POSITION} [[thread_position_in_grid]]"),
    ]
    threads = items.geometry.grid[0]
    grid = (f"{lanes} * {threads}" if threads.isalnum() else f"{lanes} * ({threads})", "1", "1")
    group = str(_THREADGROUP if plan.groups == 1 else lanes)
    return with_geometry(edited(view.source, edits), Geometry(grid, (group, "1", "1")))


def _combined(plan: Plan, name: str, function: str) -> str:
    """What follows a loop: the reduction of one accumulator over all lanes of a row."""
    if plan.groups == 1:
        return f"\n  {name} = {function}({name});"
    barrier = "\n  threadgroup_barrier(mem_flags::mem_threadgroup);"
    return (
        f"\n  {name} = {function}({name});"
        f"\n  if ({_LANE} % 32 == 0) {_PARTS}[{_LANE} / 32] = {name};{barrier}"
        f"\n  {name} = {function}({_LANE} % 32 < {plan.groups} ? {_PARTS}[{_LANE} % 32]"
        f" : {_IDENTITY[function]});{barrier}"
    )


def _spread(plan: Plan, span: range) -> bool:
    """Take one statement of the row into the plan; False where it does not fit."""
    code = plan.view.code
    if code.text(span.start) == "for":
        return _spread_loop(plan, span)
    if not _quiet(plan, span):
        return False
    local = declaration(plan.view, span)
    if local is not None:
        return _declare(plan, local, span)
    target = code.text(span.start)
    if target in plan.roots:
        if not _note(plan, span, None):
            return False
        at = plan.view.starts[span.start]
        plan.edits.append((at, at, f"if ({_LANE} == 0) "))
        return True
    plan.zeros.discard(target)
    plan.changed.add(target)
    known = target in plan.scalars and code.text(span.start + 1) in _ASSIGN
    return known and _note(plan, span, None)


def _quiet(plan: Plan, span: range) -> bool:
    """Whether a simple statement changes at most what its first token names."""
    words = plan.view.words(span)
    changes = sum(word in _ASSIGN for word in words)
    return (
        not _FORBIDDEN & set(words)
        and changes <= 1
        and words[0] not in ("if", "for", "while", "do", "switch", "break", "continue", "*", "case")
        and words[-1] == ";"
        and calls_are_math(plan.view, span, _CASTS)
    )


def _declare(plan: Plan, local: Local, span: range) -> bool:
    """A scalar of the row, or a pointer into one buffer."""
    code = plan.view.code
    if len(local.declarators) != 1 or local.declarators[0].arrays:
        return False
    one = local.declarators[0]
    if one.initialiser is None or one.name in plan.roots or one.name in plan.scalars:
        return False
    if "static" in local.specifiers.words or plan.view.parameter(one.name):
        return False
    if not one.marks:
        if local.specifiers.type not in _CASTS:
            return False
        plan.scalars[one.name] = local.specifiers.type
        if plan.view.words(range(*one.initialiser))[1:] in [[zero] for zero in _ZERO]:
            plan.zeros.add(one.name)
        return _note(plan, span, None)
    inside = range(*one.initialiser)
    used = {code.text(at) for at in inside} & set(plan.roots)
    marks = [code.text(at) for at in one.marks]
    if len(used) != 1 or marks != ["*"] or "[" in plan.view.words(inside):
        return False
    plan.roots[one.name] = plan.roots[used.pop()]
    return True


def _note(plan: Plan, span: range, start: tuple[str, ...] | None, column: str = "") -> bool:
    """Write down every access of a statement; False for a pointer used without a subscript."""
    code = plan.view.code
    for at in span:
        name = code.text(at)
        if name not in plan.roots:
            continue
        if code.text(at + 1) != "[" or (at > span.start and code.text(at - 1) in ("&", ".")):
            return False
        closing = code.pair[at + 1]
        stored = at == span.start
        if stored and code.text(closing + 1) not in _ASSIGN:
            return False
        words = plan.view.words(range(at + 2, closing))
        subscript = tuple("column" if word == column else word for word in words)
        plan.accesses.append(Access(name, subscript, start, stored))
        if stored and code.text(closing + 1) != "=":
            plan.accesses.append(Access(name, subscript, start, False))
    return True


def _spread_loop(plan: Plan, span: range) -> bool:
    """`for (T c = S; c < E; ++c)`: from S + lane, by as many columns as there are lanes."""
    view, code = plan.view, plan.view.code
    closing = code.pair[span.start + 1]
    words = view.words(range(span.start + 2, closing))
    if words.count(";") != 2:
        return False
    first, second = (at for at, word in enumerate(words) if word == ";")
    kind, column, start = words[0], words[1], tuple(words[3:first])
    test, step = words[first + 1 : second], words[second + 1 :]
    steps = (["++", column], [column, "++"], [column, "+=", "1"])
    if kind not in ("uint", "int") or words[2] != "=" or test[:2] != [column, "<"]:
        return False
    if step not in steps or {column, *_FORBIDDEN, *_ASSIGN} & {*start, *test[2:]}:
        return False
    if column in {*plan.scalars, *plan.roots} or plan.view.parameter(column):
        return False
    if "[" in words or "(" in words or not start or len(test) < 3:
        return False
    body = range(closing + 1, span.stop)
    if code.text(body.start) == "{":
        body = range(body.start + 1, body.stop - 1)
    reductions = _columns(plan, body, column, start)
    if reductions is None or set(test[2:]) & set(reductions):
        return False
    lane = _LANE if kind == "uint" else f"int({_LANE})"
    at = [view.starts[span.start + 2 + offset] for offset in (3, first, second)]
    began = lane if start in (("0",), ("0u",)) else f"{' '.join(start)} + {lane}"
    plan.edits.append((at[0], at[1], began))
    plan.edits.append((at[2] + 1, view.starts[closing], f" {column} += {plan.lanes}"))
    before = view.starts[span.start]
    end = view.starts[span.stop - 1] + 1
    for name, function in reductions.items():
        if function == "simd_sum" and name not in plan.zeros:
            plan.edits.append((before, before, f"{name} = {_LANE} == 0 ? {name} : 0;\n  "))
        if plan.groups > 1 and plan.scalars[name] != "float":
            return False
        plan.edits.append((end, end, _combined(plan, name, function)))
        plan.zeros.discard(name)
        plan.changed.add(name)
    plan.loops += 1
    return True


def _columns(plan: Plan, body: range, column: str, start: tuple[str, ...]) -> dict[str, str] | None:
    """The reductions of a loop's body by accumulator; None if columns depend on each other."""
    code = plan.view.code
    own: set[str] = set()
    found: dict[str, str] = {}
    uses = 0
    for span in statements(plan.view, body):
        if not _quiet(plan, span):
            return None
        local = declaration(plan.view, span)
        name = code.text(span.start)
        if local is not None:
            one = local.declarators[0]
            if len(local.declarators) != 1 or one.marks or one.arrays or not one.initialiser:
                return None
            if local.specifiers.type not in _CASTS or "static" in local.specifiers.words:
                return None
            if one.name in {*plan.scalars, *plan.roots, column}:
                return None
            own.add(one.name)
        elif name in plan.roots:
            if not _one_each(code.pair[span.start + 1], plan, span, column, own):
                return None
        elif name in plan.scalars:
            reduction = _reduction(plan, span)
            if plan.scalars[name] not in _TYPES or reduction is None:
                return None
            if found.setdefault(name, reduction[0]) != reduction[0]:
                return None
            uses += reduction[1]
        elif name not in own or code.text(span.start + 1) not in _ASSIGN:
            return None
        if not _note(plan, span, start, column):
            return None
    mentioned = sum(word in found for word in plan.view.words(body))
    return found if mentioned == uses else None


def _reduction(plan: Plan, span: range) -> tuple[str, int] | None:
    """`a += E` or `a = max(a, E)`: the reduction over lanes, and how often it names `a`."""
    view, code = plan.view, plan.view.code
    name, operator = view.words(range(span.start, span.start + 2))
    if operator in ("+=", "-="):
        return "simd_sum", 1
    call = span.start + 2
    function = _EXTREMES.get(code.text(call))
    if operator != "=" or function is None or code.text(call + 1) != "(":
        return None
    if code.pair[call + 1] != span.stop - 2:
        return None
    arguments = [view.words(range(*one)) for one in code.split(call + 2, span.stop - 2)]
    return (function, 2) if len(arguments) == 2 and [name] in arguments else None


def _one_each(closing: int, plan: Plan, span: range, column: str, own: set[str]) -> bool:
    """Whether a store's subscript differs from column to column: `E + c`, or `c` alone."""
    words = plan.view.words(range(span.start + 2, closing))
    if words == [column]:
        return True
    rest = words[:-2] if words[-2:] == ["+", column] else words[2:]
    if words[-2:] != ["+", column] and words[:2] != [column, "+"]:
        return False
    plain = all(word.isidentifier() or word.isdigit() or word in "+*()" for word in rest)
    return plain and not {column, *own} & set(rest)


def _disjoint(plan: Plan) -> bool:
    """Whether no lane reads, or writes, what another lane writes.

    A buffer that is stored to is touched either by lane 0 alone and never read, or in loops alone,
    always with one subscript and from one start: then a column belongs to one lane in all loops.
    """
    for root in {plan.roots[one.pointer] for one in plan.accesses if one.stored}:
        mine = [one for one in plan.accesses if plan.roots[one.pointer] == root]
        if any(set(one.subscript) & plan.changed for one in mine):
            return False
        if all(one.start is None for one in mine):
            if not all(one.stored for one in mine):
                return False
        elif len({(one.pointer, one.subscript, one.start) for one in mine}) != 1:
            return False
    return True
