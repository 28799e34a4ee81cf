"""The house: a module imports only from lower floors, or from its own folder."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "profilegate"

FLOORS = {
    "errors": 0,
    "identifiers": 0,
    "settings": 0,
    "sync_settings": 0,
    "account_settings": 0,
    "account_consistency": 0,
    "sync_consistency": 0,
    "private_keys": 0,
    "issuer_consistency": 0,
    "consistency": 0,
    "configuration": 0,
    "reloading": 0,
    "second_chance": 0,
    "observability": 0,
    "profiles": 1,
    "store": 2,
    "auth": 2,
    "sync": 3,
    "crew": 0,
    "metrics": 3,
    "retention": 4,
    "configured_rules": 4,
    "configured_gate": 4,
    "core": 5,
    "faces": 4,
    "again": 5,
    "lane": 5,
    "door": 5,
    "resource_server": 5,
    "client": 5,
    "mounting": 6,
    "tracing": 6,
    "plugin": 7,
    "host": 8,
    "asgi": 8,
    "app": 8,
    "piccolo_conf": 8,
    "serving": 9,
    "demo": 9,
    "cli": 10,
    "__main__": 11,
}

FRAMEWORKS = {"litestar", "piccolo", "httpx", "authlib", "joserfc", "asyncpg", "sqlite3", "granian", "click"}
MODULES = sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


def room(path: Path) -> str:
    """The top-level module or folder that a file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """The dotted names of what a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_imports_only_from_lower_floors(path: Path) -> None:
    here = FLOORS[room(path)]
    for name in imported(path):
        if name.split(".")[0] != "profilegate":
            continue
        target = name.split(".")[1]
        assert target in FLOORS, f"{name}: nobody inside imports the package's root"
        own = target == room(path) or (here == FLOORS[target] and (SOURCE / f"{target}.py").exists())
        assert own or FLOORS[target] < here, f"{path.name} (floor {here}) imports {name} (floor {FLOORS[target]})"


@pytest.mark.parametrize("path", [path for path in MODULES if room(path) == "profiles"], ids=lambda path: path.name)
def test_the_domain_knows_no_framework(path: Path) -> None:
    assert not {name.split(".")[0] for name in imported(path)} & FRAMEWORKS


@pytest.mark.parametrize("path", [path for path in MODULES if room(path) == "faces"], ids=lambda path: path.name)
def test_the_faces_know_no_database(path: Path) -> None:
    assert not [name for name in imported(path) if name.startswith(("piccolo", "profilegate.store"))]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    empty = not path.read_text("utf-8").strip()
    assert empty or ast.get_docstring(ast.parse(path.read_text("utf-8")))


def test_no_two_modules_import_each_other() -> None:
    edges = {}
    for path in MODULES:
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        edges[name] = {each.removeprefix("profilegate.") for each in imported(path) if each.startswith("profilegate.")}
    known = {
        name: {other for other in edges for target in targets if is_in(target, other)}
        for name, targets in edges.items()
    }
    for name in known:
        assert name not in reachable(known, name), f"{name} imports itself in a circle"


def is_in(target: str, module: str) -> bool:
    return target == module or target.rpartition(".")[0] == module


def reachable(edges: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [*edges[start] - {start}]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += edges[name]
    return found
