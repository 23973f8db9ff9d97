"""`./bench --serve`: judges candidates of other programs' searches, a JSON object a line each way.

Request   {"id": "c1", "kernel": "relu", "source": "…", "sizes": ["published"], "mode": "screen",
           "seed": 7, "engine": "auto"}; all but `kernel` and `source` may be left out.
Reply     {"schema_version": 1, "id": "c1", "evaluation": {…}, "feedback": {…}}, in the order of the
          requests: `evaluation` as --json prints it, of the first size that did not pass, else of
          the first; `feedback` over all sizes that were judged (harness/feedback.py).
or        {"schema_version": 1, "id": "c1", "error": {"kind", "message", "hint"}}, where nothing can
          be judged. A kernel that is wrong is an evaluation.

Three stages work side by side: one reads, one compiles what comes next, one judges and times under
the lock of the device. The end of the input ends it when all is answered; SIGTERM after the
candidate under way, with every other request answered as `stopped`.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness import atomic, console, devices, locks
from harness.board.documents import to_document
from harness.checking import ahead
from harness.devices.base import Device, Source
from harness.devices.replay import ReplayDevice
from harness.errors import EnvironmentFault, ExitCode, HostFailure, UserError
from harness.evaluation import Evaluation
from harness.evaluator import evaluate
from harness.feedback import feedback
from harness.problem import catalog
from harness.problem.catalog import Kernel

REPLY_VERSION = 1
#: JSON may spell a character of the source with six.
MAX_LINE_BYTES = 6 * catalog.MAX_SOURCE_BYTES + (1 << 16)
#: Candidates that are compiled and wait for the device.
LOOK_AHEAD = 2
#: Requests that are read and wait to be compiled; a client that sends more is held back.
_WAITING = 64
_END_S = 60.0

ErrorKind = Literal[
    "malformed", "too_long", "kernel", "usage", "environment", "host", "internal", "stopped"
]


class Request(BaseModel):
    """One candidate, as a line of standard input says it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: str | int | None = None
    kernel: str
    source: str = Field(min_length=1)
    sizes: list[str] | None = Field(default=None, min_length=1)
    mode: Literal["check", "screen", "report", "record"] | None = None
    seed: int | None = Field(default=None, ge=0)
    engine: Literal["auto", "fast", "reference"] | None = None


@dataclass(frozen=True)
class Defaults:
    """What holds where a request does not say; `sizes` empty: published, or the board's series."""

    device: str = "auto"
    mode: Literal["check", "screen", "report", "record"] = "screen"
    sizes: tuple[str, ...] = ()
    threads: int = 0


@dataclass(frozen=True)
class Fault:
    """Why nothing could be judged."""

    kind: ErrorKind
    message: str
    hint: str = ""


@dataclass
class Job:
    """A line on its way: what it asks for, or what is wrong with it."""

    number: int
    id: str | int | None = None
    request: Request | None = None
    fault: Fault | None = None
    kernel: Kernel | None = None
    source: Source | None = None


def run(defaults: Defaults, source: int = 0) -> int:
    """Serve until descriptor `source` ends or SIGTERM comes; the exit code."""
    server = Server(defaults)
    console.say(f"serving {server.chip}: one JSON object a line on standard input")
    before = signal.signal(signal.SIGTERM, server.terminate)
    try:
        server.serve(source)
    finally:
        signal.signal(signal.SIGTERM, before)
    return ExitCode.PASSED


