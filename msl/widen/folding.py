"""Values that follow from a lane's number alone, computed ahead of time: what makes reads of other
lanes shuffles in registers."""

from __future__ import annotations

from collections.abc import Callable

from msl.widen.ir import WIDTH, Function, Instruction, Value
from msl.widen.types import bits_of, is_integer

PLACE_OF_LANE = 7  # msl::lanes_own

_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": lambda a, b: a << (b & 63),
    "lshr": lambda a, b: a >> (b & 63),
    "udiv": lambda a, b: a // b if b else 0,
    "urem": lambda a, b: a % b if b else 0,
}
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "ult": lambda a, b: a < b,
    "ule": lambda a, b: a <= b,
    "ugt": lambda a, b: a > b,
    "uge": lambda a, b: a >= b,
}


class Folding:
    """Constants by lane of a function's values."""

    def __init__(self, function: Function) -> None:
        self._definitions = {item.name: item for _, item in function.instructions() if item.name}
        self._found: dict[str, list[int] | None] = {}

    def lanes(self, value: Value) -> list[int] | None:
        """The value of every lane, None if more than the lane decides it."""
        if not is_integer(value.type):
            return None
        number = value.integer
        if number is not None:
            return [number % (1 << bits_of(value.type))] * WIDTH
        if not value.is_local:
            return None
        if value.text not in self._found:
            self._found[value.text] = None  # also the answer for what leads back to itself
            item = self._definitions.get(value.text)
            self._found[value.text] = self._compute(item) if item else None
        return self._found[value.text]

    def _compute(self, item: Instruction) -> list[int] | None:
        if item.op == "call":
            own = item.callee == "msl_lanes_place" and item.operands[0].integer == PLACE_OF_LANE
            return list(range(WIDTH)) if own else None
        if item.op not in _OPERATIONS and item.op not in ("icmp", "zext", "trunc", "select"):
            return None
        operands = [self.lanes(operand) for operand in item.operands]
        known = [operand for operand in operands if operand is not None]
        if len(known) != len(operands):
            return None
        mask = (1 << bits_of(item.type)) - 1
        if item.op in ("zext", "trunc"):
            return [a & mask for a in known[0]]
        if item.op == "select":
            return [a if c else b for c, a, b in zip(*known, strict=True)]
        if item.op == "icmp":
            compare = _COMPARISONS.get(item.predicate)
            return [int(compare(a, b)) for a, b in zip(*known, strict=True)] if compare else None
        operation = _OPERATIONS[item.op]
        return [operation(a, b) & mask for a, b in zip(*known, strict=True)]
