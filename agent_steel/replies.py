"""Replies of models against the schema of their role: a typed value, or why there is none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from agent_steel.providers.base import Ask, Completion, Failure, Message, Provider, Tool, Usage
from agent_steel.providers.options import object_of

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Source = Annotated[str, StringConstraints(min_length=1)]
BadKind = Literal["malformed", "truncated", "no_code", "refused"]
Bottleneck = Literal[
    "launch_overhead",
    "too_few_threads",
    "memory_bandwidth",
    "memory_access",
    "compute",
    "threadgroup_memory",
    "barriers",
    "divergence",
    "atomics",
    "correctness",
    "unknown",
]


class Reply(BaseModel):
    """What a role answers. Field descriptions are shown to the model."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class KernelReply(Reply):
    """The Optimizer's: one whole file."""

    technique: Text = Field(description="The one idea of this version, in one line.")
    source: Source = Field(
        description="The complete .metal file: header lines (//! ...), includes, kernel functions."
    )


class DiagnosisReply(Reply):
    """The Profiler's."""

    bottleneck: Bottleneck = Field(description="The one bottleneck that limits this kernel most.")
    diagnosis: Text = Field(
        description="Two or three paragraphs that cite the figures. No remedy, no code."
    )


class AuthoredReply(Reply):
    """The Welder's: a problem and a first kernel."""

    definition: Text = Field(description="The complete Python file that defines SPEC.")
    source: Text = Field(description="The complete .metal file that solves it.")
    notes: str = Field(default="", description="What a reviewer should know, in a few lines.")


class PolishReply(Reply):
    """The Welder's pull-request text."""

    title: Text = Field(description="The title: at most 72 characters.")
    body: Text = Field(description="The description, in Markdown.")
    issues: list[str] = Field(default_factory=list, description="What a reviewer should look at.")


R = TypeVar("R", bound=Reply)


@dataclass(frozen=True)
class BadReply:
    """A reply that is none, and why."""

    kind: BadKind
    detail: str


@dataclass(frozen=True)
class Answer(Generic[R]):
    """What an ask and, where it was needed, its repair came to, with what both cost."""

    found: R | BadReply | Failure
    usage: Usage
    prompt_sha256: str


_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n(.*?)^ {0,3}\1[ \t]*$", re.DOTALL | re.MULTILINE)
_OPEN_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n(.*)\Z", re.DOTALL | re.MULTILINE)
_KERNEL = re.compile(r"\bkernel\s+void\b|\[\[\s*kernel\s*\]\]|\bkernel ")
_DETAIL_ERRORS = 4


