"""Whatever the lane answers, the handlers would have answered to the byte; whatever else there is, they do."""

from itertools import product
from typing import Any

import pytest
from tests.auth.proving import Prover
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import OPERATOR, TENANT, Service, address, issuer, key

from profilegate.errors import StoreUnavailable
from profilegate.lane import Lane
from profilegate.settings import CacheSettings, FieldSettings, ServerSettings

from .conftest import ORIGIN, Both

OWN = "/api/profile"
PATHS = [address("alice"), OWN, "/api/my-account", address("bob")]


async def known(both: Both, *users: str) -> None:
    """These have records."""
    for user in users:
        await both.service.client(user).get(address(user))


async def test_the_standalone_service_has_the_lane(service: Service) -> None:
    assert isinstance(service.app.asgi_handler, Lane)


async def test_a_setting_switches_it_off(serve: Serve) -> None:
    service = await serve(cache=CacheSettings(lane=False))
    assert not isinstance(service.app.asgi_handler, Lane)


@BOTH
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", PATHS)
async def test_a_record_is_shown_alike_and_without_the_handlers(both: Both, path: str, method: str) -> None:
    await known(both, "alice", "bob")
    caller = both.bearer("alice")
    answer = await both.alike(path, caller, method=method)
    assert (answer.status, both.by_itself) == (200, True)
    assert await both.alike(path, caller, method=method) == answer


HEADERS: list[Any] = [
    [],
    [(b"origin", ORIGIN.encode())],
    [(b"origin", b"https://evil.example")],
    [(b"origin", b"null")],
    [(b"origin", ORIGIN.encode()), (b"origin", ORIGIN.encode())],
    [(b"if-none-match", b"*")],
    [(b"if-none-match", b'"1-phoenix-0"')],
    [(b"if-none-match", b'W/"1-phoenix-0"')],
    [(b"if-none-match", b'"0", "1-phoenix-0" , "x"')],
    [(b"if-none-match", b'"2-phoenix-0"')],
    [(b"if-none-match", b"")],
    [(b"if-none-match", b"\xff\xfe")],
    [(b"if-none-match", b'"x"'), (b"if-none-match", b'"1-phoenix-0"')],
    [(b"if-none-match", b"*"), (b"origin", ORIGIN.encode())],
    [(b"if-match", b'"nothing"')],
    [(b"accept", b"text/html")],
    [(b"accept-encoding", b"gzip")],
    [(b"range", b"bytes=0-3")],
    [(b"cookie", b"a=b")],
    [(b"content-length", b"0")],
    [(b"transfer-encoding", b"chunked")],
    [(b"host", b"profiles.example:443")],
    [(b"host", b"")],
    [(b"host", b"[::1]:8000")],
    [(b"host", b"[::1")],
    [(b"host", b"a b")],
    [(b"host", b"profiles.example:99999")],
    [(b"host", b"a"), (b"host", b"b")],
    [(b"dpop", b"x")],
    [(b"x-forwarded-host", b"evil.example")],
]


@pytest.mark.parametrize("headers", HEADERS, ids=str)
async def test_every_header_means_the_same(both: Both, headers: Any) -> None:
    await known(both, "alice", "bob")
    for path, method in product(PATHS, ["GET", "HEAD", "OPTIONS", "POST", "PROPFIND"]):
        await both.alike(path, both.bearer("alice"), *headers, method=method)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"authorization", b"")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"Bearer ")],
        [(b"authorization", b"Bearer x.y.z")],
        [(b"authorization", b"Basic YTpi")],
        [(b"authorization", b"DPoP a.b.c")],
    ],
    ids=str,
)
async def test_who_is_nobody_is_refused_alike(both: Both, headers: Any) -> None:
    await known(both, "alice", "bob")
    for path in PATHS:
        assert (await both.alike(path, *headers)).status == 401


@pytest.mark.parametrize("spelled", [b"bearer ", b"BEARER ", b"Bearer  ", b" Bearer ", b"Bearer\t"])
async def test_a_token_that_is_spelled_otherwise_means_the_same(both: Both, spelled: bytes) -> None:
    await known(both, "alice")
    name, value = both.bearer("alice")
    await both.alike(OWN, (name, spelled + value.removeprefix(b"Bearer ")))


async def test_two_tokens_are_none(both: Both) -> None:
    await known(both, "alice")
    assert (await both.alike(OWN, both.bearer("alice"), both.bearer("bob"))).status in (400, 401)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/profiles/user/",
        "/v1/profiles/user/a%2Fb",
        "/v1/profiles/user/al%69ce",
        "/v1/profiles/user/alice/",
        "/v1/profiles/user//alice",
        "/v1/profiles/user/./alice",
        "/v1/profiles/user/alice?x=1",
        "/v1/profiles/user/alice;x",
        "/v1/profiles/user/%ff",
        "/v1/profiles/user/%00",
        "/v1/profiles/user/" + "a" * 128,
        "/v1/profiles/user/" + "a" * 129,
        "/v1/profiles/user/\xe4",
        "/v1/profiles/userx/alice",
        "/v1/profiles/users/alice",
        "/api/profile/",
        "/api/profile?x=1",
        "/api//profile",
        "/API/profile",
        "/api/profilex",
        "/health",
        "/nowhere",
    ],
)
async def test_every_path_means_the_same(both: Both, path: str) -> None:
    await known(both, "alice")
    await both.alike(path, both.bearer("alice"))


@pytest.mark.parametrize(
    "claims", [{"operator": True}, {"tenant": "another_tenant"}, {"client_id": "alice"}, {"sub": "bob"}]
)
@pytest.mark.parametrize("path", PATHS)
async def test_every_caller_sees_the_same(both: Both, path: str, claims: dict[str, Any]) -> None:
    await known(both, "alice", "bob")
    await both.alike(path, both.bearer("alice", **claims))


