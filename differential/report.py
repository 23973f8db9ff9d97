"""The page of the differential test, from the figures of its last whole run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from differential.batches import Batch
from differential.comparing import SETTINGS
from differential.conformance import Family
from differential.known import Known
from harness.atomic import write_text

_ROOT = Path(__file__).resolve().parent.parent
DATA = _ROOT / "docs" / "data" / "differential.json"
PAGE = _ROOT / "docs" / "DIFFERENTIAL.md"
SCHEMA_VERSION = 2


@dataclass(frozen=True)
class Summary:
    """What one run showed."""

    start: int
    generated: Batch
    known: Sequence[Known]
    conformance: Sequence[Family]

    def document(self) -> dict[str, Any]:
        """Its figures as JSON."""
        outcome = self.generated.outcome
        return {
            "schema_version": SCHEMA_VERSION,
            "start": self.start,
            "kernels": outcome.kernels,
            "launches": outcome.launches,
            "failures": [f"{f.kernel.seed}: {f.what}" for f in outcome.failures],
            "declined": dict(
                Counter(construct(why) for why in outcome.declined.values()).most_common()
            ),
            "checked": self.generated.checked,
            "undefined": len(self.generated.undefined),
            "known": {
                "variants": len(self.known),
                "fast": sum(row.engine == "fast" for row in self.known),
                "shapes": sum(row.shapes for row in self.known),
            },
            "conformance": {
                "families": len(self.conformance),
                "launches": sum(family.launches for family in self.conformance),
            },
            "problems": self.problems(),
        }

    def problems(self) -> list[str]:
        """What is wrong with kernels that nobody generated, and undefined behaviour."""
        found = list(self.generated.undefined)
        found += [f"{row.name}: {what}" for row in self.known for what in row.problems]
        found += [f"{row.name}: {what}" for row in self.conformance for what in row.problems]
        return found


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
        f" {found['undefined']} |",
        f"| Variants of the repository, of them on the fast engine | {known['variants']},"
        f" {known['fast']} |",
        f"| other shapes of threadgroups in which those are right on the reference engine |"
        f" {known['shapes']} |",
        f"| families of host/conformance, launches in other shapes |"
        f" {found['conformance']['families']}, {found['conformance']['launches']} |",
        f"| of these on which the engines differ | {len(found['problems'])} |",
        "",
        "Settings compared with the reference engine's natural order on two threads: "
        + "; ".join(map(str, SETTINGS))
        + ".",
        "",
        "## What must be equal",
        "Integers, and floats whose every intermediate value is exact in any order of evaluation:"
        " bit for bit, zeros of either sign being the same. Functions that round have a buffer of"
        " their own and may differ by 8 ulp. Float atomics add so few bits that every order has the"
        " same sum. Variants of the repository are compared with their oracle, within the tolerance"
        " of the SPEC. Another shape counts if the reference engine is right in it, or, for"
        " host/conformance, gives the same under four schedule seeds.",
        "",
        "## What the fast engine declines",
        *(f"- {why}: {count}" for why, count in found["declined"].items()),
        *(["- nothing"] if not found["declined"] else []),
    ]
    failed = found["failures"] + found["problems"]
    if failed:
        lines += ["", "## What failed", *(f"- {text}" for text in failed)]
    return "\n".join(lines) + "\n"


def write(summary: Summary) -> None:
    """Store the figures and the page."""
    document = summary.document()
    write_text(DATA, json.dumps(document, indent=1) + "\n")
    write_text(PAGE, page(document))
