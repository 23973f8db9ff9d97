"""Refuses text that reaches beyond Metal: files, host compiler features, the linker, our own names.
Works on tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from msl.diagnostics import ERROR, WARNING, Diagnostic
from msl.lexer import DIRECTIVE, IDENT, STRING, Token
from msl.words import words

_KNOWN_DIRECTIVES = words(
    """
    define undef include import if ifdef ifndef elif elifdef elifndef else endif pragma error
    warning
    """
)
_LONE_RETURN = re.compile("\r(?!\n)")
_DIRECTIVE = re.compile(r"#\s*([A-Za-z_]\w*|\d+)?")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|$)", re.DOTALL)
_INCLUDE = re.compile(r'#\s*(?:include|import)\s*(?:<([^>\n]+)>|"([^"\n]+)")\s*$')
_PROBE = re.compile(r"__has_(?:include|include_next|embed)\b")
_PROBE_FORM = re.compile(r'__has_include\s*\(\s*(?:<([^>\n]+)>|"([^"\n]+)")\s*\)')
_METAL_HEADER = re.compile(r"metal_[a-z0-9_]+|simd/[a-z0-9_]+(?:\.h)?|metal/metal_[a-z0-9_]+")
_UNSUPPORTED_HEADER = re.compile(
    r"(?:MetalPerformancePrimitives|metal_tensor|metal_raytracing|metal_cooperative_tensor"
    r"|CoreImage/|RealityKit/|SwiftUI/)"
)
_PRAGMA = re.compile(
    r"#?\s*pragma\s+(?:unroll|nounroll|once|mark|message|METAL|STDC\s+FP_CONTRACT|pack|region|endregion"
    r"|clang\s+(?:loop|fp|diagnostic)|GCC\s+(?:diagnostic|unroll))\b"
)
#: A pragma whose text a macro makes of its arguments; what comes of it is read after expansion.
_PRAGMA_MADE = re.compile(r"_Pragma\s*\(\s*(?:#\s*\w+|\w+\s*\([^()]*\))\s*\)")
_PRAGMA_OPERATOR = re.compile(r'_Pragma\s*\(\s*"((?:[^"\\]|\\.)*)"\s*\)')

_FORBIDDEN = {
    "asm": "inline assembly is not supported in Metal",
    "__asm": "inline assembly is not supported in Metal",
    "__asm__": "inline assembly is not supported in Metal",
    "goto": "'goto' is not supported in Metal",
    "thread_local": "'thread_local' is not supported in Metal",
    "__thread": "thread-local storage is not supported in Metal",
    "_Thread_local": "thread-local storage is not supported in Metal",
    "dynamic_cast": "'dynamic_cast' is not supported in Metal",
    "typeid": "'typeid' is not supported in Metal",
    "new": "'new' is not supported in Metal",
    "delete": "'delete' is not supported in Metal",
    "virtual": "virtual member functions are not supported in Metal",
    "throw": "'throw' is not supported in Metal",
    "try": "'try' is not supported in Metal",
    "catch": "'catch' is not supported in Metal",
    "register": "Metal does not support the 'register' storage class specifier",
    "double": "'double' is not supported in Metal",
    "__float128": "'__float128' is not supported in Metal",
    "__int128": "'__int128' is not supported in Metal",
    "__declspec": "'__declspec' attributes are not supported in Metal",
    "__label__": "local labels are not supported in Metal",
    "co_await": "coroutines are not supported in Metal",
    "co_yield": "coroutines are not supported in Metal",
    "co_return": "coroutines are not supported in Metal",
    "__block": "blocks are not supported in Metal",
    "import": "modules are not supported in Metal",
}
_SCOPES = ("namespace", "=", "::", "using")
_OWN_NAMES = re.compile(r"msl_\w+|Msl[A-Z]\w*|MSL_\w+|__(?:start|stop)_\w+")
_HARMLESS_GNU = words(
    """
    always_inline noinline unused maybe_unused packed aligned const pure flatten hot cold
    deprecated may_alias nodebug overloadable enable_if diagnose_if warn_unused_result
    opencl_unroll_hint
    """
)
_HARMLESS_BUILTINS = words(
    """
    __builtin_expect __builtin_unreachable __builtin_assume __builtin_offsetof __builtin_bit_cast
    __builtin_constant_p __builtin_types_compatible_p __builtin_add_overflow __builtin_sub_overflow
    __builtin_mul_overflow __builtin_abs __builtin_bswap16 __builtin_bswap32 __builtin_bswap64
    __builtin_bitreverse8 __builtin_bitreverse16 __builtin_bitreverse32 __builtin_bitreverse64
    __builtin_rotateleft32 __builtin_rotateright32 __builtin_rotateleft64 __builtin_rotateright64
    __builtin_clz __builtin_clzl __builtin_clzll __builtin_ctz __builtin_ctzl __builtin_ctzll
    __builtin_ffs __builtin_parity __builtin_popcount __builtin_popcountl __builtin_popcountll
    __builtin_inff __builtin_huge_valf __builtin_nanf __builtin_fabsf __builtin_sqrtf
    """
)


def _error(token: Token, text: str) -> Diagnostic:
    return Diagnostic(ERROR, token.line, token.column, text, token.file)


def misread(text: str) -> str:
    """Why readers may disagree where the lines of a text begin; "" if they cannot."""
    if _LONE_RETURN.search(text):
        return "a carriage return without a line feed: some readers end a line there"
    return "starts with a byte-order mark" if text.startswith("\ufeff") else ""


def allowed_path(path: str) -> bool:
    """Whether an include stays below its root."""
    pure = PurePosixPath(path)
    return not pure.is_absolute() and ".." not in pure.parts and "\\" not in path


def metal_header(name: str) -> bool:
    """Whether `<name>` is one of Metal's own headers."""
    return _METAL_HEADER.fullmatch(name) is not None


