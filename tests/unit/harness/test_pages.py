"""The generated documents: what they say follows from data, and a stale one is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from example_evaluations import passed

from harness import settings
from harness.audit.mutants import MUTANTS
from harness.board import documents, leaderboard, records
from harness.devices.base import Source
from harness.errors import ExitCode, UserError
from harness.pages import __main__ as pages
from harness.pages import best_times, counts, links, problems, readme, stored
from harness.problem import catalog
from harness.problem.catalog import Kernel
from harness.problem.header import Header, HeaderError, parse_header
from harness.settings import paths

MEMORY = {
    "flops": 1e6,
    "least_bytes": 8e6,
    "loaded_bytes": 4e6,
    "stored_bytes": 4e6,
    "lines_fetched": 100,
    "lines_fully_used": 100,
    "threadgroups": 1000,
    "dispatches": 1,
    "barriers": 0,
    "simd_operations": 0,
    "tag": "derived",
}
PRODUCT = {**MEMORY, "flops": 16e9, "loaded_bytes": 1e9}


def kernels() -> list[Kernel]:
    return [catalog.default().find(name) for name in ("relu", "sqr_mm", "dot_product")]


@pytest.mark.parametrize(
    ("row", "reasons", "broken"),
    [
        (MEMORY, (), ""),
        ({**MEMORY, "loaded_bytes": 8e6}, (), "moves 1.50x the least bytes > 1.25"),
        ({**MEMORY, "loaded_bytes": 8e6}, ("bytes",), ""),
        ({**MEMORY, "loaded_bytes": 16e6}, ("bytes",), "moves 2.50x the least bytes > 2.25"),
        ({**MEMORY, "lines_fully_used": 89}, (), "89% of the lines used in full < 90%"),
        ({**MEMORY, "lines_fully_used": 89}, ("lines",), ""),
        ({**MEMORY, "threadgroups": 319}, (), "319 threadgroups < 320"),
        ({**MEMORY, "threadgroups": 319}, ("threadgroups",), ""),
        (PRODUCT, (), ""),
        ({**PRODUCT, "lines_fully_used": 50}, (), ""),
        ({**PRODUCT, "loaded_bytes": 1.3e9}, (), "loads 1.30x of 64 x 64 tiles > 1.25"),
        ({**PRODUCT, "loaded_bytes": 1.3e9}, ("bytes",), "loads 1.30x of 64 x 64 tiles > 1.25"),
        ({**PRODUCT, "loaded_bytes": 1.3e9}, ("loads",), ""),
    ],
)
def test_bounds(row: dict[str, Any], reasons: tuple[str, ...], broken: str) -> None:
    assert counts.violations(row, dict.fromkeys(reasons, "why")) == ([broken] if broken else [])


def test_a_header_states_reasons() -> None:
    found = parse_header("//! reason bytes: rows (of any length) are read twice; it's so\n")
    assert isinstance(found, Header)
    assert found.reasons == {"bytes": "rows (of any length) are read twice; it's so"}
    for text, message in (
        ("//! reason speed: x", "no bound 'speed'"),
        ("//! reason bytes: x\n//! reason bytes: y", "a second reason for 'bytes'"),
        ("//! reason bytes:", "expected"),
    ):
        wrong = parse_header(text)
        assert isinstance(wrong, HeaderError), text
        assert message in wrong.message or message == "expected"


def test_kernels_page() -> None:
    audit = {name: {"outcome": "killed", "reason": ""} for name in MUTANTS}
    weak = {**audit, "half": {"outcome": "SURVIVED", "reason": "large"}}
    data = problems.Stored(
        {"relu": {"mutants": audit}, "dot_product": {"mutants": weak}},
        {"relu": {**MEMORY, "loaded_bytes": 8e6}, "sqr_mm": {"unable": "no clang"}},
    )
    page = problems.page(kernels(), data)
    first, *_ = page.splitlines()
    assert "make refresh" in first
    row = next(line for line in page.splitlines() if line.startswith("| [`relu`](mlx/"))
    assert "rows=16, cols=16384" in row and row.endswith("| exact | yes | 9 refused |")
    assert "| no | 8 refused, accepts half |" in page
    assert "**moves 1.50x the least bytes > 1.25**" in page
    assert "not counted: no clang" in page
    assert kernels()[2].spec.unranked_reason in page
    assert all(f"| {name} | {mutant.leaves} |" in page for name, mutant in MUTANTS.items())
    for target in {part.split(")")[0] for part in page.split("](")[1:]}:
        assert (settings.ROOT / target).is_file(), target


def test_link_page_names_every_file() -> None:
    page = links.page(kernels(), {"chips": {"apple-m4-max": {"relu": {}}}})
    assert "[`relu.py`](mlx/kernels/common/relu.py)" in page
    assert "[`default`](metal/kernels/common/relu.metal)" in page
    assert "[`apple-m4-max`](results/apple-m4-max/relu.json)" in page


def board() -> Any:
    assert leaderboard.refresh() == []
    return json.loads(paths().session.read_text("utf-8"))


def store(**changes: Any) -> None:
    record = records.claimed(documents.to_run(passed(**changes)), None)
    assert records.put(record, expected=None, notes=[])


def test_an_empty_board_says_that_it_is_empty() -> None:
    page = best_times.page(kernels(), board())
    assert "No chip has a Record yet" in page
    assert all(f"| `{kernel.name}` | {kernel.set} | - |" in page for kernel in kernels())
    assert "Portability" not in page


def test_a_filled_board_has_a_row_for_every_kernel() -> None:
    store()
    store(kernel="sqr_mm", chip="cpu-amd-avx512-2", device="cpu")
    page = best_times.page(kernels(), board())
    assert "No chip has a Record yet" not in page
    apple, portability = page.split("## Portability: CPUs")
    assert "## Apple M4 Max" in apple
    shown = next(line for line in apple.splitlines() if line.startswith("| `relu`"))
    cells = [cell.strip() for cell in shown.split("|")[1:-1]]
    assert cells[:7] == [
        *("`relu`", "common", "exact", "published", "0.0512", "0.0768"),
        "1.50x [1.46, 1.54]",
    ]
    assert cells[10] == "claimed"
    assert "| `sqr_mm` | common | - |" in apple, "no Record on this chip, and a row all the same"
    assert "nothing about Metal performance" in portability
    assert "### CPU, AMD AVX512, 2 cores" in portability and "1.50x" in portability
    public = best_times.page(kernels(), leaderboard.public_rows(board()))
    assert public == apple.rstrip("\n") + "\n"


def test_readme_tables_stand_between_their_markers() -> None:
    text = "a\n<!-- kernels: written by `make refresh` -->\nold\n<!-- end -->\nb\n"
    data = problems.Stored({}, {"relu": MEMORY})
    found = readme.filled(text, kernels(), data)
    assert found.startswith("a\n<!-- kernels") and found.endswith("<!-- end -->\nb\n")
    assert "old" not in found and "| common | 3 | 2 | 0 | 1 |" in found
    assert readme.filled(found, kernels(), data) == found
    with pytest.raises(UserError):
        readme.filled("no marker", kernels(), data)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root that the pages are written to, with data that is found at once."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / "README.md").write_text(
        "<!-- kernels: written by `make refresh` -->\n<!-- end -->\n", "utf-8"
    )
    found, real = kernels(), catalog.default()
    monkeypatch.setattr(settings, "ROOT", root)
    monkeypatch.setattr(catalog.Catalog, "kernels", lambda self, in_set=None: found)
    monkeypatch.setattr(catalog, "default", lambda: real)
    instant = (
        stored.Kind("counts", lambda kernel: kernel.name, lambda kernel: dict(MEMORY)),
        stored.Kind("audit", lambda kernel: kernel.name, lambda kernel: {"mutants": {}}),
    )
    monkeypatch.setattr(stored, "KINDS", instant)
    monkeypatch.setattr(stored, "COUNTS", instant[0])
    monkeypatch.setattr(stored, "AUDIT", instant[1])
    return root


def test_refresh_writes_what_check_wants(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pages.main(["--check"]) == ExitCode.REFUSED
    assert pages.main([]) == ExitCode.PASSED
    assert pages.main(["--check"]) == ExitCode.PASSED
    assert "counts 3/3" in capsys.readouterr().err
    assert pages.main([]) == ExitCode.PASSED
    assert "counts" not in capsys.readouterr().err, "what is current is not found again"
    (tree / "KERNELS.md").write_text("edited by hand\n", "utf-8")
    assert pages.main(["--check"]) == ExitCode.REFUSED
    assert "KERNELS.md: run `make refresh`" in capsys.readouterr().err


def test_only_what_changed_is_found_again(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pages.main([]) == ExitCode.PASSED
    entries = dict(stored.COUNTS.load())
    entries["relu"] = {**entries["relu"], "stamp": "of another source"}
    stored.COUNTS.store(entries)
    assert pages.main(["--check"]) == ExitCode.REFUSED
    assert "counts.json: relu has changed" in capsys.readouterr().err
    assert pages.main([]) == ExitCode.PASSED
    assert "counts 1/1 relu" in capsys.readouterr().err


def test_a_stamp_follows_definition_and_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = catalog.default().find("where_mask")
    copied = tmp_path / "where_mask.py"
    copied.write_bytes(kernel.path.read_bytes() + b"\n")
    changed = Kernel(kernel.name, kernel.set, kernel.spec, copied)
    stamps = {kind.name: kind.stamp(kernel) for kind in stored.KINDS}
    assert all(kind.stamp(changed) != stamps[kind.name] for kind in stored.KINDS)
    monkeypatch.setattr(stored, "default_source", lambda kernel: Source("", "", "another"))
    assert stored.COUNTS.stamp(kernel) != stamps["counts"]
    assert stored.AUDIT.stamp(kernel) == stamps["audit"], "no kernel changes a problem"
