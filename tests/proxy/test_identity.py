"""Who gets through each proxy, and as whom the application sees them: the real gate, a real provider's tokens."""

import asyncio
import re
import time
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest
from tests.e2e.provider import OPAQUE, Provider
from tests.e2e.served import eventually
from tests.proxy.application import Application
from tests.proxy.asking import Answer
from tests.proxy.conftest import Gate
from tests.proxy.listening import Seen
from tests.proxy.shipped import SCOPE, Proxy
from tests.store.databases import opened, repository

from profilegate.profiles.record import Actor, ProfileKey
from profilegate.settings import DatabaseSettings

SIX = ("X-Auth-Tenant", "X-Auth-Subject", "X-Auth-Scope", "X-Profile-Username", "X-Profile-Name", "X-Profile-Avatar")
KINDS: dict[str, dict[str, Any]] = {"jwt": {}, "opaque": {"resource": OPAQUE}}


@pytest.fixture(scope="module", autouse=True)
def brief(provider: Provider) -> dict[str, str]:
    """Tokens that last four seconds, given out before everything else here."""
    return {kind: provider.sign_in(f"brief-{kind}", **options) for kind, options in KINDS.items()}


def told(seen: Seen) -> dict[str, str]:
    """What the application was told of the caller; an empty header and none are the same."""
    values = {name: seen.values(name) for name in SIX}
    assert all(len(each) <= 1 for each in values.values()), seen.headers
    return {name: each[0] for name, each in values.items() if each and each[0]}


def refused(proxy: Proxy, application: Application, *args: Any, **options: Any) -> Answer:
    """The answer, of which the application knows nothing."""
    before = len(application.seen)
    answer = proxy.ask(*args, **options)
    assert len(application.seen) == before
    assert not any(name.lower().startswith(("x-auth-", "x-profile-")) for name in answer.headers)
    return answer


def challenges(answer: Answer) -> str:
    return ", ".join(answer.headers.get_all("www-authenticate", []))


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_a_user_gets_through_and_the_application_is_told_who_it_is(
    proxy: Proxy, gate: Gate, provider: Provider, options: dict[str, Any]
) -> None:
    user = f"named-{uuid4().hex}"
    token = provider.sign_in(user, f"openid {SCOPE}", **options)
    assert gate.rename(token, 'Zoë 雪 O\'Hara, "x"').status_code == 200
    found = told(proxy.ask("/anything?a=b", token=token).seen)
    assert (found["X-Auth-Tenant"], found["X-Auth-Subject"]) == ("default", user)
    assert SCOPE in found["X-Auth-Scope"].split()
    assert found["X-Profile-Name"] == "Zo%C3%AB%20%E9%9B%AA%20O%27Hara%2C%20%22x%22"
    assert unquote(found["X-Profile-Avatar"]).startswith("https://")


def test_a_user_without_a_record_gets_through_without_a_profile_and_still_has_none(
    proxy: Proxy, gate: Gate, provider: Provider
) -> None:
    user = f"new-{uuid4().hex}"
    for _ in range(2):
        found = told(proxy.ask(token=provider.sign_in(user, f"openid {SCOPE}")).seen)
        assert found["X-Auth-Subject"] == user
        assert not {name for name in found if name.startswith("X-Profile-")}


def test_the_application_gets_the_request_as_it_was_and_the_token_too(proxy: Proxy, provider: Provider) -> None:
    token = provider.sign_in("somebody")
    seen = proxy.ask("/a%20b/c?d=e%2Ff&g", method="DELETE", token=token, headers=[("X-Own", "kept")]).seen
    assert (seen.method, seen.target) == ("DELETE", "/a%20b/c?d=e%2Ff&g")
    assert seen.values("authorization") == [f"Bearer {token}"]
    assert seen.values("x-own") == ["kept"]


def test_who_sends_nothing_is_told_both_schemes(proxy: Proxy, application: Application) -> None:
    answer = refused(proxy, application)
    assert answer.status == 401
    assert re.match(r"Bearer\b.*, DPoP ", challenges(answer))


BAD = {
    "made up": "made-up",
    "empty": " ",
    "no signature": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.",
    "two": "one, two",
}


@pytest.mark.parametrize("token", BAD.values(), ids=BAD)
def test_a_bad_token_is_refused(proxy: Proxy, application: Application, token: str) -> None:
    answer = refused(proxy, application, token=token)
    assert answer.status == 401
    assert challenges(answer).startswith("Bearer")


def test_a_tampered_token_is_refused(proxy: Proxy, application: Application, provider: Provider) -> None:
    head, claims, signature = provider.sign_in("somebody").split(".")
    changed = "A" if signature[10] != "A" else "B"
    answer = refused(proxy, application, token=f"{head}.{claims}.{signature[:10]}{changed}{signature[11:]}")
    assert answer.status == 401
    assert 'error="invalid_token"' in challenges(answer)


def test_two_tokens_are_refused_whichever_comes_first(
    proxy: Proxy, application: Application, provider: Provider
) -> None:
    good, bad = f"Bearer {provider.sign_in('somebody')}", "Bearer made-up"
    for first, second in ((good, bad), (bad, good), (good, good)):
        answer = refused(proxy, application, headers=[("Authorization", first), ("Authorization", second)])
        assert answer.status in (400, 401)


def test_a_token_is_refused_once_it_has_expired(proxy: Proxy, application: Application, brief: dict[str, str]) -> None:
    for token in brief.values():
        eventually(lambda token=token: proxy.ask(token=token).status == 401)  # type: ignore[misc]
        assert 'error="invalid_token"' in challenges(refused(proxy, application, token=token))


def test_a_user_who_is_suspended_is_refused_with_the_next_request(
    proxy: Proxy, application: Application, gate: Gate, provider: Provider
) -> None:
    user = f"user-{uuid4().hex}"
    token = provider.sign_in(user, f"openid {SCOPE}")
    assert gate.call(token).status_code == 200
    assert proxy.ask(token=token).status == 200
    suspend(gate.dsn, user)
    answer = refused(proxy, application, token=token)
    assert answer.status == 403
    assert re.match("Bearer(?!.*error=)", challenges(answer))


def test_where_a_scope_is_needed_only_a_token_with_it_gets_through(
    proxy: Proxy, application: Application, provider: Provider
) -> None:
    without, having = provider.sign_in("somebody"), provider.sign_in("somebody", f"openid {SCOPE}")
    answer = refused(proxy, application, "/orders/1?scope=", token=without)
    assert answer.status == 403
    assert f'error="insufficient_scope", scope="{SCOPE}"' in challenges(answer)
    assert proxy.ask("/orders/1", token=having).seen.target == "/orders/1"
    assert proxy.ask("/", token=without).status == 200


def test_what_is_open_needs_no_token_and_no_gate(proxy: Proxy) -> None:
    assert proxy.ask("/health?verbose").seen.target == "/health?verbose"


def suspend(dsn: str, user: str) -> None:
    """What an operator does in the gate's database."""
    now = int(time.time() * 1000)

    async def done() -> None:
        async with opened(DatabaseSettings(url=dsn)) as engine:
            by = Actor("operator", "root", "test")
            assert await repository(engine).suspend(ProfileKey("default", user), by, now)

    asyncio.run(done())
