"""Cases of barriers.metal: threadgroup memory and barriers in every place where they may stand."""

from __future__ import annotations

from conformance_cases.model import Case, case, const, given, in_shapes, inout, out
from conformance_cases.simt import threadgroups

SHAPES = ((32, 32), (64, 64), (37, 37), (256, 256), (1024, 1024), (150, 64), (100, 37))


def numbers(n: int) -> list[float]:
    return [((k * 37 + 11) % 203 - 100) / 4 for k in range(n)]


def groups(n: int, t: int) -> list[list[int]]:
    """The grid positions of every threadgroup of a one-dimensional dispatch."""
    return [[thread.flat for thread in threads] for threads in threadgroups(n, t)]


def reversals() -> list[Case]:
    found = []
    for n, t, variant in in_shapes(SHAPES):
        x = numbers(n)
        reverse = [x[i] for group in groups(n, t) for i in reversed(group)]
        found.append(case("reverse", n, t, given(0, x), out(1, reverse), variant=variant))
        turned = []
        for group in groups(n, t):
            size = len(group)
            for k in range(size):
                turned.append(x[group[(k + 1) % size]] + size - 1 - k)
        memory = {0: 4 * t + (-4 * t) % 16, 1: 4 * t + (-4 * t) % 16}
        buffers = given(0, x), out(1, turned)
        found.append(
            case("dynamic_memory", n, t, *buffers, variant=variant, threadgroup_memory=memory)
        )
    for n, t, variant in in_shapes(((32, 32), (256, 64), (1024, 1024), (128, 128), (2, 2), (1, 1))):
        x = numbers(n)
        sums = [sum(x[i] for i in group) for group in groups(n, t)]
        found.append(case("tree_sum", n, t, given(0, x), out(1, sums), variant=variant))
    for n, t, variant in in_shapes(((32, 32), (37, 37), (256, 256), (150, 64), (1, 1))):
        ints = [(k * 37 + 11) % 203 - 100 for k in range(n)]
        scans = [
            sum(ints[i] for i in group[: k + 1])
            for group in groups(n, t)
            for k in range(len(group))
        ]
        buffers = given(0, ints, "int32"), out(1, scans, "int32")
        found.append(case("scan_in_steps", n, t, *buffers, variant=variant))
        found.append(case("barrier_in_helper", n, t, *buffers, variant=variant))
    return found


def returns() -> list[Case]:
    found = []
    for n, t in ((128, 128), (100, 128), (33, 64), (1, 37), (5, 32), (32, 96)):
        x = numbers(t)
        expected = out(1, [x[(k + 1) % n] for k in range(n)], count=t)
        buffers = given(0, x), expected
        name, constants = f"{n}of{t}", {2: const(n)}
        found.append(
            case("return_before_barrier", t, t, *buffers, constants=constants, variant=name)
        )
    for t in (32, 64, 100):
        # Thread k leaves in round k % 4 and has counted the others in every round before.
        seen = [sum(t_live(t, r) for r in range(k % 4)) for k in range(t)]
        found.append(case("return_in_loop", t, t, out(0, seen, "uint32"), variant=str(t)))
    return found


def t_live(t: int, r: int) -> int:
    """How many threads are still there in round r: those that leave in a later one."""
    return sum(k % 4 > r for k in range(t))


