"""Generated kernels of simdgroup_matrix: loads of every form from both memories, fills, copies,
chains of products over arrays, mixed types, branches and loops that a SIMD-group takes as one."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from differential.kernels import Generated
from differential.kernels import generate as plain
from differential.tree import Block, Statement

#: Seeds from here on are kernels of this module, odd ones with `thread_elements()`.
FIRST = 10_000_000
_TILE, _REALS, _OWN = 512, 256, 320  # elements that may be loaded from
_STRIDES = (8, 8, 9, 12, 16, 20, 24, 32)
_FACTORS = ("f0", "f1", "f2", "u[0]", "u[1]", "u[2]", "h0", "h1", "b0")
_SUMS = ("s0", "s1", "t[0][0]", "t[0][1]", "t[1][0]", "t[1][1]")
_MEET = "simdgroup_barrier(mem_flags::mem_threadgroup);"
_SOURCES = {"h": ("small", _TILE), "b": ("brief", _TILE)}
_FEW, _DEEPEST = 6, 2


def generate(seed: int) -> Generated:
    """The kernel of a seed from FIRST on: a signature and launches of whole SIMD-groups, as another
    generated kernel has them, around a body of matrices."""
    draw = random.Random(f"matrices {seed}")
    start = FIRST + (seed - FIRST) * 64
    base = next(kernel for kernel in map(plain, count(start)) if kernel.full)
    work = _Matrices(draw, elements=seed % 2 == 1)
    old = f"k_{base.seed}"
    return replace(
        base,
        seed=seed,
        name=f"k_{seed}",
        head=base.head.replace(old, f"k_{seed}"),
        before="",
        helpers=(),
        constants={},
        setup=work.setup(),
        body=work.block(14, 0),
        results=work.results(),
        shapes=tuple(replace(shape, again=False) for shape in base.shapes),
    )


def of_seed(seed: int) -> Generated:
    """The kernel of any seed, of this module or another."""
    return generate(seed) if seed >= FIRST else plain(seed)


def numbers(seeds: range, batch: int) -> range:
    """As many seeds of this module: of one kind in a batch, because a source with
    `thread_elements()` has all of its matrices by lane."""
    first = FIRST + 2 * seeds.start + batch % 2
    return range(first, first + 2 * len(seeds), 2)


class _Matrices:
    """Draws statements that every lane of a SIMD-group reaches. Sums are factors only a few times,
    so that no value leaves the range of float."""

    def __init__(self, draw: random.Random, *, elements: bool) -> None:
        self.draw = draw
        self.elements = elements
        self.nested = 0

    def setup(self) -> Block:
        """Small values to load, memory of the SIMD-group's own, matrices that hold something."""
        tiles = "threadgroup float stock[512];\nthreadgroup half small[512];\n"
        tiles += "threadgroup bfloat brief[512];\nthreadgroup float scratch[1280];\n"
        tiles += "for (uint i = lid; i < 512u; i += count) {\n"
        tiles += "  stock[i] = float(words[(i * 7u + group) & 255u] >> 4 & 7u) - 3.5f;\n"
        tiles += "  small[i] = half(words[i & 255u] >> 7 & 7u) - 2.5h;\n"
        tiles += "  brief[i] = bfloat(float(words[(i + 9u) & 255u] >> 9 & 3u) - 1.0f);\n}\n"
        tiles += "for (uint i = lid; i < 1280u; i += count) scratch[i] = float(i & 15u);\n"
        tiles += "threadgroup_barrier(mem_flags::mem_threadgroup);"
        found = [
            Statement(tiles, declares="stock"),
            Statement("const uint team = group * (count / 32u) + simd;", declares="team"),
            Statement("threadgroup float* own = scratch + simd * 320u;", declares="own"),
        ]
        for name in ("f0", "f1", "f2", "s0", "s1"):
            found.append(Statement(f"simdgroup_float8x8 {name}(0.5f);", declares=name))
        for kind, name in (("half", "h0"), ("half", "h1"), ("half", "hs"), ("bfloat", "b0")):
            value = f"simdgroup_{kind}8x8 {name} = {_filled(kind, '1.5f')};"
            found.append(Statement(value, declares=name))
        zero = "for (uint i = 0; i < 2; ++i) for (uint j = 0; j < 2; ++j)\n"
        zero += "  t[i][j] = simdgroup_float8x8(0.0f);"
        found.append(Statement(f"simdgroup_float8x8 t[2][2];\n{zero}", declares="t"))
        load = "for (uint i = 0; i < 3; ++i) simdgroup_load(u[i], stock + 24 * i, 20);"
        found.append(Statement(f"simdgroup_float8x8 u[3];\n{load}", declares="u"))
        return tuple(found)

    def results(self) -> Block:
        """Four matrices bit for bit, and the rest in one."""
        texts = ["device float* results = (device float*)(out + team * 256u);"]
        for number, name in enumerate(("s0", "s1", "t[0][1]", "t[1][0]")):
            turned = ", 0, true" if number == 3 else ""
            texts.append(f"simdgroup_store({name}, results + {64 * number}, 8{turned});")
        rest = "simdgroup_float8x8 rest = t[0][0], one(1.0f);\n"
        rest += "simdgroup_multiply_accumulate(rest, one, hs, rest);\n"
        rest += "simdgroup_multiply_accumulate(rest, one, t[1][1], rest);\n"
        rest += "simdgroup_store(rest, loose + team * 64u, 8);"
        return (
            *(Statement(texts[0], declares="results"),),
            *map(Statement, texts[1:]),
            Statement(rest),
        )

    def block(self, most: int, depth: int) -> Block:
        """Up to `most` statements."""
        makers: list[Callable[[], Statement]] = [self.load, self.load, self.load, self.fill]
        makers += [self.accumulate] * 4 + [self.tile, self.tile, self.multiply, self.copy]
        makers += [self.narrow, self.exchange, self.array]
        if self.elements:
            makers += [self.element] * 3
        found = []
        for _ in range(self.draw.randint(most // 2, most)):
            if depth < _DEEPEST and self.draw.random() < 0.25:
                found.append(self.nest(depth))
            elif not depth and self.nested < _FEW and self.draw.random() < 0.15:
                self.nested += 1
                found.append(self.of_sums())
            else:
                found.append(self.draw.choice(makers)())
        return tuple(found)

    # ---- statements

    def load(self) -> Statement:
        """A factor, or a sum, from memory."""
        name = self.draw.choice((*_FACTORS, *_FACTORS, *_SUMS[:2]))
        source, room = _SOURCES.get(
            name[0], self.draw.choice((("stock", _TILE), ("reals", _REALS)))
        )
        if name in _SUMS and self.draw.random() < 0.5:
            source, room = "own", _OWN
        return Statement(f"simdgroup_load({name}, {self._from(source, room)});")

    def _from(self, source: str, room: int) -> str:
        stride = self.draw.choice(_STRIDES)
        left = room - 7 * stride - 8
        column, row = self.draw.randrange(4), self.draw.randrange(2)
        form = self.draw.randrange(4)
        if form == 0 and stride == 8:
            return f"{source} + {self.draw.randrange(left)}"
        if form == 1 and left >= stride + 4:
            turned = self.draw.choice(("", ", true", ", false"))
            return f"{source}, {stride}, ulong2({column}, {row}){turned}"
        at = f"{self.draw.randrange(max(left - 3, 1))}"
        at += self.draw.choice(("", " + (group & 3u)")) if left > 8 else ""
        return f"{source} + {at}, {stride}" + self.draw.choice(("", ", 0, true"))

    def fill(self) -> Statement:
        """One value everywhere, or on the diagonal."""
        name = self.draw.choice((*_FACTORS, *_SUMS))
        kind = {"h": "half", "b": "bfloat"}.get(name[0], "float")
        value = self.draw.choice(("0.0f", "2.0f", "-0.5f", "float(simd + 1u)"))
        if self.draw.random() < 0.5:
            return Statement(f"{name} = {_filled(kind, value)};")
        return Statement(f"{name} = simdgroup_{kind}8x8({kind}({value}));")

    def accumulate(self) -> Statement:
        """A product onto a sum, its own or another."""
        target = self.draw.choice(_SUMS)
        start = target if self.draw.random() < 0.8 else self.draw.choice((*_SUMS, "f1"))
        left, right = (self.draw.choice(_FACTORS) for _ in range(2))
        return Statement(f"simdgroup_multiply_accumulate({target}, {left}, {right}, {start});")

    def multiply(self) -> Statement:
        """A product alone."""
        target = self.draw.choice(_SUMS)
        left, right = self.draw.sample(_FACTORS, 2)
        if left[0] in "fu" and right[0] in "fu" and self.draw.random() < 0.3:
            return Statement(f"{target} = {left} * {right};")
        return Statement(f"simdgroup_multiply({target}, {left}, {right});")

    def narrow(self) -> Statement:
        """Sums in half, rounded after every product."""
        left, right = (self.draw.choice(("h0", "h1", "f0")) for _ in range(2))
        return Statement(f"simdgroup_multiply_accumulate(hs, {left}, {right}, hs);")

    def of_sums(self) -> Statement:
        """A sum as a factor of another."""
        target, inner = self.draw.sample(_SUMS, 2)
        left, right = (inner, "f2") if self.draw.random() < 0.5 else ("f2", inner)
        start = self.draw.choice((target, inner))
        return Statement(f"simdgroup_multiply_accumulate({target}, {left}, {right}, {start});")

    def copy(self) -> Statement:
        """A matrix assigned."""
        names = self.draw.choice((_SUMS, ("f0", "f1", "f2", "u[0]", "u[1]"), ("h0", "h1")))
        target, source = self.draw.sample(names, 2)
        return Statement(f"{target} = {source};")

    def tile(self) -> Statement:
        """All of an array of sums, as tiled products have them."""
        factor = self.draw.choice(_FACTORS)
        steps = self.draw.choice((1, 2, 3))
        loads = "simdgroup_load(u[i], stock + 8 * i + 16 * k, 20);\n"
        text = f"for (uint k = 0; k < {steps}; ++k) {{\n  for (uint i = 0; i < 2; ++i) {{\n    "
        text += loads if self.draw.random() < 0.7 else ""
        text += "for (uint j = 0; j < 2; ++j) {\n      simdgroup_float8x8 b = u[j];\n"
        text += "      simdgroup_load(b, reals + 8 * j + 4 * k, 16"
        text += self.draw.choice(("", ", 0, true")) + ");\n"
        left, right = ("u[i]", "b") if self.draw.random() < 0.7 else (factor, "u[i]")
        text += f"      simdgroup_multiply_accumulate(t[i][j], {left}, {right}, t[i][j]);\n"
        return Statement(text + "    }\n  }\n}")

    def array(self) -> Statement:
        """An element of an array that is known only at run time."""
        index = self.draw.choice(("group & 1u", "(team + count) % 2u"))
        left, right = (self.draw.choice(_FACTORS) for _ in range(2))
        text = f"for (uint i = 0; i < 2; ++i)\n  simdgroup_multiply_accumulate(t[{index}][i], "
        return Statement(text + f"{left}, {right}, t[{index}][i]);")

    def exchange(self) -> Statement:
        """A sum to the SIMD-group's own memory, and back in another form."""
        source, target = self.draw.sample(_SUMS, 2)
        turned = self.draw.choice(("", ", 0, true"))
        stride = self.draw.choice((8, 9, 12, 16))
        store = f"simdgroup_store({source}, own + {self.draw.randrange(40)}, {stride}{turned});"
        load = f"simdgroup_load({target}, {self._from('own', _OWN)});"
        return Statement(f"{store}\n{_MEET}\n{load}\n{_MEET}")

    def element(self) -> Statement:
        """A lane's own elements."""
        name = self.draw.choice(("s0", "s1", "f0", "t[1][1]"))
        value = self.draw.choice(("float(lane & 7u)", "f1.thread_elements()[1]", "-1.0f"))
        index = self.draw.randrange(2)
        return Statement(f"{name}.thread_elements()[{index}] = {value};")

    def nest(self, depth: int) -> Statement:
        """A branch or a loop that the SIMD-group takes as one."""
        inner = self.block(4, depth + 1)
        kind = self.draw.randrange(4)
        if kind == 0:
            return Statement("if ((simd + group) % 2u == 0u) @0", blocks=(inner,))
        if kind == 1:
            blocks = (inner, self.block(3, depth + 1))
            return Statement("if (group % 2u == 1u) @0 else @1", blocks=blocks)
        bound = "3" if kind == 2 else "1u + (group & 1u)"
        name = f"n{depth}"
        return Statement(f"for (uint {name} = 0; {name} < {bound}; ++{name}) @0", blocks=(inner,))


def _filled(kind: str, value: str) -> str:
    return f"make_filled_simdgroup_matrix<{kind}, 8, 8>({kind}({value}))"
