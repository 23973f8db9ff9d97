"""The ceilings of the chip that a device runs on, measured here for a CPU, published for a GPU."""

from __future__ import annotations

import sys
from functools import lru_cache

import chip_metrics
from harness import settings
from harness.devices.base import Device


def ceilings_of(device: Device) -> chip_metrics.Ceilings | None:
    """Upper bounds for figures, None for an unknown chip. Call it while the device is ours."""
    chip_id = str(device.facts()["chip"])
    if chip_id.startswith("cpu-"):
        return _measured()
    if sys.platform == "darwin":
        # The name alone does not tell how many cores the GPU has, and so not its peaks.
        facts = {key: device.facts().get(key, "") for key in ("name", "architecture")}
        chip = chip_metrics.identify(chip_metrics.record(facts)).row
    else:
        chip = chip_metrics.chip(chip_id)
    return None if chip is None else chip_metrics.vendor_ceilings(chip)


@lru_cache(maxsize=1)
def _measured() -> chip_metrics.Ceilings:
    return chip_metrics.measured_ceilings(chip_metrics.detect_cpu(), settings.paths().build)
