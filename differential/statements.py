"""Random statements: structured control flow in which threads meet only where all of them get."""

from __future__ import annotations

from differential.expressions import Expressions
from differential.scope import KEPT, Place, Scope
from differential.tree import (
    BOOL,
    FLOAT,
    GROUP,
    SIMD,
    THREAD,
    UINT,
    Block,
    Expression,
    Statement,
    Type,
)

_ORDER = "memory_order_relaxed"
#: Slot n of shared counters takes operation n alone, so that the order does not matter.
_ATOMIC = ("add", "sub", "and", "or", "xor", "min", "max", "add")
_BARRIER = "threadgroup_barrier(mem_flags::mem_threadgroup);"
_SIMD_BARRIER = "simdgroup_barrier(mem_flags::mem_threadgroup);"
_DEEPEST = 4


class Statements:
    """Draws the statements of one block."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.program = scope.program
        self.draw = scope.program.draw
        self.expressions = Expressions(scope, scope.flow)

    def block(self, most: int, least: int = 1) -> Block:
        """`least` to `most` statements."""
        found: list[Statement] = []
        for _ in range(self.draw.randint(least, most)):
            if self.program.budget <= 0:
                break
            self.program.budget -= 1
            found.append(self.statement())
            if found[-1].jump:
                break
        return tuple(found)

    def statement(self) -> Statement:
        """One of what may stand here."""
        scope = self.scope
        makers = [self.assign] * 6 + [self.declare] * 2 + [self.array, self.emit]
        if not scope.helper:
            makers += [self.count, self.add_float, self.by_reference]
            makers += [self.pack] * 2 if self.program.packed else []
        if scope.depth < _DEEPEST:
            makers += [self.branch] * 3 + [self.counted, self.counted, self.loop, self.switch]
            if not scope.helper and not scope.owners:
                makers += [self.exchange] * 2 if scope.flow == GROUP else []
                makers += [self.simd_exchange] if scope.flow >= SIMD else []
                makers += [self.counter] if scope.flow == GROUP else []
        if scope.depth > 0:
            makers += [self.leave] * 2
        return self.draw.choice(makers)()

    def level(self) -> int:
        """How far a condition or variable here is to be the same for all."""
        return min(self.scope.flow, self.draw.choice((GROUP, SIMD, THREAD, THREAD)))

    def stored(self, kind: Type, level: int) -> Expression:
        """A value for a variable."""
        depth = self.draw.randint(1, 3)
        return self.expressions.stored(self.expressions.of(kind, level, depth))

    def declare(self) -> Statement:
        """A variable."""
        kind, level = self.program.type(), self.level()
        if self.program.structs and self.draw.random() < 0.2:
            return self.structure()
        value, name = self.stored(kind, level), self.program.name("v")
        self.scope.places.append(Place(name, kind, level, True))
        return Statement(f"{kind} {name} = $0;", (value,), declares=name)

    def structure(self) -> Statement:
        """A struct, or a copy of one."""
        struct, fields = self.draw.choice(self.program.structs)
        name = self.program.name("s")
        values, texts = [], []
        for field, kind, size in fields:
            values.append(self.stored(kind, THREAD))
            hole = f"${len(values) - 1}"
            if size:
                place = Place(f"{name}.{field}[$0 & {size - 1}u]", kind, THREAD, True)
                texts.append(f"for (uint i = 0; i < {size}u; ++i) {name}.{field}[i] = {hole};")
            else:
                place = Place(f"{name}.{field}", kind, THREAD, True)
                texts.append(f"{name}.{field} = {hole};")
            self.scope.places.append(place)
        text = f"{struct} {name};\n" + "\n".join(texts)
        return Statement(text, tuple(values), declares=name)

    def array(self) -> Statement:
        """A private array with a dynamic index."""
        kind, size = self.program.type(), self.draw.choice((2, 4, 8))
        value, name = self.stored(kind, THREAD), self.program.name("a")
        self.scope.places.append(Place(f"{name}[$0 & {size - 1}u]", kind, THREAD, True))
        text = f"{kind} {name}[{size}];\nfor (uint i = 0; i < {size}u; ++i) {name}[i] = $0;"
        return Statement(text, (value,), declares=name)

    def writable(self) -> list[Place]:
        """What may be assigned in this flow, the nearest first."""
        return [p for p in self.scope.reach() if p.writable and p.level <= self.scope.flow]

    def assign(self) -> Statement:
        """To a variable, an element, or a component."""
        places = self.writable()
        if not places:
            return self.declare()
        place = self.draw.choice(places[:14])
        parts: tuple[Expression, ...] = ()
        if place.indexed:
            parts = (self.expressions.of(UINT, THREAD, 2),)
        kind = place.type
        if kind.width > 1 and self.draw.random() < 0.3:
            component = Type(kind.base)
            value = self.stored(component, place.level)
            text = f"{place.text}.{'xyzw'[self.draw.randrange(kind.width)]}"
        else:
            value, text = self.stored(kind, place.level), place.text
        sign = ""
        if kind.base in ("uint", "ulong") and self.draw.random() < 0.4:
            sign = self.draw.choice("+-*^|&")
        if kind == BOOL:
            sign = ""
        return Statement(f"{text} {sign}= ${len(parts)};", (*parts, value))

    def emit(self) -> Statement:
        """Into the thread's part of the result."""
        value = self.expressions.of(self.program.type(), THREAD, 3)
        if self.scope.helper:
            return self.assign()
        return Statement("out[home + 7u] = out[home + 7u] * 31u + digest($0);", (value,))

    def count(self) -> Statement:
        """An atomic on shared counters, or on one of the thread's own with its result."""
        roll = self.draw.randrange(3)
        value = self.expressions.of(UINT, THREAD, 2)
        if roll == 0:
            slot = self.draw.randrange(8)
            text = f"atomic_fetch_{_ATOMIC[slot]}_explicit(&counters[{slot}], $0, {_ORDER});"
            return Statement(text, (value,))
        if roll == 1 and not self.scope.owners:
            half = self.draw.randrange(4)
            index = f"({half}u + 8u * ($1 & 1u))"
            text = f"atomic_fetch_{_ATOMIC[half]}_explicit(&hits[{index}], $0, {_ORDER});"
            return Statement(text, (value, self.expressions.of(UINT, THREAD, 1)))
        name = self.program.name("t")
        self.scope.places.append(Place(name, UINT))
        what = self.draw.choice(("exchange", "fetch_add", "fetch_xor", "fetch_max", "fetch_sub"))
        text = f"uint {name} = atomic_{what}_explicit(&counters[16u + gid], $0, {_ORDER});"
        return Statement(text, (value,), declares=name)

    def add_float(self) -> Statement:
        """A float atomic: multiples of a quarter below 32, so many of which have an exact sum that
        the order does not matter."""
        value = self.expressions.of(FLOAT, THREAD, 2)
        small = Expression(FLOAT, "fold_half($0)", (value,), THREAD, KEPT["half"])
        name, slot = self.draw.choice(("add", "sub")), self.expressions.of(UINT, THREAD, 1)
        text = f"atomic_fetch_{name}_explicit(&sums[$1 & 15u], $0, {_ORDER});"
        return Statement(text, (small, slot))

    def pack(self) -> Statement:
        """A vector into memory that is not aligned for it."""
        kind = self.program.packed
        assert kind is not None
        return Statement("scattered[mine] = $0;", (self.stored(kind, THREAD),))

    def counter(self) -> Statement:
        """What all threads counted, which is the same for all."""
        name = self.program.name("n")
        slot = self.expressions.of(UINT, GROUP, 1)
        self.scope.places.append(Place(name, UINT, GROUP))
        load = f"atomic_load_explicit(&hits[$0 & 15u], {_ORDER})"
        text = f"{_BARRIER}\nuint {name} = {load};\n{_BARRIER}"
        return Statement(text, (slot,), declares=name)

    def by_reference(self) -> Statement:
        """A helper that changes a variable."""
        fits = [
            (helper, place)
            for helper in self.program.functions
            if helper.by_reference
            for place in self.writable()
            if place.type == helper.type and place.level == THREAD and not place.indexed
            if place.text.isalnum()
        ]
        if not fits:
            return self.assign()
        helper, place = self.draw.choice(fits)
        values = tuple(self.stored(kind, THREAD) for kind in helper.parameters)
        holes = ", ".join(f"${number}" for number in range(len(values)))
        return Statement(f"{helper.name}({holes}, {place.text});", values)

    def within(self, flow: int, most: int, **changes: object) -> Block:
        """A block inside this one."""
        return Statements(self.scope.inner(flow, **changes)).block(most)

    def branch(self) -> Statement:
        """if, else, else if."""
        test = self.expressions.condition(self.level(), 2)
        first = self.within(test.level, 4)
        if self.draw.random() < 0.5:
            return Statement("if ($0) @0", (test,), (first,))
        return Statement("if ($0) @0 else @1", (test,), (first, self.within(test.level, 3)))

    def counted(self) -> Statement:
        """A for loop, with a bound that is the same for all or not."""
        level, name = self.level(), self.program.name("i")
        flow = Expressions(self.scope, level)
        bound = flow.of(UINT, level, 2)
        inner = self.scope.inner(level, loop=level, leave=level)
        inner.places.append(Place(name, UINT, level))
        body = Statements(inner).block(4)
        most = self.draw.choice((1, 3, 7))
        forms = [f"for (uint {name} = 0; {name} < ($0 & {most}u); ++{name}) @0"]
        forms += [f"for (uint {name} = $0 & {most}u; {name} > 0u; {name} >>= 1) @0"]
        if level == THREAD and not self.scope.helper and self.scope.depth < 2:
            forms += [f"for (uint {name} = lid; {name} < 40u + ($0 & 15u); {name} += count) @0"]
        return Statement(self.draw.choice(forms), (bound,), (body,))

    def loop(self) -> Statement:
        """while and do, bounded by a counter."""
        level, name = self.level(), self.program.name("w")
        test = Expressions(self.scope, level).condition(level, 2)
        body = self.within(level, 4, loop=level, leave=level)
        most = self.draw.randint(1, 5)
        start, step = f"uint {name} = 0;\n", f"{{\n  ++{name};\n  @0\n}}"
        if self.draw.random() < 0.5:
            return Statement(f"{start}while ({name} < {most}u && $0) {step}", (test,), (body,))
        return Statement(f"{start}do {step} while ({name} < {most}u && $0);", (test,), (body,))

    def switch(self) -> Statement:
        """switch, with and without falling through."""
        level = self.level()
        chosen = self.expressions.of(UINT, level, 2)
        cases = self.draw.randint(1, 4)
        blocks = [self.within(level, 3, leave=level) for _ in range(cases + 1)]
        text = "switch ($0 & 7u) {\n"
        for number in range(cases):
            end = "" if self.draw.random() < 0.3 else " break;"
            value = self.draw.randrange(2) + 2 * number
            text += f"case {value}u: @{number}{end}\n"
        text += f"default: @{cases}\n}}"
        return Statement(text, (chosen,), tuple(blocks))

    def leave(self) -> Statement:
        """break, continue or return, where the flow allows it."""
        texts = []
        if self.scope.leave is not None and self.scope.flow >= self.scope.leave:
            texts.append("break;")
        if self.scope.loop is not None and self.scope.flow >= self.scope.loop:
            texts.append("continue;")
        if self.scope.helper:
            texts.append(self.scope.helper)
        elif self.program.returns and self.draw.random() < 0.3:
            texts.append("return;")
        if not texts:
            return self.assign()
        return Statement(self.draw.choice(texts), jump=True)

    def exchange(self) -> Statement:
        """Every thread writes its element of a tile, between barriers."""
        inner = self.scope.inner(GROUP, owners=True, loop=None, leave=None)
        inner.places.append(Place("tile[lid]", self.tile, THREAD, True))
        first = Statements(inner).stored(self.tile, THREAD)
        body = Statements(inner).block(3)
        flags = self.draw.choice(("mem_threadgroup", "mem_threadgroup | mem_flags::mem_device"))
        again = _BARRIER.replace("mem_threadgroup", flags)
        return Statement(f"{_BARRIER}\ntile[lid] = $0;\n@0\n{again}", (first,), (body,))

    def simd_exchange(self) -> Statement:
        """The same between the lanes of a SIMD-group."""
        inner = self.scope.inner(SIMD, owners=True, loop=None, leave=None)
        inner.places.append(Place("lanes[lid]", self.lanes, THREAD, True))
        first = Statements(inner).stored(self.lanes, THREAD)
        body = Statements(inner).block(2)
        text = f"{_SIMD_BARRIER}\nlanes[lid] = $0;\n@0\n{_SIMD_BARRIER}"
        return Statement(text, (first,), (body,))

    @property
    def tile(self) -> Type:
        """What the tile of the threadgroup holds."""
        return next(p.type for p in self.scope.reach() if p.text.startswith("tile[$0"))

    @property
    def lanes(self) -> Type:
        """What the tile of the SIMD-group holds."""
        return next(p.type for p in self.scope.reach() if p.text.startswith("lanes[("))
