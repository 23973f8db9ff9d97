"""What a generator knows at one place of a kernel: the names in reach, and who gets there."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from differential.tree import FLOATS, GROUP, INTEGERS, THREAD, Type

#: What a stored float is reduced to: its bits before and after the point.
KEPT = {"float": (8, 2), "half": (5, 2), "bfloat": (3, 1)}
#: Bits that stay exact, with room for another order of evaluation.
EXACT = {"float": 20, "half": 10, "bfloat": 7}


@dataclass(frozen=True)
class Place:
    """Something that is read, and written if `writable`; `$0` in its text is an index."""

    text: str
    type: Type
    level: int = THREAD
    writable: bool = False
    shared: bool = False  # memory of all threads: a read is by any index, a write only by owners

    @property
    def indexed(self) -> bool:
        """Whether it is an array."""
        return "$0" in self.text

    @property
    def bits(self) -> tuple[int, int]:
        """Of what it holds."""
        return KEPT.get(self.type.base, (0, 0))


@dataclass(frozen=True)
class Function:
    """A helper; `by_reference` takes a variable of `type` last and returns nothing."""

    name: str
    type: Type
    parameters: tuple[Type, ...]
    by_reference: bool = False
    collective: bool = False


@dataclass
class Program:
    """What holds for one kernel: its numbers, its choices, and how many names it has used."""

    draw: random.Random
    suffix: str
    full: bool  # every SIMD-group has 32 lanes, and none returns early
    returns: bool
    functions: list[Function] = field(default_factory=list)
    structs: list[tuple[str, tuple[tuple[str, Type, int], ...]]] = field(default_factory=list)
    packed: Type | None = None  # what `scattered` holds, if without the alignment of vectors
    argument: Type | None = None  # what `tile` holds, if it is an argument of the kernel
    used: int = 0
    budget: int = 0

    def name(self, stem: str) -> str:
        """One that nothing else has."""
        self.used += 1
        return f"{stem}{self.used}"

    def type(self, wide: bool = True) -> Type:
        """A type for a variable: every width, every size."""
        base = self.draw.choice((*INTEGERS, *FLOATS, "uint", "int", "float", "float", "bool"))
        width = self.draw.choice((1, 1, 1, 2, 3, 4)) if wide and base != "bool" else 1
        return Type(base, width)


@dataclass
class Scope:
    """One block: its places, the level of its flow, and what a jump would leave."""

    program: Program
    flow: int = GROUP
    places: list[Place] = field(default_factory=list)
    outer: Scope | None = None
    loop: int | None = None  # the level of flow at which `continue` may stand
    leave: int | None = None  # and `break`
    depth: int = 0
    helper: str = ""  # in a helper: how it returns
    owners: bool = False  # threads write their own elements of shared memory here

    def inner(self, flow: int, **changes: object) -> Scope:
        """A block in this one."""
        made = replace(self, flow=min(flow, self.flow), places=[], outer=self, depth=self.depth + 1)
        for key, value in changes.items():
            setattr(made, key, value)
        return made

    def reach(self) -> Iterator[Place]:
        """Every place that may be read, the nearest first."""
        scope: Scope | None = self
        while scope:
            yield from (p for p in reversed(scope.places) if not (p.shared and self.owners))
            scope = scope.outer
