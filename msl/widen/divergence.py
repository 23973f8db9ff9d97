"""Which values differ between lanes, and where lanes part: shapes of all values, divergent
branches, the blocks where parted lanes meet, and the loops that lanes leave at different times."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from msl.widen.flow import Flow, Loop
from msl.widen.ir import Instruction, Value
from msl.widen.shapes import UNIFORM, VARYING, Shape, joined, of_constant, transfer
from msl.widen.types import Types

#: The shape of a call, a memory access or anything else that `transfer` does not know.
Special = Callable[[Instruction, list[Shape]], Shape | None]
_UNSIGNED = frozenset(("ult", "ule", "ugt", "uge", "eq", "ne"))


@dataclass
class Divergence:
    """The result of `analyse`."""

    flow: Flow
    types: Types
    shapes: dict[str, Shape] = field(default_factory=dict)
    home: dict[str, str] = field(default_factory=dict)  # the block that defines a name
    joins: set[str] = field(default_factory=set)
    divergent: set[str] = field(default_factory=set)  # blocks that end in a divergent branch
    loops: set[str] = field(default_factory=set)  # headers of loops that lanes leave one by one

    def frozen_at(self, name: str, block: str) -> Loop | None:
        """The innermost divergent loop that defines a name, if `block` lies outside of it or of
        another divergent loop around the definition."""
        chain = [x for x in self.flow.around(self.home[name]) if x.header in self.loops]
        return chain[0] if chain and any(block not in loop.blocks for loop in chain) else None

    def shape(self, value: Value, block: str) -> Shape | None:
        """The shape of an operand as a block sees it; None if nothing is known yet."""
        if not value.is_local:
            return of_constant(value)
        found = self.shapes.get(value.text)
        if found is not None and value.text in self.home and self.loops:
            return VARYING if self.frozen_at(value.text, block) else found
        return found


def analyse(flow: Flow, types: Types, parameters: dict[str, Shape], special: Special) -> Divergence:
    """Shapes to a fixed point, starting from the most optimistic ones."""
    result = Divergence(flow, types, dict(parameters))
    for block, item in flow.function.instructions():
        if item.name:
            result.home[item.name] = block.name
    exact = _exact(flow)
    seen: set[str] = set()
    while True:
        _settle(result, special, exact)
        before = (len(result.joins), len(result.loops), len(result.divergent))
        for name in flow.order:
            condition = flow.function.blocks[name].end.operands
            if not condition or name in seen:
                continue
            shape = result.shape(condition[0], name)
            if shape is not None and not shape.is_uniform:
                seen.add(name)
                result.divergent.add(name)
                _part(result, name)
        if before == (len(result.joins), len(result.loops), len(result.divergent)):
            unknown = next((name for name in result.home if name not in result.shapes), None)
            if unknown is None:
                return result
            result.shapes[unknown] = UNIFORM  # comes from nothing but undefined values


def _settle(result: Divergence, special: Special, exact: set[str]) -> None:
    changed = True
    while changed:
        changed = False
        for name in result.flow.order:
            for item in result.flow.function.blocks[name].instructions:
                if not item.name:
                    continue
                old = result.shapes.get(item.name)
                if old == VARYING:
                    continue
                new = joined(old, _shape_of(result, item, name, special, exact))
                if new is not None and new != old:
                    result.shapes[item.name] = new
                    changed = True


def _shape_of(
    result: Divergence, item: Instruction, block: str, special: Special, exact: set[str]
) -> Shape | None:
    if item.op == "phi":
        return _phi(result, item, block)
    shapes = [result.shape(operand, block) for operand in item.operands]
    known = [shape for shape in shapes if shape is not None]
    if len(known) != len(shapes):
        return None
    found = special(item, known)
    return found if found is not None else transfer(item, known, result.types, item.name in exact)


def _phi(result: Divergence, item: Instruction, block: str) -> Shape | None:
    found: Shape | None = None
    for operand in item.operands:
        if operand.text not in ("undef", "poison"):
            found = joined(found, result.shape(operand, block))
    same = len({operand.text for operand in item.operands}) == 1
    if found is not None and block in result.joins and not same:
        return VARYING
    return found


def _part(result: Divergence, block: str) -> None:
    """What a divergent branch at the end of a block brings about."""
    flow = result.flow
    _label(result, flow.successors[block])
    apart = _before(flow, block)
    for loop in flow.around(block):
        leaving = any(
            target not in loop.blocks
            for name in apart & loop.blocks
            for target in flow.successors[name]
        )
        if leaving and loop.header not in result.loops:
            result.loops.add(loop.header)
            _divergent_exits(result, loop)


def _divergent_exits(result: Divergence, loop: Loop) -> None:
    """Lanes leave a loop one after the other: they meet again where its exits do, and an exit that
    leaves an outer loop as well is one of that loop."""
    flow = result.flow
    exits = [
        (name, target)
        for name in flow.order
        if name in loop.blocks
        for target in flow.successors[name]
        if target not in loop.blocks
    ]
    result.joins.update(target for _, target in exits)
    _label(result, [target for _, target in exits])
    for outer in loop.chain[1:]:
        if outer.header in result.loops:
            continue
        if any(target not in outer.blocks for _, target in exits):
            result.loops.add(outer.header)
            _divergent_exits(result, outer)
    if len({target for _, target in exits}) > 1:
        _exits_apart(result, loop, {target for _, target in exits})


def _exits_apart(result: Divergence, loop: Loop, targets: set[str]) -> None:
    """Lanes that left by different exits run apart until those meet: loops around which one of them
    leaves are left one by one."""
    flow = result.flow
    for outer in loop.chain[1:]:
        if outer.header in result.loops:
            continue
        meeting = loop.header
        while meeting in loop.blocks or not all(flow.postdominates(meeting, t) for t in targets):
            meeting = flow.postdominator[meeting]
        apart = _reach(flow, targets - {meeting}, meeting)
        if any(
            t not in outer.blocks for name in apart & outer.blocks for t in flow.successors[name]
        ):
            result.loops.add(outer.header)
            _divergent_exits(result, outer)


def _label(result: Divergence, starts: Iterable[str]) -> None:
    """Mark the blocks that two ways from different starts reach first."""
    flow = result.flow
    labels = {name: name for name in starts}
    for name in flow.order[min((flow.index[start] for start in labels), default=0) :]:
        label = labels.get(name)
        if label is None:
            continue
        for target in flow.successors[name]:
            if flow.is_back(name, target):
                continue
            if labels.setdefault(target, label) != label and labels[target] != target:
                labels[target] = target
                result.joins.add(target)
            elif labels[target] == target and label != target:
                result.joins.add(target)


def _before(flow: Flow, block: str) -> set[str]:
    """The blocks that lanes run apart after a divergent branch, itself included."""
    meeting = flow.postdominator[block]
    return {block} | _reach(flow, set(flow.successors[block]) - {meeting}, meeting)


def _reach(flow: Flow, starts: set[str], stop: str) -> set[str]:
    found = set(starts)
    stack = list(starts)
    while stack:
        for target in flow.successors[stack.pop()]:
            if target != stop and target not in found:
                found.add(target)
                stack.append(target)
    return found


def _exact(flow: Flow) -> set[str]:
    """Names of extended integers that are used for more than addresses and comparisons, which would
    notice if the extension of a SIMD-group's values was taken from its first lane alone."""
    users: dict[str, list[Instruction]] = {}
    for _, item in flow.function.instructions():
        for operand in item.operands:
            if operand.is_local:
                users.setdefault(operand.text, []).append(item)
    return {
        item.name
        for _, item in flow.function.instructions()
        if item.op in ("zext", "sext") and not _only_addresses(item.name, users)
    }


def _only_addresses(name: str, users: dict[str, list[Instruction]]) -> bool:
    seen = {name}
    stack = [name]
    while stack:
        current = stack.pop()
        for user in users.get(current, []):
            sums = user.op == "or" and "disjoint" in user.flags
            if sums or user.op in ("add", "sub", "phi", "trunc", "shl", "mul"):
                constant = any(operand.integer is not None for operand in user.operands)
                if user.op in ("shl", "mul") and not constant:
                    return False
                if user.op != "trunc" and user.name not in seen:
                    seen.add(user.name)
                    stack.append(user.name)
            elif user.op == "icmp":
                if user.predicate not in _UNSIGNED:
                    return False
            elif user.op != "getelementptr":
                return False
    return True


__all__ = ["UNIFORM", "VARYING", "Divergence", "Special", "analyse"]
