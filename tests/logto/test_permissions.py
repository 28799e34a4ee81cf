"""What a token may see and change here, as its issuer's `scopes` say."""

from itertools import combinations
from typing import Any

import httpx
import pytest
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import Service, issuer
from tests.logto.asking import (
    AVAILABILITY,
    BEHIND_SCOPES,
    CAPABILITIES,
    CLAIMS,
    EVERY_SCOPE,
    HERE,
    KEYS,
    METADATA,
    NEWER,
    refusal,
)
from tests.store.databases import everything

from profilegate.settings import MachineRule

SAID: dict[str, Any] = {
    "email": "alice@example.com",
    "phone_number": "15550100",
    "custom_data": {"plan": "free"},
    "identities": {"github": {"userId": "583231"}},
    "sso_identities": [{"issuer": "https://sso.example"}],
    "address": {"country": "SE"},
    "has_password": True,
    "auth_time": 1_769_594_000,
}
"""What the provider's tokens say of alice."""

DOORS = [
    ("GET", HERE, "openid"),
    ("HEAD", HERE, "openid"),
    ("PATCH", HERE, "profile"),
    ("PATCH", CLAIMS, "profile"),
    ("GET", f"{AVAILABILITY}?username=al", "openid"),
    ("GET", CAPABILITIES, "openid"),
]
"""Every door of the face and the scope that opens it."""


async def seen(service: Service, scope: str) -> Any:
    answer = await service.client(scope=scope, **SAID).get(HERE)
    assert answer.status_code == 200, answer.text
    return answer.json()


@BOTH
async def test_with_every_scope_the_whole_record_is_shown_in_logtos_order(scoped: Service) -> None:
    whole = await seen(scoped, EVERY_SCOPE)
    assert list(whole) == KEYS
    assert whole["primaryEmail"] == "alice@example.com"
    assert whole["primaryPhone"] == "15550100"
    assert whole["customData"] == {"plan": "free"}
    assert whole["identities"] == {"github": {"userId": "583231"}}
    assert whole["ssoIdentities"] == [{"issuer": "https://sso.example"}]
    assert whole["profile"] == {"address": {"country": "SE"}}
    assert (whole["applicationId"], whole["hasPassword"], whole["isSuspended"]) == ("spa", True, False)
    assert whole["lastSignInAt"] == 1_769_594_000_000


async def test_the_times_are_integers_of_milliseconds(scoped: Service) -> None:
    whole = await seen(scoped, EVERY_SCOPE)
    assert [type(whole[each]) for each in ("createdAt", "updatedAt", "lastSignInAt")] == [int] * 3
    assert whole["createdAt"] == whole["updatedAt"] == scoped.clock.milliseconds


async def test_the_usual_scopes_show_no_contact_data_and_no_identities(scoped: Service) -> None:
    usual = await seen(scoped, "openid offline_access profile")
    assert list(usual) == [key for key in KEYS if key not in BEHIND_SCOPES]
    assert usual["profile"] == {}


SETS = [each for n in range(5) for each in combinations(sorted(set(BEHIND_SCOPES.values())), n)]


@pytest.mark.parametrize("scopes", SETS, ids=" ".join)
async def test_a_scope_shows_exactly_its_own_keys(scoped: Service, scopes: tuple[str, ...]) -> None:
    shown = await seen(scoped, " ".join(["openid", *scopes]))
    assert list(shown) == [key for key in KEYS if key not in BEHIND_SCOPES or BEHIND_SCOPES[key] in scopes]


@pytest.mark.parametrize(("key", "scope"), BEHIND_SCOPES.items())
async def test_a_key_that_may_be_seen_is_there_even_when_nothing_is_known(
    scoped: Service, key: str, scope: str
) -> None:
    answer = await scoped.client(scope=f"openid {scope}").get(HERE)
    assert not answer.json()[key]


async def test_a_change_shows_what_reading_shows(scoped: Service) -> None:
    for scope in ("openid profile", "openid profile email", EVERY_SCOPE):
        alice = scoped.client(scope=scope, **SAID)
        changed = await alice.patch(HERE, json={"name": f"Alice of {scope}"})
        assert changed.content == (await alice.get(HERE)).content