@dataclass
class Server:
    """The three stages and the queues between them. Replies go to standard output."""

    defaults: Defaults
    catalog: catalog.Catalog = field(default_factory=catalog.default)
    _devices: dict[str, Device] = field(default_factory=dict)
    _read: queue.Queue[Job | None] = field(default_factory=lambda: queue.Queue(_WAITING))
    _built: queue.Queue[Job | None] = field(default_factory=lambda: queue.Queue(LOOK_AHEAD))
    _open: dict[int, Job] = field(default_factory=dict)  # read and not answered, in order
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def chip(self) -> str:
        """The chip that candidates run on."""
        return str(self._device(self._device_name(None)).facts()["chip"])

    def terminate(self, number: int, frame: FrameType | None) -> None:
        """End after the candidate under way; for a signal handler."""
        self._stop.set()

    def serve(self, source: int) -> None:
        """Answer everything that `source` holds, in order."""
        reading = threading.Thread(target=self._reading, args=(source,), daemon=True)
        building = threading.Thread(target=self._building, daemon=True)
        # A queue's own lock must not be taken in a signal handler: this thread wakes the judge.
        waking = threading.Thread(target=self._waking, daemon=True)
        for thread in (reading, building, waking):
            thread.start()
        try:
            while (job := self._built.get()) is not None and not self._stop.is_set():
                self._answer(job, self._judged(job))
        finally:
            stopped = self._stop.is_set()
            self._stop.set()
            self._join(building)
        if stopped:
            for job in list(self._open.values()):
                self._answer(job, Fault("stopped", "the server was asked to end"))

    def _join(self, building: threading.Thread) -> None:
        """Wait for the compiler under way, which would else be left behind."""
        with contextlib.suppress(queue.Full):
            self._read.put_nowait(None)
        until = time.monotonic() + _END_S
        while building.is_alive() and time.monotonic() < until:
            with contextlib.suppress(queue.Empty):
                self._built.get_nowait()
            building.join(0.05)

    def _waking(self) -> None:
        self._stop.wait()
        self._built.put(None)

    # Reading.

    def _reading(self, source: int) -> None:
        for number, line in enumerate(lines_of(source, MAX_LINE_BYTES), 1):
            if line is not None and not line.strip():
                continue
            job = _parsed(number, line)
            self._open[number] = job
            self._read.put(job)
        self._read.put(None)

    # Compiling what comes next.

    def _building(self) -> None:
        opened: dict[str, Device] = {}  # of this thread: the judge uses the others meanwhile
        while (job := self._read.get()) is not None and not self._stop.is_set():
            if job.request is not None and job.fault is None:
                job.fault = self._prepared(job, job.request, opened)
            self._built.put(job)
        self._built.put(None)

    def _prepared(self, job: Job, request: Request, opened: dict[str, Device]) -> Fault | None:
        """Find the kernel and compile the source; why that cannot be."""
        try:
            job.kernel = self.catalog.find(request.kernel)
        except UserError as problem:
            return Fault("kernel", problem.message, problem.hint)
        job.source = catalog.source_of(request.source)
        try:
            name = self._device_name(request)
            if name not in opened:
                opened[name] = devices.new_device(name)
            if not isinstance(opened[name], ReplayDevice):
                ahead.build(job.kernel, job.source, opened[name])
        except UserError:
            return None  # the judge meets it again, and says it
        return None

    # Judging.

    def _judged(self, job: Job) -> list[Evaluation] | Fault:
        if job.request is None or job.kernel is None or job.source is None or job.fault:
            return job.fault or Fault("internal", "a request went astray")
        request, kernel = job.request, job.kernel
        found: list[Evaluation] = []
        try:
            for size in self._sizes(request, kernel):
                evaluation = evaluate(
                    kernel,
                    job.source,
                    device=self._device(self._device_name(request)),
                    sizes=(size,),
                    mode=request.mode or self.defaults.mode,
                    threads=self.defaults.threads,
                    seed=request.seed,
                    on_wait=locks.quiet,
                )
                found.append(evaluation)
                if not evaluation.passed:
                    break
        except UserError as problem:
            return _fault_of(problem)
        except Exception as problem:
            # A fault of ours must not end a search of somebody else's: it is told, by its name.
            return Fault("internal", f"{type(problem).__name__}: {problem}", "this is a bug")
        return found

    def _sizes(self, request: Request, kernel: Kernel) -> list[str]:
        asked = request.sizes or self.defaults.sizes
        return list(asked or kernel.spec.sizes.series or ("published",))

    def _device_name(self, request: Request | None) -> str:
        if request is None or request.engine is None:
            return self.defaults.device
        if self.defaults.device.partition(":")[0] not in ("auto", "cpu"):
            raise UserError("`engine` is of the device cpu")
        return f"cpu:{request.engine}"

    def _device(self, name: str) -> Device:
        if name not in self._devices:
            self._devices[name] = devices.open_device(name)
        return self._devices[name]

    def _answer(self, job: Job, found: list[Evaluation] | Fault) -> None:
        self._open.pop(job.number, None)
        sys.stdout.write(atomic.strict_json(reply(job.id, found), indent=None))
        sys.stdout.flush()