def unsupported_header(name: str) -> bool:
    """Whether `<name>` declares features that no portable host has."""
    return _UNSUPPORTED_HEADER.match(name) is not None


def includes(tokens: Sequence[Token]) -> list[tuple[Token, str]]:
    """Every `#include` with its token and the path it names, in either kind of quotes."""
    found = []
    for token in tokens:
        if token.kind == DIRECTIVE:
            match = _INCLUDE.match(_COMMENT.sub(" ", token.text).rstrip())
            if match:
                found.append((token, match.group(1) or match.group(2)))
    return found


def raw_checks(tokens: Sequence[Token]) -> list[Diagnostic]:
    """What must hold before any text is given to a preprocessor."""
    found: list[Diagnostic] = []
    for index, token in enumerate(tokens):
        if token.text == "_Pragma" and not _pragma_operator_ok(tokens[index : index + 4]):
            found.append(_error(token, "unsupported '_Pragma' in Metal"))
        elif token.kind == IDENT and token.text.startswith("__has_"):
            found.append(_error(token, f"use of undeclared identifier '{token.text}'"))
    return found


def _pragma_operator_ok(tokens: Sequence[Token]) -> bool:
    text = " ".join(token.text for token in tokens)
    match = _PRAGMA_OPERATOR.match(text)
    return match is not None and _PRAGMA.match("pragma " + match.group(1)) is not None


def blocked_directive(token: Token) -> Diagnostic | None:
    """The error in a directive that no preprocessor may see; it counts only where it is active."""
    text = _COMMENT.sub(" ", token.text).rstrip()
    match = _DIRECTIVE.match(text)
    name = (match.group(1) if match else None) or ""
    if name in ("include", "import"):
        return _include_check(token, text)
    if name and name not in _KNOWN_DIRECTIVES and name != "line" and not name.isdigit():
        return Diagnostic(
            ERROR, token.line, token.column + 1, "invalid preprocessing directive", token.file
        )
    for probe in _PROBE.finditer(text):
        form = _PROBE_FORM.match(text, probe.start())
        if not form or (form.group(2) and not allowed_path(form.group(2))):
            return _error(token, f"'{probe.group()}' may only name a header of Metal")
    for operator in re.finditer(r"_Pragma\b", text):
        form = _PRAGMA_OPERATOR.match(text, operator.start())
        made = name == "define" and _PRAGMA_MADE.match(text, operator.start())
        if not made and (not form or not _PRAGMA.match("pragma " + form.group(1))):
            return _error(token, "unsupported '_Pragma' in Metal")
    return None


def _include_check(token: Token, text: str) -> Diagnostic | None:
    match = _INCLUDE.match(text)
    if not match:
        return _error(token, 'expected "FILENAME" or <FILENAME>')
    path = match.group(1) or match.group(2)
    if allowed_path(path):
        return None
    column = token.column + max(token.text.find(path) - 1, 0)
    return Diagnostic(ERROR, token.line, column, f"'{path}' file not found", token.file)


