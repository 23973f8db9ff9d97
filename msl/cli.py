"""The command line of the front end: `check` any MSL file, `run` any kernel. Exit codes are
documented in --help."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from msl.compile import compile_source
from msl.constants import Value
from msl.host_build import HostBuildError, ensure_host
from msl.lanes_build import DEFAULT, ENGINES
from msl.library import UNSUPPORTED, KernelFunction, Library, Rejection
from msl.run import Extent, HostError, Launch, Ran, default_threadgroup, run
from msl.toolchain import ToolchainError

OK, REFUSED, USAGE, ENVIRONMENT, HOST_FAILED = 0, 1, 2, 3, 4
_CACHE = Path(__file__).resolve().parent.parent / ".bench" / "build"
_EPILOG = (
    "exit codes: 0 accepted or ran; 1 refused; 2 usage;"
    " 3 unsupported by this host, or no working compiler; 4 the host failed"
)
#: What a buffer holds before a kernel wrote to it.
_POISON = 0xFF


class UsageError(ValueError):
    """The command line cannot be read; the message says which part."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _check(options) if options.command == "check" else _run(options)
    except (UsageError, OSError) as problem:
        print(f"msl: {problem}", file=sys.stderr)
        return USAGE
    except (ToolchainError, HostBuildError) as problem:
        print(f"msl: {problem}", file=sys.stderr)
        return ENVIRONMENT
    except HostError as problem:
        print(f"msl: {problem}", file=sys.stderr)
        return HOST_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m msl", description=__doc__, epilog=_EPILOG)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser(
        "check", help="print what Metal's compiler would say", epilog=_EPILOG
    )
    check.add_argument("files", nargs="+", metavar="F.metal")
    check.add_argument("--json", action="store_true", help="one JSON object a file")
    launch = commands.add_parser("run", help="run one kernel on the portable host", epilog=_EPILOG)
    launch.add_argument("file", metavar="F.metal")
    launch.add_argument("--fn", required=True, metavar="NAME", help="the kernel to run")
    launch.add_argument("--grid", required=True, metavar="X[,Y,Z]", help="threads of the grid")
    launch.add_argument("--threadgroup", metavar="X[,Y,Z]", help="default: a row of up to 256")
    bindings = "bound in the order given, from index 0; `3=...` names an index"
    launch.add_argument(
        "--buf",
        action=_Ordered,
        metavar="FILE.npy | NAME:DTYPE:SHAPE",
        help=f"a buffer from a file, or a new one such as out:float32:32x64; {bindings}",
    )
    launch.add_argument(
        "--scalar", action=_Ordered, metavar="DTYPE:VALUE", help=f"a constant; {bindings}"
    )
    launch.add_argument("--tgmem", action="append", default=[], metavar="INDEX:BYTES")
    launch.add_argument("--out", action="append", default=[], metavar="[NAME=]FILE.npy")
    launch.add_argument(
        "--threads", type=int, default=0, help="worker threads (default: all cores)"
    )
    launch.add_argument("--seed", type=int, default=0, help="order of threads; 0: as numbered")
    launch.add_argument("--deadline-ms", type=int, default=10_000)
    for command in (check, launch):
        command.add_argument("--include-root", action="append", default=[], metavar="DIR")
        command.add_argument("--constant", action="append", default=[], metavar="INDEX|NAME=VALUE")
        command.add_argument("--strict", action="store_true", help="no relaxed arithmetic")
        command.add_argument(
            "--engine", choices=ENGINES, default=DEFAULT, help=f"default: {DEFAULT}"
        )
        command.add_argument("--cache", type=Path, default=_CACHE, metavar="DIR")
        command.add_argument("--compiler", metavar="CLANG", help="default: the pinned wheel")
    return parser


