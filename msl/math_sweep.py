"""Measures the errors of the portable host's math functions and keeps the table of the worst ones:
`python -m msl.math_sweep`.

The figures come from host/portable/tests/precision.cc, compiled as a kernel is, with relaxed and
with strict arithmetic.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import json
import struct
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

from msl.flags import compile_flags
from msl.headers import LIBRARY_FOLDER
from msl.toolchain import ToolchainError, find_toolchain

ROOT = LIBRARY_FOLDER.parent.parent.parent
SOURCE = LIBRARY_FOLDER.parent / "tests" / "precision.cc"
DATA = SOURCE.with_name("precision.json")
DOCUMENT = ROOT / "docs" / "design" / "vector-math.md"
SCHEMA_VERSION = 1
FULL_SAMPLES = 10_000_000
_CAPACITY = 256
_ZERO = (0.0).hex()
_WARNINGS = ("-Wall", "-Wextra", "-Werror")
_TABLE_BEGIN = "<!-- python -m msl.math_sweep --write -->\n"
_TABLE_END = "<!-- end -->\n"


@dataclass(frozen=True)
class Row:
    """The worst error of one function in one mode and type, in units of the last place of the exact
    result, and the arguments where it was met: hexadecimal floats, empty if every result is the
    nearest number."""

    function: str
    mode: str
    type: str
    points: int
    worst_ulp: float
    bound_ulp: float
    arguments: tuple[str, str]

    @property
    def holds(self) -> bool:
        """Whether the error is within MSL's bound."""
        return self.worst_ulp <= self.bound_ulp


class _Result(ctypes.Structure):
    """struct Result of precision.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("mode", ctypes.c_char_p),
        ("type", ctypes.c_char_p),
        ("points", ctypes.c_ulong),
        ("worst", ctypes.c_double),
        ("bound", ctypes.c_double),
        ("x", ctypes.c_float),
        ("y", ctypes.c_float),
    )

    def row(self) -> Row:
        """The same for Python."""
        names = [text.decode() for text in (self.name, self.mode, self.type)]
        worst = round(self.worst, 4)
        where = (float(self.x).hex(), float(self.y).hex()) if worst else ("", "")
        return Row(names[0], names[1], names[2], self.points, worst, self.bound, where)


def measure(samples: int, strict: bool) -> list[Row]:
    """Compile and run the sweep: `samples` points a function of float, all of the small types.

    Raises ToolchainError if it does not compile.
    """
    words = hard_angles()
    results = (_Result * _CAPACITY)()
    with tempfile.TemporaryDirectory() as folder:
        ctypes.CDLL(ctypes.util.find_library("m"), mode=ctypes.RTLD_GLOBAL)
        sweep = ctypes.CDLL(str(_build(Path(folder), strict))).sweep
        angles = (ctypes.c_uint * len(words))(*words)
        count = sweep(samples, angles, len(words), results, _CAPACITY)
        return [result.row() for result in results[:count]]


def _build(folder: Path, strict: bool) -> Path:
    toolchain = find_toolchain()
    builtin = Path(toolchain.clang[0]).parent / "lib" / "include"
    flags = [*compile_flags(toolchain, strict), f"-I{LIBRARY_FOLDER}", f"-isystem{builtin}"]
    compiled, library = str(folder / "precision.o"), folder / "precision.so"
    for command in (
        [*toolchain.clang, *flags, *_WARNINGS, "-c", str(SOURCE), "-o", compiled],
        [*toolchain.lld, "-shared", compiled, "-o", str(library)],
    ):
        done = toolchain.run(command, folder=folder, cache=folder)
        if done.code:
            raise ToolchainError(f"the sweep does not compile:\n{done.limit or done.stderr}")
    return library


def hard_angles() -> list[int]:
    """Words of the floats that lie closest to a multiple of pi/2, two for each exponent from 2^24.

    A float is m 2^e; the best m are denominators of the continued fraction of 2^e 2/pi.
    """
    bits = 400
    two_over_pi = Fraction((2 << (2 * bits)) // _pi_scaled(bits), 1 << bits)
    words = []
    for exponent in range(1, 105):
        ratio = two_over_pi * (1 << exponent) % 1
        best = sorted(
            (abs(m * ratio - round(m * ratio)), m) for m in _multiples(_denominators(ratio))
        )
        for _, m in best[:2]:
            words.append(
                struct.unpack("<I", struct.pack("<f", float(m) * 2.0**exponent))[0],
            )
    return words


def _pi_scaled(bits: int) -> int:
    """pi 2^bits, a few units off: Machin's formula."""
    one = 1 << bits
    return 4 * (4 * _inverse_tangent(5, one) - _inverse_tangent(239, one))


