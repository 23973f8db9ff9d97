"""Instructions that compute: each as a scalar if all lanes agree or differ by a stride, else as a
vector. Memory and calls have modules of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msl.widen import atomics, calls, memory
from msl.widen.groups import Groups
from msl.widen.ir import Declined, Instruction
from msl.widen.parse import BINARY, CASTS
from msl.widen.types import bits_of, is_scalar, wide
from msl.widen.writer import MASK, Writer

if TYPE_CHECKING:
    from msl.widen.emit import Emitter

_DIVISIONS = frozenset(("udiv", "sdiv", "urem", "srem"))
#: What says that a result is poison otherwise: not known of the base if lane 0 is not here.
_PROMISES = re.compile(r"\b(?:nuw|nsw|nusw|exact|disjoint|nneg|samesign|inbounds)\b ?")


def emit(emitter: Emitter, groups: Groups, item: Instruction) -> None:
    """Write one instruction that is neither phi nor terminator."""
    writer = emitter.writer
    try:
        if item.op == "alloca":
            _alloca(writer, item)
        elif item.op == "call":
            calls.emit(emitter, item)
        elif item.volatile or item.atomic or item.op in ("atomicrmw", "cmpxchg", "fence"):
            atomics.emit(writer, item, item.name in emitter.uses)
        elif item.op in ("load", "store"):
            memory.emit(writer, groups, item)
        elif item.op == "getelementptr" and writer.private.interleaved(item.operands[0]):
            memory.interleaved_address(writer, item)
        elif item.op in ("extractvalue", "insertvalue"):
            _member(writer, item)
        elif writer.divergence.shapes[item.name].is_varying:
            writer.define(item, _vector(writer, item))
        else:
            writer.define(item, _scalar(writer, item))
    except Declined as problem:
        if not problem.location:
            problem.location = item.location
        raise


def _alloca(writer: Writer, item: Instruction) -> None:
    variable = writer.private.of_pointer[item.name]
    writer.define(item, "%w" + item.name[1:])
    assert variable.item is item


def _member(writer: Writer, item: Instruction) -> None:
    if not writer.divergence.shapes[item.name].is_varying:
        writer.define(item, _scalar(writer, item))
        return
    pair = writer.pairs.get(item.operands[0].text)
    if pair is None or len(item.indices) != 1:
        raise Declined("a struct that differs between lanes", item)
    if item.op == "extractvalue":
        writer.define(item, pair[item.indices[0]])
    else:
        members = list(pair)
        members[item.indices[0]] = writer.vector(item.operands[1])
        writer.pairs[item.name] = tuple(members)


def _scalar(writer: Writer, item: Instruction) -> str:
    """The instruction on bases."""
    linear = any(not writer.shape(operand).is_uniform for operand in item.operands)
    flags = _PROMISES.sub("", item.flags) if linear else item.flags
    flags = f"{flags} " if flags else ""
    values = [writer.scalar(operand) for operand in item.operands]
    if item.op in ("zext", "sext"):
        return _extension(writer, item, values[0], linear)
    typed = [f"{o.type} {v}" for o, v in zip(item.operands, values, strict=True)]
    if item.op in CASTS:
        text = f"{item.op} {flags}{typed[0]} to {item.type}"
    elif item.op in ("icmp", "fcmp"):
        text = f"{item.op} {flags}{item.predicate} {typed[0]}, {values[1]}"
    elif item.op in BINARY:
        op = "add" if linear and item.op == "or" and "disjoint" in item.flags else item.op
        text = f"{op} {flags}{typed[0]}, {values[1]}"
    elif item.op == "getelementptr":
        text = f"getelementptr {flags}{item.source_type}, {', '.join(typed)}"
    elif item.op in ("extractvalue", "insertvalue"):
        text = f"{item.op} {', '.join(typed)}, {', '.join(map(str, item.indices))}"
    else:  # select, fneg, freeze, and operations on short vectors
        text = f"{item.op} {flags}{', '.join(typed)}"
    return writer.fresh(text)


def _extension(writer: Writer, item: Instruction, base: str, linear: bool) -> str:
    """A linear value that may wrap within the SIMD-group is taken for one that starts below zero:
    only lanes on one side of the wrap can be meant by an address."""
    source = item.operands[0].type
    if not linear or item.op == "sext":
        flags = "" if linear or not item.flags else f"{item.flags} "
        return writer.fresh(f"{item.op} {flags}{source} {base} to {item.type}")
    shape = writer.shape(item.operands[0])
    if shape.stays_aligned:
        return writer.fresh(f"zext {source} {base} to {item.type}")
    if "nneg" in item.flags:
        return writer.fresh(f"sext {source} {base} to {item.type}")
    assert shape.stride is not None
    plain = writer.fresh(f"zext {source} {base} to {item.type}")
    bits = bits_of(source)
    limit = (1 << bits) - 1 - 31 * max(shape.stride, 0)
    wraps = writer.fresh(f"icmp ugt {item.type} {plain}, {limit}")
    below = writer.fresh(f"sub {item.type} {plain}, {1 << bits}")
    return writer.fresh(f"select i1 {wraps}, {item.type} {below}, {item.type} {plain}")


def _vector(writer: Writer, item: Instruction) -> str:
    """The instruction on vectors."""
    if not all(is_scalar(operand.type) for operand in item.operands) or not is_scalar(item.type):
        raise Declined(f"{item.op} of {item.operands[0].type} that differs between lanes", item)
    in_runs = writer.divergence.shapes[item.name].run > 1  # of lanes that are not here, too
    flags = _PROMISES.sub("", item.flags) if in_runs else item.flags
    flags = f"{flags} " if flags else ""
    if item.op in _DIVISIONS:
        return _division(writer, item)
    if item.op == "select":
        return _select(writer, item, flags)
    values = [writer.vector(operand) for operand in item.operands]
    typed = [f"{wide(o.type)} {v}" for o, v in zip(item.operands, values, strict=True)]
    if item.op in CASTS:
        return writer.fresh(f"{item.op} {flags}{typed[0]} to {wide(item.type)}")
    if item.op in ("icmp", "fcmp"):
        return writer.fresh(f"{item.op} {flags}{item.predicate} {typed[0]}, {values[1]}")
    if item.op in BINARY:
        op = "add" if in_runs and "disjoint" in item.flags else item.op
        return writer.fresh(f"{op} {flags}{typed[0]}, {values[1]}")
    if item.op in ("fneg", "freeze"):
        return writer.fresh(f"{item.op} {flags}{typed[0]}")
    if item.op == "getelementptr":
        return memory.varying_address(writer, item, flags)
    raise Declined(f"the instruction `{item.op}`", item)


def _select(writer: Writer, item: Instruction, flags: str) -> str:
    condition, yes, no = item.operands
    if writer.shape(condition).is_uniform:
        test = f"i1 {writer.scalar(condition)}"
    else:
        test = f"{MASK} {writer.vector(condition)}"
    kind = wide(item.type)
    return writer.fresh(
        f"select {flags}{test}, {kind} {writer.vector(yes)}, {kind} {writer.vector(no)}"
    )


def _division(writer: Writer, item: Instruction) -> str:
    """Processors divide no vectors of integers; a double holds every 32-bit quotient exactly."""
    left, right = (writer.vector(operand) for operand in item.operands)
    kind, bits = wide(item.type), bits_of(item.type)
    number = item.operands[1].integer
    if number:
        return writer.fresh(
            f"{item.op} {item.flags + ' ' if item.flags else ''}{kind} {left}, {right}"
        )
    if bits > 32:
        safe = writer.select(writer.mask, right, f"splat ({item.type} 1)", item.type)
        return writer.fresh(f"{item.op} {kind} {left}, {safe}")
    signed = item.op[0] == "s"
    to, back = ("sitofp", "fptosi") if signed else ("uitofp", "fptoui")
    doubles = wide("double")
    a = writer.fresh(f"{to} {kind} {left} to {doubles}")
    b = writer.fresh(f"{to} {kind} {right} to {doubles}")
    ratio = writer.fresh(f"fdiv {doubles} {a}, {b}")
    quotient = writer.fresh(f"{back} {doubles} {ratio} to {kind}")
    if item.op in ("udiv", "sdiv"):
        return quotient
    product = writer.fresh(f"mul {kind} {quotient}, {right}")
    return writer.fresh(f"sub {kind} {left}, {product}")
