"""Damaged input is answered with a value or a declared error, in time."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

import pytest

import msl
from harness.problem.expressions import ExpressionError, parse
from harness.problem.header import HeaderError, parse_header
from harness.settings import paths
from msl import toolchain
from msl.syntax import Unbalanced
from trust import fuzz
from trust.mutations import MUTATIONS, damaged

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def corpus() -> Iterator[fuzz.Corpus]:
    with fuzz.corpus() as made:
        yield made


def test_the_first_cases_end_as_they_may() -> None:
    found = fuzz.run(full=False)
    assert found.total == fuzz.SHORT
    assert found.holds, found.summary


def test_a_case_is_its_number(corpus: fuzz.Corpus) -> None:
    texts = [damaged(random.Random("7"), corpus.sources[0], corpus.sources) for _ in range(2)]
    assert texts[0] == texts[1] != corpus.sources[0]


@pytest.mark.parametrize("number", range(len(MUTATIONS)))
def test_every_kind_of_damage_survives_an_empty_text(number: int) -> None:
    for seed in range(20):
        assert isinstance(MUTATIONS[number](random.Random(seed), "", ["", "x"]), str)


@pytest.mark.parametrize("kind", fuzz.KINDS)
def test_a_reader_that_breaks_is_seen(
    kind: str, corpus: fuzz.Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The layer off: a traceback and a hang in each reader are failures with a place."""

    def breaks(*arguments: object, **named: object) -> None:
        raise IndexError("list index out of range")

    def hangs(*arguments: object, **named: object) -> None:
        while True:
            pass

    number = next(n for n in range(100) if fuzz._CYCLE[n * 7 % len(fuzz._CYCLE)] == kind)
    monkeypatch.setitem(fuzz.LIMIT_S, kind, 0.05)
    for reader, word in ((breaks, "IndexError"), (hangs, "TookTooLong")):
        monkeypatch.setitem(fuzz.KINDS, kind, (1, reader))  # type: ignore[arg-type]
        failure = fuzz.case(number, corpus)
        assert failure and failure.kind == kind and word in failure.what


def test_a_supervisor_that_ends_is_seen(corpus: fuzz.Corpus) -> None:
    corpus.supervisor.process.kill()
    with pytest.raises((RuntimeError, BrokenPipeError)):
        corpus.supervisor.ask(b"{}")
    corpus.supervisor.renew()
    corpus.supervisor.ask(b"{}")


HUGE = "9" * 5000


def test_numbers_of_thousands_of_digits_are_errors() -> None:
    with pytest.raises(ExpressionError, match="digits"):
        parse(f"rows + {HUGE}").evaluate({"rows": 1})
    for line in (f"dispatch f grid: 1 threadgroup: 1 const {HUGE}=1", f"tune: T in {HUGE}"):
        assert isinstance(parse_header(f"//! {line}\n"), HeaderError)
    assert isinstance(parse_header(f"//! tune: T in 1, 2\nconstant int T = {HUGE};\n"), HeaderError)


@pytest.mark.parametrize(
    "before",
    [
        f"constant int A = {HUGE};\n",
        "constant int A = " + "-" * 5000 + "1;\n",
        "".join(f"constant int A{i} = {' + '.join([f'A{i + 1}'] * 100)};\n" for i in range(8))
        + "constant int A8 = 1;\nconstant int A = A0;\n",
    ],
    ids=["digits", "signs", "names that double at each step"],
)
def test_an_index_that_is_hard_to_compute_is_refused_in_time(before: str) -> None:
    """The third took a hundred to the eighth steps."""
    text = before + "kernel void f(device float* y [[buffer(A)]]) { y[0] = 1; }\n"
    with fuzz._within(20):
        found = msl.compile_source(text, cache_dir=paths().build)
    assert isinstance(found, msl.Rejection | msl.Library)


def test_a_template_bomb_ends_by_its_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two to the twenty-eighth classes: the compiler took all of the 60 s it had."""
    text = (
        "template <int N, int P> struct T { enum { v = T<N - 1, 2 * P>::v + T<N - 1, 2 * P + 1>::v"
        " }; };\ntemplate <int P> struct T<0, P> { enum { v = P & 1 }; };\n"
        "kernel void f(device float* y [[buffer(0)]]) { y[0] = float(T<28, 1>::v); }\n"
    )
    assert toolchain.CPU_LIMIT_S <= 20
    monkeypatch.setattr(toolchain, "CPU_LIMIT_S", 1)
    found = msl.compile_source(text, cache_dir=paths().build)
    assert isinstance(found, msl.Rejection)
    assert "compiling took more than 1 s of processor time" in found.reason


@pytest.mark.parametrize("end", ["", "  %", "{", "template", "y[0] = 1"])
def test_a_text_that_ends_too_early_is_refused(end: str, corpus: fuzz.Corpus) -> None:
    """A kernel without body and semicolon reached one token beyond the text."""
    text = "kernel void f(device float* y [[buffer(0)]])" + end
    assert isinstance(msl.compile_source(text, cache_dir=paths().build), msl.Rejection)
    for before in ("template <typename T> ", "template ", ""):
        corpus.build.sources = {"fuzz.metal": before + text}
        tokens = fuzz.lex(before + text, "fuzz.metal")
        with contextlib.suppress(Unbalanced):
            translated = corpus.build._translate(fuzz.scan(fuzz.Code(tokens)), [])
            assert isinstance(translated, msl.Rejection) or translated.text()


def test_words_said_often_before_a_name_take_no_time() -> None:
    """Reading them took the square of their number."""
    text = "kernel void f(" + "unsigned " * 20000 + "y [[buffer(0)]]) {}\n"
    with fuzz._within(20):
        found = msl.compile_source(text, cache_dir=paths().build)
    assert isinstance(found, msl.Rejection)