def tool_of(schema: type[Reply], name: str, description: str) -> Tool:
    """The tool whose arguments are a role's reply."""
    return Tool(name, description, _plain(schema.model_json_schema()))


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema without titles, which cost tokens and tell nothing."""
    kept = {name: value for name, value in schema.items() if name not in ("title", "description")}
    properties = {
        name: {key: value for key, value in item.items() if key != "title"}
        for name, item in schema.get("properties", {}).items()
    }
    return {**kept, "properties": properties, "additionalProperties": False}


def parse(completion: Completion, schema: type[R]) -> R | BadReply:
    """The reply of a completion.

    The tool's arguments if it was called, else a JSON object in the text, and for a kernel else the
    longest fenced block that holds one. What was cut off is `truncated`, never malformed: the model
    must not be told that its JSON is bad.
    """
    if completion.stop_reason == "refused":
        return BadReply("refused", completion.text.strip()[:400] or "the model declined")
    if completion.stop_reason == "length":
        return BadReply("truncated", "the reply was cut off by the limit on its length")
    arguments = completion.arguments
    if arguments is None:
        arguments = _object_in(completion.text)
    if arguments is not None:
        return _validated(arguments, schema)
    if schema is KernelReply:
        return _fallback(completion.text, schema)
    if not completion.text.strip():
        return BadReply("malformed", "the reply is empty")
    return BadReply("malformed", "the reply holds no JSON object with the fields asked for")


def _validated(arguments: Any, schema: type[R]) -> R | BadReply:
    try:
        found = schema.model_validate(arguments)
    except ValidationError as problem:
        errors = problem.errors()[:_DETAIL_ERRORS]
        shown = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'reply'}: {e['msg']}" for e in errors)
        return BadReply("malformed", shown)
    if isinstance(found, KernelReply):
        source = unfenced(found.source)
        if not _KERNEL.search(source):
            return BadReply("no_code", "`source` holds no kernel function")
        return found.model_copy(update={"source": source})
    return found


def _fallback(text: str, schema: type[R]) -> R | BadReply:
    source = longest_kernel(text)
    if source is None:
        opened = _OPEN_FENCE.search(_FENCE.sub("", text))
        if opened is not None and _KERNEL.search(opened[2]):
            return BadReply("truncated", "a block of code begins and does not end")
        if text.lstrip().startswith("{"):
            return BadReply("malformed", "the reply is no valid JSON object")
        return BadReply("no_code", "the reply holds no block of code with a kernel function")
    return _validated({"technique": _idea(text), "source": source}, schema)


def longest_kernel(text: str) -> str | None:
    """The longest fenced block that holds a kernel function."""
    blocks = [match[2] for match in _FENCE.finditer(text) if _KERNEL.search(match[2])]
    return max(blocks, key=len, default=None)


def unfenced(source: str) -> str:
    """A file that a model put into a fence although it was asked for the file."""
    match = _FENCE.fullmatch(source.strip())
    return (match[2] if match else source).rstrip() + "\n"


def _idea(text: str) -> str:
    """The first line of prose of a reply without fields."""
    prose = _FENCE.sub("", text).splitlines()
    lines = (line.strip(" #*`-") for line in prose)
    return next((line for line in lines if line), "not said")[:160]


def _object_in(text: str) -> Any:
    """A JSON object that is the text, or a fenced block of it."""
    whole = object_of(text.strip())
    if whole is not None:
        return whole
    blocks = (object_of(match[2].strip()) for match in _FENCE.finditer(text))
    return next((block for block in blocks if block is not None), None)


def ask_for(
    provider: Provider,
    ask: Ask,
    schema: type[R],
    repair: Callable[[BadReply], str],
    check: Callable[[R], str] | None = None,
) -> Answer[R]:
    """Ask, parse, and where the reply is malformed or holds no code, ask once more.

    The second call is "<call_id>-repair": it shows the reply with what is wrong with it, as the
    text that `repair` makes. `check` may find a parsed reply wanting; its text is the reason.
    """
    first = provider.complete(ask)
    if isinstance(first, Failure):
        return Answer(first, first.usage, ask.prompt_sha256)
    found = _checked(parse(first, schema), check)
    if not isinstance(found, BadReply) or found.kind not in ("malformed", "no_code"):
        return Answer(found, first.usage, ask.prompt_sha256)
    again = replace(
        ask,
        call_id=f"{ask.call_id}-repair",
        messages=(
            *ask.messages,
            Message("assistant", _as_said(first)),
            Message("user", repair(found)),
        ),
    )
    second = provider.complete(again)
    usage = first.usage + second.usage
    if isinstance(second, Failure):
        return Answer(second, usage, ask.prompt_sha256)
    return Answer(_checked(parse(second, schema), check), usage, ask.prompt_sha256)


def _checked(found: R | BadReply, check: Callable[[R], str] | None) -> R | BadReply:
    if check is None or isinstance(found, BadReply):
        return found
    wanting = check(found)
    return BadReply("malformed", wanting) if wanting else found


def _as_said(completion: Completion) -> str:
    """The reply as a turn of text; an API refuses an empty one."""
    if completion.arguments is not None:
        return json.dumps(dict(completion.arguments), ensure_ascii=False)[:20_000]
    return completion.text[:20_000].rstrip() or "(empty)"
