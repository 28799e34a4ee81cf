"""Each rule that settings must follow, besides their types."""

from collections.abc import Callable
from typing import Any

import pytest

from profilegate.consistency import checked
from profilegate.errors import InvalidConfiguration
from profilegate.settings import (
    AvatarSettings,
    DatabaseSettings,
    IssuerSettings,
    OperatorRule,
    PhoenixSettings,
    ServerSettings,
    Settings,
    UsernameSettings,
)

ALL_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


def issuer(name: str = "https://id.example", **values: Any) -> IssuerSettings:
    return IssuerSettings(**{"issuer": name, "audiences": ("api",)} | values)


def settings(*issuers: IssuerSettings, **parts: Any) -> Settings:
    return Settings(issuers=issuers or (issuer(),), **parts)


def places(given: Settings) -> list[str]:
    """Where the problems are; none for settings that can be used."""
    try:
        assert checked(given) is given
    except InvalidConfiguration as refusal:
        return [problem.split(": ")[0] for problem in refusal.problems]
    return []


@pytest.mark.parametrize(("url", "is_fine"), [
    ("https://id.example", True),
    ("https://id.example:8443/realms/main", True),
    ("http://localhost:8080/oidc", True),
    ("http://127.0.0.1", True),
    ("http://127.8.9.10:1", True),
    ("http://[::1]:8080", True),
    ("http://id.example", False),
    ("http://localhost.example", False),
    ("http://127.0.0.1.example", False),
    ("http://10.0.0.1", False),
    ("http://localhost@id.example", False),
    ("https://user@id.example", False),
    ("https://id.example?tenant=a", False),
    ("https://id.example/#main", False),
    ("https://id.example:99999", False),
    ("https://id example", False),
    ("https://[id", False),
    ("https://", False),
    ("id.example", False),
    ("ftp://id.example", False),
    ("", False),
])  # fmt: skip
@pytest.mark.parametrize(("place", "of"), [
    ("issuers[0].issuer", lambda url: settings(issuer(url))),
    ("server.public_url", lambda url: settings(server=ServerSettings(public_url=url))),
])  # fmt: skip
def test_tokens_travel_only_under_https_or_on_this_machine(
    url: str, is_fine: bool, place: str, of: Callable[[str], Settings]
) -> None:
    assert places(of(url)) == ([] if is_fine else [place])


@pytest.mark.parametrize(("key", "values"), [
    ("audiences", {"audiences": ()}),
    ("audiences", {"audiences": ("api", "")}),
    ("algorithms", {"algorithms": ()}),
    ("algorithms", {"algorithms": ("RS256", "HS256")}),
    ("algorithms", {"algorithms": ("none",)}),
    ("algorithms", {"algorithms": ("rs256",)}),
    ("tenants", {"tenants": ("a",)}),
    ("tenants", {"tenant_claim": "org"}),
    ("tenant", {"tenant": ""}),
    ("tenant", {"tenant": "é"}),
    ("tenant", {"tenant": "a\n"}),
    ("tenant", {"tenant": "x" * 129}),
    ("tenant", {"tenant_claim": "org", "tenants": ("b", "")}),
    ("user_id_prefix", {"user_id_prefix": "é:"}),
    ("user_id_prefix", {"user_id_prefix": "x" * 255}),
    ("operator", {"operator": OperatorRule()}),
    ("operator", {"operator": OperatorRule(scope="admin", claim="admin")}),
    ("leeway", {"leeway": -1}),
    ("leeway", {"leeway": 301}),
    ("timeout", {"timeout": 0.0}),
    ("timeout", {"timeout": 4.1}),
    ("timeout", {"timeout": float("nan")}),
    ("key_cooldown, key_max_age", {"key_cooldown": 0}),
    ("key_cooldown, key_max_age", {"key_max_age": 0}),
])  # fmt: skip
def test_an_issuer_that_cannot_be_used_is_named_with_its_key(key: str, values: dict[str, Any]) -> None:
    assert places(settings(issuer("https://a.example", tenant="a"), issuer(**values))) == [f"issuers[1].{key}"]


