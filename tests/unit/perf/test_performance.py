"""The performance report: findings and page from data, runs that are gone on with, a real pair."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import UserError
from harness.problem import catalog
from harness.spec import Cost
from harness.timing.mlx_side import MlxSide
from perf import __main__ as command
from perf import parts, store, timing
from perf.findings import findings
from perf.kernels import is_memory_bound
from perf.page import page
from perf.parts import Item
from perf.store import Store


def compared(ratio: float, passes: bool = True, **more: Any) -> dict[str, Any]:
    interval = [0.9 * ratio, 1.1 * ratio]
    return {"ratio": ratio, "interval": interval, "passes_gate": passes, "other": "mlx", **more}


def kernel(mlx: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"flops": 1, "bytes": 8, "memory_bound": True, "engine": "fast", "mlx": mlx, **more}


def stored(**entries: dict[str, Any]) -> Store:
    found = Store.fresh()
    for part, values in entries.items():
        for key, entry in values.items():
            found.put(part, key, entry)
    return found


def values_of(found: Store) -> dict[str, float]:
    return {finding.what: finding.value for finding in findings(found)}


def test_sizes_that_the_overhead_hides_count_nowhere() -> None:
    rows = {
        "relu published": kernel(compared(0.1, passes=False)),
        "relu large": kernel(compared(4.0), copy=compared(0.8, passes=False)),
        "exp large": kernel(compared(17.0), copy=compared(0.4)),
        "tanh large": {"flops": 1, "bytes": 8, "memory_bound": True, "unable": "no room"},
    }
    found = {finding.what: finding for finding in findings(stored(kernels=rows))}
    mean = found["times MLX's fastest form, geometric mean"]
    assert mean.value == pytest.approx(68**0.5) and mean.reached
    assert mean.detail == "2 of 4 sizes pass the overhead gate"
    copies = [finding for what, finding in found.items() if "copy loop" in what]
    assert [finding.value for finding in copies] == pytest.approx([60, 40])
    assert not copies[1].reached and "exp large; 1 below 50 %" in copies[1].detail


def test_a_run_that_was_cut_short_is_told_so() -> None:
    found = stored(builds={"relu": {"new_s": 0.1, "cached_s": 0.01}})
    found.wanted = {"builds": 3, "waits": 2}
    assert found.missing() == {"builds": 2, "waits": 2}
    found.wanted = {"builds": 1}
    assert found.missing() == {}
    found.parts.clear()
    assert "cut short.** Missing: 1 of 1 of builds." in page(found)


def test_a_bound_holds_in_its_own_direction() -> None:
    rows = {
        "relu": {"new_ms": 400, "cached_ms": 60, "fast": True, "declined": {}},
        "exp": {"new_ms": 500, "cached_ms": 70, "fast": False, "declined": {"exp_f32": "why"}},
    }
    found = {finding.what: finding for finding in findings(stored(builds=rows))}
    assert found["new source to runnable, median"].reached
    assert not found["cached source to runnable, median"].reached
    assert not found["kernels on the fast engine"].reached
    assert "| exp | exp_f32 | why |" in page(stored(builds=rows))


def test_uneven_work_is_held_against_even_work() -> None:
    found = stored(threads={"uneven": {"even": 2.0, "cluster": 1.9, "last": 1.0}})
    assert sorted(values_of(found).values()) == pytest.approx([50, 95])


def test_the_page_shows_intervals_and_marks_what_does_not_pass() -> None:
    rows = {
        "relu published": kernel(compared(2, passes=False)),
        "relu large": kernel(compared(4), copy=compared(0.8)),
    }
    text = page(stored(kernels=rows, torch={"gelu large": {"unable": "torch is not installed"}}))
    assert "| relu | (2 [1.8, 2.2]) | 4 [3.6, 4.4] | mlx | 80 % [72 %, 88 %] |" in text
    assert "Not measured: torch is not installed" in text and "Elementary" not in text


def test_items_cover_every_kernel_and_can_be_chosen() -> None:
    every = parts.items()
    names = {k.name for k in catalog.default().kernels()}
    assert {item.key for item in every if item.part == "builds"} == names
    assert {item.part for item in every} == set(parts.PARTS)
    assert sum(item.seconds for item in every) < 30 * 60
    few = parts.items("kernels", ["relu", "softmax"])
    assert [item.key for item in few][:2] == ["relu published", "softmax published"]
    with pytest.raises(UserError, match="no part 'nothing'"):
        parts.items("nothing")


def test_an_interrupted_run_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "DATA", tmp_path / "performance.json")
    monkeypatch.setattr(command, "PAGE", tmp_path / "PERFORMANCE.md")
    asked: list[str] = []

    def item(key: str, entry: dict[str, Any] | None) -> Item:
        def find() -> dict[str, Any]:
            asked.append(key)
            if entry is None:
                raise KeyboardInterrupt
            return entry

        return Item("kernels", key, 1.0, find)

    first = [item("relu large", kernel(compared(4))), item("exp large", None)]
    monkeypatch.setattr(parts, "items", lambda only, names: first)
    with pytest.raises(KeyboardInterrupt):
        command.main([])
    assert not command.DATA.exists() and store.unfinished().exists()
    second = [item("relu large", kernel(compared(1))), item("exp large", kernel(compared(9)))]
    monkeypatch.setattr(parts, "items", lambda only, names: second)
    assert command.main([]) == 0
    assert asked == ["relu large", "exp large", "exp large"]
    known = Store.load(command.DATA)
    assert known is not None and known.parts["kernels"]["relu large"]["mlx"]["ratio"] == 4
    assert not store.unfinished().exists() and command.main(["--check"]) == 0
    command.PAGE.write_text("edited by hand")
    assert command.main(["--check"]) == 1
    assert command.main(["--page"]) == 0 and command.main(["--check"]) == 0


def test_figures_of_another_machine_are_not_gone_on_with() -> None:
    other = stored(kernels={"relu large": kernel(compared(4))})
    other.machine = {**other.machine, "cpu": "another"}
    other.save(store.unfinished())
    assert Store.resumed().parts == {}


def test_what_memory_bounds() -> None:
    assert is_memory_bound(Cost(flops=5, bytes=8))
    assert not is_memory_bound(Cost(flops=2 * 1024**3, bytes=12 * 1024**2))


@pytest.mark.host
def test_a_kernel_is_timed_beside_another_side() -> None:
    relu = catalog.default().find("relu")
    point = {"rows": 256, "cols": 256}
    with timing.bench(relu, point, "small") as found:
        assert isinstance(found, timing.Bench)
        mlx = MlxSide(found.spec, found.bank, found.secret)
        assert mlx.probe() is None
        entry = found.beside(mlx)
    assert entry["ratio"] > 0 and entry["kernel_ms"] > 0 and entry["other"] == mlx.name
