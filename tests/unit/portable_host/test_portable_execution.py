"""What kernels compute on the portable host: geometry, memory, barriers, collectives, orders."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from host_client import Host, Pool, dispatch, function
from numpy.typing import NDArray

pytestmark = pytest.mark.host
SEEDS = range(20)
Words = NDArray[np.uint32]


def words(count: int) -> Words:
    return np.zeros(count, np.uint32)


def compute(
    host: Host,
    library: Path,
    functions: list[dict[str, Any]],
    pool: Pool,
    dispatches: list[dict[str, Any]],
    **run: Any,
) -> None:
    reply = host.load(library, functions)
    assert reply["ok"], reply
    reply = host.bind(pool, dispatches)
    assert reply["ok"], reply
    reply = host.run(**run)
    assert reply["ok"], reply
    assert reply["elapsed_ns"] > 0 and reply["clock"] == "wall"


def under_all_seeds(
    host: Host, library: Path, name: str, threads: int, grid: int, out_words: int, **fields: Any
) -> Words:
    """The one result of `name` under every schedule; its output is buffer 0."""
    pool = Pool({"out": words(out_words)})
    functions = [function(name, "fiber", **fields)]
    compute(
        host, library, functions, pool, [dispatch(name, [grid, 1, 1], [threads, 1, 1], ["out"])]
    )
    expected: Words = pool.read("out")
    for seed in SEEDS:
        pool.write("out", words(out_words))
        assert host.run(schedule_seed=seed)["ok"]
        np.testing.assert_array_equal(pool.read("out"), expected, err_msg=f"seed {seed}")
    pool.close()
    return expected


def test_loop_mode_covers_a_ragged_grid(host: Host, kernels: Path) -> None:
    values = np.arange(100_003, dtype=np.float32)
    pool = Pool({"in": values, "out": np.full_like(values, np.nan)})
    job = dispatch("copy", [values.size, 1, 1], [256, 1, 1], ["in", "out"])
    compute(host, kernels, [function("copy", "loop")], pool, [job])
    np.testing.assert_array_equal(pool.read("out"), values)


@pytest.mark.parametrize("threads", [2, 32, 64, 256, 1024])
def test_barriers_order_a_tree_sum(host: Host, kernels: Path, threads: int) -> None:
    values = np.random.default_rng(1).integers(0, 1000, threads * 9, dtype=np.uint32)
    pool = Pool({"in": values, "out": words(9)})
    functions = [function("tree_sum", "fiber", static_threadgroup_bytes=4096)]
    job = dispatch("tree_sum", [values.size, 1, 1], [threads, 1, 1], ["in", "out"])
    compute(host, kernels, functions, pool, [job])
    for seed in SEEDS:
        pool.write("out", words(9))
        assert host.run(schedule_seed=seed)["ok"]
        np.testing.assert_array_equal(pool.read("out"), values.reshape(9, -1).sum(1))


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_every_threadgroup_runs_once_on_any_number_of_threads(
    host: Host, kernels: Path, threads: int
) -> None:
    grids = [1, 2, 3, 31, 64, 65, 1000, 4096]
    pool = Pool({"marks": words(4096), "sums": words(4)})
    jobs = [dispatch("uneven", [grid, 1, 1], [1, 1, 1], ["marks", "sums"]) for grid in grids]
    assert host.load(kernels, [function("uneven", "loop")], threads=threads)["ok"]
    assert host.bind(pool, jobs)["ok"]
    seeds = [0, 0, 7, 0]
    for seed in seeds:
        assert host.run(schedule_seed=seed)["ok"]
    places = np.arange(4096)
    marks = len(seeds) * sum((places < grid).astype(np.int64) for grid in grids)
    np.testing.assert_array_equal(pool.read("marks"), marks)
    sums = [(marks * places)[places % 4 == n].sum() % 2**32 for n in range(4)]
    np.testing.assert_array_equal(pool.read("sums"), sums)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_dispatches_follow_each_other_on_any_number_of_threads(
    host: Host, kernels: Path, threads: int
) -> None:
    values = np.random.default_rng(3).integers(0, 1000, 64 * 125, dtype=np.uint32)
    pool = Pool({"in": values, "a": words(values.size), "b": words(values.size), "out": words(125)})
    steps = [("increment", "in", "a"), ("reverse", "a", "b"), ("increment", "b", "a")] * 5
    jobs = [dispatch(name, [values.size, 1, 1], [32, 1, 1], [*pair]) for name, *pair in steps]
    jobs.append(dispatch("tree_sum", [values.size, 1, 1], [64, 1, 1], ["a", "out"]))
    functions = [function("increment", "loop"), function("reverse", "loop")]
    functions.append(function("tree_sum", "fiber", static_threadgroup_bytes=4096))
    assert host.load(kernels, functions, threads=threads)["ok"]
    assert host.bind(pool, jobs)["ok"]
    for seed in (0, 11):
        pool.write("out", words(125))
        assert host.run(schedule_seed=seed)["ok"]
        np.testing.assert_array_equal(pool.read("a"), values[::-1] + 2)
        np.testing.assert_array_equal(pool.read("out"), (values[::-1] + 2).reshape(125, 64).sum(1))


@pytest.mark.parametrize("threads", [32, 45, 96])
def test_collectives_diverge_and_reconverge_in_if_else(
    host: Host, kernels: Path, threads: int
) -> None:
    out = under_all_seeds(host, kernels, "if_else", threads, threads * 3, threads * 6)
    rows = out.reshape(3, threads, 2)
    for first in range(0, threads, 32):
        lanes = np.arange(min(32, threads - first))
        thirds = lanes % 3 == 0
        expected = np.where(thirds, thirds.sum(), 100 * (~thirds).sum())
        np.testing.assert_array_equal(rows[:, first : first + 32, 0], np.tile(expected, (3, 1)))
        np.testing.assert_array_equal(rows[:, first : first + 32, 1], len(lanes))


def nested_loops(lanes: int) -> list[int]:
    """The kernel of that name in lock step: each sum counts the lanes that run the iteration."""
    totals = [0] * lanes
    running = set(range(lanes))
    for i in range(7):
        running = {lane for lane in running if i < 2 + lane % 5}
        running -= {lane for lane in running if lane % 7 == 3 and i == 2}
        inside = {lane for lane in running if not (lane % 4 == 1 and i == 1)}
        for j in range(3):
            active = {lane for lane in inside if j < 1 + (lane + i) % 3}
            for lane in active:
                totals[lane] = (totals[lane] * 3 + len(active)) % 2**32
    return totals


@pytest.mark.parametrize("threads", [32, 40])
def test_collectives_in_nested_loops(host: Host, kernels: Path, threads: int) -> None:
    out = under_all_seeds(host, kernels, "nested_loops", threads, threads, threads * 2)
    rows = out.reshape(threads, 2)
    expected = nested_loops(32) + nested_loops(threads - 32)
    np.testing.assert_array_equal(rows[:, 0], expected)
    np.testing.assert_array_equal(rows[:, 1], [32] * 32 + [threads - 32] * (threads - 32))


def test_returned_lanes_take_no_part(host: Host, kernels: Path) -> None:
    out = under_all_seeds(host, kernels, "early_return", 64, 128, 128).reshape(4, 32)
    np.testing.assert_array_equal(out[:, 20:], 0)
    np.testing.assert_array_equal(out[:, 1:20:2], 20)
    np.testing.assert_array_equal(out[:, 0:20:2], 20 + 1000 * 10)


def test_lanes_in_a_barrier_do_not_hold_up_collectives(host: Host, kernels: Path) -> None:
    out = under_all_seeds(host, kernels, "barrier_and_collective", 64, 64, 64).reshape(2, 32)
    lane = np.arange(32)
    # Iteration i of the loop is run by the lanes below 16 with lane % 4 > i.
    counts = [12, 8, 4]
    sums = np.array([sum(counts[: n % 4]) if n < 16 else 0 for n in lane])
    np.testing.assert_array_equal(out, np.tile(sums * 100 + 32, (2, 1)))


def test_a_barrier_after_a_collective_holds_everybody(host: Host, kernels: Path) -> None:
    fields = {"static_threadgroup_bytes": 256}
    out = under_all_seeds(host, kernels, "collective_then_barrier", 64, 64, 64, **fields)
    np.testing.assert_array_equal(out, 32)


def test_one_function_called_from_two_places(host: Host, kernels: Path) -> None:
    out = under_all_seeds(host, kernels, "two_call_sites", 32, 32, 32)
    np.testing.assert_array_equal(out, [16 if lane % 2 else 1600 for lane in range(32)])


@pytest.mark.parametrize("threads", [2, 33, 1024])
def test_a_thread_that_returns_releases_those_who_wait(
    host: Host, kernels: Path, threads: int
) -> None:
    out = under_all_seeds(host, kernels, "last_returns", threads, threads, threads)
    np.testing.assert_array_equal(out, [7] * (threads - 1) + [0])


def test_seeds_are_different_orders_and_repeat_themselves(host: Host, kernels: Path) -> None:
    pool = Pool({"out": words(128)})
    functions = [function("arrival_order", "fiber", static_threadgroup_bytes=16)]
    job = dispatch("arrival_order", [128, 1, 1], [128, 1, 1], ["out"])
    compute(host, kernels, functions, pool, [job])
    orders: dict[int, tuple[int, ...]] = {}
    for seed in [*SEEDS, *SEEDS]:
        assert host.run(schedule_seed=seed)["ok"]
        order = tuple(pool.read("out"))
        assert sorted(order) == list(range(128))
        assert orders.setdefault(seed, order) == order
    assert len(set(orders.values())) == len(orders)


def test_dispatches_and_instances_run_in_order(host: Host, kernels: Path) -> None:
    count, instances, rounds = 5000, 4, 6
    arrays = {f"{slot}{i}": words(count) for i in range(instances) for slot in "ab"}
    pool = Pool(arrays)
    start = np.random.default_rng(2).integers(0, 1000, count, dtype=np.uint32)
    for i in range(instances):
        pool.write(f"a{i}", start + i)
    functions = [function("increment", "loop"), function("reverse", "loop")]
    assert host.load(kernels, functions)["ok"]
    grid, threadgroup = [count, 1, 1], [64, 1, 1]
    pair = [
        dispatch("increment", grid, threadgroup, ["a", "b"]),
        dispatch("reverse", grid, threadgroup, ["b", "a"]),
    ]
    regions = [[list(pool.regions[f"{slot}{i}"]) for slot in "ab"] for i in range(instances)]
    reply = host.ask(
        "bind",
        pool={"path": pool.path, "bytes": pool.bytes},
        slots=["a", "b"],
        instances=regions,
        dispatches=pair * rounds,
    )
    assert reply["ok"], reply
    assert host.run(first=1, count=3, schedule_seed=5)["ok"]
    np.testing.assert_array_equal(pool.read("a0"), start)
    for i in range(1, instances):
        np.testing.assert_array_equal(pool.read(f"a{i}"), start + i + rounds)
    pool.close()


def test_edge_threadgroups_are_smaller_in_three_dimensions(host: Host, kernels: Path) -> None:
    grid, threadgroup = (7, 5, 3), (4, 4, 2)
    pool = Pool({"sizes": words(105), "indices": words(105)})
    job = dispatch("shape", list(grid), list(threadgroup), ["sizes", "indices"])
    compute(host, kernels, [function("shape", "fiber")], pool, [job])
    sizes, indices = (pool.read(name).reshape(3, 5, 7) for name in ("sizes", "indices"))
    for z, y, x in np.ndindex(3, 5, 7):
        at = (x, y, z)
        size = [min(t, g - p // t * t) for p, g, t in zip(at, grid, threadgroup, strict=True)]
        position = [p % t for p, t in zip(at, threadgroup, strict=True)]
        assert sizes[z, y, x] == size[0] * 100 + size[1] * 10 + size[2]
        index = (position[2] * size[1] + position[1]) * size[0] + position[0]
        assert indices[z, y, x] == index + 1


def test_threadgroup_memory_is_poison_in_every_threadgroup(host: Host, kernels: Path) -> None:
    pool = Pool({"out": words(500)})
    functions = [function("poison", "loop", static_threadgroup_bytes=256)]
    job = dispatch("poison", [500, 1, 1], [1, 1, 1], ["out"])
    compute(host, kernels, functions, pool, [job])
    seen = set()
    for seed in range(4):
        assert host.run(schedule_seed=seed)["ok"]
        (word,) = set(pool.read("out"))
        assert np.isnan(np.array([word], np.uint32).view(np.float32)[0])
        seen.add(word)
    assert 0x7FC0DEAD in seen and len(seen) == 4


def test_dynamic_threadgroup_memory_and_constants(host: Host, kernels: Path) -> None:
    pool = Pool({"out": words(2)})
    functions = [
        function("arguments", "loop", static_threadgroup_bytes=20, threadgroup_arguments=[0, 3])
    ]
    constant = base64.b64encode(np.array([41], np.uint32).tobytes()).decode()
    job = dispatch("arguments", [1, 1, 1], [1, 1, 1], ["out"])
    job |= {"constants": {"5": constant}, "threadgroup_memory": {"0": 32, "3": 16}}
    compute(host, kernels, functions, pool, [job])
    np.testing.assert_array_equal(pool.read("out"), [1, 41])
