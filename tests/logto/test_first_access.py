"""What a token says of its user fills the record, until the user says otherwise."""

from typing import Any

import pytest
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import Service, key
from tests.logto.asking import CLAIMS, HERE, KEYS, named
from tests.store.databases import everything

from profilegate.profiles import names
from profilegate.settings import UsernameSettings

GENERATED = {
    "name": names.generated(key("alice")),
    "avatar": "https://api.dicebear.com/9.x/adventurer/svg?seed=your_tenant_alice",
}

SAID: dict[str, Any] = {
    "name": "Alice Cooper",
    "picture": "https://example.com/alice.png",
    "preferred_username": "alice",
    "email": "alice@example.com",
    "phone_number": "+15550100",
    "client_id": "web",
    "given_name": "Alice",
    "family_name": "Cooper",
    "middle_name": "Ann",
    "nickname": "Al",
    "profile": "https://example.com/alice",
    "website": "https://alice.example",
    "gender": "female",
    "birthdate": "1970-01-01",
    "zoneinfo": "Europe/Stockholm",
    "locale": "sv-SE",
    "address": {"street_address": "1 High Street", "postal_code": "111 22", "country": "SE", "planet": "Earth"},
    "custom_data": {"plan": "free"},
    "identities": {"github": {"userId": "583231"}},
    "sso_identities": [{"issuer": "https://sso.example"}],
    "has_password": True,
    "auth_time": 1_769_594_000,
}
SHOWN: dict[str, Any] = {
    "id": "alice",
    "username": "alice",
    "primaryEmail": "alice@example.com",
    "primaryPhone": "+15550100",
    "name": "Alice Cooper",
    "avatar": "https://example.com/alice.png",
    "customData": {"plan": "free"},
    "identities": {"github": {"userId": "583231"}},
    "lastSignInAt": 1_769_594_000_000,
    "createdAt": 1_769_594_400_000,
    "updatedAt": 1_769_594_400_000,
    "profile": {
        "familyName": "Cooper",
        "givenName": "Alice",
        "middleName": "Ann",
        "nickname": "Al",
        "profile": "https://example.com/alice",
        "website": "https://alice.example",
        "gender": "female",
        "birthdate": "1970-01-01",
        "zoneinfo": "Europe/Stockholm",
        "locale": "sv-SE",
        "address": {"streetAddress": "1 High Street", "postalCode": "111 22", "country": "SE"},
    },
    "applicationId": "web",
    "isSuspended": False,
    "hasPassword": True,
    "ssoIdentities": [{"issuer": "https://sso.example"}],
}


UNKNOWN: dict[str, Any] = {
    **dict.fromkeys(KEYS),
    **GENERATED,
    "id": "alice",
    "customData": {},
    "identities": {},
    "profile": {},
    "ssoIdentities": [],
    "isSuspended": False,
    "hasPassword": False,
    "createdAt": 1_769_594_400_000,
    "updatedAt": 1_769_594_400_000,
}
"""What is shown of a user of whom nothing is known."""


async def seen(service: Service, **claims: Any) -> Any:
    answer = await service.client(**claims).get(HERE)
    assert answer.status_code == 200, answer.text
    return answer.json()


@BOTH
async def test_the_first_access_takes_all_that_the_token_says(service: Service) -> None:
    shown = await seen(service, **SAID)
    assert shown == SHOWN
    assert list(shown) == KEYS


@BOTH
async def test_the_first_change_takes_it_too(service: Service) -> None:
    answer = await service.client(**SAID).patch(HERE, json={"name": "Ann"})
    assert answer.json() == SHOWN | {"name": "Ann"}
    assert answer.headers["etag"] == '"1-logto-31"'


@BOTH
async def test_without_claims_name_and_avatar_are_generated_and_the_rest_is_empty(service: Service) -> None:
    assert await seen(service, client_id=None) == UNKNOWN


@BOTH
async def test_generated_values_give_way_to_claims_that_come_later(service: Service) -> None:
    assert (await seen(service))["name"] == GENERATED["name"]
    service.clock.seconds += 60
    later = await seen(service, **SAID)
    of_the_first_access = {"applicationId": "spa", "lastSignInAt": None}
    assert later == SHOWN | of_the_first_access | {"updatedAt": SHOWN["updatedAt"] + 60_000}
    assert len((await everything(service.gate.engine))[0]) == 1


@BOTH
async def test_the_same_claims_again_change_nothing(service: Service) -> None:
    await seen(service, **SAID)
    before = await everything(service.gate.engine)
    service.clock.seconds += 60
    assert await seen(service, **SAID) == SHOWN
    assert await everything(service.gate.engine) == before


@pytest.mark.parametrize(
    ("claim", "value", "moment"),
    [
        ("auth_time", 1_769_594_000, 1_769_594_000_000),
        ("auth_time", 1_769_594_000.5, 1_769_594_000_500),
        ("auth_time", 1_769_594_000_123, 1_769_594_000_123),
        ("last_sign_in_at", 1_769_594_000_123, 1_769_594_000_123),
        ("last_sign_in_at", 1_769_594_000, 1_769_594_000_000),
        ("auth_time", "1769594000", None),
        ("auth_time", True, None),
        ("auth_time", 0, None),
        ("auth_time", -5, None),
        ("auth_time", 10**30, None),
        ("auth_time", None, None),
    ],
)
async def test_a_moment_in_seconds_or_milliseconds_is_shown_in_milliseconds(
    service: Service, claim: str, value: Any, moment: int | None
) -> None:
    shown = (await seen(service, **{claim: value}))["lastSignInAt"]
    assert (shown, type(shown)) == (moment, type(moment))