def neutral_directive(token: Token) -> str | None:
    """The text to put in a directive's place, or None to leave it: `#line`, foreign pragmas, header
    probes."""
    match = _DIRECTIVE.match(token.text)
    name = (match.group(1) if match else None) or ""
    if name == "line" or name.isdigit():
        return ""
    if name == "pragma" and not _PRAGMA.match(token.text):
        return ""
    if _PROBE.search(token.text):
        return _PROBE_FORM.sub(
            lambda form: "1" if metal_header(form.group(1) or "") else "0", token.text
        )
    return None


def token_checks(tokens: Sequence[Token]) -> list[Diagnostic]:
    """What must hold of preprocessed text: no way from shader text to the host's compiler or
    linker."""
    found: list[Diagnostic] = []
    for index, token in enumerate(tokens):
        if token.kind != IDENT:
            continue
        text = token.text
        before = tokens[index - 1].text if index else ""
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        message = _FORBIDDEN.get(text)
        if message and not _innocent(text, before, after):
            found.append(_error(token, message))
        elif text == after == "long":
            found.append(_error(token, "'long long' is not supported in Metal"))
        elif _declares_foreign(tokens, index):
            found.append(_error(token, "language linkage is not supported in Metal"))
        elif (
            (text.startswith("__builtin_") and text not in _HARMLESS_BUILTINS)
            or _OWN_NAMES.fullmatch(text)
            or (text == "msl" and (after == "::" or before in _SCOPES))
        ):
            found.append(_error(token, f"use of undeclared identifier '{text}'"))
        elif text in ("__attribute__", "__attribute"):
            found += _gnu_attribute(tokens, index)
    return found


def _declares_foreign(tokens: Sequence[Token], index: int) -> bool:
    """Whether `extern "C"` stands before a declaration, or before a block that
    holds a function's: a definition is the shader's own."""
    if not _linkage(tokens, index):
        return False
    if index + 2 < len(tokens) and tokens[index + 2].text == "{":
        return _prototype(tokens, index + 3, _closing(tokens, index + 2))
    after = (token.text for token in tokens[index + 2 :])
    return next((text for text in after if text in ("{", ";")), ";") == ";"


def _prototype(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether a function is declared and not defined between two braces, outside of others."""
    depth = 0
    for index in range(start, end):
        depth += {"{": 1, "}": -1}.get(tokens[index].text, 0)
        if not depth and tokens[index].text == ";" and tokens[index - 1].text == ")":
            return True
    return False


def _linkage(tokens: Sequence[Token], index: int) -> bool:
    return (
        tokens[index].text == "extern"
        and index + 1 < len(tokens)
        and tokens[index + 1].kind == STRING
    )


def without_linkage(tokens: list[Token]) -> list[Token]:
    """The text without its language linkages: what they say about names is for a linker."""
    gone: set[int] = set()
    for index in range(len(tokens)):
        if not _linkage(tokens, index):
            continue
        gone |= {index, index + 1}
        if index + 2 < len(tokens) and tokens[index + 2].text == "{":
            gone |= {index + 2, _closing(tokens, index + 2)}
    return [token for index, token in enumerate(tokens) if index not in gone] if gone else tokens


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for index in range(opening, len(tokens)):
        if tokens[index].kind not in (DIRECTIVE, STRING):
            depth += {"{": 1, "}": -1}.get(tokens[index].text, 0)
        if depth == 0:
            return index
    return opening


def _innocent(text: str, before: str, after: str) -> bool:
    """A word that is only forbidden in some places."""
    if text == "delete":
        return before == "="
    if text == "import":
        return after not in ("<", '"') and not after.isidentifier()
    return False


def foreign_gnu_attributes(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Ranges of GNU attributes that are not for Metal: the compiler must not see them."""
    for index, token in enumerate(tokens):
        if token.text in ("__attribute__", "__attribute") and _gnu_attribute(tokens, index):
            depth, end = 0, index + 1
            while end < len(tokens):
                depth += {"(": 1, ")": -1}.get(tokens[end].text, 0)
                end += 1
                if depth == 0:
                    break
            yield index, end


def _gnu_attribute(tokens: Sequence[Token], index: int) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    depth = 0
    for position in range(index + 1, len(tokens)):
        token = tokens[position]
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0:
            break
        if depth == 2 and token.kind == IDENT and token.text.strip("_") not in _HARMLESS_GNU:
            text = f"unknown attribute '{token.text}' ignored [-Wunknown-attributes]"
            found.append(Diagnostic(WARNING, token.line, token.column, text, token.file))
    return found