def _inverse_tangent(n: int, one: int) -> int:
    term = total = one // n
    for k in range(3, 10_000, 2):
        term //= -n * n
        if term in (0, -1):
            return total
        total += term // k
    raise AssertionError("the series has not ended")


def _denominators(ratio: Fraction) -> Iterator[int]:
    before, now = 0, 1
    while ratio and now < 1 << 24:
        ratio = 1 / ratio
        digit = int(ratio)
        ratio -= digit
        before, now = now, digit * now + before
        yield now


def _multiples(denominators: Iterable[int]) -> set[int]:
    """Those of 24 bits, and the smallest multiples of 24 bits of the others."""
    found = set()
    for m in denominators:
        scaled = m * -(-(1 << 23) // m)
        if scaled < 1 << 24:
            found.add(scaled)
    return found


def worst_of(first: Iterable[Row], second: Iterable[Row]) -> list[Row]:
    """The worse of two sweeps, row by row."""
    pairs = zip(first, second, strict=True)
    return [max(pair, key=lambda row: row.worst_ulp) for pair in pairs]


def load(path: Path = DATA) -> list[Row]:
    """The stored rows; ValueError if they are of another version."""
    document = json.loads(path.read_text("utf-8"))
    if document["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"{path}: schema version {document['schema_version']}")
    rows = []
    for fields in document["rows"]:
        rows.append(Row(**{**fields, "arguments": tuple(fields["arguments"])}))
    return rows


def store(rows: Iterable[Row], path: Path = DATA) -> None:
    """Write the rows, one a line."""
    lines = ",\n".join(json.dumps(asdict(row), sort_keys=True) for row in rows)
    path.write_text(f'{{"schema_version": {SCHEMA_VERSION}, "rows": [\n{lines}\n]}}\n', "utf-8")


def table(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| function | mode | type | points | worst ulp | bound | where |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        where = ", ".join(f"`{x}`" for x in row.arguments if x not in ("", _ZERO))
        figures = f"{row.points} | {row.worst_ulp:.2f} | {row.bound_ulp:g}"
        lines.append(f"| {row.function} | {row.mode} | {row.type} | {figures} | {where} |")
    return "\n".join(lines) + "\n"


def with_table(document: str, rows: Iterable[Row]) -> str:
    """A document with its table replaced."""
    before, _, rest = document.partition(_TABLE_BEGIN)
    _, _, after = rest.partition(_TABLE_END)
    return f"{before}{_TABLE_BEGIN}{table(rows)}{_TABLE_END}{after}"


def main() -> int:
    """Measure and print; with --write also store. Exits 1 if a bound is broken."""
    parser = argparse.ArgumentParser(prog="python -m msl.math_sweep", description=__doc__)
    parser.add_argument("--samples", type=int, default=FULL_SAMPLES, help="points a function")
    parser.add_argument("--write", action="store_true", help="store the table and its data")
    options = parser.parse_args()
    sweeps = [measure(options.samples, strict) for strict in (False, True)]
    rows = worst_of(*sweeps)
    print(table(rows), end="")
    if options.write:
        store(rows)
        DOCUMENT.write_text(with_table(DOCUMENT.read_text("utf-8"), rows), "utf-8")
    broken = [f"{row.function} ({row.mode}, {row.type})" for row in rows if not row.holds]
    print(f"broken: {', '.join(broken)}" if broken else "every bound holds")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
