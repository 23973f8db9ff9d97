"""`python -m harness.build X.metal --json [--out DIR]`: MSL to a library of the portable host, for
programs that are not Python. Prints one JSON object:

    {"ok": true, "library", "supervisor", "text": warnings, "functions": {name: {"entry", "mode",
     "max_threads", "static_threadgroup_bytes", "threadgroup_arguments", "missing_constants"}}}
    {"ok": false, "status", "text": errors}

`--constant 3:int=7` gives a function constant its value; a type that is not the declared one is a
`pipeline_error`. Exit codes: 0 built, 1 refused, 2 usage, 3 no working compiler.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msl
from harness import settings
from harness.errors import ExitCode
from msl.host_build import HostBuildError, ensure_host
from msl.toolchain import ToolchainError

_CONSTANT = re.compile(r"(\d+):(\w+)=(.+)")
_DECLARED = re.compile(
    r"\b(?:constant|const)?\s*(?:constant|const)?\s*(\w+)\s+\w+\s*"
    r"\[\[\s*function_constant\(\s*(\d+)\s*\)\s*\]\]"
)
_SPELLINGS = {"unsigned": "uint", "int32_t": "int", "uint32_t": "uint"}
_FLOATS = ("float", "half")


def main(arguments: Sequence[str] | None = None) -> int:
    """Build one file; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m harness.build", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path, help="folder of libraries (default: the build cache)")
    parser.add_argument("--json", action="store_true", required=True)
    parser.add_argument("--constant", action="append", default=[], metavar="I:TYPE=VALUE")
    options = parser.parse_args(arguments)
    try:
        text = options.file.read_text("utf-8")
        answer = build(text, options.file.name, options.constant, options.out)
    except (OSError, UnicodeDecodeError, ValueError) as problem:
        print(f"harness.build: {problem}", file=sys.stderr)
        return ExitCode.USAGE
    except (ToolchainError, HostBuildError) as problem:
        print(f"harness.build: {problem}", file=sys.stderr)
        return ExitCode.ENVIRONMENT
    print(json.dumps(answer, allow_nan=False))
    return ExitCode.PASSED if answer["ok"] else ExitCode.REFUSED


def build(
    text: str, name: str, constants: Sequence[str], out: Path | None = None
) -> dict[str, Any]:
    """The answer for one source text."""
    declared = {int(index): _SPELLINGS.get(kind, kind) for kind, index in _DECLARED.findall(text)}
    values: dict[int | str, Any] = {}
    for constant in constants:
        matched = _CONSTANT.fullmatch(constant)
        if matched is None:
            raise ValueError(f"--constant {constant!r} is not INDEX:TYPE=VALUE")
        index, kind, value = int(matched[1]), matched[2], matched[3]
        if declared.get(index, kind) != kind:
            reason = f"function constant {index} is a {declared[index]}, not a {kind}"
            return {"ok": False, "status": "pipeline_error", "text": reason}
        values[index] = float(value) if kind in _FLOATS else int(value)
        if kind == "bool":
            values[index] = bool(int(value))
    built = msl.compile_source(
        text,
        name=name,
        function_constants=values,
        include_roots=[settings.ROOT / "metal" / "include"],
        cache_dir=out or settings.paths().build,
        compiler=settings.chosen_compiler() or None,
    )
    if isinstance(built, msl.Rejection):
        return {"ok": False, "status": built.status, "text": built.text}
    return {
        "ok": True,
        "library": str(built.path),
        "supervisor": str(ensure_host().supervisor),
        "text": built.text,
        "functions": {name: _facts(function) for name, function in built.functions.items()},
    }


def _facts(function: msl.KernelFunction) -> dict[str, Any]:
    return {
        "entry": function.entry,
        "mode": function.mode,
        "max_threads": function.max_threads,
        "static_threadgroup_bytes": function.static_threadgroup_bytes,
        "threadgroup_arguments": list(function.threadgroup_arguments),
        "missing_constants": list(function.missing_constants),
    }


if __name__ == "__main__":
    sys.exit(main())
