"""Whether lanes side by side pay: threads that each walk through memory of their own are faster one
after the other, where the compiler makes vectors of what one thread reads."""

from __future__ import annotations

from msl.widen import calls, collectives
from msl.widen.divergence import Divergence
from msl.widen.flow import Loop
from msl.widen.ir import Instruction, Value
from msl.widen.private import Private

_NEAR = 64  # bytes that a walk may advance by, and lanes may lie apart: one cache line


def walks(found: Divergence, private: Private) -> Instruction | None:
    """An access of a kernel in which more accesses in loops walk than do not; None if lanes pay. A
    kernel whose lanes or SIMD-groups meet needs them side by side."""
    apart: list[Instruction] = []
    others = 0
    definitions = {item.name: item for _, item in found.flow.function.instructions()}
    for block, item in found.flow.function.instructions():
        if item.op == "call" and (
            item.callee == calls.BARRIER or collectives.is_collective(item.callee)
        ):
            return None
        loop = found.flow.loop_of[block.name]
        if item.op not in ("load", "store") or loop is None:
            continue
        if private.interleaved(item.operands[-1]):
            continue
        shape = found.shape(item.operands[-1], block.name)
        if shape is not None and shape.stride is not None and abs(shape.stride) < _NEAR:
            others += 1
        elif _step(item.operands[-1], loop, definitions, found):
            apart.append(item)
        else:
            others += 1
    return apart[0] if len(apart) > others else None


def _step(
    pointer: Value, loop: Loop, definitions: dict[str, Instruction], found: Divergence
) -> bool:
    """Whether an address goes on by little from one iteration of its loop to the next."""
    item = definitions.get(pointer.text)
    while item is not None and item.op == "getelementptr":
        *_, last = item.operands
        if last.is_local:
            size = found.types.size(item.source_type)
            return len(item.operands) == 2 and _counts(last, size, loop, definitions)
        item = definitions.get(item.operands[0].text)
    return item is not None and item.op == "phi" and _advances(item, 1, loop, definitions)


def _counts(index: Value, size: int, loop: Loop, definitions: dict[str, Instruction]) -> bool:
    item = definitions.get(index.text)
    while item is not None and item.op in ("zext", "sext", "add", "or"):
        item = definitions.get(item.operands[0].text)
    return item is not None and item.op == "phi" and _advances(item, size, loop, definitions)


def _advances(phi: Instruction, size: int, loop: Loop, definitions: dict[str, Instruction]) -> bool:
    """Whether a phi of the loop's header grows by a small constant."""
    if loop.latch not in phi.blocks:
        return False
    following = definitions.get(phi.operands[phi.blocks.index(loop.latch)].text)
    if following is None or following.op not in ("add", "getelementptr"):
        return False
    step = following.operands[-1].integer
    return step is not None and following.operands[0].text == phi.name and step * size <= _NEAR
