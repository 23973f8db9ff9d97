"""Options are merged once, and paths come from one place."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import settings
from harness.settings import Settings


def test_the_command_line_wins_over_the_spec_over_the_defaults() -> None:
    found = Settings.resolve({"sizes": ("a", "b"), "threads": 3}, {"threads": 0, "device": None})
    assert found == Settings(sizes=("a", "b"), threads=0)


def test_an_unknown_setting_is_a_bug() -> None:
    with pytest.raises(ValueError, match="iterations"):
        Settings.resolve({}, {"iterations": 3})


def test_the_home_moves_everything_that_is_written(home: Path) -> None:
    where = settings.paths()
    for path in (where.results, where.session, where.runs, where.locks):
        assert home in path.parents
    assert where.root == settings.ROOT
    assert where.shown(where.results_file("c", "k")) == "results/c/k.json"
    assert where.shown(Path("/elsewhere/x")) == "/elsewhere/x"


def test_without_variables_the_checkout_is_home(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("METAL_BENCH_HOME", "METAL_BENCH_CACHE", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name)
    where = settings.paths()
    assert where.session == settings.ROOT / "session.json"
    assert where.build == settings.ROOT / ".bench" / "build"
    assert where.runtime.name.startswith("metal-bench-")
