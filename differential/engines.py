"""Runs batches of generated kernels on an engine, and says where two runs differ."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import msl
from differential.kernels import PRELUDE, Generated
from differential.memory import Array, buffers, params
from msl.constants import Value
from msl.host_build import ensure_host
from msl.host_client import PROTOCOL_VERSION, HostClient, HostError, Pool, Refused

DEADLINE_MS = 20_000
_MEMORY_LIMIT_BYTES = 1 << 30
#: Functions that round: both engines are within MSL's bounds, of one set of formulas.
LOOSE, LOOSE_ULP = 7, 8
PARAMS, BUFFERS = 6, 9
CHECKED = "checked"


@dataclass(frozen=True)
class Setting:
    """How a batch is run."""

    engine: str
    threads: int = 2
    seed: int = 0

    def __str__(self) -> str:
        return f"{self.engine}, {self.threads} threads, schedule seed {self.seed}"


#: (kernel's seed, number of its shape, dispatch) -> its buffers after the run.
Results = Mapping[tuple[int, int, int], Mapping[int, Array]]


def text_of(kernels: Sequence[Generated]) -> str:
    """One source of several kernels."""
    return PRELUDE + "\n".join(kernel.text() for kernel in kernels)


def build(kernels: Sequence[Generated], engine: str, cache: Path) -> msl.Library | msl.Rejection:
    """Compile a batch for an engine, or as "checked"."""
    constants: dict[int | str, Value] = {}
    for kernel in kernels:
        constants |= {index: value for index, value in kernel.constants.items()}
    return msl.compile_source(
        text_of(kernels),
        name="differential.metal",
        engine="reference" if engine == CHECKED else engine,
        checked=engine == CHECKED,
        function_constants=constants,
        cache_dir=cache,
    )


def run(library: msl.Library, kernels: Sequence[Generated], how: Setting) -> Results | str:
    """Run every shape of every kernel in one submission; or why that did not end well."""
    memory = memory_of(kernels)
    pool = Pool({name: array.nbytes for name, array in memory.items()})
    try:
        for name, array in memory.items():
            pool.write(name, array.tobytes())
        with HostClient(ensure_host().supervisor) as host:
            for op, fields in requests(library, kernels, pool, how):
                reply = host.request(op, DEADLINE_MS, **fields)
                if isinstance(reply, Refused):
                    return f"{reply.status}: {reply.reason}"
        found: dict[tuple[int, int, int], dict[int, Array]] = {}
        for name, array in memory.items():
            seed, shape, dispatch, index = (int(part) for part in name.split("."))
            after = np.frombuffer(pool.read(name), array.dtype).copy()
            found.setdefault((seed, shape, dispatch), {})[index] = after
        return found
    except HostError as problem:
        return f"host: {problem.what}"
    finally:
        pool.close()


def memory_of(kernels: Sequence[Generated]) -> dict[str, Array]:
    """All buffers, named seed.shape.dispatch.index."""
    found: dict[str, Array] = {}
    for kernel in kernels:
        for number, shape in enumerate(kernel.shapes):
            for dispatch in range(1 + shape.again):
                for index, array in buffers(kernel, shape).items():
                    found[f"{kernel.seed}.{number}.{dispatch}.{index}"] = array
    return found


def requests(
    library: msl.Library,
    kernels: Sequence[Generated],
    pool: Pool,
    how: Setting,
    check_area: int | None = None,
) -> list[tuple[str, dict[str, Any]]]:
    """The conversation with a host; `check_area` is where a checked worker finds its memory."""
    load = load_fields(library, how.threads)
    where: dict[str, Any] = {"path": pool.path, "bytes": pool.bytes}
    if check_area is not None:
        load["checked"], where["check_area"] = 1, check_area
    names = sorted(memory_of(kernels))
    bind = {
        "pool": where,
        "slots": names,
        "instances": [[list(pool.regions[name]) for name in names]],
        "dispatches": _dispatches(kernels),
    }
    start = {"first": 0, "count": 1, "deadline_ms": DEADLINE_MS, "schedule_seed": how.seed}
    return [
        ("hello", {"version": PROTOCOL_VERSION}),
        ("load", load),
        ("bind", bind),
        ("run", start),
        ("freeze", {}),
    ]


def load_fields(library: msl.Library, threads: int) -> dict[str, Any]:
    """What `load` takes for every function of a library."""
    functions = [
        {
            "name": f.name,
            "entry": f.entry,
            "mode": f.mode,
            "max_threads": f.max_threads,
            "static_threadgroup_bytes": f.static_threadgroup_bytes,
            "threadgroup_arguments": list(f.threadgroup_arguments),
        }
        for f in library.functions.values()
        if not f.missing_constants
    ]
    fields: dict[str, Any] = {"library": str(library.path), "functions": functions}
    return fields | {"threads": threads, "memory_limit_bytes": _MEMORY_LIMIT_BYTES}


def _dispatches(kernels: Sequence[Generated]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for kernel in kernels:
        tile = {"0": kernel.argument_bytes} if kernel.argument_bytes else {}
        for number, shape in enumerate(kernel.shapes):
            constant = base64.b64encode(params(kernel, shape)).decode()
            for dispatch in range(1 + shape.again):
                slots = {i: f"{kernel.seed}.{number}.{dispatch}.{i}" for i in range(BUFFERS)}
                if dispatch:
                    slots[0] = f"{kernel.seed}.{number}.0.3"
                bound = {str(i): {"slot": s} for i, s in slots.items() if i != PARAMS}
                found.append(
                    {
                        "function": kernel.name,
                        "grid": list(shape.grid),
                        "threadgroup": list(shape.threadgroup),
                        "buffers": bound,
                        "constants": {str(PARAMS): constant},
                        "threadgroup_memory": tile,
                    }
                )
    return found


def difference(kernel: Generated, ours: Results, theirs: Results) -> str:
    """The first buffer and element of a kernel that differ; empty if none does."""
    for number, shape in enumerate(kernel.shapes):
        for dispatch in range(1 + shape.again):
            key = (kernel.seed, number, dispatch)
            for index, due in theirs[key].items():
                bad = np.flatnonzero(~_equal(kernel, index, ours[key][index], due))
                if bad.size:
                    first = int(bad[0])
                    got, want = ours[key][index][first], due[first]
                    return (
                        f"grid {shape.grid} threadgroup {shape.threadgroup} dispatch {dispatch}"
                        f" buffer {index}[{first}]: {got}, not {want} ({bad.size} differ)"
                    )
    return ""


def _equal(kernel: Generated, index: int, ours: Array, theirs: Array) -> npt.NDArray[np.bool_]:
    if index != LOOSE:
        same = np.asarray(ours == theirs)
        if index == 4 and kernel.scattered.base == "bfloat":
            same |= (np.bitwise_or(ours, theirs) & 0x7FFF) == 0  # zeros of either sign
        if index == 4 and kernel.scattered.width == 3 and not kernel.packed:
            same[3::4] = True  # the room behind three components is nobody's
        return same
    return close_enough(ours, theirs)


def close_enough(ours: Array, theirs: Array) -> npt.NDArray[np.bool_]:
    """Where values are equal, or floats within LOOSE_ULP."""
    if theirs.dtype.kind != "f":
        return np.asarray(ours == theirs)
    kind = np.float16 if theirs.dtype == np.float16 else np.float32
    with np.errstate(invalid="ignore", over="ignore"):
        a, b = ours.astype(np.float64), theirs.astype(np.float64)
        unit = np.spacing(np.maximum(np.abs(b), np.finfo(kind).tiny).astype(kind))
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        return np.asarray(same | (abs(a - b) <= LOOSE_ULP * unit.astype(np.float64)))
