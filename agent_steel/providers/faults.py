"""What an SDK raised, as a Fault. The two SDKs share one family of errors, so one table does."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from typing import Any

from agent_steel.providers.base import Usage
from agent_steel.providers.retrying import Fault, FaultKind
from agent_steel.providers.streams import Stalled

#: 529 is Anthropic's "overloaded".
_PASSING = {408: "timeout", 409: "unavailable", 429: "rate_limited", 529: "unavailable"}
#: Kinds of errors that arrive inside a stream, where the status is 200 already.
_IN_STREAM: Mapping[str, FaultKind] = {
    "overloaded_error": "unavailable",
    "api_error": "unavailable",
    "server_error": "unavailable",
    "timeout_error": "timeout",
    "rate_limit_error": "rate_limited",
}
#: "No money left" comes as 429 and does not pass.
_SPENT = ("insufficient_quota", "billing", "credit balance")
_DETAIL_CHARACTERS = 400


def fault_of(sdk: Any, problem: BaseException, usage: Usage) -> Fault | None:
    """The Fault that an exception of an SDK or of its transport is; None: it is a bug of ours."""
    detail = _first_line(problem)
    if isinstance(problem, (Stalled, sdk.APITimeoutError)):
        return Fault("timeout", detail, True, usage=usage)
    if isinstance(problem, sdk.APIStatusError):
        return _of_status(problem, detail, usage)
    if isinstance(problem, sdk.APIConnectionError):
        cause = problem.__cause__
        why = f": {_first_line(cause)}" if cause is not None else ""
        return Fault("unavailable", detail + why, True, usage=usage)
    if isinstance(problem, sdk.APIError):
        return _of_stream(problem, detail, usage)
    # While a stream is read, errors of the transport come as they are.
    if type(problem).__module__.partition(".")[0].startswith(("httpx", "httpcore")):
        kind: FaultKind = "timeout" if "Timeout" in type(problem).__name__ else "unavailable"
        return Fault(kind, f"{type(problem).__name__}: {detail}", True, usage=usage)
    return None


def _of_status(problem: Any, detail: str, usage: Usage) -> Fault:
    status = int(problem.status_code)
    if status < 400:
        return _of_stream(problem, detail, usage)
    after = _retry_after(problem.response.headers)
    if status == 429 and any(word in detail.lower() for word in _SPENT):
        return Fault("rejected", detail, False, usage=usage)
    kind: Any = _PASSING.get(status, "unavailable" if status >= 500 else "rejected")
    return Fault(kind, detail, kind != "rejected", after, usage)


def _of_stream(problem: Any, detail: str, usage: Usage) -> Fault:
    """An error that was sent as part of a reply."""
    body = getattr(problem, "body", None)
    error = body.get("error", body) if isinstance(body, Mapping) else {}
    named = str(error.get("type", "")) if isinstance(error, Mapping) else ""
    kind = _IN_STREAM.get(named, "rejected" if named.endswith("request_error") else "unavailable")
    return Fault(kind, detail, kind != "rejected", usage=usage)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks for, as a number, in milliseconds or as a date."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1e3
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    date = email.utils.parsedate_tz(text)
    return None if date is None else max(0.0, email.utils.mktime_tz(date) - time.time())


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _first_line(problem: BaseException) -> str:
    text = str(problem).strip() or type(problem).__name__
    return text.splitlines()[0][:_DETAIL_CHARACTERS]
