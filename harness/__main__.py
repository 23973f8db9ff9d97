"""The entry of `./bench`: Ctrl-C ends it at any moment, and never with a traceback."""

from __future__ import annotations

import signal
import sys
from types import FrameType

#: An interrupt that a library swallowed is raised again after so long.
SECOND_CHANCE_S = 2.0


def main() -> int:
    """Run the command line."""
    # While modules load there is nothing to clean up, and an exception raised inside an extension's
    # import can get lost: the signal itself ends the process. The launcher blocks it until here.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    from harness.command.cli import main as run  # delayed: see above

    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGALRM, _interrupt)
    try:
        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.setitimer(signal.ITIMER_REAL, SECOND_CHANCE_S)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
