"""Feeds damaged sources, header lines and requests to everything that reads them.

Every answer has to be a value or an error of a declared type, and has to come in time. A case is
its number: `case(number)` repeats it.
"""

from __future__ import annotations

import json
import random
import re
import select
import signal
import subprocess
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import msl
import msl.compile as steps
from harness import settings
from harness.devices.base import Limits
from harness.errors import UserError
from harness.problem import catalog
from harness.problem.expressions import ExpressionError, parse
from harness.problem.header import Header, HeaderError, parse_header
from harness.problem.schedule import resolve
from msl import safety
from msl.host_build import ensure_host
from msl.host_client import Pool
from msl.lexer import DIRECTIVE, lex
from msl.request import Request
from msl.scanner import scan
from msl.syntax import Code, Unbalanced
from msl.toolchain import find_toolchain
from trust.mutations import damaged
from trust.section import Section

CASES, SHORT = 20_000, 600
SEED = 20_260
#: No answer may take longer: in process, through the compiler, from the supervisor.
LIMIT_S = {"compile": 60.0, "front end": 20.0, "header": 2.0, "expression": 2.0, "file": 2.0}
ANSWER_S = 5.0
_SPECS = ("relu", "sqr_mm", "softmax", "cumsum")
_FOLDERS = ("host/conformance", "metal/kernels", "tests/unit/msl/accepted", "tests/bad_kernels")


class TookTooLong(Exception):
    """A case that met its limit."""


@dataclass(frozen=True)
class Failure:
    """A case that did not end as it may."""

    number: int
    kind: str
    what: str


@dataclass
class Corpus:
    """The real texts that get damaged, and what the cases are fed to."""

    folder: Path
    sources: list[str]
    headers: list[str]
    expressions: list[str]
    requests: list[str]
    supervisor: _Supervisor
    pool: Pool
    build: Any = field(repr=False)

    @classmethod
    def collect(cls, folder: Path) -> Corpus:
        """Every `.metal` file of the repository, and the header lines in them."""
        paths = [p for f in _FOLDERS for p in sorted((settings.ROOT / f).rglob("*.metal"))]
        sources = [path.read_text("utf-8") for path in paths]
        headers = [line for s in sources for line in re.findall(r"^//!.*", s, re.MULTILINE)]
        headers += _HEADERS
        pieces = [p for h in headers for p in re.split(r"[:\s]\s*", h) if any(map(str.isalnum, p))]
        supervisor = _Supervisor(ensure_host().supervisor)
        cache = settings.paths().build
        library = msl.compile_source(_COPY, cache_dir=cache)
        if not isinstance(library, msl.Library):
            raise RuntimeError(f"an honest kernel was refused: {library.text}")
        pool = Pool({"x": 4096, "y": 4096})
        request = Request(
            text="",
            name="fuzz.metal",
            functions=None,
            constants={},
            roots=(),
            strict=False,
            cache_dir=cache,
            toolchain=find_toolchain(),
        )
        lines = _requests(library, pool)
        build = steps._Build(request)
        return cls(folder, sources, headers, pieces, lines, supervisor, pool, build)


_COPY = """kernel void copy(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                 constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (i < N)
    y[i] = x[i];
}
"""
_HEADERS = [
    "//! requires: M % 64 == 0 && cols <= 4096",
    "//! tune: TILE in 16, 32, 64",
    "//! scratch part: float 1024",
    "//! dispatch first grid: ceil_div(rows, 4) 1 1 threadgroup: 256 1 1 bind 2=part+16 tgmem 0: 4",
    "//! dispatch last grid: rows * cols threadgroup: min(64, max_threads(last)) swap: x,y",
    "//! const 3=round_up(pow2_floor(rows), 7)",
]


