"""Compiles and runs programs against the Metal headers, with the flags of a real build."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from msl.flags import compile_flags
from msl.toolchain import Toolchain, find_toolchain

HOST = Path(__file__).parents[3] / "host" / "portable"
TIMEOUT_S = 300


class Headers:
    """A compiler that sees the Metal headers, and where its outputs go."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self._cache = str(cache / "zig")
        self.toolchain: Toolchain = find_toolchain()
        zig = Path(self.toolchain.clang[0])
        self.includes = [f"-I{HOST / 'include'}", f"-isystem{zig.parent / 'lib' / 'include'}"]
        self._native = [str(zig), "cc"]

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a tool or a test program."""
        caches = {f"ZIG_{scope}_CACHE_DIR": self._cache for scope in ("GLOBAL", "LOCAL")}
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, **caches},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def compile(self, source: Path, *flags: str) -> subprocess.CompletedProcess[str]:
        """Compile a file as the front end would."""
        command = [*self.toolchain.clang, *compile_flags(self.toolchain, False), *self.includes]
        return self.run([*command, *flags, str(source)])

    def compile_text(self, text: str, name: str = "text") -> subprocess.CompletedProcess[str]:
        """Check MSL text, included below the library."""
        source = self.folder / f"{name}.cc"
        source.write_text('#include "msl_library.h"\n#line 1 "program_source"\n' + text)
        return self.compile(source, "-fsyntax-only")

    def program(self, name: str, *flags: str) -> Path:
        """A test program with the lanes runtime linked in."""
        source = HOST / "tests" / f"{name}.cc"
        warnings = ["-Wall", "-Wextra", "-Werror"]
        self._succeed(self.compile(source, *warnings, *flags, "-c", "-o", f"{name}.o"))
        runtime = HOST / "tests" / "lanes_runtime.cc"
        options = ["-x", "c++", "-std=c++17", "-O1", "-fno-exceptions", "-fno-rtti", "-nostdlib++"]
        command = [
            *self._native,
            *options,
            self.includes[0],
            "-c",
            str(runtime),
            "-o",
            "lanes.rt.o",
        ]
        self._succeed(self.run(command))
        self._succeed(self.run([*self._native, f"{name}.o", "lanes.rt.o", "-o", name, "-lm"]))
        return self.folder / name

    @staticmethod
    def _succeed(completed: subprocess.CompletedProcess[str]) -> None:
        assert completed.returncode == 0, completed.stderr
