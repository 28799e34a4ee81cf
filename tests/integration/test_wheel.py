"""The wheel, and what is there once it is installed: everything that belongs to it, and nothing else."""

from collections.abc import Iterator
from zipfile import ZipFile

import pytest
from tests.integration.installed import ROOT, Installed

SOURCE = ROOT / "src"
NEEDED = (
    "profilegate/py.typed",
    "profilegate/clients/profilegate.ts",
    "profilegate/locale/de.po",
    "profilegate/faces/account/templates/base.html",
    "profilegate/faces/account/static/account.css",
    "profilegate/faces/account/static/profile-settings.js",
)
HEAVY = {
    "piccolo",
    "asyncpg",
    "aiosqlite",
    "sqlite3",
    "prometheus_client",
    "babel",
    "jinja2",
    "jsonschema_rs",
    "granian",
}
"""What the gate alone has no use for."""

LOADED = "import sys; {}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"


@pytest.fixture(scope="module")
def wheel(installed: Installed) -> Iterator[ZipFile]:
    with ZipFile(installed.wheel) as found:
        yield found


def loaded(installed: Installed, program: str, *options: str) -> set[str]:
    """The top-level modules that a program loads."""
    ended = installed.run(*options, "-c", LOADED.format(program))
    assert ended.returncode == 0, ended.stderr
    return set(ended.stdout.split())


def test_the_wheel_has_every_file_of_the_package_and_nothing_else(wheel: ZipFile) -> None:
    files = {path.relative_to(SOURCE).as_posix() for path in (SOURCE / "profilegate").rglob("*") if path.is_file()}
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == {name for name in files if "__pycache__" not in name}


@pytest.mark.parametrize("name", NEEDED)
def test_the_wheel_has_what_is_no_python(wheel: ZipFile, name: str) -> None:
    assert wheel.getinfo(name).file_size or name.endswith("py.typed")


def test_the_wheel_has_the_migrations(wheel: ZipFile) -> None:
    assert [name for name in wheel.namelist() if name.startswith("profilegate/store/piccolo_migrations/profilegate_")]


def test_the_wheel_tells_its_licence_and_nothing_of_the_machine_that_built_it(wheel: ZipFile) -> None:
    told = {name.rpartition("/")[2]: wheel.read(name) for name in wheel.namelist() if ".dist-info/" in name}
    assert {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "LICENSE"} == told.keys()
    assert b"License-Expression: MIT" in told["METADATA"]
    assert not [name for name, text in told.items() if str(ROOT).encode() in text]


def test_the_command_is_there(installed: Installed) -> None:
    told = installed.command("--help")
    assert told.returncode == 0, told.stderr
    assert "serve" in told.stdout
    assert "migrate" in told.stdout


def test_every_module_can_be_imported_where_only_what_we_ask_for_is_installed(installed: Installed) -> None:
    program = (
        "import importlib, pkgutil, profilegate\n"
        "for each in pkgutil.walk_packages(profilegate.__path__, 'profilegate.'):\n"
        "    each.name.endswith(('__main__', '.tracing')) or importlib.import_module(each.name)"
    )
    ended = installed.run("-c", program)
    assert ended.returncode == 0, ended.stderr


def test_traces_say_which_extra_they_need(installed: Installed) -> None:
    ended = installed.run("-c", "import profilegate.tracing")
    assert "server.tracing: needs `pip install 'profilegate[otel]'`" in ended.stderr


def test_importing_the_package_warns_of_nothing_and_loads_no_framework(installed: Installed) -> None:
    frameworks = {"litestar", "piccolo", "httpx", "msgspec", "fastapi", "starlette", "django"}
    assert not loaded(installed, "import profilegate", "-W", "error") & frameworks


def test_the_gate_alone_loads_no_database_and_no_pages(installed: Installed) -> None:
    program = "from profilegate import IssuerSettings, OIDCResourceServer, ResourceServerMiddleware"
    assert not loaded(installed, program) & HEAVY


def test_the_environment_knows_nothing_of_the_checkout(installed: Installed) -> None:
    told = installed.run("-c", "import sys, profilegate; print(profilegate.__file__, *sys.path)").stdout
    assert told.startswith(str(installed.site_packages))
    assert str(ROOT) not in told
