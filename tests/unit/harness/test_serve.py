"""`--serve`: every line is answered in order, what comes next is compiled, and it ends as asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.checking import ahead
from harness.command import serve
from harness.command.serve import Defaults, Server, lines_of
from harness.errors import EnvironmentFault, HostFailure, UserError
from harness.evaluation import Evaluation, Status

ROOT = Path(__file__).resolve().parents[3]
RELU = (ROOT / "metal" / "kernels" / "common" / "relu.metal").read_text("utf-8")
Line = dict[str, Any] | bytes


def evaluated(kernel: Any, source: Any, **given: Any) -> Evaluation:
    status = Status.WRONG_VALUES if "wrong" in source.text else Status.PASSED
    return Evaluation(
        kernel=kernel.name, set=kernel.set, chip="cpu-test", device="cpu", variant="file",
        size=given["sizes"][0], dims={}, track="exact", status=status,
        source_sha256=source.sha256, source=source.recorded, mode=given["mode"],
    )  # fmt: skip


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """No compiler and no device: what was asked of them is kept."""
    calls: list[dict[str, Any]] = []

    def evaluate(kernel: Any, source: Any, **given: Any) -> Evaluation:
        calls.append({"kernel": kernel.name, **given})
        return evaluated(kernel, source, **given)

    monkeypatch.setattr(serve, "evaluate", evaluate)
    monkeypatch.setattr(ahead, "build", lambda kernel, source, device: None)
    yield calls


def request(name: Any = "c", **more: Any) -> dict[str, Any]:
    return {"id": name, "kernel": "relu", "source": RELU, **more}


def fed(*lines: Line) -> int:
    """A descriptor that holds these lines and then ends."""
    reading, writing = os.pipe()
    text = b"".join(
        one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in lines
    )

    def write() -> None:
        with os.fdopen(writing, "wb") as out:
            out.write(text)

    threading.Thread(target=write, daemon=True).start()
    return reading


def answered(
    capsys: pytest.CaptureFixture[str], *lines: Line, server: Server | None = None
) -> list[dict[str, Any]]:
    source = fed(*lines)
    try:
        (server or Server(Defaults(device="cpu"))).serve(source)
    finally:
        os.close(source)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


BAD: list[tuple[str, Line, str, str]] = [
    ("no JSON", b"{oops\n", "malformed", "no JSON object"),
    ("no object", b"[1, 2]\n", "malformed", "line 1"),
    ("no text", b"\xff\xfe\n", "malformed", "no JSON object"),
    ("half a character", request(source="\ud800"), "malformed", "surrogates"),
    ("a zero byte", request(source="kernel\0"), "malformed", "zero byte"),
    ("nested too deeply", b"[" * 100_000 + b"\n", "malformed", "line 1"),
    ("an unknown field", request(sise="large"), "malformed", "sise"),
    ("a wrong type", request(seed="7"), "malformed", "seed"),
    ("an empty source", request(source=""), "malformed", "source"),
    ("an unknown kernel", request(kernel="rellu"), "kernel", "unknown kernel"),
    ("a long source", request(source="/" * ((1 << 20) + 1)), "too_long", "1048577"),
]


@pytest.mark.parametrize(("name", "line", "kind", "said"), BAD, ids=[b[0] for b in BAD])
def test_what_cannot_be_judged_is_answered_and_the_next_is_judged(
    name: str,
    line: Line,
    kind: str,
    said: str,
    judged: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad, good = answered(capsys, line, b"\n", request("after"))
    assert bad["error"]["kind"] == kind
    assert said in bad["error"]["message"]
    assert bad["id"] == (line["id"] if isinstance(line, dict) and "surr" not in said else None)
    assert (good["id"], good["evaluation"]["status"]) == ("after", "passed")


def test_replies_come_in_order_and_a_wrong_kernel_is_an_evaluation(
    judged: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = request(2, source="// wrong\n" + RELU, sizes=["published", "large"], seed=5)
    replies = answered(capsys, request("a", sizes=["large", "published"]), wrong, b"?\n", request())
    assert [one["id"] for one in replies] == ["a", 2, None, "c"]
    assert replies[0]["feedback"]["status"] == "passed"
    assert [size["size"] for size in replies[0]["feedback"]["sizes"]] == ["large", "published"]
    assert replies[1]["evaluation"]["status"] == replies[1]["feedback"]["status"] == "wrong_values"
    assert [size["size"] for size in replies[1]["feedback"]["sizes"]] == ["published"]
    assert [one["mode"] for one in judged] == ["screen"] * 4
    assert judged[2]["seed"] == 5 and judged[3]["seed"] is None


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (UserError("unknown size"), "usage"),
        (EnvironmentFault("no compiler"), "environment"),
        (HostFailure("it died"), "host"),
        (KeyError("bug"), "internal"),
    ],
)
def test_a_failure_of_ours_is_told_and_not_fatal(
    problem: Exception,
    kind: str,
    judged: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def evaluate(kernel: Any, source: Any, **given: Any) -> Evaluation:
        if given["seed"] == 1:
            raise problem
        return evaluated(kernel, source, **given)

    monkeypatch.setattr(serve, "evaluate", evaluate)
    failed, good = answered(capsys, request(seed=1), request())
    assert failed["error"]["kind"] == kind
    assert good["evaluation"]["status"] == "passed"


def test_the_next_is_compiled_while_one_is_on_the_device(
    judged: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled = threading.Event()

    def build(kernel: Any, source: Any, device: Any) -> None:
        if "second" in source.text:
            compiled.set()

    def evaluate(kernel: Any, source: Any, **given: Any) -> Evaluation:
        assert compiled.wait(20), "the second was not compiled while the first was judged"
        return evaluated(kernel, source, **given)

    monkeypatch.setattr(ahead, "build", build)
    monkeypatch.setattr(serve, "evaluate", evaluate)
    replies = answered(capsys, request(), request(source="// second\n" + RELU))
    assert [one["evaluation"]["status"] for one in replies] == ["passed", "passed"]


def test_after_sigterm_the_one_under_way_is_judged_and_the_others_are_told(
    judged: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server(Defaults(device="cpu"))
    read = threading.Event()

    def evaluate(kernel: Any, source: Any, **given: Any) -> Evaluation:
        assert read.wait(20)
        server.terminate(signal.SIGTERM, None)
        return evaluated(kernel, source, **given)

    monkeypatch.setattr(serve, "evaluate", evaluate)
    count = 6
    parsed = serve._parsed
    monkeypatch.setattr(serve, "_parsed", after(parsed, count, read))
    replies = answered(capsys, *(request(n) for n in range(count)), server=server)
    assert [one["id"] for one in replies] == list(range(count))
    assert "evaluation" in replies[0]
    assert {one["error"]["kind"] for one in replies[1:]} == {"stopped"}


def after(parsed: Callable[..., Any], count: int, done: threading.Event) -> Callable[..., Any]:
    """`parsed`, which sets `done` once it was called `count` times."""

    def counted(number: int, line: bytes | None) -> Any:
        found = parsed(number, line)
        if number == count:
            threading.Timer(0.05, done.set).start()
        return found

    return counted


def test_lines_are_cut_at_a_limit_and_a_long_one_is_not_kept() -> None:
    text = b"one\n" + b"x" * 300_000 + b"\n\nlast"
    source = fed(text)
    assert list(lines_of(source, 1000)) == [b"one", None, b"", b"last"]
    os.close(source)


@pytest.mark.host
def test_the_command_judges_for_real_and_ends_quietly_on_sigterm(home: Path) -> None:
    wrong = RELU.replace("float4(0.0f)", "float4(1.0f)")
    broken = RELU.replace("uint first", "uint 1first")
    small = {"sizes": ["rows=64,cols=64"]}
    lines: list[Any] = [
        request("right", mode="screen", engine="fast", **small),
        request("wrong", source=wrong, mode="check"),
        request("broken", source=broken, mode="check"),
        "nonsense",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "--serve", "--device", "cpu"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin and process.stdout
    try:
        for line in lines:
            process.stdin.write(json.dumps(line) + "\n")
        process.stdin.flush()
        replies = [json.loads(process.stdout.readline()) for _ in lines]
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in errors
    right, refused, uncompiled, nonsense = replies
    assert right["evaluation"]["status"] == "passed", right["evaluation"]["reason"]
    assert right["evaluation"]["figures"]["speedup"] > 0
    assert right["feedback"]["sizes"][0]["times"]["mlx"]
    assert refused["evaluation"]["status"] == "wrong_values"
    assert refused["feedback"]["sizes"][0]["first_bad"]
    assert uncompiled["evaluation"]["status"] == "compile_error"
    assert nonsense["error"]["kind"] == "malformed"
    assert not (home / "results").exists() and not (home / "session.json").exists()
