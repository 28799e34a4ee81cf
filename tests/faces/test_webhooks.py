"""What the providers are answered at /webhooks."""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import TENANT, Clock, Service, issuer, running
from tests.faces.test_canaries import Kept
from tests.faces.test_phoenix_trouble import NOBODY
from tests.faces.webhooks import (
    ALL,
    LOGTO,
    SECRET,
    breaking,
    clerk,
    deliver,
    event,
    event_token,
    inbox,
    logout_token,
    served,
    settled,
    signed,
    source,
)
from tests.store.databases import audit

from profilegate.observability import JSONFormatter, TextFormatter
from profilegate.settings import DatabaseSettings, Settings
from profilegate.sync_settings import SyncSettings

EMAIL = "canary.person@mail.example"
CHALLENGE = "x-okta-verification-challenge"


@pytest.fixture
async def service(serve: Serve) -> Service:
    return await served(serve)


@pytest.fixture
async def homeless(clock: Clock) -> AsyncIterator[Service]:
    """The service on a database where nobody listens."""
    async with running(NOBODY, clock, webhooks=ALL) as one:
        yield one


@pytest.fixture
def log() -> Iterator[Kept]:
    """Everything that is logged, at any level."""
    kept, loggers = Kept(), [logging.getLogger(name) for name in (None, "profilegate")]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.addHandler(kept)
        each.setLevel(logging.DEBUG)
    yield kept
    for each, level in zip(loggers, levels, strict=True):
        each.removeHandler(kept)
        each.setLevel(level)


def problem(answer: httpx.Response) -> int:
    """The status, after the checks that hold for every problem of this face."""
    told = answer.json()
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.headers["cache-control"] == "no-store"
    assert (told["type"], told["status"]) == ("about:blank", answer.status_code)
    assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)
    return answer.status_code


# Taken


@BOTH
async def test_a_delivery_is_stored_byte_for_byte_when_it_is_answered(service: Service) -> None:
    body = b'{ "event":"User.Created","data":{"id":"alice", "name":"zo\xc3\xab"} }\n'
    answer = await deliver(service, body)
    assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (202, b"", "no-store")
    (row,) = await inbox(service)
    assert (row["source"], bytes(row["body"]), row["tenant_id"], row["user_id"]) == ("logto", body, TENANT, "alice")


@BOTH
async def test_a_delivery_that_comes_twice_is_taken_and_applied_once(service: Service) -> None:
    payload = event(name="Alice")
    for _ in range(3):
        assert (await deliver(service, payload)).status_code == 202
        await settled(service)
    assert [(row["state"], row["attempts"]) for row in await inbox(service)] == [("done", 0)]
    assert [(row["action"], row["actor_id"], row["version"]) for row in await audit(service.gate.engine)] == [
        ("create", "logto", 1)
    ]


async def test_the_signed_id_tells_attempts_of_one_delivery_from_another(service: Service) -> None:
    body = json.dumps({"type": "user.created", "data": {"id": "alice"}}).encode()
    for id in ("msg_1", "msg_1", "msg_2"):
        assert (await deliver(service, body, "clerk", **clerk(body, id))).status_code == 202
    assert [row["delivery_id"] for row in await inbox(service)] == ["msg_1", "msg_2"]


async def test_sources_do_not_take_each_others_deliveries_for_their_own(serve: Serve) -> None:
    service = await served(serve, source("one", "logto", SECRET), source("two", "logto", SECRET))
    assert [(await deliver(service, event(), to)).status_code for to in ("one", "two", "one")] == [202, 202, 202]
    assert [row["source"] for row in await inbox(service)] == ["one", "two"]


@pytest.mark.parametrize("name", ["Role.Created", "Organization.Created", "x", ""])
async def test_an_event_that_is_nothing_for_us_is_ignored(service: Service, name: str) -> None:
    answer = await deliver(service, event(name))
    assert (answer.status_code, answer.content, await inbox(service)) == (200, b"", [])


