"""Ceilings: bandwidth by working set, the dated cache, and the probe itself on small work."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from chip_metrics import Ceilings, Cpu, Level, chip, measured_ceilings, vendor_ceilings
from chip_metrics import probe as probing
from chip_metrics.detect_cpu import Cache
from chip_metrics.probe import Rates, aligned, best_rate, together

CPU = Cpu("amd", "avx512", 2, "A Processor", (Cache(1, 64 << 10), Cache(3, 32 << 20)))
DAY = datetime.date(2026, 11, 21)


def rates(scale: float = 1.0) -> Rates:
    return Rates("loops", 200 * scale, 25 * scale, ((64 << 10, 400 * scale), (32 << 20, 150.0)))


class Probe:
    """Counts its calls and answers with the next of its rates."""

    def __init__(self, *answers: Rates) -> None:
        self.answers = list(answers)

    def __call__(self, cpu: Cpu) -> Rates:
        return self.answers.pop(0)


def test_bandwidth_follows_the_working_set() -> None:
    levels = (Level(64 << 10, 400.0), Level(32 << 20, 150.0))
    ceilings = Ceilings("measured", "", "", 200.0, 200.0, 25.0, levels)
    assert ceilings.bandwidth_gbps(1000) == 400.0
    assert ceilings.bandwidth_gbps(1 << 20) == 150.0
    assert ceilings.bandwidth_gbps(33 << 20) == 25.0


def test_nothing_exceeds_a_rate_to_which_the_cache_contributes() -> None:
    levels = (Level(64 << 10, 400.0), Level(32 << 20, 150.0))
    ceilings = Ceilings("measured", "", "", 200.0, 200.0, 25.0, levels)
    assert ceilings.most_gbps(1000) == 400.0
    assert ceilings.most_gbps(33 << 20) == pytest.approx(150.0)
    assert ceilings.most_gbps(64 << 20) == pytest.approx(50.0)
    assert ceilings.most_gbps(1 << 40) == pytest.approx(25.0, rel=1e-3)
    assert Ceilings("vendor", "", "", 1.0, 1.0, None).most_gbps(1000) is None


def test_a_cache_of_unknown_speed_bounds_nothing() -> None:
    ceilings = Ceilings("vendor", "", "", 1e4, 1e4, 500.0, (Level(48 << 20, None),))
    assert ceilings.most_gbps(1 << 20) is None
    assert ceilings.most_gbps(96 << 20) == pytest.approx(1000.0)
    assert ceilings.bandwidth_gbps(1 << 20) == ceilings.bandwidth_gbps(1 << 30) == 500.0
    assert ceilings.cache_bytes == 48 << 20


def test_vendor_ceilings_carry_their_sources() -> None:
    row = chip("apple-m4-max", cores=40)
    assert row is not None
    ceilings = vendor_ceilings(row)
    assert ceilings.origin == "vendor" and ceilings.allowance == 0.0
    assert ceilings.memory_gbps == 546.0 and "macmegasite" in ceilings.source
    assert ceilings.most_gflops == ceilings.fp32_gflops


def test_a_measured_ceiling_is_kept_with_its_date(tmp_path: Path) -> None:
    probe = Probe(rates())
    first = measured_ceilings(CPU, tmp_path / "new", probe=probe, today=DAY)
    again = measured_ceilings(CPU, tmp_path / "new", probe=probe, today=DAY)
    assert first == again and not probe.answers
    assert first.date == "2026-11-21" and first.origin == "measured" and first.allowance > 0
    stored = json.loads((tmp_path / "new/ceilings.json").read_text())
    assert stored["schema_version"] == 1 and stored["machine"]["model"] == "A Processor"


def test_an_old_ceiling_is_measured_again_and_never_falls(tmp_path: Path) -> None:
    probe = Probe(rates(), rates(0.5), rates(2.0))
    measured_ceilings(CPU, tmp_path, probe=probe, today=DAY)
    later = DAY + datetime.timedelta(days=31)
    busy = measured_ceilings(CPU, tmp_path, probe=probe, today=later)
    assert (busy.fp32_gflops, busy.memory_gbps, busy.date) == (200.0, 25.0, later.isoformat())
    better = measured_ceilings(CPU, tmp_path, probe=probe, today=later, refresh=True)
    assert (better.fp32_gflops, better.memory_gbps) == (400.0, 50.0)
    assert [level.gbps for level in better.levels] == [800.0, 150.0]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version": 2}', '{"schema_version": 1}'])
def test_a_damaged_cache_is_measured_again(tmp_path: Path, text: str) -> None:
    (tmp_path / "ceilings.json").write_text(text)
    assert measured_ceilings(CPU, tmp_path, probe=Probe(rates()), today=DAY).memory_gbps == 25.0


def test_another_processor_does_not_inherit_ceilings(tmp_path: Path) -> None:
    measured_ceilings(CPU, tmp_path, probe=Probe(rates(4.0)), today=DAY)
    other = Cpu("amd", "avx512", 2, "Another", CPU.caches)
    found = measured_ceilings(other, tmp_path, probe=Probe(rates()), today=DAY)
    assert found.memory_gbps == 25.0


def test_a_folder_that_cannot_be_written_costs_only_the_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = measured_ceilings(CPU, tmp_path / "file", probe=Probe(rates()), today=DAY)
    assert found.memory_gbps == 25.0


def test_all_passes_run_and_their_work_is_summed() -> None:
    done = together([lambda rounds: 3 * rounds, lambda rounds: 4 * rounds], 10)
    assert sorted(one.amount for one in done) == [30, 40]
    assert all(one.ended_ns >= one.begun_ns for one in done)


def test_rounds_grow_until_a_pass_can_be_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "PASS_NS", 2e5)
    asked: list[int] = []

    def work(rounds: int) -> int:
        asked.append(rounds)
        return sum(1 for _ in range(1000 * rounds))

    assert best_rate([work]) > 0
    assert asked[0] == 1 and len(asked) >= probing.PASSES
    assert len(set(asked[-probing.PASSES :])) == 1


def test_probe_memory_is_aligned_and_zero() -> None:
    array = aligned(10_000)
    assert array.nbytes == 10_000 and array.ctypes.data % probing.ALIGNMENT == 0
    assert not array.any()


@pytest.mark.host
def test_the_probe_measures_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "PASS_NS", 2e5)
    monkeypatch.setattr(probing, "LEAST_MEMORY", 8 << 20)
    found = probing.measure_rates(Cpu("x", "y", 1, "z", (Cache(1, 32 << 10),)))
    assert found.fp32_gflops is not None and found.fp32_gflops > 0.1
    assert found.memory_gbps > 0.1
    assert found.caches[0][0] == 32 << 10 and found.caches[0][1] is not None


def test_without_a_compiler_only_memory_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "PASS_NS", 2e5)
    monkeypatch.setattr(probing, "LEAST_MEMORY", 1 << 20)
    monkeypatch.setattr(probing, "_build", lambda folder: None)
    found = probing.measure_rates(Cpu("x", "y", 1, "z", (Cache(1, 32 << 10),)))
    assert found.fp32_gflops is None and found.memory_gbps > 0
    assert found.caches == ((32 << 10, None),)
