"""The one retry policy of all providers: which faults are tried again, after how long."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from agent_steel.providers.base import Completion, Failure, Usage

FaultKind = Literal["unavailable", "rate_limited", "timeout", "rejected"]


@dataclass(frozen=True)
class Fault:
    """One call that came to nothing. `usage`: what it was billed for all the same."""

    kind: FaultKind
    detail: str
    passing: bool  # whether the same call may succeed later
    retry_after_s: float | None = None
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class Limits:
    """Time-outs and retries of one provider, in seconds."""

    attempts: int = 6
    connect_s: float = 20.0
    #: Without a single piece of a reply, then without the next one. Thinking may say nothing long.
    first_s: float = 600.0
    stall_s: float = 180.0
    total_s: float = 1800.0
    back_off_s: float = 1.0
    longest_wait_s: float = 90.0
    longest_asked_s: float = 300.0  # a server that asks for a longer wait is given up


@dataclass
class Waiting:
    """How time passes; tests put their own in."""

    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


def wait_s(limits: Limits, attempt: int, asked_s: float | None, jitter: float) -> float:
    """Seconds before try number `attempt` + 1 (tries count from 1).

    Doubles from `back_off_s`, between half and all of it at random, so that many clients do not
    come back at once. What a server asks for holds.
    """
    if asked_s is not None:
        return max(asked_s, 0.0)
    full = min(limits.back_off_s * 2.0 ** (attempt - 1), limits.longest_wait_s)
    return full * (0.5 + 0.5 * jitter)


def persist(
    once: Callable[[], Completion | Fault], limits: Limits, waiting: Waiting
) -> Completion | Failure:
    """Call until there is a reply, a fault that will not pass, or no try left.

    The tokens that failed tries were billed for count in the usage of whatever comes out.
    """
    lost = Usage()
    for attempt in range(1, limits.attempts + 1):
        found = once()
        if isinstance(found, Completion):
            return replace(found, usage=found.usage + lost, attempts=attempt)
        lost = lost + found.usage
        last = attempt == limits.attempts
        too_long = (found.retry_after_s or 0.0) > limits.longest_asked_s
        if not found.passing or last or too_long:
            tries = f" (after {attempt} tries)" if attempt > 1 else ""
            return Failure(found.kind, found.detail + tries, lost)
        waiting.sleep(wait_s(limits, attempt, found.retry_after_s, waiting.jitter()))
    raise AssertionError("a policy allows one attempt or more")
