"""Files that hold the old text or the new one, never a torn one; and JSON without NaN."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
from pathlib import Path
from typing import Any

from harness.errors import EnvironmentFault

_REASONS = {
    errno.ENOSPC: ("the disk is full", "free some space and run it again"),
    errno.EDQUOT: ("your disk quota is used up", "free some space and run it again"),
    errno.EFBIG: ("the file would exceed the size limit", "raise `ulimit -f` and run it again"),
    errno.EROFS: ("the file system is read-only", "set METAL_BENCH_HOME to a writable folder"),
    errno.EACCES: ("permission denied", "make the folder writable, or set METAL_BENCH_HOME"),
    errno.EPERM: ("permission denied", "make the folder writable, or set METAL_BENCH_HOME"),
    errno.ENOTDIR: ("a file stands where a folder is needed", "move it away and run it again"),
}


def strict_json(document: Any, *, indent: int | None = 1) -> str:
    """The one spelling of a document: sorted keys, and an error for NaN or Infinity."""
    text = json.dumps(document, indent=indent, sort_keys=True, allow_nan=False, ensure_ascii=False)
    return text + "\n"


def write_json(path: Path, document: Any) -> None:
    """`write_text` of `strict_json`."""
    write_text(path, strict_json(document))


def write_text(path: Path, text: str) -> None:
    """`write_bytes` of a text in UTF-8."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Replace `path` by `data`; a crash or a full disk at any moment leaves the old file."""
    temporary = path.parent / f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        _write_durably(temporary, data)
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _fault(path, error) from error
    finally:
        # After a rename there is nothing left to remove; after anything else there must not be.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _write_durably(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_leftovers(path: Path) -> None:
    """Temporary files of writers that were killed between writing and renaming."""
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        owner = leftover.name[len(path.name) + 2 :].split(".")[0]
        if owner.isdigit() and not process_lives(int(owner)):
            leftover.unlink(missing_ok=True)


def process_lives(pid: int) -> bool:
    """Whether a process of this number exists, ours or another user's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _fault(path: Path, error: OSError) -> EnvironmentFault:
    reason, hint = _REASONS.get(error.errno or 0, (error.strerror or str(error), ""))
    kept = "; the file there is unchanged" if path.exists() else ""
    return EnvironmentFault(f"cannot save {path}: {reason}{kept}", hint)
