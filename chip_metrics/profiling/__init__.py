"""Where figures about a run may come from beside its time: one module a source, one interface.

A source that a machine lacks says so; it never makes up a figure. Units are those that the tool
states, and empty where it states none.
"""

from __future__ import annotations

import importlib
import pkgutil

from chip_metrics.profiling.base import Measure, NotAvailable, Profile, Source

__all__ = ["Measure", "NotAvailable", "Profile", "Source", "names", "source"]


def names() -> list[str]:
    """The sources; the listing is the registry."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "base")


def source(name: str) -> Source:
    """The source of this name, e.g. `powermetrics`."""
    found: Source = importlib.import_module(f"{__name__}.{name}").SOURCE
    return found
