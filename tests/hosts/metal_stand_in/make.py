"""Compiles the Metal host: with the stand-in into a program for this machine, and for an Apple
silicon Mac against declarations alone.

`python tests/hosts/metal_stand_in/make.py` prints the program's path; without GNUstep it ends with
3 and the line that gets it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE), str(ROOT)]

from gnustep import Gnustep, NoGnustep, find  # noqa: E402

from msl.toolchain import find_toolchain  # noqa: E402

HOST = ROOT / "host" / "metal"
BUILD = ROOT / "host" / "build"
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter")
GNU_FLAGS = (
    *("-fobjc-runtime=gcc", "-fblocks", "-fexceptions", "-fobjc-exceptions", "-O1", "-g"),
    *("-fconstant-string-class=NSConstantString", "-fno-sanitize=all", "-D_GNU_SOURCE"),
    *("-DGNUSTEP", "-DGNUSTEP_BASE_LIBRARY=1", "-DGNU_RUNTIME=1", "-D_NATIVE_OBJC_EXCEPTIONS"),
)
MAC_FLAGS = ("-target", "aarch64-macos.14.0", "-fobjc-arc", "-fblocks", "-fno-sanitize=all")


class CompileError(RuntimeError):
    """The compiler refused; its words."""


def program(host: Path = HOST, *, folder: Path | None = None) -> Path:
    """The host linked with the stand-in, built if its sources changed; a copy of the host needs a
    folder of its own."""
    gnustep = find()
    sources = [*sorted(host.glob("*.m")), *sorted(HERE.glob("*.m"))]
    folder = folder or BUILD / f"metal-stand-in-{_key(host, gnustep)}"
    result = folder / "metal-host"
    if result.is_file():
        return result
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        objects = [_object(path, Path(work), gnustep) for path in sources]
        made = Path(work) / "metal-host"
        _zig(["cc", *_linking(gnustep), *map(str, objects), "-o", str(made)])
        os.replace(made, result)
    return result


def _key(host: Path, gnustep: Gnustep) -> str:
    digest = hashlib.sha256(f"{sys.executable} {gnustep} {GNU_FLAGS}".encode())
    for folder in (host, HERE):
        for path in sorted([*folder.rglob("*.[hm]"), *folder.glob("*.py")]):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _object(source: Path, work: Path, gnustep: Gnustep) -> Path:
    """Compile one file; objects are kept by content, for one patched file changes one object."""
    digest = hashlib.sha256(f"{sys.executable} {gnustep} {GNU_FLAGS} {source.name}".encode())
    for path in sorted([source, *source.parent.glob("*.h"), *HERE.rglob("*.h")]):
        digest.update(path.read_bytes())
    kept = BUILD / "metal-objects" / f"{source.stem}-{digest.hexdigest()[:16]}.o"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        includes = [f"-I{HERE / 'include'}", f"-I{HERE / 'gnustep'}", f"-I{HERE}"]
        system = [part for path in gnustep.includes for part in ("-isystem", str(path))]
        paths = [f'-DSTAND_IN_ROOT="{ROOT}"', f'-DSTAND_IN_PYTHON="{sys.executable}"']
        made = work / f"{source.stem}.o"
        command = ["cc", *GNU_FLAGS, *WARNINGS, *includes, *system, *paths]
        _zig([*command, "-c", str(source), "-o", str(made)])
        os.replace(made, kept)
    return kept


def _linking(gnustep: Gnustep) -> list[str]:
    unwinder = next(
        path
        for folder in (Path("/usr/lib"), Path("/lib"))
        for path in folder.glob("*/libgcc_s.so.1")
    )
    paths = [f"-Wl,-rpath,{folder}" for folder in gnustep.folders]
    libraries = [str(library) for library in gnustep.libraries]
    # What GNUstep itself needs is found when the program starts.
    return [*libraries, str(unwinder), *paths, "-Wl,--allow-shlib-undefined", "-rtlib=none"]


def for_apple(source: Path, result: Path) -> None:
    """Compile one file of the host as a Mac would, with ARC; CompileError if it is refused."""
    includes = [f"-I{HERE / 'arm64'}", f"-I{HERE / 'include'}", f"-I{HOST}"]
    _zig(["cc", *MAC_FLAGS, *WARNINGS, *includes, "-c", str(source), "-o", str(result)])


def _zig(arguments: Sequence[str]) -> None:
    cache = str(BUILD / "zig")
    environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}
    command = [find_toolchain().clang[0], *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    if done.returncode:
        raise CompileError(done.stderr.strip()[-4000:])


if __name__ == "__main__":
    try:
        print(program())
    except NoGnustep as problem:
        print(problem, file=sys.stderr)
        sys.exit(3)
