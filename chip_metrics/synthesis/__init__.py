"""From counts of a kernel to bounds on its time: one module a chip generation, one for CPUs."""

from __future__ import annotations

import importlib
import pkgutil
import re

from chip_metrics.chips import Chip
from chip_metrics.synthesis.model import Bound, Counts, Generation, Prediction, predict

__all__ = ["Bound", "Counts", "Generation", "Prediction", "generation_of", "names", "predict"]

_SHARED = ("model",)


def names() -> list[str]:
    """The generations that there are modules for; the listing is the registry."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in found if name not in _SHARED)


def generation_of(chip: Chip) -> Generation | None:
    """How times on this chip are modelled, None where no module knows it."""
    match = re.match(r"apple-(m\d+)|(cpu)-", chip.id)
    name = (match[1] or match[2]) if match else ""
    if name not in names():
        return None
    generation: Generation = importlib.import_module(f"{__name__}.{name}").GENERATION
    return generation
