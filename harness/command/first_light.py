"""`./bench --first-light`: everything that a first run on a new machine can tell, in one file.

Each part has a deadline and none stops the others: a part that fails is a finding. Every process
that could hang is one of its own. Nothing is saved as a Record.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import chip_metrics
from harness import atomic, console, devices, environment, settings
from harness.command import probes
from harness.errors import ExitCode, UserError

SCHEMA_VERSION = 1
#: All parts together end within this time.
TOTAL_S = 600.0


@dataclass(frozen=True)
class Inquiry:
    """What is asked of which device. Empty `kernels`: all of them."""

    device: str
    threads: int = 0
    kernels: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    null_pairs: int = 3


@dataclass(frozen=True)
class Part:
    """A question: its share of the time, and how it is answered within it."""

    name: str
    seconds: float
    ask: Callable[[Inquiry, float], Mapping[str, Any]]


def machine(inquiry: Inquiry, seconds: float) -> Mapping[str, Any]:
    """What the device says of itself and what the system's tools say, the texts included."""
    facts = dict(devices.open_device(inquiry.device).facts())
    found: dict[str, Any] = {"device": facts}
    if platform.system() == "Darwin":
        recorded = chip_metrics.record(facts)
        identified = chip_metrics.identify(recorded)
        found["recorded"] = {**asdict(recorded), "device": facts}
        found["identified"] = {**asdict(identified), "listed": identified.row is not None}
    return found


PARTS: Sequence[Part] = (
    Part("machine", 30, machine),
    Part("conformance", 150, probes.conformance),
    Part("kernels", 240, probes.kernels),
    Part("clock", 20, probes.clock),
    Part("null", 60, probes.null),
    Part("ceilings", 60, probes.ceilings),
)


def run(device: str, threads: int) -> int:
    """Ask everything, write the file, print what it says; the exit code."""
    name = device
    if device == "auto":
        name = "metal" if platform.system() == "Darwin" else "cpu"
    document = without_paths(asked(Inquiry(name, threads), PARTS))
    target = settings.paths().home / ".bench" / f"first-light-{document['chip']}.json"
    atomic.write_json(target, document)
    show(document)
    page = settings.step_summary()
    if page is not None:
        with page.open("a", encoding="utf-8") as file:
            file.write(markdown(document))
    console.out.print(f"attach this file to an issue: {_relative(target)}", markup=False)
    return exit_code(document)


def asked(inquiry: Inquiry, parts: Sequence[Part]) -> dict[str, Any]:
    """The answers, each with its time; the total stays within TOTAL_S."""
    started = time.monotonic()
    answers: dict[str, Any] = {}
    for part in parts:
        begun = time.monotonic()
        left = TOTAL_S - (begun - started)
        with console.working(f"first light: {part.name}, up to {min(part.seconds, left):.0f} s"):
            answers[part.name] = _answer(part, inquiry, min(part.seconds, left))
        answers[part.name]["seconds"] = round(time.monotonic() - begun, 1)
    device = answers.get("machine", {}).get("device", {})
    return {
        "schema_version": SCHEMA_VERSION,
        "device": inquiry.device,
        "chip": str(device.get("chip", "unknown")),
        "virtual": bool(device.get("virtual")),
        "environment": dict(environment.facts()),
        "parts": answers,
        "differences": differences(answers),
        "seconds": round(time.monotonic() - started, 1),
    }


def without_paths(value: Any) -> Any:
    """The same without what names this user: paths of the checkout and of the home."""
    if isinstance(value, Mapping):
        return {key: without_paths(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_paths(item) for item in value]
    if not isinstance(value, str):
        return value
    return value.replace(str(settings.ROOT), ".").replace(str(Path.home()), "~")


def _answer(part: Part, inquiry: Inquiry, seconds: float) -> dict[str, Any]:
    if seconds <= 1:
        return {"status": "not asked", "reason": "no time was left"}
    try:
        return {"status": "answered", **part.ask(inquiry, seconds)}
    except UserError as error:
        return {"status": "failed", "reason": error.message}
    except Exception as error:
        return {"status": "failed", "reason": f"{type(error).__name__}: {error}"}


def differences(answers: Mapping[str, Any]) -> list[dict[str, str]]:
    """Everything that came out otherwise than on the portable host."""
    conformance = answers.get("conformance", {}).get("failed", {})
    rows = [
        {"what": f"conformance {case}", "portable": "as expected", "here": str(why)}
        for case, why in conformance.items()
    ]
    here = answers.get("kernels", {}).get("here", {})
    portable = answers.get("kernels", {}).get("portable", {})
    for name in sorted(set(here) | set(portable)):
        both = [side.get(name, "not judged") for side in (portable, here)]
        if both[0] != both[1] and probes.NO_TIME not in both:
            rows.append({"what": f"kernel {name}", "portable": both[0], "here": both[1]})
    return rows


def show(document: Mapping[str, Any]) -> None:
    """The document for people."""
    console.out.print(_title(document), style="bold", markup=False)
    for rows in _tables(document):
        console.show_table(rows)
    found = document["differences"]
    console.out.print(f"differences from the portable host: {len(found)}", style="bold")


def markdown(document: Mapping[str, Any]) -> str:
    """The same for the page of a workflow's run."""
    lines = [f"### {_title(document)}", ""]
    for header, *rows in _tables(document):
        lines += [" | ".join(header), " | ".join("---" for _ in header)]
        lines += [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
        lines.append("")
    found = document["differences"]
    return "\n".join([*lines, f"Differences from the portable host: {len(found)}", ""])


def _title(document: Mapping[str, Any]) -> str:
    virtual = ", virtual: nothing here is a time of its chip" if document["virtual"] else ""
    return f"first light of {document['chip']} ({document['device']}){virtual}"


def _tables(document: Mapping[str, Any]) -> list[list[tuple[str, ...]]]:
    """The parts and, if there are any, the differences; each under a header."""
    parts: list[tuple[str, ...]] = [("part", "answer", "s")]
    for name, answer in document["parts"].items():
        said = answer.get("summary") or answer.get("reason") or answer["status"]
        parts.append((name, str(said), f"{answer['seconds']:.0f}"))
    found = [(d["what"], d["portable"], d["here"]) for d in document["differences"]]
    return [parts, [("differs", "portable", "here"), *found]] if found else [parts]


def exit_code(document: Mapping[str, Any]) -> int:
    """Refused if something differs, environment if a part could not be asked."""
    if document["differences"]:
        return int(ExitCode.REFUSED)
    whole = all(answer["status"] == "answered" for answer in document["parts"].values())
    return int(ExitCode.PASSED if whole else ExitCode.ENVIRONMENT)


def _relative(path: Path) -> str:
    return settings.paths().shown(path)


if __name__ == "__main__":
    sys.exit(run("auto", 0))
