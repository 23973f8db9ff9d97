"""What the lanes of one SIMD-group hold after the longer kernels of simd_divergent.metal."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_, xor

from conformance_cases.simt import u32

Lanes = list[int]


def masks_in_branch(x: Lanes) -> Lanes:
    inside = [lane for lane, v in enumerate(x) if v % 3 != 0]
    active = sum(1 << lane for lane in inside)
    votes = sum(1 << lane for lane in inside if x[lane] > 30)
    return [u32(active * 3 + votes) if v % 3 != 0 else 0 for v in x]


def reductions_in_branch(x: Lanes) -> Lanes:
    odd = [v for v in x if v & 1]
    if not odd:
        return [0] * len(x)
    flags = all(v > 5 for v in odd) + 2 * any(v > 55 for v in odd) + 4 * (reduce(xor, odd) & 1)
    r = min(odd) + 100 * reduce(and_, odd) + 10000 * reduce(or_, odd) + 1000000 * flags
    return [r if v & 1 else 0 for v in x]


def collective_condition(x: Lanes) -> Lanes:
    v, rounds = list(x), 0
    while any(value > 4 for value in v):
        v = [value - 4 if value > 4 else value for value in v]
        rounds += 1
    return [rounds * 100 + value for value in v]


def collective_in_for(x: Lanes) -> Lanes:
    r = [0] * len(x)
    for k in range(5):
        inside = [lane for lane, v in enumerate(x) if k < v % 6]
        for lane in inside:
            r[lane] = r[lane] * 33 + len(inside)
    return [u32(v) for v in r]


def helper_returns_from_loop(x: Lanes) -> Lanes:
    r = [0] * len(x)
    inside = list(range(len(x)))
    for k in range(2, 6):
        for lane in inside:
            if x[lane] % k == 0:
                r[lane] = k * 1000 + len(inside)
        inside = [lane for lane in inside if x[lane] % k != 0]
    for lane in inside:
        r[lane] = len(inside)
    return [v + 100000 * len(x) for v in r]


def deep_recursion_by_template(x: Lanes) -> Lanes:
    def descend(depth: int, held: dict[int, int]) -> dict[int, int]:
        if depth == 0:
            return dict.fromkeys(held, sum(v + 1 for v in held.values()))
        deeper = descend(depth - 1, {lane: v >> 1 for lane, v in held.items() if v & 1})
        return {lane: len(held) + 2 * deeper.get(lane, 0) for lane in held}

    r = descend(6, dict(enumerate(x)))
    return [u32(r[lane] + 1000000 * len(x)) for lane in range(len(x))]


def in_method_and_macro(x: Lanes) -> Lanes:
    first, second = sum(v & 1 for v in x), sum(v >> 1 & 1 for v in x)
    large = sum(v > 30 for v in x)
    return [
        first * (v & 1) + second * (v >> 1 & 1) + 100 * large * (v > 30) + 10000 * len(x) for v in x
    ]


def switch_in_loop(x: Lanes) -> Lanes:
    r = [0] * len(x)
    for k in range(3):
        kinds = [(v + k) % 4 for v in x]
        ones = [lane for lane, kind in enumerate(kinds) if kind == 1]
        others = [lane for lane, kind in enumerate(kinds) if kind > 1 and k != 2]
        after = [lane for lane, kind in enumerate(kinds) if kind != 0]
        for lane in ones:
            r[lane] = r[lane] * 3 + len(ones)
        for lane in others:
            r[lane] += 100 * len(others)
        for lane in after:
            r[lane] += 10000 * len(after)
    return [u32(v) for v in r]


def do_while_with_continue(x: Lanes) -> Lanes:
    r = [0] * len(x)
    for k in range(1, 5):
        here = [lane for lane, v in enumerate(x) if k == 1 or k - 1 < 1 + v % 4]
        inside = [lane for lane in here if (x[lane] + k) % 2 != 0]
        for lane in inside:
            r[lane] = r[lane] * 33 + len(inside)
    return r


MODELS = (
    masks_in_branch,
    reductions_in_branch,
    collective_condition,
    collective_in_for,
    helper_returns_from_loop,
    deep_recursion_by_template,
    in_method_and_macro,
    switch_in_loop,
    do_while_with_continue,
)
