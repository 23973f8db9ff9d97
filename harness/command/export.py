"""`./bench --export NAME`: writes the solution as a Python module for mx.fast.metal_kernel."""

from __future__ import annotations

import sys
from pathlib import Path

from harness import atomic, console, devices, settings
from harness.errors import EnvironmentFault, ExitCode
from harness.export import module
from harness.export.plan import plan_of
from harness.export.shader import NotExportable
from harness.problem import catalog

#: The family whose Variant is exported where there is no Apple GPU.
CHIP = "apple-m1"


def run(name: str, file: str | None) -> int:
    """Write NAME.py into .bench/export, or say why the source has no such form."""
    kernel = catalog.default().find(name)
    mac = sys.platform == "darwin"
    if file:
        source = catalog.read_source(Path(file))
    else:
        chip = str(devices.open_device("metal").facts()["chip"]) if mac else CHIP
        source = catalog.default().variant(kernel, chip).source
    try:
        text = module.written(
            kernel, plan_of(kernel, source.recorded), source.sha256, Path(source.path).name
        )
    except NotExportable as reason:
        raise EnvironmentFault(f"{name} cannot be exported: {reason}", "") from None
    target = settings.paths().home / ".bench" / "export" / f"{kernel.name}.py"
    atomic.write_text(target, text)
    console.out.print(f"wrote {settings.paths().shown(target)}", markup=False)
    console.say(
        ("" if mac else "never run on Metal here; ")
        + "`python3 setup.py --run FILE` tests it against the problem's definition"
    )
    return ExitCode.PASSED
