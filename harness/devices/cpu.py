"""The `cpu` device: MSL compiled by our front end for this processor, run by the portable host."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import chip_metrics
import msl
from harness import settings
from harness.devices.base import Device, Function, Program, Session, Source
from harness.devices.host_client import PROTOCOL_VERSION, HostSession, Supervisor
from harness.errors import EnvironmentFault, HostFailure, UserError
from harness.evaluation import Refusal, Status
from msl.host_build import HostBuildError, ensure_host
from msl.toolchain import ToolchainError

_HELLO_DEADLINE_MS = 10_000
#: A message longer than this helps nobody.
_MOST_ERROR_LINES = 24


class CpuDevice:
    """Runs kernels on this machine's cores."""

    name = "cpu"

    def __init__(self, engine: str = "") -> None:
        self._engine = engine or msl.DEFAULT_ENGINE
        self._facts: dict[str, Any] = {}
        self._spare: Supervisor | None = None
        self._spares = threading.Lock()  # searches side by side share this device

    def facts(self) -> Mapping[str, Any]:
        """Chip, engine, threads, limits and clock."""
        with self._spares:
            if not self._facts:
                self._spare = self._start()
            return self._facts

    def _start(self) -> Supervisor:
        """A supervisor that has said hello."""
        try:
            program = ensure_host().supervisor
        except HostBuildError as problem:
            raise EnvironmentFault(problem.message, problem.hint) from None
        supervisor = Supervisor(program)
        reply = supervisor.request("hello", _HELLO_DEADLINE_MS, version=PROTOCOL_VERSION)
        if isinstance(reply, Refusal):
            raise HostFailure(f"the host refused to start: {reply.reason}")
        known = {key: value for key, value in reply.items() if key not in ("ok", "device")}
        chip = chip_metrics.detect_cpu().chip_id
        self._facts = {**known, "chip": chip, "engine": self._engine}
        return supervisor

    def build(
        self, source: Source, functions: Sequence[str], *, checked: bool = False
    ) -> Program | Refusal:
        """Compile, from the cache if the same source was compiled before; `checked`: the build that
        a checked worker runs."""
        built = self._compile(source, functions, checked)
        if isinstance(built, msl.Rejection):
            return _refusal(built)
        missing = [name for name in functions if name not in built.functions]
        if missing:
            every = self._compile(source, None)
            have = ", ".join(every.functions) if isinstance(every, msl.Library) else ""
            reason = f"no kernel function '{missing[0]}'; the source has {have or 'no kernel'}"
            return Refusal(Status.PIPELINE_ERROR, reason)
        return Program(
            source_sha256=source.sha256,
            library=built.path,
            functions={name: _function(f) for name, f in built.functions.items()},
            engine=_engine(built),
            build_ms=sum(built.timings_ms.values()),
            cached=built.cached,
            warnings=built.text,
            tables=built.checked,
        )

    def _compile(
        self, source: Source, functions: Sequence[str] | None, checked: bool = False
    ) -> msl.Library | msl.Rejection:
        try:
            return msl.compile_source(
                source.text,
                name=Path(source.path).name,
                functions=functions,
                checked=checked,
                engine=self._engine,
                include_roots=[settings.ROOT / "metal" / "include"],
                cache_dir=settings.paths().build,
                compiler=settings.chosen_compiler() or None,
            )
        except ToolchainError as problem:
            raise EnvironmentFault(
                f"the compiler does not work: {problem}", "./bench --doctor"
            ) from None

    def open(self, program: Program, *, threads: int, memory_limit_bytes: int) -> Session | Refusal:
        """Start a worker and load the program."""
        with self._spares:
            spare, self._spare = self._spare, None
        supervisor = spare or self._start()
        session = HostSession(supervisor)
        try:
            refusal = session.load(program, threads=threads, memory_limit_bytes=memory_limit_bytes)
        except BaseException:
            supervisor.kill()
            raise
        if refusal:
            with self._spares:
                unused, self._spare = self._spare, supervisor
            if unused is not None:
                unused.close()
            return refusal
        return session


def _engine(built: msl.Library) -> str:
    """The engine of every kernel, or of each; why the fast one runs a kernel not."""
    engines = {function.engine for function in built.functions.values()}
    declined = [f for f in built.functions.values() if f.declined]
    if len(engines) == 1 and not declined:
        return engines.pop()
    names = ", ".join(f"{f.name}: {f.declined}" for f in declined)
    rest = "fast for the others, " if "fast" in engines else ""
    return f"{rest}reference (fast engine declines {names})" if names else "fast and reference"


def _function(function: msl.KernelFunction) -> Function:
    return Function(
        name=function.name,
        entry=function.entry,
        mode=function.mode,
        max_threads=function.max_threads,
        static_threadgroup_bytes=function.static_threadgroup_bytes,
        threadgroup_arguments=function.threadgroup_arguments,
        parameters={i: (p.name, spelling(p)) for i, p in function.parameters.items()},
    )


def spelling(parameter: msl.Parameter) -> str:
    """A parameter's type as the problem's ABI names it."""
    const = "const " if parameter.const and parameter.address_space != "constant" else ""
    return f"{parameter.address_space} {const}{parameter.type}"


def _refusal(rejection: msl.Rejection) -> Refusal:
    lines = rejection.text.strip().split("\n")
    if len(lines) > _MOST_ERROR_LINES:
        more = len(lines) - _MOST_ERROR_LINES
        lines = [*lines[:_MOST_ERROR_LINES], f"... {more} more lines"]
    first = next((d for d in rejection.diagnostics if d.severity == "error"), None)
    where = f"{first.file}:{first.line}:{first.column}" if first else ""
    found = tuple(
        {"severity": d.severity, "file": d.file, "line": d.line, "column": d.column, "text": d.text}
        for d in dict.fromkeys(rejection.diagnostics)
    )
    status = Status(rejection.status)
    return Refusal(status, "\n".join(lines), location=where, diagnostics=found)


def create(argument: str) -> Device:
    """The CPU of this machine; the argument is an engine: `auto`, `fast` or `reference`."""
    if argument and argument not in msl.ENGINES:
        engines = ", ".join(msl.ENGINES)
        raise UserError(f"the device 'cpu' has no engine {argument!r}", f"engines are {engines}")
    return CpuDevice(argument)
