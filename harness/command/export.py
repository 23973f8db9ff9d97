"""`./bench --export NAME`: writes the solution as a Python module for mx.fast.metal_kernel."""

from __future__ import annotations

from pathlib import Path

from harness import atomic, settings
from harness.command import console
from harness.errors import EnvironmentFault, ExitCode
from harness.export import module
from harness.export.plan import plan_of
from harness.export.shader import NotExportable
from harness.problem import catalog

#: The family whose Variant is exported where no chip is named.
CHIP = "apple-m1"


def run(name: str, file: str | None) -> int:
    """Write NAME.py into .bench/export, or say why the source has no such form."""
    kernel = catalog.default().find(name)
    source = (
        catalog.read_source(Path(file)) if file else catalog.default().variant(kernel, CHIP).source
    )
    try:
        text = module.written(
            kernel, plan_of(kernel, source.recorded), source.sha256, Path(source.path).name
        )
    except NotExportable as reason:
        raise EnvironmentFault(f"{name} cannot be exported: {reason}", "") from None
    target = settings.paths().home / ".bench" / "export" / f"{kernel.name}.py"
    atomic.write_text(target, text)
    console.out.print(f"wrote {settings.paths().shown(target)}", markup=False)
    console.say("never run on Metal here; `python FILE` tests it against the problem's definition")
    return ExitCode.PASSED