async def test_somebody_without_a_record_gets_one_from_the_handlers(both: Both) -> None:
    answer = await both.told(both.lane, both.scope(OWN, both.bearer("new")))
    assert (answer.status, both.handed_on) == (200, 1)


async def test_what_a_token_newly_says_gets_into_the_record_first(both: Both) -> None:
    await known(both, "alice")
    answer = await both.told(both.lane, both.scope(address("alice"), both.bearer("alice", name="Alice Moreau")))
    assert b'"name":"Alice Moreau"' in answer.body


async def test_a_change_is_seen_by_the_next_read(both: Both) -> None:
    await known(both, "alice")
    caller = both.bearer("alice")
    for n in range(3):
        await both.service.client("alice").patch(OWN, json={"name": f"Name {n}"})
        for path in (OWN, address("alice")):
            answer = await both.alike(path, caller)
            assert f'"Name {n}"'.encode() in answer.body
            assert both.by_itself


@pytest.mark.parametrize("act", ["suspend", "erase", "revoke_before"])
async def test_whoever_may_act_no_more_is_refused_by_the_next_read(both: Both, act: str) -> None:
    await known(both, "alice", "bob")
    caller, store, now = both.bearer("alice"), both.service.gate.repository, both.service.clock.milliseconds
    assert (await both.alike(OWN, caller)).status == 200
    arguments: Any = (now, OPERATOR, now) if act == "revoke_before" else (OPERATOR, now)
    await getattr(store, act)(key("alice"), *arguments)
    for path in PATHS:
        assert (await both.alike(path, caller)).status in (401, 403)


async def test_an_erased_record_is_not_there(both: Both) -> None:
    await known(both, "alice", "bob")
    await both.service.gate.repository.erase(key("bob"), OPERATOR, both.service.clock.milliseconds)
    assert (await both.alike(address("bob"), both.bearer("alice"))).status == 404


async def test_a_token_that_has_expired_is_refused(both: Both) -> None:
    await known(both, "alice")
    caller = both.bearer("alice")
    await both.alike(OWN, caller)
    both.service.clock.seconds += 3600 + 31
    assert (await both.alike(OWN, caller)).status == 401


async def test_a_bound_token_is_never_taken_as_a_plain_one(both: Both) -> None:
    await known(both, "alice")
    caller = both.bearer("alice", cnf={"jkt": Prover().thumbprint})
    assert (await both.alike(OWN, caller)).status == 401


async def test_what_a_scope_does_not_show_is_not_shown(serve: Serve) -> None:
    both = Both(await serve(issuers=(issuer(scopes={"p": ("read",), "e": ("read", "email")}),)))
    await known_as(both, "alice", primary_email="a@example.com")
    for scope, shown in (("p", False), ("e", True), ("p", False), ("p e", True), ("other", False)):
        answer = await both.alike(OWN, both.bearer("alice", scope=scope))
        assert (b"primaryEmail" in answer.body) == shown


async def known_as(both: Both, user: str, **fields: Any) -> None:
    await both.service.client(user, scope="p", email=fields["primary_email"], email_verified=True).get(OWN)


async def test_a_field_that_is_off_is_off(serve: Serve) -> None:
    both = Both(await serve(fields=FieldSettings(avatar="off", custom_data="off")))
    await known(both, "alice")
    for path in (OWN, address("alice")):
        await both.alike(path, both.bearer("alice"))


async def test_a_certificate_header_is_for_the_handlers(serve: Serve) -> None:
    server = ServerSettings(
        public_url="https://profiles.example", trusted_proxies=("127.0.0.1",), client_certificate_header="Client-Cert"
    )
    both = Both(await serve(server=server))
    await known(both, "alice")
    await both.alike(OWN, both.bearer("alice"), (b"client-cert", b":x:"), (b"client-cert", b":y:"))
    assert not both.by_itself


async def test_with_no_memory_the_lane_reads_the_database_and_answers_the_same(serve: Serve) -> None:
    both = Both(await serve(cache=CacheSettings(max_bytes=0)))
    await known(both, "alice", "bob")
    for path in PATHS:
        answer = await both.alike(path, both.bearer("alice"))
        assert (answer.status, both.by_itself) == (200, True)


async def test_a_database_that_is_gone_is_the_handlers_to_tell(both: Both) -> None:
    await known(both, "alice")
    caller = both.bearer("alice")
    both.service.gate.repository.forget(None)
    await both.service.gate.engine.close()
    assert (await both.alike(OWN, caller)).status == 503
    await both.service.gate.engine.open()


async def test_a_database_that_does_not_answer_is_waited_for_once(both: Both) -> None:
    await known(both, "alice")
    caller = both.bearer("alice")
    await both.alike(OWN, caller)
    records, asked = both.service.gate.repository, list[object]()

    async def silent(key: object) -> None:
        asked.append(key)
        raise StoreUnavailable

    records.forget(None)
    records._read = silent
    assert (await both.told(both.lane, both.scope(OWN, caller))).status == 503
    assert len(asked) == 1


async def test_another_tenants_record_of_the_same_name_is_another(both: Both) -> None:
    await known(both, "alice")
    await both.service.client("alice", tenant="another_tenant").patch(OWN, json={"name": "The other"})
    mine = await both.alike(address("alice"), both.bearer("alice", tenant=TENANT))
    other = await both.alike(address("alice"), both.bearer("alice", tenant="another_tenant"))
    assert (b"The other" in mine.body, b"The other" in other.body) == (False, True)
