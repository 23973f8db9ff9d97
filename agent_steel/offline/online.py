"""The rule for a maximum and then a sum of exponentials below it: both in one pass over a row."""

from __future__ import annotations

from collections.abc import Iterator

from agent_steel.offline.body import counted, declaration, statements
from agent_steel.offline.view import View, edited

_ZERO = ("0.0f", "0", "0.f")
_LOWEST = (["-", "INFINITY"], ["-INFINITY"])
_OWN = ("online_value", "online_highest")


def single_pass(view: View, seed: int) -> Iterator[tuple[str, str]]:
    """The sum so far is scaled whenever the maximum grows."""
    if not view.plain or {token.text for token in view.code.tokens} & set(_OWN):
        return
    spans = list(statements(view, view.body))
    for at in range(1, len(spans) - 2):
        made = _merged(view, spans[at - 1 : at + 3])
        if made is not None:
            yield "maximum and sum in one pass", made
            return


def _merged(view: View, spans: list[range]) -> str | None:
    """`float m = -INFINITY;` a loop of `m = max(m, E);`, `float s = 0.0f;` a loop of
    `s += exp(E - m);` over the same columns."""
    start, first, zero, second = spans
    highest, total = _declared(view, start, _LOWEST), _declared(view, zero, [[z] for z in _ZERO])
    one, two = counted(view, first), counted(view, second)
    if not highest or not total or one is None or two is None or one[1] != two[1]:
        return None
    value = _maximum(view, one[2], highest)
    below = _exponential(view, two[2], total, highest)
    if value is None or below is None:
        return None
    renamed = [one[0] if word == two[0] else word for word in view.words(below)]
    if renamed != view.words(value) or highest in renamed or total in renamed:
        return None
    text = view.text(value.start, value.stop)
    column, extent, _ = one
    loop = (
        f"for (uint {column} = 0; {column} < {extent}; ++{column}) {{\n"
        f"    const float online_value = {text};\n"
        f"    const float online_highest = max({highest}, online_value);\n"
        f"    {total} = {total} * exp({highest} - online_highest)"
        f" + exp(online_value - online_highest);\n"
        f"    {highest} = online_highest;\n  }}"
    )
    end = view.starts[second.stop - 1] + 1
    kept = view.text(zero.start, zero.stop)
    return edited(view.source, [(view.starts[first.start], end, f"{kept}\n  {loop}")])


def _declared(view: View, span: range, values: object) -> str:
    """The name of a float that is declared with one of these values."""
    local = declaration(view, span)
    if local is None or len(local.declarators) != 1 or local.specifiers.type != "float":
        return ""
    one = local.declarators[0]
    if one.initialiser is None or one.marks or one.arrays:
        return ""
    assert isinstance(values, (list, tuple))
    return one.name if view.words(range(*one.initialiser))[1:] in values else ""


def _maximum(view: View, inside: range, name: str) -> range | None:
    """E of `m = max(m, E);`."""
    words = view.words(inside)
    if words[:6] != [name, "=", "max", "(", name, ","] or words[-2:] != [")", ";"]:
        return None
    if view.code.pair[inside.start + 3] != inside.stop - 2:
        return None
    return range(inside.start + 6, inside.stop - 2)


def _exponential(view: View, inside: range, total: str, highest: str) -> range | None:
    """E of `s += exp(E - m);`."""
    words = view.words(inside)
    if words[:4] != [total, "+=", "exp", "("] or words[-4:] != ["-", highest, ")", ";"]:
        return None
    if view.code.pair[inside.start + 3] != inside.stop - 2:
        return None
    return range(inside.start + 4, inside.stop - 4)
