"""The shape of the code: imports, sizes, docstrings, handlers, and the mlx namespace."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = {"msl", "chip_metrics", "harness", "agent_steel", "perf", "trust", "differential"}
PACKAGES = (*sorted(OURS), "mlx/kernels")
MAY_IMPORT = {
    "msl": {"msl"},
    "chip_metrics": {"chip_metrics"},
    "harness": {"msl", "chip_metrics", "harness"},
    "agent_steel": OURS - {"perf", "trust", "differential"},
    "perf": OURS,
    "trust": OURS - {"agent_steel", "perf"},
    "differential": {"msl", "chip_metrics", "harness", "differential"},
    "mlx": {"harness"},
}
MAX_LINES, MAX_NATIVE_LINES, MAX_FUNCTION_LINES = 400, 500, 60
PYTHON = sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))
NATIVE = sorted(
    p
    for suffix in ("c", "cc", "cpp", "h", "hpp", "m")
    for p in (ROOT / "host").rglob(f"*.{suffix}")
    if "build" not in p.relative_to(ROOT).parts
)
FORBIDDEN_BELOW_MLX = {"__init__.py", "__main__.py", "conftest.py"}
CATCH_ALL = {"Exception", "BaseException"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imported(tree: ast.Module) -> set[str]:
    """Dotted names of everything imported; a relative import is its dots."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
            if node.module in OURS:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def catches_everything(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught] if caught else []
    names = {kind.id for kind in kinds if isinstance(kind, ast.Name)}
    return caught is None or bool(names & CATCH_ALL)


def swallows(tree: ast.Module) -> list[int]:
    """Lines that catch everything and say nothing, or suppress everything."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and catches_everything(node):
            quiet = (ast.Pass, ast.Continue, ast.Return)
            told = node.name and any(
                isinstance(part, ast.Name) and part.id == node.name for part in ast.walk(node)
            )
            if not told and all(isinstance(part, quiet) for part in node.body):
                found.append(node.lineno)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            names = {argument.id for argument in node.args if isinstance(argument, ast.Name)}
            if names & CATCH_ALL:
                found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_imports_point_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    modules = imported(parse(path))
    assert not {m for m in modules if m.startswith(".")}, "imports are absolute"
    ours = {m for m in modules if m.partition(".")[0] in OURS}
    assert {m.partition(".")[0] for m in ours} <= MAY_IMPORT[package]
    if package == "mlx":
        assert {m for m in ours if not m.startswith("harness.spec")} == set()
    assert not {m for m in modules if m.startswith("mlx.kernels")}, "loaded by path only"


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_python_files_are_small_and_documented(path: Path) -> None:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= MAX_LINES
    assert not text.strip() or ast.get_docstring(tree)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    too_long = {
        function.name: lines
        for function in functions
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert too_long == {}


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_no_handler_swallows_everything(path: Path) -> None:
    assert swallows(parse(path)) == []


@pytest.mark.parametrize("path", NATIVE, ids=name)
def test_native_files_are_small(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MAX_NATIVE_LINES


@pytest.mark.parametrize(
    "path",
    [p for p in PYTHON if p.relative_to(ROOT).parts[0] in ("harness", "agent_steel")],
    ids=name,
)
def test_only_settings_reads_the_environment(path: Path) -> None:
    reads = {"os.environ", "os.getenv"}
    found = {ast.unparse(node) for node in ast.walk(parse(path)) if isinstance(node, ast.Attribute)}
    assert path.name == "settings.py" or not found & reads


def test_the_rules_catch_what_they_forbid() -> None:
    assert imported(ast.parse("from harness import records\nfrom . import x")) == {
        "harness",
        "harness.records",
        ".",
    }
    bad = (
        "try:\n  f()\nexcept (OSError, Exception):\n  pass\n"
        "try:\n  f()\nexcept:\n  return_ = 1\n  pass\n"
        "with contextlib.suppress(Exception):\n  f()\n"
        "for x in y:\n  try:\n    f()\n  except BaseException:\n    continue\n"
    )
    assert swallows(ast.parse(bad)) == [3, 10, 15] or swallows(ast.parse(bad)) == [3, 15, 10]
    assert swallows(ast.parse("try:\n  f()\nexcept OSError:\n  pass\n")) == []


def test_mlx_stays_a_namespace_of_two_halves() -> None:
    code = (
        "import mlx, mlx.core, pathlib\n"
        "print(getattr(mlx, '__file__', None), *map(pathlib.Path, mlx.__path__), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    file, *folders = done.stdout.splitlines()
    assert file == "None"
    assert str(ROOT / "mlx") in folders
    installed = {
        entry.name.partition(".")[0]
        for folder in folders
        if Path(folder) != ROOT / "mlx"
        for entry in Path(folder).iterdir()
    }
    assert "core" in installed, "the installed half is present"
    children = {entry.name for entry in (ROOT / "mlx").iterdir()}
    assert children == {"kernels"}
    assert not children & installed


def test_nothing_below_mlx_could_break_the_installed_package() -> None:
    for path in (ROOT / "mlx").rglob("*"):
        if "__pycache__" in path.parts:
            continue
        assert path.name not in FORBIDDEN_BELOW_MLX
        assert not path.name.startswith("test_")


def test_no_variant_is_a_copy_of_another() -> None:
    for folder in sorted((ROOT / "metal" / "kernels").glob("*/*/")):
        texts = [path.read_bytes() for path in sorted(folder.glob("*.metal"))]
        assert len(texts) == len(set(texts)), name(folder)


def test_the_bootstrap_keeps_its_old_syntax() -> None:
    """setup.py has to explain itself under Python 3.6: no syntax or module that is newer."""
    for file in ("setup.py", "harness/command/mac_setup.py"):
        tree = ast.parse((ROOT / file).read_text("utf-8"), file, feature_version=(3, 6))
        assert {m.partition(".")[0] for m in imported(tree)} <= sys.stdlib_module_names
        assert "__future__" not in imported(tree), "annotations is of Python 3.7"
