"""The Metal host as the conformance suite drives it: source text in, function constants by type."""

from __future__ import annotations

import base64
import mmap
import os
import struct
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance_cases import runner
from conformance_cases.runner import Regions
from msl.host_client import HostClient, Refused
from msl.signatures import signatures

DEADLINE_MS = 60_000
#: Function constants of the suite that are uint, by index.
_UNSIGNED = {3: "uint"}
_FORMATS = {bool: ("bool", "<?"), int: ("int", "<i"), float: ("float", "<f")}


def function_constants(values: Mapping[int, Any], types: Mapping[int, str]) -> dict[str, Any]:
    """The protocol's function constants; `types` names those that are not int, bool or float."""
    found = {}
    for index, value in values.items():
        kind, layout = _FORMATS[type(value)]
        if index in types:
            kind, layout = types[index], {"uint": "<I", "ushort": "<H"}[types[index]]
        data = base64.b64encode(struct.pack(layout, value)).decode()
        found[str(index)] = {"type": kind, "value": data}
    return found


class MetalHost:
    """A source loaded into a Metal host, with a pool for its cases."""

    def __init__(
        self,
        program: Path,
        source: Path,
        functions: Mapping[str, Sequence[int]],
        pool_bytes: int,
        constants: Mapping[str, Any],
    ) -> None:
        self._file = tempfile.NamedTemporaryFile(prefix="conformance-")  # noqa: SIM115
        os.ftruncate(self._file.fileno(), pool_bytes)
        self.pool = mmap.mmap(self._file.fileno(), pool_bytes)
        self._client = HostClient(program)
        self._load = {
            "library": str(source),
            "functions": [
                {"name": name, "threadgroup_arguments": list(indices)}
                for name, indices in functions.items()
            ],
            "function_constants": dict(constants),
            "deadline_ms": DEADLINE_MS,
        }
        self._loaded = False

    def run(self, dispatches: Sequence[Mapping[str, Any]], regions: Regions, seed: int) -> str:
        """Run the dispatches once; empty, or the reason why they did not end well."""
        steps: list[tuple[str, dict[str, Any]]] = [] if self._loaded else [("load", self._load)]
        bound = {
            "pool": {"path": self._file.name, "bytes": len(self.pool)},
            "instances": [[list(region) for region in regions.values()]],
            "slots": list(regions),
            "dispatches": list(dispatches),
        }
        steps += [("bind", bound)]
        steps += [("run", {"first": 0, "count": 1, "deadline_ms": DEADLINE_MS})]
        for op, fields in steps:
            reply = self._client.request(op, DEADLINE_MS, **fields)
            self._loaded = not isinstance(reply, Refused)
            if isinstance(reply, Refused):
                return f"{reply.status}: {reply.reason}"
        return ""

    def close(self) -> None:
        """End the host and free the pool."""
        self._client.close()
        self.pool.close()
        self._file.close()


def problems_of(program: Path, family: str) -> dict[str, str]:
    """What is wrong with the cases of a family; one library for each set of constants."""
    path = runner.FOLDER / f"{family}.metal"
    with tempfile.TemporaryDirectory() as folder:
        known = signatures(
            path.read_text(), name=path.name, include_roots=[], cache_dir=Path(folder)
        )
    assert not isinstance(known, str), known
    every = runner.load(family)
    problems: dict[str, str] = {}
    for values in dict.fromkeys(runner.constants_of(case) for case in every):
        cases = [case for case in every if runner.constants_of(case) == values]
        layout = runner.Layout(cases)
        names = {
            n for c in cases for n in (c["function"], *(t["function"] for t in c.get("then", [])))
        }
        wanted = {name: known[name].threadgroup_arguments for name in names}
        given = function_constants(dict(values), _UNSIGNED)
        host = MetalHost(program, path, wanted, len(layout.image), given)
        try:
            found = runner.run_cases(host, layout, range(len(cases)), seed=0)
        finally:
            host.close()
        problems |= {str(cases[number]["name"]): text for number, text in found.items() if text}
    return problems