async def test_a_user_of_another_tenant_than_the_issuers_is_ignored(serve: Serve) -> None:
    service = await served(serve, source("logto", "logto", SECRET, tenant=None))
    assert ((await deliver(service, event())).status_code, await inbox(service)) == (200, [])


async def test_any_content_type_is_taken(service: Service) -> None:
    for n, kind in enumerate(("text/plain", "application/x-www-form-urlencoded", "nonsense", "")):
        body = json.dumps(event(user_id=f"user-{n}")).encode()
        assert (await deliver(service, body, **signed(body), **{"content-type": kind})).status_code == 202


async def test_no_token_is_looked_at(service: Service) -> None:
    body = json.dumps(event()).encode()
    assert (await deliver(service, body, **signed(body), authorization="Bearer nonsense")).status_code == 202


# Refused


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", ["nothing", "LOGTO", "logto%2Fx", "%00", "é", "logto "])
async def test_an_unknown_source_is_not_found(service: Service, method: str, name: str) -> None:
    body = json.dumps(event()).encode()
    answer = await service.stranger(signed(body)).request(method, f"/webhooks/{name}", content=body)
    assert answer.status_code == 404


async def test_without_sources_there_is_nothing_to_deliver_to(serve: Serve) -> None:
    assert (await deliver(await serve(), event())).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_other_methods_are_not_allowed(service: Service, method: str) -> None:
    assert (await service.stranger().request(method, "/webhooks/logto")).status_code == 405


@pytest.mark.parametrize("to", ["logto", "clerk", "okta", "kinde"])
async def test_what_is_not_signed_is_refused_and_not_stored(service: Service, to: str) -> None:
    answer = await deliver(service, event(), to, x="y")
    assert (problem(answer), answer.headers["www-authenticate"]) == (401, "Signature")
    assert await inbox(service) == []


async def test_the_reason_of_a_refusal_is_not_told(service: Service) -> None:
    told = [(await deliver(service, event(), **sent)).text for sent in ({"x": "y"}, signed(b"other"), signed(b"", "x"))]
    assert len(set(told)) == 1


def sized(size: int) -> bytes:
    start, end = b'{"event":"User.Created","data":{"id":"alice","name":"', b'"}}'
    return start + b"x" * (size - len(start) - len(end)) + end


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    for n in range(0, len(body), 1000):
        yield body[n : n + 1000]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("more", "status"), [(0, 202), (1, 413), (100_000, 413)])
async def test_a_body_may_be_as_large_as_the_limit(serve: Serve, more: int, status: int, chunked: bool) -> None:
    service = await served(serve, source("logto", "logto", SECRET, max_body=2048))
    body = sized(2048 + more)
    sent: Any = pieces(body) if chunked else body
    answer = await service.stranger(signed(body)).post("/webhooks/logto", content=sent)
    assert ("content-length" in answer.request.headers) != chunked
    assert (answer.status_code, len(await inbox(service))) == (status, int(status == 202))
    if status == 413:
        problem(answer)


async def test_a_source_may_take_more_than_the_other_faces(serve: Serve) -> None:
    service = await served(serve, source("logto", "logto", SECRET, max_body=4_000_000))
    assert (await deliver(service, sized(4_000_000))).status_code == 202


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"1", b'{"a":1}}', b'{"event":"\xff"}', b"\xff\xfe{\x00}\x00", b"[" * 5000],
)
async def test_a_signed_body_that_is_no_json_object_is_a_bad_request(service: Service, body: bytes) -> None:
    assert (problem(await deliver(service, body)), await inbox(service)) == (400, [])


async def test_a_signed_payload_that_is_not_as_documented_is_a_bad_request(service: Service) -> None:
    body = json.dumps({"type": "user.created", "data": {"name": EMAIL}}).encode()
    answer = await deliver(service, body, "clerk", **clerk(body))
    assert (problem(answer), EMAIL in answer.text) == (400, False)


