"""From MSL text to a verified library: the order of the steps, their limits, their timings. The
public entry."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from msl import attributes, cache, checked_build, lanes_build, safety
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
from msl.headers import ensure_precompiled
from msl.language import edit_language
from msl.library import (
    COMPILE_ERROR,
    UNSUPPORTED,
    CheckedBuild,
    Library,
    Rejection,
)
from msl.linking import kernel_function, link
from msl.overloads import edit_overloads
from msl.paths import edit_paths
from msl.preprocess import Preprocessed, preprocess
from msl.qualifiers import check_qualifiers
from msl.reflect import Kernel, Reflection, reflect
from msl.refusals import NEEDS_CODE, located
from msl.request import Request
from msl.scanner import scan
from msl.syntax import Code, Unbalanced
from msl.targets import cpu
from msl.threadgroup import edit_threadgroup
from msl.toolchain import cpu_identity, find_toolchain
from msl.unrolling import edit_unrolling

_TOO_DEEP = "statements or brackets are nested too deeply"
#: Kernels for whose compilation one limit of time is meant.
_KERNELS_A_PART = 32
#: Kernels that the fast engine is built for when nobody asked for one of them.
_MOST_WIDENED = 64


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
    engine: str = lanes_build.DEFAULT,
    cache_dir: Path,
    compiler: str | None = None,
) -> Library | Rejection:
    """Compile MSL text for a target. `functions` limits the build to some kernels; `checked` makes
    the build that reports faults to a checker, always for the reference engine. `engine` "auto"
    gives each kernel the fast engine if that can keep its meaning; "fast" refuses the others as
    unsupported. A refusal is a value."""
    if target != "cpu" or engine not in lanes_build.ENGINES:
        raise ValueError(f"no target {target!r} or no engine {engine!r}")
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
        lanes_build.REFERENCE if checked else engine,
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
    #: Program-scope constants that may need code to initialise them; the optimiser folds most.
    _by_code: list[Diagnostic] = field(default_factory=list)
    _unplaced: list[Diagnostic] = field(default_factory=list)
    _fast: lanes_build.Fast = field(default_factory=lanes_build.Fast)
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
                unit = scan(Code(safety.without_linkage(source.tokens)))
                translation = self._translate(unit, found)
                if isinstance(translation, cpu.Translation):
                    translation = self._widen(unit, translation, folder)
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

    def _widen(
        self, unit: Unit, translation: cpu.Translation, folder: Path
    ) -> cpu.Translation | Rejection:
        """Build what the fast engine accepts; the translation of the rest."""
        request = self.request
        if request.engine == lanes_build.REFERENCE or not translation.entries:
            return translation
        if request.functions is None and len(translation.entries) > _MOST_WIDENED:
            reason = f"a file of more than {_MOST_WIDENED} kernels, none of them named"
            self._fast.declined = {entry.number: reason for entry in translation.entries}
            return translation
        lanes = self._translate(unit, [], lanes=True)
        if isinstance(lanes, Rejection):
            return translation
        with self._timed("widen"):
            self._fast = lanes_build.build(request, lanes, folder)
        if request.engine == lanes_build.FAST and not self._fast.failed and self._fast.declined:
            number, reason = min(self._fast.declined.items())
            name = lanes.entries[number].kernel.name
            return self._unsupported(1, 1, f"the fast engine declines '{name}': {reason}")
        if not self._fast.entries:
            return translation
        return self._translate(unit, [], without=self._fast.entries)

    def _translate(
        self,
        unit: Unit,
        found: list[Diagnostic],
        *,
        lanes: bool = False,
        without: Collection[int] = (),
    ) -> cpu.Translation | Rejection:
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
        if lanes:
            edit_unrolling(unit, analysis, edits)
        lost = edit_overloads(unit, edits)
        found += attributes.unknown(unit.code)
        if _failed(problems):
            return self._reject([*found, *problems])
        if lost is not None:
            token = unit.code.tokens[lost.name_index]
            text = f"overloads of '{lost.name}' that differ in address space and in what they do"
            return self._unsupported(token.line, token.column, f"{text} are not supported")
        chosen = self._chosen(kernels, analysis)
        if isinstance(chosen, Rejection):
            return chosen
        checked = self.request.checked
        return cpu.translate(
            unit, analysis, chosen, edits, checked=checked, lanes=lanes, without=without
        )

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
        if translation.entries or not self._fast.entries:
            with self._timed("compile"):
                ok, diagnostics = self._compile(translation, folder, precompiled)
        else:
            ok, diagnostics = True, self._diagnose(self._fast.stderr, translation)
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
            objects = ["unit.o"] if translation.entries or not self._fast.entries else []
            objects += self._fast.objects if self._fast.entries else []
            link(self.request.toolchain, objects, folder, self.request.cache_dir)
        try:
            hooks = checked_build.HOOKS if self.request.checked else frozenset()
            image = verify(folder / "library.so", hooks)
        except ElfError as problem:
            return self._reject([*found, *located(unit, problem, self._by_code, self.request.name)])
        entries = {entry.number: entry for entry in translation.entries} | self._fast.entries
        functions = {
            entry.kernel.name: kernel_function(
                unit, entry, image, self.request.constants, self._fast.declined.get(number, "")
            )
            for number, entry in sorted(entries.items())
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
        parts = 1 + len(translation.entries) // _KERNELS_A_PART
        cache_dir = request.cache_dir
        done = request.toolchain.run(command, folder=folder, cache=cache_dir, parts=parts)
        if done.limit:
            self.limited = True
            return False, [Diagnostic(ERROR, 1, 1, done.limit, request.name)]
        diagnostics = self._diagnose(done.stderr, translation)
        if done.code and not _failed(diagnostics):
            diagnostics += [
                replace(item, line=1, column=1, file=request.name) for item in self._unplaced
            ]
        return done.code == 0, diagnostics

    def _diagnose(self, stderr: str, translation: cpu.Translation) -> list[Diagnostic]:
        """What the compiler said, at places of the source."""
        lines = {name: text.split("\n") for name, text in self.sources.items()}
        parsed = parse(stderr, translation.place)
        every = [in_source_terms(item, lines.get(item.file, [])) for item in parsed]
        self._by_code = [item for item in every if item.text.startswith(NEEDS_CODE) and item.line]
        self._unplaced = [item for item in every if not item.line]
        return [item for item in every if item.line and not item.text.startswith(NEEDS_CODE)]

    def _tables(
        self, unit: Unit, translation: cpu.Translation, image: Image
    ) -> CheckedBuild | None:
        if not self.request.checked:
            return None
        variables = checked_build.variables_of(unit, translation.entries, image)
        return CheckedBuild(tuple(self._places), variables)

    def _reject(self, found: list[Diagnostic]) -> Rejection:
        every = tuple(dict.fromkeys(found)) if len(found) < 2 else _first_errors(found)
        return Rejection(COMPILE_ERROR, every, render(every, self.sources))

    def _unsupported(self, line: int, column: int, text: str) -> Rejection:
        item = Diagnostic(ERROR, line, column, text, self.request.name)
        return Rejection(UNSUPPORTED, (item,), render([item], self.sources))


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
    found = [*check(unit, analysis), *reflection.diagnostics]
    found += [*check_address_spaces(unit, analysis), *check_qualifiers(unit, analysis)]
    kept = [item for item in found if (item.file, item.line) not in gone]
    return sorted(kept, key=lambda item: (item.file, item.line, item.column))


def _gone(kernel: Kernel, dropped: set[int]) -> bool:
    return kernel.function.start in dropped or (
        kernel.instance is not None and kernel.instance.start in dropped
    )


def _failed(found: Sequence[Diagnostic]) -> bool:
    return any(item.severity == ERROR for item in found)
