"""Builds the portable host's native programs once for each source, compiler and processor."""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from msl.toolchain import Completed, Toolchain, ToolchainError, cpu_identity, find_toolchain

PORTABLE = Path(__file__).resolve().parent.parent / "host" / "portable"
SOURCES = PORTABLE / "src"
HEADERS = PORTABLE / "include"
BUILD_FOLDER = PORTABLE.parent / "build"

FLAGS = (
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fvisibility=hidden",
    "-fno-sanitize=all",
    "-fomit-frame-pointer",
)
CXX_FLAGS = (
    "-std=c++20",
    "-fno-exceptions",
    "-fno-rtti",
    "-fvisibility-global-new-delete=force-hidden",
)
# Neither libc++ nor compiler-rt: zig would first build them, for most of a minute.
LINK_FLAGS = ("-O2", "-s", "-fno-sanitize=all", "-rtlib=none")
SHARED_PARTS = ("support",)
SUPERVISOR_PARTS = ("json", "protocol", "geometry", "child", "supervisor")
WORKER_PARTS = (
    "worker",
    "library",
    "lockdown",
    "crash",
    "submission",
    "threadgroups",
    "fibers",
    "checked_checker",
    "checked_access",
    "checked_report",
    "checked_hooks",
    "checked_private",
    "checked_shadow",
    "checked_sync",
    "stacks",
    "switch_x86_64",
    "switch_aarch64",
)
PARALLEL_COMPILES = 2

Progress = Callable[[str], None]


class HostBuildError(ToolchainError):
    """The host's programs cannot be built here; `hint` is the one command that helps."""

    def __init__(self, message: str, hint: str = "python3 setup.py") -> None:
        super().__init__(f"{message}\n{hint}")
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class HostPaths:
    """The two programs; they lie in one folder, where the supervisor looks for the worker."""

    supervisor: Path
    worker: Path


def ensure_host(cache_dir: Path | None = None, *, progress: Progress | None = None) -> HostPaths:
    """The host's programs, built if no earlier build fits. Safe for several processes at once."""
    if not sys.platform.startswith("linux"):
        raise HostBuildError("the portable host runs on Linux alone", "./bench NAME --device metal")
    try:
        toolchain = find_toolchain()
    except ToolchainError as error:
        raise HostBuildError(str(error)) from error
    root = cache_dir if cache_dir is not None else _writable_root()
    folder = root / f"portable-{_key(toolchain)}"
    paths = HostPaths(folder / "msl-supervisor", folder / "msl-worker")
    if _complete(paths):
        return paths
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / ".lock"):
            if not _complete(paths):
                _build(toolchain, root, folder, progress or _silent)
    except OSError as error:
        raise HostBuildError(f"cannot write the host's programs under {root}: {error}") from error
    return paths


def _silent(_: str) -> None:
    return None


def _complete(paths: HostPaths) -> bool:
    return paths.supervisor.is_file() and paths.worker.is_file()


def _writable_root() -> Path:
    nearest = next(path for path in (BUILD_FOLDER, *BUILD_FOLDER.parents) if path.exists())
    if os.access(nearest, os.W_OK):
        return BUILD_FOLDER
    cache = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(cache) if cache else Path.home() / ".cache") / "metal-bench" / "host"


def _files() -> list[Path]:
    sources = [path for path in SOURCES.iterdir() if path.suffix in (".cc", ".h", ".S")]
    if not sources:
        raise HostBuildError(f"the host's sources are missing from {SOURCES}", "git checkout host")
    return sorted([*sources, HEADERS / "msl_abi.h"])


def _key(toolchain: Toolchain) -> str:
    digest = hashlib.sha256()
    for path in _files():
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    settings = (toolchain.identity, cpu_identity(), *FLAGS, *CXX_FLAGS, *LINK_FLAGS)
    digest.update("\0".join(settings).encode())
    return digest.hexdigest()[:16]


def _build(toolchain: Toolchain, root: Path, folder: Path, progress: Progress) -> None:
    work = Path(tempfile.mkdtemp(prefix=".building-", dir=root))
    try:
        parts = [*SHARED_PARTS, *SUPERVISOR_PARTS, *WORKER_PARTS]
        progress(f"building the portable host ({len(parts)} files, once)")
        with concurrent.futures.ThreadPoolExecutor(PARALLEL_COMPILES) as executor:
            list(executor.map(lambda part: _compile(toolchain, work, root, part), parts))
        result = work / "result"
        result.mkdir()
        _link(toolchain, work, root, result / "msl-supervisor", SUPERVISOR_PARTS, ())
        _link(toolchain, work, root, result / "msl-worker", WORKER_PARTS, ("-rdynamic",))
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(result, folder)
        progress("the portable host is built")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _compile(toolchain: Toolchain, work: Path, root: Path, part: str) -> None:
    source = SOURCES / f"{part}.cc"
    driver, extra = ("c++", CXX_FLAGS) if source.is_file() else ("cc", ())
    source = source if source.is_file() else SOURCES / f"{part}.S"
    command = [*_driver(toolchain, driver), *FLAGS, *extra, f"-I{SOURCES}", f"-I{HEADERS}"]
    _run(toolchain, [*command, "-c", str(source), "-o", str(work / f"{part}.o")], work, root)


def _link(
    toolchain: Toolchain,
    work: Path,
    root: Path,
    program: Path,
    parts: Sequence[str],
    extra: Sequence[str],
) -> None:
    objects = [str(work / f"{part}.o") for part in (*SHARED_PARTS, *parts)]
    command = [*_driver(toolchain, "cc"), *LINK_FLAGS, *extra, *objects, "-o", str(program)]
    _run(toolchain, command, work, root)


def _driver(toolchain: Toolchain, name: str) -> tuple[str, ...]:
    """zig's own drivers, which bring headers and start files; its bare clang does not."""
    return (toolchain.clang[0], name)


def _run(toolchain: Toolchain, command: Sequence[str], work: Path, root: Path) -> None:
    completed: Completed = toolchain.run(command, folder=work, cache=root)
    if completed.code != 0:
        text = completed.limit or completed.stderr.strip() or f"exit code {completed.code}"
        raise HostBuildError(f"building the portable host failed:\n{text}")
