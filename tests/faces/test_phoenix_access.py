"""Who may call the Phoenix face, and what everybody else is told."""

import json
from typing import Any

import httpx
import pytest
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import OPERATOR, OTHER_TENANT, PROVIDER, Clock, Service, address, issuer, key
from tests.store.databases import everything

from profilegate.profiles import names
from profilegate.profiles.record import Actor
from profilegate.settings import ALGORITHMS, PhoenixSettings, ServerSettings

HERE = address("alice")
METADATA = 'resource_metadata="https://profiles.example/.well-known/oauth-protected-resource"'
INVALID = f'Bearer error="invalid_token", error_description="The access token is not valid.", {METADATA}'
EXPIRED = f'Bearer error="invalid_token", error_description="The access token has expired.", {METADATA}'
NONE_YET = f'Bearer {METADATA}, DPoP algs="{" ".join(sorted(ALGORITHMS))}"'
SEVERAL = (
    f'Bearer error="invalid_request", error_description="The request carries more than one credential.", {METADATA}'
)

CALLS = [("GET", HERE), ("HEAD", HERE), ("PUT", HERE), ("POST", "/v1/profiles/batch")]
"""Every door of the face."""


def refusal(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and challenge, after the checks that hold for every refusal of this face."""
    assert list(answer.json()) == ["error", "code"]
    assert answer.json()["error"].endswith(".")
    assert answer.headers["content-type"] == "application/json"
    assert (answer.headers["cache-control"], answer.headers["vary"]) == ("no-store", "Authorization, Origin")
    return answer.status_code, answer.json()["code"], answer.headers.get("www-authenticate")


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_every_door_asks_for_a_token(service: Service, method: str, path: str) -> None:
    answer = await service.stranger().request(method, path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, NONE_YET)


@pytest.mark.parametrize("value", [None, "", "Basic YTpi", "Token x", "Bear", "Bearerx y", "Basic Bearer x"])
async def test_without_a_bearer_token_the_caller_did_nothing_wrong_yet(service: Service, value: str | None) -> None:
    answer = await service.stranger({} if value is None else {"authorization": value}).get(HERE)
    assert refusal(answer) == (401, "AUTH_002", NONE_YET)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR", " Bearer", "Bearer  "])
async def test_the_scheme_is_compared_without_case(service: Service, scheme: str) -> None:
    client = service.stranger({"authorization": f"{scheme} {service.token()}"})
    assert (await client.get(HERE)).status_code == 200


async def test_a_token_is_never_taken_from_the_query(service: Service) -> None:
    answer = await service.stranger().get(f"{HERE}?access_token={service.token()}")
    assert refusal(answer)[:2] == (401, "AUTH_002")


@pytest.mark.parametrize("second", ["Bearer x", "Basic YTpi", ""])
async def test_more_than_one_credential_is_a_bad_request(service: Service, second: str) -> None:
    headers = [("authorization", f"Bearer {service.token()}"), ("authorization", second)]
    answer = await service.stranger().get(HERE, headers=headers)
    assert refusal(answer) == (400, "BAD_REQUEST", SEVERAL)


NOT_OURS: list[dict[str, Any]] = [
    {"aud": "https://other.example"},
    {"aud": None},
    {"iss": "https://other.example"},
    {"sub": None},
    {"sub": ""},
    {"sub": "x" * 256},
    {"sub": "é"},
    {"sub": 5},
    {"exp": None},
    {"exp": "soon"},
    {"nbf": 9_999_999_999},
    {"iat": 9_999_999_999},
    {"cnf": {"jkt": "x"}},
    {"at_hash": "x"},
    {"tenant": None},
    {"tenant": "unheard_of"},
    {"header": {"typ": "JWT"}},
    {"header": {"alg": "HS256"}},
    {"header": {"kid": "unheard-of"}},
    {"header": {"crit": ["b64"]}},
]


@pytest.mark.parametrize("claims", NOT_OURS, ids=str)
async def test_a_token_that_is_not_for_us_is_invalid(service: Service, claims: dict[str, Any]) -> None:
    good = service.token()
    header = claims.get("header")
    token = reheaded(good, header) if header else service.token(**claims)
    answer = await service.stranger({"authorization": f"Bearer {token}"}).get(HERE)
    assert refusal(answer) == (401, "AUTH_001", INVALID)
    assert await everything(service.gate.engine) == ([], [])


def reheaded(token: str, header: dict[str, Any]) -> str:
    """The token with another header, the signature untouched."""
    protected, _, rest = token.partition(".")
    changed = json.loads(urlsafe_b64decode(protected.encode())) | header
    return f"{urlsafe_b64encode(json.dumps(changed).encode()).decode()}.{rest}"


@pytest.mark.parametrize("token", ["", " ", "x", "a.b.c", "..", "x" * 20_000, "a b"])
async def test_what_is_no_token_is_invalid(service: Service, token: str) -> None:
    answer = await service.stranger({"authorization": f"Bearer {token} "}).get(HERE)
    assert refusal(answer) == (401, "AUTH_001", INVALID)


@pytest.mark.parametrize(("late", "status"), [(0, 200), (29, 200), (30, 401), (3600, 401)])
async def test_an_expired_token_is_told_apart(service: Service, clock: Clock, late: int, status: int) -> None:
    client = service.client("alice")
    clock.seconds += 3600 + late
    answer = await client.get(HERE)
    assert answer.status_code == status
    if status == 401:
        assert refusal(answer) == (401, "AUTH_004", EXPIRED)


async def test_a_missing_permission_is_named_with_its_scope(serve: Serve) -> None:
    service = await serve(issuers=(issuer(scopes={"profiles:read": ("read",), "profiles:write": ("write",)}),))
    reader, writer = service.client(scope="profiles:read"), service.client(scope="profiles:write")
    assert (await reader.get(HERE)).status_code == 200
    unwritten = await reader.put(HERE, json={"name": "Al"})
    challenge = f'Bearer error="insufficient_scope", scope="profiles:write", {METADATA}'
    assert refusal(unwritten) == (403, "AUTH_003", challenge)
    assert (await writer.put(HERE, json={"name": "Al"})).status_code == 200
    assert refusal(await writer.get(HERE))[:2] == (403, "AUTH_003")


async def test_somebody_elses_profile_is_forbidden_with_a_challenge(client: httpx.AsyncClient) -> None:
    answer = await client.put(address("bob"), json={"name": "Mallory"})
    assert refusal(answer) == (403, "AUTH_003", f'Bearer error="insufficient_scope", {METADATA}')


async def test_without_a_public_address_the_challenge_names_no_metadata(serve: Serve) -> None:
    answer = await (await serve(server=ServerSettings())).stranger().get(HERE)
    assert answer.headers["www-authenticate"] == NONE_YET.replace(f" {METADATA}", "")


MACHINES: list[dict[str, Any]] = [
    {"client_id": "robot"},
    {"azp": "robot"},
    {"gty": "client-credentials"},
    {"sub": "robot@clients"},
]


@pytest.mark.parametrize("claims", MACHINES, ids=str)
async def test_a_machine_is_no_user(service: Service, claims: dict[str, Any]) -> None:
    machine = service.client(**{"user_id": claims.get("sub", "robot"), **claims})
    own = address(claims.get("sub", "robot"))
    for answer in (await machine.get(own), await machine.get(HERE), await machine.put(own, json={"name": "R"})):
        assert refusal(answer)[:2] == (403, "AUTH_003")
    assert (await machine.post("/v1/profiles/batch", json={"user_ids": ["alice"]})).status_code == 403
    assert await everything(service.gate.engine) == ([], [])


@pytest.mark.caller("robot", client_id="robot", operator=True)
async def test_a_machine_that_is_an_operator_acts_on_named_users(client: httpx.AsyncClient) -> None:
    assert (await client.put(HERE, json={"name": "Alice"})).json()["name"] == "Alice"
    assert (await client.get(HERE)).status_code == 200


@pytest.mark.caller("robot", client_id="robot", operator=True)
async def test_a_machine_never_gets_a_record_of_its_own(client: httpx.AsyncClient, service: Service) -> None:
    await client.get(address("robot"))
    await client.put(address("robot"), json={"name": "Robot"})
    assert await service.gate.repository.get(key("robot")) is None


@pytest.mark.parametrize("by", [OPERATOR, PROVIDER])
@BOTH
async def test_a_suspended_user_may_not_act_but_is_still_seen(service: Service, by: Actor) -> None:
    alice, bob = service.client("alice"), service.client("bob")
    seen = await alice.get(HERE)
    await service.gate.repository.suspend(key("alice"), by, service.clock.milliseconds)
    for answer in (await alice.get(HERE), await alice.put(HERE, json={"name": "Al"}), await alice.get(address("bob"))):
        assert refusal(answer) == (403, "AUTH_005", f"Bearer {METADATA}")
    assert (await bob.get(HERE)).content == seen.content


@BOTH
async def test_a_user_erased_by_the_provider_is_gone(service: Service, clock: Clock) -> None:
    alice, bob = service.client("alice"), service.client("bob")
    await alice.get(HERE)
    await service.gate.repository.erase(key("alice"), PROVIDER, clock.milliseconds)
    clock.seconds += 600
    for caller in (alice, service.client("alice")):
        assert refusal(await caller.get(HERE)) == (401, "AUTH_001", INVALID)
        assert refusal(await caller.put(HERE, json={"name": "Al"})) == (401, "AUTH_001", INVALID)
    assert refusal(await bob.get(HERE))[:2] == (404, "NOT_FOUND")
    operator = service.client("olive", operator=True)
    assert refusal(await operator.put(HERE, json={"name": "Al"}))[:2] == (404, "NOT_FOUND")


@BOTH
async def test_a_user_who_erased_himself_returns_with_a_newer_token(service: Service, clock: Clock) -> None:
    alice = service.client("alice")
    await alice.put(HERE, json={"name": "Alice"})
    await service.gate.repository.erase(key("alice"), Actor("user", "alice", "test"), clock.milliseconds)
    assert refusal(await alice.get(HERE))[:2] == (401, "AUTH_001")
    assert refusal(await service.client("bob").get(HERE))[:2] == (404, "NOT_FOUND")
    clock.seconds += 1
    again = await service.client("alice").get(HERE)
    assert (again.status_code, again.headers["etag"]) == (200, '"3-phoenix-0"')
    assert again.json()["name"] != "Alice"


async def test_an_erased_user_shows_in_a_batch_like_an_unknown_one(service: Service, clock: Clock) -> None:
    bob = service.client("bob")
    unknown = (await bob.post("/v1/profiles/batch", json={"user_ids": ["alice"]})).json()
    await service.client("alice").put(HERE, json={"name": "Alice"})
    await service.gate.repository.erase(key("alice"), PROVIDER, clock.milliseconds)
    assert (await bob.post("/v1/profiles/batch", json={"user_ids": ["alice"]})).json() == unknown


@BOTH
async def test_a_token_from_before_the_revocation_is_refused(service: Service, clock: Clock) -> None:
    alice = service.client("alice")
    await alice.get(HERE)
    await service.gate.repository.revoke_before(key("alice"), clock.milliseconds, OPERATOR, clock.milliseconds)
    assert refusal(await alice.get(HERE)) == (401, "AUTH_001", INVALID)
    clock.seconds += 1
    assert (await service.client("alice").get(HERE)).status_code == 200


@BOTH
@pytest.mark.parametrize("create_on_read", ["anyone", "self"])
async def test_another_tenants_user_is_as_one_that_never_was(serve: Serve, create_on_read: Any) -> None:
    service = await serve(phoenix=PhoenixSettings(create_on_read=create_on_read))
    await service.client("carol", tenant=OTHER_TENANT).put(address("carol"), json={"name": "Carol"})
    alice, olive = service.client("alice"), service.client("olive", operator=True)
    for call in (batch, read, write):
        for caller in (alice, olive):
            assert faceless(await call(caller, "carol")) == faceless(await call(caller, "ghost"))
    there = await service.client("carol", tenant=OTHER_TENANT).get(address("carol"))
    assert (there.json()["name"], there.headers["etag"]) == ("Carol", '"1-phoenix-0"')


async def read(client: httpx.AsyncClient, user_id: str) -> httpx.Response:
    return await client.get(address(user_id))


async def write(client: httpx.AsyncClient, user_id: str) -> httpx.Response:
    return await client.put(address(user_id), json={"name": "Somebody"})


async def batch(client: httpx.AsyncClient, user_id: str) -> httpx.Response:
    return await client.post("/v1/profiles/batch", json={"user_ids": [user_id]})


def faceless(answer: httpx.Response) -> tuple[int, str, httpx.Headers]:
    """The answer without the user's id and what was generated from it."""
    text, headers = answer.text, httpx.Headers(answer.headers)
    for user_id in ("carol", "ghost"):
        text = text.replace(names.generated(key(user_id)), "Generated Name 1").replace(user_id, "somebody")
    del headers["content-length"]
    return answer.status_code, text, headers


async def test_tenants_have_their_own_users_of_the_same_id(service: Service) -> None:
    ours, theirs = service.client("alice"), service.client("alice", tenant=OTHER_TENANT)
    await ours.put(HERE, json={"name": "Ours"})
    await theirs.put(HERE, json={"name": "Theirs"})
    assert [(await each.get(HERE)).json()["name"] for each in (ours, theirs)] == ["Ours", "Theirs"]


async def test_asking_what_is_allowed_needs_no_profile(service: Service) -> None:
    answer = await service.client("alice").options(HERE)
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "PUT"}
    assert await everything(service.gate.engine) == ([], [])
