"""Profiler: from what was measured of a kernel to tagged figures and a diagnosis of one bottleneck.

`rule_diagnosis` needs no model; `Profiler` asks one, and falls back to the rules without a reply.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from agent_steel.prompts import number, render
from agent_steel.providers.base import Ask, Failure, Message, Provider, Usage
from agent_steel.replies import BadReply, Bottleneck, DiagnosisReply, ask_for, tool_of
from agent_steel.roles.figures import Payload

TOOL = tool_of(DiagnosisReply, "submit_diagnosis", "Submit the diagnosis of this kernel.")
MAX_TOKENS = 8_000
#: From this share of the roof on, the roof itself is the bottleneck.
AT_ROOF = 0.7
#: A cause that costs less than this factor is none.
LEAST_LOSS = 1.3


@dataclass(frozen=True)
class Diagnosis:
    """One bottleneck and the paragraphs that show it; `origin`: "rules" or "<provider>/<model>"."""

    bottleneck: Bottleneck
    text: str
    origin: str = "rules"
    usage: Usage = field(default_factory=Usage)
    prompt_sha256: str = ""


@dataclass(frozen=True)
class _Cause:
    """A cause of lost time: the factor it costs about, and the sentence that shows it."""

    bottleneck: Bottleneck
    loss: float
    shown: str


def rule_diagnosis(found: Payload) -> Diagnosis:
    """The bottleneck that the figures show, without a model. Pure; the same figures, same text."""
    if found.status != "passed":
        text = f"The kernel is not right, so no time counts: {found.status}. {found.reason}".strip()
        mend = "Until every output is right at every check size, nothing else limits it."
        return Diagnosis("correctness", f"{text}\n\n{mend}")
    if found.get("kernel time") is None:
        return Diagnosis(
            "unknown", "The kernel is right and was not timed.\n\nNo figure says more."
        )
    causes = sorted(
        (cause for rule in _RULES for cause in rule(found)), key=lambda c: c.loss, reverse=True
    )
    named = causes[0] if causes and causes[0].loss >= LEAST_LOSS else _by_roof(found)
    at_roof = (found.get("share of the roof") or 0.0) >= AT_ROOF
    if at_roof and named.bottleneck != "launch_overhead":
        named = _by_roof(found)
    others = [cause for cause in causes if cause.bottleneck != named.bottleneck]
    return Diagnosis(named.bottleneck, "\n\n".join([_summary(found), _said(named), _rest(others)]))


def _summary(found: Payload) -> str:
    dims = ", ".join(f"{name}={number(value)}" for name, value in found.dims.items())
    time = number(found.get("kernel time"))
    text = f"At {found.size} ({dims}) one run takes {time} ms on {found.chip} (measured)"
    speedup = found.get("speedup over MLX")
    text += f", {number(speedup)}x the speed of MLX in the same run." if speedup else "."
    share = found.get("share of the roof")
    if share is not None:
        text += f" That is {number(100 * share)} % of the {found.roof} roof (modelled): "
        text += f"{number(found.get('achieved bandwidth'))} GB/s and "
        text += f"{number(found.get('achieved arithmetic'))} GFLOP/s achieved."
    return text


def _rest(others: list[_Cause]) -> str:
    small = [cause for cause in others if cause.loss >= LEAST_LOSS]
    if small:
        told = (f"{_label(cause)}. {cause.shown}" for cause in small)
        return "Also seen, and smaller: " + " ".join(told)
    names = ", ".join(dict.fromkeys(map(_label, others)))
    return (
        f"The figures rule out as a larger cause: {names}." if names else "Nothing else was seen."
    )


def _label(cause: _Cause) -> str:
    return cause.bottleneck.replace("_", " ")


def _said(cause: _Cause) -> str:
    if cause.bottleneck == "unknown":
        return f"No bottleneck can be named. {cause.shown}"
    return f"The bottleneck is {_label(cause)}. {cause.shown}"


def _by_roof(found: Payload) -> _Cause:
    share = found.get("share of the roof")
    if not found.roof or share is None:
        text = "The roof of this chip is not known, and no counted cause stands out."
        return _Cause("unknown", 1.0, text)
    bottleneck: Bottleneck = "compute" if found.roof == "compute" else "memory_bandwidth"
    what = "arithmetic" if bottleneck == "compute" else "memory bandwidth"
    if share >= AT_ROOF:
        text = (
            f"The run is at {number(100 * share)} % of what the chip's {what} allows (modelled), "
        )
        text += "so only less work or less traffic can make it much faster."
    else:
        text = f"By its intensity the problem is bound by {what} (modelled). No counted "
        text += "cause explains the distance to the roof; latency that too few independent "
        text += "operations hide is what remains."
    return _Cause(bottleneck, 1 / share if share else 1.0, text)


def _overhead(found: Payload) -> list[_Cause]:
    empty, time = found.get("empty run"), found.get("kernel time")
    if not empty or not time:
        return []
    loss = time / max(time - empty, 0.1 * time)
    text = f"An empty run takes {number(empty)} ms of the "
    text += f"{number(time)} ms (measured)."
    return [_Cause("launch_overhead", loss, text)]


def _threads(found: Payload) -> list[_Cause]:
    groups, size = found.get("threadgroups"), found.get("threads a threadgroup")
    if groups is None or size is None:
        return []
    enough = 8.0  # threadgroups: fewer leave cores idle on any chip with as many
    loss = max(1.0, enough / groups) * max(1.0, 32.0 / size)
    text = f"{number(groups)} threadgroups of {number(size)} threads (measured) leave cores or "
    text += "lanes idle."
    return [_Cause("too_few_threads", loss, text)]


def _access(found: Payload) -> list[_Cause]:
    causes = []
    coalescing = found.get("coalescing")
    if coalescing:
        text = "Of the lines that a SIMD-group touches only "
        text += f"{number(100 * coalescing)} % would be needed (derived); neighbouring threads do "
        text += "not read neighbouring addresses."
        causes.append(_Cause("memory_access", 1 / coalescing, text))
    loaded = found.get("device memory loaded")
    distinct = found.get("device memory loaded, distinct")
    if loaded and distinct:
        text = f"Every byte is loaded {number(loaded / distinct)} "
        text += "times from device memory (measured)."
        # Caches serve part of what is read again.
        causes.append(_Cause("memory_access", (loaded / distinct) ** 0.5, text))
    return causes


def _local(found: Payload) -> list[_Cause]:
    factor = found.get("bank conflicts")
    if not factor:
        return []
    text = f"Bank conflicts make accesses {number(factor)} "
    text += "times as long (derived)."
    local = found.get("threadgroup memory loaded") or 0.0
    device = found.get("device memory loaded") or 1.0
    share = min(1.0, local / device)
    return [_Cause("threadgroup_memory", 1 + (factor - 1) * share, text)]


def _barriers(found: Payload) -> list[_Cause]:
    barriers, groups = found.get("barriers"), found.get("threadgroups counted")
    if not barriers or not groups:
        return []
    each = barriers / groups
    text = f"Every threadgroup waits at {number(each)} of them (measured)."
    return [_Cause("barriers", 1 + each / 24, text)]


def _lanes(found: Payload) -> list[_Cause]:
    active, partial = found.get("lanes active"), found.get("SIMD operations with lanes missing")
    if not active and not partial:
        return []
    loss = max(1 / (active or 1.0), 1 + (partial or 0.0))
    text = f"{number(100 * (active or 1.0))} % of the lanes are "
    text += (
        f"active (derived), and {number(100 * (partial or 0.0))} % of the SIMD-group operations "
    )
    text += "miss lanes (measured)."
    return [_Cause("divergence", loss, text)]


def _atomics(found: Payload) -> list[_Cause]:
    atomics = (found.get("atomics") or 0.0) + (found.get("float atomics") or 0.0)
    threads = found.get("threads counted")
    if not atomics or not threads:
        return []
    text = f"There are {number(atomics / threads)} a thread (measured)."
    return [_Cause("atomics", 1 + 4 * atomics / threads, text)]


_RULES: tuple[Callable[[Payload], list[_Cause]], ...] = (
    _overhead,
    _threads,
    _access,
    _local,
    _barriers,
    _lanes,
    _atomics,
)


@dataclass(frozen=True)
class Profiler:
    """Asks a model for the diagnosis; without a usable reply it is the rules'."""

    provider: Provider

    def diagnose(self, found: Payload, source: str, *, call_id: str) -> Diagnosis:
        """The diagnosis of these figures. What is not right needs no model."""
        by_rule = rule_diagnosis(found)
        if by_rule.bottleneck == "correctness":
            return by_rule
        ask = Ask(
            call_id=call_id,
            messages=(
                Message("system", render("profiler_system", {}), cache=True),
                Message("user", render("profiler_turn", {"payload": found, "source": source})),
            ),
            tool=TOOL,
            max_tokens=MAX_TOKENS,
        )
        answer = ask_for(self.provider, ask, DiagnosisReply, _repair)
        if isinstance(answer.found, BadReply | Failure):
            return Diagnosis(
                by_rule.bottleneck, by_rule.text, "rules", answer.usage, answer.prompt_sha256
            )
        origin = f"{self.provider.name}/{self.provider.model}"
        said = answer.found
        return Diagnosis(
            said.bottleneck, said.diagnosis, origin, answer.usage, answer.prompt_sha256
        )


def _repair(bad: BadReply) -> str:
    fields = list(DiagnosisReply.model_fields)
    return render("repair", {"detail": bad.detail, "tool": TOOL.name, "fields": fields})
