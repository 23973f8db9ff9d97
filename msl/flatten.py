"""One text of a source and the headers it includes: what names it, and what can be run alone.

The headers are those that the front end would reach below its include roots. A host without include
paths, and whoever runs a stored source when headers have changed, compiles this text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from msl import safety
from msl.lexer import DIRECTIVE, Token, lex

#: Of all headers together; deeper or larger is left to the compiler to refuse.
MAX_BYTES = 4 << 20
_MAX_DEPTH = 32
_ONCE = re.compile(r"#\s*pragma\s+once\b")
_OPENS, _CLOSES = re.compile(r"#\s*if"), re.compile(r"#\s*endif\b")


def flattened(text: str, roots: Sequence[Path]) -> str:
    """`text` with every header below `roots` in the place where it is included.

    Headers with `#pragma once` come once, guarded where their first place is conditional. A text
    that includes none comes back as it is.
    """
    if "#" not in text and "%:" not in text:
        return text
    return _Flattener(roots).expand(text, "", 0, conditional=False)


class _Flattener:
    """What was put in so far."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = [root.resolve() for root in roots]
        self.settled: set[str] = set()  # headers that no later place needs again
        self.size = 0

    def expand(self, text: str, name: str, depth: int, *, conditional: bool) -> str:
        """`text`, which lies at `name` below a root, with its includes in place."""
        tokens = [token for token in lex(text, name) if token.kind == DIRECTIVE]
        paths = {id(token): path for token, path in safety.includes(tokens)}
        starts = _line_starts(text)
        parts: list[str] = []
        at, open_blocks = 0, 0
        for token in tokens:
            open_blocks += bool(_OPENS.match(token.text))
            open_blocks -= bool(_CLOSES.match(token.text))
            inner = self._replacement(
                token, paths.get(id(token)), name, depth, conditional or open_blocks > 0
            )
            if inner is None:
                continue
            start, end = _span(text, starts, token)
            parts += [text[at:start], inner]
            at = end
        return "".join([*parts, text[at:]]) if parts else text

    def _replacement(
        self, token: Token, path: str | None, name: str, depth: int, conditional: bool
    ) -> str | None:
        """What stands in a directive's place; None: itself."""
        if name and _ONCE.match(token.text):
            return ""
        found = self._find(path, name) if path and safety.allowed_path(path) else None
        if found is None or depth >= _MAX_DEPTH:
            return None
        where, file = found
        if where in self.settled:
            return f"// {where}: above"
        body = file.read_text(encoding="utf-8", errors="replace")
        self.size += len(body)
        if self.size > MAX_BYTES:
            return None
        once = any(_ONCE.match(t.text) for t in lex(body, where) if t.kind == DIRECTIVE)
        if once and not conditional:
            self.settled.add(where)
        inner = self.expand(body, where, depth + 1, conditional=conditional).rstrip("\n")
        if once:
            guard = "FLATTENED_" + re.sub(r"\W", "_", where)
            inner = f"#ifndef {guard}\n#define {guard}\n{inner}\n#endif"
        return f"// {where}\n{inner}\n// end of {where}"

    def _find(self, path: str, includer: str) -> tuple[str, Path] | None:
        """The header that a path names, looked for beside its includer first."""
        beside = str(Path(includer).parent / path) if "/" in includer else path
        for candidate in dict.fromkeys((beside, path)):
            for root in self.roots:
                file = (root / candidate).resolve()
                if file.is_file() and file.is_relative_to(root):
                    return candidate, file
        return None


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _span(text: str, starts: Sequence[int], token: Token) -> tuple[int, int]:
    """Where a directive stands in the text, lines that it continues on included."""
    start = starts[token.line - 1] + token.column - 1
    end, line = len(text), token.line
    while line < len(starts):
        end = starts[line] - 1
        if not text[:end].rstrip(" \t\r").endswith("\\"):
            break
        end, line = len(text), line + 1
    return start, end
