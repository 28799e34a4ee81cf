"""deploy/asvs.md tells of what there is: each of its tests, source files and settings exists."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

from msgspec import Struct

from profilegate.settings import Settings

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "profilegate"

# Paths have a slash or a suffix; what else looks like code is a setting, or a word of a standard.
FILE = re.compile(r"[\w/.-]+\.(?:py|toml|yaml|conf)|deploy/[\w/.-]+")
SETTING = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")

FUNCTIONS = {"hmac.compare_digest"}

UNMET = ("**Not met.**", "**Does not apply:**")


class Row(NamedTuple):
    """One requirement. `met` and `tests` are as they stand there."""

    number: str
    asks: str
    met: str
    tests: str


def rows() -> list[Row]:
    """The table without its head."""
    lines = (ROOT / "deploy" / "asvs.md").read_text("utf-8").splitlines()
    return [Row(*(cell.strip() for cell in line.strip("|").split("|"))) for line in lines if re.match(r"\| \d", line)]


def quoted(cell: str) -> list[str]:
    """What stands in a cell as code."""
    return re.findall(r"`([^`]+)`", cell)


@cache
def functions(path: Path) -> set[str]:
    """The names of a test file's functions."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return {each.name for each in ast.parse(path.read_text("utf-8")).body if isinstance(each, kinds)}


def is_test(path: Path, name: str) -> bool:
    """Whether pytest would find it there."""
    return name.startswith("test_") and path.name.startswith("test_") and path.is_file() and name in functions(path)


def parts(kind: Any) -> Iterator[type[Struct]]:
    """The sections in a setting's type: in lists, and in what may be left out."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        yield kind
    for each in get_args(kind):
        yield from parts(each)


def is_setting(name: str, section: type[Struct] = Settings) -> bool:
    """Whether a dotted name leads to a setting; a list's item is named by the list."""
    first, _, rest = name.partition(".")
    hints = get_type_hints(section)
    return first in hints and (not rest or any(is_setting(rest, each) for each in parts(hints[first])))


TABLE = rows()


def test_each_requirement_stands_there_once_and_in_order() -> None:
    numbers = [tuple(map(int, row.number.split("."))) for row in TABLE]
    assert len(numbers) > 50
    assert numbers == sorted(set(numbers))


def test_every_test_that_it_names_exists() -> None:
    named = [name.partition("::") for row in TABLE for name in quoted(row.tests)]
    assert [(path, test) for path, _, test in named if not is_test(ROOT / path, test)] == []


def test_every_file_and_setting_that_it_names_exists() -> None:
    named = {name for row in TABLE for name in quoted(row.met)}
    files = set(filter(FILE.fullmatch, named))
    assert [name for name in files if not ((SOURCE / name).is_file() or (ROOT / name).is_file())] == []
    settings = set(filter(SETTING.fullmatch, named - files - FUNCTIONS))
    assert [name for name in settings if not is_setting(name)] == []


def test_what_is_said_to_be_met_names_a_file_or_setting_and_what_is_met_in_whole_a_test() -> None:
    claimed = [row for row in TABLE if not row.met.startswith(UNMET)]
    assert [row.number for row in claimed if not any("." in name for name in quoted(row.met))] == []
    whole = [row for row in claimed if not row.met.startswith("**Partly.**")]
    assert [row.number for row in whole if not quoted(row.tests)] == []
