"""Native code in a worker, past the front end: built, run, judged, and let loose for comparison."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness import devices, settings
from harness.devices.base import Device, Program, Session, Source
from harness.evaluation import Refusal
from msl.host_build import HEADERS, SOURCES, HostPaths, ensure_host
from msl.host_client import PROTOCOL_VERSION, HostClient, Pool, Refused
from msl.toolchain import find_toolchain

FOLDER = settings.ROOT / "tests" / "bad_kernels" / "escapes"
DEADLINE_MS = 300
MEMORY_LIMIT_BYTES = 1 << 30
#: What judging takes: three runs at each of four check sizes, two at the published one. An attack
#: that waits so long meets the timed runs alone.
JUDGED_RUNS = 14
#: Waiting, waking and ending: what a kernel may ask of the system.
ALLOWED_CALLS = frozenset({"futex", "sched_yield", "rt_sigreturn", "exit", "exit_group"})
_BUFFERS_AT = 320  # of MslGroup
_FLAGS = (
    "-std=c++20",
    "-O1",
    "-fPIC",
    "-fno-sanitize=all",
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-stack-protector",
    "-fno-threadsafe-statics",
    "-fvisibility=hidden",
)
_VICTIM_TEXT = "as it was\n"


@dataclass(frozen=True)
class Finding:
    """What became of an attack: the layer that refused it, if one did, and its words."""

    refused: bool
    layer: str
    said: str


@dataclass(frozen=True)
class Arena:
    """Where attacks are built and run: a folder of ours with a file that must not change."""

    folder: Path
    host: HostPaths

    @property
    def victim(self) -> Path:
        """The file that attacks try to change."""
        return self.folder / "victim"

    def renew(self) -> None:
        """The file as it was, and nothing beside it."""
        for path in self.folder.glob("victim*"):
            path.unlink()
        self.victim.write_text(_VICTIM_TEXT, "utf-8")

    def untouched(self) -> bool:
        """Whether nothing was changed or left."""
        found = {path.name: path.read_text("utf-8") for path in self.folder.glob("victim*")}
        return found == {self.victim.name: _VICTIM_TEXT}


@contextmanager
def arena() -> Iterator[Arena]:
    """A fresh one."""
    with tempfile.TemporaryDirectory(prefix="metal-bench-escapes-") as folder:
        yield Arena(Path(folder), ensure_host())


def build_native(path: Path, place: Arena) -> Path:
    """A C++ attack as the library that a worker opens; the front end never sees it."""
    toolchain = find_toolchain()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    library = place.folder / f"{path.stem}-{digest}.so"
    defines = [f'-DVICTIM="{place.victim}"', f"-DJUDGED_RUNS={JUDGED_RUNS}"]
    folders = [f"-I{folder}" for folder in (HEADERS, SOURCES, FOLDER)]
    compiled = [
        toolchain.clang[0],
        "c++",
        *_FLAGS,
        *defines,
        *folders,
        "-c",
        str(path),
        "-o",
        "a.o",
    ]
    linked = [*toolchain.lld, "-shared", "a.o", "-o", str(library)]
    for command in (compiled, linked):
        done = toolchain.run(command, folder=place.folder, cache=settings.paths().build)
        if done.code:
            raise RuntimeError(f"{path.name} does not compile: {done.limit or done.stderr}")
    return library


def run_in_worker(
    library: Path,
    place: Arena,
    *,
    entry: str = "attack",
    layer: str = "",
    facts: Sequence[int] = (),
    freeze: bool = True,
) -> Finding:
    """One run of a library in a worker of its own; `layer` is credited where it just achieves
    nothing."""
    pool = Pool({"out": 4096, "facts": 4096})
    try:
        with HostClient(place.host.supervisor) as host:
            host.request("hello", DEADLINE_MS, version=PROTOCOL_VERSION)
            words = [host.pid, *facts]
            pool.write("facts", b"".join(w.to_bytes(4, "little") for w in words).ljust(4096, b"\0"))
            for op, fields in _requests(library, entry, pool, freeze):
                reply = host.request(op, 10_000, **fields)
                if isinstance(reply, Refused):
                    return Finding(True, layer_of(reply), f"{reply.status}: {reply.reason}")
            return _after_the_run(pool, layer, patience_s=0.02 if freeze else 5.0)
    finally:
        pool.close()


def _after_the_run(pool: Pool, layer: str, patience_s: float) -> Finding:
    """A run that ended: whether the attack says that it got through, or still changes memory."""
    before = pool.read("out")
    got_through = int.from_bytes(before[:4], "little")
    if got_through:
        return Finding(False, "", f"got through {got_through} times")
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if pool.read("out") != before:
            return Finding(False, "", "the output still changes after the end of the run")
        time.sleep(0.002)
    return Finding(True, layer, "contained: nothing got through, and its output stands still")


def _requests(
    library: Path, entry: str, pool: Pool, freeze: bool
) -> list[tuple[str, dict[str, Any]]]:
    function = {
        "name": "f",
        "entry": entry,
        "mode": "loop",
        "max_threads": 1024,
        "static_threadgroup_bytes": 0,
    }
    dispatch = {
        "function": "f",
        "grid": [2, 1, 1],
        "threadgroup": [1, 1, 1],
        "buffers": {
            "0": {"slot": "out", "offset": 0},
            "1": {"slot": "facts", "offset": 0},
        },
    }
    load = {
        "library": str(library),
        "functions": [function],
        "threads": 2,
        "memory_limit_bytes": MEMORY_LIMIT_BYTES,
    }
    bind = {
        "pool": {"path": pool.path, "bytes": pool.bytes},
        "slots": ["out", "facts"],
        "instances": [[list(pool.regions["out"]), list(pool.regions["facts"])]],
        "dispatches": [dispatch],
    }
    run = {"first": 0, "count": 1, "deadline_ms": DEADLINE_MS, "freeze": freeze}
    return [("load", load), ("bind", bind), ("run", run)]


_NATIVE_LAYERS = (
    ("blocked system call", "seccomp"),
    ("stack overflow", "stack guard"),
    ("SIGSEGV", "memory protection"),
    ("SIG", "supervisor"),
    ("ended by itself", "supervisor"),
    ("the memory limit is", "memory limit"),
    ("not finished after", "deadline"),
)


def layer_of(reply: Refused) -> str:
    return next((layer for words, layer in _NATIVE_LAYERS if words in reply.reason), "")


class NativeDevice:
    """The CPU device with a candidate that no front end has seen."""

    name = "cpu"

    def __init__(self, library: Path) -> None:
        self._library = library
        self._device: Device = devices.open_device("cpu")

    def facts(self) -> Mapping[str, Any]:
        """Those of the CPU."""
        return self._device.facts()

    def build(self, source: Source, functions: Sequence[str]) -> Program | Refusal:
        """The native library under the honest kernel's interface."""
        program = self._device.build(source, functions)
        if isinstance(program, Refusal):
            return program
        disguised = {
            name: replace(function, entry="attack", mode="loop")
            for name, function in program.functions.items()
        }
        return replace(program, library=self._library, functions=disguised)

    def open(self, program: Program, *, threads: int, memory_limit_bytes: int) -> Session | Refusal:
        """A worker with that library."""
        return self._device.open(program, threads=threads, memory_limit_bytes=memory_limit_bytes)