@pytest.mark.parametrize("missing", ["openid", "profile"])
@pytest.mark.parametrize(("method", "path", "scope"), DOORS)
@BOTH
async def test_a_door_opens_by_its_scope_and_by_no_other(
    scoped: Service, method: str, path: str, scope: str, missing: str
) -> None:
    alice = scoped.client(scope=EVERY_SCOPE.replace(missing, ""))
    answer = await alice.request(method, path, json={"name": "Ann"})
    assert (answer.status_code == 200) == (scope != missing)
    if scope == missing and method != "HEAD":
        assert refusal(answer) == (403, "auth.forbidden")
        assert answer.headers["www-authenticate"] == f'Bearer error="insufficient_scope", scope="{scope}", {METADATA}'
        assert await everything(scoped.gate.engine) == ([], [])


@pytest.mark.parametrize("scope", [None, "", " ", "other", "OPENID", "openid,profile"])
@pytest.mark.parametrize(("method", "path", "_"), DOORS)
async def test_a_token_of_no_known_scope_opens_nothing(
    scoped: Service, method: str, path: str, _: str, scope: str | None
) -> None:
    assert (await scoped.client(scope=scope).request(method, path)).status_code == 403


async def test_scp_counts_as_scope(scoped: Service) -> None:
    assert (await scoped.client(scp=["openid", "profile"]).get(HERE)).status_code == 200


async def test_custom_data_takes_its_own_scope_to_change(scoped: Service) -> None:
    answer = await scoped.client(scope="openid profile").patch(HERE, json={"name": "Ann", "customData": {}})
    assert refusal(answer) == (403, "auth.forbidden")
    assert answer.headers["www-authenticate"] == f'Bearer error="insufficient_scope", scope="custom_data", {METADATA}'
    assert await everything(scoped.gate.engine) == ([], [])


async def test_who_may_only_write_is_shown_no_personal_data(scoped: Service) -> None:
    await scoped.client(scope=EVERY_SCOPE).patch(CLAIMS, json={"nickname": "Marker"})
    writer = scoped.client(scope="profile")
    for answer in (await writer.patch(HERE, json={"avatar": None}), await writer.patch(CLAIMS, json={})):
        assert answer.status_code == 200
        assert "Marker" not in answer.text


async def test_without_scopes_in_the_settings_a_token_needs_none(service: Service) -> None:
    answer = await service.client(scope=None).patch(HERE, json={"customData": {"a": 1}, "name": "Ann"})
    assert list(answer.json()) == KEYS


MACHINES: list[dict[str, Any]] = [
    {"client_id": "alice"},
    {"azp": "alice"},
    {"user_id": "spa@clients"},
    {"gty": "client-credentials"},
    {"gty": "client_credentials"},
    {"kind": "service"},
]


@pytest.mark.parametrize("operator", [None, True])
@pytest.mark.parametrize("claims", MACHINES, ids=str)
@pytest.mark.parametrize(("method", "path", "_"), DOORS)
async def test_a_machine_has_no_profile(
    serve: Serve, method: str, path: str, _: str, claims: dict[str, Any], operator: bool | None
) -> None:
    service = await serve(issuers=(issuer(machine=MachineRule(claim="kind", value="service")),))
    bearer = service.token(**{"user_id": "alice", "operator": operator, **claims})
    machine = service.stranger({"authorization": f"Bearer {bearer}"})
    answer = await machine.request(method, path, json={"name": "Robot"})
    assert answer.status_code == 403
    if method != "HEAD":
        assert refusal(answer) == (403, "auth.forbidden")
    assert await everything(service.gate.engine) == ([], [])


@pytest.mark.parametrize("path", [HERE, NEWER])
async def test_an_operator_sees_and_changes_only_his_own_record_here(service: Service, path: str) -> None:
    operator = service.client("olive", operator=True)
    await operator.patch(path, json={"name": "Olive"})
    assert (await operator.get(path)).json()["id"] == "olive"
    assert (await service.client("alice").get(path)).json()["name"] != "Olive"


async def test_a_user_of_another_tenant_with_the_same_id_is_another_person(service: Service) -> None:
    await service.client("alice").patch(HERE, json={"name": "Alice"})
    other: httpx.AsyncClient = service.client("alice", tenant="another_tenant")
    assert (await other.get(HERE)).json()["name"] != "Alice"