@pytest.mark.parametrize("values", [
    {"audiences": ("api", "other")},
    {"algorithms": ALL_ALGORITHMS},
    {"tenant": "x" * 128},
    {"tenant_claim": "org", "tenants": ("a", "b")},
    {"user_id_prefix": "x" * 254},
    {"operator": OperatorRule(scope="admin")},
    {"operator": OperatorRule(claim="roles", value="admin")},
    {"leeway": 0},
    {"leeway": 300},
    {"timeout": 4.0},
    {"key_cooldown": 1, "key_max_age": 1},
])  # fmt: skip
def test_an_issuer_at_the_bounds_can_be_used(values: dict[str, Any]) -> None:
    assert places(settings(issuer(**values))) == []


A, B, C = "https://a.example", "https://b.example", "https://c.example"


@pytest.mark.parametrize(("issuers", "expected"), [
    ([issuer(A), issuer(B)], ["issuers[1].user_id_prefix"]),
    ([issuer(A), issuer(B, user_id_prefix="b:")], ["issuers[1].user_id_prefix"]),
    ([issuer(A, user_id_prefix="a:"), issuer(B)], ["issuers[1].user_id_prefix"]),
    ([issuer(A, user_id_prefix="a"), issuer(B, user_id_prefix="ab")], ["issuers[1].user_id_prefix"]),
    ([issuer(A, user_id_prefix="a:"), issuer(B, user_id_prefix="a:")], ["issuers[1].user_id_prefix"]),
    ([issuer(A, user_id_prefix="a:"), issuer(B, user_id_prefix="b:")], []),
    ([issuer(A), issuer(B, tenant="b")], []),
    ([issuer(A), issuer(B, tenant_claim="org", tenants=("x", "default"))], ["issuers[1].user_id_prefix"]),
    ([issuer(A), issuer(B, tenant_claim="org", tenants=("x", "y"))], []),
    ([issuer(A, tenant_claim="org", tenants=("x", "y")), issuer(B, tenant_claim="org", tenants=("y",))],
     ["issuers[1].user_id_prefix"]),
    ([issuer(A), issuer(B, user_id_prefix="b:"), issuer(C, user_id_prefix="c:")],
     ["issuers[1].user_id_prefix", "issuers[2].user_id_prefix"]),
    ([issuer(A, aliases=(B,)), issuer(B)], []),
    ([issuer(A), issuer(B, aliases=(A,))], []),
    ([issuer(A, aliases=(B,), user_id_prefix="x:"), issuer(B, user_id_prefix="x:")], []),
    ([issuer(A, aliases=(B,), user_id_prefix="a:"), issuer(B, user_id_prefix="b:")], []),
    ([issuer(A, aliases=(B,)), issuer(B, user_id_prefix="b:")], ["issuers[1].user_id_prefix"]),
    ([issuer(A, aliases=(B,)), issuer(B), issuer(C)], ["issuers[2].user_id_prefix", "issuers[2].user_id_prefix"]),
    ([issuer(A, aliases=(B, C)), issuer(B, aliases=(C,)), issuer(C)], []),
    ([issuer(A, aliases=(B,))], ["issuers[0].aliases"]),
    ([issuer(A), issuer(A)], ["issuers[1].issuer"]),
])  # fmt: skip
def test_two_people_never_share_a_user_id(issuers: list[IssuerSettings], expected: list[str]) -> None:
    assert places(settings(*issuers)) == expected


