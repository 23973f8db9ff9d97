"""The page of the differential test, from the figures of its last whole run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from differential.comparing import SETTINGS, Outcome
from differential.known import Known
from harness.atomic import write_text

_ROOT = Path(__file__).resolve().parent.parent
DATA = _ROOT / "docs" / "data" / "differential.json"
PAGE = _ROOT / "docs" / "DIFFERENTIAL.md"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Summary:
    """What one run showed."""

    start: int
    outcome: Outcome
    checked: int
    undefined: Sequence[str]
    known: Sequence[Known]

    def document(self) -> dict[str, Any]:
        """Its figures as JSON."""
        known = {"variants": len(self.known), "fast": sum(k.engine == "fast" for k in self.known)}
        known["disagree"] = sum(bool(k.problems) for k in self.known)
        return {
            "schema_version": SCHEMA_VERSION,
            "start": self.start,
            "kernels": self.outcome.kernels,
            "launches": self.outcome.launches,
            "failures": [f"{f.kernel.seed}: {f.what}" for f in self.outcome.failures],
            "declined": dict(
                Counter(construct(why) for why in self.outcome.declined.values()).most_common()
            ),
            "checked": self.checked,
            "undefined": list(self.undefined),
            "known": known,
        }


def construct(reason: str) -> str:
    """A reason to decline without its place."""
    return reason.partition(": ")[2] if reason.startswith("line ") else reason


def page(found: Mapping[str, Any]) -> str:
    """docs/DIFFERENTIAL.md."""
    declined = sum(found["declined"].values())
    known = found["known"]
    lines = [
        "<!-- `make differential` writes this page -->",
        "# Two engines, one meaning",
        "",
        "The reference engine defines what a kernel means; the fast engine is held to it.",
        "",
        "| what | figure |",
        "|---|---|",
        f"| generated kernels, from seed {found['start']} | {found['kernels']} |",
        f"| their launches, each under {len(SETTINGS) + 1} settings | {found['launches']} |",
        f"| kernels on which something differs | {len(found['failures'])} |",
        f"| kernels that the fast engine leaves to the reference engine | {declined} |",
        f"| kernels put to the checker, undefined behaviour found | {found['checked']},"
        f" {len(found['undefined'])} |",
        f"| Variants of the repository, of them on the fast engine | {known['variants']},"
        f" {known['fast']} |",
        f"| Variants wrong on either engine at a check size | {known['disagree']} |",
        "",
        "Settings compared with the reference engine's natural order on two threads: "
        + "; ".join(map(str, SETTINGS))
        + ".",
        "",
        "## What must be equal",
        "Integers, and floats whose every intermediate value is exact in any order of evaluation:"
        " bit for bit, zeros of either sign being the same. Functions that round have a buffer of"
        " their own and may differ by 8 ulp. Variants of the repository are compared with their"
        " oracle, within the tolerance of the SPEC.",
        "",
        "## What the fast engine declines",
        *(f"- {why}: {count}" for why, count in found["declined"].items()),
        *(["- nothing"] if not found["declined"] else []),
    ]
    if found["failures"] or found["undefined"]:
        lines += ["", "## What failed", *(f"- {t}" for t in found["failures"] + found["undefined"])]
    return "\n".join(lines) + "\n"


def write(summary: Summary) -> None:
    """Store the figures and the page."""
    document = summary.document()
    write_text(DATA, json.dumps(document, indent=1) + "\n")
    write_text(PAGE, page(document))
