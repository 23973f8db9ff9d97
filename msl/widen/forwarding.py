"""Loads from private memory that only one store can have filled, replaced by what was stored. The
optimiser leaves such fields in memory if the same variable is indexed at run time elsewhere, and in
memory a value that all lanes agree on would look as if it could differ."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from msl.widen.flow import Flow
from msl.widen.ir import Instruction, Value
from msl.widen.types import Types

_HARMLESS = re.compile(r"llvm\.lifetime\.")
_FILL = re.compile(r"llvm\.memset\.")


@dataclass
class _Accesses:
    """What is done with one variable, by place: block, position, instruction."""

    stores: list[tuple[int, int, str, int, Instruction]] = field(default_factory=list)
    fills: list[tuple[int, int, str, int]] = field(default_factory=list)
    loads: list[tuple[int, int, str, int, Instruction]] = field(default_factory=list)
    indexed_from: int | None = None  # the lowest offset that an index at run time may reach
    known: bool = True


def forward(flow: Flow, types: Types) -> None:
    """Rewrite the function of a flow in place."""
    replaced: dict[str, Value] = {}
    for _, item in flow.function.instructions():
        if item.op == "alloca":
            replaced |= _forwarded(_accesses(flow, item, types), flow)
    if not replaced:
        return
    for block in flow.function.blocks.values():
        block.instructions = [x for x in block.instructions if x.name not in replaced]
        for item in block.instructions:
            for position, operand in enumerate(item.operands):
                while operand.text in replaced:
                    operand = replaced[operand.text]
                item.operands[position] = operand


def _forwarded(found: _Accesses, flow: Flow) -> dict[str, Value]:
    """What each load of one variable can be replaced by."""
    replaced: dict[str, Value] = {}
    if not found.known:
        return replaced
    for start, size, block, place, load in found.loads:
        if found.indexed_from is not None and start + size > found.indexed_from:
            continue
        over = [s for s in found.stores if s[0] < start + size and start < s[0] + s[1]]
        if len(over) != 1 or over[0][:2] != (start, size):
            continue
        _, _, there, position, store = over[0]
        fills = [f for f in found.fills if f[0] < start + size and start < f[0] + f[1]]
        value = store.operands[0]
        if (
            value.type == load.type
            and _before(flow, (there, position), (block, place))
            and all(_before(flow, fill[2:], (there, position)) for fill in fills)
        ):
            replaced[load.name] = value
    return replaced


def _before(flow: Flow, first: tuple[str, int], second: tuple[str, int]) -> bool:
    """Whether every way to the second place comes by the first."""
    if first[0] == second[0]:
        return first[1] < second[1]
    block = second[0]
    while block != flow.dominator[block]:
        block = flow.dominator[block]
        if block == first[0]:
            return True
    return False


def _accesses(flow: Flow, variable: Instruction, types: Types) -> _Accesses:
    found = _Accesses()
    definitions = {item.name: item for _, item in flow.function.instructions()}
    offsets: dict[str, int | None] = {variable.name: 0}  # None: more than a constant
    for name in flow.order:
        for place, item in enumerate(flow.function.blocks[name].instructions):
            used = [position for position, o in enumerate(item.operands) if o.text in offsets]
            if used:
                _note(found, item, (name, place), used, offsets, types, definitions)
    return found


def _note(
    found: _Accesses,
    item: Instruction,
    place: tuple[str, int],
    used: list[int],
    offsets: dict[str, int | None],
    types: Types,
    definitions: dict[str, Instruction],
) -> None:
    offset = offsets[item.operands[used[0]].text]
    if item.op == "getelementptr" and used == [0]:
        step = constant_offset(item, types)
        offsets[item.name] = None if offset is None or step is None else offset + step
        if step is None and offset is not None:
            if not all(_not_negative(o, definitions) for o in item.operands[1:]):
                offset = 0
            lowest = found.indexed_from
            found.indexed_from = offset if lowest is None else min(lowest, offset)
    elif item.op == "load" and not item.volatile and not item.atomic:
        if offset is not None:
            found.loads.append((offset, types.size(item.type), *place, item))
    elif item.op == "store" and used == [1] and not item.volatile and not item.atomic:
        if offset is not None:
            size = types.size(item.operands[0].type)
            found.stores.append((offset, size, *place, item))
    elif item.op == "call" and _FILL.match(item.callee) and used == [0]:
        length = item.operands[2].integer
        if offset is None or length is None:
            found.known = False
        else:
            found.fills.append((offset, length, *place))
    elif not (item.op == "call" and _HARMLESS.match(item.callee)):
        found.known = False


def constant_offset(item: Instruction, types: Types) -> int | None:
    """The bytes that an address computation adds, if that is a constant."""
    kind, total = item.source_type, 0
    for position, operand in enumerate(item.operands[1:]):
        number = operand.integer
        if number is None:
            return None
        if position == 0:
            total += number * types.size(kind)
        elif types.named.get(kind, kind).startswith(("{", "<{")):
            total += types.offset(kind, number)
            kind = types.members(kind)[number]
        else:
            kind = types.element(kind) or kind
            total += number * types.size(kind)
    return total


def _not_negative(value: Value, definitions: dict[str, Instruction]) -> bool:
    """Whether an index is surely none below zero."""
    number = value.integer
    if number is not None:
        return number >= 0
    item = definitions.get(value.text)
    if item is None:
        return False
    if item.op == "zext":
        return True
    if item.op == "and":
        return any((operand.integer or -1) >= 0 for operand in item.operands)
    if item.op != "phi":
        return False
    for operand in item.operands:
        following = definitions.get(operand.text)
        if operand.integer is not None and operand.integer >= 0:
            continue
        counts = following is not None and following.op == "add" and "nuw" in following.flags
        if not (counts and following and following.operands[0].text == item.name):
            return False
    return True
