"""What each declaration uses, transitively: synchronisation, features this host lacks, function
constants."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from msl.declarations import ENTRY_KINDS, Function, Unit
from msl.lexer import IDENT, Token

_COLLECTIVE = re.compile(
    r"(?:__metal_)?(?:simd|quad)_(?:sum|product|min|max|and|or|xor|all|any|ballot|broadcast|broadcast_first|shuffle\w*|prefix_\w+"
    r"|is_first|active_threads_mask)"
    r"|simdgroup_barrier"
)
_BARRIER = re.compile(r"threadgroup_barrier")
MEETING = re.compile(r"(?:threadgroup|simdgroup)_barrier")
MATRIX = re.compile(
    r"simdgroup_(?:load|store|multiply|multiply_accumulate|matrix|(?:float|half|bfloat)8x8)|make_filled_simdgroup_matrix"
)

_UNSUPPORTED_WORDS = re.compile(
    r"(?:texture(?:1d|2d|3d|cube)(?:_array|_ms|_ms_array)?|texture_buffer"
    r"|depth(?:2d|cube)(?:_array|_ms|_ms_array)?|imageblock|imageblock_\w+|tensor_inline|tensor_handle|tensor_offset"
    r"|cooperative_tensor|dextents|matmul2d|matmul2d_descriptor|convolution2d|tensor_ops"
    r"|primitive_acceleration_structure|instance_acceleration_structure|acceleration_structure|intersector"
    r"|intersection_query|intersection_function_table|visible_function_table|command_buffer|render_command"
    r"|compute_command|render_pipeline_state|compute_pipeline_state|depth_stencil_state|mesh_grid_properties"
    r"|os_log|os_log_default|simdgroup_async_copy|simdgroup_event|threadgroup_imageblock|patch_control_point)"
)
_UNSUPPORTED_TEMPLATES = frozenset(("tensor", "mesh", "raytracing", "mpp"))
_UNSUPPORTED_ATTRIBUTES = frozenset(
    ("texture", "sampler", "stage_in", "imageblock_data", "payload")
)


@dataclass(slots=True)
class Item:
    """A declaration with the names it introduces and the ones it mentions."""

    start: int
    end: int
    names: frozenset[str]
    mentions: frozenset[str]
    calls: frozenset[str]  # mentioned before `(` or `<`
    function: Function | None = None
    reason: str = ""  # why this host cannot judge it
    place: Token | None = None  # where the reason stands


@dataclass
class Analysis:
    """Facts about a unit. Names stand for every declaration that carries them, which errs towards
    synchronising."""

    items: list[Item]
    collective: frozenset[str]  # names of functions and classes that may reach a collective
    synchronising: frozenset[str]  # ... or a threadgroup barrier
    dropped: list[Item] = field(default_factory=list)
    uses_matrix: bool = False
    uses_thread_elements: bool = False

    def unsupported_names(self) -> dict[str, str]:
        """Entry functions that are left out, with the reason."""
        found = {}
        for item in self.dropped:
            if item.function and item.function.kind:
                found[item.function.name] = item.reason
        return found

    def is_collective(self, name: str, next_text: str) -> bool:
        """Whether a mention of `name` before `next_text` may be a collective."""
        if name in self.collective:
            return True
        if self.uses_thread_elements and MATRIX.fullmatch(name):
            return True
        return next_text in ("(", "<") and _COLLECTIVE.fullmatch(name) is not None


def analyse(unit: Unit) -> Analysis:
    """Facts about every declaration of a unit."""
    items = _items(unit)
    dropped = _drop(unit, items)
    kept = [item for item in items if not item.reason]
    mentioned = frozenset().union(*(item.mentions for item in kept))
    per_lane = "thread_elements" in mentioned
    collective = _closure(
        kept,
        lambda item: any(
            _COLLECTIVE.fullmatch(name) or (per_lane and MATRIX.fullmatch(name))
            for name in item.calls
        ),
    )
    synchronising = _closure(
        kept,
        lambda item: (
            not item.names.isdisjoint(collective)
            or any(_BARRIER.fullmatch(name) for name in item.calls)
            or any(MATRIX.fullmatch(name) for name in item.mentions)
        ),
    )
    uses_matrix = any(MATRIX.fullmatch(name) for name in mentioned)
    return Analysis(items, collective, synchronising, dropped, uses_matrix, per_lane)


def reaching(items: list[Item], pattern: re.Pattern[str]) -> frozenset[str]:
    """The names of declarations that mention a name of a pattern, or one that does."""
    kept = [item for item in items if not item.reason]
    return _closure(kept, lambda item: any(pattern.fullmatch(name) for name in item.mentions))


def _items(unit: Unit) -> list[Item]:
    items = []
    for function in unit.functions:
        if function.owner and _inside_class(unit, function.start):
            continue  # part of its class
        names = {function.name}
        if function.owner:
            names = {function.owner, function.name}
        items.append(_item(unit, function.start, function.end, names, function))
    for cls in unit.classes:
        names = {cls.name}
        for function in unit.functions:
            if cls.body[0] < function.start < cls.body[1] and not function.name.startswith(
                "operator"
            ):
                names.add(function.name)
        items.append(_item(unit, cls.start, _class_end(unit, cls.body[1]), names))
    for variable in unit.variables:
        if not variable.owner:
            names = {declarator.name for declarator in variable.declarators}
            items.append(_item(unit, variable.start, variable.end, names))
    for name, (start, end) in unit.aliases.items():
        first = _alias_start(unit, start)
        items.append(_item(unit, first, end + 1, {name}))
    for instance in unit.instantiations:
        items.append(_item(unit, instance.start, instance.end, set()))
    return items


def _inside_class(unit: Unit, index: int) -> bool:
    return any(cls.body[0] < index < cls.body[1] for cls in unit.classes)


def _class_end(unit: Unit, closing: int) -> int:
    code = unit.code
    index = closing + 1
    while index < len(code.tokens) and code.text(index) != ";":
        index += 1
    return index + 1


def _alias_start(unit: Unit, index: int) -> int:
    code = unit.code
    while (
        index > 0
        and code.text(index - 1) not in (";", "}", "{")
        and code.tokens[index - 1].kind != "directive"
    ):
        index -= 1
    return index


def _item(
    unit: Unit, start: int, end: int, names: Iterable[str], function: Function | None = None
) -> Item:
    tokens = unit.code.tokens
    mentions, calls = set(), set()
    skip = -1
    for index in range(start, min(end, len(tokens))):
        token = tokens[index]
        if index < skip:
            continue
        if unit.code.at_attributes(index):
            skip = unit.code.pair[index] + 1
        elif token.kind == IDENT:
            mentions.add(token.text)
            if index + 1 < len(tokens) and tokens[index + 1].text in ("(", "<"):
                calls.add(token.text)
    return Item(start, end, frozenset(names), frozenset(mentions), frozenset(calls), function)


def _closure(items: list[Item], seed: Callable[[Item], bool]) -> frozenset[str]:
    """Names of all items that satisfy `seed` or mention a name that does."""
    found: set[str] = set()
    pending = [item for item in items if item.names]
    changed = True
    while changed:
        changed = False
        rest = []
        for item in pending:
            if seed(item) or not item.mentions.isdisjoint(found):
                changed = changed or not item.names <= found
                found |= item.names
            else:
                rest.append(item)
        pending = rest
    return frozenset(found)


def _drop(unit: Unit, items: list[Item]) -> list[Item]:
    """Mark what this host cannot judge, and all that depends on it."""
    for item in items:
        item.reason = _own_reason(unit, item)
    declared: dict[str, int] = {}
    for item in items:
        for name in item.names:
            declared[name] = declared.get(name, 0) + 1
    while True:
        gone: dict[str, int] = {}
        reasons: dict[str, str] = {}
        for item in items:
            if item.reason:
                for name in item.names:
                    gone[name] = gone.get(name, 0) + 1
                    reasons[name] = item.reason
        lost = {name for name, count in gone.items() if count == declared[name]}
        changed = False
        for item in items:
            if not item.reason and not item.mentions.isdisjoint(lost - item.names):
                item.reason = reasons[min(item.mentions & lost)]
                item.place = item.place or unit.code.tokens[item.start]
                changed = True
        if not changed:
            return [item for item in items if item.reason]


def _own_reason(unit: Unit, item: Item) -> str:
    function = item.function
    code = unit.code
    if function:
        item.place = code.tokens[function.name_index]
    if function and function.kind in ENTRY_KINDS and function.kind != "kernel":
        return f"{function.kind} functions do not run on this host"
    suspects = {name for name in item.mentions if _UNSUPPORTED_WORDS.fullmatch(name)}
    suspects |= item.mentions & {*_UNSUPPORTED_TEMPLATES, "sampler"}
    if suspects:
        for index in range(item.start, item.end):
            name = code.text(index)
            if name in suspects and (
                _UNSUPPORTED_WORDS.fullmatch(name) or _names_type(unit, name, index)
            ):
                item.place = code.tokens[index]
                return f"'{name}' is not supported by this host"
    if function and function.kind == "kernel":
        for parameter in function.parameters:
            attribute = parameter.attribute(*_UNSUPPORTED_ATTRIBUTES)
            if attribute:
                item.place = code.tokens[attribute.index]
                return f"'{attribute.name}' parameters are not supported by this host"
    return ""


def _names_type(unit: Unit, name: str, index: int) -> bool:
    code = unit.code
    if code.text(index - 1) in (".", "->"):
        return False
    if name == "sampler":
        return code.is_name(index + 1) and code.tokens[index + 1].text not in ("and", "or")
    return code.text(index + 1) in ("<", "::")
