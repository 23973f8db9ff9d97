"""`make kernels`: on a Mac, Apple's offline compiler makes a metallib of every kernel and Variant;
elsewhere it prints the list of kernels."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from harness import console, settings
from harness.command import cli
from harness.devices import metal_build
from harness.errors import ExitCode

KERNELS = settings.ROOT / "metal" / "kernels"
INCLUDE = settings.ROOT / "metal" / "include"
LIBRARIES = settings.ROOT / "host" / "build" / "metallib"
TOOLCHAIN = "xcodebuild -downloadComponent MetalToolchain"
_FLAGS = ("-std=metal3.1", "-O2", "-Wall", "-Wextra", f"-I{INCLUDE}")


def main() -> int:
    """Compile or list; the exit code."""
    if sys.platform == "darwin":
        return compile_all()
    console.say(
        "no Apple compiler here: these are the kernels; `make trust` compiles them for CPUs"
    )
    return cli.main(["--list"])


def compile_all(
    run: metal_build.Run = metal_build.run, kernels: Path = KERNELS, libraries: Path = LIBRARIES
) -> int:
    """Compile flat files and Variants alike; every refusal is shown with the compiler's words."""
    if run(["xcrun", "-sdk", "macosx", "metal", "--version"]).returncode:
        console.error("there is no Metal compiler (kernels are compiled when they run)", TOOLCHAIN)
        return ExitCode.ENVIRONMENT
    sources = sorted(kernels.rglob("*.metal"))
    refused = [source for source in sources if not _compiled(run, source, kernels, libraries)]
    console.say(f"{len(sources) - len(refused)} of {len(sources)} files are in {libraries}")
    return ExitCode.REFUSED if refused else ExitCode.PASSED


def _compiled(run: metal_build.Run, source: Path, kernels: Path, libraries: Path) -> bool:
    library = (libraries / source.relative_to(kernels)).with_suffix(".metallib")
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        air = str(Path(folder) / "kernel.air")
        steps = (
            ["xcrun", "-sdk", "macosx", "metal", *_FLAGS, "-c", str(source), "-o", air],
            ["xcrun", "-sdk", "macosx", "metallib", air, "-o", str(library)],
        )
        for step in steps:
            done = run(step)
            if done.returncode:
                console.error(f"{source.relative_to(kernels)}: {done.stderr.strip()[-2000:]}", "")
                return False
    return True


if __name__ == "__main__":
    sys.exit(main())
