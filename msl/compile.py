"""From MSL text to a verified library: the order of the steps, their limits, their timings. The
public entry."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from msl import attributes, cache, checked_build, safety
from msl.address_spaces import check_address_spaces
from msl.analysis import Analysis, analyse
from msl.checks import check
from msl.clang_output import in_source_terms, parse
from msl.constants import Values, edit_function_constants, edit_literals
from msl.conversions import edit_conversions
from msl.declarations import Unit
from msl.diagnostics import ERROR, Diagnostic, ordered, render
from msl.edits import Edits, Output
from msl.elf import ElfError, Image, verify
from msl.flags import compile_flags
from msl.headers import ensure_precompiled
from msl.language import edit_language
from msl.library import (
    COMPILE_ERROR,
    UNSUPPORTED,
    CheckedBuild,
    KernelFunction,
    Library,
    Parameter,
    Rejection,
)
from msl.missing import missing_constants
from msl.overloads import edit_overloads
from msl.paths import edit_paths
from msl.preprocess import Preprocessed, preprocess
from msl.reflect import Kernel, Reflection, reflect
from msl.scanner import scan
from msl.syntax import Code, Unbalanced
from msl.targets import cpu
from msl.threadgroup import edit_threadgroup
from msl.toolchain import Toolchain, cpu_identity, find_toolchain

MAX_THREADS = 1024
_TOO_DEEP = "statements or brackets are nested too deeply"


@dataclass(frozen=True)
class Request:
    """Everything that decides what a build yields."""

    text: str
    name: str
    functions: tuple[str, ...] | None
    constants: Values
    roots: tuple[Path, ...]
    strict: bool
    cache_dir: Path
    toolchain: Toolchain
    checked: bool = False

    @property
    def flags(self) -> list[str]:
        """How library headers and unit are compiled."""
        flags = compile_flags(self.toolchain, self.strict)
        return [*flags, *checked_build.FLAGS] if self.checked else flags


def compile_source(
    text: str,
    *,
    name: str = "program_source",
    target: str = "cpu",
    functions: Sequence[str] | None = None,
    function_constants: Values | None = None,
    include_roots: Sequence[Path] = (),
    strict: bool = False,
    checked: bool = False,
    cache_dir: Path,
    compiler: str | None = None,
) -> Library | Rejection:
    """Compile MSL text for a target. `functions` limits the build to some kernels; `checked` makes
    the build that reports faults to a checker. A refusal is a value."""
    if target != "cpu":
        raise ValueError(f"no target named {target!r}; there is: cpu")
    started = time.perf_counter()
    request = Request(
        text,
        name,
        tuple(functions) if functions is not None else None,
        function_constants or {},
        tuple(include_roots),
        strict,
        Path(cache_dir).resolve(),
        find_toolchain(compiler),
        checked,
    )
    store = cache.Store(request.cache_dir)
    key = cache.key(request)
    stored = store.load(key)
    if stored is not None:
        return cache.with_timing(stored, (time.perf_counter() - started) * 1e3)
    build = _Build(request)
    folder = store.scratch()
    try:
        result = build.run(folder)
        if build.limited:
            return result
        return store.save(key, result, build.timings)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class _Build:
    request: Request
    timings: dict[str, float] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    _places: list[tuple[str, int, int] | None] = field(default_factory=list)
    limited: bool = False  # stopped by a limit of this machine: not a fact about the source

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.timings[step] = (time.perf_counter() - started) * 1e3

    def run(self, folder: Path) -> Library | Rejection:
        request = self.request
        self.sources = {request.name: request.text}
        with self._timed("library"):
            precompiled = ensure_precompiled(
                request.toolchain,
                request.flags,
                request.toolchain.identity + cpu_identity(),
                request.cache_dir,
            )
        with self._timed("preprocess"):
            source = self._preprocess(folder)
        self.sources.update(source.sources)
        found = [*source.diagnostics, *safety.token_checks(source.tokens)]
        if _failed(found):
            self.limited = any("compiling took more" in item.text for item in found)
            return self._reject(found)
        if source.unsupported:
            token, header = source.unsupported[0]
            return self._unsupported(
                token.line, token.column, f"<{header}> is not supported by this host"
            )
        with self._timed("front_end"):
            try:
                unit = scan(Code(source.tokens))
                translation = self._translate(unit, found)
            except Unbalanced:
                return self._syntax_errors(source, folder, precompiled, found)
            except RecursionError:
                return self._reject([Diagnostic(ERROR, 1, 1, _TOO_DEEP, request.name)])
        if isinstance(translation, Rejection):
            return translation
        return self._finish(unit, translation, folder, precompiled, found)

    def _preprocess(self, folder: Path) -> Preprocessed:
        request = self.request
        return preprocess(
            request.text,
            request.name,
            folder=folder,
            cache=request.cache_dir,
            toolchain=request.toolchain,
            roots=request.roots,
        )

    def _translate(self, unit: Unit, found: list[Diagnostic]) -> cpu.Translation | Rejection:
        """Check and edit; `found` gains the warnings."""
        analysis = analyse(unit)
        if self.request.checked:
            analysis = checked_build.analysis_for_checking(analysis)
        self._analysis = analysis
        reflection = reflect(unit)
        dropped = {item.start for item in analysis.dropped}
        kernels = [kernel for kernel in reflection.kernels if not _gone(kernel, dropped)]
        problems = _problems(unit, analysis, reflection)
        edits = Edits()
        attributes.strip(unit.code, edits)
        edit_literals(unit.code, edits)
        edit_conversions(unit, edits)
        edit_language(unit, edits)
        edit_function_constants(unit, self.request.constants, edits)
        for function in unit.functions:
            if function.start not in dropped:
                problems += edit_threadgroup(unit, function, edits)
        edit_paths(unit, analysis, edits)
        edit_overloads(unit, edits)
        found += attributes.unknown(unit.code)
        if _failed(problems):
            return self._reject([*found, *problems])
        chosen = self._chosen(kernels, analysis)
        if isinstance(chosen, Rejection):
            return chosen
        return cpu.translate(unit, analysis, chosen, edits, checked=self.request.checked)

    def _chosen(self, kernels: list[Kernel], analysis: Analysis) -> list[Kernel] | Rejection:
        unsupported = analysis.unsupported_names()
        wanted = self.request.functions
        if wanted is None:
            if not kernels and unsupported:
                return self._left_out(analysis, next(iter(unsupported)))
            return kernels
        for name in wanted:
            if name in unsupported:
                return self._left_out(analysis, name)
        return [kernel for kernel in kernels if kernel.name in wanted]

    def _left_out(self, analysis: Analysis, name: str) -> Rejection:
        item = next(i for i in analysis.dropped if i.function and i.function.name == name)
        token = item.place
        return self._unsupported(
            token.line if token else 1, token.column if token else 1, item.reason
        )

    def _syntax_errors(
        self, source: Preprocessed, folder: Path, precompiled: Path, found: list[Diagnostic]
    ) -> Rejection:
        """Text whose brackets do not match: the compiler says where."""
        output = Output("msl_user")
        output.tokens(source.tokens, range(len(source.tokens)), Edits(), {})
        translation = cpu.Translation([], [output])
        _, diagnostics = self._compile(translation, folder, precompiled)
        found += diagnostics
        if not _failed(found):
            last = source.tokens[-1]
            found.append(Diagnostic(ERROR, last.line, last.column, "expected '}'", last.file))
        return self._reject(found)

    def _finish(
        self,
        unit: Unit,
        translation: cpu.Translation,
        folder: Path,
        precompiled: Path,
        found: list[Diagnostic],
    ) -> Library | Rejection:
        with self._timed("compile"):
            ok, diagnostics = self._compile(translation, folder, precompiled)
        found += diagnostics
        if not ok or _failed(found):
            if not _failed(found):
                found.append(
                    Diagnostic(
                        ERROR, 1, 1, "the compiler failed without a message", self.request.name
                    )
                )
            return self._reject(found)
        if self.request.checked:
            with self._timed("instrument"):
                self._places = checked_build.assemble(
                    self.request.toolchain, folder, self.request.cache_dir, translation.place
                )
        with self._timed("link"):
            self._link(folder)
        try:
            hooks = checked_build.HOOKS if self.request.checked else frozenset()
            image = verify(folder / "library.so", hooks)
        except ElfError as problem:
            return self._reject([*found, _located(unit, problem, self.request.name)])
        functions = {
            entry.kernel.name: _function(unit, entry, image, self.request.constants)
            for entry in translation.entries
        }
        warnings = ordered(found)
        return Library(
            folder / "library.so",
            functions,
            warnings,
            False,
            self.timings,
            render(warnings, self.sources),
            self._analysis.unsupported_names(),
            self._tables(unit, translation, image),
        )

    def _compile(
        self, translation: cpu.Translation, folder: Path, precompiled: Path
    ) -> tuple[bool, list[Diagnostic]]:
        request = self.request
        (folder / "unit.cc").write_text(translation.text(), encoding="utf-8")
        kind = ["-S", "-emit-llvm", "-o", "unit.ll"] if request.checked else ["-c", "-o", "unit.o"]
        command = [*request.toolchain.clang, *request.flags, "-include-pch", str(precompiled)]
        command += ["unit.cc", *kind]
        done = request.toolchain.run(command, folder=folder, cache=request.cache_dir)
        if done.limit:
            self.limited = True
            return False, [Diagnostic(ERROR, 1, 1, done.limit, request.name)]
        lines = {name: text.split("\n") for name, text in self.sources.items()}
        parsed = parse(done.stderr, translation.place)
        every = [in_source_terms(item, lines.get(item.file, [])) for item in parsed]
        diagnostics = [item for item in every if item.line]
        if done.code and not _failed(diagnostics):
            diagnostics += [
                replace(item, line=1, column=1, file=request.name)
                for item in every
                if not item.line
            ]
        return done.code == 0, diagnostics

    def _tables(
        self, unit: Unit, translation: cpu.Translation, image: Image
    ) -> CheckedBuild | None:
        if not self.request.checked:
            return None
        variables = checked_build.variables_of(unit, translation.entries, image)
        return CheckedBuild(tuple(self._places), variables)

    def _link(self, folder: Path) -> None:
        request = self.request
        command = [
            *request.toolchain.lld,
            "-shared",
            "-z",
            "now",
            "-z",
            "relro",
            "-z",
            "noexecstack",
        ]
        command += ["--hash-style=gnu", "--build-id=none", "-o", "library.so", "unit.o"]
        done = request.toolchain.run(command, folder=folder, cache=request.cache_dir)
        if done.code:
            raise RuntimeError(f"the linker failed: {done.limit or done.stderr}")

    def _reject(self, found: list[Diagnostic]) -> Rejection:
        every = tuple(dict.fromkeys(found)) if len(found) < 2 else _first_errors(found)
        return Rejection(COMPILE_ERROR, every, render(every, self.sources))

    def _unsupported(self, line: int, column: int, text: str) -> Rejection:
        item = Diagnostic(ERROR, line, column, text, self.request.name)
        return Rejection(UNSUPPORTED, (item,), render([item], self.sources))


def _located(unit: Unit, problem: ElfError, name: str) -> Diagnostic:
    """A refusal of the built library, at the declaration that it is about if that is known."""
    for function in unit.functions:
        if function.name in problem.names and function.body is None:
            token = unit.code.tokens[function.name_index]
            text = f"undefined symbol '{function.name}': declared but never defined"
            return Diagnostic(ERROR, token.line, token.column, text, token.file)
    return Diagnostic(ERROR, 1, 1, str(problem), name)


def _first_errors(found: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """In the order in which they were found, each place and text once."""
    seen: dict[tuple[str, int, int, str], Diagnostic] = {}
    for item in found:
        seen.setdefault((item.file, item.line, item.column, item.text), item)
    return tuple(seen.values())


def _problems(unit: Unit, analysis: Analysis, reflection: Reflection) -> list[Diagnostic]:
    gone = {
        (token.file, token.line)
        for item in analysis.dropped
        for token in unit.code.tokens[item.start : item.end]
    }
    found = [*check(unit, analysis), *reflection.diagnostics, *check_address_spaces(unit, analysis)]
    kept = [item for item in found if (item.file, item.line) not in gone]
    return sorted(kept, key=lambda item: (item.file, item.line, item.column))


def _gone(kernel: Kernel, dropped: set[int]) -> bool:
    return kernel.function.start in dropped or (
        kernel.instance is not None and kernel.instance.start in dropped
    )


def _failed(found: Sequence[Diagnostic]) -> bool:
    return any(item.severity == ERROR for item in found)


def _function(
    unit: Unit, entry: cpu.Entry, image: Image, constants: Mapping[int | str, object]
) -> KernelFunction:
    kernel = entry.kernel
    limit = image.word(entry.limit_symbol) if kernel.limit is not None else None
    return KernelFunction(
        kernel.name,
        entry.symbol,
        entry.mode,
        MAX_THREADS if limit is None else limit,
        image.section_size(entry.section),
        tuple(item.index for item in kernel.arguments if item.kind == "threadgroup"),
        {
            item.index: Parameter(item.name, item.type, item.space, item.const)
            for item in kernel.buffers
        },
        missing_constants(unit, kernel, constants),
    )
