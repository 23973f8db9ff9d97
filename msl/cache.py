"""The build cache: results by content, written atomically, read back without a compiler."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from msl import safety
from msl.diagnostics import Diagnostic
from msl.headers import headers_hash
from msl.lexer import lex
from msl.library import (
    CheckedBuild,
    KernelFunction,
    Library,
    Parameter,
    Rejection,
    ThreadgroupVariable,
)
from msl.request import Request
from msl.toolchain import cpu_identity

SCHEMA_VERSION = 2
_FRONT_END = Path(__file__).resolve().parent


def key(request: Request) -> str:
    """Everything that decides the result, as one hash."""
    parts: list[Any] = [
        SCHEMA_VERSION,
        request.name,
        request.functions,
        sorted((str(name), repr(value)) for name, value in request.constants.items()),
        request.toolchain.identity,
        request.flags,
        request.engine,
        headers_hash(),
        cpu_identity(),
        front_end_stamp(widen=request.engine != "reference"),
        request.text,
    ]
    if request.roots:
        parts.append(_included(request.text, request.roots, set()))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def front_end_stamp(*, widen: bool = True) -> str:
    """Changes whenever a file of this package does; without `widen` only if one does that decides
    what the reference engine runs."""
    files = sorted([*_FRONT_END.glob("*.py"), *_FRONT_END.glob("targets/*.py")])
    if widen:
        files += sorted(_FRONT_END.glob("widen/*.py"))
    stats = [(file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files]
    return hashlib.sha256(repr(stats).encode()).hexdigest()


def _included(text: str, roots: tuple[Path, ...], seen: set[str]) -> list[tuple[str, str]]:
    found = []
    for _, path in safety.includes(lex(text)):
        for root in roots:
            file = (root / path).resolve()
            if str(file) not in seen and file.is_relative_to(root.resolve()) and file.is_file():
                seen.add(str(file))
                content = file.read_text(encoding="utf-8", errors="replace")
                found.append((path, hashlib.sha256(content.encode()).hexdigest()))
                found += _included(content, (file.parent, *roots), seen)
    return found


def with_timing(result: Library | Rejection, ms: float) -> Library | Rejection:
    """A stored result with the time of its lookup."""
    return replace(result, timings_ms={"lookup": ms}) if isinstance(result, Library) else result


class Store:
    """Results below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def scratch(self) -> Path:
        """A fresh folder on the same file system for a build in progress."""
        self.root.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(self.root, ".build-")
        return Path(tempfile.mkdtemp(prefix=f".build-{os.getpid()}-", dir=self.root))

    def load(self, name: str) -> Library | Rejection | None:
        """A stored result, None if there is none that can be read."""
        folder = self._folder(name)
        try:
            record = json.loads((folder / "result.json").read_text(encoding="utf-8"))
            if record["schema_version"] != SCHEMA_VERSION:
                return None
            if record["kind"] == "rejection":
                found = _diagnostics(record["diagnostics"])
                return Rejection(record["status"], found, record["text"])
            library = folder / "library.so"
            return _library(record, library) if library.is_file() else None
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def save(
        self, name: str, result: Library | Rejection, timings: Mapping[str, float]
    ) -> Library | Rejection:
        """Store a result; a library moves into the store."""
        folder = self._folder(name)
        scratch = folder.with_name(f".result-{os.getpid()}-{secrets.token_hex(4)}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(folder.parent, ".result-")
        scratch.mkdir()
        record: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "text": result.text}
        record["diagnostics"] = [asdict(item) for item in result.diagnostics]
        if isinstance(result, Library):
            shutil.move(result.path, scratch / "library.so")
            record |= {"kind": "library", "unsupported": dict(result.unsupported)}
            record["checked"] = None if result.checked is None else asdict(result.checked)
            record["functions"] = [asdict(function) for function in result.functions.values()]
        else:
            record |= {"kind": "rejection", "status": result.status}
        (scratch / "result.json").write_text(json.dumps(record), encoding="utf-8")
        self._publish(name, scratch)
        if isinstance(result, Library):
            return replace(result, path=folder / "library.so", timings_ms=dict(timings))
        return result

    def _folder(self, name: str) -> Path:
        return self.root / "programs" / name[:2] / name[2:34]

    def _publish(self, name: str, scratch: Path) -> None:
        folder = self._folder(name)
        try:
            os.rename(scratch, folder)
        except OSError:
            if self.load(name) is not None:  # somebody else was first
                shutil.rmtree(scratch, ignore_errors=True)
                return
            shutil.rmtree(folder, ignore_errors=True)
            os.rename(scratch, folder)


def _remove_leftovers(folder: Path, prefix: str) -> None:
    """What processes that were killed left in progress: `<prefix><process>-<anything>`."""
    for leftover in folder.glob(f"{prefix}*-*"):
        owner = leftover.name[len(prefix) :].split("-")[0]
        if owner.isdigit() and not _lives(int(owner)):
            shutil.rmtree(leftover, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _diagnostics(items: list[dict[str, Any]]) -> tuple[Diagnostic, ...]:
    return tuple(
        Diagnostic(
            item["severity"],
            item["line"],
            item["column"],
            item["text"],
            item["file"],
            _diagnostics(item["notes"]),
            tuple((first, last) for first, last in item["ranges"]),
        )
        for item in items
    )


def _library(record: Mapping[str, Any], path: Path) -> Library:
    functions = {}
    for item in record["functions"]:
        parameters = {int(index): Parameter(**value) for index, value in item["parameters"].items()}
        functions[item["name"]] = KernelFunction(
            item["name"],
            item["entry"],
            item["mode"],
            item["max_threads"],
            item["static_threadgroup_bytes"],
            tuple(item["threadgroup_arguments"]),
            parameters,
            tuple(item["missing_constants"]),
            item["engine"],
            item["declined"],
        )
    found = _diagnostics(record["diagnostics"])
    checked = record["checked"]
    return Library(
        path,
        functions,
        found,
        True,
        {},
        record["text"],
        record["unsupported"],
        None if checked is None else _checked_build(checked),
    )


def _checked_build(record: Mapping[str, Any]) -> CheckedBuild:
    places = tuple(place and (place[0], place[1], place[2]) for place in record["places"])
    variables = {
        function: tuple(ThreadgroupVariable(**item) for item in items)
        for function, items in record["variables"].items()
    }
    return CheckedBuild(places, variables)