# Our own trouble


@pytest.mark.parametrize("to", ["logto", "clerk", "okta"])
async def test_without_a_database_a_delivery_may_come_again(homeless: Service, to: str) -> None:
    body = json.dumps(OKTA_EVENT if to == "okta" else event() | {"type": "user.deleted"}).encode()
    headers = {"logto": signed(body), "clerk": clerk(body), "okta": {"authorization": SECRET}}[to]
    answer = await deliver(homeless, body, to, **headers)
    assert problem(answer) == 503
    assert 1 <= int(answer.headers["retry-after"]) <= 60


async def test_without_a_database_what_is_not_signed_is_still_refused(homeless: Service) -> None:
    assert problem(await deliver(homeless, event(), x="y")) == 401


@pytest.mark.parametrize("to", ["events", "logout", "kinde"])
async def test_without_the_issuers_keys_a_delivery_may_come_again(service: Service, to: str) -> None:
    body = logout_token(service) if to == "logout" else event_token(service)
    body = service.provider.token({"typ": "JWT"}).encode() if to == "kinde" else body
    service.provider.down = True
    answer = await deliver(service, body, to, x="y")
    assert problem(answer) == 503
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert await inbox(service) == []


# Okta's challenge

OKTA_EVENT = {
    "eventId": "e",
    "data": {
        "events": [{"uuid": "u", "eventType": "user.lifecycle.suspend", "target": [{"id": "alice", "type": "User"}]}]
    },
}


async def test_oktas_challenge_is_repeated(service: Service) -> None:
    answer = await service.stranger({"authorization": SECRET, CHALLENGE: "abc-123"}).get("/webhooks/okta")
    assert (answer.status_code, answer.json()) == (200, {"verification": "abc-123"})
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("authorization", ["x", f"{SECRET}x", None])
async def test_a_challenge_without_the_secret_is_refused(service: Service, authorization: str | None) -> None:
    headers = {CHALLENGE: "canary"} | ({} if authorization is None else {"authorization": authorization})
    answer = await service.stranger(headers).get("/webhooks/okta")
    assert (problem(answer), "canary" in answer.text) == (401, False)


@pytest.mark.parametrize("name", ["logto", "clerk", "events", "logout", "kinde"])
async def test_other_providers_do_not_ask(service: Service, name: str) -> None:
    answer = await service.stranger({"authorization": SECRET, CHALLENGE: "x"}).get(f"/webhooks/{name}")
    assert problem(answer) == 404


async def test_a_get_without_exactly_one_challenge_is_not_found(service: Service) -> None:
    for challenges in ([], [(CHALLENGE, "a"), (CHALLENGE, "b")]):
        headers = httpx.Headers([("authorization", SECRET), *challenges])
        assert problem(await service.stranger(headers).get("/webhooks/okta")) == 404


# Security events (RFC 8935)


async def test_a_security_event_is_accepted_when_it_is_stored(service: Service) -> None:
    answer = await deliver(service, event_token(service), "events", **{"content-type": "application/secevent+jwt"})
    assert (answer.status_code, answer.content, len(await inbox(service))) == (202, b"", 1)


@pytest.mark.parametrize(
    ("claims", "err"),
    [
        ({"iss": "https://evil.example"}, "authentication_failed"),
        ({"aud": "https://other.example"}, "authentication_failed"),
        ({"jti": None}, "authentication_failed"),
        ({"events": []}, "invalid_request"),
        ({"sub_id": 5}, "invalid_request"),
    ],
)
async def test_a_refused_security_event_is_told_as_its_standard_says(
    service: Service, claims: dict[str, Any], err: str
) -> None:
    answer = await deliver(service, event_token(service, **claims), "events", x="y")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")
    assert answer.json().keys() == {"err", "description"}
    assert (answer.json()["err"], await inbox(service)) == (err, [])