def instances() -> list[Case]:
    """A kernel template whose threadgroup array has another size in each instance."""
    found = []
    for name, n, t, dtype in (
        ("turned_float_64", 128, 64, "float32"),
        ("turned_float_32", 96, 32, "float32"),
        ("turned_int_8", 40, 8, "int32"),
    ):
        x = [k * 7 % 100 for k in range(n)]
        turned = [x[g[(k + t // 2) % t]] for g in groups(n, t) for k in range(t)]
        found.append(case(name, n, t, given(0, x, dtype), out(1, turned, dtype)))
    return found


def tiles() -> list[Case]:
    found = []
    for width, height in ((16, 16), (33, 20), (7, 50)):
        x = numbers(width * height)
        turned = [x[r * width + c] for c in range(width) for r in range(height)]
        grid = (-(-width // 16) * 16, -(-height // 16) * 16)
        # Tiles are square, so the grid covers both the matrix and its transpose through g.yx.
        buffers = given(0, x), out(1, turned)
        size = {2: const([width, height])}
        name = f"{width}x{height}"
        found.append(case("transpose_tile", grid, (16, 16), *buffers, constants=size, variant=name))
    ints = [k * 7 % 31 for k in range(32)]
    flipped = [ints[(3 - y) * 8 + 7 - x] for y in range(4) for x in range(8)]
    buffers = given(0, ints, "int32"), out(1, flipped, "int32")
    return [*found, case("two_dimensional_array", (8, 4), (8, 4), *buffers)]


def declarations() -> list[Case]:
    x = numbers(64)
    r = x
    for _ in range(2):
        r = [r[k ^ 1] + 1 for k in range(64)]
    nested = [r[63 - k] + 10 for k in range(64)]
    found = [case("nested_declaration", 64, 64, given(0, x), out(1, nested))]
    for sign in (1, -1):
        y = [sign * (k + 1) / 2 for k in range(40)]
        pivot = y[5]
        expected = [v - pivot if pivot > 0 else pivot for v in y]
        name = "positive" if sign > 0 else "negative"
        found.append(case("shared_scalar", 40, 40, given(0, y), out(1, expected), variant=name))
    for n, t, variant in in_shapes(((64, 64), (128, 32), (111, 37))):
        x = numbers(n)
        expected = [2 * x[g[(k + 7) % len(g)]] for g in groups(n, t) for k in range(len(g))]
        found.append(
            case("pointer_to_helper", n, t, given(0, x), out(1, expected), variant=variant)
        )
    x4 = [[float(k), k + 0.25, k - 0.5, -float(k)] for k in range(16)]
    turned = [[v + 8 * (1 - k // 8) for v in x4[(1 - k // 8) * 8 + 7 - k % 8]] for k in range(16)]
    words = [k * 2654435761 % (1 << 32) for k in range(64)]
    found += [
        case("struct_in_threadgroup", 16, 16, given(0, x4), out(1, turned)),
        case(
            "constant_sized",
            64,
            64,
            given(0, words, "uint32"),
            out(1, words[32:] + words[:32], "uint32"),
        ),
        case(
            "declared_by_macro",
            64,
            64,
            given(0, words, "uint32"),
            out(1, words[::-1], "uint32"),
        ),
    ]
    return found


def flags() -> list[Case]:
    found = []
    for t in (32, 37, 64, 256):
        x = numbers(t)
        expected = [2 * (x[(k + 1) % t] + 1) for k in range(t)]
        found.append(case("combined_flags", t, t, inout(0, x, expected), variant=str(t)))
    for n, t, variant in in_shapes(((32, 32), (96, 32))):
        x = numbers(n)
        expected = [x[g[(k + 1) % 32]] for g in groups(n, t) for k in range(32)]
        found.append(case("one_simdgroup", n, t, given(0, x), out(1, expected), variant=variant))
    for rounds in (0, 1, 2, 5):
        for t in (32, 37, 128):
            x = [k * 11 % 64 for k in range(t)]
            v = x
            for k in range(rounds if rounds > 1 else 0):
                v = [v[(lane + k) % t] + 1 for lane in range(t)]
            buffers = given(0, x, "uint32"), out(1, v, "uint32")
            name, constants = f"{rounds}rounds{t}", {2: const(rounds)}
            found.append(
                case("uniform_barrier_in_branch", t, t, *buffers, constants=constants, variant=name)
            )
    for n, t, variant in in_shapes(((64, 64), (37, 37), (128, 32))):
        x = [k * 11 % 64 for k in range(n)]
        expected = []
        for g in groups(n, t):
            v = [x[i] for i in g]
            rounds = 0
            while max(v) >= 4:
                v = [v[(k + 1) % len(v)] // 2 for k in range(len(v))]
                rounds += 1
            expected += [100 * rounds + value for value in v]
        buffers = given(0, x, "uint32"), out(1, expected, "uint32")
        found.append(case("loop_until_uniform", n, t, *buffers, variant=variant))
        total = [sum(g) + 5 * max(x[i] for i in g) for g in groups(n, t) for _ in g]
        buffers = given(0, x, "uint32"), out(1, total, "uint32")
        found.append(case("two_arrays_reused", n, t, *buffers, variant=variant))
    return found


def cases() -> list[Case]:
    return reversals() + returns() + instances() + tiles() + declarations() + flags()
