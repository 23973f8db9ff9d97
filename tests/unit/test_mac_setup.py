"""What setup says on a Mac, in every state that one can be in, with its commands played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from harness.command import mac_setup

#: A Mac on which everything works; each state below changes some of it.
WHOLE: dict[str, tuple[int | None, str]] = {
    "sw_vers -productVersion": (0, "15.5\n"),
    "sysctl -n hw.optional.arm64": (0, "1\n"),
    "sysctl -n sysctl.proc_translated": (0, "0\n"),
    "xcode-select -p": (0, "/Applications/Xcode.app/Contents/Developer\n"),
    "xcrun clang --version": (0, "Apple clang version 17.0.0\n"),
    "xcrun --sdk macosx --show-sdk-version": (0, "15.5\n"),
    "xcrun -sdk macosx metal --version": (0, "Apple metal version 32023.622\n"),
    "sysctl -n machdep.cpu.brand_string": (0, "Apple M4 Max\n"),
    "ioreg -rc AGXAccelerator -d1": (0, '    "gpu-core-count" = 40\n'),
    "sysctl -n hw.model": (0, "Mac16,5\n"),
}
NO_METAL = (1, "error: cannot execute tool 'metal' due to missing Metal Toolchain")
CLT = (0, "/Library/Developer/CommandLineTools\n")
LICENCE = (69, "You have not agreed to the Xcode license agreements.")
BROKEN = (1, "xcrun: error: invalid active developer path (/Library/Developer/CommandLineTools)")
METAL = "xcrun -sdk macosx metal --version"
SDK = "xcrun --sdk macosx --show-sdk-version"
ACCELERATOR, BRAND = "ioreg -rc AGXAccelerator -d1", "sysctl -n machdep.cpu.brand_string"

#: state: what differs, the step that fails or "", what it says, part of what to run, if fatal
STATES: dict[str, tuple[dict[str, tuple[int | None, str]], str, str, str, bool]] = {
    "all is well": ({}, "", "", "", False),
    "an Intel Mac": (
        {"sysctl -n hw.optional.arm64": (1, "unknown oid")},
        *("platform", "Intel", "Apple silicon", True),
    ),
    "an old macOS": (
        {"sw_vers -productVersion": (0, "13.7.1")},
        *("platform", "13.7.1 is older", "softwareupdate --list", True),
    ),
    "no sw_vers": (
        {"sw_vers -productVersion": (None, "")},
        *("platform", "cannot be told", "sw_vers", True),
    ),
    "under Rosetta": (
        {"sysctl -n sysctl.proc_translated": (0, "1\n")},
        *("python", "Rosetta", "arch -arm64", True),
    ),
    "no Command Line Tools": (
        {"xcode-select -p": (2, "unable to get active developer directory")},
        *("command line tools", "no Command Line Tools", "xcode-select --install", True),
    ),
    "the licence is not accepted": (
        {"xcrun clang --version": LICENCE},
        *("command line tools", "licence", "sudo xcodebuild -license accept", True),
    ),
    "tools broken by an upgrade": (
        {"xcode-select -p": CLT, "xcrun clang --version": BROKEN},
        *("command line tools", "do not work", "sudo xcode-select --reset", True),
    ),
    "tools of an older Xcode": (
        {"xcode-select -p": CLT, SDK: (0, "14.5\n")},
        *("command line tools", "SDK is 14.5", "xcode-select --install", True),
    ),
    "tools without an SDK": (
        {SDK: (1, "")},
        *("command line tools", "SDK is missing", "update Xcode", True),
    ),
    "clang never ends": (
        {"xcrun clang --version": (None, "")},
        *("command line tools", "do not work", "sudo xcode-select --reset", True),
    ),
    "Xcode 26 without the toolchain": (
        {METAL: NO_METAL},
        *(
            "metal toolchain",
            "690 to 840 MB",
            "xcodebuild -downloadComponent MetalToolchain",
            False,
        ),
    ),
    "Command Line Tools alone": (
        {"xcode-select -p": CLT, METAL: (72, "unable to find utility")},
        *("metal toolchain", "comes with Xcode alone", "install Xcode", False),
    ),
    "a hosted runner": (
        {BRAND: (0, "Apple M1 (Virtual)\n"), ACCELERATOR: (0, "")},
        *("chip", "never ranked", "", False),
    ),
    "a virtual model with a real name": (
        {"sysctl -n hw.model": (0, "VirtualMac2,1\n")},
        *("chip", "never ranked", "", False),
    ),
    "no accelerator in the registry": (
        {ACCELERATOR: (0, "")},
        *("chip", "GPU cores unknown", "ioreg", False),
    ),
    "a chip without a name": (
        {BRAND: (1, ""), ACCELERATOR: (None, "")},
        *("chip", "does not say its name", "ioreg", False),
    ),
}


def player(changes: dict[str, tuple[int | None, str]]) -> Callable[[Sequence[str]], Any]:
    known = {**WHOLE, **changes}
    return lambda command: known[" ".join(command)]


@pytest.mark.parametrize("state", STATES)
def test_every_state_says_what_to_run(state: str) -> None:
    changes, what, says, command, fatal = STATES[state]
    report = mac_setup.steps(player(changes))
    failed = [step for step in report if not step.ok]
    assert [step.what for step in failed] == ([what] if what else [])
    if what:
        assert says in failed[0].detail and command in failed[0].command
        assert failed[0].needed is fatal
        assert (report[-1] is failed[0]) or not fatal, "nothing is asked after what is needed fails"
    text = "\n".join(mac_setup.lines(report))
    assert text.count("run: ") == sum(bool(step.command) for step in failed)


def test_the_bootstrap_ends_with_the_one_command(capsys: pytest.CaptureFixture[str]) -> None:
    import setup

    setup.check_mac(player({METAL: NO_METAL}))
    assert "MetalToolchain" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        setup.check_mac(player({"xcode-select -p": (2, "")}))
    assert caught.value.code == 3
    said = capsys.readouterr().err
    assert said.rstrip().endswith("run this: xcode-select --install")


def test_a_missing_tool_has_no_exit_code() -> None:
    import setup

    assert setup.output_of(["no-such-program-anywhere"]) == (None, "")
