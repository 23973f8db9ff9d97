"""Raw text to preprocessed tokens that know their place in the user's file; owns the virtual Metal
headers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msl import safety
from msl.clang_output import parse
from msl.diagnostics import ERROR, Diagnostic
from msl.lexer import DIRECTIVE, Token, entered_files, lex
from msl.source_map import locate
from msl.toolchain import Toolchain
from msl.words import words

LANGUAGE_VERSION = 320
MAX_SOURCE_BYTES = 4 << 20
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")
MAX_EXPANDED_BYTES = 8 << 20
PREPROCESSOR_MEMORY_BYTES = 768 << 20

_HEADERS = words(
    """
    metal_stdlib metal_types metal_math metal_common metal_geometric metal_integer
    metal_relational metal_matrix metal_simdgroup metal_simdgroup_matrix metal_quadgroup
    metal_atomic metal_compute metal_graphics metal_texture metal_pack metal_logging metal_limits
    metal_numeric metal_type_traits metal_array metal_config metal_command_buffer
    metal_initializer_list metal_utility metal_tuple metal_assert metal_extended_vector
    metal_packed_vector metal_tensor metal_interpolate metal_curves metal_mesh metal_imageblocks
    metal_raytracing metal_cooperative_tensor metal_uniform metal_visible_function_table
    metal_intersection_function_table metal_tessellation metal_half metal_bfloat
    metal/metal_stdlib simd/simd.h simd/vector_types.h simd/matrix_types.h simd/simd simd/vector.h
    simd/math.h simd/common.h simd/geometry.h simd/types.h simd/base.h simd/packed.h simd/logic.h
    simd/matrix.h MetalPerformancePrimitives/MetalPerformancePrimitives.h
    """
)
_MACROS = {
    "__METAL_VERSION__": str(LANGUAGE_VERSION),
    "__METAL__": "1",
    "__METAL_MACOS__": "1",
    "__AIR64__": "1",
    "__HAVE_BFLOAT__": "1",
    "__HAVE_SIMDGROUP_MATRIX__": "1",
    "__HAVE_SIMDGROUP_REDUCTION__": "1",
    "__FILE__": '"program_source"',
    "__BASE_FILE__": '"program_source"',
    "__DATE__": '"Jan  1 1970"',
    "__TIME__": '"00:00:00"',
    "__TIMESTAMP__": '"Thu Jan  1 00:00:00 1970"',
    "METAL_FUNC": "inline __attribute__((always_inline))",
    "assert(...)": "((void)0)",
    "__has_include(...)": "0",
    "__has_include_next(...)": "0",
    "__has_embed(...)": "0",
}
#: Questions that each compiler answers for itself. Whoever asks without asking whether he may gets
#: an error, however the name is put together.
_TARGET_PROBES = words(
    """
    __has_builtin __has_constexpr_builtin __has_feature __has_extension __has_attribute
    __has_cpp_attribute __has_c_attribute __has_declspec_attribute __has_warning __is_identifier
    __is_target_arch __is_target_vendor __is_target_os __is_target_environment
    __is_target_variant_os __is_target_variant_environment __building_module
    """
)


@dataclass
class Preprocessed:
    """Tokens after preprocessing, or the diagnostics that stopped it. `sources` holds raw texts by
    file name."""

    tokens: list[Token]
    sources: dict[str, str]
    diagnostics: list[Diagnostic] = field(default_factory=list)
    unsupported: list[tuple[Token, str]] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether an error stopped preprocessing."""
        return any(item.severity == ERROR for item in self.diagnostics)


@dataclass
class _Inputs:
    """Every file that the source reaches, checked and written below one folder."""

    folder: Path
    roots: Sequence[Path]
    sources: dict[str, str] = field(default_factory=dict)
    raw: dict[str, list[Token]] = field(default_factory=dict)
    headers: set[str] = field(default_factory=set)  # names below a root; the main file has its own
    diagnostics: list[Diagnostic] = field(default_factory=list)
    blocked: dict[tuple[str, int], Diagnostic] = field(default_factory=dict)  # by file and line

    def add(self, name: str, text: str, target: Path) -> None:
        tokens = lex(text, name)
        self.sources[name], self.raw[name] = text, tokens
        self.diagnostics += safety.raw_checks(tokens)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self._neutral(text, tokens), encoding="utf-8", newline="")
        for _, path in safety.includes(tokens):
            if safety.allowed_path(path):
                self._include(name, path)

    def _include(self, includer: str, path: str) -> None:
        beside = (
            str(Path(includer).parent / path)
            if includer in self.headers and "/" in includer
            else path
        )
        for candidate in dict.fromkeys((beside, path)):
            for root in self.roots:
                found = (root / candidate).resolve()
                if found.is_file() and found.is_relative_to(root.resolve()):
                    if candidate not in self.sources:
                        self.headers.add(candidate)
                        text = found.read_text(encoding="utf-8", errors="replace")
                        self.add(candidate, text, self.folder / "include" / candidate)
                    return

    def _neutral(self, text: str, tokens: Sequence[Token]) -> str:
        """The text with directives blanked that spoof or reach out, every other character where it
        was. One that is an error where it is active becomes an `#error`."""
        lines = text.split("\n")
        for token in tokens:
            if token.kind != DIRECTIVE:
                continue
            replacement = safety.neutral_directive(token)
            blocked = safety.blocked_directive(token)
            if blocked is not None:
                self.blocked[token.file, token.line] = blocked
                replacement = "#error"
            if replacement is not None:
                _blank(lines, token, replacement.replace("\n", " "))
        return "\n".join(lines)


