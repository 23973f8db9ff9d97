"""Reads a linked library: refuses what could run before or beside its entry points, and finds the
facts it carries."""

from __future__ import annotations

import functools
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

from msl.headers import LIBRARY_FOLDER

_EXPORT = re.compile(r"msl_(?:loop|fiber|lanes|limit)_\d+")

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_GNU_STACK = 1, 2, 3, 0x6474E551
_SHT_DYNAMIC, _SHT_DYNSYM, _SHT_RELA, _SHT_REL = 6, 11, 4, 9
_INIT_TYPES = {14: "init_array", 15: "fini_array", 16: "preinit_array"}
_BAD_TAGS = {
    1: "DT_NEEDED",
    12: "DT_INIT",
    13: "DT_FINI",
    15: "DT_RPATH",
    22: "DT_TEXTREL",
    25: "DT_INIT_ARRAY",
    26: "DT_FINI_ARRAY",
    29: "DT_RUNPATH",
    32: "DT_PREINIT_ARRAY",
    0x7FFFFFFD: "DT_AUXILIARY",
    0x7FFFFFFF: "DT_FILTER",
    0x6FFFFEFC: "DT_AUDIT",
    0x6FFFFEFB: "DT_DEPAUDIT",
}
_IRELATIVE = {62: 37, 183: 1032}  # by e_machine
_COPY = {62: 5, 183: 1024}
_STT_IFUNC = 10


class ElfError(ValueError):
    """The file is not a library that may be loaded; the message says why. `names` are functions it
    is about; `initialises`: it holds code that would run when it is loaded."""

    def __init__(
        self, message: str, names: tuple[str, ...] = (), initialises: bool = False
    ) -> None:
        super().__init__(message)
        self.names = names
        self.initialises = initialises


@dataclass(frozen=True)
class Section:
    """One section header."""

    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    entry: int


@dataclass
class Image:
    """The parts of a library that verification and reflection need."""

    data: bytes
    machine: int
    sections: list[Section]
    defined: dict[str, int] = field(default_factory=dict)  # exported symbols by address
    undefined: set[str] = field(default_factory=set)

    def section_size(self, name: str) -> int:
        """The size of a section, 0 if there is none."""
        return sum(section.size for section in self.sections if section.name == name)

    def word(self, symbol: str) -> int | None:
        """The 32-bit value that an exported symbol names."""
        address = self.defined.get(symbol)
        if address is None:
            return None
        for section in self.sections:
            if (
                section.address
                and section.address <= address < section.address + section.size
                and section.type != 8
            ):
                return int(
                    struct.unpack_from("<I", self.data, section.offset + address - section.address)[
                        0
                    ]
                )
        return None


def verify(path: Path, hooks: frozenset[str] = frozenset()) -> Image:
    """The library's image, if loading it runs nothing and reaches nothing that is not allowed;
    `hooks` are allowed as well."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        raise ElfError("not a 64-bit little-endian ELF file")
    kind, machine = struct.unpack_from("<HH", data, 16)
    if kind != 3:
        raise ElfError("not a shared library")
    _check_segments(data)
    image = Image(data, machine, _sections(data))
    for section in image.sections:
        if section.type in _INIT_TYPES and section.size:
            raise ElfError(
                "a program-scope variable needs code to initialise it"
                f" ({_INIT_TYPES[section.type]})",
                initialises=True,
            )
        if section.flags & 1 and section.flags & 4:
            raise ElfError(f"section {section.name} is writable and executable")
        if section.flags & 3 == 3 and section.name in (".data", ".bss", ".tdata", ".tbss"):
            raise ElfError("a variable outside of functions is written to, or is not constant")
    _check_dynamic(image)
    _read_symbols(image)
    _check_relocations(image)
    foreign = sorted(image.undefined - _allowed_undefined() - hooks)
    if foreign:
        names = tuple(demangle(name) for name in foreign)
        raise ElfError("undefined symbols: " + ", ".join(names), names)
    exported = sorted(name for name in image.defined if not _EXPORT.fullmatch(name))
    if exported:
        raise ElfError("exports more than entry points: " + ", ".join(exported))
    return image


@functools.lru_cache(maxsize=1)
def _allowed_undefined() -> frozenset[str]:
    """What the worker provides, as the library headers list it."""
    lines = (LIBRARY_FOLDER / "msl_symbols.txt").read_text(encoding="utf-8").split("\n")
    return frozenset(line.split()[0] for line in lines if line and not line.startswith("#"))


def demangle(name: str) -> str:
    """The plain name inside a mangled one, for messages."""
    match = re.match(r"_ZN?K?L?(\d+)", name)
    if not match:
        return name
    start = match.end()
    return name[start : start + int(match.group(1))]


def _check_segments(data: bytes) -> None:
    offset = struct.unpack_from("<Q", data, 32)[0]
    size, count = struct.unpack_from("<HH", data, 54)
    for index in range(count):
        kind, flags = struct.unpack_from("<II", data, offset + index * size)
        if kind == _PT_LOAD and flags & 1 and flags & 2:
            raise ElfError("a segment is writable and executable")
        if kind == _PT_GNU_STACK and flags & 1:
            raise ElfError("asks for an executable stack")
        if kind == _PT_INTERP:
            raise ElfError("asks for an interpreter")


def _sections(data: bytes) -> list[Section]:
    offset = struct.unpack_from("<Q", data, 40)[0]
    size, count, names = struct.unpack_from("<HHH", data, 58)
    rows = [
        struct.unpack_from("<IIQQQQIIQQ", data, offset + index * size) for index in range(count)
    ]
    strings = rows[names][4]
    return [
        Section(
            _string(data, strings + row[0]), row[1], row[2], row[3], row[4], row[5], row[6], row[9]
        )
        for row in rows
    ]


def _string(data: bytes, offset: int) -> str:
    return data[offset : data.index(b"\0", offset)].decode("latin-1")


def _check_dynamic(image: Image) -> None:
    for section in image.sections:
        if section.type != _SHT_DYNAMIC:
            continue
        for offset in range(section.offset, section.offset + section.size, 16):
            tag, _ = struct.unpack_from("<qQ", image.data, offset)
            if tag == 0:
                break
            if tag in _BAD_TAGS:
                raise ElfError(f"has a {_BAD_TAGS[tag]} entry")


def _read_symbols(image: Image) -> None:
    for section in image.sections:
        if section.type != _SHT_DYNSYM:
            continue
        strings = image.sections[section.link].offset
        for offset in range(section.offset + 24, section.offset + section.size, 24):
            name, info, _, index, value, _ = struct.unpack_from("<IBBHQQ", image.data, offset)
            text = _string(image.data, strings + name)
            if info & 15 == _STT_IFUNC:
                raise ElfError(f"{text} is an indirect function")
            if index == 0:
                image.undefined.add(text)
            elif info >> 4 != 0:
                image.defined[text] = value


def _check_relocations(image: Image) -> None:
    bad = {_IRELATIVE.get(image.machine), _COPY.get(image.machine)}
    for section in image.sections:
        if section.type == _SHT_REL:
            raise ElfError("has relocations without addends")
        if section.type != _SHT_RELA:
            continue
        for offset in range(section.offset, section.offset + section.size, 24):
            info = struct.unpack_from("<Q", image.data, offset + 8)[0]
            if info & 0xFFFFFFFF in bad:
                raise ElfError("has a relocation that runs code or copies data")
