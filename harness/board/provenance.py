"""How far a Record can be believed: claimed, reproduced on other machines, or stale.

Nothing of it is stored as a verdict: it follows from a Record's environment and its attestations
whenever somebody reads them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from harness.board.documents import SamplesDocument, Strict
from harness.evaluation import Status

State = Literal["reproduced", "claimed", "stale"]
#: The order of rows on the board, the most trusted first.
STATES: tuple[State, ...] = ("reproduced", "claimed", "stale")
MEANINGS: Mapping[State, str] = {
    "reproduced": "n other machines of this chip measured the recorded source again and their "
    "interval of the speedup meets the Record's",
    "claimed": "one machine measured it, confirmed it in a fresh process and passed the gate",
    "stale": "a newer OS, MLX or harness is in use on this chip than anybody measured it with; "
    "ranked last, measured again by the next record run",
}
#: What a figure depends on beside source and chip: if one of them changes, it has to be renewed.
DEPENDS_ON = ("os", "os_release", "mlx", "harness")

Interval = tuple[float, float]
Environment = Mapping[str, Any]


class Attestation(Strict):
    """What a machine found when it measured the source of a Record again."""

    machine: str = Field(description="hash that tells machines apart and names none")
    attested_at: str = Field(description="UTC, to the second")
    environment: dict[str, Any] = Field(description="versions of what measured")
    status: Status
    speedup: float | None = Field(description="null: the source did not pass there")
    speedup_ci: Interval | None
    agrees: bool = Field(description="its interval meets the Record's; readers look for themselves")
    seed_sha256: str
    samples: SamplesDocument | None


def meet(one: Interval | None, other: Interval | None) -> bool:
    """Whether two intervals overlap; one that is missing meets nothing."""
    return one is not None and other is not None and max(one[0], other[0]) <= min(one[1], other[1])


def confirming(
    environment: Environment, interval: Interval | None, attestations: Sequence[Attestation]
) -> list[Attestation]:
    """The attestations that reproduce a Record: the newest of each other machine, if it agrees.

    A Record that does not say which machine it comes from has no *other* machines.
    """
    own = environment.get("machine_hash")
    if not own:
        return []
    newest = {one.machine: one for one in sorted(attestations, key=lambda a: a.attested_at)}
    return [
        one
        for machine, one in sorted(newest.items())
        if machine != own and one.status is Status.PASSED and meet(one.speedup_ci, interval)
    ]


def changes(before: Environment, now: Environment) -> list[str]:
    """What a figure depends on and is newer now, in words. An older reader makes nothing stale."""
    return [
        f"{name} {before.get(name, 'unknown')}, now {now[name]}"
        for name in DEPENDS_ON
        if name in now and _is_older(before.get(name), now[name])
    ]


def _is_older(before: Any, now: Any) -> bool:
    if before is None or not _version(now):
        return bool(before != now)
    return _version(before) < _version(now)


def _version(value: Any) -> tuple[int, ...]:
    """The numbers in a version, to compare by; empty for a name."""
    return tuple(int(part) for part in re.findall(r"\d+", str(value)))


def newest(environments: Sequence[Environment]) -> dict[str, Any]:
    """The latest of everything that a figure depends on, over all of them."""
    known = {name: [e[name] for e in environments if e.get(name)] for name in DEPENDS_ON}
    return {name: max(values, key=_version) for name, values in known.items() if values}


def stale_because(
    environment: Environment,
    interval: Interval | None,
    attestations: Sequence[Attestation],
    now: Environment,
) -> list[str]:
    """What changed since anybody measured this; nothing if it, or who reproduced it, is current."""
    own = [one for one in attestations if one.machine == environment.get("machine_hash")]
    agreeing = [one for one in own if meet(one.speedup_ci, interval)]
    agreeing += confirming(environment, interval, attestations)
    if any(not changes(one.environment, now) for one in agreeing):
        return []
    return changes(environment, now)


def standing(state: State) -> int:
    """A row's place by trust: smaller is higher."""
    return STATES.index(state)
