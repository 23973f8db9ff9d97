"""Parses what clang prints (with source ranges, without carets) and rewords it as Metal's compiler
does."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from msl.diagnostics import ERROR, NOTE, WARNING, Diagnostic
from msl.words import words

#: Emitted place to user's place; None if the place is in text that no user wrote.
Place = Callable[[str, int, int], "tuple[str, int, int] | None"]

_LINE = re.compile(
    r"^(?P<file>[^\n:]*):(?P<line>\d+):(?P<column>\d+):(?P<ranges>(?:\{[^}]*\})*:?) "
    r"(?P<severity>fatal error|error|warning|note): (?P<text>.*)$"
)
_RANGE = re.compile(r"\{(?:([^{}:]*):)?(\d+):(\d+)-(\d+):(\d+)\}")


def parse(text: str, place: Place) -> list[Diagnostic]:
    """Diagnostics of one clang run at the user's places, each with its notes. Line 0: in no text of
    the user's."""
    found: list[Diagnostic] = []
    for line in text.split("\n"):
        match = _LINE.match(line)
        if not match or "too many errors emitted" in match["text"]:
            continue
        spot = place(match["file"], int(match["line"]), int(match["column"]))
        severity = {"fatal error": ERROR}.get(match["severity"], match["severity"])
        if severity != NOTE:
            file, row, column = spot or ("", 0, 0)
            ranges = _ranges(match, place, file, row)
            found.append(Diagnostic(severity, row, column, reword(match["text"]), file, (), ranges))
        elif found:
            found[-1] = _with_note(found[-1], match["text"], spot)
    kept = [_anchored(item) for item in found]
    return _without_cascades([item for item in kept if item.severity in (ERROR, WARNING)])


def _with_note(item: Diagnostic, text: str, spot: tuple[str, int, int] | None) -> Diagnostic:
    if text.startswith("expanded from macro"):
        return item
    if spot is None:
        if text.endswith("declared here") and "; did you mean" in item.text:
            # A suggestion from our headers is none of the user's business.
            return replace(item, text=item.text.split("; did you mean")[0] + _STRIPPED)
        assigned = _NO_CONVERSION.match(text) if item.text == _NO_ASSIGNMENT else None
        if assigned:
            to, source = _NAMED_VECTOR.fullmatch(reword(assigned[2])), reword(assigned[1])
            if to:
                text = f"assigning to {_vector(to)} from incompatible type {_value(source)}"
                return replace(item, text=text)
        candidate = _library_candidate(text)
        if candidate and item.line and len(item.notes) < 3:
            note = Diagnostic(NOTE, item.line, item.column, candidate, item.file)
            return item if note in item.notes else replace(item, notes=(*item.notes, note))
        return item
    note = Diagnostic(NOTE, spot[1], spot[2], reword(text), spot[0])
    return replace(item, notes=(*item.notes, note))


_STRIPPED = "\0"
_NO_ASSIGNMENT = "no viable overloaded '='"
_NO_CONVERSION = re.compile(
    r"candidate function not viable: no known conversion from '([^']+)'(?: \(aka '[^']*'\))? to"
    r" '(?:const )?([^']+)' for 1st argument"
)
_ARITY = re.compile(
    r"candidate function (?:template )?not viable:"
    r" requires (?:at least |at most )?(\d+) arguments?, but (.*)"
)


def _library_candidate(text: str) -> str:
    """A note about a function of the library, "" if it would show our own types."""
    match = _ARITY.match(text)
    if match:
        plural = "s" if match[1] != "1" else ""
        return (
            f"candidate function not viable: requires {match[1]} argument{plural}, but {match[2]}"
        )
    return ""


