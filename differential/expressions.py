"""Random expressions without undefined behaviour and without rounding."""

from __future__ import annotations

from dataclasses import dataclass

from differential.scope import EXACT, KEPT, Place, Scope
from differential.tree import (
    BOOL,
    FLOAT,
    FLOATS,
    GROUP,
    INTEGERS,
    SIGNED,
    SIMD,
    THREAD,
    UINT,
    UNSIGNED,
    Expression,
    Type,
    literal,
)

_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_INTERESTING = (0, 1, 2, 3, 5, 7, 31, 100, 127)
_SWIZZLE = "xyzw"
#: No SIMD-group function takes 64-bit integers.
_LANE_TYPES = ("char", "uchar", "short", "ushort", "int", "uint", "float", "half")


@dataclass
class Expressions:
    """Draws expressions for one place of a kernel; `flow` is how far all threads get there."""

    scope: Scope
    flow: int

    def __post_init__(self) -> None:
        self.program = self.scope.program
        self.draw = self.program.draw

    def at(self, flow: int) -> Expressions:
        """The same place behind a condition."""
        return Expressions(self.scope, min(flow, self.flow))

    def of(self, kind: Type, level: int = THREAD, depth: int = 3) -> Expression:
        """An expression of a type, the same for all threads of `level`."""
        if kind == BOOL:
            return self.condition(level, depth)
        if depth <= 0 or self.draw.random() < 0.15:
            return self.leaf(kind, level)
        makers = [self.operation, self.operation, self.operation, self.choice, self.cast]
        makers += [self.call, self.leaf_of, self.vector]
        if self.flow >= level and level <= SIMD and kind.base in _LANE_TYPES:
            makers += [self.collective] * 2
        return self.draw.choice(makers)(kind, level, depth)

    def leaf_of(self, kind: Type, level: int, depth: int) -> Expression:
        """A leaf."""
        return self.leaf(kind, level, depth)

    def leaf(self, kind: Type, level: int, depth: int = 0) -> Expression:
        """A literal or something that is stored."""
        fits = [p for p in self.scope.reach() if p.level >= level and p.type.base == kind.base]
        same = [p for p in fits if p.type == kind]
        parts = [p for p in fits if p.type.width > kind.width]
        roll = self.draw.random()
        if same and roll < 0.75:
            return self.read(self.draw.choice(same[:12]), level, depth)
        if parts and roll < 0.9:
            place = self.draw.choice(parts[:8])
            picks = self.draw.sample(_SWIZZLE[: place.type.width], kind.width)
            found = self.read(place, level, depth)
            return Expression(kind, f"$0.{''.join(picks)}", (found,), found.level, found.bits)
        if kind.width > 1 and roll < 0.8:
            return self.vector(kind, level, depth)
        if roll < 0.93:
            return self.converted(kind, level, depth)
        value = self.draw.choice(_INTERESTING)
        return literal(kind, value % 16 if kind.is_float else value)

    def converted(self, kind: Type, level: int, depth: int) -> Expression:
        """A stored integer as another type, so that few expressions are constant."""
        fits = [
            p
            for p in self.scope.reach()
            if p.level >= level and p.type.width == 1 and p.type.base in INTEGERS
        ]
        if not fits:
            return literal(kind, 2)
        value = self.read(self.draw.choice(fits[:16]), level, depth)
        if not kind.is_float:
            return self.made(kind, f"{kind}($0)", (value,))
        return self.made(kind, f"{kind}($0 & {value.type}(15))", (value,), (4, 0))

    def read(self, place: Place, level: int, depth: int) -> Expression:
        """What a place holds."""
        if not place.indexed:
            return Expression(place.type, place.text, (), place.level, place.bits)
        index = self.of(UINT, level, min(depth - 1, 2))
        return Expression(place.type, place.text, (index,), level, place.bits)

    def vector(self, kind: Type, level: int, depth: int) -> Expression:
        """A vector out of parts; a scalar out of a wider one."""
        if kind.width == 1:
            return self.leaf(kind, level, depth)
        cut = self.draw.randrange(1, kind.width + 1)
        widths = (cut, kind.width - cut) if cut < kind.width else (1,)
        parts = tuple(self.of(Type(kind.base, w), level, depth - 1) for w in widths)
        holes = ", ".join(f"${number}" for number in range(len(parts)))
        return self.made(kind, f"{kind}({holes})", parts)

    def made(
        self, kind: Type, text: str, parts: tuple[Expression, ...], bits: tuple[int, int] = (0, 0)
    ) -> Expression:
        """An expression out of parts: as far the same for all as the least of them."""
        if kind.is_float and bits == (0, 0):
            bits = (max(p.bits[0] for p in parts), max(p.bits[1] for p in parts))
        return Expression(kind, text, parts, min((p.level for p in parts), default=GROUP), bits)

    def folded(self, value: Expression, whole: bool = False) -> Expression:
        """A float that is small enough to be multiplied or stored; `whole`: without a fraction."""
        base = value.type.base
        high, low = KEPT[base]
        if value.bits[0] > high or value.bits[1] > low:
            value = self.made(value.type, f"fold_{base}($0)", (value,), (high, low))
        if whole and value.bits[1]:
            value = self.made(value.type, "floor($0)", (value,), (high, 0))
        return value

    def operation(self, kind: Type, level: int, depth: int) -> Expression:
        """An operator or a function of the same type."""
        if kind.is_float:
            return self.float_operation(kind, level, depth)
        a, b = (self.of(kind, level, depth - 1) for _ in range(2))
        return self.draw.choice((self.arithmetic, self.bits, self.function))(kind, a, b)

    def arithmetic(self, kind: Type, a: Expression, b: Expression) -> Expression:
        """Wraps, in unsigned words that are at least 32 bits wide; or is too small to."""
        sign = self.draw.choice("+-*")
        if kind.base in ("int", "long") and self.draw.random() < 0.4:
            return self.made(kind, f"(($0 & {kind}(32767)) {sign} ($1 & {kind}(255)))", (a, b))
        wide = SIGNED.get(kind.base, kind.base) if kind.bytes >= 4 else "uint"
        if kind.base in ("char", "short") and self.draw.random() < 0.4:
            wide = "int"
        word = kind.of(wide)
        if kind.base == wide:
            return self.made(kind, f"($0 {sign} $1)", (a, b))
        return self.made(kind, f"{kind}({word}($0) {sign} {word}($1))", (a, b))

    def bits(self, kind: Type, a: Expression, b: Expression) -> Expression:
        """Bitwise operators, shifts and division, of operands for which they are defined."""
        last = kind.bytes * 8 - 1
        unsigned = kind.of(SIGNED.get(kind.base, kind.base))
        texts = [f"{kind}($0 & $1)", f"{kind}($0 | $1)", f"{kind}($0 ^ $1)", f"{kind}(~$0)"]
        texts += [f"{kind}({unsigned}($0) << ({unsigned}($1) & {unsigned}({last})))"]
        texts += [f"{kind}($0 >> ($1 & {kind}({last})))"]
        texts += [f"{kind}($0 {sign} (($1 & {kind}(63)) | {kind}(1)))" for sign in "/%"]
        return self.made(kind, self.draw.choice(texts), (a, b))

    def function(self, kind: Type, a: Expression, b: Expression) -> Expression:
        """Integer functions of the library."""
        texts = ["min($0, $1)", "max($0, $1)", "popcount($0)", "clz($0)", "ctz($0)"]
        texts += ["addsat($0, $1)", "subsat($0, $1)", "hadd($0, $1)", "rhadd($0, $1)"]
        texts += ["reverse_bits($0)", "rotate($0, $1)", "min3($0, $1, $0)", "mulhi($0, $1)"]
        texts += ["clamp($0, min($0, $1), max($0, $1))", "median3($0, $1, $0)"]
        if kind.base in UNSIGNED:
            texts += ["absdiff($0, $1)"]
            if kind.base == "uint":
                texts += ["extract_bits($0, 3u, 9u)", "insert_bits($0, $1, 5u, 7u)"]
        text = self.draw.choice(texts)
        return self.made(kind, f"{kind}({text})", (a, b))

    def float_operation(self, kind: Type, level: int, depth: int) -> Expression:
        """Arithmetic whose result has few enough bits to be exact."""
        a, b = (self.of(kind, level, depth - 1) for _ in range(2))
        roll = self.draw.randrange(6)
        most = EXACT[kind.base]
        if roll == 0:
            whole = kind.base != "float"
            a, b = self.folded(a, whole), self.folded(b, whole)
            bits = a.bits[0] + b.bits[0], a.bits[1] + b.bits[1]
            if sum(bits) < most and self.draw.random() < 0.5:
                return self.made(kind, "fma($0, $1, $1)", (a, b), (bits[0] + 1, bits[1]))
            return self.made(kind, "($0 * $1)", (a, b), bits)
        if roll == 1:
            name = self.draw.choice(("floor", "ceil", "trunc", "rint", "round"))
            a = self.folded(a)
            return self.made(kind, f"{name}($0)", (a,), (a.bits[0] + 1, 0))
        if roll == 2:
            text = self.draw.choice(("min($0, $1)", "max($0, $1)", "fmin($0, $1)", "fmax($0, $1)"))
            return self.made(kind, text, (a, b))
        if roll == 3:
            return self.made(kind, self.draw.choice(("fabs($0)", "(-$0)", "abs($0)")), (a,))
        if max(x.bits[0] for x in (a, b)) + 1 + max(x.bits[1] for x in (a, b)) > most:
            a, b = self.folded(a), self.folded(b)
        text = f"($0 {self.draw.choice('+-')} $1)"
        bits = max(a.bits[0], b.bits[0]) + 1, max(a.bits[1], b.bits[1])
        return self.made(kind, text, (a, b), bits)

    def choice(self, kind: Type, level: int, depth: int) -> Expression:
        """`?:` by a scalar, `select` by a vector."""
        if kind.width > 1 and self.draw.random() < 0.5:
            a, b = (self.of(kind, level, depth - 1) for _ in range(2))
            c, d = (self.of(kind, level, depth - 2) for _ in range(2))
            text = f"select($0, $1, $2 {self.draw.choice(_COMPARISONS)} $3)"
            bits = max(a.bits[0], b.bits[0]), max(a.bits[1], b.bits[1])
            return self.made(kind, text, (a, b, c, d), bits)
        test = self.condition(level, depth - 1)
        behind = self.at(test.level)
        a, b = (behind.of(kind, level, depth - 1) for _ in range(2))
        text = self.draw.choice(("($0 ? $1 : $2)", "select($2, $1, $0)"))
        bits = max(a.bits[0], b.bits[0]), max(a.bits[1], b.bits[1])
        return self.made(kind, text, (test, a, b), bits)

    def cast(self, kind: Type, level: int, depth: int) -> Expression:
        """From another type: a conversion, or the same bits."""
        if kind.is_float:
            near = ("half", "bfloat") if kind.base == "float" else ("float",)
            base = self.draw.choice((*INTEGERS, *near))
            a = self.of(kind.of(base), level, depth - 1)
            if a.type.is_float:
                a = self.folded(a)
                if kind.base != "float":
                    kept = KEPT[kind.base]
                    a = self.made(a.type, f"fold_{kind.base}($0)", (a,), kept)
                return self.made(kind, f"{kind}($0)", (a,), a.bits)
            mask = {"float": 127, "half": 15, "bfloat": 7}[kind.base]
            return self.made(kind, f"{kind}($0 & {a.type}({mask}))", (a,), KEPT[kind.base])
        if self.draw.random() < 0.25:
            a = self.of(kind.of(self.draw.choice(FLOATS)), level, depth - 1)
            through = kind.of("int")  # a negative number has no unsigned conversion
            return self.made(kind, f"{kind}({through}($0))", (a,))
        if self.draw.random() < 0.25:
            return self.same_bits(kind, level, depth)
        a = self.of(kind.of(self.draw.choice((*INTEGERS, "uint", "bool"))), level, depth - 1)
        return self.made(kind, f"{kind}($0)", (a,))

    def same_bits(self, kind: Type, level: int, depth: int) -> Expression:
        """`as_type`, of values whose sign of zero is settled."""
        twin = {"int": "uint", "uint": "int", "short": "ushort", "ushort": "short"}
        if kind == UINT and self.draw.random() < 0.6:
            if self.draw.random() < 0.5:
                a = self.of(FLOAT, level, depth - 1)
                return self.made(kind, "as_type<uint>(fabs($0))", (a,))
            a = self.of(Type("ushort", 2), level, depth - 1)
            return self.made(kind, "as_type<uint>($0)", (a,))
        if kind == Type("ulong"):
            a = self.of(Type("uint", 2), level, depth - 1)
            return self.made(kind, "as_type<ulong>($0)", (a,))
        if kind == Type("uchar", 4):
            return self.made(kind, "as_type<uchar4>($0)", (self.of(UINT, level, depth - 1),))
        if kind.base not in twin:
            return self.leaf(kind, level)
        a = self.of(kind.of(twin[kind.base]), level, depth - 1)
        return self.made(kind, f"as_type<{kind}>($0)", (a,))

    def call(self, kind: Type, level: int, depth: int) -> Expression:
        """A helper of the kernel that returns this type."""
        fits = [f for f in self.program.functions if f.type == kind and not f.by_reference]
        if self.scope.helper or level > THREAD:
            fits = []
        if not fits:
            return self.operation(kind, level, depth)
        helper = self.draw.choice(fits)
        parts = tuple(self.stored(self.of(p, level, 1)) for p in helper.parameters)
        holes = ", ".join(f"${number}" for number in range(len(parts)))
        text = f"{helper.name}({holes})"
        return Expression(kind, text, parts, THREAD, KEPT.get(kind.base, (0, 0)))

    def stored(self, value: Expression) -> Expression:
        """What may be kept in a variable."""
        return self.folded(value) if value.type.is_float else value

    def condition(self, level: int, depth: int) -> Expression:
        """A comparison, a vote, or conditions joined."""
        roll = self.draw.random()
        if depth > 1 and roll < 0.25:
            a = self.condition(level, depth - 1)
            b = self.at(a.level).condition(level, depth - 1)
            text = self.draw.choice(("($0 && $1)", "($0 || $1)", "($0 && !$1)"))
            return self.made(BOOL, text, (a, b))
        if depth > 0 and roll < 0.4 and level <= SIMD and self.flow >= level:
            name = self.draw.choice(("simd_all", "simd_any"))
            inner = self.condition(THREAD, depth - 1)
            return Expression(BOOL, f"{name}($0)", (inner,), min(self.flow, SIMD))
        held = [p for p in self.scope.reach() if p.type == BOOL and p.level >= level]
        if held and roll < 0.5:
            return self.read(self.draw.choice(held), level, depth)
        if roll < 0.6:
            width = self.draw.choice((2, 3, 4))
            kind = Type(self.draw.choice((*INTEGERS, "float")), width)
            a, b = (self.of(kind, level, depth - 1) for _ in range(2))
            text = f"{self.draw.choice(('any', 'all'))}($0 {self.draw.choice(_COMPARISONS)} $1)"
            return self.made(BOOL, text, (a, b))
        kind = Type(self.draw.choice((*INTEGERS, "uint", "uint", *FLOATS)))
        a, b = (self.of(kind, level, depth - 1) for _ in range(2))
        return self.made(BOOL, f"($0 {self.draw.choice(_COMPARISONS)} $1)", (a, b))

    def collective(self, kind: Type, level: int, depth: int) -> Expression:
        """A function of the SIMD-group or of the quad."""
        from_any = THREAD
        a = self.of(kind, from_any, depth - 1)
        same = min(self.flow, SIMD)
        if kind.is_float:
            a = self.folded(a, whole=kind.base != "float")
        sums = (a.bits[0] + 5, a.bits[1])
        if level == SIMD:
            if kind == UINT and self.draw.random() < 0.4:
                vote = self.condition(THREAD, depth - 1)
                text = "uint(simd_vote::vote_t(simd_ballot($0)))"
                return Expression(kind, text, (vote,), same)
            return self.reduction(kind, a, sums, same)
        roll = self.draw.randrange(4)
        if roll == 0:
            return self.reduction(kind, a, sums, same)
        if roll == 1 and kind.base not in SIGNED:
            name = self.draw.choice(("inclusive_sum", "exclusive_sum"))
            where = self.draw.choice(("simd", "simd", "quad"))
            return Expression(kind, f"{where}_prefix_{name}($0)", (a,), THREAD, sums)
        if roll == 2 and self.program.full and self.flow >= SIMD and not self.scope.helper:
            return self.exchange(kind, a)
        index = self.of(UINT, THREAD, depth - 2)
        name = self.draw.choice(("shuffled", "quad_shuffled"))
        return Expression(kind, f"{name}($0, $1)", (a, index), THREAD, a.bits)

    def exchange(self, kind: Type, a: Expression) -> Expression:
        """Shuffles that need every lane."""
        by = self.draw.choice((1, 2, 4, 8, 16, 5, 31))
        texts = [f"simd_shuffle_{n}($0, {by})" for n in ("xor", "up", "down")]
        texts += [f"simd_shuffle_rotate_{n}($0, {by})" for n in ("up", "down")]
        texts += [f"quad_shuffle_{n}($0, {by % 4})" for n in ("xor", "up", "down")]
        texts += [f"quad_shuffle_rotate_{n}($0, {by % 4})" for n in ("up", "down")]
        texts += [f"simd_shuffle_and_fill_{n}($0, $1, {by})" for n in ("up", "down")]
        texts += [f"simd_shuffle(($0), ushort({by}u ^ lane))", f"simd_broadcast($0, {by})"]
        b = literal(kind, 3)
        bits = max(a.bits[0], b.bits[0]), a.bits[1]
        return Expression(kind, self.draw.choice(texts), (a, b), THREAD, bits)

    def reduction(self, kind: Type, a: Expression, sums: tuple[int, int], same: int) -> Expression:
        """Over the active lanes: the same for all that get here."""
        names = ["max", "min"]
        names += [] if kind.base in SIGNED else ["sum"]
        names += [] if kind.is_float else ["and", "or", "xor"]
        names += ["product"] if kind.base in UNSIGNED else []
        name = self.draw.choice(names)
        if self.draw.random() < 0.2:
            return Expression(kind, "simd_broadcast_first($0)", (a,), same, a.bits)
        where = self.draw.choice(("simd", "simd", "simd", "quad")) if same == THREAD else "simd"
        return Expression(kind, f"{where}_{name}($0)", (a,), same, sums)
