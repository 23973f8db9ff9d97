"""Cases of indices.metal: every index attribute over shapes with edges, in 1 to 3 dimensions."""

from __future__ import annotations

from conformance_cases.model import Case, case, in_shapes, out, triple
from conformance_cases.simt import QUAD_WIDTH, SIMD_WIDTH, per_thread

LINES = ((32, 32), (64, 64), (37, 37), (256, 256), (1024, 1024), (100, 64), (5, 8), (1, 1))
PLANES = (
    ((8, 8), (8, 8)),
    ((16, 16), (16, 16)),
    ((20, 9), (8, 4)),
    ((7, 5), (7, 5)),
    ((3, 11), (32, 1)),
    ((1, 70), (1, 64)),
)
SOLIDS = (
    ((8, 8, 4), (8, 8, 4)),
    ((5, 6, 7), (4, 4, 4)),
    ((3, 3, 3), (3, 3, 3)),
    ((1, 2, 40), (1, 2, 37)),
)


def shape_name(*shapes: tuple[int, ...]) -> str:
    return "by".join("x".join(map(str, shape)) for shape in shapes)


def lines() -> list[Case]:
    cases = []
    for n, t, variant in in_shapes(LINES):
        cases += [
            case("grid_1d", n, t, out(0, range(n), "uint32"), variant=variant),
            case(
                "grid_1d_ushort", n, t, out(0, [3 * i for i in range(n)], "uint32"), variant=variant
            ),
        ]
        table = {
            "lane_ushort": lambda a: a.simdgroup * 100 + a.lane,
            "simdgroup_counts": lambda a, t=t: (
                -(-a.group_size[0] // SIMD_WIDTH) + 100 * -(-t // SIMD_WIDTH) + 10000 * SIMD_WIDTH
            ),
            "execution_width": lambda a: SIMD_WIDTH,
            "quad_indices": lambda a: (
                a.index % QUAD_WIDTH
                + 10 * (a.index // QUAD_WIDTH)
                + 1000 * -(-a.group_size[0] // QUAD_WIDTH)
            ),
            "origin_is_zero": lambda a, n=n: n,
        }
        for name, value in table.items():
            expected = out(0, per_thread(n, t, value), "uint32")
            cases.append(case(name, n, t, expected, variant=variant))
    for n, t in ((64, 32), (111, 37), (8, 4)):
        expected = out(0, per_thread(n, t, lambda a: a.group[0] * 1000 + a.local[0]), "uint32")
        cases.append(case("attribute_before_name", n, t, expected, variant=f"{n}x{t}"))
    return cases


def planes() -> list[Case]:
    cases = []
    for n, t in PLANES:
        groups_x = -(-n[0] // t[0])
        table = {
            "grid_2d": lambda a: a.grid_position[0] * 100 + a.grid_position[1],
            "local_position": lambda a: a.local[0] * 100 + a.local[1],
            "group_position": lambda a, groups_x=groups_x: a.group[1] * groups_x + a.group[0],
            "edge_sizes": lambda a, t=t: (
                a.group_size[0] + 10 * a.group_size[1] + 100 * t[0] + 1000 * t[1]
            ),
            "lane_and_simdgroup": lambda a: a.simdgroup * 100 + a.lane,
        }
        for name, value in table.items():
            expected = out(0, per_thread(n, t, value), "uint32")
            cases.append(case(name, n, t, expected, variant=shape_name(n, t)))
    return cases


def solids() -> list[Case]:
    cases = []
    for n, t in SOLIDS + tuple((triple(n), triple(t)) for n, t in PLANES[2:4]):
        table = {
            "grid_3d": lambda a: sum(a.grid_position[axis] * 10**axis for axis in range(3)),
            "linear_index": lambda a: a.index,
            "all_sizes": lambda a, n=n, t=t: (
                n[0] * n[1] * n[2]
                + 1000 * sum(-(-n[axis] // t[axis]) * 10**axis for axis in range(3))
            ),
        }
        table["grid_3d_ushort"] = table["grid_3d"]
        for name, value in table.items():
            expected = out(0, per_thread(n, t, value), "uint32")
            cases.append(case(name, n, t, expected, variant=shape_name(n, t)))
    return cases


def cases() -> list[Case]:
    return lines() + planes() + solids()
