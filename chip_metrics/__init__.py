"""What a chip is and what a time means on it; knows nothing of kernels or of our measurements."""

from chip_metrics.ceilings import Ceilings, Level, measured_ceilings, vendor_ceilings
from chip_metrics.chips import (
    CHIPS,
    PARAVIRTUAL,
    STAND_IN,
    UNKNOWN_APPLE,
    Chip,
    UnknownChip,
    chip,
    chip_id_of_name,
    chip_of_stem,
    variant_stems,
)
from chip_metrics.detect_apple import Machine, Recorded, identify, record
from chip_metrics.detect_cpu import Cpu, detect_cpu
from chip_metrics.roofline import Roofline, roofline

__all__ = [
    "CHIPS",
    "PARAVIRTUAL",
    "STAND_IN",
    "UNKNOWN_APPLE",
    "Ceilings",
    "Chip",
    "Cpu",
    "Level",
    "Machine",
    "Recorded",
    "Roofline",
    "UnknownChip",
    "chip",
    "chip_id_of_name",
    "chip_of_stem",
    "detect_cpu",
    "identify",
    "measured_ceilings",
    "record",
    "roofline",
    "variant_stems",
    "vendor_ceilings",
]
