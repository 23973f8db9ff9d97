"""Loads, stores and addresses: neighbouring elements as one vector, elements of structures taken
apart in registers, one element for all lanes as a scalar, everything else by gather and scatter."""

from __future__ import annotations

from msl.widen import runs
from msl.widen.groups import Groups
from msl.widen.ir import WIDTH, Declined, Instruction, Value
from msl.widen.runs import gather, scatter
from msl.widen.types import in_memory, is_scalar, suffix, wide
from msl.widen.writer import MASK, Writer


def emit(writer: Writer, groups: Groups, item: Instruction) -> None:
    """Write a load or a store."""
    if item.volatile or item.atomic:
        raise Declined("an atomic access", item)
    pointer = item.operands[-1]
    kind = item.type if item.op == "load" else item.operands[0].type
    variable = writer.private.interleaved(pointer)
    if variable:
        _interleaved(writer, item, kind, variable.element)
    elif (group := groups.of.get(id(item))) is not None:
        groups.emit(writer, group, item, kind)
    elif item.op == "load":
        _load(writer, item, kind)
    else:
        _store(writer, item, kind)


def _load(writer: Writer, item: Instruction, kind: str) -> None:
    pointer = item.operands[0]
    shape = writer.shape(pointer)
    if shape.is_uniform:
        text = f"load {kind}, ptr {writer.scalar(pointer)}, align {item.align}"
        writer.define(item, writer.fresh(text))
        return
    _require_scalar(item, kind)
    size = writer.types.size(kind)
    memory_kind = in_memory(kind)
    if shape.stride in (size, -size):
        base = _lowest(writer, writer.scalar(pointer), shape.stride)
        mask = writer.mask
        if shape.stride < 0 and mask is not None:
            mask = _reversed(writer, mask, "i1")
        loaded = masked_load(writer, memory_kind, base, min(item.align, size), mask)
        if shape.stride < 0:
            loaded = _reversed(writer, loaded, memory_kind)
    else:
        loaded = _scattered_load(writer, memory_kind, pointer, size, item.align)
    writer.define(item, _narrow(writer, loaded, kind))


def _store(writer: Writer, item: Instruction, kind: str) -> None:
    value, pointer = item.operands
    shape = writer.shape(pointer)
    if shape.is_uniform:
        if writer.shape(value).is_uniform:
            text = writer.scalar(value)
        else:  # lanes write in order: the last one stays
            _require_scalar(item, kind)
            text = writer.extract(writer.vector(value), kind, writer.highest_lane())
        writer.put(f"store {kind} {text}, ptr {writer.scalar(pointer)}, align {item.align}")
        return
    _require_scalar(item, kind)
    memory_kind = in_memory(kind)
    text = _broad(writer, writer.vector(value), kind)
    size = writer.types.size(kind)
    if shape.stride in (size, -size):
        base = _lowest(writer, writer.scalar(pointer), shape.stride)
        mask = writer.mask
        if shape.stride < 0:
            text = _reversed(writer, text, memory_kind)
            mask = mask if mask is None else _reversed(writer, mask, "i1")
        masked_store(writer, memory_kind, text, base, min(item.align, size), mask)
    else:
        _scattered_store(writer, memory_kind, text, pointer, size, item.align)


def _scattered_load(writer: Writer, kind: str, pointer: Value, size: int, align: int) -> str:
    """An element a lane, in runs if there are any."""
    vector, shape = writer.vector(pointer), writer.shape(pointer)
    pitch = runs.pitch(shape) if shape.is_varying else None

    def fast() -> list[str]:
        if pitch == 0:
            return [_repeated(writer, kind, pointer, align)]
        places = runs.bases(writer, pointer)
        return [runs.load(writer, kind, places, WIDTH, min(align, size), writer.mask)]

    def slow() -> list[str]:
        return [gather(writer, kind, vector, align)]

    return (
        runs.guarded(writer, shape, fast, slow, wide(kind))[0] if pitch in (0, size) else slow()[0]
    )


def _scattered_store(
    writer: Writer, kind: str, text: str, pointer: Value, size: int, align: int
) -> None:
    vector, shape = writer.vector(pointer), writer.shape(pointer)

    def fast() -> list[str]:
        places = runs.bases(writer, pointer)
        runs.store(writer, kind, text, places, WIDTH, min(align, size), writer.mask)
        return []

    def slow() -> list[str]:
        scatter(writer, kind, text, vector, align)
        return []

    if shape.is_varying and runs.pitch(shape) == size:
        runs.guarded(writer, shape, fast, slow, "")
    else:
        slow()


def _repeated(writer: Writer, kind: str, pointer: Value, align: int) -> str:
    """One element for each run of lanes; where none of them is here, whatever lies in a slot."""
    run = writer.shape(pointer).run
    parts = []
    for number, place in enumerate(runs.bases(writer, pointer)):
        if writer.mask is not None:
            here = runs.part(writer, writer.mask, "i1", WIDTH, number * run, run)
            bits = writer.fresh(f"bitcast <{run} x i1> {here} to i{run}")
            any_lane = writer.fresh(f"icmp ne i{run} {bits}, 0")
            nowhere = runs.spare(writer)
            place = writer.fresh(f"select i1 {any_lane}, ptr {place}, ptr {nowhere}")
        value = writer.fresh(f"load {kind}, ptr {place}, align {align}")
        one = writer.fresh(f"insertelement <{run} x {kind}> poison, {kind} {value}, i64 0")
        parts.append(
            writer.fresh(
                f"shufflevector <{run} x {kind}> {one}, <{run} x {kind}> poison,"
                f" <{run} x i32> zeroinitializer"
            )
        )
    return runs.joined(writer, kind, parts, run)


