"""best_times.md: the Records of every chip, one row for every kernel; CPU rows apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chip_metrics.chips import display_name
from harness.board.leaderboard import is_local
from harness.pages.markdown import head, table
from harness.problem.catalog import Kernel

_EMPTY = (
    "**No chip has a Record yet.** Nothing here has been measured on a GPU. The first confirmed"
    " pass on a chip is its first Record: run `./bench NAME` there.\n"
)
_ABOUT = (
    "`kernel` and `MLX` are medians in ms of wall time from submission to completion, taken in one"
    " run; `speedup` is the paired estimate with its 95 % interval. `state`: reproduced by other"
    " machines, claimed by one, or stale; docs/RULES.md.\n"
)
_PORTABILITY = (
    "## Portability: CPUs\n\n"
    "These rows show that the kernels run elsewhere, and how this machine runs them. They say"
    " nothing about Metal performance, and MLX's CPU backend is weak. They stay on the machine that"
    " measured them and are never committed.\n"
)
_COLUMNS = (
    *("kernel", "set", "track", "size", "kernel ms", "MLX ms", "speedup", "GB/s", "GFLOP/s"),
    *("flags", "state", "recorded"),
)


def page(kernels: Sequence[Kernel], board: Mapping[str, Any]) -> str:
    """The whole page, from a leaderboard as session.json holds it."""
    chips = board["chips"]
    parts = [head("session.json"), "# Best times\n", _ABOUT]
    gpus = [chip for chip in chips if not is_local(chip)]
    if not gpus:
        parts += [_EMPTY, _without_records(kernels)]
    for chip in gpus:
        parts += [f"## {display_name(chip)}\n", _chip(kernels, chips[chip]) + "\n"]
    local = [chip for chip in chips if is_local(chip)]
    if local:
        parts.append(_PORTABILITY)
    for chip in local:
        parts += [f"### {display_name(chip)}\n", _chip(kernels, chips[chip]) + "\n"]
    return "\n".join(parts).rstrip("\n") + "\n"


def _without_records(kernels: Sequence[Kernel]) -> str:
    """The kernels that wait for a Record."""
    rows = [(f"`{kernel.name}`", kernel.set, "-") for kernel in kernels]
    return f"{table(('kernel', 'set', 'Record'), rows)}\n"


def _chip(kernels: Sequence[Kernel], found: Mapping[str, Any]) -> str:
    rows: list[tuple[str, ...]] = []
    for kernel in kernels:
        tracks = found.get(kernel.name, {"tracks": {}})["tracks"]
        own = [
            _row(kernel.name, kernel.set, track, size, row)
            for track, sizes in tracks.items()
            for size, row in sizes.items()
        ]
        waiting = (f"`{kernel.name}`", kernel.set, *("-",) * (len(_COLUMNS) - 2))
        rows += own or [waiting]
    known = {kernel.name for kernel in kernels}
    rows += [
        _row(name, entry["set"], track, size, row)
        for name, entry in found.items()
        if name not in known
        for track, sizes in entry["tracks"].items()
        for size, row in sizes.items()
    ]
    return table(_COLUMNS, rows)


def _row(
    name: str, kernel_set: str, track: str, size: str, row: Mapping[str, Any]
) -> tuple[str, ...]:
    figures = row["figures"] or {}
    state = row["provenance"]
    if state == "reproduced":
        state = f"reproduced ({row['reproduced']})"
    elif state == "stale":
        state = f"stale: {', '.join(row['stale_because'])}"
    return (
        f"`{name}`",
        kernel_set,
        track,
        size,
        _number(figures.get("kernel_ms_median"), "{:.4g}"),
        _number(figures.get("mlx_ms_median"), "{:.4g}"),
        _speedup(figures),
        _number(figures.get("gbps"), "{:.4g}"),
        _number(figures.get("gflops"), "{:.4g}"),
        ", ".join(row["flags"]) or "-",
        state,
        row["recorded_at"][:10],
    )


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _speedup(figures: Mapping[str, Any]) -> str:
    if figures.get("speedup") is None:
        return "-"
    text = f"{figures['speedup']:.2f}x"
    interval = figures.get("speedup_ci")
    return text if interval is None else f"{text} [{interval[0]:.2f}, {interval[1]:.2f}]"
