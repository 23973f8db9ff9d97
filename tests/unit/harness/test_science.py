"""Scores of the scientific set: fractions of two ceilings, S, Phi, and the table."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from example_evaluations import figures, passed, refused

from chip_metrics import Ceilings
from harness import science
from harness.command import science_table
from harness.devices.base import Limits
from harness.evaluation import Evaluation
from harness.problem import catalog
from harness.problem.schedule import Schedule, default_header, functions_of, resolve

KERNELS = {kernel.name: kernel for kernel in catalog.default().kernels("metal_sci")}
CEILINGS = Ceilings("measured", "test", "2026-01-01", 1000.0, 1000.0, 100.0)


def scored(name: str, label: str, ms: float, chip: str = "cpu-x") -> dict[str, Any]:
    spec = KERNELS[name].spec
    point = catalog.point_of(spec, label)
    header = default_header(spec)
    limits = dict.fromkeys(functions_of(header, spec), Limits(1024, 0))
    schedule = resolve(header, spec, point, limits)
    assert isinstance(schedule, Schedule)
    found = science.size_score(spec, point, schedule, ms, chip, CEILINGS)
    assert found is not None
    return found


def test_a_size_is_a_share_of_what_was_measured_and_of_the_published_constant() -> None:
    found = scored("saxpy", "1M", ms=12 * 2**20 / 50e6, chip="apple-m1-pro")
    assert found["rate"] == pytest.approx(50) and found["fraction"] == pytest.approx(0.5)
    assert found["published_fraction"] == pytest.approx(50 / 200) and found["unit"] == "GB/s"
    assert scored("saxpy", "1M", ms=1.0)["published_fraction"] is None
    compute = scored("nbody", "256_10", ms=1.0, chip="apple-m4-max")
    assert compute["rate"] == pytest.approx(20 * 256**2 * 10 / 1e6)
    assert compute["published_ceiling"] == 18000 and compute["ceiling"] == 1000.0


def test_fft3d_counts_48_bytes_and_the_board_96() -> None:
    found = scored("fft3d", "64cube", ms=1.0, chip="apple-m1")
    assert found["rate"] == pytest.approx(48 * 64**3 / 1e6)
    assert found["published_rate"] == pytest.approx(2 * found["rate"])


def run(name: str, label: str, fraction: float, **changes: Any) -> Evaluation:
    about = {"fraction": fraction, "published_fraction": None, "rate": 1.0, "unit": "GB/s"}
    about |= {"ceiling": 2.0, "launch_floor_ms": 0.01}
    environment = {"science": about}
    return passed(kernel=name, size=label, environment=environment, **changes)


def test_s_is_the_geometric_mean_and_zero_if_a_size_is_wrong() -> None:
    spec = KERNELS["heat2d"].spec
    labels = list(spec.sizes.series)
    runs = [run("heat2d", n, f) for n, f in zip(labels, (0.1, 0.2, 0.4), strict=True)]
    hidden = run("heat2d", next(iter(spec.sizes.held_out)), 0.3)
    found = science.score(spec, [*runs, hidden])
    assert found.s_measured == pytest.approx(math.exp((math.log(0.1 * 0.2 * 0.4)) / 3))
    assert found.phi_measured == 0.3 and found.s_published is None
    wrong = refused(kernel="heat2d", size=labels[1])
    assert science.score(spec, [runs[0], wrong, runs[2]]).s_measured == 0.0
    assert science.score(spec, runs[:2]).s_measured is None  # a size was not run
    assert science.score(spec, [*runs, refused(size=hidden.size)]).phi_measured == 0.0


def test_totals_are_over_the_papers_ten_and_all_twelve() -> None:
    tasks = [science.Score(name, 0.5, None, 0.5, None) for name in KERNELS]
    tasks = [science.Score("adi3d", 0.1, None, 0.1, None), *tasks[1:]]
    totals = dict(science.totals(tasks))
    assert totals["paper-10"].s_measured == pytest.approx(0.5)
    assert totals["all-12"].s_measured == pytest.approx(0.5 ** (11 / 12) * 0.1 ** (1 / 12))
    assert totals["all-12"].s_published is None


def test_the_table_names_sizes_ceilings_schedules_and_the_hidden_size() -> None:
    kernel = KERNELS["heat2d"]
    own = {"threads": 10, "dispatches": 5, "published_threads": 100, "published_dispatches": 50}
    shown = run("heat2d", "256x256_50", 0.5, figures=figures())
    environment = {**shown.environment, "schedule": own, "against": {"speedup": 2.0}}
    runs = [replace(shown, environment=environment)]
    rows = science_table.sizes([kernel], [*runs, refused(kernel="heat2d", size="768x768_75")])
    assert rows[1][:2] == ("heat2d", "256x256_50") and "50.0%" in rows[1]
    assert rows[1][-2:] == ("2.00x", science_table.schedule_text(own))
    assert rows[2][1] == "768x768_75 (Phi)" and "-" in rows[2]
    text = science_table.schedule_text(own)
    assert text == "own: 10 threads in 5 dispatches (published: 100 in 50)"
    scores = science_table.scores([kernel], runs)
    assert [row[0] for row in scores] == ["task", "heat2d", "paper-10", "all-12"]
