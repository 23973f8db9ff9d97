"""The text of a widened function, block by block: masks, guards, what happens on edges, and the way
control goes."""

from __future__ import annotations

from msl.widen import blocks, calls, operations
from msl.widen.flow import EXIT, Loop
from msl.widen.groups import Groups
from msl.widen.ir import Block, Declined, Instruction, Value
from msl.widen.layout import Layout, Place
from msl.widen.private import SHARED, Private
from msl.widen.products import Plan
from msl.widen.types import Types, is_scalar, wide
from msl.widen.writer import ALL, MASK, Writer


class Emitter:
    """One variant of one function. `whole`: every lane of the SIMD-group takes part."""

    def __init__(
        self,
        layout: Layout,
        private: Private,
        products: Plan,
        types: Types,
        *,
        whole: bool,
        strict: bool,
    ) -> None:
        self.layout = layout
        self.products = products
        self.flow = layout.divergence.flow
        self.divergence = layout.divergence
        self.private = private
        self.types = types
        self.whole = whole
        self.writer = Writer(layout, private, types, strict)
        self.writer.guards_runs = not whole and calls.asks_for_rows(self.flow.function)
        self.uses = self._uses()
        self.frozen: dict[str, list[Instruction]] = {}  # by header of the loop that freezes
        self.blended: dict[str, list[Instruction]] = {}  # by header of the innermost loop
        self.barrier_ahead = self._barrier_ahead()

    def text(self, header: str, prologue: list[str]) -> str:
        """The function's text; `prologue` defines what `parameters` of `operations` names."""
        self._reserve()
        for name in self.flow.order:
            self._block(self.layout.places[name])
        first = self.flow.function.entry
        lines = [f"{header} {{", "entry:", *prologue, *self.writer.slots]
        return "\n".join([*lines, f"  br label %b{first}", *self.writer.lines, "}"])

    # ---- slots

    def _uses(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for block, item in self.flow.function.instructions():
            for position, operand in enumerate(item.operands):
                if operand.is_local:
                    where = item.blocks[position] if item.op == "phi" else block.name
                    found.setdefault(operand.text, set()).add(where)
        return found

    def _barrier_ahead(self) -> set[str]:
        """The blocks from which a barrier can be reached, and those that hold one."""
        found = {
            block.name
            for block, item in self.flow.function.instructions()
            if item.callee == calls.BARRIER
        }
        pending = list(found)
        while pending:
            for name in self.flow.predecessors[pending.pop()]:
                if name not in found:
                    found.add(name)
                    pending.append(name)
        return found

    def _reserve(self) -> None:
        writer = self.writer
        for block, item in self.flow.function.instructions():
            if item.op == "alloca":
                self._variable(item)
            if not item.name:
                continue
            users = self.uses.get(item.name, set())
            if item.op == "phi" or users - {block.name}:
                if not is_scalar(item.type) and self.divergence.shapes[item.name].is_varying:
                    raise Declined("a struct that differs between lanes", item)
                writer.slot(f"%s{item.name[1:]}", writer.slot_type(item.name, item.type))
            if item.op == "phi" and block.name in self.divergence.joins:
                loop = self.flow.loop_of[block.name]
                self.blended.setdefault(loop.header if loop else "", []).append(item)
            for user in users:
                freezing = self.divergence.frozen_at(item.name, user)
                if freezing:
                    if not is_scalar(item.type):
                        raise Declined("a struct that outlives a loop", item)
                    self.frozen.setdefault(freezing.header, []).append(item)
                    writer.slot(f"%x{item.name[1:]}", wide(item.type))
                    break
        for name, place in self.layout.places.items():
            if place.root == name and not place.whole and name != EXIT:
                for slot in (f"%a.{name}", f"%m.{name}"):
                    writer.slot(slot, MASK)
                    writer.slots.append(f"  store {MASK} zeroinitializer, ptr {slot}")

    def _variable(self, item: Instruction) -> None:
        variable = self.private.of_pointer[item.name]
        align = max(item.align, 1 if variable.layout == SHARED else 64)
        kind = f"[{max(variable.allocated, 1)} x i8]"
        self.writer.slots.append(f"  %w{item.name[1:]} = alloca {kind}, align {align}")

    # ---- blocks

    def _block(self, place: Place) -> None:
        writer, name = self.writer, place.name
        loop = self.flow.loop_of[name]
        header = loop if loop and loop.header == name else None
        writer.label(f"b{name}")
        if name == EXIT:
            writer.put("ret void")
            return
        if name == self.flow.function.entry and not place.whole:
            writer.put(f"store {MASK} %mask, ptr %a.{name}")
        if place.root == name and not place.whole:
            gathered = writer.fresh(f"load {MASK}, ptr %a.{name}")
            writer.put(f"store {MASK} zeroinitializer, ptr %a.{name}")
            writer.put(f"store {MASK} {gathered}, ptr %m.{name}")
        if header:
            self._forget_frozen(header)
        if place.skip_to:
            here = writer.fresh(f"load {MASK}, ptr %m.{place.root}")
            writer.put(f"br i1 {writer.any(here)}, label %b{name}.body, label %b{place.skip_to}")
        elif header:
            writer.put(f"br label %b{name}.body")
        if place.skip_to or header:
            writer.label(f"b{name}.body")
        if header:
            self._forget_blended(header)
        mask = None if place.whole else writer.fresh(f"load {MASK}, ptr %m.{place.root}")
        writer.enter(name, mask)
        block = self.flow.function.blocks[name]
        self._body(block)
        if loop and loop.latch == name:
            self._latch(place, loop)
        else:
            self._end(place, block)

    def _body(self, block: Block) -> None:
        groups = Groups(self.writer, block.body)
        for item in block.body:
            blocks.emit(self.writer, self.products.before.get(id(item), ()))
            if id(item) in self.products.gone:
                continue
            operations.emit(self, groups, item)
            if item.name and self.uses.get(item.name, set()) - {block.name}:
                self._keep(item)
        blocks.emit(self.writer, self.products.before.get(id(block.end), ()))

    def _keep(self, item: Instruction) -> None:
        value = Value(item.type, item.name)
        varying = self.divergence.shapes[item.name].is_varying
        text = self.writer.vector(value) if varying else self.writer.scalar(value)
        kind = self.writer.slot_type(item.name, item.type)
        self.writer.put(f"store {kind} {text}, ptr %s{item.name[1:]}")

    def _forget_frozen(self, loop: Loop) -> None:
        """Values that an earlier run of the outermost divergent loop left are of no use."""
        chain = [item for item in loop.chain if item.header in self.divergence.loops]
        if not chain or chain[-1] is not loop:
            return
        for inner in self.flow.loops:
            if loop in inner.chain:
                for item in self.frozen.get(inner.header, ()):
                    self.writer.put(f"store {wide(item.type)} poison, ptr %x{item.name[1:]}")

    def _forget_blended(self, loop: Loop) -> None:
        """An iteration begins: nothing of the last one is left but what goes by the latch."""
        for name in self.flow.order:
            place = self.layout.places[name]
            own = place.root == name and not place.whole and name != loop.header
            if own and self.flow.loop_of[name] is loop:
                self.writer.put(f"store {MASK} zeroinitializer, ptr %m.{name}")
        for item in self.blended.get(loop.header, ()):
            if self.divergence.shapes[item.name].is_varying:
                self.writer.put(f"store {wide(item.type)} poison, ptr %s{item.name[1:]}")

    # ---- edges

    def _edge(self, source: str, target: str, mask: str | None) -> None:
        """What happens to the lanes of `mask` on their way."""
        writer = self.writer
        stores: list[str] = []
        back = self.flow.is_back(source, target)
        for phi in self.flow.function.blocks[target].phis:
            value = phi.operands[phi.blocks.index(source)]
            slot = f"%s{phi.name[1:]}"
            if self.divergence.shapes[phi.name].is_varying:
                text, kind = writer.vector(value), wide(phi.type)
                if mask is not None and target in self.divergence.joins and not back:
                    old = writer.fresh(f"load {kind}, ptr {slot}")
                    text = writer.select(mask, text, old, phi.type)
            else:
                text, kind = writer.scalar(value), phi.type
            stores.append(f"store {kind} {text}, ptr {slot}")
        stores += self._freeze(source, target, mask)
        for store in stores:
            writer.put(store)
        place = self.layout.places[target]
        if not back and place.root == target and not place.whole and target != EXIT:
            text = ALL if mask is None else mask
            gathers = any(x.header in self.divergence.loops for x in self.flow.left(source, target))
            if gathers or len(self.flow.predecessors[target]) > 1:
                old = writer.fresh(f"load {MASK}, ptr %a.{target}")
                text = writer.fresh(f"or {MASK} {old}, {text}")
            writer.put(f"store {MASK} {text}, ptr %a.{target}")

    def _freeze(self, source: str, target: str, mask: str | None) -> list[str]:
        """Values of a loop that lanes leave one by one stay what they are when a lane leaves."""
        writer = self.writer
        stores: list[str] = []
        for loop in self.flow.left(source, target):
            for item in self.frozen.get(loop.header, ()):
                text, kind = writer.vector(Value(item.type, item.name)), wide(item.type)
                slot = f"%x{item.name[1:]}"
                old = writer.fresh(f"load {kind}, ptr {slot}")
                text = writer.select(mask, text, old, item.type)
                stores.append(f"store {kind} {text}, ptr {slot}")
        return stores

    # ---- ends of blocks

    def _end(self, place: Place, block: Block) -> None:
        writer, name, end = self.writer, place.name, block.end
        if not end.operands:
            target = end.targets[0]
            self._edge(name, target, writer.mask)
            writer.put(f"br label %b{place.next[target]}")
        elif name in self.divergence.divergent:
            self._divergent(place, end)
        else:
            self._uniform(place, end)

    def _divergent(self, place: Place, end: Instruction) -> None:
        writer = self.writer
        masks: dict[str, str] = {}
        condition = writer.vector(end.operands[0])
        if end.op == "br":
            masks[end.targets[0]] = writer.both(writer.mask, condition)
            masks[end.targets[1]] = writer.both(writer.mask, writer.inverted(condition))
        else:
            kind = end.operands[0].type
            rest = writer.full_mask()
            for value, target in zip(end.cases, end.targets[1:], strict=True):
                same = writer.fresh(f"icmp eq {wide(kind)} {condition}, splat ({kind} {value})")
                taken = writer.both(writer.mask, same)
                rest = writer.both(rest, writer.inverted(same))
                if target in masks:
                    taken = writer.fresh(f"or {MASK} {masks[target]}, {taken}")
                masks[target] = taken
            default = end.targets[0]
            if default in masks:
                rest = writer.fresh(f"or {MASK} {masks[default]}, {rest}")
            masks[default] = rest
        for target, mask in masks.items():
            self._edge(place.name, target, mask)
        writer.put(f"br label %b{place.fall}")

    def _uniform(self, place: Place, end: Instruction) -> None:
        writer = self.writer
        condition = writer.scalar(end.operands[0])
        labels = {
            target: writer.new_label(f"e{place.name}") for target in dict.fromkeys(end.targets)
        }
        if end.op == "br":
            yes, no = (labels[target] for target in end.targets)
            writer.put(f"br i1 {condition}, label %{yes}, label %{no}")
        else:
            kind = end.operands[0].type
            table = " ".join(
                f"{kind} {value}, label %{labels[target]}"
                for value, target in zip(end.cases, end.targets[1:], strict=True)
            )
            writer.put(f"switch {kind} {condition}, label %{labels[end.targets[0]]} [ {table} ]")
        known = writer.snapshot()
        for target, label in labels.items():
            writer.label(label)
            writer.restore(known)  # what one way loads, the other cannot use
            self._edge(place.name, target, writer.mask)
            writer.put(f"br label %b{place.next[target]}")

    def _latch(self, place: Place, loop: Loop) -> None:
        writer = self.writer
        if loop.header not in self.divergence.loops:
            self._edge(place.name, loop.header, writer.mask)
            writer.put(f"br label %b{loop.header}.body")
            return
        assert writer.mask is not None
        mask = writer.mask
        again, over = writer.new_label(f"e{place.name}"), writer.new_label(f"e{place.name}")
        writer.put(f"br i1 {writer.any(mask)}, label %{again}, label %{over}")
        writer.label(again)
        self._edge(place.name, loop.header, mask)
        writer.put(f"store {MASK} {mask}, ptr %m.{loop.header}")
        writer.put(f"br label %b{loop.header}.body")
        writer.label(over)
        writer.put(f"br label %b{place.fall}" if place.fall else "unreachable")
