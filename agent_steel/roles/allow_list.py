"""What Python that a model wrote may consist of: a list of what is allowed, all else is refused.

It is the first of two walls: what passes still runs in a process of its own, with limits
(child.py). Nothing that is allowed can reach a file, a process, the network or the interpreter.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from pathlib import Path

from harness import spec, spec_pointwise

MAX_CHARACTERS = 40_000
#: Modules that may be imported, under the one name that they may have.
_MODULES = {"numpy": "np", "math": "math", "mlx.core": "mx"}
_NAMES_OF = {
    "harness.spec": frozenset(spec.__all__),
    "harness.spec_pointwise": frozenset(spec_pointwise.__all__),
    "__future__": frozenset({"annotations"}),
}
_BUILTINS = frozenset(
    {
        "abs",
        "all",
        "any",
        "bool",
        "dict",
        "divmod",
        "enumerate",
        "float",
        "int",
        "len",
        "list",
        "max",
        "min",
        "pow",
        "range",
        "reversed",
        "round",
        "set",
        "slice",
        "sorted",
        "sum",
        "tuple",
        "zip",
    }
)
_NODES: tuple[type[ast.AST], ...] = (
    *(ast.Module, ast.Expr, ast.Constant, ast.Import, ast.ImportFrom, ast.alias, ast.FunctionDef),
    *(ast.arguments, ast.arg, ast.Return, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For),
    *(ast.If, ast.IfExp, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Call, ast.keyword),
    *(ast.Starred, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp),
    *(
        ast.SetComp,
        ast.GeneratorExp,
        ast.comprehension,
        ast.BinOp,
        ast.UnaryOp,
        ast.BoolOp,
        ast.Compare,
    ),
    *(ast.Lambda, ast.JoinedStr, ast.FormattedValue, ast.With, ast.withitem, ast.Pass, ast.Break),
    *(ast.Continue, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context),
)
#: Attributes of arrays, of NumPy, MLX and math, of a random generator, and of what a SPEC is given.
_ATTRIBUTES = frozenset(
    Path(__file__).with_name("allowed_attributes.txt").read_text("utf-8").split()
)


def problems(text: str) -> list[str]:
    """What is not allowed in a definition, with its line; empty: it may run, in a child."""
    if len(text) > MAX_CHARACTERS:
        return [f"{len(text)} characters > limit {MAX_CHARACTERS}"]
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as problem:
        return [f"no Python: {problem}"]
    return [f"line {line}: {what}" for line, what in _found(tree)]


def _found(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for statement in tree.body:
        if not isinstance(statement, _TOP):
            yield statement.lineno, f"{type(statement).__name__} at the top of the file"
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if not isinstance(node, _NODES):
            yield line, f"{type(node).__name__} is not allowed"
        elif isinstance(node, ast.Import):
            yield from ((line, what) for what in _imports(node))
        elif isinstance(node, ast.ImportFrom):
            yield from ((line, what) for what in _imports_from(node))
        elif isinstance(node, ast.FunctionDef) and node.decorator_list:
            yield line, "decorators are not allowed"
        elif isinstance(node, ast.Attribute):
            yield from ((line, what) for what in _attribute(node))
        else:
            yield from ((line, what) for what in _name(node))


_TOP = (ast.Expr, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Assign, ast.AnnAssign)


def _imports(node: ast.Import) -> Iterator[str]:
    for alias in node.names:
        if _MODULES.get(alias.name) != (alias.asname or alias.name):
            allowed = ", ".join(f"import {m} as {n}" for m, n in _MODULES.items())
            yield f"import {alias.name}: only {allowed}"


def _imports_from(node: ast.ImportFrom) -> Iterator[str]:
    known = _NAMES_OF.get(node.module or "") if node.level == 0 else None
    if known is None:
        yield f"from {'.' * node.level}{node.module or ''} import"
        return
    for alias in node.names:
        if alias.name not in known or alias.asname is not None:
            yield f"{node.module} has no {alias.name} to import under its own name"


def _attribute(node: ast.Attribute) -> Iterator[str]:
    if node.attr not in _ATTRIBUTES:
        yield f"attribute .{node.attr}"


def _name(node: ast.AST) -> Iterator[str]:
    """Names that are read or bound, parameters and functions too."""
    name = ""
    if isinstance(node, ast.Name):
        name = node.id
    elif isinstance(node, ast.arg):
        name = node.arg
    elif isinstance(node, ast.FunctionDef):
        name = node.name
    if name.startswith("__") or (hasattr(builtins, name) and name not in _BUILTINS):
        yield f"name {name}"
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and name in _BOUND:
        yield f"{name} is bound to something else"


_BOUND = {*_MODULES.values(), *_BUILTINS}
