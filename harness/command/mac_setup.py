"""What a Mac needs before the environment: standard library and syntax of Python 3.6, as setup.py
loads this file by its path, before there is any environment."""

import collections
import re
from typing import Any

OLDEST_MACOS = 14
#: Residency sets are declared from here on; the host asks at run time whether they are there.
OLDEST_SDK = 15
#: What the optional Metal toolchain costs, as seen with Xcode 26 and 27.
TOOLCHAIN_COST = "690 to 840 MB, a few minutes"

#: One line of the report. `needed`: nothing works without it. `command`: exactly what to run.
Step = collections.namedtuple("Step", "what ok detail command needed")


def steps(run: Any) -> Any:
    """Every step until one that is needed fails. `run` takes a command as a list and gives its exit
    code (None: no such program, or it never ended) and what it printed."""
    found = []
    for check in (platform, interpreter, tools, toolchain, chip):
        found.append(check(run))
        if found[-1].needed and not found[-1].ok:
            break
    return found


def platform(run: Any) -> Any:
    """macOS is new enough, and the processor is Apple's."""
    _, version = run(["sw_vers", "-productVersion"])
    match = re.match(r"(\d+)", version.strip())
    if not match:
        command = "sw_vers   (and report what it prints)"
        return Step("platform", False, "the version of macOS cannot be told", command, True)
    if int(match.group(1)) < OLDEST_MACOS:
        detail = f"macOS {version.strip()} is older than {OLDEST_MACOS}"
        return Step("platform", False, detail, "softwareupdate --list", True)
    code, arm = run(["sysctl", "-n", "hw.optional.arm64"])
    if code != 0 or arm.strip() != "1":
        detail = "an Intel Mac: kernels are judged for Apple silicon"
        command = "ssh to a Mac with Apple silicon, or use Linux"
        return Step("platform", False, detail, command, True)
    return Step("platform", True, "macOS " + version.strip() + ", Apple silicon", "", True)


def interpreter(run: Any) -> Any:
    """This python is not translated: MLX has no wheel for x86 Macs."""
    code, translated = run(["sysctl", "-n", "sysctl.proc_translated"])
    if code == 0 and translated.strip() == "1":
        detail = "this python runs under Rosetta, and MLX needs a native one"
        return Step("python", False, detail, "arch -arm64 /usr/bin/python3 setup.py", True)
    return Step("python", True, "native", "", True)


def tools(run: Any) -> Any:
    """The Command Line Tools: they build the host."""
    code, where = run(["xcode-select", "-p"])
    if code != 0:
        detail = "no Command Line Tools (about 1 GB, ten minutes)"
        return Step("command line tools", False, detail, "xcode-select --install", True)
    code, said = run(["xcrun", "clang", "--version"])
    if code != 0 and "license" in said:
        command = "sudo xcodebuild -license accept"
        return Step("command line tools", False, "Xcode's licence is not accepted", command, True)
    if code != 0:
        detail = f"the tools at {where.strip()} do not work; an upgrade of macOS does that"
        command = "sudo xcode-select --reset && xcode-select --install"
        return Step("command line tools", False, detail, command, True)
    _, sdk = run(["xcrun", "--sdk", "macosx", "--show-sdk-version"])
    match = re.match(r"(\d+)", sdk.strip())
    if not match or int(match.group(1)) < OLDEST_SDK:
        detail = f"their SDK is {sdk.strip() or 'missing'}; the host needs {OLDEST_SDK} or newer"
        command = "sudo rm -rf /Library/Developer/CommandLineTools && xcode-select --install"
        if "Xcode" in where:
            command = "update Xcode in the App Store"
        return Step("command line tools", False, detail, command, True)
    detail = where.strip() + ", SDK " + sdk.strip()
    return Step("command line tools", True, detail, "", True)


def toolchain(run: Any) -> Any:
    """The offline compiler, which nothing but `make kernels` needs."""
    code, said = run(["xcrun", "-sdk", "macosx", "metal", "--version"])
    if code == 0:
        return Step("metal toolchain", True, (said.strip().splitlines() or [""])[0], "", False)
    _, where = run(["xcode-select", "-p"])
    if "Xcode" in where:
        detail = f"absent; only `make kernels` needs it ({TOOLCHAIN_COST})"
        command = "xcodebuild -downloadComponent MetalToolchain"
    else:
        detail = "absent; only `make kernels` needs it, and it comes with Xcode alone"
        command = "install Xcode, then: xcodebuild -downloadComponent MetalToolchain"
    return Step("metal toolchain", False, detail, command, False)


def chip(run: Any) -> Any:
    """The chip as it names itself; a virtual one judges and is never ranked."""
    _, name = run(["sysctl", "-n", "machdep.cpu.brand_string"])
    _, accelerator = run(["ioreg", "-rc", "AGXAccelerator", "-d1"])
    count = re.search(r'"gpu-core-count"\s*=\s*(\d+)', accelerator)
    _, model = run(["sysctl", "-n", "hw.model"])
    name = name.strip() or "a chip that does not say its name"
    if "virtual" in (name + model).lower():
        detail = name + ", virtual: kernels are judged here and never ranked"
        return Step("chip", False, detail, "", False)
    if not count:
        detail = name + ", GPU cores unknown: no peaks, so no roofline"
        return Step("chip", False, detail, "ioreg -rc AGXAccelerator -d1", False)
    return Step("chip", True, f"{name}, {count.group(1)} GPU cores", "", False)


def lines(found: Any) -> Any:
    """The report as text, the commands below what they mend."""
    out = []
    for step in found:
        mark = "ok  " if step.ok else "FAIL" if step.needed else "none"
        out.append(f"{mark}  {step.what:<18} {step.detail}")
        if not step.ok and step.command:
            out.append("      run: " + step.command)
    return out
