"""`make check`: format, lint, types, native format, and that derived files are not stale."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLANG_FORMAT = [sys.executable, "-c", "import clang_format; clang_format.clang_format()"]
NATIVE = {".c", ".cc", ".cpp", ".h", ".hpp", ".m"}


def native_sources() -> list[str]:
    """Every C, C++ and Objective-C file below host/ that is not built."""
    built = ROOT / "host" / "build"
    return [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "host").rglob("*"))
        if path.suffix in NATIVE and built not in path.parents
    ]


def commands() -> dict[str, list[str]]:
    """What is checked, by name."""
    python = [sys.executable, "-m"]
    return {
        "format": [*python, "ruff", "format", "--check", "--quiet", "."],
        # No cache: how imports are sorted depends on which folders there are.
        "lint": [*python, "ruff", "check", "--no-cache", "--quiet", "."],
        "types": [*python, "mypy"],
        "native format": [*CLANG_FORMAT, "--dry-run", "--Werror", *native_sources()],
        "leaderboard": [*python, "harness.board.leaderboard", "--check"],
        "rules": [*python, "harness.board.rules", "--check"],
        "pages": [*python, "harness.pages", "--check"],
        "trust": [*python, "trust", "--check"],
        "performance": [*python, "perf", "--check"],
        "conformance": [sys.executable, "tests/hosts/make_conformance.py", "--check"],
    }


def main() -> int:
    """Run all of them, the later ones too if an earlier one fails."""
    failed = []
    for name, command in commands().items():
        print(f"check: {name}", flush=True)
        if subprocess.run(command, cwd=ROOT).returncode != 0:
            failed.append(name)
    print(f"check: failed: {', '.join(failed)}" if failed else "check: all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
