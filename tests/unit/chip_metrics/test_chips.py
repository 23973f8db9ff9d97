"""The chip table and the one spelling of a chip."""

from __future__ import annotations

import pytest

from chip_metrics import UnknownChip, chip, chip_id_of_name, chip_of_stem, variant_stems
from chip_metrics.chips import CHIPS, SOURCES, Figure, display_name


@pytest.mark.parametrize(
    ("chip_id", "stems"),
    [
        ("apple-m4-max", ("m4_max", "m4", "apple")),
        ("apple-m1-ultra", ("m1_ultra", "m1", "apple")),
        ("apple-m4", ("m4", "apple")),
        ("apple-paravirtual-device", ("apple",)),
        ("cpu-amd-avx512-2", ("cpu",)),
        ("cpu-arm-neon-64", ("cpu",)),
        ("nvidia-h200", ("h200", "cuda")),
    ],
)
def test_variant_stems(chip_id: str, stems: tuple[str, ...]) -> None:
    assert variant_stems(chip_id) == stems


@pytest.mark.parametrize("wrong", ["", "m4_max", "apple-m4-huge", "cpu-amd-2", "cpu-amd-avx2-0"])
def test_no_stems_for_what_is_no_chip(wrong: str) -> None:
    with pytest.raises(UnknownChip, match="is no chip id"):
        variant_stems(wrong)


@pytest.mark.parametrize(
    ("name", "chip_id"),
    [
        ("Apple M4 Max", "apple-m4-max"),
        ("Apple M2", "apple-m2"),
        ("NVIDIA H200 NVL", "nvidia-h200"),
        ("NVIDIA H200", "nvidia-h200"),
    ],
)
def test_ids_of_driver_names(name: str, chip_id: str) -> None:
    assert chip_id_of_name(name) == chip_id
    assert display_name(chip_id).startswith(name.split(" NVL")[0])


def test_the_gpu_of_a_virtual_mac_has_an_id_and_no_row() -> None:
    assert chip_id_of_name("Apple Paravirtual device") == "apple-paravirtual-device"
    assert chip("apple-paravirtual-device") is None


def test_a_stem_is_a_chip_of_the_table() -> None:
    assert chip_of_stem("m4_max") == chip_of_stem("apple-m4-max") == "apple-m4-max"
    with pytest.raises(UnknownChip, match="m4_max"):
        chip_of_stem("m9")


def test_an_unknown_driver_name_has_no_id() -> None:
    with pytest.raises(UnknownChip, match="Turbo 9"):
        chip_id_of_name("Turbo 9")


def test_a_known_chip() -> None:
    row = chip("apple-m4-max", cores=40)
    assert row is not None and row.fp32_gflops is not None and row.memory_gbps is not None
    assert row.fp32_gflops.value == pytest.approx(40 * 128 * 2 * 1.578, rel=1e-6)
    assert row.memory_gbps == Figure(546.0, "MMS", "high")
    assert row.cache_bytes == 48 << 20


def test_an_ambiguous_or_unlisted_chip_has_no_row() -> None:
    assert chip("apple-m4-max") is None
    assert chip("apple-m4-max", cores=12) is None
    assert chip("apple-m9") is None
    assert chip("nvidia-h200") is not None


def test_every_figure_names_a_source_and_every_row_its_stems() -> None:
    for row in CHIPS:
        assert variant_stems(row.id)
        for figure in (row.fp32_gflops, row.fp16_gflops, row.matrix_gflops, row.memory_gbps):
            assert figure is not None
            assert figure.value > 0 and figure.source in SOURCES
            assert figure.confidence in ("high", "medium", "low")
    assert len({(row.id, row.cores) for row in CHIPS}) == len(CHIPS)


def test_an_unpublished_clock_is_marked_low() -> None:
    row = chip("apple-m5-max", cores=40)
    assert row is not None and row.fp32_gflops is not None
    assert row.fp32_gflops.confidence == "low"


def test_display_of_a_cpu() -> None:
    assert display_name("cpu-amd-avx512-2") == "CPU, AMD AVX512, 2 cores"
