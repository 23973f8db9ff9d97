"""What --context-file shows a proposer beside the problem: texts and images, kept with the run."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness import atomic
from harness.errors import UserError

EXTRAS_VERSION = 1
_FILE = "contexts.json"


@dataclass(frozen=True)
class Extras:
    """Texts and images (PNG) by the name of their context."""

    texts: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, bytes] = field(default_factory=dict)


def write(folder: Path, extras: Extras) -> None:
    """Keep them in a run's folder, if there are any: who resumes or replays it needs no files."""
    if not extras.texts and not extras.images:
        return
    images = {name: base64.b64encode(data).decode() for name, data in extras.images.items()}
    document = {
        "schema_version": EXTRAS_VERSION,
        "texts": dict(extras.texts),
        "images": images,
    }
    atomic.write_json(folder / _FILE, document)


def read(folder: Path) -> Extras:
    """What `write` was given."""
    path = folder / _FILE
    if not path.exists():
        return Extras()
    try:
        raw = json.loads(path.read_text("utf-8"))
        images = {name: base64.b64decode(data) for name, data in raw["images"].items()}
        return Extras(dict(raw["texts"]), images)
    except (OSError, ValueError, KeyError, AttributeError) as problem:
        raise UserError(f"{path}: not the contexts of a run: {problem}") from None
