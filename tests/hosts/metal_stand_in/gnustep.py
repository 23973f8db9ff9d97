"""GNUstep without root: finds it on the system or in host/build/gnustep, and fetches it there.

`python tests/hosts/metal_stand_in/gnustep.py` asks apt for the packages (about 4 MB) and unpacks
them; nothing is installed. Debian and Ubuntu, x86_64 and aarch64.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
UNPACKED = ROOT / "host" / "build" / "gnustep"
INSTALL = "python3 setup.py --run tests/hosts/metal_stand_in/gnustep.py"
#: The system's own way, where apt is not at hand.
PACKAGES = "libgnustep-base-dev, libobjc-<gcc version>-dev and libblocksruntime-dev"


class NoGnustep(RuntimeError):
    """GNUstep is not here; the message says how to get it."""


@dataclass(frozen=True)
class Gnustep:
    """Where headers and libraries lie."""

    includes: tuple[Path, ...]
    libraries: tuple[Path, ...]

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders that the program searches for its libraries."""
        return tuple(dict.fromkeys(library.parent for library in self.libraries))


def find() -> Gnustep:
    """GNUstep on the system or unpacked."""
    for root in (Path("/"), UNPACKED):
        usr = root / "usr"
        foundation = next(usr.glob("include/**/GNUstep/Foundation/Foundation.h"), None)
        objc = next(usr.glob("lib/gcc/*/*/include/objc/objc.h"), None)
        block = usr / "include" / "Block.h"
        libraries = tuple(
            found
            for name in ("libgnustep-base.so.*", "libobjc.so.4", "libBlocksRuntime.so.0")
            if (found := next(iter([*usr.glob(f"lib/{name}"), *usr.glob(f"lib/*/{name}")]), None))
        )
        if foundation and objc and block.is_file() and len(libraries) == 3:
            return Gnustep((objc.parents[1], foundation.parents[1], block.parent), libraries)
    raise NoGnustep(f"the stand-in for Metal needs GNUstep: {INSTALL} (no root, 4 MB)")


def ensure() -> Gnustep:
    """What is here, or what apt gives."""
    try:
        return find()
    except NoGnustep:
        return fetch()


def fetch() -> Gnustep:
    """Download the packages and unpack them into host/build/gnustep."""
    if not all(shutil.which(tool) for tool in ("apt-get", "apt-cache", "dpkg")):
        raise NoGnustep(f"there is no apt here: install {PACKAGES} with the system's own means")
    base = _depends("libgnustep-base-dev", r"libgnustep-base\d[\w.]*")
    compiler = _depends("gobjc", r"gobjc-\d+")
    runtime = _depends(compiler, r"libobjc-\d+-dev")
    names = ["libgnustep-base-dev", base, runtime, "libobjc4", "libblocksruntime-dev"]
    with tempfile.TemporaryDirectory() as folder:
        _run(["apt-get", "download", *names, "libblocksruntime0"], Path(folder))
        partial = Path(folder) / "unpacked"
        for package in sorted(Path(folder).glob("*.deb")):
            _run(["dpkg", "-x", str(package), str(partial)], Path(folder))
        shutil.rmtree(UNPACKED, ignore_errors=True)
        UNPACKED.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(partial, UNPACKED)
    return find()


def _depends(package: str, pattern: str) -> str:
    text = _run(["apt-cache", "depends", package], ROOT)
    found = re.search(rf"Depends: ({pattern})\s", text)
    if found is None:
        raise NoGnustep(f"apt knows no {package} here: install {PACKAGES}")
    return found[1]


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise NoGnustep(f"{' '.join(command[:2])} failed: {said[-1] if said else done.returncode}")
    return done.stdout


if __name__ == "__main__":
    try:
        print("GNUstep is in", ensure().includes[1].parent)
    except NoGnustep as problem:
        sys.exit(str(problem))
