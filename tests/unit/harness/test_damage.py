"""The map of an output's wrong elements: which rows, which columns, edges, periods."""

from __future__ import annotations

import numpy as np

from harness.problem.damage import Damage


def of(wrong: np.ndarray) -> dict[str, object]:
    damage = Damage(wrong.shape)
    damage.add(np.flatnonzero(wrong), not_written=0, nonfinite=0)
    return damage.as_map()


def test_a_skipped_last_tile_shows_on_its_axis_alone() -> None:
    wrong = np.zeros((64, 96), dtype=bool)
    wrong[:, 90:] = True
    found = of(wrong)
    assert found["bad"] == 64 * 6
    rows, columns = found["by_axis"]  # type: ignore[misc]
    assert rows == [0.0625] * 16
    assert columns == [0.0] * 15 + [1.0]


def test_edges_are_told_from_the_interior() -> None:
    wrong = np.zeros((20, 20), dtype=bool)
    wrong[0, :] = wrong[:, -1] = True
    assert of(wrong)["at_edges_fraction"] == 1.0
    assert of(~wrong)["at_edges_fraction"] < 0.2  # type: ignore[operator]


def test_every_fourth_column() -> None:
    wrong = np.zeros((8, 64), dtype=bool)
    wrong[:, 3::4] = True
    phases = of(wrong)["last_index_modulo"]
    assert phases["4"] == [0.0, 0.0, 0.0, 1.0]  # type: ignore[index]


def test_a_large_map_is_scaled_up_from_a_sample() -> None:
    wrong = np.ones((1000, 1001), dtype=bool)
    found = of(wrong)
    assert found["bad"] == wrong.size
    for axis in found["by_axis"]:  # type: ignore[attr-defined]
        assert np.allclose(axis, 1.0, atol=0.05)


def test_pieces_add_up_and_scalars_have_no_axes() -> None:
    wrong = np.zeros((10, 7), dtype=bool)
    wrong[2, 3] = wrong[9, 6] = True
    first, second = Damage(wrong.shape), Damage(wrong.shape)
    first.add(np.array([2 * 7 + 3]), not_written=1, nonfinite=0)
    second.add(np.array([9 * 7 + 6]), not_written=0, nonfinite=1)
    whole = first.merged(second)
    assert (whole.bad, whole.not_written, whole.nonfinite) == (2, 1, 1)
    assert whole.as_map()["by_axis"] == of(wrong)["by_axis"]
    single = Damage(())
    single.add(np.array([0]), not_written=0, nonfinite=0)
    assert single.as_map()["bad_fraction"] == 1.0
