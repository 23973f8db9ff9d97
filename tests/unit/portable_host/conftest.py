"""Fixtures: the built host, the hand-written libraries, and supervisors that are always ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from host_client import Host

from msl.host_build import HEADERS, HostPaths, ensure_host
from msl.toolchain import find_toolchain

FOLDER = Path(__file__).parent
FLAGS = ("-std=c++17", "-O2", "-fPIC", "-ffreestanding", "-fno-exceptions", "-nostdinc")


def build_library(name: str, work: Path) -> Path:
    """`<name>.cc` of this folder as a shared library in `work`."""
    toolchain = find_toolchain()
    built, result = work / f"{name}.o", work / f"{name}.so"
    include = Path(toolchain.clang[0]).parent / "lib" / "include"
    target = f"--target={toolchain.arch}-linux-gnu"
    folders = (f"-I{HEADERS}", f"-I{include}")
    source = str(FOLDER / f"{name}.cc")
    for command in (
        [*toolchain.clang, target, *FLAGS, *folders, "-c", source, "-o", str(built)],
        [*toolchain.lld, "-shared", str(built), "-o", str(result)],
    ):
        completed = toolchain.run(command, folder=work, cache=work)
        assert completed.code == 0, completed.stderr
    return result


@pytest.fixture(scope="session")
def programs() -> HostPaths:
    return ensure_host()


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`libraries("kernels")` is kernels.cc as a shared library."""
    work = tmp_path_factory.mktemp("libraries")
    built: dict[str, Path] = {}

    def build(name: str) -> Path:
        return built.setdefault(name, built.get(name) or build_library(name, work))

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
