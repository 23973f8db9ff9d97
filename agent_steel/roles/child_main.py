"""The child's side of child.py: limits first, then one task, its answer into a file."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Name of a task to the module that holds it and its function; loaded once the limits are set.
TASKS = {
    "describe": ("agent_steel.roles.reference_child", "describe"),
    "survey": ("agent_steel.roles.reference_child", "survey"),
    "gates": ("agent_steel.roles.gates_child", "gates"),
}


def main() -> int:
    """Read the ask from standard input, answer into the file that the command line names."""
    ask = json.loads(sys.stdin.read())
    _limit(resource.RLIMIT_CPU, ask["cpu_s"])
    _limit(resource.RLIMIT_FSIZE, ask["file_bytes"])
    _limit(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":  # macOS has no limit on address space that works
        _limit(resource.RLIMIT_AS, ask["memory_bytes"])
    answer = task(ask["task"])(**ask["arguments"])
    Path(sys.argv[1]).write_text(json.dumps(answer), "utf-8")
    return 0


def task(name: str) -> Callable[..., Any]:
    """The function of a task."""
    import importlib

    module, function = TASKS[name]
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    sys.exit(main())
