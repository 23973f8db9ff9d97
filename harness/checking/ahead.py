"""Compiles a candidate before its turn comes: both builds into the cache, and judges nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from harness import locks
from harness.checking import checked_judging
from harness.devices.base import Device, Source
from harness.devices.cpu import CpuDevice
from harness.problem import tracks
from harness.problem.catalog import Kernel
from harness.problem.header import HeaderError, parse_header
from harness.problem.schedule import functions_of


def build(kernel: Kernel, source: Source, device: Device) -> None:
    """Compile a source for `device`, and its checked twin beside it, while nobody times anything.

    What does not compile is found again, from the cache, by whoever judges it: so nothing is
    returned. UserError as judging raises it. `device` must be in use by no other thread.
    """
    header = parse_header(source.text)
    if isinstance(header, HeaderError):
        return
    functions = functions_of(header, tracks.spec_for(kernel.spec, header.track))
    with (
        locks.device(device.name, f"compiling {kernel.name}", exclusive=False),
        ThreadPoolExecutor(1) as beside,
    ):
        if checked_judging.is_checked(device) and not checked_judging.is_known(kernel, source):
            twin = beside.submit(CpuDevice().build, source, functions, checked=True)
            device.build(source, functions)
            twin.result()
        else:
            device.build(source, functions)
