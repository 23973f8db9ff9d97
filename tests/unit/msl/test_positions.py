"""Tokens and their places: splices, digraphs, comments, macros, and text after edits."""

from __future__ import annotations

import pytest

from msl.diagnostics import Diagnostic, render
from msl.edits import Edits, Output
from msl.lexer import DIRECTIVE, lex
from msl.source_map import locate


def places(text: str) -> list[tuple[str, int, int]]:
    return [(token.text, token.line, token.column) for token in lex(text)]


def test_plain_tokens() -> None:
    assert places("a >>= b;\n  c->d") == [
        ("a", 1, 1),
        (">>=", 1, 3),
        ("b", 1, 7),
        (";", 1, 8),
        ("c", 2, 3),
        ("->", 2, 4),
        ("d", 2, 6),
    ]


def test_a_splice_joins_a_token_and_moves_the_next() -> None:
    assert places("in\\\nt x") == [("int", 1, 1), ("x", 2, 3)]


def test_comments_and_strings_hide_their_text() -> None:
    text = 'a /* b\n c */ d // e \\\n f\n"g /* h" \'"\' i'
    assert [item[0] for item in places(text)] == ["a", "d", '"g /* h"', "'\"'", "i"]


@pytest.mark.parametrize(
    "number", ["1.5e-3f", "0x1p-3", "1'000u", ".5h", "1.", "0b101", "3ul", "1e+5"]
)
def test_numbers_are_one_token(number: str) -> None:
    assert places(number) == [(number, 1, 1)]


def test_digraphs_are_what_they_mean() -> None:
    assert [item[0] for item in places("a<:0:> <% %> x<::y>")] == [
        *["a", "[", "0", "]", "{", "}", "x", "<", "::", "y", ">"]
    ]


def test_a_directive_is_one_token() -> None:
    tokens = lex("  #define A \\\n  1 /* x\n y */ 2\nb")
    assert [token.kind for token in tokens] == [DIRECTIVE, "ident"]
    assert tokens[1].line == 4


def test_preprocessed_tokens_find_their_place() -> None:
    raw = {"u": lex("int   q;   ADD(q,\n    r\n  ); int z;", "u")}
    output = '# 1 "/tmp/u"\nint q; q = r + 1; int z;\n'
    tokens = locate(output, raw, {"/tmp/u": "u"})
    found = {token.text: (token.line, token.column) for token in tokens}
    assert found["r"] == (2, 5)
    assert found["z"] == (3, 10)
    assert found["+"] == (1, 12)


def test_text_after_edits_maps_back() -> None:
    tokens = lex("float a = b + c;", "u")
    edits = Edits()
    edits.before[2].append("inserted text")
    edits.replaced[3] = "longer_name"
    edits.insert_after(3, "[0]")
    output = Output("unit")
    output.tokens(tokens, range(len(tokens)), edits, {})
    line = output.text().split("\n")[1]
    assert line == "float a inserted text = longer_name [0] + c ;"
    assert output.place(1, line.index("c ;") + 1) == ("u", 1, 15)
    assert output.place(1, line.index("longer") + 3) == ("u", 1, 11)
    assert output.place(1, line.index("serted")) == ("u", 1, 9)
    assert output.place(9, 1) is None


def test_long_lines_are_broken_for_the_sites_of_collectives() -> None:
    tokens = lex("a " * 2000, "u")
    output = Output("unit")
    output.tokens(tokens, range(len(tokens)), Edits(), {})
    assert max(len(line) for line in output.text().split("\n")) < 1024


def test_render_underlines_and_keeps_tabs() -> None:
    item = Diagnostic("error", 1, 3, "no", "u", (), ((5, 7),))
    assert render([item], {"u": "\ta b c d"}) == "u:1:3: error: no\n\ta b c d\n\t ^ ~~\n"