def _requests(library: msl.Library, pool: Pool) -> list[str]:
    """A whole conversation: damaged ones meet a supervisor that has something loaded."""
    found = next(iter(library.functions.values()))
    function = {
        "name": "f",
        "entry": found.entry,
        "mode": found.mode,
        "max_threads": 64,
        "static_threadgroup_bytes": 0,
        "threadgroup_arguments": [],
    }
    dispatch = {
        "function": "f",
        "grid": [64, 1, 1],
        "threadgroup": [32, 1, 1],
        "buffers": {"0": {"slot": "x", "offset": 0}, "1": {"slot": "y", "offset": 64}},
        "constants": {"2": "QAAAAA=="},
        "threadgroup_memory": {},
    }
    requests: list[dict[str, Any]] = [
        {"op": "hello", "version": 1, "id": 7},
        {"op": "load", "library": str(library.path), "functions": [function], "threads": 1}
        | {"memory_limit_bytes": 1 << 30, "deadline_ms": 500},
        {"op": "bind", "pool": {"path": pool.path, "bytes": pool.bytes}, "slots": ["x", "y"]}
        | {"instances": [[list(pool.regions["x"]), list(pool.regions["y"])]]}
        | {"dispatches": [dispatch]},
        {"op": "run", "first": 0, "count": 1, "deadline_ms": 100, "schedule_seed": 5},
        {"op": "run", "first": 0, "count": 1, "deadline_ms": 100, "freeze": True},
        {"op": "idle", "deadline_ms": 100},
        {"op": "freeze"},
    ]
    return [json.dumps(request) for request in requests]


