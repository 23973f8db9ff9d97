"""One module a device; the listing is the registry. All speak the interface in `base`.

A device's module has `create(argument) -> Device`; `argument` is what follows a colon in the
device's name.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from functools import lru_cache

from harness.devices.base import Device
from harness.errors import UserError

#: Modules here that are no devices.
_HELPERS = ("base", "host_client", "metal_build")


def names() -> list[str]:
    """The devices that there are modules for."""
    found = [module.name for module in pkgutil.iter_modules(__path__)]
    return sorted(name for name in found if name not in _HELPERS)


@lru_cache(maxsize=8)
def open_device(name: str) -> Device:
    """The device of this name, one in a process: `cpu`, `replay:runs.jsonl`, or `auto`."""
    return new_device(name)


def new_device(name: str) -> Device:
    """A device that nobody else has, for a thread of its own. `auto` is the best there is."""
    best = "metal" if sys.platform == "darwin" else "cpu"
    kind, _, argument = (best if name == "auto" else name).partition(":")
    if kind not in names():
        raise UserError(f"unknown device {kind!r}", f"devices are {', '.join(names())}")
    module = importlib.import_module(f"harness.devices.{kind}")
    device: Device = module.create(argument)
    return device
