"""The shape of the house: floors, cycles, local imports, sizes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "roadworthy"

FLOORS: dict[str, int] = {
    "core": 1,
    **dict.fromkeys(("storage", "models", "expressions", "stats"), 2),
    **dict.fromkeys(("conformance", "tasks"), 3),
    **dict.fromkeys(("access", "guards", "cache", "registry", "routing", "rollouts"), 4),
    "pipeline": 5,
    **dict.fromkeys(("evaluation", "monitoring", "inspection", "jobs"), 6),
    **dict.fromkeys(("serving", "control", "client"), 7),
    **dict.fromkeys(("cli", "integrations", "testing"), 8),
}

# Heavy to import, or optional: may be imported inside a function.
HEAVY = {
    "alembic",
    "fastapi",
    "genai_prices",
    "jinja2",
    "llguidance",
    "numpy",
    "py3langid",
    "pydantic",
    "rich",
    "sqlalchemy",
    "tokenizers",
    "uvicorn",
    "uvloop",
    "wordllama",
    "xllamacpp",
}
# The command line imports a verb's rooms when the verb runs, so that --help stays quick.
LOCAL_IMPORTS_ALLOWED_IN = {"cli"}

MAX_FILE_LINES = 700
MAX_FUNCTION_LINES = 80
MAX_PARAMETERS = 7
# Only ever shrinks.
EXEMPT_FROM_SIZE: set[str] = set()

MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def folder_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FLOORS else None


def imports_of(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import, line {node.lineno}"
            assert node.module is not None
            yield node, node.module
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_from_its_own_folder_and_from_floors_below(path: Path) -> None:
    folder = folder_of(name_of(path))
    if folder is None:
        return
    for node, imported in imports_of(parse(path)):
        other = folder_of(imported) if imported.startswith("roadworthy.") else None
        if other is not None and other != folder:
            assert FLOORS[other] < FLOORS[folder], (
                f"{path}:{node.lineno}: {folder} (floor {FLOORS[folder]}) imports {other}"
                f" (floor {FLOORS[other]})"
            )


def test_every_folder_stands_on_a_floor() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders <= FLOORS.keys()


def test_modules_import_each_other_without_cycles() -> None:
    known = {name_of(path): path for path in MODULES}
    graph: dict[str, set[str]] = {}
    for name, path in known.items():
        top_level = [n for n in ast.walk(parse(path)) if isinstance(n, ast.Import | ast.ImportFrom)]
        targets = {t for node in top_level for _, t in imports_of(ast.Module([node], []))}
        graph[name] = {t for t in targets if t in known and t != name}
    # A folder's own __init__ re-exports its modules, and they may not import it back.
    state: dict[str, int] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if state.get(name) == 2:
            return
        assert state.get(name) != 1, "cycle: " + " -> ".join([*trail, name])
        state[name] = 1
        for target in sorted(graph[name]):
            visit(target, (*trail, name))
        state[name] = 2

    for name in sorted(graph):
        visit(name, ())


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_inside_functions_are_of_heavy_packages_only(path: Path) -> None:
    if folder_of(name_of(path)) in LOCAL_IMPORTS_ALLOWED_IN:
        return
    for function in ast.walk(parse(path)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node, imported in imports_of(function):
            assert imported.split(".")[0] in HEAVY, f"{path}:{node.lineno}: imports {imported}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_files_and_functions_stay_small(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_FILE_LINES or name_of(path) in EXEMPT_FROM_SIZE, f"{path}: {lines} lines"
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            label = f"{name_of(path)}.{node.name}"
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES or label in EXEMPT_FROM_SIZE, (
                f"{path}:{node.lineno}: {node.name} has {length} lines"
            )


def is_verb(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A CLI verb's parameters are its options; they cannot be gathered in a dataclass."""
    return any("typer." in ast.unparse(a.annotation) for a in node.args.args if a.annotation)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_functions_take_at_most_seven_parameters(path: Path) -> None:
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_verb(node):
            args = node.args
            count = len(args.posonlyargs) + len(args.args) + len(args.kwonlyargs)
            count -= bool(args.args and args.args[0].arg in ("self", "cls"))
            assert count <= MAX_PARAMETERS, f"{path}:{node.lineno}: {node.name} takes {count}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is_for_and_what_it_exports(path: Path) -> None:
    tree = parse(path)
    assert ast.get_docstring(tree), f"{path} has no docstring"
    names = {
        t.id
        for n in tree.body
        if isinstance(n, ast.Assign)
        for t in n.targets
        if isinstance(t, ast.Name)
    }
    bare = path.name == "__init__.py" and len(tree.body) == 1
    assert "__all__" in names or bare or path.name == "__main__.py", f"{path} has no __all__"