@pytest.mark.parametrize(("place", "parts"), [
    ("server.port", {"server": ServerSettings(port=0)}),
    ("server.port", {"server": ServerSettings(port=65_536)}),
    ("server.workers", {"server": ServerSettings(workers=0)}),
    ("server.workers", {"server": ServerSettings(workers=2)}),
    ("server.max_body", {"server": ServerSettings(max_body=1023)}),
    ("server.stop_timeout", {"server": ServerSettings(stop_timeout=0)}),
    ("server.stop_timeout", {"server": ServerSettings(stop_timeout=3601)}),
    ("database.url", {"database": DatabaseSettings(url="mysql://h/d")}),
    ("database.pool_min", {"database": DatabaseSettings(pool_min=0)}),
    ("database.pool_min", {"database": DatabaseSettings(pool_min=3, pool_max=2)}),
    ("database.connect_timeout", {"database": DatabaseSettings(connect_timeout=0)}),
    ("database.acquire_timeout", {"database": DatabaseSettings(acquire_timeout=60.1)}),
    ("database.statement_timeout", {"database": DatabaseSettings(statement_timeout=-1)}),
    ("usernames.pattern", {"usernames": UsernameSettings(pattern="[a-z")}),
    ("usernames.pattern", {"usernames": UsernameSettings(pattern="a{99999999999999999999}")}),
    ("avatars.base_url", {"avatars": AvatarSettings(base_url="avatars.example/svg")}),
    ("avatars.base_url", {"avatars": AvatarSettings(base_url="ftp://avatars.example")}),
    ("avatars.base_url", {"avatars": AvatarSettings(base_url="https:///svg")}),
    ("avatars.base_url", {"avatars": AvatarSettings(base_url="https://avatars.example/svg#top")}),
    ("avatars.base_url", {"avatars": AvatarSettings(base_url="https://avatars.example/".ljust(501, "x"))}),
    ("avatars.base_url", {"avatars": AvatarSettings(base_url="https://[avatars")}),
    ("avatars.base_url", {"avatars": AvatarSettings(base_url="https://user@avatars.example/svg")}),
    ("avatars.base_url", {"avatars": AvatarSettings(base_url="https://avatars.example/my svg")}),
    ("avatars.base_url", {"avatars": AvatarSettings(base_url="https://avatars.example:99999/svg")}),
    ("phoenix.creations_per_hour", {"phoenix": PhoenixSettings(creations_per_hour=-1)}),
])  # fmt: skip
def test_a_part_that_cannot_be_used_is_named_with_its_key(place: str, parts: dict[str, Any]) -> None:
    assert places(settings(**parts)) == [place]


@pytest.mark.parametrize("parts", [
    {"server": ServerSettings(port=1, max_body=1024, stop_timeout=1)},
    {"server": ServerSettings(port=65_535, stop_timeout=3600)},
    {"server": ServerSettings(workers=8), "database": DatabaseSettings(url="postgresql://h/d")},
    {"database": DatabaseSettings(url="postgres://h/d", pool_min=2, pool_max=2)},
    {"database": DatabaseSettings(connect_timeout=60, acquire_timeout=60, statement_timeout=0.1)},
    {"usernames": UsernameSettings(pattern="[A-Za-z_][0-9A-Za-z_.-]*")},
    {"avatars": AvatarSettings(base_url="http://avatars.example/svg?size=64")},
    {"phoenix": PhoenixSettings(creations_per_hour=0)},
])  # fmt: skip
def test_a_part_at_the_bounds_can_be_used(parts: dict[str, Any]) -> None:
    assert places(settings(**parts)) == []


def test_an_issuer_is_required() -> None:
    assert places(Settings(issuers=())) == ["issuers"]


def test_every_problem_is_reported_at_once() -> None:
    given = settings(
        issuer("http://a.example", leeway=-1), issuer("http://a.example"), server=ServerSettings(port=0, workers=2)
    )
    assert sorted(places(given)) == [
        "issuers[0].issuer", "issuers[0].leeway", "issuers[1].issuer", "issuers[1].issuer", "server.port",
        "server.workers",
    ]  # fmt: skip
