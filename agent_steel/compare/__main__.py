"""The entry of `python -m agent_steel.compare plan.toml`."""

import sys

from agent_steel.__main__ import enter_environment


def main() -> int:
    """Run the command line in the project's own environment."""
    enter_environment("agent_steel.compare")
    from agent_steel.compare.cli import main as run  # delayed: it needs the environment

    return int(run(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
