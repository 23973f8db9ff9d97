"""How kernels fail on the portable host, and that the supervisor stays usable."""

from __future__ import annotations

import base64
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from host_client import Host, Pool, dispatch, function

pytestmark = pytest.mark.host
FIBERS = {"overflow_fiber", "fast"}


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool({"out": np.zeros(64, np.uint32), "in": np.zeros(64, np.uint32)})
    yield made
    made.close()


def mode(name: str) -> str:
    return "fiber" if name in FIBERS else "loop"


def bind_one(host: Host, library: Path, pool: Pool, name: str, **fields: Any) -> dict[str, Any]:
    reply = host.load(library, [function(name, mode(name), **fields)])
    assert reply["ok"], reply
    return host.bind(pool, [dispatch(name, [1, 1, 1], [1, 1, 1], ["out", "in"])])


def worker_of(host: Host) -> int:
    task = Path(f"/proc/{host.process.pid}/task/{host.process.pid}/children")
    (child,) = task.read_text().split()
    return int(child)


def status_of(process: int) -> dict[str, str]:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def still_works(host: Host, library: Path, pool: Pool) -> None:
    assert bind_one(host, library, pool, "copy")["ok"]
    assert host.run()["ok"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("null_write", "segmentation fault (SIGSEGV) at address 0x0"),
        ("overflow_loop", "stack overflow"),
        ("overflow_fiber", "stack overflow"),
        ("divide", "integer division by zero"),
        ("trap", "SIG"),
        ("system_write", "blocked system call"),
        ("system_open", "blocked system call"),
        ("system_exit", "ended by itself with exit code 0"),
    ],
)
def test_a_crash_is_told_and_survived(
    host: Host, kernels: Path, pool: Pool, name: str, words: str
) -> None:
    assert bind_one(host, kernels, pool, name)["ok"]
    reply = host.run()
    assert not reply["ok"] and reply["status"] == "crashed"
    assert words in reply["reason"]
    assert "fault" in host.run(), "the worker is gone: load again"
    still_works(host, kernels, pool)


def test_an_endless_loop_meets_its_deadline(host: Host, kernels: Path, pool: Pool) -> None:
    assert bind_one(host, kernels, pool, "endless")["ok"]
    worker = worker_of(host)
    reply = host.run(deadline_ms=200)
    assert reply["status"] == "timeout" and "200 ms" in reply["reason"]
    assert not Path(f"/proc/{worker}").exists()
    still_works(host, kernels, pool)


def test_a_memory_bomb_is_refused(
    host: Host, libraries: Callable[[str], Path], kernels: Path, pool: Pool
) -> None:
    reply = host.load(libraries("bomb"), [function("explode", "loop")], memory_limit_bytes=1 << 30)
    assert reply["status"] == "pipeline_error"
    assert "the memory limit is 1073741824" in reply["reason"]
    still_works(host, kernels, pool)


def test_opening_a_library_can_do_nothing_outside(
    host: Host, libraries: Callable[[str], Path], pool: Pool
) -> None:
    assert bind_one(host, libraries("constructor"), pool, "tell")["ok"]
    assert host.run()["ok"]
    assert list(pool.read("out")[:2]) == [1, 1], "creat and socket failed with EPERM"


def test_the_worker_is_locked_down(host: Host, kernels: Path, pool: Pool) -> None:
    assert bind_one(host, kernels, pool, "copy")["ok"]
    worker = worker_of(host)
    threads = list(Path(f"/proc/{worker}/task").iterdir())
    assert len(threads) == 2
    for thread in threads:
        facts = status_of(int(thread.name))
        assert facts["Seccomp"] == "2" and facts["NoNewPrivs"] == "1"
    if os.geteuid() == 0:
        assert not list(Path(f"/proc/{worker}/fd").iterdir())
    else:
        with pytest.raises(PermissionError):
            list(Path(f"/proc/{worker}/fd").iterdir())


def test_freeze_stops_and_the_next_run_thaws(host: Host, kernels: Path, pool: Pool) -> None:
    assert bind_one(host, kernels, pool, "copy")["ok"]
    assert host.run()["ok"] and host.ask("freeze")["ok"] and host.ask("freeze")["ok"]
    assert status_of(worker_of(host))["State"].startswith("T")
    assert host.run()["ok"]
    assert not status_of(worker_of(host))["State"].startswith("T")
    assert host.ask("idle", deadline_ms=1000)["elapsed_ns"] > 0


