"""The entry of `python -m agent_steel`: makes the environment if it is missing, as ./bench does."""

import importlib  # before the environment there is the standard library alone
import os
import sys
from typing import Any


def main() -> int:
    """Run the command line in the project's own environment."""
    enter_environment("agent_steel")
    from agent_steel.cli import main as run  # delayed: it needs the environment

    return int(run(sys.argv[1:]))


def enter_environment(module: str) -> None:
    """Go on if this python is that of the environment, else become `-m module` in that one."""
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    setup = importlib.import_module("setup")
    if not in_environment(setup):
        setup.enter(["-m", module, *sys.argv[1:]])


def in_environment(setup: Any) -> bool:
    """Whether this python is that of the environment, and the environment is complete."""
    python = setup.find_python()
    if not python or not setup.is_ready(()):
        return False
    same = os.path.dirname(os.path.abspath(sys.executable)) == os.path.dirname(python)
    return bool(same) and (not os.path.isdir(setup.PACKAGES) or setup.PACKAGES in sys.path)


if __name__ == "__main__":
    sys.exit(main())
