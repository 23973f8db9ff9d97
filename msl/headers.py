"""The library headers as a precompiled header, built once for each compiler, CPU and header
text."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from msl.toolchain import Toolchain, ToolchainError

LIBRARY_FOLDER = Path(__file__).resolve().parent.parent / "host" / "portable" / "include"
_STDINT = (
    "".join(
        f"typedef __{sign.upper()}INT{bits}_TYPE__ {sign}int{bits}_t;\n"
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    )
    + "typedef __UINTPTR_TYPE__ uintptr_t;\ntypedef __INTPTR_TYPE__ intptr_t;\n"
)
_UMBRELLA = '#include "msl_library.h"\n#include "msl_path.h"\n#include "msl_entry.h"\n'


def headers_hash(folder: Path = LIBRARY_FOLDER) -> str:
    """A hash of the text of every header, read again only if a file changed."""
    files = sorted(folder.glob("*.h"))
    return _hash(tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files))


@functools.lru_cache(maxsize=8)
def _hash(files: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256((_UMBRELLA + _STDINT).encode())
    for name, _, _ in files:
        path = Path(name)
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:24]


def ensure_precompiled(
    toolchain: Toolchain,
    flags: list[str],
    identity: str,
    cache: Path,
    folder: Path = LIBRARY_FOLDER,
) -> Path:
    """The path of the precompiled header, built from a private copy of the headers if it is
    missing."""
    key = hashlib.sha256(
        f"{headers_hash(folder)}\n{identity}\n{' '.join(flags)}".encode()
    ).hexdigest()[:24]
    # The header keeps the path that it was built from, which has to outlive a link to it.
    home = (cache / "library").resolve() / key
    precompiled = home / "library.pch"
    if precompiled.is_file():
        return precompiled
    _copy_headers(folder, home)
    scratch = Path(tempfile.mkdtemp(prefix=".pch-", dir=home.parent))
    try:
        target = scratch / "library.pch"
        command = [
            *toolchain.clang,
            *flags,
            "-I",
            str(home),
            "-w",
            "-x",
            "c++-header",
            str(home / "library.h"),
            "-o",
            str(target),
        ]
        done = toolchain.run(command, folder=scratch, cache=cache)
        if done.code:
            raise ToolchainError(
                f"the library headers do not compile:\n{done.limit or done.stderr}"
            )
        os.replace(target, precompiled)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return precompiled


def _copy_headers(folder: Path, home: Path) -> None:
    if (home / "library.h").is_file():
        return
    home.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".headers-", dir=home.parent))
    for file in folder.glob("*.h"):
        shutil.copy2(file, scratch / file.name)
    (scratch / "stdint.h").write_text(f"#pragma once\n{_STDINT}")
    (scratch / "library.h").write_text(_UMBRELLA)
    try:
        os.rename(scratch, home)
    except OSError:  # somebody else was first
        shutil.rmtree(scratch, ignore_errors=True)
