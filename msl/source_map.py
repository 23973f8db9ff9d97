"""Gives every token of a preprocessor's output its line and column in the user's file."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from msl.lexer import DIRECTIVE, IDENT, Token, lex, output_lines

#: Comparing a huge expansion with its macro call would take longer than compiling it.
_MOST_COMPARED = 4_000_000


def locate(
    output: str, raw: Mapping[str, Sequence[Token]], names: Mapping[str, str]
) -> list[Token]:
    """Tokens of `output`; `raw` holds each file's own tokens, `names` maps paths to the names users
    know."""
    code = {
        file: [token for token in tokens if token.kind != DIRECTIVE] for file, tokens in raw.items()
    }
    starts = {file: [token.line for token in tokens] for file, tokens in code.items()}
    lines = [
        (names[line.file], line.line, lex(line.text))
        for line in output_lines(output)
        if line.file in names
    ]
    located: list[Token] = []
    for index, (file, line, tokens) in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else None
        end = line + 1
        if following and following[0] == file and following[1] > line:
            end = following[1]
        elif not following:
            end = line + 1000
        first = bisect_left(starts[file], line)
        _place(
            tokens, code[file][first : bisect_left(starts[file], line + 1)], file, line
        ) or _place(
            tokens, code[file][first : bisect_left(starts[file], end)], file, line, force=True
        )
        located += tokens
    return located


def _place(
    tokens: Sequence[Token], raw: Sequence[Token], file: str, line: int, force: bool = False
) -> bool:
    """Give `tokens` the places of the raw tokens they came from; False if the raw tokens do not
    explain them."""
    same = len(tokens) == len(raw) and all(
        a.text == b.text for a, b in zip(tokens, raw, strict=True)
    )
    if same:
        for token, origin in zip(tokens, raw, strict=True):
            token.file, token.line, token.column = file, origin.line, origin.column
        return True
    if not force:
        return False
    for token, source in _aligned(tokens, raw):
        token.file = file
        token.line, token.column = (source.line, source.column) if source else (line, 1)
    return True


def _aligned(tokens: Sequence[Token], raw: Sequence[Token]) -> Iterator[tuple[Token, Token | None]]:
    """Pairs each token with its origin: itself, or the macro whose expansion made it."""
    if len(tokens) * len(raw) > _MOST_COMPARED:
        for token in tokens:
            yield token, raw[0] if raw else None
        return
    matcher = SequenceMatcher(None, [t.text for t in raw], [t.text for t in tokens], autojunk=False)
    macro: Token | None = raw[0] if raw else None
    for kind, first, last, start, stop in matcher.get_opcodes():
        if kind == "equal":
            for position in range(stop - start):
                yield tokens[start + position], raw[first + position]
            continue
        names = [token for token in raw[first:last] if token.kind == IDENT]
        if names:
            macro = names[0]
        for token in tokens[start:stop]:
            yield token, macro
