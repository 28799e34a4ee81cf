"""Settings from a file and the environment: what is read, and how every problem is named."""

from pathlib import Path
from typing import Any

import pytest

from profilegate.configuration import load
from profilegate.errors import InvalidConfiguration
from profilegate.settings import OperatorRule, Settings

ISSUER = '[[issuers]]\nissuer = "https://id.example"\naudiences = ["api"]\n'
ISSUER_BY_ENVIRONMENT = {"ISSUERS__0__ISSUER": "https://id.example", "ISSUERS__0__AUDIENCES__0": "api"}
SECRET = "hunter2-do-not-show"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "profilegate.toml"


def loaded(file: Path, text: str, **environ: str) -> Settings:
    file.write_text(text, "utf-8")
    return load(str(file), environ)


def problems(file: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(InvalidConfiguration) as refusal:
        loaded(file, text, **environ)
    assert str(refusal.value) == "\n".join(refusal.value.problems)
    return list(refusal.value.problems)


def from_environment(**variables: str) -> Settings:
    environ = {f"PROFILEGATE__{name}": text for name, text in (ISSUER_BY_ENVIRONMENT | variables).items()}
    return load(None, environ)


def value_at(settings: Any, place: str) -> Any:
    for step in place.split("."):
        settings = settings[int(step)] if step.isdecimal() else getattr(settings, step)
    return settings


# Files


def test_a_file_is_read_and_the_rest_keeps_its_defaults(file: Path) -> None:
    settings = loaded(file, f"{ISSUER}[server]\nport = 9000\n")
    assert (settings.server.port, settings.server.host) == (9000, "127.0.0.1")
    assert (settings.issuers[0].audiences, settings.issuers[0].leeway) == (("api",), 30)


def test_the_environment_may_name_the_file(file: Path) -> None:
    file.write_text(ISSUER, "utf-8")
    assert load(None, {"PROFILEGATE_CONFIG": str(file)}) == load(str(file), {})


def test_a_file_that_is_missing_is_named(file: Path) -> None:
    with pytest.raises(InvalidConfiguration) as refusal:
        load(str(file), {})
    assert refusal.value.problems == (f"{file}: No such file or directory",)


def test_a_syntax_error_comes_with_the_file_and_the_line(file: Path) -> None:
    (problem,) = problems(file, "[server]\nport = \n")
    assert problem.startswith(f"{file}: ")
    assert "line 2" in problem


def test_a_file_that_is_not_utf_8_is_named(file: Path) -> None:
    file.write_bytes(b'[server]\nhost = "\xff"\n')
    with pytest.raises(InvalidConfiguration) as refusal:
        load(str(file), {})
    assert refusal.value.problems[0].startswith(f"{file}: ")


# Problems


def test_without_anything_the_issuers_are_missing() -> None:
    with pytest.raises(InvalidConfiguration) as refusal:
        load(None, {})
    assert refusal.value.problems == ("issuers: is required",)


def test_every_problem_is_reported_at_once_with_its_place(file: Path) -> None:
    text = """
        colour = "red"
        [server]
        prot = 80
        port = "http"
        [database]
        pool_min = 0
        [phoenix]
        create_on_read = "nobody"
        [[issuers]]
        issuer = "https://id.example"
        audiences = ["api"]
        algorithms = ["HS256"]
        [[issuers]]
        audience = "api"
        operator = { rule = 1 }
        machine = {}
        scopes = { openid = ["everything"] }
    """
    places = [problem.split(": ")[0] for problem in problems(file, text)]
    assert sorted(places) == [
        "colour",
        "database.pool_min",
        "issuers[0].algorithms",
        "issuers[1].audience",
        "issuers[1].audiences",
        "issuers[1].issuer",
        "issuers[1].machine.claim",
        "issuers[1].machine.value",
        "issuers[1].operator.rule",
        "issuers[1].scopes",
        "phoenix.create_on_read",
        "server.port",
        "server.prot",
    ]


def test_a_problem_within_a_part_does_not_hide_one_between_parts(file: Path) -> None:
    found = problems(file, f"{ISSUER}[server]\nport = 0\nworkers = 2\n")
    assert [problem.split(": ")[0] for problem in sorted(found)] == ["server.port", "server.workers"]


@pytest.mark.parametrize(("text", "problem"), [
    ('[issuers]\nissuer = "https://id.example"', "issuers: Expected `array`, got `object`"),
    ("issuers = []", "issuers: at least one is required"),
    ("issuers = [1]", "issuers[0]: Expected `object`, got `int`"),
    (f"server = 1\n{ISSUER}", "server: Expected `object`, got `int`"),
    (f"{ISSUER}tenants = 'a'", "issuers[0].tenants: Expected `array`, got `str`"),
])  # fmt: skip
def test_a_wrong_shape_is_told_with_its_place(file: Path, text: str, problem: str) -> None:
    assert problems(file, text) == [problem]


# The environment


def test_the_environment_overrides_the_file(file: Path) -> None:
    settings = loaded(
        file, f"{ISSUER}[server]\nport = 9000\nworkers = 1\n",
        PROFILEGATE__SERVER__PORT="9001", PROFILEGATE__ISSUERS__0__AUDIENCES__0="other", UNRELATED="x",
    )  # fmt: skip
    assert (settings.server.port, settings.server.workers, settings.issuers[0].audiences) == (9001, 1, ("other",))


def test_the_environment_adds_list_items_one_after_the_other(file: Path) -> None:
    settings = loaded(
        file, ISSUER,
        PROFILEGATE__ISSUERS__0__AUDIENCES__1="second",
        PROFILEGATE__ISSUERS__1__ISSUER="https://other.example",
        PROFILEGATE__ISSUERS__1__AUDIENCES='["api"]',
        PROFILEGATE__ISSUERS__1__TENANT="other",
    )  # fmt: skip
    assert settings.issuers[0].audiences == ("api", "second")
    assert (settings.issuers[1].issuer, settings.issuers[1].tenant) == ("https://other.example", "other")


def test_a_list_from_the_environment_may_have_more_than_ten_items() -> None:
    names = [f"name{n}" for n in range(12)]
    settings = from_environment(**{f"USERNAMES__RESERVED__{n}": name for n, name in enumerate(names)})
    assert settings.usernames.reserved == tuple(names)


@pytest.mark.parametrize(("variable", "text", "place", "value"), [
    ("SERVER__PORT", "9000", "server.port", 9000),
    ("SERVER__LOG_FORMAT", "json", "server.log_format", "json"),
    ("DATABASE__CONNECT_TIMEOUT", "1.5", "database.connect_timeout", 1.5),
    ("DATABASE__CONNECT_TIMEOUT", "2", "database.connect_timeout", 2.0),
    ("DATABASE__PGBOUNCER", "true", "database.pgbouncer", True),
    ("DATABASE__PATH", "5", "database.path", "5"),
    ("USERNAMES__CASE_SENSITIVE", "false", "usernames.case_sensitive", False),
    ("USERNAMES__PATTERN", "[a-z]+", "usernames.pattern", "[a-z]+"),
    ("USERNAMES__RESERVED", '["a", "b"]', "usernames.reserved", ("a", "b")),
    ("FIELDS__NAME", "off", "fields.name", "off"),
    ("ISSUERS__0__REQUIRE_AT_JWT", "false", "issuers.0.require_at_jwt", False),
    ("ISSUERS__0__SCOPES", '{ openid = ["read"] }', "issuers.0.scopes", {"openid": ("read",)}),
    ("ISSUERS__0__SCOPES__OPENID__0", "read", "issuers.0.scopes", {"openid": ("read",)}),
    ("ISSUERS__0__OPERATOR__SCOPE", "admin", "issuers.0.operator", OperatorRule(scope="admin")),
    ("ISSUERS__0__OPERATOR", '{ claim = "o", value = 1 }', "issuers.0.operator", OperatorRule(claim="o", value=1)),
])  # fmt: skip
def test_a_variable_takes_the_type_of_its_key(variable: str, text: str, place: str, value: object) -> None:
    found = value_at(from_environment(**{variable: text}), place)
    assert (found, type(found)) == (value, type(value))


def test_a_variable_may_hold_a_whole_section() -> None:
    whole = {
        "PROFILEGATE__ISSUERS": '[{ issuer = "https://id.example", audiences = ["api"] }]',
        "PROFILEGATE__SERVER": "{ port = 9000 }",
    }
    settings = load(None, whole)
    assert (settings.issuers[0].issuer, settings.server.port) == ("https://id.example", 9000)


def test_an_operators_claim_may_be_true_in_the_environment() -> None:
    settings = from_environment(ISSUERS__0__OPERATOR__CLAIM="Operator", ISSUERS__0__OPERATOR__VALUE="true")
    assert settings.issuers[0].operator == OperatorRule(claim="Operator", value=True)


@pytest.mark.parametrize(("variable", "named"), [
    ("SERVER__PROT", "server.prot: is not a setting"),
    ("SERVR__PORT", "servr: is not a setting"),
    ("COLOUR", "colour: is not a setting"),
    ("SERVER__PORT__HTTP", "server.port: Expected `int`, got `object`"),
    ("ISSUERS__2__ISSUER", "PROFILEGATE__ISSUERS__2__ISSUER: does not name a setting"),
    ("ISSUERS__FIRST__ISSUER", "PROFILEGATE__ISSUERS__FIRST__ISSUER: does not name a setting"),
    ("ISSUERS__0__AUDIENCES__2", "PROFILEGATE__ISSUERS__0__AUDIENCES__2: does not name a setting"),
])  # fmt: skip
def test_a_variable_that_names_no_setting_is_reported(variable: str, named: str) -> None:
    with pytest.raises(InvalidConfiguration) as refusal:
        from_environment(**{variable: "1"})
    assert refusal.value.problems == (named,)


# Secrets


def test_a_secret_comes_from_the_environment(file: Path) -> None:
    settings = loaded(file, f'{ISSUER}[database]\nurl = {{ env = "DSN" }}\n', DSN="postgresql://u:p@h/d")
    assert settings.database.url == "postgresql://u:p@h/d"


@pytest.mark.parametrize("content", ["postgresql://h", "postgresql://h\n"])
def test_a_secret_comes_from_a_file_beside_the_settings(file: Path, content: str) -> None:
    (file.parent / "dsn").write_text(content, "utf-8")
    assert loaded(file, f'{ISSUER}[database]\nurl = {{ file = "dsn" }}\n').database.url == "postgresql://h"


def test_a_secret_may_stand_in_a_list_and_come_by_a_variable(file: Path) -> None:
    text = '[[issuers]]\nissuer = "https://id.example"\naudiences = [{ env = "AUDIENCE" }]\n'
    settings = loaded(file, text, AUDIENCE="api", DSN="postgresql://h", PROFILEGATE__DATABASE__URL='{ env = "DSN" }')
    assert (settings.issuers[0].audiences, settings.database.url) == (("api",), "postgresql://h")


def test_a_secret_that_is_missing_is_named(file: Path) -> None:
    text = f'{ISSUER}user_id_prefix = {{ env = "NOWHERE" }}\n[database]\npath = {{ file = "gone" }}\n'
    assert sorted(problems(file, text)) == [
        f"database.path: {file.parent / 'gone'} cannot be read: No such file or directory",
        "issuers[0].user_id_prefix: the environment has no NOWHERE",
    ]


@pytest.mark.parametrize("written", ['{ env = "IT" }', '{ file = "it" }', f'"{SECRET}"', f'"{SECRET}'])
@pytest.mark.parametrize("key", ["database.url", "database.pool_min", "server.public_url", "avatars.base_url"])
def test_no_message_shows_a_secret(file: Path, key: str, written: str) -> None:
    (file.parent / "it").write_text(SECRET, "utf-8")
    assert SECRET not in "".join(problems(file, f"{key} = {written}\n{ISSUER}", IT=SECRET))
