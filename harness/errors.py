"""What can go wrong outside a kernel, and the exit codes. A wrong kernel is a value instead."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of `./bench` and of the agents; over several kernels the worst one wins."""

    PASSED = 0
    REFUSED = 1
    USAGE = 2
    ENVIRONMENT = 3
    HOST_FAILED = 4
    NEEDS_DEVICE = 5  # --verify: right here, and somebody with the chip has to measure it
    NEEDS_HUMAN = 6  # --verify: more than kernels and Records changed


class UserError(Exception):
    """A mistake that its message and hint let the user mend; printed without a traceback."""

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class EnvironmentFault(UserError):
    """Something this machine lacks: a compiler, a device, a writable folder."""

    exit_code = ExitCode.ENVIRONMENT


class HostFailure(UserError):
    """The supervisor itself died or broke the protocol: a fault of ours, never of a kernel."""

    exit_code = ExitCode.HOST_FAILED
