"""`python -m harness.command.prepare`: builds the native host, warms the compiler, visibly."""

from __future__ import annotations

import sys
import time

from harness import console, devices
from harness.devices import metal_build
from harness.devices.base import Source
from harness.errors import ExitCode, HostFailure, UserError
from harness.evaluation import Refusal
from harness.problem import catalog
from msl import host_build
from msl.toolchain import ToolchainError

#: Anything small: what counts is that the compiler and its headers have been used once.
_FIRST = "kernel void first(device float* y [[buffer(0)]]) { y[0] = 1.0f; }\n"


def main() -> int:
    """Do it; the exit code."""
    started = time.monotonic()
    try:
        if sys.platform == "darwin":
            metal_build.host()
            console.say("the Metal host is ready")
            return ExitCode.PASSED
        host_build.ensure_host(progress=console.say)
        device = devices.open_device("cpu")
        built = device.build(Source(_FIRST, "first.metal", catalog.sha256_of(_FIRST)), ["first"])
    except host_build.HostBuildError as error:
        console.error(error.message, error.hint)
        return ExitCode.ENVIRONMENT
    except ToolchainError as error:
        console.error(str(error), "python3 setup.py")
        return ExitCode.ENVIRONMENT
    except UserError as error:
        console.error(error.message, error.hint)
        return error.exit_code
    if isinstance(built, Refusal):
        raise HostFailure(f"the compiler refused a kernel of ours: {built.reason}")
    console.say(f"native host and compiler are ready ({time.monotonic() - started:.1f} s)")
    return ExitCode.PASSED


if __name__ == "__main__":
    sys.exit(main())
