"""Calls a function of a SPEC with the arguments that its parameter names ask for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any


class MissingArgument(TypeError):
    """A SPEC's function asks for a name that is neither an input, a scalar nor a dim."""


@lru_cache(maxsize=512)
def _parameters(function: Callable[..., Any]) -> tuple[tuple[str, bool], ...] | None:
    """(name, required) of every parameter, None if the function takes anything (`**names`)."""
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            return None
        found.append((name, parameter.default is inspect.Parameter.empty))
    return tuple(found)


def call_by_name(function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    """`function(...)` with those of `values` that its parameters name."""
    parameters = _parameters(function)
    if parameters is None:
        return function(**values)
    missing = [name for name, required in parameters if required and name not in values]
    if missing:
        known = ", ".join(sorted(values))
        what = getattr(function, "__name__", "function")
        raise MissingArgument(f"{what}() asks for {', '.join(missing)}; the SPEC has {known}")
    return function(**{name: values[name] for name, _ in parameters if name in values})


def as_tuple(result: Any) -> tuple[Any, ...]:
    """One array or a sequence of arrays, always as a tuple."""
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)
