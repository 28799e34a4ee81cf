"""The same source makes the same wheel and the same sdist, wherever and by whomever it is built, to the byte."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from tests.integration.installed import PATIENCE, ROOT, Installed, pip

COMMIT = 1_769_594_400
"""When the source was committed, as a release would say; Unix seconds."""

SOURCES = ("pyproject.toml", "README.md", "LICENSE", ".gitignore", "src", "config", "tests", "deploy")
JUNK = shutil.ignore_patterns("__pycache__", "node_modules", "package-lock.json", "*.db*")

PLACES = {
    "one": {"umask": 0o077, "modified": 1e9, "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "1", "LC_ALL": "C"},
    "somewhere else/two": {"umask": 0o002, "modified": 1.7e9, "TZ": "America/Lima", "PYTHONHASHSEED": "2"},
}

KINDS = ("*.whl", "*.tar.gz")


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the build backend that pyproject.toml asks for."""
    folder = tmp_path_factory.mktemp("backend")
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    pip("install", "--no-compile", "--target", str(folder), *wanted)
    return folder


@pytest.fixture(scope="module")
def builds(backend: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two folders, each with a wheel and an sdist of a checkout of its own."""
    base = tmp_path_factory.mktemp("builds")
    return [build(backend, checkout(base / name, **how), **how) for name, how in PLACES.items()]


def checkout(folder: Path, umask: int, modified: float, **_: str) -> Path:
    """A copy of the source as another `umask` and another day would leave it."""
    folder.mkdir(parents=True)
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=JUNK)
        else:
            shutil.copy(ROOT / name, folder / name)
    for path in folder.rglob("*"):
        is_open = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod((0o777 if is_open else 0o666) & ~umask)
        os.utime(path, (modified, modified))
    return folder


def build(backend: Path, folder: Path, umask: int, modified: float, **environment: str) -> Path:
    """Where the wheel and the sdist of this folder are."""
    said = {**os.environ, "PYTHONPATH": str(backend), "SOURCE_DATE_EPOCH": str(COMMIT), **environment}
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder / "dist")]
    subprocess.run(command, cwd=folder, env=said, umask=umask, timeout=PATIENCE, capture_output=True, check=True)
    return folder / "dist"


def built(folder: Path, kind: str) -> Path:
    (found,) = folder.glob(kind)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_two_builds_are_the_same_to_the_byte(builds: list[Path], kind: str) -> None:
    one, two = (built(each, kind) for each in builds)
    assert one.name == two.name
    assert one.read_bytes() == two.read_bytes()


def test_the_sdist_makes_the_very_wheel(backend: Path, builds: list[Path], tmp_path: Path) -> None:
    with tarfile.open(built(builds[0], "*.tar.gz")) as packed:
        packed.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    again = built(build(backend, folder, umask=0o022, modified=0), "*.whl")
    assert again.read_bytes() == built(builds[0], "*.whl").read_bytes()


def test_the_sdist_has_what_its_readme_speaks_of(builds: list[Path]) -> None:
    with tarfile.open(built(builds[0], "*.tar.gz")) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert {"config/profilegate.example.toml", "deploy/demo", "deploy/requirements.txt", "tests/run"} <= names
    assert {name.partition("/")[0] for name in names} == {*SOURCES, "PKG-INFO"}


def test_the_installed_wheel_has_the_same_files_to_the_byte(installed: Installed, builds: list[Path]) -> None:
    """pip's own build, of the checkout itself, differs in its times only."""
    with ZipFile(installed.wheel) as one, ZipFile(built(builds[0], "*.whl")) as two:
        assert one.namelist() == two.namelist()
        assert {name: one.read(name) for name in one.namelist()} == {name: two.read(name) for name in two.namelist()}


def test_the_installed_command_tells_its_version(installed: Installed) -> None:
    told = installed.command("--version")
    assert told.returncode == 0, told.stderr
    assert told.stdout.split()[-1] == installed.wheel.name.split("-")[1]


def test_the_installed_demo_explains_itself(installed: Installed) -> None:
    told = installed.command("demo", "--help")
    assert told.returncode == 0, told.stderr
    assert "--as" in told.stdout
