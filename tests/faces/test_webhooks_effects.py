"""What the providers' deliveries do to the records that the other faces show."""

import asyncio
import json
from typing import Any

import pytest
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import OTHER_TENANT, Service, address
from tests.faces.webhooks import (
    AT,
    LOGTO,
    SECRET,
    applied,
    deliver,
    event,
    event_token,
    inbox,
    logout_token,
    served,
    settled,
    source,
)
from tests.logto.asking import CAPABILITIES, CLAIMS, HERE, refusal
from tests.minting import NOW
from tests.store.databases import audit

from profilegate.sync_settings import MappingSettings, OwnershipSettings

AVATAR = "https://a.example/alice.png"
ALICE: dict[str, Any] = {"username": "alice_m", "name": "Alice Moreau", "avatar": AVATAR}


@pytest.fixture
async def service(serve: Serve) -> Service:
    return await served(serve)


async def record(service: Service, user_id: str = "alice", **claims: Any) -> dict[str, Any]:
    answer = await service.client(user_id, **claims).get(HERE)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@BOTH
async def test_a_record_made_by_a_delivery_is_shown_on_every_face(service: Service) -> None:
    await applied(service, event(**ALICE))
    told = await record(service)
    assert {name: told[name] for name in ALICE} == ALICE
    answer = await service.client("bob").get(address("alice"))
    assert (answer.json()["name"], answer.json()["avatar_url"]) == ("Alice Moreau", AVATAR)


@BOTH
async def test_the_audit_row_names_the_source(service: Service) -> None:
    await applied(service, event(**ALICE))
    await applied(service, event("User.Data.Updated", at=NOW + 1, name="Alice M."))
    rows = await audit(service.gate.engine)
    assert [(row["actor_kind"], row["actor_id"], row["face"], row["action"]) for row in rows] == [
        ("idp", "logto", "webhook", "create"),
        ("idp", "logto", "webhook", "change"),
    ]
    assert (rows[1]["fields"], "Alice M." in str(rows)) == ("name", False)


async def test_a_delivery_changes_a_record_that_the_first_access_made(service: Service) -> None:
    await record(service)
    await applied(service, event("User.Data.Updated", at=NOW + 1, name="Alice Moreau"))
    assert (await record(service))["name"] == "Alice Moreau"


async def test_an_older_delivery_that_comes_later_changes_nothing(service: Service) -> None:
    await applied(service, event("User.Data.Updated", at=NOW, name="Newer"))
    await applied(service, event("User.Data.Updated", at=NOW - 10, name="Older"))
    assert (await record(service))["name"] == "Newer"


async def test_nobody_of_another_tenant_is_touched(service: Service) -> None:
    await applied(service, event(**ALICE))
    assert (await record(service, tenant=OTHER_TENANT))["username"] is None


@BOTH
async def test_a_suspended_user_is_refused_until_it_ends(service: Service) -> None:
    await applied(service, event(**ALICE))
    await applied(service, event("User.SuspensionStatus.Updated", at=NOW + 1, isSuspended=True))
    for path in (HERE, address("alice")):
        assert (await service.client().get(path)).status_code == 403
    assert (await service.client("bob").get(HERE)).status_code == 200
    await applied(service, event("User.SuspensionStatus.Updated", at=NOW + 2, isSuspended=False))
    assert (await record(service))["name"] == "Alice Moreau"


@BOTH
async def test_a_deleted_users_tokens_are_refused(service: Service) -> None:
    await applied(service, event(**ALICE))
    await applied(service, event("User.Deleted", at=NOW + 1))
    for path in (HERE, address("alice")):
        assert (await service.client().get(path)).status_code == 401
    told = (await service.client("bob").get(address("alice"))).json()
    assert "Moreau" not in str(told)


async def test_a_user_who_comes_back_is_a_new_one(service: Service) -> None:
    await applied(service, event(**ALICE))
    await applied(service, event("User.Deleted", at=NOW + 1))
    service.clock.seconds += 5
    await applied(service, event(at=NOW + 2, username="alice_2"))
    told = await record(service)
    assert (told["username"], told["name"] == "Alice Moreau", told["avatar"] == AVATAR) == ("alice_2", False, False)


@BOTH
async def test_a_revoked_session_refuses_the_tokens_that_were_issued_before(service: Service) -> None:
    await record(service)
    old = service.client(iat=AT - 60)
    answer = await deliver(service, event_token(service), "events", x="y")
    assert answer.status_code == 202
    await settled(service)
    assert (await old.get(HERE)).status_code == 401
    service.clock.seconds += 10
    assert (await service.client().get(HERE)).status_code == 200


async def test_a_logout_ends_no_access_token(service: Service) -> None:
    await record(service)
    assert (await deliver(service, logout_token(service), "logout", x="y")).status_code == 200
    await settled(service)
    assert (await service.client(iat=AT - 60).get(HERE)).status_code == 200


@BOTH
async def test_what_the_user_has_edited_survives(service: Service) -> None:
    await applied(service, event(**ALICE))
    assert (await service.client().patch(HERE, json={"name": "Ali"})).status_code == 200
    await applied(service, event("User.Data.Updated", at=NOW + 1, name="Alice II", avatar=f"{AVATAR}?2"))
    told = await record(service)
    assert (told["name"], told["avatar"]) == ("Ali", f"{AVATAR}?2")