ODD: list[tuple[str, Any]] = [
    ("name", ""),
    ("name", "  "),
    ("name", "A\0"),
    ("name", "A\u202e"),
    ("name", "x" * 129),
    ("name", 5),
    ("name", ["Alice"]),
    ("picture", "javascript:alert(1)"),
    ("picture", "/alice.png"),
    ("picture", "https://u:p@example.com/"),
    ("picture", "x" * 3000),
    ("picture", None),
    ("preferred_username", "alice@example.com"),
    ("preferred_username", "1alice"),
    ("preferred_username", "Ålice"),
    ("preferred_username", "x" * 129),
    ("preferred_username", {"a": 1}),
    ("email", "a\n@b"),
    ("email", "x" * 129),
    ("phone_number", 15550100),
    ("custom_data", "text"),
    ("custom_data", {"a": "\0"}),
    ("custom_data", {"a": 2**64}),
    ("identities", []),
    ("sso_identities", {}),
    ("has_password", "yes"),
    ("nickname", "A\0"),
    ("nickname", "x" * 2049),
    ("nickname", 5),
    ("address", "1 High Street"),
    ("address", {}),
    ("address", {"country": 5}),
    ("address", {"country": "S\0"}),
]


@pytest.mark.parametrize(("claim", "value"), ODD, ids=lambda each: repr(each)[:30])
@BOTH
async def test_a_claim_that_breaks_a_rule_is_left_out_and_no_error(service: Service, claim: str, value: Any) -> None:
    found = await seen(service, **{"client_id": None, "zoneinfo": "Europe/Oslo", claim: value})
    assert found == UNKNOWN | {"profile": {"zoneinfo": "Europe/Oslo"}}


@pytest.mark.parametrize("policy", [{"reserved": ("alice",)}, {"min_length": 6}, {"allowed": ("uppercase",)}])
async def test_a_claimed_username_against_the_policy_is_left_out(serve: Serve, policy: dict[str, Any]) -> None:
    service = await serve(usernames=UsernameSettings(**policy))
    assert (await seen(service, preferred_username="alice"))["username"] is None


@pytest.mark.parametrize("taken", ["bob", "BOB"])
@BOTH
async def test_a_claimed_username_that_is_taken_is_left_out(service: Service, taken: str) -> None:
    await named(service, "bob")
    shown = await seen(service, preferred_username=taken, name="Alice")
    assert (shown["username"], shown["name"]) == (None, "Alice")
    assert (await seen(service, preferred_username=taken, name="Alice"))["username"] is None


@BOTH
async def test_a_claimed_username_is_taken_once_it_is_free(service: Service) -> None:
    await named(service, "bob")
    await seen(service, preferred_username="bob")
    await service.client("bob").patch(HERE, json={"username": "robert"})
    assert (await seen(service, preferred_username="bob"))["username"] == "bob"


@BOTH
async def test_a_claimed_username_that_is_taken_does_not_hold_other_news_back(service: Service) -> None:
    await named(service, "bob")
    await seen(service)
    shown = await seen(service, preferred_username="bob", name="Alice", nickname="Al")
    assert (shown["username"], shown["name"], shown["profile"]) == (None, "Alice", {"nickname": "Al"})


@BOTH
async def test_a_taken_claimed_username_does_not_fail_a_change(service: Service) -> None:
    await named(service, "bob")
    answer = await service.client(preferred_username="bob").patch(HERE, json={"name": "Ann"})
    assert (answer.status_code, answer.json()["name"], answer.json()["username"]) == (200, "Ann", None)


USERS: list[tuple[str, dict[str, Any]]] = [
    (HERE, {"name": "Ann"}),
    (HERE, {"name": None}),
    (HERE, {"avatar": "https://a.example/"}),
    (HERE, {"avatar": None}),
    (HERE, {"username": "ann"}),
    (HERE, {"customData": {"a": 1}}),
    (HERE, {"customData": {}}),
    (CLAIMS, {"nickname": "Zo"}),
    (CLAIMS, {"nickname": None}),
    (CLAIMS, {"nickname": ""}),
    (CLAIMS, {"address": {}}),
    (CLAIMS, {"address": None}),
]


@pytest.mark.parametrize("known", [True, False], ids=["after-claims", "before-claims"])
@pytest.mark.parametrize(("path", "body"), USERS, ids=str)
@BOTH
async def test_claims_never_overwrite_what_the_user_said(
    service: Service, path: str, body: dict[str, Any], known: bool
) -> None:
    if known:
        await seen(service, **SAID)
    await service.client().patch(path, json=body)
    shown = await seen(service, **SAID)
    holder = shown["profile"] if path == CLAIMS else shown
    ((field, value),) = body.items()
    assert holder.get(field) == value


@BOTH
async def test_what_somebody_else_made_is_filled_by_the_owners_first_access(service: Service) -> None:
    await service.client("bob").get("/v1/profiles/user/alice")
    assert (await seen(service, **SAID))["name"] == "Alice Cooper"


async def test_other_peoples_claims_are_not_the_users(service: Service) -> None:
    await service.client("bob", name="Bob").get("/v1/profiles/user/alice")
    assert (await seen(service))["name"] == GENERATED["name"]
