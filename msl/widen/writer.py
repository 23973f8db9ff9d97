"""Writes the text of one widened function: names, vectors out of scalars and strides, the slots in
which values pass between blocks. LLVM turns slots back into registers."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from msl.widen.divergence import Divergence
from msl.widen.flow import Loop
from msl.widen.folding import Folding
from msl.widen.ir import WIDTH, Declined, Instruction, Value
from msl.widen.layout import Layout
from msl.widen.private import Private
from msl.widen.shapes import Shape
from msl.widen.types import Types, bits_of, is_float, is_integer, is_scalar, wide

ALL = "splat (i1 true)"
MASK = wide("i1")


class Writer:
    """The state of one function's text."""

    def __init__(self, layout: Layout, private: Private, types: Types, strict: bool) -> None:
        self.layout = layout
        self.divergence: Divergence = layout.divergence
        self.private = private
        self.types = types
        self.strict = strict
        self.lines: list[str] = []
        self.slots: list[str] = []
        self.block = ""  # that is being written
        self.mask: str | None = None  # of its lanes; None: all
        self.guards_runs = False  # rows of lanes may be of any length
        self._folding = Folding(layout.divergence.flow.function)
        self._counter = 0
        self._known: dict[tuple[str, bool], str] = {}
        self._vectors: dict[tuple[str, bool], str] = {}
        self.pairs: dict[str, tuple[str, ...]] = {}  # members of varying structs

    def put(self, text: str) -> None:
        """One instruction."""
        self.lines.append(f"  {text}")

    def fresh(self, text: str, prefix: str = "t") -> str:
        """The name of a new value."""
        self._counter += 1
        name = f"%{prefix}{self._counter}"
        self.put(f"{name} = {text}")
        return name

    def new_label(self, stem: str) -> str:
        """A label that nothing has yet."""
        self._counter += 1
        return f"{stem}.{self._counter}"

    def label(self, name: str) -> None:
        """Start a block."""
        self.lines.append(f"{name}:")

    def slot(self, name: str, kind: str) -> None:
        """Reserve a slot."""
        self.slots.append(f"  {name} = alloca {kind}")

    def enter(self, block: str, mask: str | None) -> None:
        """Begin the body of an original block."""
        self.block, self.mask = block, mask
        self._known.clear()
        self._vectors.clear()

    def snapshot(self) -> tuple[dict[tuple[str, bool], str], dict[tuple[str, bool], str]]:
        """What is known here, for `restore`."""
        return dict(self._known), dict(self._vectors)

    def restore(
        self, known: tuple[dict[tuple[str, bool], str], dict[tuple[str, bool], str]]
    ) -> None:
        """Forget what was loaded since a snapshot."""
        self._known, self._vectors = dict(known[0]), dict(known[1])

    def result(self, item: Instruction) -> str:
        """The name of an instruction's result."""
        return "%v" + item.name[1:]

    def shape(self, value: Value) -> Shape:
        """The shape of an operand in the block that is being written."""
        found = self.divergence.shape(value, self.block)
        if found is None:
            raise Declined("a value of unknown shape")
        return found

    def define(self, item: Instruction, text: str) -> None:
        """Say that a result has this value in the rest of the block."""
        self._known[item.name, False] = text
        if self.divergence.shapes[item.name].is_varying:
            self._vectors[item.name, False] = text

    def slot_type(self, name: str, kind: str) -> str:
        """The type of a value between blocks."""
        return wide(kind) if self.divergence.shapes[name].is_varying else kind

    def scalar(self, value: Value) -> str:
        """The base of a uniform or linear value."""
        return self._read(value, self.shape(value).is_varying)

    def _frozen(self, name: str) -> Loop | None:
        home = self.divergence.home.get(name)
        if home is None or not self.divergence.loops:
            return None
        return self.divergence.frozen_at(name, self.block)

    def _read(self, value: Value, varying: bool) -> str:
        if not value.is_local:
            return value.text
        name = value.text
        if name not in self.divergence.home:
            return "%p" + name[1:]  # a parameter
        frozen = self._frozen(name) is not None
        found = self._known.get((name, frozen))
        if found is None:
            kind = wide(value.type) if varying else value.type
            found = self.fresh(f"load {kind}, ptr %{'x' if frozen else 's'}{name[1:]}")
            self._known[name, frozen] = found
        return found

    def vector(self, value: Value) -> str:
        """The value of every lane."""
        if not is_scalar(value.type):
            raise Declined(f"a value of type {value.type} that differs between lanes")
        if not value.is_local:
            return self.constant(value)
        shape = self.shape(value)
        key = (value.text, self._frozen(value.text) is not None)
        found = self._vectors.get(key)
        if found is None:
            if shape.is_varying:
                found = self._read(value, True)
            else:
                found = self.spread(self.scalar(value), value.type, shape.stride or 0)
            self._vectors[key] = found
        return found

    def constant(self, value: Value) -> str:
        """A constant in every lane."""
        if value.text in ("undef", "poison", "zeroinitializer"):
            return value.text
        if value.text == "null":
            return "zeroinitializer"
        if value.text.startswith("@") or "(" in value.text:
            return self.spread(value.text, value.type, 0)
        return f"splat ({value.type} {value.text})"

    def constants(self, value: Value) -> list[int] | None:
        """The value of every lane, if it follows from the lane's number alone."""
        return self._folding.lanes(value)

    def spread(self, base: str, kind: str, stride: int) -> str:
        """`base + lane * stride` in every lane."""
        if kind == "ptr":
            return self.fresh(
                f"getelementptr i8, ptr {base}, {wide('i64')} {self.steps('i64', stride)}"
            )
        one = self.fresh(f"insertelement {wide(kind)} poison, {kind} {base}, i64 0")
        every = self.fresh(
            f"shufflevector {wide(kind)} {one}, {wide(kind)} poison, {wide('i32')} zeroinitializer"
        )
        if not stride:
            return every
        return self.fresh(f"add {wide(kind)} {every}, {self.steps(kind, stride)}")

    def steps(self, kind: str, stride: int) -> str:
        """`lane * stride` as a constant."""
        if not stride:
            return "zeroinitializer"
        return self.list(kind, [lane * stride for lane in range(WIDTH)])

    def list(self, kind: str, values: Sequence[int]) -> str:
        """A constant vector of integers, taken modulo the width of their type."""
        half, whole = 1 << bits_of(kind) - 1, 1 << bits_of(kind)
        return "<" + ", ".join(f"{kind} {(v + half) % whole - half}" for v in values) + ">"

    def select(self, mask: str | None, yes: str, no: str, kind: str) -> str:
        """`yes` in the lanes of a mask, `no` in the others."""
        if mask is None:
            return yes
        return self.fresh(f"select {MASK} {mask}, {wide(kind)} {yes}, {wide(kind)} {no}")

    def both(self, mask: str | None, condition: str) -> str:
        """A mask narrowed by a condition, which may be poison in the lanes that have left."""
        if mask is None:
            return condition
        return self.select(mask, condition, "zeroinitializer", "i1")

    def inverted(self, condition: str) -> str:
        """The lanes for which a condition does not hold."""
        return self.fresh(f"xor {MASK} {condition}, {ALL}")

    def bits(self, mask: str | None) -> str:
        """A mask as a number, bit 0 being lane 0."""
        return "-1" if mask is None else self.fresh(f"bitcast {MASK} {mask} to i32")

    def any(self, mask: str) -> str:
        """Whether a mask holds a lane."""
        return self.fresh(f"icmp ne i32 {self.bits(mask)}, 0")

    def full_mask(self) -> str:
        """The mask of the block, also if all lanes are here."""
        return ALL if self.mask is None else self.mask

    def extract(self, vector: str, kind: str, lane: str) -> str:
        """The value of one lane."""
        return self.fresh(f"extractelement {wide(kind)} {vector}, i32 {lane}")

    def first(self, value: Value) -> str:
        """What lane 0 has, whether it is here or not."""
        if self.shape(value).is_varying:
            return self.extract(self.vector(value), value.type, "0")
        return self.scalar(value)

    def lowest_lane(self) -> str:
        """The number of the first lane that is here; only where there is one."""
        if self.mask is None:
            return "0"
        return self.fresh(f"call i32 @llvm.cttz.i32(i32 {self.bits(self.mask)}, i1 true)")

    def highest_lane(self) -> str:
        """The number of the last lane that is here; only where there is one."""
        if self.mask is None:
            return str(WIDTH - 1)
        zeros = self.fresh(f"call i32 @llvm.ctlz.i32(i32 {self.bits(self.mask)}, i1 true)")
        return self.fresh(f"sub i32 {WIDTH - 1}, {zeros}")


def number(kind: str, value: float) -> str:
    """A constant as the text spells it."""
    if is_integer(kind):
        return str(int(value))
    if kind == "half":
        return "0xH" + struct.pack(">e", value).hex().upper()
    if kind == "bfloat":
        return "0xR" + struct.pack(">f", value)[:2].hex().upper()
    assert is_float(kind)
    return "0x" + struct.pack(">d", value).hex().upper()
