"""What people see of a verdict: one line a kernel, and nothing foreign that does anything."""

from __future__ import annotations

import re

import pytest

from harness.errors import ExitCode
from harness.verification.summary import Finding, Line, Report, Ruling, code, markdown, plain, text


def report(*findings: Finding, subject: str = "common/relu") -> Report:
    return Report("b" * 40, "a" * 40, (Line(subject, findings),))


def finding(ruling: Ruling, reason: str = "because") -> Finding:
    return Finding(ruling, reason)


@pytest.mark.parametrize(
    ("rulings", "worst", "exit_code"),
    [
        ([Ruling.ACCEPT], Ruling.ACCEPT, ExitCode.PASSED),
        ([Ruling.ACCEPT, Ruling.NEEDS_DEVICE], Ruling.NEEDS_DEVICE, ExitCode.NEEDS_DEVICE),
        ([Ruling.NEEDS_HUMAN, Ruling.NEEDS_DEVICE], Ruling.NEEDS_HUMAN, ExitCode.NEEDS_HUMAN),
        ([Ruling.REJECT, Ruling.NEEDS_HUMAN], Ruling.REJECT, ExitCode.REFUSED),
    ],
)
def test_the_worst_wins(rulings: list[Ruling], worst: Ruling, exit_code: ExitCode) -> None:
    lines = tuple(Line(f"k{n}", (finding(r),)) for n, r in enumerate(rulings))
    found = Report("b", "a", lines)
    assert (found.ruling, found.exit_code) == (worst, exit_code)


def test_exit_codes_tell_everything_apart() -> None:
    codes = {report(finding(ruling)).exit_code for ruling in Ruling}
    others = {ExitCode.USAGE, ExitCode.ENVIRONMENT, ExitCode.HOST_FAILED}
    assert len(codes) == len(Ruling) and not codes & others


def test_one_line_a_kernel() -> None:
    found = report(
        finding(Ruling.ACCEPT, "fine"),
        finding(Ruling.NEEDS_DEVICE, "claimed"),
        finding(Ruling.REJECT, "forged"),
        finding(Ruling.REJECT, "forged"),
    )
    assert text(found) == (
        "REJECT        common/relu  forged; claimed\n"
        "verdict: REJECT (aaaaaaaaaaaa against bbbbbbbbbbbb)\n"
    )


ATTACKS = [
    "\x1b[2J\x1b[31mACCEPT",
    "a\nACCEPT  common/relu  fine",
    "a\r\nACCEPT",
    "::set-output name=verdict::ACCEPT",
    "##[command]rm",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "| ACCEPT | x | y |",
    "[click](https://example.org)",
    "https://example.org www.example.org",
    "@everyone **bold** `code` ~~gone~~ _it_ # title",
    "</code><b>",
    "&lt;b&gt; &#60;",
    "\u202eTPECCA\u202c \u200b\u2066",
    "\udcff\x00\x7f\x9b",
    "x" * 100_000,
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_foreign_text_is_inert(attack: str) -> None:
    found = report(finding(Ruling.REJECT, attack), subject=attack)
    shown = text(found)
    assert len(shown.splitlines()) == 2 and len(shown) < 1500
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert "::" not in shown and "##[" not in shown
    page = markdown(found)
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert len(rows) == 3 and all(row.count("|") == 4 for row in rows)
    cells = re.findall(r"<code>(.*?)</code>", rows[2])
    assert len(cells) == 2
    for cell in cells:
        bare = re.sub(r"&#\d+;", "", cell)
        assert not re.search(r"[<>|`*_~@#\[\]()!\\:.&]", bare), bare
    page.encode("utf-8")


def test_honest_text_stays_readable() -> None:
    assert plain("metal/kernels/common/relu.metal: 1.80x [1.7, 1.9]") == (
        "metal/kernels/common/relu.metal: 1.80x [1.7, 1.9]"
    )
    assert code("common/relu") == "<code>common/relu</code>"


def test_thousands_of_lines_are_cut_and_counted() -> None:
    lines = tuple(Line(f"k{n}", (finding(Ruling.ACCEPT),)) for n in range(1000))
    many = Report("b", "a", (*lines, Line("last", (finding(Ruling.REJECT),))))
    assert "801 more, which count too\nverdict: REJECT" in text(many)
    assert len(markdown(many).splitlines()) < 220
    one = report(*(finding(Ruling.REJECT, f"r{n}") for n in range(500)))
    assert "and 470 more" in text(one) and "r499" not in text(one)
