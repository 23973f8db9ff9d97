"""The entry of `./bench`: from the first import on, Ctrl-C ends with 130, not a traceback."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Run the command line."""
    try:
        # The launcher blocks it while interpreters start; one that came meanwhile is raised here.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        from harness.cli import main as run  # delayed: an interrupt while importing is caught too

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
