"""Bracket structure and small syntactic pieces of a token list: attributes, type specifiers,
declarators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from msl.lexer import DIRECTIVE, IDENT, NUMBER, Token
from msl.words import words

ADDRESS_SPACES = words(
    """
    device constant thread threadgroup threadgroup_imageblock ray_data object_data
    """
)
_QUALIFIERS = words(
    """
    const volatile static inline constexpr extern mutable friend explicit typename register
    restrict __restrict __restrict__ coherent __inline __inline__ kernel vertex fragment struct
    class union enum consteval constinit
    """
)
_BUILTIN = words(
    """
    void bool char short int long unsigned signed float double half bfloat auto __bf16 _Float16
    """
)
_NOT_TYPES = words(
    """
    return if else for while do switch case default break continue goto using typedef namespace
    template sizeof static_assert operator new delete throw this true false nullptr public private
    protected alignof decltype static_cast reinterpret_cast const_cast dynamic_cast typeid as_type
    and or not
    """
)
_OPEN = {"(": ")", "[": "]", "{": "}"}


class Unbalanced(ValueError):
    """Brackets do not match: nothing can be said about structure; the compiler has to report it."""


@dataclass(slots=True)
class Code:
    """A token list with its bracket pairs."""

    tokens: list[Token]
    pair: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pair = [-1] * len(self.tokens)
        stack: list[int] = []
        for index, token in enumerate(self.tokens):
            if token.kind in (DIRECTIVE, "string"):
                continue
            if token.text in _OPEN:
                stack.append(index)
            elif token.text in (")", "]", "}"):
                if not stack or _OPEN[self.tokens[stack[-1]].text] != token.text:
                    raise Unbalanced(repr(token))
                opening = stack.pop()
                self.pair[opening], self.pair[index] = index, opening
        if stack:
            raise Unbalanced(repr(self.tokens[stack[-1]]))

    def text(self, index: int) -> str:
        """The text of a token, "" outside the list."""
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def is_name(self, index: int) -> bool:
        """Whether the token is an identifier (or keyword)."""
        return 0 <= index < len(self.tokens) and self.tokens[index].kind == IDENT

    def spell(self, start: int, end: int) -> str:
        """Source-like text of a token range."""
        out = ""
        for token in self.tokens[start:end]:
            if token.kind == DIRECTIVE:
                continue
            glued = (
                not out
                or not (out[-1].isalnum() or out[-1] == "_")
                or not (token.text[0].isalnum() or token.text[0] == "_")
            )
            out += (
                token.text
                if glued and not (out and out[-1] in ",>*&" and token.kind == IDENT)
                else " " + token.text
            )
        return out

    def after_angles(self, index: int, logical: bool = False) -> int | None:
        """The index after the `>` that closes the `<` at `index`; None if it is no template
        argument list. `logical`: where no comparison can stand, `&&` and `||` belong to it."""
        depth = 0
        position = index
        while position < len(self.tokens):
            text = self.tokens[position].text
            if text == "<":
                depth += 1
            elif text in (">", ">>", ">>=", ">=") and not (logical and text == ">="):
                depth -= text.count(">")
                if depth <= 0:
                    return position + 1
            elif text in ("(", "[") or (logical and text == "{"):
                position = self.pair[position]
            elif (
                text in (";", "{", "}", ")", "]")
                or (text in ("&&", "||") and not logical)
                or self.tokens[position].kind == DIRECTIVE
            ):
                return None
            position += 1
        return None

    def split(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Ranges between the top-level commas of [start, end); template arguments count as
        brackets."""
        first = position = start
        while position < end:
            text = self.tokens[position].text
            if text in _OPEN:
                position = self.pair[position]
            elif text == "<" and self.is_name(position - 1):
                after = self.after_angles(position)
                if after is not None and after <= end:
                    position = after - 1
            elif text == ",":
                yield first, position
                first = position + 1
            position += 1
        if first < end:
            yield first, end

    def at_attributes(self, index: int) -> bool:
        """Whether `[[` starts here."""
        return (
            self.text(index) == "["
            and self.text(index + 1) == "["
            and self.pair[index] == self.pair[index + 1] + 1
        )


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a `[[...]]` list: its name, where the name stands, the range of its
    arguments, the list's range."""

    name: str
    index: int
    arguments: tuple[int, int]
    list: tuple[int, int]


def attributes_at(code: Code, index: int) -> tuple[list[Attribute], int]:
    """The attributes of the list at `index` and the index after it."""
    end = code.pair[index] + 1
    found = []
    for first, last in code.split(index + 2, end - 2):
        name = first
        while name + 2 < last and code.text(name + 1) == "::":
            name += 2
        if not code.is_name(name):
            continue
        has_arguments = code.text(name + 1) == "("
        arguments = (name + 2, code.pair[name + 1]) if has_arguments else (last, last)
        found.append(Attribute(code.text(name), name, arguments, (index, end)))
    return found, end