class _Supervisor:
    """A supervisor that is asked nonsense; it has to answer every line and live on."""

    def __init__(self, program: Path) -> None:
        self.program = program
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        return subprocess.Popen([str(self.program)], stdin=pipe, stdout=pipe, bufsize=0)

    def ask(self, line: bytes) -> None:
        """Raises what is wrong with the answer."""
        process = self.process
        assert process.stdin and process.stdout
        process.stdin.write(line + b"\n")
        reply = b""
        until = time.monotonic() + ANSWER_S
        while not reply.endswith(b"\n"):
            ready, _, _ = select.select([process.stdout], [], [], until - time.monotonic())
            if not ready:
                raise TookTooLong("no answer from the supervisor")
            data = process.stdout.read(1 << 16)
            if not data:
                raise RuntimeError(f"the supervisor ended with code {process.wait()}")
            reply += data
        answer = json.loads(reply)
        known = answer["ok"] or isinstance(answer.get("fault", answer.get("reason")), str)
        if not known or reply.count(b"\n") != 1:
            raise RuntimeError(f"not an answer: {reply[:200]!r}")

    def renew(self) -> None:
        """Another one, if this one is gone or must go."""
        self.close()
        self.process = self._start()

    def close(self) -> None:
        """End it."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    def late(number: int, frame: FrameType | None) -> None:
        raise TookTooLong(f"more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _compile(draw: random.Random, corpus: Corpus) -> None:
    text = damaged(draw, draw.choice(corpus.sources), corpus.sources)
    with tempfile.TemporaryDirectory(dir=corpus.folder) as results:
        found = msl.compile_source(text, cache_dir=_shared(Path(results)), name="fuzz.metal")
    if isinstance(found, msl.Rejection) and not (found.text and found.diagnostics):
        raise AssertionError("a refusal without a reason")


def _shared(results: Path) -> Path:
    """A cache with its own results and the common precompiled headers."""
    for entry in settings.paths().build.glob("*"):
        if entry.name != "programs" and not entry.name.startswith("."):
            (results / entry.name).symlink_to(entry)
    return results


def _front_end(draw: random.Random, corpus: Corpus) -> None:
    """All steps but the preprocessor and the compiler, which are not ours."""
    text = damaged(draw, draw.choice(corpus.sources), corpus.sources)
    tokens = lex(text, "fuzz.metal")
    safety.raw_checks(tokens)
    for token in tokens:
        if token.kind == DIRECTIVE:
            safety.blocked_directive(token)
            safety.neutral_directive(token)
    code = [token for token in tokens if token.kind != DIRECTIVE]
    safety.token_checks(code)
    build = corpus.build
    build.sources = {"fuzz.metal": text}
    try:
        translated = build._translate(scan(Code(code)), [])
    except (Unbalanced, RecursionError):
        return  # `compile_source` turns both into a refusal
    if not isinstance(translated, msl.Rejection):
        translated.text()


def _header(draw: random.Random, corpus: Corpus) -> None:
    lines = draw.sample(corpus.headers, draw.choice((1, 1, 2, 4)))
    source = damaged(draw, "\n".join(lines), corpus.headers)
    if draw.random() < 0.5:
        source = "\n".join("//!" + line.lstrip("/!") for line in source.split("\n"))
    header = parse_header(source)
    if isinstance(header, HeaderError):
        assert header.line >= 1 and header.column >= 1 and header.message
        return
    assert isinstance(header, Header)
    spec = catalog.default().find(draw.choice(_SPECS)).spec
    limits = {name: Limits(1024, 0) for name in ("first", "last", *header.functions)}
    limits[spec.function] = Limits(1024, 0)
    resolve(header, spec, spec.sizes.published, limits)


def _expression(draw: random.Random, corpus: Corpus) -> None:
    names = ("rows", "cols", "M", "N", "step", "grid_threads.x")
    point = {name: draw.choice((0, 1, -1, 7, 1e300, 1 << 52, 0.5)) for name in names}
    text = draw.choice(corpus.expressions)
    try:
        parse(damaged(draw, text, corpus.expressions)).evaluate(point)
    except ExpressionError:
        return


def _file(draw: random.Random, corpus: Corpus) -> None:
    data = bytearray(draw.choice(corpus.sources).encode())
    for _ in range(draw.choice((0, 1, 20))):
        data[draw.randrange(len(data))] = draw.randrange(256)
    path = corpus.folder / "noise.metal"
    path.write_bytes(bytes(data[: draw.choice((0, 1, len(data)))]))
    try:
        parse_header(catalog.read_source(path).text)
    except UserError as error:
        assert error.message


def _protocol(draw: random.Random, corpus: Corpus) -> None:
    """Some requests as they should be, then a damaged one."""
    whole = corpus.requests[: draw.randrange(len(corpus.requests))]
    line = damaged(draw, draw.choice(corpus.requests), corpus.requests)
    if any(int(number) > _LONGEST_MS for number in _DEADLINE.findall(line[:_MOST])):
        return  # a caller who asks to wait that long is answered that late
    try:
        for request in (*(whole if draw.random() < 0.3 else ()), line):
            corpus.supervisor.ask(request.encode("utf-8", "replace").replace(b"\n", b" "))
    except BaseException:
        corpus.supervisor.renew()
        raise


_DEADLINE = re.compile(r'deadline_ms"\s*:\s*([0-9]{1,40})')
_LONGEST_MS = 1000
_MOST = 1 << 16

Kind = Callable[[random.Random, Corpus], None]
KINDS: Mapping[str, tuple[int, Kind]] = {
    "compile": (1, _compile),
    "front end": (16, _front_end),
    "header": (10, _header),
    "expression": (5, _expression),
    "file": (2, _file),
    "protocol": (6, _protocol),
}
_CYCLE = [name for name, (share, _) in KINDS.items() for _ in range(share)]


def case(number: int, corpus: Corpus) -> Failure | None:
    """One case by its number; how it failed, if it did."""
    kind = _CYCLE[number * 7 % len(_CYCLE)]
    draw = random.Random(f"{SEED} {number}")
    try:
        with _within(LIMIT_S.get(kind, 2 * ANSWER_S)):
            KINDS[kind][1](draw, corpus)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        return Failure(number, kind, f"{type(error).__name__}: {str(error)[:120]} at {where}")
    return None


@contextmanager
def corpus() -> Iterator[Corpus]:
    """A corpus with a supervisor, which is ended."""
    with tempfile.TemporaryDirectory(prefix="metal-bench-fuzz-") as folder:
        made = Corpus.collect(Path(folder))
        try:
            yield made
        finally:
            made.supervisor.close()
            made.pool.close()


def run(full: bool) -> Section:
    """20 000 cases, or the first 600."""
    failures: list[Failure] = []
    counts: Counter[str] = Counter()
    total = CASES if full else SHORT
    with corpus() as made:
        for number in range(total):
            counts[_CYCLE[number * 7 % len(_CYCLE)]] += 1
            failure = case(number, made)
            if failure:
                failures.append(failure)
    bad = Counter(failure.kind for failure in failures)
    rows = [("reader", "cases", "failed"), *((k, str(counts[k]), str(bad[k])) for k in KINDS)]
    summary = f"fuzzed {total} cases, {len(failures)} failed"
    for failure in failures[:5]:
        summary += f"\ncase {failure.number} ({failure.kind}): {failure.what}"
    return Section("Fuzzing", rows, total - len(failures), total, summary, full)
