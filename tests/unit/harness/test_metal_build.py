"""Building the Metal host and the offline kernels, with a recorded `xcrun`."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.command import kernels
from harness.devices import metal_build
from harness.errors import EnvironmentFault, ExitCode


class Xcrun:
    """Notes every command, and does what the Mac's tools would."""

    def __init__(self, fails: str = "") -> None:
        self.commands: list[Sequence[str]] = []
        self._fails = fails

    def __call__(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        if self._fails and any(self._fails in word for word in command):
            return subprocess.CompletedProcess(list(command), 1, "", f"error: {self._fails}")
        if "-o" in command:
            Path(command[command.index("-o") + 1]).write_bytes(b"made")
        return subprocess.CompletedProcess(list(command), 0, "version 1", "")


@pytest.fixture
def build_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(metal_build, "BUILD", tmp_path / "build")
    return tmp_path / "build"


def test_a_mac_builds_the_host_once(build_folder: Path) -> None:
    xcrun = Xcrun()
    program = metal_build.host(run=xcrun, system="darwin")
    assert program.read_bytes() == b"made" and program.is_relative_to(build_folder)
    assert metal_build.host(run=xcrun, system="darwin") == program
    (command,) = xcrun.commands
    assert command[:2] == ["xcrun", "clang"] and "-fobjc-arc" in command
    linked = {command[i + 1] for i, word in enumerate(command) if word == "-framework"}
    assert linked == {"Metal", "Foundation", "CoreGraphics"}
    compiled = {Path(word).name for word in command if word.endswith(".m")}
    assert compiled == {path.name for path in metal_build.SOURCES.glob("*.m")}


def test_without_the_command_line_tools_the_fault_says_how_to_get_them(build_folder: Path) -> None:
    with pytest.raises(EnvironmentFault) as fault:
        metal_build.host(run=Xcrun("clang"), system="darwin")
    assert fault.value.hint == "xcode-select --install"


def test_without_a_mac_and_gnustep_the_fault_says_how_to_get_it() -> None:
    def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(list(command), 3, "", "it needs GNUstep: get it so\n")

    with pytest.raises(EnvironmentFault) as fault:
        metal_build.host(run=run, system="linux")
    assert fault.value.hint == "get it so" and "GNUstep" in fault.value.message


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("common/relu.metal", "common/softmax/default.metal", "common/softmax/m4.metal"):
        path = tmp_path / "kernels" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("kernel void f() {}\n")
    return tmp_path


def test_flat_files_and_variants_become_metallibs(tree: Path) -> None:
    xcrun = Xcrun()
    code = kernels.compile_all(xcrun, tree / "kernels", tree / "out")
    made = {str(path.relative_to(tree / "out")) for path in (tree / "out").rglob("*.metallib")}
    wanted = {
        "common/relu.metallib",
        "common/softmax/default.metallib",
        "common/softmax/m4.metallib",
    }
    assert code == ExitCode.PASSED and made == wanted
    assert [command[3] for command in xcrun.commands[1:]] == ["metal", "metallib"] * 3


def test_a_refused_kernel_hides_no_other(tree: Path) -> None:
    code = kernels.compile_all(Xcrun("m4.metal"), tree / "kernels", tree / "out")
    assert code == ExitCode.REFUSED
    assert len(list((tree / "out").rglob("*.metallib"))) == 2


def test_without_the_toolchain_nothing_is_compiled(tree: Path) -> None:
    xcrun = Xcrun("--version")
    code = kernels.compile_all(xcrun, tree / "kernels", tree / "out")
    assert code == ExitCode.ENVIRONMENT and len(xcrun.commands) == 1
