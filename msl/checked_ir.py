"""Turns the LLVM IR text of an instrumented unit into calls of the checker's hooks, each with the
number of its source place.

Clang's thread instrumentation sees every access that is left after optimisation, copies included;
what it skips (accesses wider than 16 bytes) is added here. Its module constructor is dropped: a
library may run no code when it is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

#: (file, line, column) of the unit -> the user's place, None for text of ours.
Locate = Callable[[str, int, int], tuple[str, int, int] | None]
Place = tuple[str, int, int]

#: Numbers of integer faults, by the sanitizer's name of the handler.
INTEGER_FAULTS = {
    "divrem_overflow": 1,
    "shift_out_of_bounds": 2,
    "add_overflow": 3,
    "sub_overflow": 4,
    "mul_overflow": 5,
    "negate_overflow": 6,
    "out_of_bounds": 7,
}
MAX_PLACES = 65535

_DECLARATIONS = """
declare void @msl_checked_read(ptr, i32, i32)
declare void @msl_checked_write(ptr, i32, i32)
declare void @msl_checked_volatile_read(ptr, i32, i32)
declare void @msl_checked_volatile_write(ptr, i32, i32)
declare void @msl_checked_copy(ptr, ptr, i64, i32)
declare void @msl_checked_fill(ptr, i32, i64, i32)
declare void @msl_checked_integer(i32, i64, i64, i32)
declare void @msl_checked_work(i32)
declare void @msl_checked_barrier(i32, i32, i32)
declare void @msl_checked_collective(ptr, ptr, ptr, i32, i32)
"""

_DEBUG = re.compile(r"!dbg !(\d+)")
_ACCESS = re.compile(
    r"call void @__tsan_(?:unaligned_)?(volatile_)?(read|write)(\d+)"
    r"\(ptr (?:[a-z_]+ )*([%@][^),]+)\)"
)
_COPY = re.compile(r"(?:%\S+ = )?(?:tail )?call ptr @__tsan_mem(?:cpy|move)\((.*?)\)(?: |,|$)")
_FILL = re.compile(r"(?:%\S+ = )?(?:tail )?call ptr @__tsan_memset\((.*?)\)(?: |,|$)")
_INTEGER = re.compile(r"call void @__ubsan_handle_([a-z_]+?)\((.*?)\)(?: |,|$)")
_SYNC = re.compile(
    r"call void @msl_(threadgroup_barrier|simd_collective)\((.*)\)( #\d+)?(, !dbg .*)?$"
)
_HOOK = re.compile(
    r"(call void @msl_checked_(?:atomic|fence|matrix)\((?:.*, )?i32 (?:noundef )?)0\)"
)
_WIDE = re.compile(
    r"(?:= load|\bstore) (volatile )?<(\d+) x (i\d+|half|bfloat|float|double)>,? ?(.*)$"
)
_FLOP = re.compile(
    r"= (?:fadd|fsub|fmul|fdiv) (?:[a-z]+ )*(?:<(\d+) x )?(?:float|half|bfloat|double)"
)
_FMA = re.compile(r"@llvm\.(?:fma|fmuladd)\.(?:v(\d+))?(?:f\d+|bf16)")
#: What a handler of an integer fault would print; writable for no reason that counts here.
_FAULT_DATA = re.compile(r"^(@\d+ = private unnamed_addr) global ")
_END = re.compile(r"\s+(?:br|ret|switch|unreachable|indirectbr)\b")
_BITS = {"half": 16, "bfloat": 16, "float": 32, "double": 64}
_ENTRY = re.compile(r"^define .*@msl_fiber_\d+\(ptr (?:[a-z_() ]+ )?(%\d+)")
_POINTER = re.compile(r"^  (%\S+) = (load ptr|getelementptr)\b.*?, ptr (%[^\s,]+)")
#: Pointers of an entry point: its thread, the threadgroup that holds, and what comes from buffers.
_OURS = 1
#: Instructions that an access may be moved over: nothing that ends a block, calls or synchronises.
_HARMLESS = re.compile(
    r"  (?:%\S+ = (?!atomicrmw|cmpxchg)(?!.*\bcall\b)|store (?!atomic)|%\S+ = .*@llvm\.)"
)
_STEP = re.compile(r"^  (%\S+) = getelementptr (?:[a-z]+ )*i8, ptr (%\S+), i64 (\d+)")
_WIDEST = 64
_LOCATION = re.compile(
    r"^!(\d+) = (?:distinct )?!DILocation\(line: (\d+)(?:, column: (\d+))?, scope: !(\d+)"
    r"(?:, inlinedAt: !(\d+))?"
)
_SCOPE = re.compile(
    r"^!(\d+) = (?:distinct )?!DI(?:Subprogram|LexicalBlock|LexicalBlockFile)\(.*?\bfile: !(\d+)"
)
_FILE = re.compile(r'^!(\d+) = !DIFile\(filename: "([^"]*)"')


@dataclass
class Instrumented:
    """The new text, and the source place of each number; 0 stands for none."""

    text: str
    places: list[Place | None]


def instrument(text: str, locate: Locate) -> Instrumented:
    """Rewrite a module."""
    lines = text.split("\n")
    work = _Module(Debug.of(lines), locate)
    out: list[str] = []
    skipping = False
    for line in lines:
        if line.startswith("define internal void @tsan.module_ctor"):
            skipping = True
        if line.startswith("@llvm.global_ctors"):
            out += _other_constructors(line)
        elif not skipping and not line.startswith(_DROPPED):
            work.extend(out, line)
        elif line == "}":
            skipping = False
    return Instrumented("\n".join(out) + _DECLARATIONS, work.places)


_DROPPED = (
    "@llvm.used",
    "declare void @__tsan",
    "declare ptr @__tsan",
    "declare void @__ubsan",
    "declare void @msl_threadgroup_barrier",
    "declare void @msl_simd_collective",
)


def _other_constructors(line: str) -> list[str]:
    """The list of constructors without the instrumentation's own. A list that stays is refused
    later, as it is in a plain build."""
    entries = re.findall(r"\{ i32 \d+, ptr @[^ ,]+, ptr null \}", line)
    kept = [entry for entry in entries if "@tsan.module_ctor" not in entry]
    if not kept:
        return []
    kind = "{ i32, ptr, ptr }"
    values = ", ".join(f"{kind} {entry}" for entry in kept)
    return [f"@llvm.global_ctors = appending global [{len(kept)} x {kind}] [{values}]"]


@dataclass
class Debug:
    """Debug locations: number -> (line, column, file, number of the call it was inlined at)."""

    locations: dict[int, tuple[int, int, int, int]] = field(default_factory=dict)
    scopes: dict[int, int] = field(default_factory=dict)
    files: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: list[str]) -> Debug:
        found = cls()
        for line in lines:
            if not line.startswith("!"):
                continue
            if match := _LOCATION.match(line):
                number, row, column, scope, inlined = match.groups()
                found.locations[int(number)] = (
                    int(row),
                    int(column or 0),
                    int(scope),
                    int(inlined or 0),
                )
            elif match := _SCOPE.match(line):
                found.scopes[int(match.group(1))] = int(match.group(2))
            elif match := _FILE.match(line):
                found.files[int(match.group(1))] = match.group(2)
        return found

    def place(self, number: int, locate: Locate) -> Place | None:
        """The innermost place of a chain of inlined calls that is the user's."""
        while number in self.locations:
            line, column, scope, inlined = self.locations[number]
            name = self.files.get(self.scopes.get(scope, -1), "")
            found = locate(name.rpartition("/")[2], line, column)
            if found is not None:
                return found
            number = inlined
        return None


