"""The declarations of a unit: functions, kernels, classes, variables, explicit instantiations.
Reads, judges nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from msl.syntax import (
    Attribute,
    Code,
    Declarator,
    Specifiers,
)

ENTRY_KINDS = ("kernel", "vertex", "fragment", "mesh", "object", "intersection")
_CLASS = ("struct", "class", "union")


@dataclass(slots=True)
class Parameter:
    """A function parameter."""

    start: int
    end: int
    specifiers: Specifiers | None
    declarator: Declarator
    attributes: list[Attribute]

    @property
    def name(self) -> str:
        """Its name, "" if it has none."""
        return self.declarator.name

    def attribute(self, *names: str) -> Attribute | None:
        """Its first attribute of one of these names."""
        return next((item for item in self.attributes if item.name in names), None)


@dataclass(slots=True)
class Function:
    """A function as declared or defined."""

    name: str
    name_index: int
    start: int
    head: int
    opening: int  # of the parameter list
    closing: int
    end: int = 0  # after the body or semicolon
    body: tuple[int, int] | None = None
    scope: tuple[str, ...] = ()
    owner: str = ""
    template: tuple[int, int] | None = None  # `<` and after `>`
    specialisation: bool = False
    kind: str = ""
    attributes: list[Attribute] = field(default_factory=list)
    trailing: list[Attribute] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)

    @property
    def is_kernel(self) -> bool:
        """Whether it is a kernel definition."""
        return self.kind == "kernel" and self.body is not None


@dataclass(slots=True)
class Variable:
    """A program-scope (or namespace-scope, or static member) declaration with its declarators."""

    start: int
    end: int
    specifiers: Specifiers
    declarators: list[Declarator]
    scope: tuple[str, ...]
    owner: str
    template: bool

    def attribute(self, name: str) -> Attribute | None:
        """The first attribute of this name anywhere in the declaration."""
        return next((item for item in self.attributes() if item.name == name), None)

    def attributes(self) -> list[Attribute]:
        """Every attribute anywhere in the declaration."""
        inner = (item for declarator in self.declarators for item in declarator.attributes)
        return [*self.specifiers.attributes, *inner]


@dataclass(slots=True)
class Instantiation:
    """`template [[host_name("n")]] [[kernel]] decltype(f<T>) f<T>;`"""

    start: int
    end: int
    name: str
    arguments: tuple[int, int]  # `<` and after `>`; empty if there are none
    attributes: list[Attribute]


@dataclass(slots=True)
class Class:
    """A class, struct or union with a body."""

    name: str
    start: int
    body: tuple[int, int]
    bases: int | None  # index of the colon of a base clause
    scope: tuple[str, ...]


@dataclass
class Unit:
    """Everything declared in one source."""

    code: Code
    functions: list[Function] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    instantiations: list[Instantiation] = field(default_factory=list)
    classes: list[Class] = field(default_factory=list)
    aliases: dict[str, tuple[int, int]] = field(default_factory=dict)
    enums: list[tuple[int, int]] = field(default_factory=list)