class _Ordered(argparse.Action):
    """Collects --buf and --scalar together, in the order of the command line."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        del parser, option_string
        bindings = [*getattr(namespace, "bindings", []), (self.dest, str(values))]
        namespace.bindings = bindings


def _compile(
    options: argparse.Namespace, path: Path, functions: Sequence[str] | None
) -> Library | Rejection:
    data = path.read_bytes()
    text = data.decode("utf-8-sig", "surrogateescape" if b"\0" in data else "replace")
    return compile_source(
        text,
        name=str(path),
        functions=functions,
        function_constants=dict(_constant(item) for item in options.constant),
        include_roots=[*map(Path, options.include_root), path.parent],
        strict=options.strict,
        engine=options.engine,
        cache_dir=options.cache,
        compiler=options.compiler,
    )


def _constant(text: str) -> tuple[int | str, Value]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--constant {text}: expected INDEX=VALUE or NAME=VALUE")
    values = [_number(item) for item in value.split(",")]
    parsed: Any = values[0] if len(values) == 1 else values
    return (int(name) if name.isdigit() else name), parsed


def _number(text: str) -> bool | int | float:
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text, 0)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"'{text}' is not a number") from None


def _check(options: argparse.Namespace) -> int:
    worst = OK
    for name in options.files:
        result = _compile(options, Path(name), None)
        if options.json:
            print(json.dumps(_record(name, result)))
        else:
            _print(result)
        worst = max(worst, _code(result))
    return worst


def _code(result: Library | Rejection) -> int:
    if isinstance(result, Library):
        return OK
    return ENVIRONMENT if result.status == UNSUPPORTED else REFUSED


def _print(result: Library | Rejection) -> None:
    sys.stdout.write(result.text)
    if isinstance(result, Library):
        for name, reason in result.unsupported.items():
            print(f"note: '{name}' was left out: {reason}")


def _record(name: str, result: Library | Rejection) -> dict[str, Any]:
    record: dict[str, Any] = {
        "schema_version": 1,
        "file": name,
        "status": "ok" if isinstance(result, Library) else result.status,
        "diagnostics": [item.to_json() for item in result.diagnostics],
        "text": result.text,
    }
    if isinstance(result, Library):
        record["functions"] = {key: _facts(value) for key, value in result.functions.items()}
        record["unsupported"] = dict(result.unsupported)
    return record


def _facts(function: KernelFunction) -> dict[str, Any]:
    return {
        "mode": function.mode,
        "max_threads": function.max_threads,
        "static_threadgroup_bytes": function.static_threadgroup_bytes,
        "threadgroup_arguments": list(function.threadgroup_arguments),
        "missing_constants": list(function.missing_constants),
        "engine": function.engine,
        "declined": function.declined,
        "buffers": {
            str(index): {
                "name": p.name,
                "type": p.type,
                "address_space": p.address_space,
                "const": p.const,
            }
            for index, p in sorted(function.parameters.items())
        },
    }


def _run(options: argparse.Namespace) -> int:
    result = _compile(options, Path(options.file), [options.fn])
    _print(result)
    if isinstance(result, Rejection):
        return _code(result)
    function = result.functions.get(options.fn)
    if function is None:
        print(f"msl: {options.file} has no kernel function '{options.fn}'", file=sys.stderr)
        return REFUSED
    if function.missing_constants:
        names = ", ".join(function.missing_constants)
        print(f"msl: pipeline_error: function constants without a value: {names}", file=sys.stderr)
        return REFUSED
    arrays, constants, created = _bindings(getattr(options, "bindings", []))
    _check_bindings(function, {*arrays, *constants})
    grid = _extent("--grid", options.grid)
    group = (
        _extent("--threadgroup", options.threadgroup)
        if options.threadgroup
        else default_threadgroup(grid, function)
    )
    memory = dict(_pair(item) for item in options.tgmem)
    launch = Launch(options.fn, grid, group, arrays, constants, memory)
    ran = run(
        result,
        launch,
        ensure_host().supervisor,
        threads=options.threads,
        deadline_ms=options.deadline_ms,
        schedule_seed=options.seed,
    )
    if not isinstance(ran, Ran):
        print(f"msl: {ran.status}: {ran.reason}", file=sys.stderr)
        return ENVIRONMENT if ran.status == UNSUPPORTED else REFUSED
    _report(options, function, ran, created)
    return OK


def _check_bindings(function: KernelFunction, bound: set[int]) -> None:
    missing = [
        f"{index} ({p.name})"
        for index, p in sorted(function.parameters.items())
        if index not in bound
    ]
    if missing:
        raise UsageError(f"'{function.name}' needs buffer " + ", ".join(missing))
    extra = sorted(bound - set(function.parameters))
    if extra:
        raise UsageError(f"'{function.name}' has no buffer {extra[0]}")


def _report(
    options: argparse.Namespace, function: KernelFunction, ran: Ran, created: dict[str, int]
) -> None:
    elapsed = f"{ran.elapsed_ns / 1e6:.3f} ms wall"
    why = f", the fast one declines: {function.declined}" if function.declined else ""
    print(f"{options.fn}: {elapsed} on the portable host (not Metal performance)")
    print(f"engine: {function.engine}{why}")
    for item in options.out:
        name, equals, file = item.rpartition("=")
        if equals and name not in created:
            raise UsageError(f"--out {item}: no buffer named '{name}'")
        index = created[name] if equals else next(iter(created.values()), max(ran.buffers))
        np.save(file, ran.buffers[index])
    if not options.out:
        for name, index in created.items():
            print(f"{name} = {np.array2string(ran.buffers[index], threshold=16)}")


def _extent(option: str, text: str) -> Extent:
    parts = text.split(",")
    if len(parts) > 3 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise UsageError(f"{option} {text}: expected one to three positive integers")
    x, y, z = (*map(int, parts), *[1] * (3 - len(parts)))
    return x, y, z


def _pair(text: str) -> tuple[int, int]:
    index, _, size = text.partition(":")
    if not index.isdigit() or not size.isdigit():
        raise UsageError(f"--tgmem {text}: expected INDEX:BYTES")
    return int(index), int(size)


def _bindings(
    items: Sequence[tuple[str, str]],
) -> tuple[dict[int, npt.NDArray[Any]], dict[int, bytes], dict[str, int]]:
    """Buffers and constants by index, and the indices of new buffers by name."""
    arrays: dict[int, npt.NDArray[Any]] = {}
    constants: dict[int, bytes] = {}
    created: dict[str, int] = {}
    following = 0
    for kind, text in items:
        index, equals, value = text.partition("=")
        if equals and index.isdigit():
            following = int(index)
        else:
            value = text
        if kind == "scalar":
            dtype, _, number = value.partition(":")
            constants[following] = np.array(_number(number), _dtype(dtype)).tobytes()
        elif value.endswith(".npy"):
            arrays[following] = np.load(value, allow_pickle=False)
        else:
            name, array = _new_buffer(value)
            arrays[following], created[name] = array, following
        following += 1
    return arrays, constants, created


def _new_buffer(text: str) -> tuple[str, npt.NDArray[Any]]:
    parts = text.split(":")
    if len(parts) != 3 or not all(part.isdigit() for part in parts[2].split("x")):
        raise UsageError(
            f"--buf {text}: expected FILE.npy or NAME:DTYPE:SHAPE, such as out:float32:32x64"
        )
    shape = tuple(int(part) for part in parts[2].split("x"))
    array: npt.NDArray[Any] = np.empty(shape, _dtype(parts[1]))
    array.view(np.uint8).fill(_POISON)
    return parts[0], array


def _dtype(name: str) -> np.dtype[Any]:
    try:
        return np.dtype(name)
    except TypeError:
        raise UsageError(f"'{name}' is not a NumPy dtype") from None
