"""Cases of simd_divergent.metal: the lanes active at each call, computed branch by branch."""

from __future__ import annotations

from collections.abc import Callable

from conformance_cases import divergent_models
from conformance_cases.model import Case, case, given, in_shapes, out
from conformance_cases.simt import i32, per_cluster, u32

SHAPES = ((32, 32), (64, 64), (37, 37), (256, 256), (100, 64))
Lanes = list[int]
Model = Callable[[Lanes], Lanes]


def in_if(x: Lanes) -> Lanes:
    odd = [lane for lane, v in enumerate(x) if v & 1 == 1]
    total = sum(x[lane] for lane in odd)
    return [total if lane in odd else -1 for lane in range(len(x))]


def if_else(x: Lanes) -> Lanes:
    large = [lane for lane, v in enumerate(x) if v > 40]
    small = [lane for lane, v in enumerate(x) if v <= 40]
    total = sum(x[lane] for lane in large)
    peak = max((x[lane] for lane in small), default=0) * 1000
    return [(total if lane in large else peak) + len(x) for lane in range(len(x))]


def nested_if(x: Lanes) -> Lanes:
    r = [0] * len(x)
    odd = [lane for lane, v in enumerate(x) if v & 1 == 1]
    two = [lane for lane in odd if x[lane] & 2]
    four = [lane for lane in odd if not x[lane] & 2 and x[lane] & 4]
    for lane in odd:
        r[lane] = len(odd) + 1000000 * len(odd)
        r[lane] += 100 * len(two) if lane in two else 0
        r[lane] += 10000 * len(four) if lane in four else 0
    return [v + max(r) for v in r]


def different_trip_counts(x: Lanes) -> Lanes:
    total = [0] * len(x)
    for k in range(5):
        inside = [lane for lane, v in enumerate(x) if k < v % 5]
        for lane in inside:
            total[lane] = total[lane] * 33 + len(inside)
    return [u32(v * 100 + len(x)) for v in total]


def branch_in_loop(x: Lanes) -> Lanes:
    total = [0] * len(x)
    for k in range(3):
        taken = [lane for lane, v in enumerate(x) if v >> k & 1 == 1]
        for lane in range(len(x)):
            total[lane] += 1000 * len(x)
            total[lane] += len(taken) * (k + 1) if lane in taken else 0
    return total


def break_out(x: Lanes) -> Lanes:
    total = [0] * len(x)
    for k in range(6):
        inside = [lane for lane, v in enumerate(x) if k < v % 7]
        for lane in inside:
            total[lane] = u32(total[lane] + (len(inside) << (k * 4 % 24)))
    return [v + len(x) for v in total]


def continue_on(x: Lanes) -> Lanes:
    total = [0] * len(x)
    for k in range(4):
        inside = [lane for lane, v in enumerate(x) if v >> k & 1 == 0]
        for lane in inside:
            total[lane] = total[lane] * 40 + len(inside)
    return [u32(v) for v in total]


def early_return(x: Lanes) -> Lanes:
    stay = [lane for lane, v in enumerate(x) if v % 3 != 0]
    total = sum(x[lane] for lane in stay)
    return [total if lane in stay else -7 for lane in range(len(x))]


def helper_called_twice(x: Lanes) -> Lanes:
    odd = [lane for lane, v in enumerate(x) if v & 1 == 1]
    total = sum(x[lane] for lane in odd)
    return [total if lane in odd else len(x) - len(odd) for lane in range(len(x))]


def loop_in_helper(x: Lanes) -> Lanes:
    r = [0] * len(x)
    for k in range(4):
        inside = [lane for lane, v in enumerate(x) if k < max(v % 4, 1)]
        for lane in inside:
            r[lane] = r[lane] * 40 + len(inside)
    return [v + len(x) for v in r]


def while_loop(x: Lanes) -> Lanes:
    v = [value % 64 for value in x]
    r = [0] * len(x)
    while any(v):
        inside = [lane for lane, value in enumerate(v) if value != 0]
        total = sum(v[lane] & 1 for lane in inside)
        for lane in inside:
            r[lane] += total
            v[lane] >>= 1
    return r


def in_switch(x: Lanes) -> Lanes:
    counts = [sum(v % 3 == k for v in x) for k in range(3)]
    r = [(1, 100, 10000)[v % 3] * counts[v % 3] for v in x]
    peak = max(v % 100 for v in r)
    return [v + peak for v in r]


def fall_through(x: Lanes) -> Lanes:
    # Case 0 runs into case 1, where the lanes of both are active together.
    zero = [lane for lane, v in enumerate(x) if v % 3 == 0]
    low = [lane for lane, v in enumerate(x) if v % 3 < 2]
    r = [0] * len(x)
    for lane in low:
        r[lane] = (len(zero) if lane in zero else 0) + 100 * len(low)
    return [v + 10000 * len(x) for v in r]


