"""Building the host: once for each source, for many callers at once, with errors that help."""

from __future__ import annotations

import concurrent.futures
from pathlib import Path

import pytest

from msl import host_build
from msl.host_build import HostBuildError, ensure_host

PROGRAM = "int main() { return 0; }\n"


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for the host's sources: two programs of one line."""
    folder = tmp_path / "src"
    folder.mkdir()
    parts = {*host_build.SHARED_PARTS, *host_build.SUPERVISOR_PARTS, *host_build.WORKER_PARTS}
    for part in parts:
        suffix = ".S" if part.startswith("switch") else ".cc"
        (folder / f"{part}{suffix}").write_text("")
    (folder / "supervisor.cc").write_text(PROGRAM)
    (folder / "worker.cc").write_text(PROGRAM)
    monkeypatch.setattr(host_build, "SOURCES", folder)
    return folder


def test_every_part_has_a_source() -> None:
    parts = {*host_build.SHARED_PARTS, *host_build.SUPERVISOR_PARTS, *host_build.WORKER_PARTS}
    files = {path.stem for path in host_build.SOURCES.iterdir() if path.suffix in (".cc", ".S")}
    assert parts <= files


def test_eight_callers_build_once_and_leave_nothing_behind(sources: Path, tmp_path: Path) -> None:
    cache, said = tmp_path / "cache", list[str]()
    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        built = list(executor.map(lambda _: ensure_host(cache, progress=said.append), range(8)))
    assert len(set(built)) == 1
    assert len([line for line in said if line.startswith("building")]) == 1
    assert built[0].supervisor.is_file() and built[0].worker.is_file()
    assert not list(cache.glob(".building-*"))


def test_a_changed_source_is_another_build(sources: Path, tmp_path: Path) -> None:
    first = ensure_host(tmp_path / "cache")
    (sources / "json.cc").write_text("// changed\n")
    second = ensure_host(tmp_path / "cache")
    assert first != second and first.worker.is_file() and second.worker.is_file()


def test_a_compile_error_is_told_and_leaves_no_build(sources: Path, tmp_path: Path) -> None:
    (sources / "json.cc").write_text("int broken = ;\n")
    with pytest.raises(HostBuildError) as caught:
        ensure_host(tmp_path / "cache")
    assert "json.cc:1:14: error: expected expression" in caught.value.message
    assert caught.value.hint == "python3 setup.py"
    assert not list((tmp_path / "cache").glob("portable-*"))


def test_an_unwritable_place_is_told(sources: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    with pytest.raises(HostBuildError, match="cannot write"):
        ensure_host(tmp_path / "cache" / "below")
