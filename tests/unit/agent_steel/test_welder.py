"""The welder: what passes both gates comes in, nothing else does, and nothing runs in process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_steel.prompts import FOLDER
from agent_steel.providers.base import Ask, Completion, Failure
from agent_steel.providers.replay import Line, ReplayProvider
from agent_steel.roles import child, reference
from agent_steel.roles.child import ChildFailed, ChildLimits
from agent_steel.roles.welder import NotWelded, Welded, weld
from harness.errors import EnvironmentFault, UserError
from tests.unit.agent_steel.authored import DEFINITION, POLISHED, SOURCE, authored, line

REFERENCES = Path(__file__).parent / "references"
FUNCTION = REFERENCES / "function.py"
MODEL = REFERENCES / "kernelbench" / "level1" / "1_shifted_swish.py"
NAME = "shifted_swish"
_PARTS = ("definition", "source")


def welded(tmp_path: Path, *script: Line, path: Path | None = FUNCTION) -> Welded | NotWelded:
    return weld(
        NAME,
        "y = swish(x + b)",
        path,
        provider=ReplayProvider(script),
        scratch=tmp_path / "scratch",
        root=tmp_path / "root",
        tries=max(1, len([one for one in script if one is not POLISHED])),
    )


def files(tmp_path: Path) -> list[str]:
    root = tmp_path / "root"
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


@pytest.mark.host
def test_a_problem_that_passes_both_gates_leaves_two_files(tmp_path: Path) -> None:
    bad_import = authored(f"{DEFINITION}\nimport os\n")
    wrong_mlx = authored(DEFINITION.replace("return s * mx.sigmoid(s)", "return s"))
    found = welded(tmp_path, bad_import, wrong_mlx, authored(), POLISHED)
    assert isinstance(found, Welded), found
    assert [one.gate for one in found.tried] == ["definition", "B"]
    assert "MLX disagrees with the oracle" in found.tried[1].reason
    assert files(tmp_path) == [
        f"metal/kernels/extra/{NAME}.metal",
        f"mlx/kernels/extra/{NAME}.py",
    ]
    assert found.source.read_text("utf-8") == SOURCE
    assert found.title == "Add shifted_swish"
    assert found.usage.input_tokens == 4000
    assert not any(module.startswith("kernel_definitions.extra") for module in sys.modules)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("relative(1e-5, absolute=near_zero)", "relative(1e9)", "wrong answers are accepted"),
        ("s / (1 + np.exp(-s))", "s * (s > 0)", "disagrees with the oracle"),
        ("mixture(large=20.0)", "mixture(nonsense=1)", "nonsense"),
    ],
)
def test_a_bad_definition_fails_before_gate_a(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in DEFINITION
    found = welded(tmp_path, authored(DEFINITION.replace(old, new)))
    assert isinstance(found, NotWelded)
    assert said in found.reason
    assert found.tried[0].gate in ("B", "definition")
    assert str(tmp_path) not in found.reason


def test_the_external_reference_is_held_against_the_problem(tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text("def ref(x, b):\n    return x + b\n", "utf-8")
    found = welded(tmp_path, authored(), path=other)
    assert isinstance(found, NotWelded)
    assert "the external reference disagrees with the oracle" in found.reason


def test_a_definition_that_never_ends_is_stopped(tmp_path: Path) -> None:
    slow = DEFINITION.replace(
        "    s = x + b\n    return s / ",
        "    s = x + b\n    for i in range(10**12):\n        s = s + 0\n    return s / ",
    )
    found = weld(
        NAME,
        "d",
        provider=ReplayProvider([authored(slow)]),
        scratch=tmp_path / "scratch",
        root=tmp_path / "root",
        tries=1,
        limits=ChildLimits(wall_s=2),
    )
    assert isinstance(found, NotWelded)
    assert "more than 2 s" in found.reason


def test_a_failing_provider_ends_it(tmp_path: Path) -> None:
    found = welded(tmp_path)
    assert isinstance(found, NotWelded)
    assert found.reason.startswith("exhausted")


def test_replies_that_are_none_are_tries(tmp_path: Path) -> None:
    found = welded(tmp_path, line(text="cut", stop="length"), line(text="no", stop="refused"))
    assert isinstance(found, NotWelded)
    assert [one.reason.partition(":")[0] for one in found.tried] == ["truncated", "refused"]


@pytest.mark.parametrize("name", ["softmax", "relu", "a", "Über", "../evil", "x" * 60])
def test_a_name_that_is_taken_or_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError):
        weld(name, "d", provider=ReplayProvider([]), scratch=tmp_path)


def test_a_child_sees_no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
    path = tmp_path / "spy.py"
    path.write_text(
        "import os\nif 'secret' in os.environ.values(): raise ValueError('seen')\n"
        "def ref(x): return x\n",
        "utf-8",
    )
    assert reference.describe(reference.read(path))["arguments"] == ["x"]


def test_a_child_that_dies_is_a_value(tmp_path: Path) -> None:
    path = tmp_path / "dies.py"
    path.write_text("import os\nos._exit(7)\ndef ref(x): return x\n", "utf-8")
    found = child.run("describe", {"path": str(path)})
    assert isinstance(found, ChildFailed)
    assert "exit code 7" in found.detail


@pytest.mark.host
def test_the_example_that_a_model_is_shown_passes_both_gates(tmp_path: Path) -> None:
    example = [(FOLDER / f"example_{part}.txt").read_text("utf-8") for part in _PARTS]
    provider = ReplayProvider([authored(*example)])
    root = tmp_path / "root"
    found = weld("row_softmax", "d", provider=provider, scratch=tmp_path, root=root, tries=1)
    assert isinstance(found, Welded), found
    assert found.title == "Add row_softmax to extra", "without a model's text a plain one"
    assert "Gate A" in found.body


def test_what_is_no_reference_is_said(tmp_path: Path) -> None:
    path = tmp_path / "none.py"
    for text, said in (("x = 1", "is no reference"), ("x = (", "cannot read")):
        path.write_text(text, "utf-8")
        with pytest.raises(UserError, match=said):
            reference.read(path)
    with pytest.raises(UserError, match="cannot read"):
        reference.read(tmp_path / "absent.py")


def test_levels_come_from_folders() -> None:
    assert reference.level_of(MODEL) == 1
    assert reference.level_of(FUNCTION) is None


def test_a_file_that_needs_torch_says_so_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EnvironmentFault, match="needs PyTorch"):
        reference.describe(reference.read(MODEL))


@pytest.fixture
def torch_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed torch, else a stand-in on the path of the children."""
    try:
        import torch  # noqa: F401
    except ImportError:
        stand_in = str(REFERENCES / "torch_stand_in")
        monkeypatch.setattr(reference, "require_torch", lambda one: None)
        monkeypatch.setattr(child, "EXTRA_PATH", (stand_in,))