def _without_cascades(found: list[Diagnostic]) -> list[Diagnostic]:
    """What follows at one place from a name that is not declared says nothing more."""
    unknown = {
        (item.file, item.line, item.column) for item in found if item.text.endswith(_STRIPPED)
    }
    kept = []
    for item in found:
        if item.text.endswith(_STRIPPED):
            kept.append(replace(item, text=item.text.removesuffix(_STRIPPED)))
        elif (item.file, item.line, item.column) not in unknown:
            kept.append(item)
    return kept


def _anchored(item: Diagnostic) -> Diagnostic:
    """An error in library text is shown where the user's text asked for it."""
    if item.line or not item.notes:
        return item
    asked = [note for note in item.notes if "requested here" in note.text]
    note = (asked or list(item.notes))[0]
    return replace(item, file=note.file, line=note.line, column=note.column)


def _ranges(match: re.Match[str], place: Place, file: str, row: int) -> tuple[tuple[int, int], ...]:
    found = []
    for part in _RANGE.finditer(match["ranges"]):
        name = part.group(1) or match["file"]
        first = place(name, int(part.group(2)), int(part.group(3)))
        last = place(name, int(part.group(4)), max(int(part.group(5)) - 1, 1))
        width = int(part.group(5)) - int(part.group(3))
        if not first or not last or first[:2] != (file, row) or last[:2] != (file, row):
            continue
        found.append((first[2], max(last[2] + 1, first[2] + 1) if width > 0 else first[2] + 1))
    return tuple(found)


_OVERLOADED = "reference to overloaded function could not be resolved; did you mean to call it?"
_SUBSCRIPTED = re.compile(r"(\w+)\s*\[")
_BINARY = words("fmin fmax min max pow powr fmod atan2 copysign fdim step nextafter ldexp absdiff")


_NO_COMPONENT = re.compile(r"no member named '(\w+)' in '(?:const )?(\w+[234])'")


def _component(name: str, kind: str) -> str:
    """What is wrong with a component of a vector."""
    letters = "rgba" if name[0] in "rgba" else "xyzw"
    strange = next((letter for letter in name if letter not in letters), "")
    named = _NAMED_VECTOR.fullmatch(kind)
    if strange or len(name) > 4 or not named:
        return f"illegal vector component name '{strange or name}'"
    return f"vector component access exceeds type {_vector(named)}"


def in_source_terms(item: Diagnostic, lines: list[str]) -> Diagnostic:
    """A message that depends on what the user wrote at its place: a function that is indexed, a
    vector's component."""
    if not 1 <= item.line <= len(lines):
        return item
    member = _NO_COMPONENT.match(item.text)
    if member and lines[item.line - 1][item.column - 2 : item.column - 1] == ".":
        return replace(item, text=_component(*member.groups()), column=item.column - 1)
    if item.text != _OVERLOADED:
        return item
    match = _SUBSCRIPTED.match(lines[item.line - 1], item.column - 1)
    if not match:
        return item
    kind = "half (half, half)" if match[1] in _BINARY else "half (half)"
    text = f"subscript of pointer to function type '{kind}'"
    ranges = ((item.column, item.column + len(match[1])),)
    return replace(item, text=text, column=match.end(), ranges=ranges)


_SCALARS = {
    "unsigned int": "uint",
    "unsigned short": "ushort",
    "unsigned char": "uchar",
    "unsigned long": "ulong",
    "_Float16": "half",
    "__bf16": "bfloat",
    "signed char": "char",
}
_SCALAR = "|".join(
    sorted(
        map(
            re.escape,
            {*_SCALARS, *_SCALARS.values(), "float", "int", "bool", "char", "short", "long"},
        ),
        key=len,
        reverse=True,
    )
)
_VEC = re.compile(rf"\b(?:metal::)?vec<({_SCALAR}), ([234])>")
_MATRIX = re.compile(rf"\b(?:metal::)?matrix<({_SCALAR}), ([234]), ([234])>")
_AKA_VEC = re.compile(rf"'(\w+)' \(aka '(?:const )?(?:metal::)?vec<({_SCALAR}), ([234])>'\)")
_NAMESPACES = re.compile(r"\b(?:msl_(?:leader|follower|per_lane|user)|msl)::")
_CONVERSION = re.compile(
    r"no viable conversion from '([^']+)'(?: \(aka '[^']*'\))? to '([^']+)'(?: \(aka '[^']*'\))?$"
)


