"""results/<chip>/<kernel>.json: the Records of a kernel on a chip, by track and size."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pydantic import Field

from harness import atomic, locks, settings
from harness.board import documents, provenance
from harness.board.documents import RunDocument, SamplesDocument, Strict, Upgrade
from harness.board.provenance import Attestation, State
from harness.errors import EnvironmentFault

RESULTS_VERSION = 2


def _with_attestations(raw: dict[str, Any]) -> dict[str, Any]:
    """1 to 2: what was stored of a Record's standing now follows from its attestations."""
    try:
        found = [record for sizes in raw["tracks"].values() for record in sizes.values()]
        for record in found:
            before = record["provenance"]
            record["provenance"] = {
                "recorded_at": before["recorded_at"],
                "over_incumbent": before["over_incumbent"],
                "attestations": [],
            }
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a document of version 1: {error!r}") from error
    return raw


#: Version n -> the function that brings a document of version n up to n + 1.
UPGRADES: dict[int, Upgrade] = {1: _with_attestations}

_SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


class ComparisonDocument(Strict):
    """A paired comparison with the Variant that held the Record, measured again."""

    incumbent_sha256: str
    speedup: float = Field(description="incumbent time over candidate time, paired estimate")
    speedup_ci: tuple[float, float]
    samples: SamplesDocument = Field(description="the incumbent is the baseline side")


class Provenance(Strict):
    """Where a Record comes from and how far it has been confirmed."""

    recorded_at: str = Field(description="UTC, to the second")
    over_incumbent: ComparisonDocument | None = Field(description="null: it was the first Record")
    attestations: list[Attestation] = Field(description="measured again, by `--reproduce`")


class Record(Strict):
    """The confirmed best of (chip, track, kernel, size). Its figures are the confirmation's alone,
    because the estimate that wins a selection is biased upwards."""

    run: RunDocument
    provenance: Provenance

    @property
    def source_sha256(self) -> str:
        """The hash of the source that holds the Record."""
        return self.run.evaluation.source_sha256

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval of its speedup."""
        figures = self.run.evaluation.figures
        return None if figures is None else figures.speedup_ci

    @property
    def reproduced(self) -> int:
        """How many other machines of this chip found the same."""
        environment, known = self.run.evaluation.environment, self.provenance.attestations
        return len(provenance.confirming(environment, self.interval, known))

    def stale_because(self, now: Mapping[str, Any]) -> list[str]:
        """What changed in the environment since this was measured; empty if it still tells."""
        environment, known = self.run.evaluation.environment, self.provenance.attestations
        return provenance.stale_because(environment, self.interval, known, now)

    def state(self, now: Mapping[str, Any]) -> State:
        """Reproduced, claimed or stale, in the environment of a reader."""
        if self.stale_because(now):
            return "stale"
        return "reproduced" if self.reproduced else "claimed"


class ResultsDocument(Strict):
    """One file under results/."""

    schema_version: int
    chip: str
    kernel: str
    set: str
    tracks: dict[str, dict[str, Record]] = Field(description="track -> size -> Record")


class CorruptResults(Exception):
    """A results file that cannot be understood; whoever writes next keeps it aside."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{settings.paths().shown(path)} cannot be read: {reason}")
        self.path = path


def claimed(run: RunDocument, comparison: ComparisonDocument | None) -> Record:
    """A new Record, claimed by this machine now."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Record(
        run=run,
        provenance=Provenance(recorded_at=now, over_incumbent=comparison, attestations=[]),
    )


def load(path: Path) -> ResultsDocument | None:
    """The document at `path`; None if there is none. Reading changes nothing on disk."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise CorruptResults(path, "it is not text") from error
    except OSError as error:
        raise EnvironmentFault(f"cannot read {path}: {error.strerror}") from error
    try:
        raw = json.loads(text)
        document = documents.parse(
            ResultsDocument, raw, UPGRADES, RESULTS_VERSION, settings.paths().shown(path)
        )
    except ValueError as error:
        raise CorruptResults(path, str(error)) from error
    if (document.chip, document.kernel) != (path.parent.name, path.stem):
        raise CorruptResults(path, f"it is about {document.chip}/{document.kernel}")
    return document


def find(chip: str, kernel: str, track: str, size: str) -> Record | None:
    """The Record that a candidate has to beat; None if there is none or its file is corrupt."""
    try:
        document = load(settings.paths().results_file(chip, kernel))
    except CorruptResults:
        return None
    return None if document is None else document.tracks.get(track, {}).get(size)


def put(record: Record, *, expected: str | None, notes: list[str]) -> bool:
    """Store a Record, unless another process replaced the one it beat, whose hash is `expected`.

    A corrupt file is renamed, which `notes` then says, never overwritten.
    """
    about = record.run.evaluation
    for name in (about.chip, about.kernel):
        if not _SAFE_NAME.fullmatch(name):
            raise ValueError(f"not a file name: {name!r}")
    path = settings.paths().results_file(about.chip, about.kernel)
    with locks.file(f"results-{about.chip}-{about.kernel}"):
        document = _load_or_set_aside(path, notes)
        if document is None:
            document = ResultsDocument(
                schema_version=RESULTS_VERSION,
                chip=about.chip,
                kernel=about.kernel,
                set=about.set,
                tracks={},
            )
        sizes = document.tracks.get(about.track, {})
        held = sizes.get(about.size)
        if (held.source_sha256 if held else None) != expected:
            return False
        tracks = {**document.tracks, about.track: {**sizes, about.size: record}}
        changed = document.model_copy(update={"tracks": tracks, "set": about.set})
        atomic.write_json(path, changed.model_dump(mode="json"))
    return True


def attest(record: Record, attestation: Attestation) -> bool:
    """Add an attestation to a Record, unless another source holds it by now."""
    about = record.run.evaluation
    path = settings.paths().results_file(about.chip, about.kernel)
    with locks.file(f"results-{about.chip}-{about.kernel}"):
        document = load(path)
        sizes = {} if document is None else document.tracks.get(about.track, {})
        held = sizes.get(about.size)
        if document is None or held is None or held.source_sha256 != record.source_sha256:
            return False
        known = [*held.provenance.attestations, attestation]
        changed = held.provenance.model_copy(update={"attestations": known})
        kept = held.model_copy(update={"provenance": changed})
        tracks = {**document.tracks, about.track: {**sizes, about.size: kept}}
        updated = document.model_copy(update={"tracks": tracks})
        atomic.write_json(path, updated.model_dump(mode="json"))
    return True


def _load_or_set_aside(path: Path, notes: list[str]) -> ResultsDocument | None:
    try:
        return load(path)
    except CorruptResults as corrupt:
        stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = path.with_name(f"{path.name}.corrupt-{stamp}")
        try:
            path.rename(aside)
        except OSError as error:
            raise EnvironmentFault(f"{corrupt}, and cannot be renamed: {error.strerror}") from error
        notes.append(f"{corrupt}; kept aside as {settings.paths().shown(aside)}")
        return None
