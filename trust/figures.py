"""What the parts of `make trust` showed when they last ran in full: kept as data in figures.json,
of which docs/TRUST.md is the readable form."""

from __future__ import annotations

import datetime
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from chip_metrics import detect_cpu
from harness import atomic, settings
from trust import report
from trust.section import Section

SCHEMA_VERSION = 1
FILE = Path(__file__).with_name("figures.json")
PAGE = settings.ROOT / "docs" / "TRUST.md"


class Part(BaseModel):
    """One part as it last ran in full."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    rows: list[list[str]]
    passed: int
    total: int
    summary: str
    date: str
    commit: str
    host: str


class Kept(BaseModel):
    """The file: parts by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int
    parts: dict[str, Part]


def load(file: Path = FILE) -> Mapping[str, Part]:
    """All kept parts; none if there is no file yet. ValueError if it is malformed."""
    if not file.is_file():
        return {}
    found = Kept.model_validate_json(file.read_text("utf-8"))
    if found.schema_version != SCHEMA_VERSION:
        raise ValueError(f"{file.name} has schema version {found.schema_version}")
    return found.parts


def keep(name: str, section: Section, file: Path = FILE) -> None:
    """Replace one part. ValueError if it did not run in full: it would hide the counts of one that
    did."""
    if not section.full:
        raise ValueError(f"{name} ran in its short form")
    part = Part(
        title=section.title,
        rows=[list(row) for row in section.rows],
        passed=section.passed,
        total=section.total,
        summary=section.summary,
        date=datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        commit=_commit(),
        host=_host(),
    )
    kept = Kept(schema_version=SCHEMA_VERSION, parts={**load(file), name: part})
    atomic.write_json(file, kept.model_dump())


def _commit() -> str:
    """The commit, marked `+` where files of the working tree differ from it."""
    git = ["git", "-C", str(settings.ROOT)]
    told = subprocess.run(
        [*git, "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"],
        capture_output=True,
        text=True,
    )
    return told.stdout.strip() or "unknown"


def _host() -> str:
    return detect_cpu().chip_id if sys.platform.startswith("linux") else sys.platform


def page(parts: Mapping[str, Part]) -> str:
    """docs/TRUST.md."""
    lines = [report.deterministic(), "## Result"]
    if not parts:
        lines += ["No part has run in full yet."]
    else:
        head = ("part", "result", "date", "commit", "machine")
        rows = [
            (name, part.summary.split("\n")[0], part.date, part.commit, part.host)
            for name, part in sorted(parts.items(), key=_place)
        ]
        missing = [name for name in report.ORDER if name not in parts]
        rows += [(name, "no full run is kept", "", "", "") for name in missing]
        lines += [report.table([head, *rows])]
    for _, part in sorted(parts.items(), key=_place):
        lines += ["", f"## {part.title}", _body(part)]
    return "\n".join(lines) + "\n"


def _body(part: Part) -> str:
    return report.table(part.rows) if len(part.rows) > 1 else "Nothing differs from what is stated."


def _place(item: tuple[str, Part]) -> tuple[int, str]:
    return (report.ORDER.index(item[0]) if item[0] in report.ORDER else len(report.ORDER), item[0])


def write_page() -> None:
    """Bring the page up to date."""
    atomic.write_text(PAGE, page(load()))


def check() -> int:
    """1 and a line if the page is not what files and figures make it."""
    if PAGE.is_file() and PAGE.read_text("utf-8") == page(load()):
        return 0
    print("docs/TRUST.md is stale: run `python -m trust --page`", file=sys.stderr)
    return 1
