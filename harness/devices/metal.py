"""The `metal` device: the source as it is, compiled and run by Metal through host/metal.

On a Mac the host is built with the Command Line Tools. Elsewhere a stand-in for Metal serves the
same host, which proves the host and judges kernels on this machine's processor; it says `virtual`,
and nothing of it is saved.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import chip_metrics
from chip_metrics import Recorded
from harness import atomic, settings
from harness.devices import metal_build
from harness.devices.base import Device, Function, Program, Session, Source
from harness.devices.cpu import spelling
from harness.devices.host_client import PROTOCOL_VERSION, HostSession, Supervisor
from harness.errors import EnvironmentFault, UserError
from harness.evaluation import Refusal, Status
from msl.library import KernelFunction
from msl.signatures import signatures
from msl.toolchain import ToolchainError

#: What the stand-in's device calls itself.
STAND_IN_NAME = "Stand-in"
_HELLO_DEADLINE_MS = 30_000
#: Metal reads these when a process starts; the older name of the second is read by older systems.
_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "": {},
    "validate": {"MTL_SHADER_VALIDATION": "1"},
    "capture": {"MTL_CAPTURE_ENABLED": "1", "METAL_CAPTURE_ENABLED": "1"},
}


class MetalDevice:
    """Runs kernels on the GPU of this Mac, or on what stands in for one."""

    name = "metal"

    def __init__(self, option: str = "") -> None:
        self._option, self._environment = option, _OPTIONS[option]
        self._facts: dict[str, Any] = {}
        self._spare: Supervisor | None = None
        self._program: Path | None = None

    def facts(self) -> Mapping[str, Any]:
        """Chip, GPU, limits, clock, the host program's hash, and whether the device is virtual."""
        if not self._facts:
            self._spare = self._start()
        return self._facts

    def _start(self) -> Supervisor:
        if self._program is None:
            self._program = metal_build.host()
        program = self._program
        supervisor = Supervisor(program, self._environment)
        reply = supervisor.request("hello", _HELLO_DEADLINE_MS, version=PROTOCOL_VERSION)
        if isinstance(reply, Refusal):
            supervisor.close()
            raise EnvironmentFault(reply.reason, "--device cpu judges kernels without a GPU")
        known = {key: value for key, value in reply.items() if key not in ("ok", "device")}
        recorded = None
        if not self._facts and reply["name"] != STAND_IN_NAME:
            recorded = chip_metrics.record(known, quick=True)
        self._facts = self._facts or {
            "host_sha256": metal_build.sha256(program),
            **known,
            **identity(recorded),
            **({"option": self._option} if self._option else {}),
        }
        return supervisor

    def build(self, source: Source, functions: Sequence[str]) -> Program | Refusal:
        """What the source declares; Metal compiles and judges it when it is loaded."""
        started = time.perf_counter()
        text = source.recorded
        path = settings.paths().build / "metal" / f"{source.sha256}.metal"
        try:
            found = signatures(
                text, name=Path(source.path).name, include_roots=[], cache_dir=path.parent.parent
            )
        except ToolchainError as problem:
            raise EnvironmentFault(
                f"the compiler does not work: {problem}", "./bench --doctor"
            ) from None
        # What the front end cannot read, Metal may: its own words follow at load.
        known = {} if isinstance(found, str) else found
        missing = [name for name in functions if name not in known]
        if missing and not isinstance(found, str):
            have = ", ".join(known) or "no kernel"
            reason = f"no kernel function '{missing[0]}'; the source has {have}"
            return Refusal(Status.PIPELINE_ERROR, reason)
        atomic.write_text(path, text)
        chosen = {name: _function(name, known.get(name)) for name in functions}
        took_ms = (time.perf_counter() - started) * 1e3
        return Program(source.sha256, path, chosen, "metal", took_ms, cached=False)

    def open(self, program: Program, *, threads: int, memory_limit_bytes: int) -> Session | Refusal:
        """Compile the program and make its pipelines, in a process of its own."""
        supervisor, self._spare = self._spare or self._start(), None
        session = HostSession(supervisor)
        try:
            refusal = session.load(program, threads=threads, memory_limit_bytes=memory_limit_bytes)
        except BaseException:
            supervisor.kill()
            raise
        if refusal:
            self._spare = supervisor
            return refusal
        return session


def identity(recorded: Recorded | None) -> dict[str, Any]:
    """Chip, GPU cores, and whether it is virtual, from what host and system say; None: the
    stand-in. What they do not say, or say differently, is unknown."""
    if recorded is None:
        return {"chip": chip_metrics.STAND_IN, "gpu_cores": None, "virtual": True, "notes": []}
    found = chip_metrics.identify(recorded)
    virtual = found.virtual or bool(recorded.device.get("virtual"))
    chip = chip_metrics.PARAVIRTUAL if virtual else found.chip_id or chip_metrics.UNKNOWN_APPLE
    notes = list(found.notes)
    return {"chip": chip, "gpu_cores": found.gpu_cores, "virtual": virtual, "notes": notes}


def _function(name: str, known: KernelFunction | None) -> Function:
    if known is None:
        return Function(name, name, "loop", 1024, 0)
    return Function(
        name=name,
        entry=name,
        mode="loop",
        max_threads=known.max_threads,
        static_threadgroup_bytes=0,
        threadgroup_arguments=known.threadgroup_arguments,
        parameters={i: (p.name, spelling(p)) for i, p in known.parameters.items()},
    )


def create(argument: str) -> Device:
    """This machine's GPU; `validate` turns Metal's shader validation on, `capture` lets it record
    what is submitted. Times of either mean nothing."""
    if argument not in _OPTIONS:
        known = " and ".join(filter(None, _OPTIONS))
        raise UserError(f"the device 'metal' has no option {argument!r}", f"there are {known}")
    return MetalDevice(argument)
