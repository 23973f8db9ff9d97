"""Cases of indices.metal: every index attribute over shapes with edges, in 1 to 3 dimensions."""

from __future__ import annotations

from collections.abc import Callable

from conformance_cases.model import Case, case, in_shapes, out, triple
from conformance_cases.simt import QUAD_WIDTH, SIMD_WIDTH, Thread, per_thread

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


Value = Callable[[Thread], int]


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


OF_LINES: dict[str, Value] = {
    "grid_1d": lambda a: a.flat,
    "grid_1d_ushort": lambda a: 3 * a.flat,
    "lane_ushort": lambda a: a.simdgroup * 100 + a.lane,
    "simdgroup_counts": lambda a: (
        ceil_div(a.group_size[0], SIMD_WIDTH)
        + 100 * ceil_div(a.nominal_size[0], SIMD_WIDTH)
        + 10000 * SIMD_WIDTH
    ),
    "execution_width": lambda a: SIMD_WIDTH,
    "quad_indices": lambda a: (
        a.index % QUAD_WIDTH
        + 10 * (a.index // QUAD_WIDTH)
        + 1000 * ceil_div(a.group_size[0], QUAD_WIDTH)
    ),
    "origin_is_zero": lambda a: a.grid[0],
}
OF_PLANES: dict[str, Value] = {
    "grid_2d": lambda a: a.grid_position[0] * 100 + a.grid_position[1],
    "local_position": lambda a: a.local[0] * 100 + a.local[1],
    "group_position": lambda a: a.group[1] * a.groups[0] + a.group[0],
    "edge_sizes": lambda a: (
        a.group_size[0] + 10 * a.group_size[1] + 100 * a.nominal_size[0] + 1000 * a.nominal_size[1]
    ),
    "lane_and_simdgroup": lambda a: a.simdgroup * 100 + a.lane,
}
OF_SOLIDS: dict[str, Value] = {
    "grid_3d": lambda a: decimal(a.grid_position),
    "grid_3d_ushort": lambda a: decimal(a.grid_position),
    "linear_index": lambda a: a.index,
    "all_sizes": lambda a: a.grid[0] * a.grid[1] * a.grid[2] + 1000 * decimal(a.groups),
}


def decimal(extents: tuple[int, int, int]) -> int:
    """Three numbers in one, as the kernels write them: x + 10 y + 100 z."""
    return extents[0] + 10 * extents[1] + 100 * extents[2]


def shape_name(*shapes: tuple[int, ...]) -> str:
    return "by".join("x".join(map(str, shape)) for shape in shapes)


def lines() -> list[Case]:
    cases = []
    for n, t, variant in in_shapes(LINES):
        for name, value in OF_LINES.items():
            expected = out(0, per_thread(n, t, value), "uint32")
            cases.append(case(name, n, t, expected, variant=variant))
    # This kernel takes all groups to be full.
    for n, t in ((64, 32), (111, 37), (8, 4)):
        expected = out(0, per_thread(n, t, lambda a: a.group[0] * 1000 + a.local[0]), "uint32")
        cases.append(case("attribute_before_name", n, t, expected, variant=f"{n}x{t}"))
    return cases


def planes() -> list[Case]:
    return [
        case(name, n, t, out(0, per_thread(n, t, value), "uint32"), variant=shape_name(n, t))
        for n, t in PLANES
        for name, value in OF_PLANES.items()
    ]


def solids() -> list[Case]:
    flat = tuple((triple(n), triple(t)) for n, t in PLANES[2:4])
    return [
        case(name, n, t, out(0, per_thread(n, t, value), "uint32"), variant=shape_name(n, t))
        for n, t in SOLIDS + flat
        for name, value in OF_SOLIDS.items()
    ]


def cases() -> list[Case]:
    return lines() + planes() + solids()