@dataclass(slots=True)
class Specifiers:
    """A decl-specifier sequence: what was said before the first declarator."""

    start: int
    end: int = 0
    type: str = ""
    type_index: int = -1
    spaces: list[int] = field(default_factory=list)  # token indices of address spaces
    words: set[str] = field(default_factory=set)
    attributes: list[Attribute] = field(default_factory=list)


def specifiers_at(code: Code, start: int, end: int, logical: bool = False) -> Specifiers | None:
    """The specifiers at `start`, or None if no type is named there; `logical`: see after_angles."""
    found = Specifiers(start)
    index = start
    while index < end:
        text = code.text(index)
        if code.at_attributes(index):
            attributes, index = attributes_at(code, index)
            found.attributes += attributes
        elif text in ("alignas", "__attribute__", "__attribute") and code.text(index + 1) == "(":
            index = code.pair[index + 1] + 1
        elif text in ADDRESS_SPACES:
            found.spaces.append(index)
            index += 1
            if code.text(index) == "(":  # coherent(device) and alike
                index = code.pair[index] + 1
        elif text in _QUALIFIERS:
            found.words.add(text)
            index += 1
            if text == "coherent" and code.text(index) == "(":
                index = code.pair[index] + 1
        else:
            after = _type_name(code, index, end, found, logical)
            if after is None:
                break
            index = after
    found.end = index
    return found if found.type else None


#: No type has more words; a text that repeats them must not take time for each.
_MOST_WORDS = 8


def _type_name(code: Code, index: int, end: int, found: Specifiers, logical: bool) -> int | None:
    """The index after a type name at `index`; None if the type is complete or nothing fits."""
    text = code.text(index)
    if text in _BUILTIN:
        words = found.type.split()
        if len(words) > _MOST_WORDS or not set(words) <= _BUILTIN:
            return None
        if found.type_index < 0:
            found.type_index = index
        found.type = f"{found.type} {text}".strip()
        return index + 1
    if text == "decltype" and code.text(index + 1) == "(" and not found.type:
        found.type, found.type_index = "decltype", index
        return code.pair[index + 1] + 1
    if found.type or text in _NOT_TYPES or not (code.is_name(index) or text == "::"):
        return None
    position = index + (text == "::")
    while code.is_name(position) and position < end:
        position += 1
        if code.text(position) == "<":
            after = code.after_angles(position, logical)
            if after is None or after > end:
                break
            position = after
        if code.text(position) != "::":
            break
        position += 1
        if code.text(position) == "template":
            position += 1
    found.type, found.type_index = code.spell(index, position), index
    return position


@dataclass(slots=True)
class Declarator:
    """One declared name with what stands around it."""

    start: int
    end: int = 0  # before the initialiser, comma or semicolon
    name: str = ""
    name_index: int = -1
    marks: list[int] = field(default_factory=list)  # indices of `*`, `&` and `&&`
    arrays: int = 0
    function: bool = False
    initialiser: tuple[int, int] | None = None
    attributes: list[Attribute] = field(default_factory=list)

    @property
    def pointer(self) -> bool:
        """Whether it is a pointer or reference."""
        return bool(self.marks)


def declarator_at(code: Code, start: int, end: int) -> Declarator:
    """The declarator in [start, end), the range between two commas of a declaration."""
    found = Declarator(start)
    index = start
    while index < end:
        text = code.text(index)
        if code.at_attributes(index):
            attributes, index = attributes_at(code, index)
            found.attributes += attributes
            continue
        if text in ("*", "&", "&&"):
            found.marks.append(index)
        elif text == "=" or (text == "{" and found.name):
            found.initialiser = (index, end)
            break
        elif text == "(":
            if not found.name and code.text(index + 1) in ("*", "&", "&&"):
                inner = declarator_at(code, index + 1, code.pair[index])
                found.name, found.name_index = inner.name, inner.name_index
                found.marks += inner.marks
                found.arrays += inner.arrays
            elif found.name:
                found.function = True
            index = code.pair[index]
        elif text == "[":
            found.arrays += 1
            index = code.pair[index]
        elif text in ("__attribute__", "alignas") and code.text(index + 1) == "(":
            index = code.pair[index + 1]
        elif text in ADDRESS_SPACES or text in _QUALIFIERS or text == "...":
            pass
        elif code.is_name(index) and not found.name:
            found.name, found.name_index = text, index
        elif code.tokens[index].kind == NUMBER:
            break
        index += 1
    found.end = found.initialiser[0] if found.initialiser else index
    return found
