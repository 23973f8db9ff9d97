"""What a pull request changes, read from git's objects alone: nothing is checked out or run.

Paths and contents come out of the object store by hash, so that no name of the pull request ever
stands on a command line.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.errors import EnvironmentFault, UserError

FILE = "100644"
EXECUTABLE = "100755"
SYMLINK = "120000"
SUBMODULE = "160000"
#: A branch, tag, hash, or one of them with ~N, ^N or @{N}; no option, no path, no range.
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]*(@\{\d+\})?([~^]\d*)*")
_MOST_REF = 200
_MAIN = ("origin/main", "main")
_TIMEOUT_S = 120
#: Hooks, monitors and replaced objects of the repository must not change what is read.
_OPTIONS = (
    "--no-pager",
    "--no-replace-objects",
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
)


@dataclass(frozen=True)
class Entry:
    """One file of one commit. A name that is not UTF-8 holds lone surrogates."""

    path: str
    mode: str
    object_id: str


@dataclass(frozen=True)
class Change:
    """A path with what was there and what is there now; a rename is two changes."""

    path: str
    before: Entry | None
    after: Entry | None

    @property
    def kind(self) -> Literal["added", "changed", "removed"]:
        """What happened to the path."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


class Repository:
    """The git repository that has both commits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def commit(self, ref: str) -> str:
        """The full hash of a commit by a name of which nothing can be mistaken for an option."""
        if len(ref) > _MOST_REF or ".." in ref or not _REF.fullmatch(ref):
            raise UserError(f"not the name of a commit: {ref[:_MOST_REF]!r}")
        found = self._try("rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}")
        if not found:
            raise UserError(f"git knows no commit {ref}", f"git fetch it into {self.folder} first")
        return found.decode().strip()

    def default_base(self) -> str:
        """The branch that pull requests go to."""
        for ref in _MAIN:
            if self._try("rev-parse", "--verify", "--quiet", ref + "^{commit}"):
                return ref
        raise UserError(
            f"there is neither {' nor '.join(_MAIN)} here", "./bench --verify BASE names the base"
        )

    def merge_base(self, one: str, other: str) -> str:
        """The commit at which a pull request left the base."""
        found = self._try("merge-base", one, other)
        if not found:
            raise UserError(
                f"{one[:12]} and {other[:12]} have no common commit here",
                "a shallow clone lacks history: git fetch --unshallow",
            )
        return found.decode().strip()

    def own_commits(self, base: str, head: str) -> set[str]:
        """The commits that `head` has and `base` has not."""
        return set(self._run("rev-list", f"{base}..{head}").decode().split())

    def changes(self, before: str, after: str) -> list[Change]:
        """Every path that differs between two commits."""
        command = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--full-index")
        fields = self._run(*command, "--no-ext-diff", before, after).split(b"\0")
        found = []
        for about, name in zip(fields[:-1:2], fields[1::2], strict=True):
            path = name.decode("utf-8", "surrogateescape")
            old_mode, new_mode, old_id, new_id, _ = about.decode().lstrip(":").split()
            old = None if set(old_mode) == {"0"} else Entry(path, old_mode, old_id)
            new = None if set(new_mode) == {"0"} else Entry(path, new_mode, new_id)
            found.append(Change(path, old, new))
        return found

    def tree(self, commit: str) -> list[Entry]:
        """Every file of a commit."""
        listed = self._run("ls-tree", "-r", "-z", "--full-tree", commit)
        found = []
        for line in listed.split(b"\0")[:-1]:
            about, _, name = line.partition(b"\t")
            mode, _, object_id = about.decode().split()
            found.append(Entry(name.decode("utf-8", "surrogateescape"), mode, object_id))
        return found

    def contents(self, entries: Iterable[Entry], most_bytes: int) -> Mapping[str, bytes | None]:
        """Contents by object id; None for what is no file or larger than `most_bytes`."""
        wanted = sorted({entry.object_id for entry in entries})
        sizes = self._sizes(wanted)
        small = [one for one in wanted if 0 <= sizes[one] <= most_bytes]
        return {**dict.fromkeys(wanted), **dict(self._blobs(small))}

    def _sizes(self, object_ids: list[str]) -> dict[str, int]:
        """Bytes of each blob; -1 for what is none or is missing here, as a submodule's commit."""
        listed = self._run("cat-file", "--batch-check", stdin=_lines(object_ids)).decode()
        sizes = {}
        for line in listed.splitlines():
            object_id, kind, *size = line.split()
            sizes[object_id] = int(size[0]) if kind == "blob" else -1
        return sizes

    def _blobs(self, object_ids: list[str]) -> Iterator[tuple[str, bytes]]:
        listed = self._run("cat-file", "--batch", stdin=_lines(object_ids))
        at = 0
        while at < len(listed):
            end = listed.index(b"\n", at)
            object_id, _, size = listed[at:end].decode().split()
            start = end + 1
            at = start + int(size) + 1
            yield object_id, listed[start : at - 1]

    def _run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        done = self._done(arguments, stdin)
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise EnvironmentFault(f"git {arguments[0]}: {said[-1] if said else 'it failed'}")
        return done.stdout

    def _try(self, *arguments: str) -> bytes:
        """The output; nothing if git says no."""
        done = self._done(arguments, b"")
        return done.stdout if done.returncode == 0 else b""

    def _done(self, arguments: tuple[str, ...], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
        command = ["git", *_OPTIONS, "-C", str(self.folder), *arguments]
        try:
            return subprocess.run(command, input=stdin, capture_output=True, timeout=_TIMEOUT_S)
        except FileNotFoundError:
            raise EnvironmentFault("git is not installed", "install git and run it again") from None
        except subprocess.TimeoutExpired:
            raise EnvironmentFault(f"git {arguments[0]} took over {_TIMEOUT_S} s") from None


def _lines(words: Iterable[str]) -> bytes:
    return "".join(word + "\n" for word in words).encode()
