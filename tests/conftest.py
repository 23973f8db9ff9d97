"""What every test gets: a home of its own, so that none can touch the real board or its locks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled programs of the whole test run, all its processes: they are named by content."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    (folder / "cache").mkdir(exist_ok=True)
    return folder / "cache"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Redirect results, session.json, runs, caches, locks and the user's home."""
    folder = tmp_path / "bench-home"
    runtime = tmp_path / "runtime"
    for made in (folder, runtime, tmp_path / "user"):
        made.mkdir(mode=0o700)
    monkeypatch.setenv("METAL_BENCH_HOME", str(folder))
    monkeypatch.setenv("METAL_BENCH_CACHE", str(shared_cache))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("NO_COLOR", "1")
    yield folder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-golden", action="store_true", help="replace golden files; read the diff after"
    )
    parser.addoption(
        "--all-kills", action="store_true", help="kill a search at every point: `make agents`"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with tests/golden/<name>, or replace it under --rewrite-golden."""

    def compare(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / name
        if request.config.getoption("--rewrite-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        assert path.read_text("utf-8") == text

    return compare