def reply(name: str | int | None, found: list[Evaluation] | Fault) -> dict[str, Any]:
    """The reply to a request as plain JSON."""
    head = {"schema_version": REPLY_VERSION, "id": name}
    if isinstance(found, Fault):
        shown = {"kind": found.kind, "message": found.message, "hint": found.hint}
        return {**head, "error": shown}
    telling = next((one for one in found if not one.passed), found[0])
    evaluation = to_document(telling).model_dump(mode="json")
    return {**head, "evaluation": evaluation, "feedback": feedback(found)}


def lines_of(descriptor: int, limit: int) -> Iterator[bytes | None]:
    """The lines of a stream as they come; None for one of more than `limit` bytes, which is
    skipped to its end without being kept."""
    pending = bytearray()
    skipping = False
    while chunk := os.read(descriptor, 1 << 16):
        pending += chunk
        while (end := pending.find(b"\n")) >= 0:
            line = bytes(pending[:end])
            del pending[: end + 1]
            yield None if skipping or len(line) > limit else line
            skipping = False
        if len(pending) > limit:
            pending.clear()
            skipping = True
    if pending or skipping:
        yield None if skipping else bytes(pending)


def _parsed(number: int, line: bytes | None) -> Job:
    """A line as a request, or what is wrong with it."""
    if line is None:
        message = f"line {number} has more than {MAX_LINE_BYTES} bytes"
        return Job(number, fault=Fault("too_long", message))
    name = None
    try:
        raw = json.loads(line)
        # Half a surrogate is JSON and no text: it could be neither compiled nor answered.
        json.dumps(raw, ensure_ascii=False).encode()
        found = raw.get("id") if isinstance(raw, dict) else None
        name = found if isinstance(found, str | int) and not isinstance(found, bool) else None
        request = Request.model_validate(raw)
    except ValidationError as problem:
        return Job(number, name, fault=_malformed(number, _told(problem)))
    except (ValueError, RecursionError) as problem:
        return Job(number, name, fault=_malformed(number, f"no JSON object: {problem}"))
    size = len(request.source.encode())
    if size > catalog.MAX_SOURCE_BYTES:
        message = f"source of {size} bytes > limit {catalog.MAX_SOURCE_BYTES}"
        return Job(number, request.id, fault=Fault("too_long", message))
    if "\0" in request.source:
        return Job(number, request.id, fault=_malformed(number, "source holds a zero byte"))
    return Job(number, request.id, request)


def _malformed(number: int, why: str) -> Fault:
    fields = ", ".join(Request.model_fields)
    return Fault("malformed", f"line {number}: {why}", f"fields are {fields}")


def _told(problem: ValidationError) -> str:
    errors = problem.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'line'}: {e['msg']}" for e in errors)


def _fault_of(problem: UserError) -> Fault:
    if isinstance(problem, HostFailure):
        return Fault("host", problem.message, problem.hint)
    kind: ErrorKind = "environment" if isinstance(problem, EnvironmentFault) else "usage"
    return Fault(kind, problem.message, problem.hint)