def nested_loops(x: Lanes) -> Lanes:
    r = [0] * len(x)
    for a in range(2):
        for b in range(2):
            inside = [lane for lane, v in enumerate(x) if a < v % 3 and b < v // 3 % 3]
            for lane in inside:
                r[lane] = r[lane] * 33 + len(inside)
    return r


def ballot_in_loop(x: Lanes) -> Lanes:
    rounds = [0] * len(x)
    waiting = list(range(len(x)))
    while waiting:
        leader = x[waiting[0]] % 4
        served = [lane for lane in waiting if x[lane] % 4 == leader]
        for lane in waiting:
            rounds[lane] += 1 + (len(served) * 100 if lane in served else 0)
        waiting = [lane for lane in waiting if lane not in served]
    return rounds


def prefix_of_active(x: Lanes) -> Lanes:
    even = [lane for lane, v in enumerate(x) if v % 2 == 0]
    return [even.index(lane) if lane in even else 99 for lane in range(len(x))]


def ternary_operands(x: Lanes) -> Lanes:
    return [sum(v for v in x if v > 30)] * len(x)


def call_in_ternary(x: Lanes) -> Lanes:
    odd = [v for v in x if v & 1]
    even = [v for v in x if not v & 1]
    return [sum(odd) if v & 1 else -len(even) for v in x]


def short_circuit(x: Lanes) -> Lanes:
    return [int(v > 20) for v in x]


def short_circuit_or(x: Lanes) -> Lanes:
    # The right operand is asked only of lanes that are not above 20; all of those are below 21.
    right = [v for v in x if v <= 20]
    return [int(v > 20 or all(w < 15 for w in right)) + 10 * len(x) for v in x]


def return_in_loop(x: Lanes) -> Lanes:
    result = [0] * len(x)
    total = [0] * len(x)
    running = list(range(len(x)))
    for k in range(4):
        for lane in [lane for lane in running if x[lane] % 5 == k]:
            result[lane] = total[lane] + 1000000
        running = [lane for lane in running if x[lane] % 5 != k]
        for lane in running:
            total[lane] = total[lane] * 33 + len(running)
    for lane in running:
        result[lane] = total[lane]
    return result


def return_in_helper(x: Lanes) -> Lanes:
    small = [lane for lane, v in enumerate(x) if v % 4 == 0]
    rest = [lane for lane in range(len(x)) if lane not in small]
    inner = [7 if lane in small else 100 * len(rest) for lane in range(len(x))]
    return [v + 10000 * len(x) for v in inner]


def break_of_inner(x: Lanes) -> Lanes:
    r = [0] * len(x)
    for a in range(3):
        for b in range(4):
            inside = [lane for lane, v in enumerate(x) if b < (v + a) % 5]
            for lane in inside:
                r[lane] += len(inside) << b
        for lane in range(len(x)):
            r[lane] += 1000 * len(x)
    return r


def infinite_loop_with_breaks(x: Lanes) -> Lanes:
    r = [0] * len(x)
    for k in range(8):
        # The break stands after the call, so a lane takes part in the round that it leaves in.
        inside = [lane for lane, v in enumerate(x) if k <= v % 8]
        for lane in inside:
            r[lane] = r[lane] * 3 + len(inside)
    return [v + len(x) for v in r]


INT_MODELS: tuple[Model, ...] = (
    in_if,
    if_else,
    nested_if,
    early_return,
    helper_called_twice,
    ternary_operands,
    call_in_ternary,
    short_circuit,
    short_circuit_or,
)
UINT_MODELS: tuple[Model, ...] = (
    different_trip_counts,
    branch_in_loop,
    break_out,
    continue_on,
    loop_in_helper,
    while_loop,
    in_switch,
    fall_through,
    nested_loops,
    ballot_in_loop,
    prefix_of_active,
    return_in_loop,
    return_in_helper,
    break_of_inner,
    infinite_loop_with_breaks,
    *divergent_models.MODELS,
)


def modelled() -> list[Case]:
    found = []
    for n, t, variant in in_shapes(SHAPES):
        mixed = [(k * 29 + k // 7) % 61 for k in range(n)]
        blocks = [k // 4 * 3 % 61 for k in range(n)]
        for kind, x in (("mixed", mixed), ("blocks", blocks)):
            for models, dtype, wrap in ((INT_MODELS, "int32", i32), (UINT_MODELS, "uint32", u32)):
                for model in models:
                    expected = [wrap(v) for v in per_cluster(x, n, t, model)]
                    buffers = given(0, x, dtype), out(1, expected, dtype)
                    name = model.__name__
                    found.append(case(name, n, t, *buffers, variant=f"{kind}-{variant}"))
    return found


def half_group_then_all(n: int, t: int, variant: str) -> Case:
    x = [(k * 29) % 61 / 4 for k in range(n)]

    def model(lanes: list[float]) -> list[float]:
        v = [lanes[k ^ 1] if k < 16 else lanes[k] for k in range(len(lanes))]
        return [value + max(v) for value in v]

    expected = out(1, per_cluster(x, n, t, model))
    return case("half_group_then_all", n, t, given(0, x), expected, variant=variant)


def first_of_active(n: int, t: int, variant: str) -> Case:
    x = [(k * 29 + k // 7) % 61 for k in range(n)]

    def model(threads: list[int]) -> list[int]:
        odd = [i for i in threads if x[i] % 2 == 1]
        return [1 + odd[0] + 1000 * (i == odd[0]) if i in odd else 0 for i in threads]

    expected = out(1, per_cluster(range(n), n, t, model), "uint32")
    return case("first_of_active", n, t, given(0, x, "uint32"), expected, variant=variant)


def barrier_between(n: int) -> Case:
    x = [(k * 29 + k // 7) % 61 for k in range(n)]
    r = per_cluster(x, n, 64, lambda lanes: [sum(v & 1 for v in lanes) * (v & 1) for v in lanes])
    expected = []
    for i in range(n):
        group, t = i - i % 64, i % 64
        expected.append(r[i] + (100 * r[group + 63 - t] if t < 32 else 0) + 10000 * 32)
    buffers = given(0, x, "uint32"), out(1, expected, "uint32")
    return case("barrier_between", n, 64, *buffers, variant=str(n))


def cases() -> list[Case]:
    found = modelled()
    for n, t, variant in in_shapes(((32, 32), (38, 38), (128, 64))):
        found += [half_group_then_all(n, t, variant), first_of_active(n, t, variant)]
    return [*found, barrier_between(64), barrier_between(192)]