async def test_what_is_the_users_is_never_taken_from_a_delivery(serve: Serve) -> None:
    service = await served(serve, sync_ownership=OwnershipSettings(name="user"))
    await applied(service, event(**ALICE))
    told = await record(service)
    assert (told["name"] == "Alice Moreau", told["username"]) == (False, "alice_m")


EDITS = [
    ("name", "name", HERE, {"name": "Ali"}),
    ("avatar", "avatar", HERE, {"avatar": "https://b.example/"}),
    ("username", "username", HERE, {"username": "ali"}),
    ("custom_data", "customData", HERE, {"customData": {"a": 1}}),
    ("profile", "profile", CLAIMS, {"locale": "fr"}),
]


@pytest.mark.parametrize(("setting", "shown", "path", "body"), EDITS, ids=str)
async def test_what_is_the_providers_the_owner_may_only_read(
    serve: Serve, setting: str, shown: str, path: str, body: dict[str, Any]
) -> None:
    service = await served(serve, sync_ownership=OwnershipSettings(**{setting: "idp"}))
    told = (await service.client().get(CAPABILITIES)).json()["fields"]
    assert (told[shown]["editable"], told[shown]["reason"]) == (False, "read_only")
    answer = await service.client().patch(path, json=body)
    assert refusal(answer) == (400, "account_center.field_not_editable")


async def test_an_operators_name_for_a_user_is_the_providers_to_change_where_it_owns_it(serve: Serve) -> None:
    service = await served(serve, sync_ownership=OwnershipSettings(name="idp"))
    operator = service.client("root", operator=True)
    assert (await operator.put(address("alice"), json={"name": "By the operator"})).status_code == 200
    await applied(service, event("User.Data.Updated", at=NOW + 1, name="Alice Moreau"))
    assert (await record(service))["name"] == "Alice Moreau"


async def test_a_single_claim_may_be_the_providers(serve: Serve) -> None:
    service = await served(serve, sync_ownership=OwnershipSettings(claims={"locale": "idp"}))
    alice = service.client()
    assert refusal(await alice.patch(CLAIMS, json={"locale": "fr"})) == (400, "account_center.field_not_editable")
    assert (await alice.patch(CLAIMS, json={"nickname": "Al"})).status_code == 200


async def test_a_generic_source_tells_what_its_mapping_says(serve: Serve) -> None:
    mapping = MappingSettings(subject="/identity/id", fields={"name": "/identity/traits/name"})
    kratos = source("kratos", "generic", "secret-of-kratos", signature="static", mapping=mapping)
    service = await served(serve, kratos)
    payload = {"identity": {"id": "alice", "traits": {"name": "Alice Moreau"}}}
    answer = await deliver(service, payload, "kratos", authorization="Bearer secret-of-kratos")
    assert answer.status_code == 202
    await settled(service)
    assert (await record(service))["name"] == "Alice Moreau"


async def test_what_is_stored_is_applied_by_itself(serve: Serve) -> None:
    """Nobody asks the worker to here: it works beside the requests."""
    service = await served(serve, LOGTO)
    assert (await deliver(service, event(**ALICE))).status_code == 202
    async with asyncio.timeout(30):
        while not await named(service):  # noqa: ASYNC110  only the records know
            await asyncio.sleep(0.01)


async def named(service: Service) -> bool:
    return bool((await service.client("bob").get(address("alice"))).json()["name"] == "Alice Moreau")


@BOTH
async def test_a_token_that_is_newer_than_the_last_delivery_repairs_what_was_lost(service: Service) -> None:
    await applied(service, event(at=NOW - 100, name="Alice Moreau"))
    assert (await record(service, name="Alice Lost", iat=NOW - 50))["name"] == "Alice Lost"


@BOTH
async def test_a_token_that_is_older_than_the_last_delivery_undoes_nothing(service: Service) -> None:
    await applied(service, event(at=NOW - 50, name="Alice Moreau"))
    assert (await record(service, name="Alice Before", iat=NOW - 100))["name"] == "Alice Moreau"


async def test_a_late_delivery_undoes_nothing_that_a_newer_token_has_told(service: Service) -> None:
    await record(service, name="Alice Told", iat=NOW - 50)
    await applied(service, event("User.Data.Updated", at=NOW - 100, name="Alice Before"))
    assert (await record(service, name="Alice Told", iat=NOW - 50))["name"] == "Alice Told"


async def test_a_newer_token_repairs_nothing_that_the_user_has_edited(service: Service) -> None:
    await applied(service, event(at=NOW - 100, name="Alice Moreau"))
    assert (await service.client().patch(HERE, json={"name": "Mine"})).status_code == 200
    assert (await record(service, name="Alice Lost", iat=NOW))["name"] == "Mine"


async def test_of_a_batch_about_several_users_nothing_is_kept_once_it_is_applied(service: Service) -> None:
    for user in ("alice", "bob"):
        await record(service, user)
    events = [
        {"uuid": user, "eventType": "user.lifecycle.suspend", "target": [{"id": user, "type": "User"}]}
        for user in ("alice", "bob")
    ]
    body = json.dumps({"eventId": "e", "data": {"events": events}}).encode()
    assert (await deliver(service, body, "okta", authorization=SECRET)).status_code == 202
    await settled(service)
    assert [each["body"] for each in await inbox(service)] == [b""]
    assert (await service.client("bob").get(HERE)).status_code == 403
