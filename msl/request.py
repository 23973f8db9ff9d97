"""What one build is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from msl.checked_build import FLAGS
from msl.constants import Values
from msl.flags import compile_flags
from msl.toolchain import Toolchain


@dataclass(frozen=True)
class Request:
    """Everything that decides what a build yields."""

    text: str
    name: str
    functions: tuple[str, ...] | None
    constants: Values
    roots: tuple[Path, ...]
    strict: bool
    cache_dir: Path
    toolchain: Toolchain
    checked: bool = False
    engine: str = "reference"

    @property
    def flags(self) -> list[str]:
        """How library headers and unit are compiled."""
        flags = compile_flags(self.toolchain, self.strict)
        return [*flags, *FLAGS] if self.checked else flags
