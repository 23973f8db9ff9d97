"""The tree of a generated kernel: types, expressions, statements, and how they read as MSL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

#: How far a value or a branch is the same for all threads: of a threadgroup, a SIMD-group, no one.
GROUP, SIMD, THREAD = 2, 1, 0
_HOLE = re.compile(r"([$@])(\d)")
SIGNED = {"char": "uchar", "short": "ushort", "int": "uint", "long": "ulong"}
UNSIGNED = tuple(SIGNED.values())
INTEGERS = (*SIGNED, *UNSIGNED)
FLOATS = ("float", "half", "bfloat")
BYTES = {"bool": 1, "char": 1, "uchar": 1} | {
    **{name: 2 for name in ("short", "ushort", "half", "bfloat")},
    **{name: 4 for name in ("int", "uint", "float")},
}


@dataclass(frozen=True)
class Type:
    """A scalar or a vector of 2 to 4."""

    base: str
    width: int = 1

    def __str__(self) -> str:
        return self.base if self.width == 1 else f"{self.base}{self.width}"

    @property
    def bytes(self) -> int:
        """Of a scalar of it."""
        return BYTES.get(self.base, 8)

    @property
    def is_float(self) -> bool:
        """Whether its values have to stay exact."""
        return self.base in FLOATS

    def components(self, packed: bool = False) -> int:
        """Of what an element of an array takes the room: three are four, unless they are packed."""
        return 4 if self.width == 3 and not packed else self.width

    def stride(self, packed: bool = False) -> int:
        """Bytes from one element of an array to the next."""
        return self.bytes * self.components(packed)

    def of(self, base: str) -> Type:
        """As many of another scalar."""
        return Type(base, self.width)


BOOL, UINT, FLOAT = Type("bool"), Type("uint"), Type("float")


@dataclass(frozen=True)
class Expression:
    """`text` with `$0` … for its parts. A float's magnitude is below 2**bits[0], and it is a
    multiple of 2**-bits[1]: results are exact, in any order of evaluation."""

    type: Type
    text: str
    parts: tuple[Expression, ...] = ()
    level: int = GROUP
    bits: tuple[int, int] = (0, 0)

    def render(self) -> str:
        """As MSL."""
        return _HOLE.sub(lambda hole: self.parts[int(hole[2])].render(), self.text)

    @property
    def weight(self) -> int:
        """How much there is to read: least for a literal."""
        name = not self.text.startswith(f"{self.type}(")
        return 1 + name + sum(part.weight for part in self.parts)

    def simpler(self) -> Iterator[Expression]:
        """What may stand in its place, smallest first."""
        if self.weight > 1:
            yield literal(self.type, 1)
        for part in self.parts:
            fits = part.level >= self.level and max(
                a - b for a, b in zip(part.bits, self.bits, strict=True)
            )
            if part.type == self.type and fits <= 0:
                yield part
        for number, part in enumerate(self.parts):
            for small in part.simpler():
                parts = (*self.parts[:number], small, *self.parts[number + 1 :])
                yield replace(self, parts=parts)


def literal(kind: Type, value: int) -> Expression:
    """A constant; the caller sees that it fits."""
    return Expression(kind, f"{kind}({value})", bits=(max(value.bit_length(), 1), 0))


@dataclass(frozen=True)
class Statement:
    """`text` with `$0` … for expressions and `@0` … for blocks. One that declares a name can only
    go when nothing uses the name; `jump` is one that leaves a loop or a switch."""

    text: str
    expressions: tuple[Expression, ...] = ()
    blocks: tuple[Block, ...] = ()
    declares: str = ""
    jump: bool = False

    def render(self, indent: str) -> str:
        """As lines of MSL."""

        def fill(hole: re.Match[str]) -> str:
            number = int(hole[2])
            if hole[1] == "$":
                return self.expressions[number].render()
            return "{\n" + render(self.blocks[number], indent + "  ") + indent + "}"

        return indent + _HOLE.sub(fill, self.text.replace("\n", "\n" + indent)) + "\n"

    @property
    def weight(self) -> int:
        """How much there is to read."""
        parts = sum(expression.weight for expression in self.expressions)
        return 2 + parts + sum(weight(block) for block in self.blocks)

    def jumps(self) -> bool:
        """Whether it or something in it leaves a loop or a switch."""
        return self.jump or any(item.jumps() for block in self.blocks for item in block)

    def simpler(self) -> Iterator[Statement]:
        """The same with one smaller part."""
        for number, block in enumerate(self.blocks):
            for small in simpler(block):
                blocks = (*self.blocks[:number], small, *self.blocks[number + 1 :])
                yield replace(self, blocks=blocks)
        for number, expression in enumerate(self.expressions):
            for less in expression.simpler():
                every = (*self.expressions[:number], less, *self.expressions[number + 1 :])
                yield replace(self, expressions=every)


Block = tuple[Statement, ...]


def render(block: Block, indent: str = "  ") -> str:
    """The lines of a block."""
    return "".join(item.render(indent) for item in block)


def weight(block: Block) -> int:
    """How much there is to read."""
    return sum(item.weight for item in block)


def simpler(block: Block) -> Iterator[Block]:
    """Smaller blocks: halves and single statements gone, then a statement replaced by what is in
    it, then smaller statements."""
    size = (len(block) + 1) // 2
    while size:
        for start in range(0, len(block), size):
            left = _without(block, start, start + size)
            if len(left) < len(block):
                yield left
        size //= 2
    for number, item in enumerate(block):
        if item.blocks and not item.jumps():
            for inner in item.blocks:
                yield (*block[:number], *inner, *block[number + 1 :])
    for number, item in enumerate(block):
        for small in item.simpler():
            yield (*block[:number], small, *block[number + 1 :])


def _without(block: Block, start: int, end: int) -> Block:
    """The block without some statements; declarations stay where something left uses them."""
    left = list(block[:start])
    kept = [item for item in block[start:end] if item.declares]
    after = render(block[end:])
    for item in reversed(kept):
        if re.search(rf"\b{item.declares}\b", after):
            left.insert(start, item)
            after = item.render("") + after
    return (*left, *block[end:])
