"""Types of LLVM IR text: their sizes, alignments and members. Nothing here knows instructions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from msl.widen.ir import WIDTH, Declined

SCALAR_BYTES = {"half": 2, "bfloat": 2, "float": 4, "double": 8, "ptr": 8}
_INTEGER = re.compile(r"i(\d+)$")
_SEQUENCE = re.compile(r"([<\[])(\d+) x (.+)[>\]]$")
_SUFFIX = {"half": "f16", "bfloat": "bf16", "float": "f32", "double": "f64", "ptr": "p0"}


def split_commas(text: str) -> list[str]:
    """The parts between commas that stand in no brackets or quotes."""
    parts: list[str] = []
    depth = start = 0
    quoted = False
    for index, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif letter in "([{<":
            depth += 1
        elif letter in ")]}>":
            depth -= 1
        elif letter == "," and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    last = text[start:].strip()
    return [*parts, last] if last else parts


def is_scalar(kind: str) -> bool:
    """Whether 32 of a kind make one vector."""
    return kind in SCALAR_BYTES or _INTEGER.match(kind) is not None


def lies_in_memory(kind: str) -> bool:
    """Whether a vector of a scalar lies in memory as an array of it does."""
    return not is_integer(kind) or bits_of(kind) in (8, 16, 32, 64)


def in_memory(kind: str) -> str:
    """The type that holds a scalar in memory, one element after the other; vectors of odd integers
    are packed there."""
    if kind == "i1":
        return "i8"
    if not lies_in_memory(kind):
        raise Declined(f"a number of {bits_of(kind)} bits in memory")
    return kind


def is_integer(kind: str) -> bool:
    """Whether a kind is a scalar integer."""
    return _INTEGER.match(kind) is not None


def is_float(kind: str) -> bool:
    """Whether a kind is a scalar floating-point number."""
    return kind in ("half", "bfloat", "float", "double")


def bits_of(kind: str) -> int:
    """The width of a scalar."""
    match = _INTEGER.match(kind)
    return int(match.group(1)) if match else 8 * SCALAR_BYTES[kind]


def wide(kind: str) -> str:
    """The type that holds a scalar of every lane."""
    return f"<{WIDTH} x {kind}>"


def suffix(kind: str) -> str:
    """How an intrinsic's name spells a scalar."""
    return _SUFFIX.get(kind, kind)


@dataclass
class Types:
    """The named types of a module, with the layout that x86-64 and AArch64 share."""

    named: dict[str, str] = field(default_factory=dict)
    _sizes: dict[str, tuple[int, int]] = field(default_factory=dict)

    def members(self, kind: str) -> list[str]:
        """The member types of a struct, the element types of a short array or vector."""
        body = self.named.get(kind, kind)
        if body.startswith("{"):
            return split_commas(body[1:-1])
        if body.startswith("<{"):
            return split_commas(body[2:-2])
        if match := _SEQUENCE.match(body):
            return [match.group(3)] * int(match.group(2))
        return []

    def element(self, kind: str) -> str | None:
        """What an array or vector holds."""
        match = _SEQUENCE.match(self.named.get(kind, kind))
        return match.group(3) if match and not kind.startswith("<{") else None

    def size(self, kind: str) -> int:
        """Bytes from one element of an array to the next."""
        return self._layout(kind)[0]

    def offset(self, kind: str, index: int) -> int:
        """Bytes before a member of a struct."""
        at = 0
        packed = self.named.get(kind, kind).startswith("<{")
        for position, member in enumerate(self.members(kind)):
            size, alignment = self._layout(member)
            if not packed:
                at = -(-at // alignment) * alignment
            if position == index:
                return at
            at += size
        raise Declined(f"member {index} of {kind}")

    def _layout(self, kind: str) -> tuple[int, int]:
        found = self._sizes.get(kind)
        if found is None:
            found = self._sizes[kind] = self._compute(kind)
        return found

    def _compute(self, kind: str) -> tuple[int, int]:
        if kind in SCALAR_BYTES:
            return SCALAR_BYTES[kind], SCALAR_BYTES[kind]
        if match := _INTEGER.match(kind):
            size = 1
            while 8 * size < int(match.group(1)):
                size *= 2
            return size, size
        body = self.named.get(kind, kind)
        if body.startswith(("{", "<{")):
            return self._struct(kind, body.startswith("<{"))
        if match := _SEQUENCE.match(body):
            size, alignment = self._layout(match.group(3))
            total = size * int(match.group(2))
            if match.group(1) == "<":
                total = 1 << (total - 1).bit_length()
                return total, total
            return total, alignment
        raise Declined(f"type {kind}")

    def _struct(self, kind: str, packed: bool) -> tuple[int, int]:
        at, widest = 0, 1
        for member in self.members(kind):
            size, alignment = self._layout(member)
            if not packed:
                at = -(-at // alignment) * alignment
                widest = max(widest, alignment)
            at += size
        return -(-at // widest) * widest, widest