def _blank(lines: list[str], token: Token, replacement: str) -> None:
    indent = lines[token.line - 1][: token.column - 1]
    last = token.line
    while lines[last - 1].rstrip().endswith("\\") and last < len(lines):
        lines[last - 1] = ""
        last += 1
    lines[last - 1] = ""
    lines[token.line - 1] = indent + replacement


def header_folder(cache: Path) -> Path:
    """The folder of empty Metal headers, made on first use."""
    names = sorted(name for name in _HEADERS if not safety.unsupported_header(name))
    stamp = hashlib.sha256(" ".join(names).encode()).hexdigest()[:12]
    folder = cache / f"metal_headers_{stamp}"
    if not (folder / "complete").is_file():
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
        (folder / "complete").touch()
    return folder


def preprocess(
    text: str, name: str, *, folder: Path, cache: Path, toolchain: Toolchain, roots: Sequence[Path]
) -> Preprocessed:
    """Check the raw text, expand it, and give every token its place."""
    binary = _NOT_TEXT.search(text) is not None
    if binary or len(text) > MAX_SOURCE_BYTES:
        reason = "source is not text" if binary else "source is larger than 4 MiB"
        return Preprocessed([], {name: text}, [Diagnostic(ERROR, 1, 1, reason, name)])
    misread = safety.misread(text)
    if misread:
        return Preprocessed([], {name: text}, [Diagnostic(ERROR, 1, 1, misread, name)])
    inputs = _Inputs(folder, roots)
    main = folder / "source" / "main.metal"
    inputs.add(name, text, main)
    result = Preprocessed([], inputs.sources, inputs.diagnostics)
    if result.failed:
        return result
    names = {str(main): name}
    for include in inputs.sources:
        names.setdefault(str(folder / "include" / include), include)
    expanded = folder / "expanded.ii"
    command = _command(toolchain, [folder / "include", header_folder(cache)], main, expanded)
    limit_bytes = PREPROCESSOR_MEMORY_BYTES
    done = toolchain.run(command, folder=folder, cache=cache, memory_limit_bytes=limit_bytes)
    limit = done.limit
    if not limit and expanded.is_file() and expanded.stat().st_size > MAX_EXPANDED_BYTES:
        limit = f"preprocessed text is larger than {MAX_EXPANDED_BYTES >> 20} MiB"
    if limit:
        result.diagnostics.append(Diagnostic(ERROR, 1, 1, limit, name))
        return result
    for item in parse(
        done.stderr, lambda file, line, column: (names.get(file, name), line, column)
    ):
        header = _absent(item.text)
        if safety.unsupported_header(header):
            place = Token(DIRECTIVE, "", item.line, item.column, item.file)
            result.unsupported.append((place, header))
        else:
            result.diagnostics.append(inputs.blocked.get((item.file, item.line), item))
    if result.unsupported and not result.failed:
        return result
    if done.code and not result.failed:
        result.diagnostics.append(Diagnostic(ERROR, 1, 1, "preprocessing failed", name))
    if not result.failed:
        output = expanded.read_text(encoding="utf-8")
        foreign = entered_files(output) - set(names)
        ours = (f"{header_folder(cache)}/", "<")
        for file in sorted(item for item in foreign if not item.startswith(ours)):
            result.diagnostics.append(Diagnostic(ERROR, 1, 1, f"'{file}' file not found", name))
        result.tokens = locate(output, inputs.raw, names)
    return result


def _absent(text: str) -> str:
    """The header that an error says is missing."""
    match = re.match(r"'([^']*)' file not found", text)
    return match.group(1) if match else ""


def _command(toolchain: Toolchain, roots: Sequence[Path], main: Path, expanded: Path) -> list[str]:
    command = [*toolchain.clang, *toolchain.target_flags()[:1], "-E", "-undef", "-nostdinc"]
    command += ["-x", "c++", "-std=c++17", "-Wno-builtin-macro-redefined"]
    command += ["-fno-caret-diagnostics", "-fno-color-diagnostics"]
    command += ["-fdiagnostics-print-source-range-info"]
    for root in roots:
        command += ["-I", str(root)]
    command += [f"-D{macro}={value}" for macro, value in _MACROS.items()]
    command += [f"-U{macro}" for macro in _TARGET_PROBES]
    return [*command, str(main), "-o", str(expanded)]
