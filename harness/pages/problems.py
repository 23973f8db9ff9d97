"""KERNELS.md: every problem with its sizes, tolerance, audit and the counts of its kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.audit.mutants import MUTANTS
from harness.checking.counting import SAMPLED_THREADGROUPS
from harness.pages import counts
from harness.pages.markdown import head, link, table
from harness.pages.solutions import default_source, path_of, reasons
from harness.pages.stored import Entry
from harness.problem import catalog
from harness.problem.catalog import Kernel
from harness.spec import Point

SETS: Mapping[str, str] = {
    "common": "Operations that models are made of, as the public board lists them.",
    "standard": "Fused operations and attention, as the public board lists them.",
    "full": "Whole blocks and networks, as the public board lists them.",
    "corrected": "Problems of the board that need another ABI to be worth ranking; each names the"
    " one that it corrects.",
    "metal_sci": "Scientific tasks.",
    "extra": "Problems that are on no public list.",
}


@dataclass(frozen=True)
class Stored:
    """What the pages take from docs/data, by kernel."""

    audit: Mapping[str, Entry] = field(default_factory=dict)
    counts: Mapping[str, Entry] = field(default_factory=dict)


def page(kernels: Sequence[Kernel], stored: Stored) -> str:
    """The whole page."""
    parts = [
        head("the SPECs, docs/data and the kernels"),
        "# Kernels\n",
        f"{catalog.summary(kernels)}. `./bench NAME` judges one and times it beside MLX.\n",
        "Sizes not named are as published. `audit`: how many of the nine wrong answers below the"
        " problem's own comparison refuses at its check, published and large sizes; the others are"
        " the right answer there or do not exist.\n",
    ]
    for name, about in SETS.items():
        of_set = [kernel for kernel in kernels if kernel.set == name]
        if of_set:
            parts += [f"## {name}\n", f"{about}\n", _problems(of_set, stored.audit) + "\n"]
    parts += [_unranked(kernels), _mutants(), _counts(kernels, stored.counts)]
    return "\n".join(part for part in parts if part) + "\n"


def _problems(kernels: Sequence[Kernel], audits: Mapping[str, Entry]) -> str:
    columns = ("problem", "computes", "published", "large", "tolerance", "ranked", "audit")
    return table(columns, [_problem(kernel, audits.get(kernel.name)) for kernel in kernels])


def _problem(kernel: Kernel, audit: Entry | None) -> tuple[str, ...]:
    spec, name = kernel.spec, kernel.name
    published = spec.sizes.published
    large = {k: v for k, v in spec.sizes.large_point().items() if v != published[k]}
    computes = spec.summary + (f"; corrects {spec.corrects}" if spec.corrects else "")
    return (
        link(f"`{name}`", f"mlx/kernels/{kernel.set}/{name}.py"),
        computes,
        _point(published),
        _point(large) or "as published",
        spec.tolerance.description,
        "yes" if spec.ranked else "no",
        _audit(audit),
    )


def _point(point: Point) -> str:
    return ", ".join(f"{name}={value}" for name, value in point.items())


def _audit(entry: Entry | None) -> str:
    if entry is None:
        return "not yet"
    accepted = [n for n, found in entry["mutants"].items() if found["outcome"] == "SURVIVED"]
    refused = sum(found["outcome"] == "killed" for found in entry["mutants"].values())
    text = f"{refused} refused"
    return f"{text}, accepts {', '.join(accepted)}" if accepted else text


def _unranked(kernels: Sequence[Kernel]) -> str:
    rows = [(f"`{k.name}`", k.spec.unranked_reason) for k in kernels if not k.spec.ranked]
    if not rows:
        return ""
    return f"## Not ranked, and why\n\n{table(('problem', 'because'), rows)}\n"


def _mutants() -> str:
    rows = [(name, mutant.leaves) for name, mutant in MUTANTS.items()]
    return (
        "## The audit\n\n`./bench --audit [NAME]` tries these against every problem. A mutant whose"
        " values are the right ones but for rounding is the same function and does not count.\n\n"
        f"{table(('mutant', 'a kernel that leaves'), rows)}\n"
    )


def _counts(kernels: Sequence[Kernel], stored: Mapping[str, Entry]) -> str:
    text = (
        "## Counts at `large`\n\n"
        f"From the checked build of the kernel for all chips, run on {SAMPLED_THREADGROUPS}"
        " threadgroups of each dispatch that has more, one of each of as many equal parts; what"
        " they did times all threadgroups over these is `derived`, a whole run is `measured`. None"
        " of it is a measurement of a GPU.\n\n"
        "`moved`: bytes loaded and stored over the least bytes of the problem, every load counted"
        f" as if there were no cache. At most {counts.MOST_MOVED}, or"
        f" {counts.MOST_MOVED_WITH_REASON} with a reason. `loaded`, instead, for what computes"
        f" more than {counts.TILED_INTENSITY} FLOPs a byte: bytes loaded over those of 64 x 64"
        f" tiles, at most {counts.MOST_LOADED}. `lines`: of the 128-byte lines that sampled"
        " SIMD-groups touch, the share of which they need every word; at least"
        f" {counts.LEAST_FULL_LINES:.0%} where bytes are bound. Threadgroups of the largest"
        f" dispatch: at least {counts.LEAST_THREADGROUPS}. A kernel states its reason for anything"
        " else in its header.\n"
    )
    columns = (
        *("kernel", "moved", "loaded", "lines", "threadgroups", "dispatches", "barriers"),
        *("SIMD functions", "tag", "reason"),
    )
    rows = [_count(kernel, stored.get(kernel.name)) for kernel in kernels]
    return f"{text}\n{table(columns, rows)}"


def _count(kernel: Kernel, row: Entry | None) -> tuple[str, ...]:
    source = default_source(kernel)
    name = link(f"`{kernel.name}`", path_of(source)) if source else f"`{kernel.name}`"
    if row is None or "unable" in row:
        return (name, *("-",) * 8, "not counted" + (f": {row['unable']}" if row else ""))
    product = counts.is_product(row)
    broken = counts.violations(row, reasons(kernel))
    stated = [f"{bound}: {why}" for bound, why in reasons(kernel).items()]
    return (
        name,
        "-" if product else f"{counts.moved(row):.2f}",
        f"{counts.loaded(row):.2f}" if product else "-",
        f"{counts.full_lines(row):.0%}",
        f"{row['threadgroups']:,}",
        str(row["dispatches"]),
        f"{row['barriers']:,}",
        f"{row['simd_operations']:,}",
        row["tag"],
        "; ".join([*stated, *(f"**{text}**" for text in broken)]),
    )