def test_binding_again_restarts_the_worker_only_when_it_must(
    host: Host, kernels: Path, pool: Pool
) -> None:
    assert host.load(kernels, [function("copy", "loop"), function("fast", "fiber")])["ok"]

    def bind(to: Pool, name: str, threads: int) -> int:
        job = dispatch(name, [threads, 1, 1], [threads, 1, 1], ["in", "out"])
        reply = host.bind(to, [job])
        assert reply["ok"], reply
        assert host.run()["ok"]
        return worker_of(host)

    first = bind(pool, "fast", 64)
    assert bind(pool, "copy", 8) == first
    assert bind(pool, "fast", 32) == first
    more_stacks = bind(pool, "fast", 1024)
    assert more_stacks != first
    other = Pool({"out": np.zeros(64, np.float32), "in": np.arange(64, dtype=np.float32)})
    assert bind(other, "copy", 64) != more_stacks
    np.testing.assert_array_equal(other.read("out"), np.arange(64))
    other.close()


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM])
def test_the_worker_dies_with_its_supervisor(
    start: Callable[[], Host], kernels: Path, pool: Pool, signal_number: int
) -> None:
    host = start()
    assert bind_one(host, kernels, pool, "copy")["ok"]
    worker = worker_of(host)
    host.process.send_signal(signal_number)
    host.process.wait(timeout=10)
    for _ in range(200):
        if not Path(f"/proc/{worker}").exists() or status_of(worker)["State"].startswith("Z"):
            return
        time.sleep(0.01)
    pytest.fail("the worker outlived its supervisor")


def test_a_worker_killed_from_outside_is_a_crash(host: Host, kernels: Path, pool: Pool) -> None:
    assert bind_one(host, kernels, pool, "copy")["ok"]
    os.kill(worker_of(host), signal.SIGKILL)
    reply = host.run()
    assert reply["status"] == "crashed" and "SIGKILL" in reply["reason"]
    still_works(host, kernels, pool)


def test_end_of_input_during_a_run_ends_everything(
    start: Callable[[], Host], kernels: Path, pool: Pool
) -> None:
    host = start()
    assert bind_one(host, kernels, pool, "endless")["ok"]
    worker = worker_of(host)
    assert host.process.stdin
    host.process.stdin.write('{"op": "run", "first": 0, "count": 1, "deadline_ms": 60000}\n')
    host.process.stdin.close()
    assert host.process.wait(timeout=10) == 0
    assert not Path(f"/proc/{worker}").exists()


def test_two_supervisors_do_not_meet(start: Callable[[], Host], kernels: Path) -> None:
    hosts = [start(), start()]
    pools = [
        Pool({"in": np.full(4096, i, np.float32), "out": np.zeros(4096, np.float32)})
        for i in (1, 2)
    ]
    for host, pool in zip(hosts, pools, strict=True):
        assert host.load(kernels, [function("copy", "loop")])["ok"]
        assert host.bind(pool, [dispatch("copy", [4096, 1, 1], [64, 1, 1], ["in", "out"])])["ok"]
    for host in hosts * 3:
        assert host.run()["ok"]
    for value, pool in zip((1, 2), pools, strict=True):
        np.testing.assert_array_equal(pool.read("out"), value)
        pool.close()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"static_threadgroup_bytes": 33792},
            "Threadgroup memory size (33792) exceeds the maximum threadgroup memory allowed "
            "(32768)",
        ),
        ({"max_threads": 2048}, "(2048) of 'copy' is not in 1 to 1024"),
    ],
)
def test_pipeline_limits(host: Host, kernels: Path, fields: dict[str, int], reason: str) -> None:
    reply = host.load(kernels, [function("copy", "loop", **fields)])
    assert reply["status"] == "pipeline_error" and reason in reply["reason"]


