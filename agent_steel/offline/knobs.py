"""Moves that change numbers only: declared `//! tune:` constants and the threadgroup's shape."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import replace

from agent_steel.offline.view import POSITION, View, with_geometry
from harness.problem import catalog
from harness.problem.header import with_constants
from msl.lexer import DIRECTIVE, Token, lex

MAX_THREADS = 1024
MAX_JOINT = 4096
SIMD_WIDTH = 32
_WIDTHS = (32, 64, 128, 256, 512, 1024)
_SHAPES = ((32, 1), (32, 4), (32, 8), (16, 8), (16, 16), (8, 8), (64, 4), (128, 2), (256, 1))
_LANE = {"thread_index_in_simdgroup", "threads_per_simdgroup"}
_SHARED = ("threadgroup", "threadgroup_barrier", "simdgroup_barrier", "threadgroup_imageblock")


def tunings(view: View, seed: int) -> Iterator[tuple[str, str]]:
    """(technique, source) of every other choice of one constant, then of several together."""
    knobs = view.header.tune
    order = random.Random(f"tune {seed}")
    singles = [{knob.name: one} for knob in knobs for one in knob.choices if one != knob.value]
    order.shuffle(singles)
    joint = []
    if len(knobs) > 1:
        every = itertools.product(*(knob.choices for knob in knobs))
        names, now = [knob.name for knob in knobs], [knob.value for knob in knobs]
        for choice in itertools.islice(every, MAX_JOINT):
            if sum(a != b for a, b in zip(choice, now, strict=True)) > 1:
                joint.append(dict(zip(names, choice, strict=True)))
        order.shuffle(joint)
    for values in [*singles, *joint]:
        said = ", ".join(f"{name} = {value}" for name, value in values.items())
        yield f"tune {said}", with_constants(view.source, values)


def threadgroups(view: View, seed: int) -> Iterator[tuple[str, str]]:
    """(technique, source) of other threadgroups, if no thread can tell in which one it is."""
    geometry = view.geometry
    if geometry is None:
        return
    found = shapes(view)
    random.Random(f"threadgroup {seed}").shuffle(found)
    for shape in found:
        if shape != geometry.threadgroup:
            changed = replace(geometry, threadgroup=shape)
            yield f"threadgroup {' '.join(shape)}", with_geometry(view.source, changed)


def shapes(view: View) -> list[tuple[str, str, str]]:
    """The threadgroups that a kernel may have; none where a thread can tell."""
    geometry = view.geometry
    if geometry is None or not _independent(view):
        return []
    if geometry.linear:
        # SIMD-groups of a line are 32 neighbours whatever the width, as long as 32 divides it.
        width = geometry.threadgroup[0]
        if not _lanes_hidden(view) and not (width.isdigit() and int(width) % SIMD_WIDTH == 0):
            return []
        return [(str(one), "1", "1") for one in _WIDTHS]
    if _lanes_hidden(view) and geometry.threadgroup[2] == "1":
        return [(str(x), str(y), "1") for x, y in _SHAPES]
    return []


def _independent(view: View) -> bool:
    """Whether the kernel knows its place in the grid (and its lane) only, and shares no memory."""
    told = view.attributes() - {POSITION, "threads_per_grid", *_LANE}
    return not told and not set(_words(view)) & set(_SHARED)


def _lanes_hidden(view: View) -> bool:
    """Whether no function of a SIMD-group, or of a quad-group, is named."""
    told = view.attributes() & _LANE
    return not told and not any(w.startswith(("simd", "quad_")) for w in _words(view))


def _words(view: View) -> list[str]:
    """The tokens of the source and of the headers that it includes, macros as they are written."""
    text = view.source if view.plain else catalog.source_of(view.source).recorded
    return [word for token in lex(text) for word in _parts(token)]


def _parts(token: Token) -> list[str]:
    """A token; of a directive, the words."""
    return re.findall(r"\w+", token.text) if token.kind == DIRECTIVE else [token.text]
