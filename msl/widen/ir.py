"""The typed IR that the widener works on: instructions, blocks, functions, and the reason for which
it declines a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

WIDTH = 32


class Declined(Exception):
    """The widener cannot keep a kernel's meaning; `construct` says what stands in the way."""

    def __init__(self, construct: str, instruction: Instruction | None = None) -> None:
        super().__init__(construct)
        self.construct = construct
        self.location = instruction.location if instruction else 0


class Value(NamedTuple):
    """An operand: a local name (`%7`), a constant or a global, as the text spells it."""

    type: str
    text: str

    @property
    def is_local(self) -> bool:
        """Whether an instruction or a parameter defines it."""
        return self.text.startswith("%")

    @property
    def integer(self) -> int | None:
        """The number that a constant stands for."""
        if self.text.lstrip("-").isdigit():
            return int(self.text)
        return {"true": 1, "false": 0, "zeroinitializer": 0, "null": 0}.get(self.text)


@dataclass(slots=True)
class Instruction:
    """One instruction; what its operands mean follows from `op`."""

    op: str
    name: str  # "" if it has no result
    type: str  # of the result
    operands: list[Value]
    flags: str = ""  # what stands between the opcode and the first type
    predicate: str = ""  # of icmp and fcmp; operation and orderings of atomics
    source_type: str = ""  # of getelementptr, alloca
    align: int = 1
    volatile: bool = False
    atomic: bool = False
    callee: str = ""
    targets: list[str] = field(default_factory=list)  # of terminators
    cases: list[int] = field(default_factory=list)  # of switch, for targets[1:]
    blocks: list[str] = field(default_factory=list)  # of phi, for each operand
    indices: list[int] = field(default_factory=list)  # of extractvalue and insertvalue
    location: int = 0  # number of the debug location


@dataclass
class Block:
    """A basic block; the last instruction is its terminator."""

    name: str
    instructions: list[Instruction] = field(default_factory=list)

    @property
    def end(self) -> Instruction:
        """The terminator."""
        return self.instructions[-1]

    @property
    def phis(self) -> list[Instruction]:
        """The phi instructions, which come first."""
        return [item for item in self.instructions if item.op == "phi"]

    @property
    def body(self) -> list[Instruction]:
        """What is neither phi nor terminator."""
        return [item for item in self.instructions[:-1] if item.op != "phi"]


@dataclass
class Function:
    """A function as parsed: its blocks in order, the entry first."""

    name: str
    parameters: list[Value]
    blocks: dict[str, Block]

    @property
    def entry(self) -> str:
        """The name of the first block."""
        return next(iter(self.blocks))

    def instructions(self) -> Iterator[tuple[Block, Instruction]]:
        """Every instruction with its block."""
        for block in self.blocks.values():
            for item in block.instructions:
                yield block, item
