"""The data of one commit as files in a folder of ours: sources and Records, nothing that runs.

The resolver, the reader of Records and the fold work on such a folder as they do on a checkout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import atomic
from harness.board import leaderboard, records, rules
from harness.board.records import CorruptResults, Record, ResultsDocument
from harness.errors import EnvironmentFault, UserError
from harness.problem.catalog import MAX_SOURCE_BYTES, Catalog, Kernel, Variant
from harness.verification.changes import DERIVED, RULES, SESSION, kernel_of
from harness.verification.git import FILE, Entry, Repository

MOST_RESULTS_BYTES = 32 << 20
MOST_SESSION_BYTES = 256 << 20
#: Ours nest a dozen; what is much deeper is made to exhaust whoever walks it.
_MOST_DEPTH = 40

#: (track, size) -> Record
Rows = dict[tuple[str, str], Record]


class Unreadable(Exception):
    """A file of a commit that is not what its name says; the message says why."""


@dataclass
class DataTree:
    """Sources of the kernels asked for and all Records of one commit, below `folder`."""

    folder: Path
    unreadable: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, repository: Repository, entries: Iterable[Entry], folder: Path, wanted: Wanted
    ) -> DataTree:
        """Read what is `wanted` of a commit's files."""
        tree = cls(folder)
        known = [e for e in entries if e.path in DERIVED or kernel_of(e.path) is not None]
        chosen = [entry for entry in known if wanted(entry.path)]
        for limit, group in _by_limit(chosen).items():
            contents = repository.contents(group, limit)
            for entry in group:
                tree._add(entry, contents[entry.object_id], limit)
        return tree

    def _add(self, entry: Entry, raw: bytes | None, limit: int) -> None:
        reason = ""
        if entry.mode != FILE:
            reason = f"mode {entry.mode}, not a plain file"
        elif raw is None:
            reason = f"no file, or more than {limit >> 20} MiB"
        else:
            reason, text = _decoded(raw)
            if not reason:
                path = self.folder / entry.path
                try:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(raw)
                    self.texts[entry.path] = text
                except (FileExistsError, NotADirectoryError, IsADirectoryError):
                    reason = "its name is that of a folder, too"
        if reason:
            self.unreadable[entry.path] = reason

    def variant(self, kernel: Kernel, chip: str) -> Variant | None:
        """What the one resolver would choose in a checkout of this commit."""
        try:
            return Catalog(self.folder).variant(kernel, chip)
        except UserError:
            return None

    def results(self, chip: str, kernel: str, *, exact: bool) -> ResultsDocument | None:
        """The Records of a kernel on a chip; `exact`: from the bytes that our writer would write,
        which the base's files of an older version are not."""
        relative = f"results/{chip}/{kernel}.json"
        if relative in self.unreadable:
            raise Unreadable(f"{relative}: {self.unreadable[relative]}")
        text = self.texts.get(relative)
        if text is None:
            return None
        try:
            document = records.load(self.folder / relative)
            if document is None:
                return None
            plain = document.model_dump(mode="json")
            written = atomic.strict_json(plain)
        except CorruptResults as corrupt:
            about = str(corrupt).replace(str(self.folder) + "/", "")
            raise Unreadable(about) from None
        except EnvironmentFault as newer:
            about = newer.message.replace(str(self.folder) + "/", "")
            raise Unreadable(about) from None
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"{relative}: {error}") from None
        if _deeper_than(_MOST_DEPTH, plain):
            raise Unreadable(f"{relative} is nested deeper than {_MOST_DEPTH}")
        if exact and written != text:
            raise Unreadable(f"{relative} was not written by the record writer: edited by hand?")
        return document

    def mentions(self, words: Iterable[str]) -> int:
        """How often JSON strings of the Records are one of these."""
        results = [text for path, text in self.texts.items() if path.startswith("results/")]
        return sum(text.count(f'"{word}"') for text in results for word in words)

    def rows(self, chip: str, kernel: str, *, exact: bool = False) -> Rows:
        """The Records of a kernel on a chip by track and size."""
        document = self.results(chip, kernel, exact=exact)
        tracks = {} if document is None else document.tracks
        return {(track, size): r for track, sizes in tracks.items() for size, r in sizes.items()}

    def chips_of(self, kernel: str) -> list[str]:
        """The chips on which a kernel has Records."""
        return sorted(path.parent.name for path in self.folder.glob(f"results/*/{kernel}.json"))

    def derived_problem(self, path: str) -> str:
        """Why a file that code writes is not what it would write now; empty if it is."""
        if path == SESSION:
            return self.board_problem()
        if self.texts.get(RULES) == rules.page():
            return ""
        return f"it is not what the code generates: make refresh writes {RULES}"

    def board_problem(self) -> str:
        """Why session.json is not the public fold of the Records; empty if it is."""
        if SESSION in self.unreadable:
            return self.unreadable[SESSION]
        if SESSION not in self.texts:
            return "it is missing: python -m harness.board.leaderboard --public writes it"
        problems: list[str] = []
        try:
            board = leaderboard.fold(self.folder / "results", problems)
        except (UserError, ValueError, RecursionError) as error:
            return f"results/ cannot be folded: {error}"
        if problems:
            return problems[0].replace(str(self.folder) + "/", "")
        if self.texts[SESSION] == atomic.strict_json(leaderboard.public_rows(board)):
            return ""
        return (
            "it is not the public fold of results/:"
            " python -m harness.board.leaderboard --public writes it, nobody edits it"
        )


#: Whether a path of a commit is read at all.
Wanted = Callable[[str], bool]


def _by_limit(entries: Iterable[Entry]) -> dict[int, list[Entry]]:
    groups: dict[int, list[Entry]] = {}
    for entry in entries:
        if entry.path == SESSION:
            limit = MOST_SESSION_BYTES
        else:
            metal = entry.path.endswith(".metal")
            limit = MAX_SOURCE_BYTES if metal else MOST_RESULTS_BYTES
        groups.setdefault(limit, []).append(entry)
    return groups


def _deeper_than(most: int, document: Any) -> bool:
    """Whether lists and objects nest deeper, found without recursion."""
    level: list[Any] = [document]
    for _ in range(most):
        inner = [
            v.values() if isinstance(v, dict) else v for v in level if isinstance(v, dict | list)
        ]
        level = [value for values in inner for value in values]
        if not level:
            return False
    return True


def _decoded(raw: bytes) -> tuple[str, str]:
    """Why bytes are not text, and the text."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return "not UTF-8 text", ""
    return ("it holds a zero byte", "") if "\0" in text else ("", text)