BIG = base64.b64encode(bytes(4100)).decode()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"threadgroup": [33, 32, 1]}, "has 1056 threads, the limit is 512"),
        ({"threadgroup": [2**40, 2**40, 1]}, "the limit is 512"),
        ({"grid": [0, 1, 1]}, "grid 0 x 1 x 1 of 'f' has no threads"),
        ({"threadgroup": [1, 0, 1]}, "has no threads"),
        ({"grid": [2**32, 1, 1]}, "limit of 4294967295"),
        ({"grid": [2**32 - 1] * 3}, "more than 2^64 threadgroups"),
        ({"threadgroup_memory": {"0": 24}}, "has 24 bytes, not a multiple of 16"),
        ({"threadgroup_memory": {"0": 32768}}, "Threadgroup memory size (32784) exceeds"),
        ({"threadgroup_memory": {}}, "threadgroup argument 0 of 'f' has no length"),
        ({"threadgroup_memory": {"0": 16, "2": 16}}, "no such argument"),
        ({"constants": {"4": BIG}}, "has 4100 bytes, the limit is 4096"),
        ({"buffers": {"0": {"slot": "out", "offset": 4096}}}, "lies behind the 256 bytes"),
    ],
)
def test_impossible_geometry_is_a_launch_error(
    host: Host, kernels: Path, pool: Pool, change: dict[str, Any], reason: str
) -> None:
    fields = {"max_threads": 512, "static_threadgroup_bytes": 16, "threadgroup_arguments": [0]}
    assert host.load(kernels, [function("f", "loop", **{**fields, "entry": "copy"})])["ok"]
    job = dispatch("f", [64, 1, 1], [64, 1, 1], ["in", "out"], threadgroup_memory={"0": 16})
    assert host.bind(pool, [job])["ok"]
    reply = host.bind(pool, [{**job, **change}])
    assert reply["status"] == "launch_error" and reason in reply["reason"]


def test_a_missing_library_and_a_missing_entry(host: Host, kernels: Path, tmp_path: Path) -> None:
    missing = host.load(tmp_path / "none.so", [function("copy", "loop")])
    assert missing["status"] == "pipeline_error" and "none.so" in missing["reason"]
    assert "no entry point" in host.load(kernels, [function("nowhere", "loop")])["fault"]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"op": 3}',
        '{"op": "dance"}',
        '{"op": "hello"}',
        '{"op": "hello", "version": 2}',
        '{"op": "hello", "version": 1, "extra": 0}',
        '{"op": "hello", "version": 1} trailing',
        '{"op": "hello", "version": 1.5}',
        '{"op": "hello", "op": "quit"}',
        '{"op": "hello", "version": 99999999999999999999}',
        '{"op": "load", "library": "relative.so", "functions": []}',
        '{"op": "load", "library": "/x", "functions": [{"name": "f"}]}',
        '{"op": "run", "first": 0, "count": 1, "deadline_ms": 100}',
        '{"op": "idle"}',
        '{"op": "freeze"}',
        '{"op": "bind", "pool": {}, "slots": [], "instances": [], "dispatches": []}',
        "[" * 100,
        '{"op": "\\ud800"}',
    ],
)
def test_a_bad_request_is_a_fault_and_the_next_one_works(host: Host, line: str) -> None:
    reply = host.ask_text(line)
    assert reply["ok"] is False and reply["fault"]
    assert host.ask("hello", version=1, id="é")["id"] == "é"


def test_bind_faults_of_the_caller(host: Host, kernels: Path, pool: Pool) -> None:
    assert host.load(kernels, [function("copy", "loop")])["ok"]
    good = {
        "pool": {"path": pool.path, "bytes": pool.bytes},
        "slots": list(pool.regions),
        "instances": [[list(region) for region in pool.regions.values()]],
        "dispatches": [dispatch("copy", [1, 1, 1], [1, 1, 1], ["in", "out"])],
    }
    assert host.ask("bind", **good)["ok"]
    changes: list[dict[str, Any]] = [
        {"pool": {"path": "/nowhere", "bytes": 1}},
        {"pool": {"path": pool.path, "bytes": pool.bytes * 2}},
        {"instances": [[[0, 4], [0, pool.bytes + 1]]]},
        {"instances": [[[0, 4]]]},
        {"instances": []},
        {"dispatches": []},
        {"dispatches": [dispatch("copy", [1, 1, 1], [1, 1, 1], ["in", "absent"])]},
        {"dispatches": [dispatch("other", [1, 1, 1], [1, 1, 1], ["in", "out"])]},
    ]
    for change in changes:
        assert host.ask("bind", **{**good, **change}).get("fault"), change
    assert host.ask("run", first=1, count=1, deadline_ms=100)["fault"]


def test_quit_ends_the_supervisor(host: Host) -> None:
    assert host.ask("quit")["ok"]
    assert host.process.wait(timeout=10) == 0


def test_end_of_input_ends_the_supervisor(host: Host) -> None:
    assert host.ask("hello", version=1)["ok"]
    assert host.process.stdin
    host.process.stdin.close()
    assert host.process.wait(timeout=10) == 0
