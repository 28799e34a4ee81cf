"""config/profilegate.example.toml shows every setting, with the default that it really has."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
import pytest
from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo, fields

from profilegate.configuration import load
from profilegate.settings import IssuerSettings, Settings

EXAMPLE = Path(__file__).parents[2] / "config" / "profilegate.example.toml"

HEADER = re.compile(r"(?:# )?\[+(?P<section>[\w.]+)\]+")
KEY = re.compile(r"(?P<off># )?(?P<line>(?P<key>\w+) = .*)")


def struct_in(kind: Any) -> type[Struct] | None:
    """The struct in `Struct`, `tuple[Struct, ...]` or `Struct | None`."""
    kinds = get_args(kind) if get_origin(kind) in (tuple, Union, UnionType) else (kind,)
    return next((each for each in kinds if isinstance(each, type) and issubclass(each, Struct)), None)


def described(struct: type[Struct], place: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key of settings.py that is no table, with its place."""
    for field in fields(struct):
        inner = struct_in(field.type)
        if inner is None:
            yield f"{place}{field.name}", field
        else:
            yield from described(inner, f"{place}{field.name}.")


def written() -> Iterator[tuple[str, Any, bool]]:
    """Every key of the example that is no table: its place, its value, and whether its line is off."""
    section = ""
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if header := HEADER.fullmatch(line):
            section = header["section"]
        elif match := KEY.fullmatch(line):
            place, value = f"{section}.{match['key']}", tomllib.loads(match["line"])[match["key"]]
            inner = isinstance(value, dict) and place not in DESCRIBED
            values = {f"{place}.{key}": each for key, each in value.items()} if inner else {place: value}
            yield from ((each, values[each], bool(match["off"])) for each in values)


# Whole tables that are off.
OFF = ("issuers.operator.", "issuers.machine.", "issuers.introspection.", "webhooks.", "account.")

DESCRIBED = dict(described(Settings))
WRITTEN = list(written())


def told(value: Any) -> Any:
    """The value with a text in the place of each secret."""
    if isinstance(value, list):
        return [told(each) for each in value]
    return "a secret" if isinstance(value, dict) and value and value.keys() <= {"env", "file"} else value


def test_the_example_and_the_settings_have_the_same_keys() -> None:
    assert {place for place, _, _ in WRITTEN} == DESCRIBED.keys()


@pytest.mark.parametrize(("place", "value"), [(place, value) for place, value, _ in WRITTEN])
def test_a_written_value_is_of_its_keys_type_and_is_the_default_where_there_is_one(place: str, value: Any) -> None:
    field = DESCRIBED[place]
    read = msgspec.convert(told(value), field.type)
    assert field.default in (NODEFAULT, None, read) or place.startswith(OFF)


@pytest.mark.parametrize(("place", "off"), [(place, off) for place, _, off in WRITTEN])
def test_the_lines_that_are_off_are_those_without_a_value_by_default(place: str, off: bool) -> None:
    assert off == (DESCRIBED[place].default is None or place.startswith(OFF))


def test_the_example_loads_as_it_stands_and_changes_no_default() -> None:
    settings = load(str(EXAMPLE), {})
    (issuer,) = settings.issuers
    assert settings == Settings(issuers=(IssuerSettings(issuer=issuer.issuer, audiences=issuer.audiences),))
