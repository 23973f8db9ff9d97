"""docs/data/performance.json: what `make perf` found, and the run that is not finished."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from harness import atomic, environment, settings
from harness.errors import EnvironmentFault

SCHEMA_VERSION = 1
DATA = settings.ROOT / "docs" / "data" / "performance.json"
_ABOUT = "written by `make perf`; never edited by hand"
#: What figures are of; a run is gone on with only where all of it is the same.
_FACTS = ("cpu", "cores", "os", "os_release", "python", "mlx", "numpy", "ziglang", "commit")

Entry = Mapping[str, Any]
#: Entries by part and key.
Parts = dict[str, dict[str, Entry]]


def unfinished() -> Path:
    """Where a run keeps what it has found so far."""
    return settings.paths().home / ".bench" / "performance.json"


def machine() -> dict[str, Any]:
    """The facts of this machine and checkout that figures are of."""
    facts = environment.facts()
    return {name: facts[name] for name in _FACTS}


@dataclass
class Store:
    """The figures of one run."""

    machine: Mapping[str, Any]
    day: str
    parts: Parts = field(default_factory=dict)
    wanted: dict[str, int] = field(
        default_factory=dict
    )  # how many entries a whole run has, by part

    @classmethod
    def fresh(cls) -> Store:
        """Of a run that begins now."""
        return cls(machine(), datetime.now(timezone.utc).date().isoformat())

    @classmethod
    def resumed(cls) -> Store:
        """Of the run that was interrupted on this machine and checkout, else a fresh one."""
        found = cls.load(unfinished())
        return found if found is not None and found.machine == machine() else cls.fresh()

    @classmethod
    def load(cls, path: Path) -> Store | None:
        """What is stored; None if there is no file."""
        try:
            document = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        if document["schema_version"] != SCHEMA_VERSION:
            raise EnvironmentFault(f"{path} has another schema version", "make perf")
        return cls(document["machine"], document["day"], document["parts"], document["wanted"])

    def has(self, part: str, key: str) -> bool:
        """Whether this was found already."""
        return key in self.parts.get(part, {})

    def put(self, part: str, key: str, entry: Entry) -> None:
        """Keep an entry."""
        self.parts.setdefault(part, {})[key] = entry

    def missing(self) -> dict[str, int]:
        """How many entries of a whole run are not there, by part that lacks any."""
        left = {name: n - len(self.parts.get(name, {})) for name, n in sorted(self.wanted.items())}
        return {name: n for name, n in left.items() if n > 0}

    def save(self, path: Path) -> None:
        """Replace a file."""
        document = {
            "about": _ABOUT,
            "schema_version": SCHEMA_VERSION,
            "machine": dict(self.machine),
            "day": self.day,
            "wanted": self.wanted,
            "parts": {name: dict(sorted(self.parts[name].items())) for name in sorted(self.parts)},
        }
        atomic.write_json(path, document)