def _require_scalar(item: Instruction, kind: str) -> None:
    if not is_scalar(kind):
        raise Declined(f"{item.op} of {kind} at addresses that differ between lanes", item)


def _narrow(writer: Writer, text: str, kind: str) -> str:
    return writer.fresh(f"trunc {wide('i8')} {text} to {MASK}") if kind == "i1" else text


def _broad(writer: Writer, text: str, kind: str) -> str:
    return writer.fresh(f"zext {MASK} {text} to {wide('i8')}") if kind == "i1" else text


def _lowest(writer: Writer, base: str, stride: int) -> str:
    """The lowest address that any lane may use."""
    if stride > 0:
        return base
    return writer.fresh(f"getelementptr i8, ptr {base}, i64 {stride * (WIDTH - 1)}")


def _reversed(writer: Writer, text: str, kind: str) -> str:
    order = writer.list("i32", list(range(WIDTH - 1, -1, -1)))
    return writer.fresh(
        f"shufflevector {wide(kind)} {text}, {wide(kind)} poison, {wide('i32')} {order}"
    )


def masked_load(writer: Writer, kind: str, base: str, align: int, mask: str | None) -> str:
    """Neighbouring elements, one a lane."""
    if mask is None:
        return writer.fresh(f"load {wide(kind)}, ptr {base}, align {align}")
    return writer.fresh(
        f"call {wide(kind)} @llvm.masked.load.v{WIDTH}{suffix(kind)}.p0(ptr align {align} {base},"
        f" {MASK} {mask}, {wide(kind)} poison)"
    )


def masked_store(
    writer: Writer, kind: str, text: str, base: str, align: int, mask: str | None
) -> None:
    """Neighbouring elements, one a lane."""
    if mask is None:
        writer.put(f"store {wide(kind)} {text}, ptr {base}, align {align}")
        return
    writer.put(
        f"call void @llvm.masked.store.v{WIDTH}{suffix(kind)}.p0({wide(kind)} {text},"
        f" ptr align {align} {base}, {MASK} {mask})"
    )


def varying_address(writer: Writer, item: Instruction, flags: str) -> str:
    """An address computation with operands that differ between lanes."""
    pointer, *indices = item.operands
    parts = []
    if writer.shape(pointer).is_uniform:
        parts.append(f"ptr {writer.scalar(pointer)}")
    else:
        parts.append(f"{wide('ptr')} {writer.vector(pointer)}")
    for index in indices:
        if not index.is_local:
            parts.append(f"{index.type} {index.text}")
        else:
            parts.append(f"{wide(index.type)} {writer.vector(index)}")
    return writer.fresh(f"getelementptr {flags}{item.source_type}, {', '.join(parts)}")


def interleaved_address(writer: Writer, item: Instruction) -> None:
    """An address in interleaved memory: all offsets are 32 times as large."""
    pointer, *indices = item.operands
    kind, types = item.source_type, writer.types
    constant = 0
    terms: list[tuple[Value, int]] = []
    for position, index in enumerate(indices):
        if position == 0:
            size = types.size(kind)
        elif types.named.get(kind, kind).startswith(("{", "<{")):
            constant += types.offset(kind, index.integer or 0)
            kind = types.members(kind)[index.integer or 0]
            continue
        else:
            kind = types.element(kind) or kind
            size = types.size(kind)
        if index.integer is not None:
            constant += size * index.integer
        else:
            terms.append((index, size))
    varying = writer.divergence.shapes[item.name].is_varying
    if varying:
        text = writer.vector(pointer)
        holder, steps = wide("ptr"), wide("i64")
    else:
        text = writer.scalar(pointer)
        holder, steps = "ptr", "i64"
    for index, size in terms:
        if varying:
            value, index_kind = writer.vector(index), wide(index.type)
        else:
            value, index_kind = writer.scalar(index), index.type
        if index.type != "i64":
            value = writer.fresh(f"sext {index_kind} {value} to {steps}")
        factor = f"splat (i64 {WIDTH * size})" if varying else str(WIDTH * size)
        step = writer.fresh(f"mul {steps} {value}, {factor}")
        text = writer.fresh(f"getelementptr i8, {holder} {text}, {steps} {step}")
    if constant or not terms:
        text = writer.fresh(f"getelementptr i8, {holder} {text}, i64 {WIDTH * constant}")
    writer.define(item, text)


def _interleaved(writer: Writer, item: Instruction, kind: str, element: int) -> None:
    """A lane's own element: private memory is there whether or not the lane is."""
    pointer = item.operands[-1]
    memory_kind = in_memory(kind)
    shape = writer.shape(pointer)
    if not shape.is_uniform:
        own = writer.fresh(
            f"getelementptr i8, {wide('ptr')} {writer.vector(pointer)},"
            f" {wide('i64')} {writer.steps('i64', element)}"
        )
        if item.op == "load":
            loaded = gather(writer, memory_kind, own, element)
            writer.define(item, _narrow(writer, loaded, kind))
        else:
            text = _broad(writer, writer.vector(item.operands[0]), kind)
            scatter(writer, memory_kind, text, own, element)
        return
    align = min(64, WIDTH * element)
    base = writer.scalar(pointer)
    if item.op == "load":
        loaded = writer.fresh(f"load {wide(memory_kind)}, ptr {base}, align {align}")
        writer.define(item, _narrow(writer, loaded, kind))
        return
    text = _broad(writer, writer.vector(item.operands[0]), kind)
    if writer.mask is not None:
        old = writer.fresh(f"load {wide(memory_kind)}, ptr {base}, align {align}")
        text = writer.select(writer.mask, text, old, memory_kind)
    writer.put(f"store {wide(memory_kind)} {text}, ptr {base}, align {align}")
