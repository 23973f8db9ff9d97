"""Options of a request that an endpoint may not know: dropped when it says so, and not sent again.

Models and compatible servers differ in what they accept, and they say so in one way: a 400 that
names the option.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


class Options:
    """Which optional fields of a request are still sent."""

    def __init__(self, droppable: Iterable[str]) -> None:
        self._droppable = tuple(droppable)
        self.dropped: set[str] = set()

    def kept(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """A request without what was refused before."""
        return {name: value for name, value in request.items() if name not in self.dropped}

    def refused(self, message: str, request: Mapping[str, Any]) -> bool:
        """Note the option that a 400's message names; False if it names none that was sent."""
        for name in self._droppable:
            if name in message and name in request:
                self.dropped.add(name)
                return True
        return False


def object_of(text: str) -> Mapping[str, Any] | None:
    """A JSON object, or None: the arguments of a tool may be malformed or cut off."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