@pytest.mark.parametrize("body", [b"", b"{}", b"a.b.c", b"\xff" * 100])
async def test_what_is_no_security_event_is_a_bad_request(service: Service, body: bytes) -> None:
    answer = await deliver(service, body, "events", x="y")
    assert (answer.status_code, answer.json()["err"]) == (400, "authentication_failed")


# Back-channel logout


async def test_a_logout_is_answered_with_200(service: Service) -> None:
    for _ in range(2):
        answer = await deliver(service, logout_token(service), "logout", x="y")
        assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (200, b"", "no-store")
    assert len(await inbox(service)) == 1


@pytest.mark.parametrize("claims", [{"nonce": "n"}, {"events": {}}, {"aud": "x"}, {"sub": None}, {"exp": 1}])
async def test_a_refused_logout_is_answered_with_400(service: Service, claims: dict[str, Any]) -> None:
    answer = await deliver(service, logout_token(service, **claims), "logout", x="y")
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.status_code, await inbox(service)) == (400, [])


@pytest.mark.parametrize("body", [b"", b"logout_token=", b"logout_token=a.b.c", b"\xff"])
async def test_a_form_without_a_logout_token_is_answered_with_400(service: Service, body: bytes) -> None:
    answer = await deliver(service, body, "logout", x="y")
    assert (answer.status_code, answer.headers["cache-control"]) == (400, "no-store")


async def test_a_logout_of_somebody_unknown_is_answered_with_200(service: Service) -> None:
    assert (await deliver(service, logout_token(service, sub="nobody"), "logout", x="y")).status_code == 200
    await settled(service)


# What does not come out


async def test_no_body_and_no_secret_comes_out(service: Service, log: Kept) -> None:
    known = event(name="Canary Person", primaryEmail=EMAIL)
    answers = [
        await deliver(service, known),
        await deliver(service, known, **signed(b"", EMAIL)),
        await deliver(service, EMAIL.encode()),
        await deliver(service, json.dumps({"type": "user.created", "data": EMAIL}).encode(), "clerk", x=SECRET),
        await deliver(service, known, "okta", authorization=f"{SECRET}, {EMAIL}"),
        await deliver(service, event_token(service, sub_id=EMAIL), "events", x=SECRET),
    ]
    await settled(service)
    service.provider.down = True
    service.provider.rotate("key-2")
    answers.append(await deliver(service, event_token(service, subject=EMAIL), "events", x=SECRET))
    said = [f"{answer.headers} {answer.text}" for answer in answers]
    said += [log.text(each) for each in (logging.Formatter(), TextFormatter(), JSONFormatter())]
    assert not [word for word in (SECRET, EMAIL, "Canary Person") for text in said if word in text]


async def test_an_event_that_cannot_be_applied_is_logged_without_its_content(
    database: DatabaseSettings, clock: Clock, log: Kept
) -> None:
    async with running(database, clock, webhooks=(LOGTO,), sync=SyncSettings(max_attempts=1)) as one:
        await breaking(one)
        await deliver(one, event(user_id="broken", name="Canary Person", primaryEmail=EMAIL))
        await settled(one)
    for each in (TextFormatter(), JSONFormatter()):
        text = log.text(each)
        assert "dead letter" in text
        assert not [word for word in (SECRET, EMAIL, "Canary Person") if word in text]


def test_a_sources_settings_hide_their_secrets() -> None:
    assert SECRET not in repr((ALL, Settings(issuers=(issuer(),), webhooks=ALL)))


async def test_a_source_tells_about_the_users_of_its_own_issuer(serve: Serve) -> None:
    other = issuer(
        issuer="https://other.example", user_id_prefix="other|", tenant_claim=None, tenants=(), tenant="third"
    )
    from_other = source("logto", "logto", SECRET, issuer="https://other.example", tenant=None)
    service = await served(serve, from_other, issuers=(issuer(), other))
    assert (await deliver(service, event())).status_code == 202
    assert [(row["tenant_id"], row["user_id"]) for row in await inbox(service)] == [("third", "other|alice")]
