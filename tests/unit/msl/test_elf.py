"""Verification of built libraries: what may not be in one, built here on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from msl.elf import ElfError, verify
from msl.toolchain import find_toolchain

ENTRY = 'extern "C" __attribute__((visibility("default"))) '
GOOD = (
    ENTRY
    + "void msl_loop_0(const void*) {}\n"
    + ENTRY
    + "extern const unsigned msl_limit_0 = 77;\n"
)

BAD = {
    "constructor": (
        "__attribute__((constructor)) void g() { volatile int v = 1; (void)v; }",
        "init_array",
    ),
    "initialiser": ("int h() { volatile int v = 3; return v; } int g = h();", "init"),
    "ifunc": (
        "static void* r() { return 0; }\n"
        + ENTRY
        + 'void msl_loop_1() __attribute__((ifunc("_ZL1rv")));',
        "indirect function",
    ),
    "foreign_symbol": (
        'extern "C" long syscall(long); ' + ENTRY + "void msl_loop_1() { syscall(1); }",
        "undefined symbols: syscall",
    ),
    "export": (ENTRY + "int other = 1;", "not constant"),
    "exported_function": (ENTRY + "void other() {}", "exports more"),
    "state": (
        "static int n; " + ENTRY + "void msl_loop_1(int* p) { *p = n++; }",
        "not constant",
    ),
}


def link(source: str, folder: Path, *flags: str) -> Path:
    toolchain = find_toolchain()
    (folder / "a.cc").write_text(source)
    compile_command = [*toolchain.clang, *toolchain.target_flags(), "-O1", "-fPIC", "-nostdinc"]
    compile_command += ["-fvisibility=hidden", "-c", "a.cc", "-o", "a.o"]
    link_command = [*toolchain.lld, "-shared", "-z", "now", *flags, "a.o", "-o", "a.so"]
    for command in (compile_command, link_command):
        done = toolchain.run(command, folder=folder, cache=folder)
        assert done.code == 0, done.stderr
    return folder / "a.so"


def test_a_good_library_shows_its_facts(tmp_path: Path) -> None:
    source = GOOD + 'static char s[96] __attribute__((section("msl_tg_0"), used));\n'
    image = verify(link(source, tmp_path))
    assert image.word("msl_limit_0") == 77
    assert image.section_size("msl_tg_0") == 96
    assert image.section_size("msl_tg_1") == 0
    assert image.word("msl_limit_1") is None


@pytest.mark.parametrize("name", BAD)
def test_a_bad_library_is_refused(name: str, tmp_path: Path) -> None:
    text, reason = BAD[name]
    with pytest.raises(ElfError, match=reason):
        verify(link(GOOD + text, tmp_path))


def test_needed_libraries_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    needed = link(GOOD, other)
    with pytest.raises(ElfError, match="DT_NEEDED"):
        verify(link(GOOD, tmp_path, str(needed)))


def test_an_init_function_is_refused(tmp_path: Path) -> None:
    source = GOOD + 'extern "C" void start() {}\n'
    with pytest.raises(ElfError, match="DT_INIT"):
        verify(link(source, tmp_path, "-init=start"))


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"not a library" * 20])
def test_other_files_are_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.so"
    path.write_bytes(data)
    with pytest.raises(ElfError):
        verify(path)
