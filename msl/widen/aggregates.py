"""Takes structs and short vectors apart before the work begins: afterwards every value that lanes
may see differently is a scalar."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from msl.widen.ir import Declined, Function, Instruction, Value
from msl.widen.parse import BINARY, CASTS, typed_value
from msl.widen.types import Types, bits_of, is_integer, is_scalar, split_commas

_ELEMENTWISE = BINARY | CASTS | {"icmp", "fcmp", "fneg", "freeze", "phi", "select"}
_VECTOR_CALL = re.compile(r"(llvm\.(?!vector\.|masked\.)[\w.]+?)((?:\.v\d+[a-z]+\d+)+)$")
_SPLAT = re.compile(r"splat \((\S+) (\S+)\)$")


def take_apart(function: Function, types: Types) -> None:
    """Rewrite a function in place."""
    _complete(function, types)
    kinds = [item.type for _, item in function.instructions()]
    if all(is_scalar(kind) or kind in ("", "void") for kind in kinds) and not any(
        operand.type.startswith(("<", "{"))
        for _, item in function.instructions()
        for operand in item.operands
    ):
        return
    work = _Apart(function, types)
    for block in function.blocks.values():
        block.instructions = [new for item in block.instructions for new in work.rewrite(item)]
    for _, item in function.instructions():
        item.operands = [work.resolved(operand) for operand in item.operands]


def _complete(function: Function, types: Types) -> None:
    """Types that the text of extractvalue and insertvalue does not repeat."""
    for _, item in function.instructions():
        if item.op == "insertvalue":
            item.type = item.operands[0].type
        elif item.op == "extractvalue":
            item.type = item.operands[0].type
            for index in item.indices:
                item.type = types.members(item.type)[index]


class _Apart:
    def __init__(self, function: Function, types: Types) -> None:
        self._types = types
        self._same: dict[str, Value] = {}  # names that stand for another value
        self._counter = 0
        self._split = {
            item.name: self._members(item.type)
            for _, item in function.instructions()
            if item.name and self._members(item.type)
        }

    def _members(self, kind: str) -> list[str]:
        """The scalars that make a type, if it is no scalar and can be taken apart."""
        if is_scalar(kind) or kind.startswith("[") or kind in ("", "void"):
            return []
        members = self._types.members(kind)
        return members if members and all(is_scalar(member) for member in members) else []

    def resolved(self, value: Value) -> Value:
        """What a name stands for in the end."""
        while value.text in self._same:
            value = self._same[value.text]
        return value

    def _parts(self, value: Value) -> list[Value]:
        """The members of a value."""
        members = self._members(value.type)
        if value.is_local:
            return [Value(kind, f"{value.text}.{k}") for k, kind in enumerate(members)]
        if value.text in ("undef", "poison"):
            return [Value(kind, value.text) for kind in members]
        if value.text == "zeroinitializer":
            return [Value(kind, _zero(kind)) for kind in members]
        if match := _SPLAT.match(value.text):
            return [Value(match.group(1), match.group(2)) for _ in members]
        if value.text[0] in "<{":
            return [typed_value(part) for part in split_commas(value.text[1:-1].strip())]
        raise Declined(f"the constant {value.text[:60]}")

    def _fresh(self, kind: str) -> Value:
        self._counter += 1
        return Value(kind, f"%part{self._counter}")

    def rewrite(self, item: Instruction) -> Sequence[Instruction]:
        """The instructions that take the place of one."""
        first = item.operands[0].type if item.operands else ""
        if item.op in ("extractvalue", "extractelement"):
            return self._extract(item)
        if item.op in ("insertvalue", "insertelement"):
            return self._insert(item)
        if item.op == "shufflevector":
            return self._shuffle(item)
        if item.op == "store" and self._members(first):
            return self._store(item)
        if item.name not in self._split:
            if item.op == "bitcast" and self._members(first):
                return self._joined(item)
            return [item]
        if item.op == "load":
            return self._load(item)
        if item.op == "bitcast" and len(self._members(first)) != len(self._split[item.name]):
            return self._parted(item)
        if item.op in _ELEMENTWISE:
            return self._each(item)
        if item.op == "call" and (match := _VECTOR_CALL.match(item.callee)):
            kinds = re.sub(r"\.v\d+", ".", match.group(2))
            return [replace(part, callee=match.group(1) + kinds) for part in self._each(item)]
        return [item, *self._of_result(item)]

    def _of_result(self, item: Instruction) -> list[Instruction]:
        """The members of what a call or an atomic operation returns."""
        whole = Value(item.type, item.name)
        return [
            Instruction("extractvalue", part.text, part.type, [whole], indices=[k])
            for k, part in enumerate(self._parts(whole))
        ]

    def _each(self, item: Instruction) -> list[Instruction]:
        """The operation on each member."""
        columns = []
        for operand in item.operands:
            parts = self._parts(operand) if self._members(operand.type) else []
            columns.append(parts or [operand] * len(self._split[item.name]))
        return [
            replace(
                item,
                name=part.text,
                type=part.type,
                operands=[column[k] for column in columns],
                blocks=list(item.blocks),
            )
            for k, part in enumerate(self._parts(Value(item.type, item.name)))
        ]

    def _extract(self, item: Instruction) -> list[Instruction]:
        whole = item.operands[0]
        if not self._members(whole.type):
            return [item]
        parts = self._parts(whole)
        position = item.indices[0] if item.indices else item.operands[1].integer
        if position is not None:
            self._same[item.name] = parts[position]
            return []
        index = item.operands[1]
        out = []
        found = parts[0]
        for k, part in enumerate(parts[1:], 1):
            same, chosen = self._fresh("i1"), self._fresh(part.type)
            number = Value(index.type, str(k))
            out.append(Instruction("icmp", same.text, "i1", [index, number], predicate="eq"))
            out.append(Instruction("select", chosen.text, part.type, [same, part, found]))
            found = chosen
        self._same[item.name] = found
        return out

    def _insert(self, item: Instruction) -> list[Instruction]:
        if item.name not in self._split:
            return [item]
        whole, value = item.operands[:2]
        position = item.indices[0] if item.indices else item.operands[2].integer
        out = []
        for k, (old, new) in enumerate(
            zip(self._parts(whole), self._parts(Value(item.type, item.name)), strict=True)
        ):
            self._same[new.text] = value if k == position else old
            if position is None:
                same = self._fresh("i1")
                index = item.operands[2]
                number = Value(index.type, str(k))
                del self._same[new.text]
                out.append(Instruction("icmp", same.text, "i1", [index, number], predicate="eq"))
                out.append(Instruction("select", new.text, new.type, [same, value, old]))
        return out

    def _shuffle(self, item: Instruction) -> list[Instruction]:
        if item.name not in self._split:
            raise Declined(f"a shuffle of {item.operands[0].type}", item)
        parts = [*self._parts(item.operands[0]), *self._parts(item.operands[1])]
        order = self._parts(item.operands[2])
        for new, place in zip(self._parts(Value(item.type, item.name)), order, strict=True):
            position = place.integer
            self._same[new.text] = (
                Value(new.type, "poison") if position is None else parts[position]
            )
        return []

    def _places(self, item: Instruction, kind: str) -> list[tuple[Value, int, list[Instruction]]]:
        """The address, the alignment and the computation of the address of each member."""
        pointer = item.operands[-1]
        element = self._types.element(kind)
        found: list[tuple[Value, int, list[Instruction]]] = []
        for k, member in enumerate(self._members(kind)):
            if element == "i1":
                raise Declined(f"{item.op} of {kind}", item)
            offset = k * self._types.size(member) if element else self._types.offset(kind, k)
            align = math.gcd(item.align, offset) if offset else item.align
            place = self._fresh("ptr") if offset else pointer
            step = Instruction(
                "getelementptr", place.text, "ptr", [pointer, Value("i64", str(offset))]
            )
            step.source_type = "i8"
            found.append((place, align, [step] if offset else []))
        return found

    def _load(self, item: Instruction) -> list[Instruction]:
        out: list[Instruction] = []
        parts = self._parts(Value(item.type, item.name))
        for part, (place, align, steps) in zip(parts, self._places(item, item.type), strict=True):
            out += steps
            load = replace(item, name=part.text, type=part.type, operands=[place], align=align)
            out.append(load)
        return out

    def _store(self, item: Instruction) -> list[Instruction]:
        out: list[Instruction] = []
        value = item.operands[0]
        places = self._places(item, value.type)
        for part, (place, align, steps) in zip(self._parts(value), places, strict=True):
            out += [*steps, replace(item, operands=[part, place], align=align)]
        return out

    def _joined(self, item: Instruction) -> list[Instruction]:
        """The bits of several members as one number."""
        whole = f"i{bits_of(item.type)}"
        out: list[Instruction] = []
        total: Value | None = None
        shift = 0
        for part in self._parts(item.operands[0]):
            bits = part
            width = bits_of(part.type)
            if not is_integer(part.type):
                bits = self._fresh(f"i{width}")
                out.append(Instruction("bitcast", bits.text, bits.type, [part]))
            wide = self._fresh(whole)
            out.append(Instruction("zext", wide.text, whole, [bits]))
            moved = self._fresh(whole)
            out.append(Instruction("shl", moved.text, whole, [wide, Value(whole, str(shift))]))
            if total is not None:
                both = self._fresh(whole)
                out.append(Instruction("or", both.text, whole, [total, moved], "disjoint"))
                moved = both
            total = moved
            shift += width
        assert total is not None
        if item.type == whole:
            self._same[item.name] = total
        else:
            out.append(replace(item, operands=[total]))
        return out

    def _parted(self, item: Instruction) -> list[Instruction]:
        """The bits of one value as several members."""
        source = item.operands[0]
        out: list[Instruction] = []
        if self._members(source.type):
            count = sum(bits_of(kind) for kind in self._members(source.type))
            number = self._fresh(f"i{count}")
            out += self._joined(replace(item, name=number.text, type=number.type))
            source = self.resolved(number)
        width = bits_of(source.type)
        if not is_integer(source.type):
            number = self._fresh(f"i{width}")
            out.append(Instruction("bitcast", number.text, number.type, [source]))
            source = number
        shift = 0
        for part in self._parts(Value(item.type, item.name)):
            size = bits_of(part.type)
            moved, low = self._fresh(source.type), self._fresh(f"i{size}")
            by = Value(source.type, str(shift))
            out.append(Instruction("lshr", moved.text, moved.type, [source, by]))
            out.append(Instruction("trunc", low.text, low.type, [moved]))
            if is_integer(part.type):
                self._same[part.text] = low
            else:
                out.append(Instruction("bitcast", part.text, part.type, [low]))
            shift += size
        return out


def _zero(kind: str) -> str:
    if kind == "ptr":
        return "null"
    if is_integer(kind):
        return "0"
    return {"half": "0xH0000", "bfloat": "0xR0000"}.get(kind, "0.000000e+00")
