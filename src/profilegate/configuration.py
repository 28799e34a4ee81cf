"""Settings from a TOML file and the environment, secrets from where they are kept."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from profilegate.consistency import between_parts, within
from profilegate.errors import InvalidConfiguration
from profilegate.settings import Settings

PREFIX = "PROFILEGATE__"
FILE_VARIABLE = "PROFILEGATE_CONFIG"

Tree = dict[str, Any]

# Stands where a value would, once its problem has been told.
FAILED: Any = object()


def load(path: str | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a file, if one is given here or in PROFILEGATE_CONFIG, overlaid with the environment.

    `PROFILEGATE__DATABASE__URL=...` sets `database.url`; list items go by number:
    `PROFILEGATE__ISSUERS__0__ISSUER`. A string may stand anywhere as `{ env = "NAME" }` or
    `{ file = "PATH" }` (relative to the settings file; a final newline is dropped). Raises InvalidConfiguration
    with every problem and its place.
    """
    source = path or environ.get(FILE_VARIABLE)
    try:
        return _loaded(source, environ)
    except RecursionError:
        raise InvalidConfiguration([f"{source}: is nested too deeply"]) from None


def _loaded(source: str | None, environ: Mapping[str, str]) -> Settings:
    tree = _read(source) if source else {}
    problems: list[str] = []
    for name in sorted((each for each in environ if each.startswith(PREFIX)), key=_natural):
        problems += _overlay(tree, name, environ[name])
    folder = Path(source).parent if source else Path()
    tree = _with_secrets(tree, "", folder, environ, problems)
    settings = _converted(tree, Settings, "", problems)
    if isinstance(settings, Settings):
        problems += between_parts(settings)
    if problems:
        raise InvalidConfiguration(problems)
    assert isinstance(settings, Settings)  # noqa: S101 - what fails to convert has left a problem
    return settings


def files(source: str, environ: Mapping[str, str] = os.environ) -> list[Path]:
    """The settings file and every file that a secret is in. Raises nothing: it may be broken by now."""
    named = [_value(text) for name, text in environ.items() if name.startswith(PREFIX)]
    with suppress(InvalidConfiguration):
        named.append(_read(source))
    try:
        return [Path(source), *(Path(source).parent / name for each in named for name in _secret_files(each))]
    except RecursionError:
        return [Path(source)]


def _secret_files(value: Any) -> Iterator[str]:
    match value:
        case {"file": str(name)} if len(value) == 1:
            yield name
        case dict():
            for each in value.values():
                yield from _secret_files(each)
        case list():
            for each in value:
                yield from _secret_files(each)


def _read(source: str) -> Tree:
    try:
        return tomllib.loads(Path(source).read_text("utf-8"))
    except OSError as error:
        raise InvalidConfiguration([f"{source}: {error.strerror or error}"]) from error
    except (ValueError, RecursionError) as error:  # whatever is no TOML, or no UTF-8
        raise InvalidConfiguration([f"{source}: {error}"]) from error


class Variable(str):
    """A value from the environment, where everything is text."""

    __slots__ = ()


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Sorts numbered list items by their number, so that 10 comes after 2."""
    return [(False, int(step), "") if step.isdecimal() else (True, 0, step) for step in name.split("__")]


def _overlay(tree: Tree, name: str, text: str) -> Iterator[str]:
    """Put one variable's value in its place in the tree; lists are given in TOML."""
    *parents, last = name.removeprefix(PREFIX).lower().split("__")
    place: Any = tree
    for step, following in zip(parents, [*parents, last][1:], strict=True):
        place = _descend(place, step, [] if following.isdecimal() else {})
    if isinstance(place, dict) and last:
        place[last] = _value(text)
    elif isinstance(place, list) and last.isdecimal() and int(last) <= len(place):
        place[int(last) :] = [_value(text), *place[int(last) + 1 :]]
    else:
        yield f"{name}: does not name a setting"


def _descend(place: Any, step: str, empty: Any) -> Any:
    if isinstance(place, dict):
        return place.setdefault(step, empty)
    if isinstance(place, list) and step.isdecimal() and int(step) <= len(place):
        if int(step) == len(place):
            place.append(empty)
        return place[int(step)]
    return None


def _value(text: str) -> Any:
    """A list or table in TOML's own writing; anything else is text until its type is known."""
    return _toml(text) if text.startswith(("[", "{")) else Variable(text)


def _toml(text: str) -> Any:
    """The value that `text` writes in TOML, or the text itself when it writes none."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return Variable(text)


def _with_secrets(value: Any, place: str, folder: Path, environ: Mapping[str, str], problems: list[str]) -> Any:
    match value:
        case {"env": str(name)} if len(value) == 1:
            if name in environ:
                return environ[name]
            problems.append(f"{place}: the environment has no {name}")
            return FAILED
        case {"file": str(name)} if len(value) == 1:
            return _secret_file(folder / name, place, problems)
        case dict():
            return {k: _with_secrets(v, _at(place, k), folder, environ, problems) for k, v in value.items()}
        case list():
            return [_with_secrets(v, f"{place}[{n}]", folder, environ, problems) for n, v in enumerate(value)]
    return value


def _secret_file(path: Path, place: str, problems: list[str]) -> Any:
    try:
        return path.read_text("utf-8").removesuffix("\n")
    except (OSError, ValueError) as error:
        problems.append(f"{place}: {path} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}")
        return FAILED


def _converted(value: Any, kind: Any, place: str, problems: list[str]) -> Any:
    """The value as its type, or FAILED; structs field by field, so that one problem does not hide the next."""
    if value is FAILED:
        return FAILED
    struct = _struct(kind)
    if struct is not None and isinstance(value, dict):
        return _struct_converted(value, struct, place, problems)
    items = _struct(get_args(kind)[0]) if get_origin(kind) is tuple else None
    if items is not None and isinstance(value, list):
        made = [_converted(each, items, f"{place}[{n}]", problems) for n, each in enumerate(value)]
        return FAILED if FAILED in made else tuple(made)
    try:
        return msgspec.convert(_literal(value, kind), kind, strict=False)
    except msgspec.ValidationError as error:
        problems.append(f"{place}: {error}")
        return FAILED


def _literal(value: Any, kind: Any) -> Any:
    """Where text, numbers and booleans are all taken, a variable says which it is as TOML would: true is not "true"."""
    if not isinstance(value, Variable):
        return value
    return _toml(value) if bool in get_args(kind) and str in get_args(kind) else str(value)


def _struct_converted(table: Tree, struct: type[Struct], place: str, problems: list[str]) -> Any:
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    problems += [f"{_at(place, name)}: is not a setting" for name in sorted(table.keys() - fields.keys())]
    missing = [name for name, field in fields.items() if field.required and name not in table]
    problems += [f"{_at(place, name)}: is required" for name in missing]
    given = {
        name: _converted(table[name], field.type, _at(place, name), problems)
        for name, field in fields.items()
        if name in table
    }
    if missing or FAILED in given.values():
        return FAILED
    made = struct(**given)
    problems += [_at(place, problem) for problem in within(made)]
    return made


def _struct(kind: Any) -> type[Struct] | None:
    """The struct that a field's type is, or may be besides None."""
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return next((each for each in kinds if isinstance(each, type) and issubclass(each, Struct)), None)


def _at(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
