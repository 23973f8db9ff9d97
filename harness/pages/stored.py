"""docs/data/*.json: what pages need and what is too dear to find again whenever they are written.

Every entry carries a stamp of what it follows from, so that only what changed is found again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import atomic, settings
from harness.audit import audit, mutants
from harness.checking import counting
from harness.errors import EnvironmentFault
from harness.pages import counts
from harness.pages.solutions import default_source
from harness.problem.catalog import Kernel

SCHEMA_VERSION = 1
_ABOUT = "written by `make refresh`; never edited by hand"
_HELPER = re.compile(r"^from harness\.(spec_\w+) import", re.MULTILINE)
_METHOD = (Path(mutants.__file__), Path(audit.__file__))

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """One file of entries by kernel: how an entry is stamped and how it is found."""

    name: str
    stamp: Callable[[Kernel], str]
    find: Callable[[Kernel], dict[str, Any]]

    @property
    def path(self) -> Path:
        """Where it lies."""
        return settings.ROOT / "docs" / "data" / f"{self.name}.json"

    def load(self) -> dict[str, Entry]:
        """What is stored, by kernel; nothing if there is no file."""
        try:
            document = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        if document["schema_version"] != SCHEMA_VERSION:
            raise EnvironmentFault(f"{self.path} has another schema version", "make refresh")
        entries: dict[str, Entry] = document["kernels"]
        return entries

    def store(self, entries: Mapping[str, Entry]) -> None:
        """Replace the file."""
        document = {"about": _ABOUT, "schema_version": SCHEMA_VERSION, "kernels": dict(entries)}
        atomic.write_json(self.path, document)

    def is_current(self, kernel: Kernel, entry: Entry | None) -> bool:
        """Whether an entry is about the kernel as it is."""
        return entry is not None and entry["stamp"] == self.stamp(kernel)


def _audited(kernel: Kernel) -> dict[str, Any]:
    report = audit.audit_kernel(kernel)
    return {
        "sizes": list(report.sizes),
        "mutants": {
            name: {"outcome": found.outcome, "reason": found.reason}
            for name, found in report.findings.items()
        },
    }


def _counted(kernel: Kernel) -> dict[str, Any]:
    source = default_source(kernel)
    if source is None:
        return {"unable": "no .metal file"}
    point = kernel.spec.sizes.large_point()
    found = counting.count(kernel, source, point)
    return {"unable": found} if isinstance(found, str) else counts.entry(kernel, point, found)


def _hash(parts: Sequence[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:32]


def _definition(kernel: Kernel) -> list[bytes]:
    """A definition with the modules beside harness/spec.py that it is made with."""
    text = kernel.path.read_text("utf-8")
    folder = settings.ROOT / "harness"
    helpers = sorted(set(_HELPER.findall(text)))
    return [text.encode(), *((folder / f"{name}.py").read_bytes() for name in helpers)]


def _counts_stamp(kernel: Kernel) -> str:
    """The definition and the source with the headers that it includes."""
    source = default_source(kernel)
    return _hash([*_definition(kernel), (source.sha256 if source else "").encode()])


def _audit_stamp(kernel: Kernel) -> str:
    """The definition and the mutants. A change of a shared tolerance rule is CI's to find, which
    audits every problem at its check sizes."""
    return _hash([*_definition(kernel), *(path.read_bytes() for path in _METHOD)])


AUDIT = Kind("audit", _audit_stamp, _audited)
COUNTS = Kind("counts", _counts_stamp, _counted)
KINDS = (COUNTS, AUDIT)
