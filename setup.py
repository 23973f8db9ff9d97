#!/usr/bin/env python3
"""Makes the environment and says what is missing: standard library only, syntax of Python 3.6.

    python3 setup.py                 make or mend the environment, then run the doctor
    python3 setup.py --run ARGS...   make it if it is missing, then run its python with ARGS
    python3 setup.py --bench ARGS... the same for `./bench`, without what only tests need

Safe to run twice, and twice at the same time. It needs no root. `./bench` and `make` call it.
"""

import _signal  # built in, at once; `signal` loads enum first

if __name__ == "__main__":
    # Ctrl-C ends this quietly, while it loads too, until there is something to clean up.
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
VENV = os.path.join(HERE, ".venv")
PACKAGES = os.path.join(VENV, "packages")  # where `pip --target` puts them, without any venv
OLDEST = (3, 10)
NEWEST_TRIED = 15
#: Where a Mac's installers put a python that is on no PATH yet: Homebrew, python.org, uv.
MAC_FOLDERS = (
    "/opt/homebrew/bin",
    "/Library/Frameworks/Python.framework/Versions/Current/bin",
    "/usr/local/bin",
    "~/.local/bin",
)
GROUPS = ("", "dev")  # "": what every run needs; "dev": what the tests need as well
ENVIRONMENT_ERROR = 3
#: `python -m harness`, with this folder on the path in place of the one the user stands in.
BENCH = f"import sys; sys.path[0] = {HERE!r}; from harness.__main__ import main; sys.exit(main())"


def main(arguments):
    """Exit code of the command line above."""
    if arguments[:1] == ["--run"]:
        enter(arguments[1:], extras=("dev",))
    if arguments[:1] == ["--bench"]:
        enter(["-c", BENCH, *arguments[1:]])
    if arguments in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0
    if arguments:
        print("usage: python3 setup.py [--run ARGS...]", file=sys.stderr)
        return 2
    python = make(("dev",))
    return subprocess.call([python, "-m", "harness.command.doctor"], cwd=HERE, env=environment())


def enter(arguments, extras=()):
    """Replace this process by the environment's python with `arguments`."""
    python = find_python() if is_ready(extras) else make(extras)
    # Starting an interpreter takes a while in which Ctrl-C would print a traceback: it waits until
    # harness.__main__ is ready for it.
    if arguments[:1] == ["-c"]:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.execve(python, [python, *arguments], environment())


def make(extras):
    """Make the environment, one process at a time; the path of its python."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.platform == "darwin":
        check_mac()
    base = newest_python()
    if not os.access(HERE, os.W_OK):
        fail(f"{HERE} is not writable", f"cp -r '{HERE}' ~/ and run it there")
    with locked():
        if not is_ready(extras):
            started = time.time()
            verb = "mending" if find_python() else "making"
            say(f"{verb} the environment in .venv (once; a minute or two with a network)")
            make_environment(base)
            install(extras)
            warm_up()
            write_ready(extras)
            say(f"environment ready after {time.time() - started:.0f} s")
    return find_python()


def check_mac(run=None):
    """Say what this Mac has; end with the command that helps if it lacks what is needed."""
    path = os.path.join(HERE, "harness", "command", "mac_setup.py")
    found = importlib.util.spec_from_file_location("mac_setup", path)
    mac_setup = importlib.util.module_from_spec(found)
    found.loader.exec_module(mac_setup)
    report = mac_setup.steps(run or output_of)
    for line in mac_setup.lines(report):
        say(line)
    if report[-1].needed and not report[-1].ok:
        fail(report[-1].detail, report[-1].command)


def output_of(command):
    """The exit code of a command and what it printed; no code if it is missing or does not end."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None, ""
    return done.returncode, done.stdout.decode("utf-8", "replace")