@pytest.mark.usefixtures("torch_here")
def test_a_kernelbench_file_is_described_with_its_parameters() -> None:
    found = reference.describe(reference.read(MODEL))
    assert found["arguments"] == {"x": {"shape": [16, 24], "dtype": "float32"}}
    assert found["parameters"] == {"b": {"shape": [24], "dtype": "float32"}}
    assert found["outputs"] == [{"shape": [16, 24], "dtype": "float32"}]


@pytest.mark.host
@pytest.mark.usefixtures("torch_here")
def test_a_kernelbench_file_is_held_against_the_problem_unmodified(tmp_path: Path) -> None:
    other = tmp_path / "level1" / "other.py"
    other.parent.mkdir()
    other.write_text(MODEL.read_text("utf-8").replace("x + self.b", "x - self.b"), "utf-8")
    refused = welded(tmp_path, authored(), path=other)
    assert isinstance(refused, NotWelded)
    assert "the external reference disagrees" in refused.reason
    source = authored(source=SOURCE.replace("y[i] =", "y[0] ="))
    held = welded(tmp_path, source, path=MODEL)
    assert isinstance(held, NotWelded)
    assert held.tried[0].gate == "A", "gate B held against the model with its bias bound"
    assert held.reason, "a wrong kernel is refused, and why"
    assert files(tmp_path) == []


@pytest.mark.usefixtures("torch_here")
def test_a_folder_is_surveyed_with_levels_and_counts() -> None:
    found = reference.survey(REFERENCES / "kernelbench")
    assert found.counts() == {
        "level 1": {"supported": 1, "trivial": 1},
        "level 2": {"unsupported": 2, "trivial": 1},
    }
    text = found.text()
    assert "level 1: 1 supported, 0 unsupported, 1 trivial" in text
    assert "2_constant.py: trivial: the result does not depend on the inputs" in text
    assert "3_noise.py: unsupported: the same inputs give other results" in text
    assert "4_identity.py: trivial: the result is one of the inputs" in text
    assert "5_nothing.py: unsupported: 5_nothing.py is no reference" in text


def test_the_prompts_of_the_welder_are_as_reviewed(
    tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    asked: list[Ask] = []

    class Listening(ReplayProvider):
        def complete(self, ask: Ask) -> Completion | Failure:
            asked.append(ask)
            return super().complete(ask)

    script = [authored(f"{DEFINITION}\nimport os\n"), line(text="cut", stop="length")]
    weld(
        NAME,
        "y = swish(x + b)",
        FUNCTION,
        provider=Listening(script),
        scratch=tmp_path,
        root=tmp_path / "root",
        tries=2,
    )
    assert [ask.call_id for ask in asked] == [f"weld-{NAME}-1", f"weld-{NAME}-2"]
    text = "\n".join(message.content for message in asked[1].messages)
    assert str(tmp_path) not in text and str(REFERENCES) not in text
    golden("prompts/welder.md", text)