@dataclass
class _Open:
    """A hook that accesses of neighbouring bytes may still join."""

    index: int  # of its line in the new text
    name: str
    root: str  # the pointer that the accesses are constant distances from
    start: str
    first: int
    end: int
    place: int
    location: str

    def line(self) -> str:
        """The hook."""
        given = f"ptr {self.start}, i32 {self.end - self.first}, i32 {self.place}"
        return f"  call void @{self.name}({given}){self.location}"


@dataclass
class _Module:
    """The state of one rewrite."""

    debug: Debug
    locate: Locate
    places: list[Place | None] = field(default_factory=lambda: [None])
    _numbers: dict[Place, int] = field(default_factory=dict)
    _known: dict[int, int] = field(default_factory=dict)
    _flops: int = 0
    #: In an entry point: how many loads away from its parameter a pointer is.
    _depth: dict[str, int] = field(default_factory=dict)
    #: Pointers that are a constant number of bytes away from another one.
    _roots: dict[str, tuple[str, int]] = field(default_factory=dict)
    _open: _Open | None = None

    def number(self, line: str) -> int:
        """The number of the place that a line's debug location stands for."""
        match = _DEBUG.search(line)
        if not match:
            return 0
        location = int(match.group(1))
        if location not in self._known:
            place = self.debug.place(location, self.locate)
            if place is None or (place not in self._numbers and len(self.places) > MAX_PLACES):
                self._known[location] = 0
            else:
                if place not in self._numbers:
                    self._numbers[place] = len(self.places)
                    self.places.append(place)
                self._known[location] = self._numbers[place]
        return self._known[location]

    def extend(self, out: list[str], line: str) -> None:
        """Add what takes a line's place. One hook serves accesses of one place to neighbouring
        bytes, as the elements of a vector are: nothing between them can see the difference."""
        access = _ACCESS.search(line) if "@__tsan" in line else None
        if access is None:
            if not _HARMLESS.match(line):
                self._open = None
            if match := _STEP.match(line):
                root, offset = self._roots.get(match.group(2), (match.group(2), 0))
                self._roots[match.group(1)] = (root, offset + int(match.group(3)))
            made = self.rewrite(line)
            if len(made) != 1:
                self._open = None
            out += made
            return
        hook = self.rewrite(line)
        volatile, kind, size, pointer = access.groups()
        root, offset = self._roots.get(pointer, (pointer, 0))
        place, before = self.number(line), self._open
        name = f"msl_checked_{volatile or ''}{kind}"
        joins = before and (before.name, before.root, before.end) == (name, root, offset)
        same = before and joins and before.place == place and not volatile and hook
        if before and same and offset + int(size) - before.first <= _WIDEST:
            before.end = offset + int(size)
            out[before.index] = before.line()
            return
        self._open = None
        if hook and not volatile:
            end, location = offset + int(size), _location(line)
            self._open = _Open(len(out), name, root, pointer, offset, end, place, location)
        out += hook

    def rewrite(self, line: str) -> list[str]:
        """One line as the lines that take its place."""
        if not line.startswith("  "):
            self._flops = 0
            entry = _ENTRY.match(line)
            self._depth = {entry.group(1): 0} if entry else {}
            if line.startswith("define"):
                self._roots = {}
            return [_FAULT_DATA.sub(r"\1 constant ", line)]
        if "@__" in line or "@msl_" in line:
            return self._call(line)
        if self._depth and (match := _POINTER.match(line)) and match.group(3) in self._depth:
            steps = match.group(2) == "load ptr"
            self._depth[match.group(1)] = self._depth[match.group(3)] + steps
        if "x" in line and (match := _WIDE.search(line)):
            return [*self._wide(line, match), line]
        if match := _FLOP.search(line):
            self._flops += int(match.group(1) or 1)
        elif match := _FMA.search(line):
            self._flops += 2 * int(match.group(1) or 1)
        elif self._flops and _END.match(line):
            count, self._flops = self._flops, 0
            return [f"  call void @msl_checked_work(i32 {count})", line]
        return [line]

    def _call(self, line: str) -> list[str]:
        location = _location(line)
        place = self.number(line)
        if match := _ACCESS.search(line):
            volatile, kind, size, pointer = match.groups()
            if not place and self._depth.get(pointer, _OURS + 1) <= _OURS:
                return []  # the entry point looks up where its thread is
            name = f"msl_checked_{volatile or ''}{kind}"
            return [f"  call void @{name}(ptr {pointer}, i32 {size}, i32 {place}){location}"]
        if match := _COPY.search(line):
            to, source, size = _values(match.group(1))
            hook = f"msl_checked_copy(ptr {to}, ptr {source}, i64 {size}, i32 {place})"
            return [f"  call void @{hook}{location}"]
        if match := _FILL.search(line):
            to, value, size = _values(match.group(1))
            hook = f"msl_checked_fill(ptr {to}, i32 {value}, i64 {size}, i32 {place})"
            return [f"  call void @{hook}{location}"]
        if match := _INTEGER.search(line):
            values = [*_values(match.group(2))[1:], "0", "0"][:2]
            if match.group(1) == "shift_out_of_bounds":
                values.reverse()
            fault = INTEGER_FAULTS[match.group(1)]
            given = f"i32 {fault}, i64 {values[0]}, i64 {values[1]}"
            hook = f"msl_checked_integer({given}, i32 {place})"
            return [f"  call void @{hook}{location}"]
        if match := _SYNC.search(line):
            kind = "barrier" if match.group(1) == "threadgroup_barrier" else "collective"
            return [f"  call void @msl_checked_{kind}({match.group(2)}, i32 {place}){location}"]
        return [_HOOK.sub(rf"\g<1>{place})", line)]

    def _wide(self, line: str, match: re.Match[str]) -> list[str]:
        volatile, count, kind, rest = match.groups()
        bits = int(count) * (_BITS[kind] if kind in _BITS else int(kind[1:]))
        pointer = re.search(r"ptr ([%@][^, ]+), align", rest)
        if bits <= 128 or pointer is None:
            return []
        kind = "read" if "= load" in line else "write"
        name = f"msl_checked_{'volatile_' if volatile else ''}{kind}"
        place = self.number(line)
        hook = f"{name}(ptr {pointer.group(1)}, i32 {bits // 8}, i32 {place})"
        return [f"  call void @{hook}{_location(line)}"]


def _location(line: str) -> str:
    match = _DEBUG.search(line)
    return f", !dbg !{match.group(1)}" if match else ""


def _values(arguments: str) -> list[str]:
    """The values of a call's arguments, without their types and attributes."""
    return [argument.rpartition(" ")[2] for argument in _split(arguments)]


def _split(arguments: str) -> list[str]:
    parts: list[str] = []
    depth = start = 0
    for index, character in enumerate(arguments):
        depth += (character in "([<{") - (character in ")]>}")
        if character == "," and depth == 0:
            parts.append(arguments[start:index])
            start = index + 1
    return [*parts, arguments[start:]]
