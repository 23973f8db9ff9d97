"""A generated kernel by its seed: its text, its launches, and what is in its buffers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from differential.expressions import Expressions
from differential.scope import Function, Place, Program, Scope
from differential.statements import Statements
from differential.tree import (
    BOOL,
    FLOAT,
    GROUP,
    INTEGERS,
    SIMD,
    THREAD,
    UINT,
    Block,
    Statement,
    Type,
    render,
    simpler,
    weight,
)

PRELUDE = (Path(__file__).parent / "prelude.metal").read_text("utf-8")
Extent = tuple[int, int, int]
SLOTS = 8  # of results, a thread
#: Functions that are not exact: the input is taken to where they are of moderate size.
LOOSE = ("sin", "cos", "exp", "log", "sqrt", "rsqrt", "tanh", "exp2", "log2", "atan", "divided")
_FULL = ((32, 1, 1), (64, 1, 1), (96, 1, 1), (8, 4, 1), (16, 6, 1), (4, 4, 4), (2, 8, 4))
_ODD = ((1, 1, 1), (5, 1, 1), (33, 1, 1), (37, 1, 1), (7, 3, 1), (31, 2, 1), (5, 5, 3), (3, 2, 9))
_MOST = 128  # threads of a threadgroup


@dataclass(frozen=True)
class Shape:
    """One launch: grid and threadgroup in threads; `again`: a second dispatch reads what the first
    one wrote."""

    grid: Extent
    threadgroup: Extent
    again: bool = False

    @property
    def threads(self) -> int:
        """Of the grid."""
        return self.grid[0] * self.grid[1] * self.grid[2]


@dataclass(frozen=True)
class Generated:
    """One kernel: text around a body that can shrink, and its launches."""

    seed: int
    name: str
    before: str  # structs and the function constant
    helpers: tuple[tuple[str, Block, str], ...]  # its head, its body, its last line
    head: str
    setup: Block
    body: Block
    results: Block
    shapes: tuple[Shape, ...]
    typed: Type
    scattered: Type
    constants: dict[int, int] = field(default_factory=dict)
    full: bool = False
    packed: bool = False  # typed and scattered are packed types
    argument_bytes: int = 0  # of the tile, where it is a threadgroup argument

    def text(self) -> str:
        """Its MSL, without the prelude."""
        lines = [self.before]
        lines += [f"{head}{render(body)}  {end}\n}}\n" for head, body, end in self.helpers]
        inside = render((*self.setup, *self.body, *self.results))
        return "".join(lines) + self.head + inside + "}\n"

    @property
    def weight(self) -> tuple[int, int]:
        """How much there is to read, and how many threads there are to look at."""
        helpers = sum(2 + weight(body) for _, body, _ in self.helpers)
        blocks = (self.setup, self.body, self.results)
        threads = sum(shape.threads * (1 + shape.again) for shape in self.shapes)
        return helpers + sum(map(weight, blocks)), threads

    def simpler(self) -> Iterator[Generated]:
        """Smaller kernels, the most promising first."""
        if len(self.shapes) > 1:
            for shape in self.shapes:
                yield replace(self, shapes=(shape,))
        for small in _smaller(self.shapes[0], self.full):
            yield replace(self, shapes=(small,))
        for body in simpler(self.body):
            yield replace(self, body=body)
        for number, (head, body, end) in enumerate(self.helpers):
            others = (*self.helpers[:number], *self.helpers[number + 1 :])
            yield replace(self, helpers=others)
            for small_body in simpler(body):
                helpers = list(self.helpers)
                helpers[number] = (head, small_body, end)
                yield replace(self, helpers=tuple(helpers))
        for results in simpler(self.results):
            yield replace(self, results=results)
        for setup in simpler(self.setup):
            yield replace(self, setup=setup)


def _smaller(shape: Shape, full: bool) -> Iterator[Shape]:
    """Fewer dispatches, fewer threadgroups, then smaller ones of whole SIMD-groups if they were."""
    if shape.again:
        yield replace(shape, again=False)
    if shape.grid != shape.threadgroup:
        yield replace(shape, grid=shape.threadgroup)
    x, y, z = shape.threadgroup
    for group in ((1, 1, 1), (32, 1, 1), (x * y * z, 1, 1), (x // 2, y, z), (x, y // 2, z)):
        threads = group[0] * group[1] * group[2]
        if threads > 0 and group < shape.threadgroup and (threads % 32 == 0 or not full):
            yield replace(shape, grid=group, threadgroup=group)


def generate(seed: int) -> Generated:
    """The kernel of a seed."""
    draw = random.Random(f"differential {seed}")
    full = draw.random() < 0.45
    program = Program(draw, f"_{seed}", full, returns=not full and draw.random() < 0.5)
    dims = draw.choice((1, 1, 2, 3))
    typed, scattered = (_memory_type(draw) for _ in range(2))
    packed = min(typed.width, scattered.width) > 1 and draw.random() < 0.5
    program.packed = scattered if packed else None
    before, root = _names(program, seed, dims, typed, scattered)
    helpers = tuple(_helper(program) for _ in range(draw.randint(0, 2)))
    for kind in (UINT, Type("ushort", 2), Type("ulong"), Type("uint", 4)):
        name = f"twisted<{kind}, {draw.randint(1, 5)}>"
        program.functions.append(Function(name, kind, (kind, UINT)))
    setup = _setup(program, root, scattered)
    program.budget = draw.choice((6, 12, 25, 45))
    body = Statements(root).block(14, least=5)
    return Generated(
        seed,
        f"k_{seed}",
        before,
        helpers,
        _head(program, f"k_{seed}", dims, typed, scattered),
        setup,
        body,
        _results(root),
        tuple(_shape(draw, dims, full) for _ in range(2)),
        typed,
        scattered,
        {seed % 65536: draw.randrange(1000)},
        full,
        packed,
        _MOST * program.argument.stride() if program.argument else 0,
    )


def _memory_type(draw: random.Random) -> Type:
    base = draw.choice((*INTEGERS, "float", "half", "float", "bfloat"))
    return Type(base, draw.choice((1, 1, 2, 3, 4, 4)))


def _names(
    program: Program, seed: int, dims: int, typed: Type, scattered: Type
) -> tuple[str, Scope]:
    """What is declared before the kernel, and the scope of its body."""
    draw, suffix = program.draw, program.suffix
    before = f"constant uint chosen{suffix} [[function_constant({seed % 65536})]];\n"
    if draw.random() < 0.6:
        fields = [("a", program.type(), 0), ("b", program.type(), 0), ("c", program.type(), 4)]
        fields = draw.sample(fields, draw.randint(1, 3))
        members = "".join(f" {k} {n}{f'[{size}]' if size else ''};" for n, k, size in fields)
        before += f"struct S{suffix} {{{members} }};\n"
        program.structs.append((f"S{suffix}", tuple(fields)))
    position = Type("uint", dims)
    root = Scope(program)
    root.places += [
        Place("lid", UINT),
        Place("lane", Type("ushort")),
        Place("gid", UINT),
        Place("position", position),
        Place("simd", UINT, SIMD),
        *(Place(n, UINT, GROUP) for n in ("group", "count", "p.a", f"chosen{suffix}")),
        Place("p.b", Type("int"), GROUP),
        Place("p.c", FLOAT, GROUP),
        Place("p.d", Type("uint", 4), GROUP),
        Place("words[$0 & 255u]", UINT, GROUP),
        Place("reals[$0 & 255u]", FLOAT, GROUP),
        Place("words[gid & 255u]", UINT),
        Place("reals[gid & 255u]", FLOAT),
        *_memory_places(typed, scattered, program.packed is not None),
        Place("out[home + $0 % 6u]", UINT, THREAD, True),
    ]
    return before, root


def _memory_places(typed: Type, scattered: Type, packed: bool) -> list[Place]:
    """Elements of the buffers of drawn types; a packed one is read as the vector it stands for."""
    if not packed:
        places = [Place("typed[$0 & 63u]", typed, GROUP), Place("typed[gid & 63u]", typed)]
        return [*places, Place("scattered[mine]", scattered, THREAD, True)]
    return [
        Place(f"{typed}(typed[$0 & 63u])", typed, GROUP),
        Place(f"{typed}(typed[gid & 63u])", typed),
        Place(f"{scattered}(scattered[mine])", scattered),
    ]


def _helper(program: Program) -> tuple[str, Block, str]:
    """A function that is called by the kernel, and that no barrier is in."""
    draw = program.draw
    kind = Type("uint") if draw.random() < 0.4 else program.type()
    parameters = tuple(program.type() for _ in range(draw.randint(1, 3)))
    by_reference = draw.random() < 0.4
    name = program.name("h") + program.suffix
    scope = Scope(program, THREAD, depth=1, helper="return;" if by_reference else "return result;")
    scope.places = [Place(f"p{n}", k, THREAD, True) for n, k in enumerate(parameters)]
    scope.places.append(Place("result", kind, THREAD, True))
    listed = [f"{k} p{n}" for n, k in enumerate(parameters)]
    program.budget = draw.randint(2, 8)
    if by_reference:
        head = f"static void {name}({', '.join(listed)}, thread {kind}& result) {{\n"
        block, end = Statements(scope).block(4), "return;"
    else:
        head = f"static {kind} {name}({', '.join(listed)}) {{\n"
        start = Expressions(Scope(program, THREAD, scope.places[:-1], helper="-"), THREAD)
        value = start.stored(start.of(kind, THREAD, 2))
        first = Statement(f"{kind} result = $0;", (value,), declares="result")
        block, end = (first, *Statements(scope).block(4)), "return result;"
    program.functions.append(Function(name, kind, parameters, by_reference))
    return head, block, end


def _setup(program: Program, root: Scope, scattered: Type) -> Block:
    """Where a thread's results go, and shared memory that is whole before anyone reads it."""
    mine = program.draw.choice(("gid", "p.n - 1u - gid", "(gid + 7u) % p.n"))
    tile, lanes = program.type(), program.type()
    fill = "threadgroup_barrier(mem_flags::mem_threadgroup);"
    found = [
        Statement(f"const uint mine = {mine};", declares="mine"),
        Statement(f"const uint home = gid * {SLOTS}u;", declares="home"),
    ]
    program.argument = tile if program.draw.random() < 0.4 else None
    for name, kind in (("tile", tile), ("lanes", lanes)):
        is_argument = name == "tile" and program.argument is not None
        text = "" if is_argument else f"threadgroup {kind} {name}[{_MOST}];\n"
        text += f"{name}[lid] = {kind}(lid & 7u);\n{fill}"
        found.append(Statement(text, declares=name))
    text = "threadgroup atomic_uint hits[16];\nfor (uint i = lid; i < 16u; i += count)\n"
    text += f"  atomic_store_explicit(&hits[i], i, memory_order_relaxed);\n{fill}"
    found.append(Statement(text, declares="hits"))
    root.places.append(Place("tile[$0 % count]", tile, THREAD, shared=True))
    near = "lanes[(lid & ~31u) + $0 % min(32u, count - (lid & ~31u))]"
    root.places.append(Place(near, lanes, THREAD, shared=True))
    for kind in (UINT, Type("int"), FLOAT, Type("float", 4), Type("half"), BOOL):
        name = program.name("v")
        values = Expressions(root, GROUP)
        value = values.stored(values.of(kind, THREAD, 2))
        found.append(Statement(f"{kind} {name} = $0;", (value,), declares=name))
        root.places.append(Place(name, kind, THREAD, True))
    return tuple(found)


