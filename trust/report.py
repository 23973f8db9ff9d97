"""What `make trust` says of the corpus: bad kernels, honest ones, the matrix of layers; and what
of its page follows from files alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.errors import UserError
from harness.problem import catalog
from trust import catalogue
from trust.corpus import Bad, corpus, judged, outcome_of, outcome_of_twin
from trust.layers import LAYERS
from trust.section import Section

Say = Callable[[str], None]
#: The parts of the page in their order.
ORDER = ("bad", "honest", "matrix", "conformance", "escapes", "fuzz", "kills", "null", "power")
#: Chips whose Variants are judged here: every file of metal/kernels is one of these.
_CHIPS = ("apple-m4-max", "cpu-amd-avx512-2")


def judged_corpus(full: bool, say: Say) -> Section:
    """Every bad kernel; with `full` against a fresh secret as well."""
    rows: list[tuple[str, ...]] = [("kernel", "status", "by", "expected")]
    passed = 0
    bad = corpus()
    for one in bad:
        say(one.name)
        found = outcome_of(one)
        held = found.meets(one)
        if held and full and one.layer != "secret" and one.size not in ("held_out", "regression"):
            held = outcome_of(one, seed=_OTHER_SEED).meets(one)
        passed += held
        if not held:
            rows.append((one.name, found.status, found.stage, f"{one.expect} by {one.layer}"))
    summary = f"bad caught {passed}/{len(bad)} for the stated reason"
    return Section("Bad kernels", tuple(rows), passed, len(bad), summary, full)


_OTHER_SEED = 77_003


def honest(full: bool, say: Say) -> Section:
    """The twins, taken as far as their bad kernels, and the repository's own kernels; or an eighth
    of both."""
    rows: list[tuple[str, ...]] = [("kernel", "status", "reason")]
    total = refused = 0
    step = 1 if full else 8
    for one in corpus()[::step]:
        say(one.twin)
        found = outcome_of_twin(one)
        total, refused = total + 1, refused + (not found.passed)
        if not found.passed:
            rows.append((one.twin, found.status, found.reason[:120]))
    for name, text, kernel in _repository()[::step]:
        say(name)
        found = judged(text, kernel, "check", name=name)
        total, refused = total + 1, refused + (not found.passed)
        if not found.passed:
            rows.append((name, found.status, found.reason[:120]))
    summary = f"honest refused {refused}/{total}"
    return Section("Honest kernels", tuple(rows), total - refused, total, summary, full)


def _repository() -> list[tuple[str, str, str]]:
    """Every `.metal` file of a kernel that runs on this device: name, text, kernel."""
    found = {}
    for kernel in catalog.default().kernels():
        for chip in _CHIPS:
            try:
                variant = catalog.default().variant(kernel, chip)
            except UserError:
                continue  # nobody has solved it for this chip: there is nothing to refuse
            found[variant.source.path] = (variant.source.path, variant.source.text, kernel.name)
    return list(found.values())


@dataclass
class Row:
    """One layer taken out: who should get through and who did."""

    layer: str
    due: set[str] = field(default_factory=set)
    got: set[str] = field(default_factory=set)

    @property
    def holds(self) -> bool:
        """Whether exactly those got through."""
        return self.due == self.got


def _escape_alone(one: Bad) -> set[str]:
    """Layers without each of which a kernel gets through by itself."""
    alone = set(one.through)
    return alone | ({one.layer} if not one.backed else set())


def matrix(full: bool, say: Say) -> Section:
    """Take out each layer in turn, and together those that cover a kernel doubly; or an eighth.

    A refusal by a stage that a layer has no part in stands without that layer: it is not tried.
    """
    rows: list[tuple[str, ...]] = [("layer taken out", "gets through", "as stated")]
    passed = total = 0
    bad = [one for one in corpus() if one.removable]
    stages = {one.name: outcome_of(one).stage for one in bad}
    step = 1 if full else 8
    for layer in [name for name in LAYERS if LAYERS[name].removable][::step]:
        row = Row(layer, {one.name for one in bad if layer in _escape_alone(one)})
        for one in bad:
            if stages[one.name] not in LAYERS[layer].stages:
                continue
            say(f"without {layer}: {one.name}")
            if outcome_of(one, [layer]).passed:
                row.got.add(one.name)
        total, passed = total + 1, passed + row.holds
        said = "yes" if row.holds else f"NO, expected {', '.join(sorted(row.due)) or 'none'}"
        rows.append((layer, ", ".join(sorted(row.got)) or "none", said))
    for one in [one for one in bad if one.backed][::step]:
        say(f"without {', '.join(one.layers)}: {one.name}")
        through = outcome_of(one, one.layers).passed
        total, passed = total + 1, passed + through
        rows.append((" and ".join(one.layers), one.name, "yes" if through else "NO"))
    summary = f"layers hold what they are said to {passed}/{total}"
    return Section("Layers taken out", tuple(rows), passed, total, summary, full)


def deterministic() -> str:
    """The part of the page that follows from the files alone."""
    bad = corpus()
    rows = [
        (f"{one.row}", one.name, one.kernel, one.expect, one.layer, _backed(one)) for one in bad
    ]
    invented = sum(one.row == "own" for one in bad)
    numbered = {int(one.row) for one in bad if one.row != "own"}
    parts = [
        "<!-- `python -m trust --page` writes this page; `make trust` the figures in it -->",
        "# What is caught, and by what",
        "",
        f"{len(bad)} bad kernels, each with an honest twin: {len(numbered)} rows of the catalogue"
        f" of reward hacks and {invented} inventions (`own`). A kernel counts as caught only with"
        " the status and by the layer stated here.",
        "",
        table([("row", "kernel", "problem", "status", "layer", "covered too by"), *rows]),
        "",
        "## Layers",
        table([("layer", "what it does", "can be taken out"), *_layer_rows()]),
        "",
        "## Rows without a kernel",
        table([("row", "why"), *((str(n), why) for n, why in catalogue.EXCEPTIONS.items())]),
        "",
        "## Rows that are faults of a harness",
        table([("row", "test"), *_harness_rows()]),
        "",
        "## Not caught, or by luck",
        *(f"- {line}" for line in KNOWN),
        "",
    ]
    return "\n".join(parts)


def _backed(one: Bad) -> str:
    return ", ".join(one.backed)


def _layer_rows() -> list[tuple[str, ...]]:
    return [(layer.name, layer.what, layer.stays or "yes") for layer in LAYERS.values()]


def _harness_rows() -> list[tuple[str, ...]]:
    tested: list[tuple[str, ...]] = [
        (str(row), "<br>".join(f"`{test.split('/')[-1]}`" for test in tests))
        for row, tests in catalogue.HARNESS.items()
    ]
    return tested + [(str(row), why) for row, why in catalogue.HARNESS_EXCEPTIONS.items()]


#: What a reader has to know before believing the numbers above.
KNOWN = (
    "`own_13_short_counter` (sixteen-bit column counter) needs a held-out draw above 65 535"
    " columns: 323 of 400 secrets draw one at the published size (`step`, `corner`). The corpus"
    " fixes such a secret.",
    "The checked build runs at check sizes, and for a gate in a dozen threadgroups of the first"
    " dispatch at the ranked size. A kernel that reaches memory of the worker through an integer in"
    " others alone, and keeps notes there, is not seen. It has little to keep:"
    " timed inputs are combined across up to 64 sets, turned by rows where rows are independent,"
    " and drawn again while that takes less than 15 % of the time; a tenth of the instances is"
    " compared with the oracle, chosen after they ran.",
    "Of inputs beyond 32 MiB there are two sets at a time; a problem with one such input and no"
    " independent rows sees each drawing a few times. Instances of one sample beyond the number of"
    " combinations see values again: kernels of microseconds, which a memory would slow.",
    "A kernel that reaches its output by the difference of two pointers passes, as it should.",
)


def table(rows: Sequence[Sequence[str]]) -> str:
    """A markdown table; the first row names the columns."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)
