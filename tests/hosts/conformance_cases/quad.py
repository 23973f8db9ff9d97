"""Cases of quad.metal: clusters of four lanes, whole, partial and divergent."""

from __future__ import annotations

from conformance_cases.model import ANY, Case, case, given, in_shapes, out
from conformance_cases.simt import QUAD_WIDTH, i32, per_cluster

SHAPES = ((32, 32), (64, 64), (256, 256), (37, 37), (100, 64), (3, 3))
Quad = list[int]


def sums(x: Quad) -> list[int]:
    return [sum(x) + 1000 * max(x) - min(x)] * len(x)


def divergent(x: Quad) -> list[int]:
    odd = [v for v in x if v & 1]
    return [(sum(odd) if v & 1 else 0) + 1000 * len(x) for v in x]


def prefixes(x: Quad) -> list[int]:
    return [sum(x[:k]) + 1000 * sum(x[: k + 1]) for k in range(len(x))]


def bits(x: Quad) -> list[int]:
    result = [x[0], x[0], x[0]]
    for v in x[1:]:
        result = [result[0] & v, result[1] | v, result[2] ^ v]
    return [result[0] + 1000 * result[1] + 1000000 * result[2]] * len(x)


def votes(x: Quad) -> list[int]:
    ballot = sum((v > 40) << k for k, v in enumerate(x))
    return [ballot + 100 * x[0] + 100000 * (k == 0) for k in range(len(x))]


def whole_only(x: Quad, values: list[int]) -> list[object]:
    """These name all four lanes: a quad that is not full leaves some of them undefined."""
    return list(values) if len(x) == QUAD_WIDTH else [ANY] * len(x)


def pick(x: Quad, lane: int) -> int:
    return x[lane % len(x)]


def shuffles(x: Quad) -> list[object]:
    return whole_only(x, [pick(x, k ^ 3) + 1000 * pick(x, 2) for k in range(len(x))])


def neighbours(x: Quad) -> list[object]:
    down = [x[min(k + 1, len(x) - 1)] for k in range(len(x))]
    up = [x[max(k - 1, 0)] for k in range(len(x))]
    return whole_only(x, [d + 1000 * u for d, u in zip(down, up, strict=True)])


def any_lane(x: Quad) -> list[object]:
    flags = 1000 * any(v > 60 for v in x) + 2000 * all(v > 10 for v in x)
    return whole_only(x, [pick(x, k + 2) + flags for k in range(len(x))])


def rotated(x: Quad) -> list[object]:
    return whole_only(x, [pick(x, k + 1) + 1000 * pick(x, k - 1) for k in range(len(x))])


def filled(x: Quad) -> list[object]:
    up = [x[k - 1] if k >= 1 else -pick(x, 3) for k in range(len(x))]
    down = [pick(x, k + 2) if k + 2 < QUAD_WIDTH else -pick(x, k - 2) for k in range(len(x))]
    return whole_only(x, [u + 1000 * d for u, d in zip(up, down, strict=True)])


MODELS = (divergent, prefixes, bits, votes, shuffles, neighbours, any_lane, rotated, filled)


def cases() -> list[Case]:
    found = []
    for n, t, variant in in_shapes(SHAPES):
        x = [(k * 29 + k // 5) % 101 for k in range(n)]
        # float arithmetic on integers far below 2^24
        expected = out(1, per_cluster(x, n, t, sums, QUAD_WIDTH))
        found.append(case("sums", n, t, given(0, x), expected, variant=variant))
        for model in MODELS:
            values = per_cluster(x, n, t, model, QUAD_WIDTH)
            if all(v == ANY for v in values):
                continue
            expected = out(1, [v if v == ANY else i32(v) for v in values], "int32")
            name = model.__name__
            found.append(case(name, n, t, given(0, x, "int32"), expected, variant=variant))
    return found
