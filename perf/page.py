"""docs/PERFORMANCE.md, written from docs/data/performance.json."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness import settings
from harness.pages.markdown import table
from perf.findings import Finding, findings
from perf.store import Entry, Store

PAGE = settings.ROOT / "docs" / "PERFORMANCE.md"
_HEAD = """\
<!-- written by `make perf` from docs/data/performance.json; never edited by hand -->
# Performance

What this product has to reach, and what `make perf` measured on the machine below; a run that was
interrupted is gone on with. A ratio compares two things that were timed in turns, on the same
values, after warming up; in brackets its interval at the level of its verdict. Kernels have two
threads, and so has whatever they stand beside. Every kernel's first run at a size is compared with
the oracle.

A ratio moves with its machine, and MLX's CPU backend is weak: no figure here says anything about
Metal. Milliseconds and seconds are of this machine alone.

The overhead gate: both sides take at least five times what an empty run takes. Sizes that do not
pass are shown in parentheses and count nowhere.
"""
_NOTHING = "-"


def page(store: Store) -> str:
    """The page."""
    facts = store.machine
    parts = store.parts
    lines = [
        _HEAD,
        f"{store.day}: {facts['cpu']}, {facts['cores']} cores, "
        f"{facts['os']} {facts['os_release']}; Python {facts['python']}, MLX {facts['mlx']}, "
        f"NumPy {facts['numpy']}, "
        f"ziglang {facts['ziglang']}; commit {facts['commit'] or 'unknown'}.",
        *_missing(store),
        "",
        table(("what", "measured", "has to be", "reached", "detail"), map(_row, findings(store))),
        *_section(_kernels, parts.get("kernels")),
        *_section(_torch, parts.get("torch")),
        *_section(_engine, parts.get("builds")),
        *_section(_functions, parts.get("functions")),
        *_section(_threads, parts.get("threads")),
    ]
    return "\n".join(lines) + "\n"


def _missing(store: Store) -> Iterator[str]:
    missing = store.missing()
    if missing:
        told = ", ".join(f"{n} of {store.wanted[name]} of {name}" for name, n in missing.items())
        yield ""
        yield f"**The run was cut short.** Missing: {told}. What follows is of the rest."


def _row(finding: Finding) -> tuple[str, ...]:
    sign = "≤" if finding.at_most else "≥"
    value, bound = (f"{number:.3g} {finding.unit}" for number in (finding.value, finding.bound))
    reached = "yes" if finding.reached else "**no**"
    return finding.what, value, f"{sign} {bound}", reached, finding.detail


def _section(write: Any, entries: Mapping[str, Entry] | None) -> Iterable[str]:
    return ["", *write(entries)] if entries else []


def _ratio(entry: Entry | None, percent: bool = False) -> str:
    """`12.3 [11.9, 12.8]`; in parentheses what does not pass the gate."""
    if entry is None:
        return _NOTHING
    if "ratio" not in entry:
        return str(entry["unable"])
    numbers = [entry["ratio"], *(entry["interval"] or [])]
    texts = [f"{100 * number:.0f} %" if percent else f"{number:.3g}" for number in numbers]
    text = texts[0] + (f" [{', '.join(texts[1:])}]" if texts[1:] else "")
    return text if percent or entry["passes_gate"] else f"({text})"


def _kernels(entries: Mapping[str, Entry]) -> Iterator[str]:
    yield "## Beside MLX's fastest form, and beside a copy loop"
    yield "`python -m perf --only kernels --names NAME`. The copy loop moves the least bytes of the"
    yield "problem at `large`; it stands beside the problems that memory bounds: at most 16 FLOPs a"
    yield "byte."
    yield ""
    columns = ("kernel", "published, times MLX", "large, times MLX", "MLX's form", "large, of copy")
    names = sorted({key.rpartition(" ")[0] for key in entries})
    yield table(columns, [_kernel_row(name, entries) for name in names])


def _kernel_row(name: str, entries: Mapping[str, Entry]) -> tuple[str, ...]:
    published, large = (entries.get(f"{name} {size}") for size in ("published", "large"))
    forms = {_form(entry) for entry in (published, large)} - {""}
    copy = large.get("copy") if large else None
    return name, _mlx(published), _mlx(large), ", ".join(sorted(forms)), _ratio(copy, percent=True)


def _mlx(entry: Entry | None) -> str:
    if entry is None:
        return _NOTHING
    return str(entry["unable"]) if "unable" in entry else _ratio(entry["mlx"])


def _form(entry: Entry | None) -> str:
    return str(entry["mlx"].get("other", "")) if entry and "mlx" in entry else ""


def _torch(entries: Mapping[str, Entry]) -> Iterator[str]:
    yield "## Beside torch"
    yield "`python -m perf --only torch`. Two threads on either side; torch runs in a process of"
    yield "its own, in inference mode, and keeps the memory that it frees."
    yield ""
    reasons = {entry.get("unable") for entry in entries.values()}
    if len(reasons) == 1 and None not in reasons:
        yield f"Not measured: {reasons.pop()}"
        return
    rows = [
        (key, _ratio(entry), _ms(entry, "kernel_ms"), _ms(entry, "other_ms"))
        for key, entry in entries.items()
    ]
    yield table(("problem", "times torch", "kernel ms", "torch ms"), rows)


def _ms(entry: Entry, name: str) -> str:
    return f"{entry[name]:.3g}" if name in entry else _NOTHING


def _engine(entries: Mapping[str, Entry]) -> Iterator[str]:
    yield "## What the fast engine leaves to the reference engine"
    yield "`python -m perf --only builds`"
    yield ""
    rows = [
        (name, function, reason)
        for name, entry in entries.items()
        for function, reason in entry.get("declined", {}).items()
    ]
    refused = [
        (name, _NOTHING, entry["unable"]) for name, entry in entries.items() if "unable" in entry
    ]
    yield table(("kernel", "function", "why"), [*rows, *refused]) if rows or refused else "Nothing."


def _functions(entries: Mapping[str, Entry]) -> Iterator[str]:
    yield "## Elementary functions"
    yield "`python -m perf --only functions`: y = f(x) over floats, of the rate of y = -x."
    yield ""
    for entry in entries.values():
        rows = sorted(entry.items(), key=lambda item: -item[1])
        yield table(("function", "of y = -x"), [(name, f"{100 * r:.0f} %") for name, r in rows])


def _threads(entries: Mapping[str, Entry]) -> Iterator[str]:
    yield "## Work that is not the same everywhere"
    yield "`python -m perf --only threads`: time on one thread over time on two. `growing`: a"
    yield "threadgroup's work grows with its number; `cluster`, `last`: all of it lies in the first"
    yield "or last of 32 parts of the grid."
    yield ""
    for entry in entries.values():
        yield table(("work", "gain"), [(name, f"{gain:.2f}x") for name, gain in entry.items()])
