"""The ceilings of the chip that a device runs on, measured here for a CPU, published for a GPU."""

from __future__ import annotations

from functools import lru_cache

import chip_metrics
from harness import settings
from harness.devices.base import Device


def ceilings_of(device: Device) -> chip_metrics.Ceilings | None:
    """Upper bounds for figures, None for a chip or a count of GPU cores that is not known, and for
    a virtual device. Call it while the device is ours."""
    facts = device.facts()
    chip_id = str(facts["chip"])
    if chip_id.startswith("cpu-"):
        return _measured()
    # The name alone does not tell how many cores the GPU has, and so not its peaks.
    chip = None if facts.get("virtual") else chip_metrics.chip(chip_id, facts.get("gpu_cores"))
    return None if chip is None else chip_metrics.vendor_ceilings(chip)


@lru_cache(maxsize=1)
def _measured() -> chip_metrics.Ceilings:
    return chip_metrics.measured_ceilings(chip_metrics.detect_cpu(), settings.paths().build)