def _results(root: Scope) -> Block:
    """Every variable of the body is looked at; functions that round have a buffer of their own."""
    found = []
    held = [p for p in root.places if p.writable and p.text.isalnum()]
    for number, place in enumerate(held):
        slot = number % SLOTS
        text = f"out[home + {slot}u] = out[home + {slot}u] * 31u + digest({place.text});"
        found.append(Statement(text))
    draw, values = root.program.draw, Expressions(root, root.flow)
    for slot in range(2):
        value = values.folded(values.of(FLOAT, THREAD, 2))
        name = draw.choice(LOOSE)
        call = f"{name}(($0 + 1.0f) * 0.0625f)"
        if name == "divided":
            call = "($0 + 1.0f) / (p.c + 3.0f)"
        found.append(Statement(f"loose[gid * 2u + {slot}u] = {call};", (value,)))
    return tuple(found)


def _head(program: Program, name: str, dims: int, typed: Type, scattered: Type) -> str:
    """The kernel's signature and the names that every kernel has."""
    index = Type("uint", dims)
    small = program.draw.choice(("uint", "ushort"))
    packed = "packed_" if program.packed else ""
    buffers = ["device const uint* words", "device const float* reals"]
    buffers += [
        f"device const {packed}{typed}* typed",
        "device uint* out",
        f"device {packed}{scattered}* scattered",
    ]
    buffers += ["device atomic_uint* counters", "constant Params& p", "device float* loose"]
    buffers += ["device atomic_float* sums"]
    parameters = [f"{text} [[buffer({number})]]" for number, text in enumerate(buffers)]
    grid = {"position": "thread_position_in_grid", "size": "threads_per_grid"}
    grid |= {"place": "threadgroup_position_in_grid", "extent": "threads_per_threadgroup"}
    grid |= {"groups": "threadgroups_per_grid"}
    parameters += [f"{index} {short} [[{attribute}]]" for short, attribute in grid.items()]
    if program.argument:
        parameters += [f"threadgroup {program.argument}* tile [[threadgroup(0)]]"]
    parameters += ["uint lid [[thread_index_in_threadgroup]]"]
    parameters += ["ushort lane [[thread_index_in_simdgroup]]"]
    parameters += [f"{small} number [[simdgroup_index_in_threadgroup]]"]
    linear = {
        1: ("position", "place", "extent"),
        2: (
            "position.x + size.x * position.y",
            "place.x + groups.x * place.y",
            "extent.x * extent.y",
        ),
        3: (
            "position.x + size.x * (position.y + size.y * position.z)",
            "place.x + groups.x * (place.y + groups.y * place.z)",
            "extent.x * extent.y * extent.z",
        ),
    }[dims]
    text = f"kernel void {name}(" + ",\n    ".join(parameters) + ") {\n"
    for short, value in zip(("gid", "group", "count"), linear, strict=True):
        text += f"  const uint {short} = {value};\n"
    return text + "  const uint simd = number;\n"


def _shape(draw: random.Random, dims: int, full: bool) -> Shape:
    """A launch of up to some hundred threads."""
    fits = [e for e in (_FULL if full else _FULL[:1] + _ODD) if all(n == 1 for n in e[dims:])]
    group = draw.choice(fits)
    spread = [draw.choice((1, 2, 3)) if n < dims else 1 for n in range(3)]
    while group[0] * group[1] * group[2] * spread[0] * spread[1] * spread[2] > 400:
        spread[spread.index(max(spread))] -= 1
        if max(spread) == 1:
            break
    grid = [group[n] * spread[n] for n in range(3)]
    if not full and draw.random() < 0.6:
        grid = [max(1, size - draw.randrange(min(size, 6))) if size > 1 else 1 for size in grid]
    return Shape((grid[0], grid[1], grid[2]), group, draw.random() < 0.3)
