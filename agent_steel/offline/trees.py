"""The rule for reductions by halves in threadgroup memory: SIMD-groups reduce, then one reduces
what they came to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent_steel.offline.body import statements
from agent_steel.offline.view import View, edited
from msl.statements import loops

_INDEX = ("thread_position_in_threadgroup", "thread_index_in_threadgroup")
_WIDE = ("threads_per_threadgroup",)
_SIMD = 32
_BARRIER = ["threadgroup_barrier", "(", "mem_flags", "::", "mem_threadgroup", ")", ";"]
_FUNCTIONS = {"max": "simd_max", "fmax": "simd_max", "min": "simd_min", "fmin": "simd_min"}
_IDENTITY = {"simd_sum": "0.0f", "simd_max": "-INFINITY", "simd_min": "INFINITY"}


@dataclass(frozen=True)
class Tree:
    """One loop over halves: its tokens, the array, the function of lanes that does the same."""

    span: range
    array: str
    function: str


def simd_reductions(view: View, seed: int) -> Iterator[tuple[str, str]]:
    """Two SIMD reductions and three barriers in place of a barrier for every half."""
    index, width = _thread(view), _width(view)
    if (
        not view.plain
        or not index
        or not width
        or "simd_part" in {token.text for token in view.code.tokens}
    ):
        return
    found = [tree for tree in _trees(view, index, width) if _only_ends(view, tree.array, index)]
    if found:
        yield (
            "SIMD reductions in place of trees",
            edited(view.source, [_edit(view, tree, index, width) for tree in found]),
        )


def _thread(view: View) -> str:
    """The name of the thread's place in a threadgroup that is a line."""
    for parameter in view.kernel.parameters:
        if any(parameter.attribute(name) for name in _INDEX):
            kind = parameter.specifiers.type if parameter.specifiers else ""
            return parameter.name if kind == "uint" else ""
    return ""


def _width(view: View) -> int:
    """Threads of a threadgroup, where the header says so and whole SIMD-groups fill it."""
    if view.geometry is None or view.geometry.threadgroup[1:] != ("1", "1"):
        return 0
    text = view.geometry.threadgroup[0]
    width = int(text) if text.isdigit() else 0
    return width if width % _SIMD == 0 and width <= _SIMD * _SIMD else 0


def _trees(view: View, index: str, width: int) -> Iterator[Tree]:
    code = view.code
    for loop in loops(code, view.body.start, view.body.stop):
        if code.text(loop.keyword) != "for" or not _halves(view, loop.header, width):
            continue
        step = code.text(loop.header + 2)
        braced = code.text(loop.body[0]) == "{"
        inside = range(loop.body[0] + braced, loop.body[1] - braced)
        spans = list(statements(view, inside))
        if len(spans) != 2 or view.words(spans[1]) != _BARRIER:
            continue
        words = [word for word in view.words(spans[0]) if word not in ("{", "}")]
        if words[:6] == ["if", "(", index, "<", step, ")"]:
            tree = _joined(words[6:], index, step, range(loop.keyword, loop.end))
            if tree is not None:
                yield tree


def _halves(view: View, header: int, width: int) -> bool:
    """`uint s = W / 2; s > 0; s >>= 1`, W the threadgroup's width by number or by name."""
    words = view.words(range(header + 1, view.code.pair[header]))
    if len(words) < 9 or words[0] not in ("uint", "int") or words[2] != "=" or ";" not in words:
        return False
    step, first = words[1], words.index(";")
    start, rest = words[3:first], words[first + 1 :]
    test = rest[:3] in ([step, ">", "0"], [step, ">", "0u"], [step, ">=", "1"])
    falls = rest[4:] in ([step, ">>=", "1"], [step, "/=", "2"])
    known = start == [str(width // 2)] or (
        start[1:] in (["/", "2"], [">>", "1"]) and _is_width(view, start[0], width)
    )
    return test and falls and known and rest[3:4] == [";"] and width & (width - 1) == 0


def _is_width(view: View, text: str, width: int) -> bool:
    if text == str(width):
        return True
    parameter = view.parameter(text)
    if parameter is not None and any(parameter.attribute(name) for name in _WIDE):
        return True
    tokens = [token.text for token in view.code.tokens]
    places = [at for at in range(len(tokens) - 3) if tokens[at : at + 2] == [text, "="]]
    return len(places) == 1 and tokens[places[0] + 2 : places[0] + 4] == [str(width), ";"]


def _joined(words: list[str], index: str, step: str, span: range) -> Tree | None:
    """`a[t] += a[t + s];` or `a[t] = max(a[t], a[t + s]);`."""
    name = words[0]
    mine, other = [name, "[", index, "]"], [name, "[", index, "+", step, "]"]
    if words == [*mine, "+=", *other, ";"]:
        return Tree(span, name, "simd_sum")
    function = _FUNCTIONS.get(words[5], "") if len(words) > 5 else ""
    both = [[*mine, ",", *other], [*other, ",", *mine]]
    if function and any(words == [*mine, "=", words[5], "(", *one, ")", ";"] for one in both):
        return Tree(span, name, function)
    return None


def _only_ends(view: View, array: str, index: str) -> bool:
    """Whether outside trees the array is declared as floats, stored at the thread's place, and read
    at 0: then nobody sees what a tree leaves elsewhere."""
    code = view.code
    trees = [
        range(loop.keyword, loop.end)
        for loop in loops(code, view.body.start, view.body.stop)
        if code.text(loop.keyword) == "for" and _halves(view, loop.header, _width(view))
    ]
    for at in view.body:
        if code.text(at) != array or any(at in tree for tree in trees):
            continue
        words = view.words(range(at + 1, at + 5))
        if view.words(range(at - 2, at)) == ["threadgroup", "float"]:
            continue
        stored = words == ["[", index, "]", "="] and code.text(at - 1) in ("{", "}", ";")
        if not stored and words[:3] != ["[", "0", "]"]:
            return False
    return True


def _edit(view: View, tree: Tree, index: str, width: int) -> tuple[int, int, str]:
    array, function = tree.array, tree.function
    barrier = "    threadgroup_barrier(mem_flags::mem_threadgroup);\n"
    last = tree.span.stop - 1
    return (
        view.starts[tree.span.start],
        view.starts[last] + len(view.code.text(last)),
        f"{{\n    const float simd_part = {function}({array}[{index}]);\n{barrier}"
        f"    if ({index} % 32 == 0) {array}[{index} / 32] = simd_part;\n{barrier}"
        f"    const float simd_whole = {function}({index} % 32 < {width // _SIMD} ?"
        f" {array}[{index} % 32] : {_IDENTITY[function]});\n{barrier}"
        f"    if ({index} == 0) {array}[0] = simd_whole;\n{barrier}  }}",
    )