def unlocked(library: Path, place: Arena) -> int:
    """What the attack says of itself where nothing stops it: in a process of its own."""
    place.renew()
    done = subprocess.run(
        [sys.executable, "-c", _UNLOCKED, str(library), str(_BUFFERS_AT)],
        cwd=place.folder,
        capture_output=True,
        text=True,
        timeout=20,
    )
    return int(done.stderr.strip() or 0) if done.returncode == 0 else 0


_UNLOCKED = """
import ctypes, os, sys
library = ctypes.CDLL(sys.argv[1])
at = int(sys.argv[2])
out, facts = (ctypes.c_uint32 * 1024)(), (ctypes.c_uint32 * 16)(os.getppid(), 39)
group = (ctypes.c_char * 1024)()
buffers = (ctypes.c_void_p * 2)(ctypes.addressof(out), ctypes.addressof(facts))
ctypes.memmove(ctypes.addressof(group) + at, buffers, 16)
library.attack(group)
sys.stderr.write(str(out[0]))
"""


def call_numbers() -> dict[str, int]:
    """Every system call of this processor, as the system's headers number them."""
    toolchain = find_toolchain()
    done = toolchain.run(
        [
            toolchain.clang[0],
            "cc",
            "-dM",
            "-E",
            "-include",
            "sys/syscall.h",
            "-x",
            "c",
            "/dev/null",
        ],
        folder=settings.ROOT,
        cache=settings.paths().build,
    )
    names = re.findall(r"#define __NR_(\w+) (\d+)", done.stdout)
    return {name: int(number) for name, number in names}


def sweep(place: Arena, names: Iterable[str] | None = None) -> list[str]:
    """The system calls that a running kernel can make, beyond those it may."""
    numbers, library = call_numbers(), build_native(FOLDER / "every_call.cc", place)
    got_through = []
    for name in names if names is not None else numbers:
        if name in ALLOWED_CALLS:
            continue
        found = run_in_worker(library, place, facts=[numbers[name]])
        if not (found.refused and found.layer == "seccomp"):
            got_through.append(name)
    return got_through
