"""The checker has nothing to say of the conformance kernels: every case of host/conformance, built
for checking and run in three orders of its threads."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

import msl
from harness import settings
from harness.problem.dtypes import element_of, narrow
from msl import checked_area as area
from msl.checked_area import Area, Reply, Request
from msl.host_build import ensure_host
from msl.host_client import PROTOCOL_VERSION, HostClient, Pool, Refused
from trust.section import Section

FOLDER = settings.ROOT / "host" / "conformance"
#: Natural, reversed, and one shuffled order.
ORDERS = (0, 1, 77)
#: The short form takes one case of so many.
EVERY = 8
_WAIT_MS = 10_000
_ACCESS_LIMIT = 20_000_000
_MEMORY_LIMIT_BYTES = 1 << 30
_POISON = 0x7FFD7FFD
#: What lanes that are not there hold: a word with which integer arithmetic comes to no harm.
_LANE_POISON = 1
#: What an expected value is called that the language leaves undefined: lanes that are not there,
#: and arguments that differ where they must not, are read on purpose in such cases.
_UNDEFINED = "any"
_ON_PURPOSE = (area.INACTIVE_LANE, area.UNIFORM_ARGUMENT)
_NAMES = {
    area.OUT_OF_BOUNDS: "an access out of bounds",
    area.RACE: "a race",
    area.DIVERGENT_BARRIER: "a divergent barrier",
    area.INACTIVE_LANE: "a lane that is not there",
    area.INTEGER: "undefined integer arithmetic",
    area.UNINITIALISED: "memory that nobody has written",
    area.UNORDERED_BARRIER: "a race over a barrier",
    area.UNIFORM_ARGUMENT: "an argument that is not uniform",
    area.DIVERGENT_MATRIX: "a matrix operation without all lanes",
    area.READ_ONLY: "a store into what is only read",
}
Case = Mapping[str, Any]


def families() -> list[str]:
    """The names of the sources."""
    return sorted(path.stem for path in FOLDER.glob("*.metal"))


def run(full: bool, say: Callable[[str], None]) -> Section:
    """Every case, or one of eight."""
    rows: list[tuple[str, ...]] = [("case", "order", "finding")]
    cases = passed = 0
    for family in families():
        say(family)
        for name, order, wrong in reports(family, 1 if full else EVERY):
            cases, passed = cases + 1, passed + (not wrong)
            if wrong:
                rows.append((f"{family}/{name}", str(order), wrong))
    summary = f"false reports {cases - passed} in {cases} runs of conformance kernels"
    return Section("Conformance kernels under the checker", rows, passed, cases, summary, full)


def reports(family: str, every: int = 1) -> Iterator[tuple[str, int, str]]:
    """(case, order, what the checker says of it, "" if nothing) for one case of `every`."""
    stored = json.loads((FOLDER / f"{family}.json").read_text("utf-8"))["cases"]
    by_constants: dict[str, list[Case]] = {}
    for case in stored[::every]:
        values = json.dumps(case.get("function_constants", {}), sort_keys=True)
        by_constants.setdefault(values, []).append(case)
    for values, cases in by_constants.items():
        constants: dict[int | str, Any] = {int(i): v for i, v in json.loads(values).items()}
        library = msl.compile_source(
            (FOLDER / f"{family}.metal").read_text("utf-8"),
            name=f"{family}.metal",
            function_constants=constants,
            checked=True,
            cache_dir=settings.paths().build,
        )
        if isinstance(library, msl.Rejection):
            raise RuntimeError(f"{family}: {library.reason}")
        for case in cases:
            for order, wrong in _Run(library, case).reports():
                yield str(case["name"]), order, wrong


class _Run:
    """One case in a worker of its own: no fault of another can reach it."""

    def __init__(self, library: msl.Library, case: Case) -> None:
        self.library, self.case = library, case
        usable = {n: f for n, f in library.functions.items() if not f.missing_constants}
        self.functions = usable
        if library.checked is None:
            raise ValueError("not a checked build")
        self.area = Area(list(usable), library.checked)
        self.slots = [str(buffer["index"]) for buffer in case["buffers"]]
        self.offsets = {str(b["index"]): b.get("offset", 0) for b in case["buffers"]}

    def reports(self) -> Iterator[tuple[int, str]]:
        """(order, finding) for each order."""
        sizes = {str(b["index"]): len(_bytes(b)) for b in self.case["buffers"]}
        with ExitStack() as stack:
            pool = Pool({**sizes, "area": self.area.bytes(len(self.slots))})
            stack.callback(pool.close)
            host = stack.enter_context(HostClient(ensure_host().supervisor))
            self._ask(host, "hello", version=PROTOCOL_VERSION)
            self._ask(host, "load", **self._load())
            self._ask(host, "bind", **self._bind(pool))
            for order in ORDERS:
                yield order, self._wrong(self._reply(host, pool, order))

    def _reply(self, host: HostClient, pool: Pool, order: int) -> Reply:
        for buffer in self.case["buffers"]:
            pool.write(str(buffer["index"]), _bytes(buffer))
        size = pool.regions["area"][1]
        memory = memoryview(bytearray(size))
        unwritten = [n for n, b in enumerate(self.case["buffers"]) if "data" not in b]
        read_only = [n for n, b in enumerate(self.case["buffers"]) if not b["output"]]
        request = Request(_POISON, _LANE_POISON, _ACCESS_LIMIT, False, unwritten, read_only)
        self.area.write(memory, request, len(self.slots))
        pool.write("area", bytes(memory))
        self._ask(host, "run", first=0, count=1, schedule_seed=order, deadline_ms=_WAIT_MS)
        self._ask(host, "freeze")
        return self.area.read(memoryview(pool.read("area")), len(self.slots))

    def _wrong(self, reply: Reply) -> str:
        if reply.state != area.FINISHED:
            return f"the run ended in state {reply.state}"
        undefined = any(_UNDEFINED in values for values in self.case["expected"].values())
        kinds = [
            raw.kind
            for raw in reply.findings
            if raw.kind != area.INTEGER or raw.index != area.ARRAY_INDEX
            if not (undefined and raw.kind in _ON_PURPOSE)
        ]
        return ", ".join(dict.fromkeys(_NAMES.get(kind, f"finding {kind}") for kind in kinds))

    def _ask(self, host: HostClient, op: str, **fields: Any) -> None:
        reply = host.request(op, _WAIT_MS, **fields)
        if isinstance(reply, Refused):
            raise RuntimeError(f"{self.case['name']}: {op}: {reply.status}: {reply.reason}")

    def _load(self) -> dict[str, Any]:
        functions = [
            {
                "name": name,
                "entry": function.entry,
                "mode": function.mode,
                "max_threads": function.max_threads,
                "static_threadgroup_bytes": function.static_threadgroup_bytes,
                "threadgroup_arguments": list(function.threadgroup_arguments),
            }
            for name, function in self.functions.items()
        ]
        return {
            "library": str(self.library.path),
            "functions": functions,
            "threads": 1,
            "memory_limit_bytes": _MEMORY_LIMIT_BYTES,
            "deadline_ms": _WAIT_MS,
            "checked": 1,
        }

    def _bind(self, pool: Pool) -> dict[str, Any]:
        place = {"path": pool.path, "bytes": pool.bytes, "check_area": pool.regions["area"][0]}
        return {
            "pool": place,
            "slots": self.slots,
            "instances": [[list(pool.regions[slot]) for slot in self.slots]],
            "dispatches": list(self._dispatches()),
        }

    def _dispatches(self) -> Iterator[dict[str, Any]]:
        case = self.case
        bound = {slot: {"slot": slot, "offset": self.offsets[slot]} for slot in self.slots}
        constants = {
            index: base64.b64encode(_bytes(value)).decode()
            for index, value in case.get("constants", {}).items()
        }
        first = {"buffers": bound, "constants": constants}
        first["threadgroup_memory"] = case.get("threadgroup_memory", {})
        yield first | {key: case[key] for key in ("function", "grid", "threadgroup")}
        for then in case.get("then", []):
            again = {index: bound[str(of)] for index, of in then["buffers"].items()}
            rest = {"buffers": again, "constants": {}, "threadgroup_memory": {}}
            yield rest | {key: then[key] for key in ("function", "grid", "threadgroup")}


def _bytes(stored: Mapping[str, Any]) -> bytes:
    """A buffer or a constant as bytes; poison where it says no data."""
    element = element_of(stored["dtype"])
    if "data" not in stored:
        size = int(stored["shape"][0]) * element.bytes
        return (_POISON.to_bytes(4, "little") * (size // 4 + 1))[:size]
    data: Sequence[Any] = [float(v) if isinstance(v, str) else v for v in stored["data"]]
    wide = np.float64 if element.floating else element.storage
    return narrow(np.array(data, wide), element).tobytes()
