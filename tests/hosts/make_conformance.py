"""Writes host/conformance/<family>.json from conformance_cases; --check compares instead."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from conformance_cases.model import Buffer, Case

FOLDER = Path(__file__).resolve().parents[2] / "host" / "conformance"
SCHEMA_VERSION = 1
# A module may not be called math: that name is Python's own.
MODULES = {"math": "math_cases"}


def families() -> list[str]:
    """Every family: one .metal file each."""
    return sorted(path.stem for path in FOLDER.glob("*.metal"))


def cases_of(family: str) -> list[Case]:
    module = importlib.import_module(f"conformance_cases.{MODULES.get(family, family)}")
    cases: list[Case] = module.cases()
    names = [case.name for case in cases]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"{family}: two cases are called {doubled}")
    return cases


def buffer_json(buffer: Buffer) -> dict[str, Any]:
    found: dict[str, Any] = {
        "index": buffer.index,
        "dtype": buffer.dtype,
        "shape": [buffer.count],
        "output": buffer.expected is not None,
    }
    if buffer.offset:
        found["offset"] = buffer.offset
    return found | ({"fill": "poison"} if buffer.data is None else {"data": buffer.data})


def compare_json(case: Case) -> dict[str, Any]:
    if case.ulp is None and case.absolute is None:
        return {"exact": True}
    return {"ulp": case.ulp or 0, "abs": case.absolute or 0}


def case_json(case: Case) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": case.name,
        "function": case.function,
        "grid": list(case.grid),
        "threadgroup": list(case.threadgroup),
        "buffers": [buffer_json(buffer) for buffer in case.buffers],
        "expected": {str(b.index): b.expected for b in case.buffers if b.expected is not None},
        "compare": compare_json(case),
    }
    if case.constants:
        constants = {str(k): {"dtype": v.dtype, "data": v.data} for k, v in case.constants.items()}
        found["constants"] = constants
    if case.threadgroup_memory:
        found["threadgroup_memory"] = {str(k): v for k, v in case.threadgroup_memory.items()}
    if case.function_constants:
        found["function_constants"] = {str(k): v for k, v in case.function_constants.items()}
    if case.then:
        found["then"] = [
            {
                "function": then.function,
                "grid": list(then.grid),
                "threadgroup": list(then.threadgroup),
                "buffers": {str(k): v for k, v in then.buffers.items()},
            }
            for then in case.then
        ]
    if case.unordered:
        found["unordered"] = True
    return found


def document(family: str) -> str:
    """The family's JSON text, one case a line."""
    head = {
        "regenerate": "python tests/hosts/make_conformance.py",
        "schema_version": SCHEMA_VERSION,
        "source": f"{family}.metal",
    }
    compact = {"separators": (",", ":"), "allow_nan": False}
    lines = [json.dumps(case_json(case), **compact) for case in cases_of(family)]  # type: ignore[arg-type]
    opening = json.dumps(head, **compact)[:-1]  # type: ignore[arg-type]
    return opening + ',"cases":[\n' + ",\n".join(lines) + "\n]}\n"


def stale() -> list[str]:
    """The JSON files that differ from what the cases say now, and those without a family."""
    known = set(families())
    differing = [
        f"{family}.json"
        for family in sorted(known)
        if not (path := FOLDER / f"{family}.json").exists() or path.read_text() != document(family)
    ]
    return differing + [p.name for p in sorted(FOLDER.glob("*.json")) if p.stem not in known]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a file is stale")
    if parser.parse_args().check:
        old = stale()
        if old:
            print("stale, run python tests/hosts/make_conformance.py:", *old, file=sys.stderr)
        return 1 if old else 0
    for family in families():
        (FOLDER / f"{family}.json").write_text(document(family))
    return 0


if __name__ == "__main__":
    sys.exit(main())