_SETTER = re.compile(
    r"no member named 'msl_put_\w+' in|cannot find suitable setter for property '[xyzwrgba]+'$"
)
_DELETED = re.compile(
    rf"call to deleted constructor of ('(?:const )?(?:{_SCALAR})[234](?:x[234])?'.*)"
)


_STANDARD = re.compile(r"no (?:member|template|type) named '\w+' in namespace 'std'")
_UNRESOLVED = re.compile(r"variable 'msl_(kernel|instance)_of_(\w+)' with type 'const auto'")


def _unresolved(kind: str, name: str) -> str:
    if kind == "kernel":
        return f"kernel function '{name}' cannot be overloaded"
    return (
        f"explicit instantiation of '{name}' does not refer to a function template, variable"
        " template, member function, member class, or static data member"
    )


def reword(text: str) -> str:
    """A message with Metal's spelling of types, and Metal's words where they differ from C++'s."""
    unresolved = _UNRESOLVED.match(text)
    if unresolved:
        return _unresolved(*unresolved.groups())
    text = _NAMESPACES.sub("", text)
    text = _AKA_VEC.sub(lambda m: f"'{m[1]}' (vector of {m[3]} '{m[2]}' values)", text)
    text = _VEC.sub(lambda m: _SCALARS.get(m[1], m[1]) + m[2], text)
    text = _MATRIX.sub(lambda m: f"{_SCALARS.get(m[1], m[1])}{m[2]}x{m[3]}", text)
    text = re.sub(r"\b_Float16\b", "half", text)
    text = re.sub(r"\b__bf16\b", "bfloat", text)
    text = re.sub(r"('[^']+') \(aka \1\)", r"\1", text)
    text = re.sub(r" \[(?:-Werror,)?-Wreturn-mismatch\]", " [-Wreturn-type]", text)
    text = re.sub(r"\bmsl_type_(\w+)", r"\1", text)
    if _SETTER.match(text):
        return "vector is not assignable (contains duplicate components)"
    text = _DELETED.sub("no matching constructor for initialization of \\1", text)
    text = text.replace("'#pragma clang fp'", "'#pragma METAL fp'")
    if _STANDARD.match(text):
        return "use of undeclared identifier 'std'"
    if text.startswith("variable length arrays in C++"):
        return "variable length arrays are not supported in Metal"
    conversion = _CONVERSION.match(text)
    if conversion:
        text = _vector_conversion(conversion[1], conversion[2]) or text
    return text


_NAMED_VECTOR = re.compile(
    r"(?:const )?(bool|char|uchar|short|ushort|int|uint|long|ulong|half|bfloat|float)([234])"
)
_PLAIN = {
    "uint": "unsigned int",
    "ushort": "unsigned short",
    "uchar": "unsigned char",
    "ulong": "unsigned long",
}


def _vector_conversion(source: str, target: str) -> str | None:
    """Clang's words for a bad initialisation between vectors of the language, which ours are
    classes of."""
    to = _NAMED_VECTOR.fullmatch(target)
    if not to:
        return None
    target = _vector(to)
    return f"cannot initialize a variable of type {target} with an rvalue of type {_value(source)}"


def _vector(match: re.Match[str]) -> str:
    element = _PLAIN.get(match[1], match[1])
    name = match[0].removeprefix("const ")
    if match[1] == "bool":
        name = f"bool __attribute__((ext_vector_type({match[2]})))"
    return f"'{name}' (vector of {match[2]} '{element}' values)"


def _value(spelling: str) -> str:
    match = _NAMED_VECTOR.fullmatch(spelling)
    return _vector(match) if match else f"'{spelling}'"
