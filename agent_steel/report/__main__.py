"""The entry of `python -m agent_steel.report RUN...`: writes the reports of runs again."""

import sys

from agent_steel.__main__ import enter_environment


def main() -> int:
    """Run the command line in the project's own environment."""
    enter_environment("agent_steel.report")
    from agent_steel.report.cli import main as run  # delayed: it needs the environment

    return int(run(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
