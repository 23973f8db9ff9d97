"""Sorts the paths of a pull request: sources, Records, the board, other files, and tricks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chip_metrics import CHIPS, variant_stems
from harness.verification.git import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Change, Entry

SESSION = "session.json"
RULES = "docs/RULES.md"
#: Files that code writes; whoever edits one by hand is told to run that code.
DERIVED = (SESSION, RULES)
MOST_CHANGES = 5000
_MOST_PATH = 250

_SOURCE = re.compile(
    r"metal/kernels/(?P<set>[a-z][a-z0-9_]*)/(?P<kernel>[a-z][a-z0-9_]*)(/(?P<stem>[a-z0-9_]+))?\.metal"
)
_RESULTS = re.compile(r"results/(?P<chip>[a-z0-9][a-z0-9_-]*)/(?P<kernel>[a-z][a-z0-9_]*)\.json")
_DEFINITION = re.compile(r"mlx/kernels/(?P<set>[a-z][a-z0-9_]*)/(?P<kernel>[a-z][a-z0-9_]*)\.py")
#: Below these only data may lie, under names that the patterns above allow.
_DATA = ("results/", "metal/kernels/")
_KINDS = {SYMLINK: "a symbolic link", SUBMODULE: "a submodule", EXECUTABLE: "an executable file"}


@dataclass
class Touched:
    """What a pull request touches, by what it is. Kernels are (set, name)."""

    sources: dict[tuple[str, str], list[Change]] = field(default_factory=dict)
    results: list[tuple[str, str, Change]] = field(default_factory=list)  # chip, kernel
    derived: dict[str, Change] = field(default_factory=dict)
    definitions: list[tuple[str, Change]] = field(default_factory=list)  # kernel
    others: list[Change] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)  # path, why

    @property
    def code(self) -> list[Change]:
        """Everything that is not data: what could change how kernels are judged, and the rest."""
        return [*(change for _, change in self.definitions), *self.others]

    @property
    def redefined(self) -> set[str]:
        """The kernels whose definition changes."""
        return {name for name, _ in self.definitions}


def sort(changes: Sequence[Change], head: Sequence[Entry]) -> Touched:
    """Every change in one of the kinds; `head` is the whole tree of the pull request."""
    touched = Touched()
    if len(changes) > MOST_CHANGES:
        changes, more = changes[:MOST_CHANGES], len(changes) - MOST_CHANGES
        touched.refused.append(("*", f"{more} files over the limit of {MOST_CHANGES}"))
    folded = Counter(entry.path.casefold() for entry in head)
    for change in changes:
        reason = path_trick(change.path) or _odd_mode(change) or _collides(change, folded)
        if reason:
            touched.refused.append((change.path, reason))
        else:
            _sort_one(change, touched)
    return touched


def _sort_one(change: Change, touched: Touched) -> None:
    path = change.path
    source, results = _SOURCE.fullmatch(path), _RESULTS.fullmatch(path)
    definition = _DEFINITION.fullmatch(path)
    if path in DERIVED:
        touched.derived[path] = change
    elif source:
        reason = _unused_stem(source["stem"]) if change.after else ""
        if reason:
            touched.refused.append((path, reason))
        else:
            touched.sources.setdefault((source["set"], source["kernel"]), []).append(change)
    elif results:
        touched.results.append((results["chip"], results["kernel"], change))
    elif definition:
        touched.definitions.append((definition["kernel"], change))
    elif path.startswith(_DATA[0]) or (path.startswith(_DATA[1]) and path.endswith(".metal")):
        touched.refused.append((path, "not the path of a kernel or of its Records"))
    else:
        touched.others.append(change)


def kernel_of(path: str) -> str | None:
    """The kernel that a source or a results file belongs to; None for every other path."""
    found = _SOURCE.fullmatch(path) or _RESULTS.fullmatch(path)
    return None if found is None else found["kernel"]


def path_trick(path: str) -> str:
    """Why no honest file has this name; empty if one may."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return "the name is not UTF-8"
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "the name leaves its folder"
    if any(part.casefold().rstrip(". ") in (".git", "git~1") for part in parts):
        return "the name reaches into git's own folder"
    if not path.isprintable() or "\\" in path or ":" in path or path.startswith("-"):
        return "the name holds characters that no file of ours has"
    if len(path) > _MOST_PATH:
        return f"the name has {len(path)} characters, more than {_MOST_PATH}"
    return ""


def _odd_mode(change: Change) -> str:
    entry = change.after
    if entry is None or entry.mode == FILE:
        return ""
    executable_code = entry.mode == EXECUTABLE and not _is_data(change.path)
    return "" if executable_code else f"{_KINDS.get(entry.mode, f'mode {entry.mode}')}, not a file"


def _is_data(path: str) -> bool:
    return path in DERIVED or path.endswith(".metal") or path.startswith(_DATA)


def _collides(change: Change, folded: Mapping[str, int]) -> str:
    if change.after is not None and folded[change.path.casefold()] > 1:
        return "another name differs from it in case only, which many disks cannot tell apart"
    return ""


def _unused_stem(stem: str | None) -> str:
    """Why no chip would ever use a Variant of this name."""
    known = {name for chip in CHIPS for name in variant_stems(chip.id)} | {"cpu", "default"}
    return "" if stem is None or stem in known else f"no chip's Variant is called {stem}"


def line_of(change: Change) -> str:
    """A change of a file that only a person can judge."""
    return f"{change.path} {change.kind}"
