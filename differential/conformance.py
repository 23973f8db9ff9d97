"""The kernels of host/conformance on both engines, in other threadgroups than those of their cases.

What is right in another shape nobody wrote down: a launch counts if the reference engine gives the
same in four orders of the threads and on several kinds of poison, and then the fast engine has
to give it too. Their own shapes are tests/hosts/test_conformance.py's part.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import msl
from differential.engines import DEADLINE_MS, close_enough, load_fields
from msl.constants import Value
from msl.host_build import ensure_host
from msl.host_client import PROTOCOL_VERSION, HostClient, Pool, Refused

FOLDER = Path(__file__).resolve().parent.parent / "host" / "conformance"
_LENGTHS = (1, 7, 32, 45, 64)
_SEEDS = (0, 5, 9, 77)
_POISON = 0x7FFD
#: Threadgroups in the order of the seed: who writes last is no chance.
_THREADS = 1
_STORED = {"bfloat16": "uint16", "bool": "uint8"}
_Array = npt.NDArray[Any]
_Buffers = Mapping[str, _Array]


@dataclass(frozen=True)
class Family:
    """What came of one file: launches that counted, and those on which the engines differ."""

    name: str
    launches: int
    problems: tuple[str, ...]


def families() -> list[str]:
    """The files, by name."""
    return sorted(path.stem for path in FOLDER.glob("*.metal"))


def of(name: str, cache: Path) -> Family:
    """One file, once for each set of function constants that its cases need."""
    text = (FOLDER / f"{name}.metal").read_text("utf-8")
    cases = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["cases"]
    by_constants: dict[str, list[dict[str, Any]]] = {}
    for case in cases:
        key = json.dumps(case.get("function_constants", {}), sort_keys=True)
        by_constants.setdefault(key, []).append(case)
    launches, problems = 0, []
    for key, group in by_constants.items():
        constants: dict[int | str, Value] = {int(i): value for i, value in json.loads(key).items()}
        libraries = []
        for engine in ("reference", "auto"):
            built = msl.compile_source(
                text,
                name=f"{name}.metal",
                function_constants=constants,
                engine=engine,
                cache_dir=cache,
            )
            if isinstance(built, msl.Rejection):
                return Family(name, launches, (f"{engine}: {built.reason}",))
            libraries.append(built)
        for what in _Comparison(group, *libraries).run():
            launches += 1
            problems += [what] if what else []
    return Family(name, launches, tuple(problems))


@dataclass
class _Comparison:
    """The cases of one library on both engines; one host and one pool each."""

    cases: Sequence[Mapping[str, Any]]
    reference: msl.Library
    fast: msl.Library

    def run(self) -> Iterator[str]:
        """For every launch that counts, where the engines differ; empty if they do not."""
        arrays = {
            f"{number}.{buffer['index']}": _initial(buffer)
            for number, case in enumerate(self.cases)
            for buffer in case["buffers"]
        }
        with _Worker(self.reference, arrays) as reference, _Worker(self.fast, arrays) as fast:
            for number, case in enumerate(self.cases):
                for length in _LENGTHS:
                    if length >= case["threadgroup"][0] or case.get("then"):
                        continue
                    dispatch = _dispatch(number, case, length)
                    due = _agreed([reference.run(dispatch, seed) for seed in _SEEDS])
                    if due is None:
                        continue
                    got = fast.run(dispatch, _SEEDS[0])
                    what = "it ends badly" if got is None else _same(due, got)
                    place = f"{case['name']} in threadgroups of {length} along x"
                    yield f"{place}: {what}" if what else ""


class _Worker:
    """A library in a host of its own, and the buffers of all cases."""

    def __init__(self, library: msl.Library, arrays: Mapping[str, _Array]) -> None:
        self._library, self._arrays = library, arrays
        self._pool = Pool({name: array.nbytes for name, array in arrays.items()})
        self._host: HostClient | None = None

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._pool.close()

    def _stop(self) -> None:
        if self._host is not None:
            self._host.close()
            self._host = None

    def _started(self) -> HostClient:
        """The host, with the library loaded."""
        if self._host is None:
            self._host = HostClient(ensure_host().supervisor)
            self._host.request("hello", DEADLINE_MS, version=PROTOCOL_VERSION)
            self._host.request("load", DEADLINE_MS, **load_fields(self._library, _THREADS))
        return self._host

    def run(self, dispatch: Mapping[str, Any], seed: int) -> dict[str, _Array] | None:
        """The buffers of one launch after it; None if it is refused or ends badly."""
        names = sorted(self._arrays)
        own = sorted({bound["slot"] for bound in dispatch["buffers"].values()})
        for name in own:
            self._pool.write(name, self._arrays[name].tobytes())
        host = self._started()
        for op, fields in (
            (
                "bind",
                {
                    "pool": {"path": self._pool.path, "bytes": self._pool.bytes},
                    "slots": names,
                    "instances": [[list(self._pool.regions[name]) for name in names]],
                    "dispatches": [dispatch],
                },
            ),
            ("run", {"first": 0, "count": 1, "deadline_ms": DEADLINE_MS, "schedule_seed": seed}),
        ):
            if isinstance(host.request(op, DEADLINE_MS, **fields), Refused):
                self._stop()
                return None
        return {
            name: np.frombuffer(self._pool.read(name), self._arrays[name].dtype).copy()
            for name in own
        }


def _agreed(runs: Sequence[_Buffers | None]) -> _Buffers | None:
    """What all runs left behind; None if one ended badly or left something else."""
    first = runs[0]
    if first is None or any(other is None or _same(first, other) for other in runs[1:]):
        return None
    return first


def _initial(buffer: Mapping[str, Any]) -> _Array:
    """A buffer before a run: data, or poison."""
    dtype = str(buffer["dtype"])
    stored = np.dtype(_STORED.get(dtype, dtype))
    if "data" not in buffer:
        size = int(stored.itemsize * buffer["shape"][0])
        poison = np.full(size // 2 + 1, _POISON, np.uint16).tobytes()[:size]
        return np.frombuffer(poison, stored)
    return _values(dtype, buffer["data"])


def _values(dtype: str, data: Sequence[Any]) -> _Array:
    numbers = [float(value) if isinstance(value, str) else value for value in data]
    if dtype == "bfloat16":
        return (np.array(numbers, np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return np.array(numbers, _STORED.get(dtype, dtype))


def _dispatch(number: int, case: Mapping[str, Any], length: int) -> dict[str, Any]:
    return {
        "function": case["function"],
        "grid": case["grid"],
        "threadgroup": [length, *case["threadgroup"][1:]],
        "buffers": {
            str(buffer["index"]): {
                "slot": f"{number}.{buffer['index']}",
                "offset": buffer.get("offset", 0),
            }
            for buffer in case["buffers"]
        },
        "constants": {
            index: base64.b64encode(_values(value["dtype"], value["data"]).tobytes()).decode()
            for index, value in case.get("constants", {}).items()
        },
        "threadgroup_memory": case.get("threadgroup_memory", {}),
    }


def _same(due: _Buffers, got: _Buffers) -> str:
    """Where two runs differ; empty if they do not. Functions that round may by a few ulp."""
    for name, values in due.items():
        bad = np.flatnonzero(~close_enough(got[name], values))
        if bad.size:
            first = int(bad[0])
            return (
                f"buffer {name.partition('.')[2]}[{first}]: {got[name][first]}, not {values[first]}"
            )
    return ""
