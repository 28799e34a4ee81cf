"""Hosts with a ProfileGate: their handlers, the mounted faces and the account page see one record and one standing."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from tests.integration.hosting import Process
from tests.integration.world import WITH_RECORDS, World, of
from tests.store.databases import opened, repository

from profilegate.profiles.record import Actor, ProfileKey
from profilegate.settings import DatabaseSettings
from profilegate.store.profiles import ProfileRepository

OPERATOR = Actor("operator", "root", "test")
PROFILE = "/identity/api/profile"
ORIGIN = "access-control-allow-origin"
PREFLIGHT = {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}


@pytest.fixture
def user() -> str:
    return f"user-{uuid4().hex}"


@pytest.fixture
def token(hosts: World, user: str) -> str:
    return hosts.provider.sign_in(user)


def in_store(hosts: World, host: Process, work: Callable[[ProfileRepository], Awaitable[Any]]) -> None:
    """What somebody else does in the host's database."""
    (dsn,) = (dsn for name, dsn in hosts.dsns.items() if hosts.host(name) is host)

    async def done() -> None:
        async with opened(DatabaseSettings(url=dsn)) as engine:
            await work(repository(engine))

    asyncio.run(done())


def now() -> int:
    return int(time.time() * 1000)


@of(*WITH_RECORDS)
def test_a_name_that_is_changed_through_a_face_is_the_name_in_the_hosts_handler(host: Process, token: str) -> None:
    made = host.call(token, "/me").json()["name"]
    assert host.call(token, PROFILE).json()["name"] == made
    assert host.call(token, PROFILE, "PATCH", json={"name": "Renamed"}).status_code == 200
    assert host.call(token, "/me").json()["name"] == "Renamed"


@of(*WITH_RECORDS)
def test_a_suspension_and_its_end_are_seen_by_the_hosts_handlers_at_once(
    host: Process, hosts: World, user: str, token: str
) -> None:
    assert host.call(token, "/me").status_code == 200
    for suspended, status in ((True, 403), (False, 200)):
        in_store(hosts, host, lambda s, on=suspended: s.suspend(ProfileKey("default", user), OPERATOR, now(), on))
        assert [host.call(token, path).status_code for path in ("/me", PROFILE)] == [status, status]


@of(*WITH_RECORDS)
def test_a_revocation_is_seen_by_the_hosts_handlers_at_once(host: Process, hosts: World, user: str, token: str) -> None:
    assert host.call(token, "/me").status_code == 200
    in_store(hosts, host, lambda s: s.revoke_before(ProfileKey("default", user), now(), OPERATOR, now()))
    answer = host.call(token, "/me")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@of(*WITH_RECORDS)
def test_a_webhook_below_the_hosts_path_suspends_for_its_handlers(
    host: Process, hosts: World, user: str, token: str
) -> None:
    assert host.call(token, "/me").status_code == 200
    said = {"event": "User.SuspensionStatus.Updated", "createdAt": time.strftime("%FT%T.999Z", time.gmtime()),
            "hookId": "hook", "data": {"id": user, "isSuspended": True}}  # fmt: skip
    file = hosts.folder / "delivery.json"
    file.write_text(json.dumps(said))
    config = str(hosts.folder / name_of(hosts, host) / "profilegate.toml")
    sent = hosts.installed.command(
        "webhook", "send", "--config", config, "--url", f"{host.url}/identity", "logto", str(file)
    )
    assert sent.returncode == 0, sent.stdout + sent.stderr
    end = time.monotonic() + 30
    while host.call(token, "/me").status_code != 403:
        assert time.monotonic() < end, host.log


def name_of(hosts: World, host: Process) -> str:
    return next(name for name in WITH_RECORDS if hosts.host(name) is host)


@of(*WITH_RECORDS)
def test_the_mounted_faces_have_error_shapes_of_their_own(host: Process, token: str) -> None:
    public = host.call(None, "/identity/v1/profiles/user/somebody")
    assert (public.status_code, public.json()["code"]) == (401, "AUTH_002")
    logto = host.call(token, PROFILE, "PATCH", json={"name": 7})
    assert (logto.status_code, logto.json()["code"]) == (400, "guard.invalid_input")


@of(*WITH_RECORDS)
def test_the_faces_are_where_the_host_put_them_and_nowhere_else(host: Process, token: str) -> None:
    assert host.call(token, PROFILE).status_code == 200
    assert host.call(token, "/api/profile").status_code == 404
    assert host.call(token, "/identity/identity/api/profile").status_code == 404
    assert host.call(None, "/identity/health").json() == {"status": "healthy"}


@of(*WITH_RECORDS)
@pytest.mark.parametrize("path", ["/open", "/me", PROFILE, "/identity/api/none"])
@pytest.mark.parametrize("origin", ["https://shop.example", "https://pages.example", "https://both.example"])
def test_the_hosts_cors_and_ours_are_never_there_twice(host: Process, token: str, path: str, origin: str) -> None:
    for each in (token, None):
        answer = host.call(each, path, headers={"origin": origin})
        assert answer.headers.get_list(ORIGIN) in ([], [origin])


@of(*WITH_RECORDS)
def test_each_cors_lets_in_its_own_origins(host: Process, token: str) -> None:
    def granted(path: str, origin: str) -> bool:
        return host.call(token, path, headers={"origin": origin}).headers.get(ORIGIN) == origin

    assert granted("/me", "https://shop.example")
    assert not granted("/me", "https://pages.example")
    assert granted(PROFILE, "https://pages.example")
    assert granted(PROFILE, "https://both.example")


@of(*WITH_RECORDS)
def test_a_preflight_of_a_host_page_needs_no_token_and_is_answered_once(host: Process) -> None:
    for path in ("/me", PROFILE):
        answer = host.http.options(path, headers={"origin": "https://both.example", **PREFLIGHT})
        assert answer.status_code in (200, 204), answer.text
        assert answer.headers.get_list(ORIGIN) == ["https://both.example"]


@of(*WITH_RECORDS)
def test_the_account_page_has_its_links_below_the_hosts_path(host: Process) -> None:
    answer = host.http.get("/identity/account")
    assert answer.status_code == 200
    links = {
        part.partition('"')[0] for name in ("href", "src", "action") for part in answer.text.split(f'{name}="')[1:]
    }
    own = {link for link in links if link.startswith("/")}
    assert own
    assert all(link.startswith("/identity/account") for link in own), own
    for link in own:
        assert host.http.get(link).status_code in (200, 303), link


@of(*WITH_RECORDS)
def test_a_sign_in_at_the_account_page_comes_back_below_the_hosts_path(host: Process, user: str, token: str) -> None:
    at_provider = host.http.get("/identity/account/sign-in").headers["location"]
    callback = f"{host.url}/identity/account/callback"
    assert parse_qs(urlsplit(at_provider).query)["redirect_uri"] == [callback]
    ended = host.http.get(come_back(at_provider, user, callback))
    assert (ended.status_code, ended.headers["location"]) == (303, "/identity/account")
    assert host.call(token, "/me").json()["name"] in host.http.get("/identity/account").text


def come_back(at_provider: str, login: str, callback: str) -> str:
    """Signs in at the provider; where it sends the browser in the end."""
    with httpx.Client(trust_env=False) as browser:
        answer = browser.get(at_provider)
        while not answer.headers.get("location", "").startswith(callback):
            asked = answer.status_code == 200
            where = answer.url if asked else answer.url.join(answer.headers["location"])
            answer = browser.post(where, data={"login": login}) if asked else browser.get(where)
        return str(answer.headers["location"])
