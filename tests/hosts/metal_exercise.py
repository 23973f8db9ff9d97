"""Small jobs that go through every part of a Metal host; each says what is wrong, or nothing."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from msl.host_client import HostClient, HostError, Refused

SOURCE = """#include <metal_stdlib>
using namespace metal;
constant int FACTOR [[function_constant(0)]];
constant bool NEGATE [[function_constant(1)]];
kernel void bind(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],
                 constant float& add [[buffer(2)]], device const float* none [[buffer(3)]],
                 uint i [[thread_position_in_grid]]) {
  y[i] = x[i] + add + (none ? 1000.0f : 0.0f);
}
kernel void shape(device uint* y [[buffer(1)]], uint3 i [[thread_position_in_grid]],
                  uint3 grid [[threads_per_grid]], uint3 group [[threads_per_threadgroup]]) {
  y[i.x + i.y * grid.x] = grid.x * 1000 + group.x * 100 + group.y;
}
kernel void shared(device float* y [[buffer(1)]], threadgroup float* t [[threadgroup(0)]],
                   uint i [[thread_index_in_threadgroup]]) {
  t[i] = i;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  y[i] = t[7 - i];
}
kernel void scale(device float* y [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  y[i] = float(NEGATE ? -FACTOR : FACTOR);
}
"""
ELEMENTS, BYTES, STRIDE = 8, 32, 256
DEADLINE_MS = 20_000
Buffers = Mapping[int, tuple[str, int]]


class Host:
    """A host with a pool of `instances`, each with the slots x and y of 16 floats."""

    def __init__(self, program: Path, folder: Path, instances: int = 1) -> None:
        self.client = HostClient(program)
        self.source = folder / "exercise.metal"
        self.source.write_text(SOURCE)
        self.pool = folder / "pool"
        self.values = np.zeros((max(instances, 1) * 2, STRIDE // 4), np.float32)
        self.values[0::2] = np.arange(STRIDE // 4)
        self.values[1::2] = -1
        self.pool.write_bytes(self.values.tobytes())
        self.instances = instances

    def ask(self, op: str, **fields: Any) -> Mapping[str, Any] | Refused:
        return self.client.request(op, DEADLINE_MS, **fields)

    def load(self, *functions: str, **more: Any) -> Mapping[str, Any] | Refused:
        memory = {"shared": [0]}
        wanted = [{"name": n, "threadgroup_arguments": memory.get(n, [])} for n in functions]
        return self.ask("load", library=str(self.source), functions=wanted, **more)

    def bind(self, *dispatches: Mapping[str, Any], at: int = 0) -> Mapping[str, Any] | Refused:
        regions = [
            [[at + 2 * i * STRIDE, STRIDE], [at + (2 * i + 1) * STRIDE, STRIDE]]
            for i in range(self.instances)
        ]
        pool = {"path": str(self.pool), "bytes": self.pool.stat().st_size}
        wanted = list(dispatches)
        return self.ask("bind", pool=pool, slots=["x", "y"], instances=regions, dispatches=wanted)

    def run(self, first: int = 0, count: int = 1, **more: Any) -> Mapping[str, Any] | Refused:
        return self.ask("run", first=first, count=count, **{"deadline_ms": DEADLINE_MS, **more})

    def y(self, instance: int = 0, kind: Any = np.float32) -> list[Any]:
        data = np.frombuffer(self.pool.read_bytes(), kind).reshape(-1, STRIDE // 4)
        return data[2 * instance + 1].tolist()


def dispatch(
    function: str, buffers: Buffers, *, threads: Sequence[int] = (8, 1, 1), **more: Any
) -> dict[str, Any]:
    return {
        "function": function,
        "grid": list(threads),
        "threadgroup": more.pop("threadgroup", [8, 1, 1]),
        "buffers": {str(i): {"slot": slot, "offset": at} for i, (slot, at) in buffers.items()},
        **more,
    }


def constant(kind: str, value: Any) -> str:
    return base64.b64encode(np.array(value, kind).tobytes()).decode()


@contextmanager
def host(program: Path, instances: int = 1) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        made = Host(program, Path(folder), instances)
        try:
            yield made
        finally:
            made.client.close()


def expect(what: str, got: Any, wanted: Any) -> str:
    return "" if got == wanted else f"{what}: got {got}, expected {wanted}"


ADD = {"2": constant("<f4", 0.5)}
BIND = dispatch("bind", {0: ("x", 16), 1: ("y", 8)}, constants=ADD)
#: x + 0.5 from its fifth element on, in y from its third on.
BOUND = [-1.0, -1.0, *(4.5 + i for i in range(8)), -1.0]


def binding(program: Path) -> str:
    with host(program) as h:
        h.load("bind")
        h.bind(BIND)
        reply = h.run()
        times = [] if isinstance(reply, Refused) else [reply["clock"], reply["device_ns"] > 0]
        return expect("y", h.y()[:11], BOUND) or expect("times", times, ["wall", True])


def unbound(program: Path) -> str:
    with host(program) as h:
        h.load("bind", "shape")
        earlier = dispatch("bind", {0: ("x", 16), 1: ("y", 8), 3: ("x", 0)}, constants=ADD)
        h.bind(earlier, BIND)
        h.run()
        return expect("y after a dispatch that bound more", h.y()[:11], BOUND)


def geometry(program: Path) -> str:
    with host(program) as h:
        h.load("shape", "shared")
        h.bind(
            dispatch("shape", {1: ("y", 0)}, threads=(4, 2, 1), threadgroup=[2, 2, 1]),
            dispatch("shared", {1: ("y", 32)}, threadgroup_memory={"0": 32}),
        )
        h.run()
        return expect("shape", h.y(kind=np.uint32)[:8], [4202] * 8) or expect(
            "shared", h.y()[8:16], [7.0 - i for i in range(8)]
        )


def constants(program: Path) -> str:
    with host(program) as h:
        values = {
            "0": {"type": "int", "value": constant("<i4", -7)},
            "1": {"type": "bool", "value": constant("?", True)},
        }
        loaded = h.load("scale", function_constants=values)
        if isinstance(loaded, Refused):
            return loaded.reason
        h.bind(dispatch("scale", {1: ("y", 0)}))
        h.run()
        return expect("scaled", h.y()[:9], [7.0] * 8 + [-1.0])


def instances(program: Path) -> str:
    with host(program, 6) as h:
        h.load("bind")
        h.bind(BIND)
        h.run(1, 4)
        ran = [h.y(i)[:11] == BOUND for i in range(6)]
        return expect("instances 1 to 4 of 6 ran", ran, [False, True, True, True, True, False])


def limits(program: Path) -> str:
    with host(program) as h:
        h.load("bind", "shared")
        large = dispatch("bind", {1: ("y", 0)}, threadgroup=[1024, 2, 1])
        absent = dispatch("shared", {1: ("y", 0)})
        much = dispatch("shared", {1: ("y", 0)}, threadgroup_memory={"0": 65536})
        found = [getattr(h.bind(d), "status", "") for d in (large, absent, much, BIND)]
        return expect("statuses", found, ["launch_error"] * 3 + [""])


def bound_again(program: Path) -> str:
    """A bind that is refused leaves nothing bound: what was mapped before is gone."""
    with host(program) as h:
        h.load("bind")
        h.bind(BIND)
        h.bind(BIND)
        h.run()
        refused = h.bind(dispatch("bind", {1: ("y", 0)}, threadgroup=[1024, 2, 1]))
        said = getattr(refused, "status", "")
        return (
            expect("y", h.y()[:11], BOUND)
            or expect("status", said, "launch_error")
            or _fault("without a successful bind", h.run)
        )


def _fault(text: str, ask: Callable[[], Any]) -> str:
    """Whether asking is the fault that says so."""
    try:
        return f"no fault, but {ask()}"
    except HostError as fault:
        return "" if text in str(fault) else str(fault)


def long_lengths(program: Path) -> str:
    """Extents, offsets and sizes beyond 32 bits, in a pool that is a hole."""
    far, wide = 5 << 30, [(1 << 32) + 8, 1, 1]
    with planted("instant"), host(program) as h:
        os.truncate(h.pool, far + 2 * STRIDE)
        h.load("bind")
        found = [getattr(h.bind(dispatch("bind", {1: ("y", 0)}, threads=wide)), "status", "")]
        found += [getattr(ask, "status", "") for ask in (h.bind(BIND, at=far), h.run())]
        return expect("statuses", found, ["launch_error", "", ""]) or _fault(
            "no offset and size", lambda: h.bind(BIND, at=far + STRIDE)
        )


def device_time(program: Path) -> str:
    """The GPU's time is in nanoseconds of its own."""
    with planted("one_second"), host(program) as h:
        h.load("bind")
        h.bind(BIND)
        return expect("device_ns", h.run()["device_ns"], 10**9)


def capture(program: Path) -> str:
    """A trace holds what was submitted, is never written over, and wants its permission."""
    found: list[Any] = []
    for variables in ({"MTL_CAPTURE_ENABLED": "1"}, {}):
        with environment(**variables), host(program) as h:
            h.load("bind")
            h.bind(BIND)
            path = h.pool.with_name("run.gputrace")
            fields = {"first": 0, "count": 1, "deadline_ms": DEADLINE_MS, "path": str(path)}
            found += [getattr(h.ask("capture", **fields), "status", "") for _ in range(2)]
            if path.is_dir():
                (command,) = json.loads((path / "commands.json").read_text())
                found += [command["function"], h.y()[:11] == BOUND]
    return expect("captures", found, ["", "unsupported", "bind", True, *["unsupported"] * 2])


def idle(program: Path) -> str:
    with host(program) as h:
        h.load("bind")
        h.bind(BIND)
        reply = h.ask("idle")
        return "" if not isinstance(reply, Refused) and reply["elapsed_ns"] > 0 else str(reply)


def warnings(program: Path) -> str:
    with host(program) as h, planted("warning"):
        h.client.close()
        h.client = HostClient(program)
        reply = h.load("bind")
        return "" if not isinstance(reply, Refused) and "warnings" in reply else str(reply)


def older_system(program: Path) -> str:
    with environment(METAL_STAND_IN_MACOS="14"):
        return binding(program)


def recovers(program: Path) -> str:
    """A hang is a time-out at the deadline, and the next candidate is judged in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        mark = str(Path(folder) / "mark")
        hanging = environment(METAL_STAND_IN_FAULT="hang_once", METAL_STAND_IN_MARK=mark)
        with hanging, host(program) as h:
            h.load("bind")
            h.bind(BIND)
            hung = getattr(h.run(deadline_ms=300), "status", "")
            h.load("bind")
            h.bind(BIND)
            again = getattr(h.run(), "status", "")
            return expect("hang, then anew", [hung, again], ["timeout", ""])


def verdict(program: Path, fault: str) -> str:
    """The status that a fault of the GPU leads to."""
    with planted(fault), host(program) as h:
        for ask in (lambda: h.load("bind"), lambda: h.bind(BIND), h.run):
            reply = ask()
            if isinstance(reply, Refused):
                return reply.status
        return ""


def victim(program: Path) -> str:
    found = [verdict(program, fault) for fault in ("victim_once", "victim", "victim_started")]
    return expect("victims", found, ["", "unsupported", "unsupported"])


def victim_again(program: Path) -> str:
    """A victim that had begun is not run again: what it wrote would be read."""
    return expect("victim", verdict(program, "victim_started_once"), "unsupported")


def page_fault(program: Path) -> str:
    return expect("page fault", verdict(program, "page_fault"), "crashed")


def planted(fault: str) -> Any:
    return environment(METAL_STAND_IN_FAULT=fault)


@contextmanager
def environment(**variables: str) -> Any:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


JOBS: dict[str, Callable[[Path], str]] = {
    job.__name__: job
    for job in (
        *(binding, unbound, geometry, constants, instances, limits, idle, warnings),
        *(older_system, recovers, victim, victim_again, page_fault),
        *(bound_again, long_lengths, device_time, capture),
    )
}
