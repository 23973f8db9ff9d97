"""Fixtures: the built host, the hand-written libraries, and supervisors that are always ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from host_client import Host

from msl.host_build import HEADERS, HostPaths, ensure_host
from msl.toolchain import find_toolchain

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def programs() -> HostPaths:
    return ensure_host()


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`libraries("kernels")` is kernels.cc as a shared library."""
    work = tmp_path_factory.mktemp("libraries")
    toolchain = find_toolchain()

    def build(name: str) -> Path:
        result = work / f"{name}.so"
        if result.exists():
            return result
        flags = ["-std=c++17", "-O2", "-fPIC", "-ffreestanding", "-fno-exceptions", "-nostdinc"]
        include = Path(toolchain.clang[0]).parent / "lib" / "include"
        compile_command = [
            *toolchain.clang,
            *[flag for flag in toolchain.target_flags() if flag.startswith("--target")],
            *flags,
            f"-I{HEADERS}",
            f"-I{include}",
            *["-c", str(FOLDER / f"{name}.cc"), "-o", str(work / f"{name}.o")],
        ]
        link_command = [*toolchain.lld, "-shared", str(work / f"{name}.o"), "-o", str(result)]
        for command in (compile_command, link_command):
            completed = toolchain.run(command, folder=work, cache=work)
            assert completed.code == 0, completed.stderr
        return result

    return build


@pytest.fixture
def kernels(libraries: Callable[[str], Path]) -> Path:
    return libraries("kernels")


@pytest.fixture
def start(programs: HostPaths) -> Iterator[Callable[[], Host]]:
    hosts: list[Host] = []

    def make() -> Host:
        hosts.append(Host(programs.supervisor))
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


@pytest.fixture
def host(start: Callable[[], Host]) -> Host:
    return start()