@contextlib.contextmanager
def locked():
    """Be the only setup in this checkout; says so if it has to wait."""
    with open(os.path.join(HERE, ".setup.lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("another setup is at work here; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def newest_python():
    """This python if it is new enough, else the newest on PATH or in MAC_FOLDERS."""
    if sys.version_info >= OLDEST:
        return sys.executable
    mac = sys.platform == "darwin"
    folders = [os.environ.get("PATH", os.defpath)]
    folders += [os.path.expanduser(folder) for folder in MAC_FOLDERS] if mac else []
    for minor in range(NEWEST_TRIED, OLDEST[1] - 1, -1):
        for folder in folders:
            found = shutil.which(f"python3.{minor}", path=folder)
            if found and (not mac or is_native(found)):
                return found
    fail(
        f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {sys.version.split()[0]}"
        + (", the Command Line Tools' own" if mac and sys.executable.startswith("/usr") else ""),
        "curl -LsSf https://astral.sh/uv/install.sh | sh && "
        "~/.local/bin/uv run --no-project --python 3.12 setup.py"
        + ("   (or: brew install python@3.12 && python3 setup.py)" if mac else ""),
    )


def is_native(python):
    """Whether a python is built for Apple silicon: MLX has no wheel for x86 Macs."""
    code, said = output_of([python, "-c", "import platform; print(platform.machine())"])
    return code == 0 and said.strip() == "arm64"


def make_environment(base):
    """Try venv, then virtualenv, then a plain folder of packages; each needs less."""
    if find_python(check=True):
        return
    attempts = (
        ("venv", [base, "-m", "venv", "--clear", VENV]),
        ("virtualenv", [base, "-m", "virtualenv", "--clear", VENV]),
    )
    for name, command in attempts:
        if quietly(command) and find_python(check=True):
            say(f"made a virtual environment with {name}")
            return
    if not quietly([base, "-m", "pip", "--version"]):
        fail(
            "this python has neither venv, virtualenv nor pip",
            f"sudo apt-get install python3-venv   (or: {base} -m ensurepip --user)",
        )
    shutil.rmtree(VENV, ignore_errors=True)
    os.makedirs(PACKAGES)
    with open(os.path.join(PACKAGES, "base-python"), "w") as note:
        note.write(base)
    say("no virtual environment can be made here; packages go to .venv/packages")


def find_python(check=False):
    """The python of the environment; None if there is none, or if `check` and it does not start."""
    python = os.path.join(VENV, "bin", "python")
    note = os.path.join(PACKAGES, "base-python")
    if os.path.exists(note):
        with open(note) as text:
            python = text.read()
    if not os.path.exists(python):
        return None
    if check and not quietly([python, "-m", "pip", "--version"]):
        return None
    return python


def install(extras):
    """Install what pyproject.toml asks for."""
    wanted = requirements(extras)
    command = [find_python(), "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["--upgrade-strategy", "only-if-needed"]
    if os.path.isdir(PACKAGES):
        command += ["--target", PACKAGES, "--upgrade"]
    if not sys.stderr.isatty():
        command += ["--quiet"]
    say("installing " + ", ".join(sorted({re.split(r"[\[<>=!~;]", one)[0] for one in wanted})))
    if subprocess.call(command + wanted, stdout=sys.stderr) != 0:
        fail("pip could not install the packages (its message is above)", "python3 setup.py")


def requirements(extras):
    """`dependencies` of pyproject.toml and named optional groups (tomllib is too new)."""
    with open(os.path.join(HERE, "pyproject.toml")) as file:
        text = file.read()
    found = []
    for name in ("dependencies", *tuple(extras)):
        array = re.search(rf"^{name} = \[(.*?)\]$", text, re.MULTILINE | re.DOTALL)
        found += re.findall(r'"([^"]+)"', array.group(1))
    return found


def warm_up():
    """Build the native host and warm the compiler, which the first kernel would else pay."""
    say("building the native host and warming the compiler (once)")
    code = subprocess.call(
        [find_python(), "-m", "harness.command.prepare"],
        cwd=HERE,
        env=environment(),
        stdout=sys.stderr,
    )
    if code != 0:
        fail("the native host could not be built (the message is above)", "./bench --doctor")


def environment():
    """The variables a python of the environment runs with: this folder stands first on its path."""
    found = dict(os.environ)
    folders = [HERE] + ([PACKAGES] if os.path.isdir(PACKAGES) else [])
    found["PYTHONPATH"] = os.pathsep.join(folders)
    return found


def is_ready(extras):
    """Whether an environment for exactly these requirements was completed."""
    marks = read_ready()
    return bool(find_python()) and all(ready_mark(group) in marks for group in ("", *extras))


def ready_mark(group):
    """One line that stands for the requirements of a group."""
    wanted = "\n".join(requirements((group,) if group else ()))
    return (group or "core") + " " + hashlib.sha256(wanted.encode()).hexdigest()


def read_ready():
    """The marks of completed groups."""
    try:
        with open(os.path.join(VENV, "ready")) as file:
            return file.read().splitlines()
    except OSError:
        return []


def write_ready(extras):
    """Leave the marks, whole or not at all; those of other groups stay if they still hold."""
    kept = [group for group in GROUPS if ready_mark(group) in read_ready()]
    marks = [ready_mark(group) for group in sorted(set(("", *tuple(extras), *tuple(kept))))]
    temporary = os.path.join(VENV, f"ready.{os.getpid()}")
    with open(temporary, "w") as file:
        file.write("\n".join(marks) + "\n")
    os.rename(temporary, os.path.join(VENV, "ready"))


def quietly(command):
    """Whether a command works."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError:
        return False
    return done.returncode == 0


def say(message):
    """A line of progress."""
    print("setup: " + message, file=sys.stderr, flush=True)


def fail(message, command):
    """End with what is wrong and the one command that helps."""
    print(f"setup: {message}\nrun this: {command}", file=sys.stderr)
    sys.exit(ENVIRONMENT_ERROR)


def start():
    """Run the command line and end the process."""
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        say("interrupted; run it again to go on")
        sys.exit(130)


if __name__ == "__main__":
    start()
