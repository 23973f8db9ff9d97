"""What `make trust` keeps: full counts only, part by part, and the page that follows from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from trust import figures
from trust.section import Section


def section(passed: int = 3, full: bool = True, rows: int = 1) -> Section:
    table = [("case", "found"), *(("a|b", str(n)) for n in range(rows))]
    return Section("Things", table, passed, 3, f"things {passed}/3", full)


def test_a_part_replaces_its_own_figures_only(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    assert figures.load(file) == {}
    figures.keep("bad", section(), file)
    figures.keep("kills", section(2), file)
    figures.keep("bad", section(1), file)
    kept = figures.load(file)
    assert {name: part.passed for name, part in kept.items()} == {"bad": 1, "kills": 2}
    assert all(part.commit and part.host and len(part.date) == 10 for part in kept.values())


def test_a_short_run_never_takes_the_place_of_a_full_one(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    figures.keep("bad", section(), file)
    with pytest.raises(ValueError, match="short"):
        figures.keep("bad", section(1, full=False), file)
    assert figures.load(file)["bad"].passed == 3


def test_the_page_follows_from_the_figures(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    figures.keep("kills", section(rows=0), file)
    figures.keep("bad", section(2), file)
    page = figures.page(figures.load(file))
    assert page.index("| bad | things 2/3 |") < page.index("| kills | things 3/3 |")
    assert "a\\|b" in page and "Nothing differs" in page


def test_a_stale_page_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(figures, "PAGE", tmp_path / "TRUST.md")
    assert figures.check() == 1
    figures.write_page()
    assert figures.check() == 0
    figures.PAGE.write_text(figures.PAGE.read_text() + "all is well\n")
    assert figures.check() == 1 and "stale" in capsys.readouterr().err


def test_figures_of_another_version_are_not_read(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    file.write_text('{"schema_version": 2, "parts": {}}')
    with pytest.raises(ValueError, match="version 2"):
        figures.load(file)
