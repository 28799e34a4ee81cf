"""Everything about me, and nothing left of me: exports and erasures, by the user and by operators."""

import asyncio
import hashlib
from typing import Any

import httpx
import pytest
from tests.faces import apps
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import OTHER_TENANT, TENANT, Service, address, key
from tests.logto.asking import EVERY_SCOPE, HERE, NEWER, SCOPED
from tests.store.databases import audit, everything
from tests.store.people import record

from profilegate.profiles.record import Actor
from profilegate.settings import FieldSettings, PrivacySettings

EXPORTS = "/operator/user/export"
ERASURES = "/operator/user/erase"
PATHS = [HERE, NEWER]
DOCUMENT = '{"theme":"dark","size":0.10}'


async def known(service: Service) -> httpx.AsyncClient:
    """Alice, of whom everything that can be kept is kept."""
    alice = service.client("alice")
    body = {"name": "Canary", "username": "canary_1", "customData": {"canary": True}}
    assert (await alice.patch(HERE, json=body)).status_code == 200
    assert (await alice.patch(f"{HERE}/profile", json={"nickname": "Canary"})).status_code == 200
    await apps.register(service, 5)
    assert (await apps.put(alice, DOCUMENT, 5)).status_code in (200, 201)
    return alice


def facts(receipt: dict[str, Any]) -> str:
    """The digest of what the receipt says, by its own rule."""
    values = [receipt[name] for name in ("tenantId", "id", "version", "erasedAt", "erasedBy")]
    return hashlib.sha256("".join(f"{each}\0" for each in values).encode()).hexdigest()


async def operated(service: Service, path: str, user_id: Any = "alice", **claims: Any) -> httpx.Response:
    return await apps.operator(service, **claims).post(path, json={"user_id": user_id})


# Exports


@pytest.mark.parametrize("path", PATHS)
@BOTH
async def test_an_export_holds_the_record_the_documents_and_the_history(service: Service, path: str) -> None:
    alice = await known(service)
    exported = (await alice.get(f"{path}/export")).json()
    assert exported["profile"] == (await alice.get(HERE)).json()
    assert (exported["tenantId"], exported["exportedAt"]) == (TENANT, service.clock.milliseconds)
    assert [(each["appId"], each["app"], each["profileData"]) for each in exported["applications"]] == [
        (5, "App 5", {"theme": "dark", "size": 0.1})
    ]
    assert [(each["by"], each["action"]) for each in exported["history"]][-1] == ("user", "create")
    assert exported["sources"]["name"] == "user"
    assert (exported["withheld"], exported["complete"]) == ([], True)


async def test_a_document_is_exported_digit_for_digit(service: Service) -> None:
    alice = await known(service)
    assert f'"profileData":{DOCUMENT}' in (await alice.get(f"{HERE}/export")).text


async def test_an_export_comes_as_a_file_that_nobody_keeps(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{HERE}/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="profile.json"'
    assert answer.headers["cache-control"] == "no-store"


@BOTH
async def test_the_first_access_may_be_an_export(service: Service, client: httpx.AsyncClient) -> None:
    exported = (await client.get(f"{HERE}/export")).json()
    assert exported["profile"] == (await client.get(HERE)).json()
    assert len(await audit(service.gate.engine)) == 1


async def test_a_token_exports_no_more_than_it_may_see_and_the_export_says_so(serve: Serve) -> None:
    service = await serve(issuers=(SCOPED,))
    exported = (await service.client(scope="openid email").get(f"{HERE}/export")).json()
    assert exported["withheld"] == ["phone", "custom_data", "identities", "address"]
    assert "customData" not in exported["profile"]
    assert (await service.client(scope=EVERY_SCOPE).get(f"{HERE}/export")).json()["withheld"] == []


async def test_nothing_of_others_is_in_an_export(service: Service) -> None:
    await known(service)
    answer = await service.client("bob").get(f"{HERE}/export")
    assert "canary" not in answer.text.lower()


@BOTH
async def test_an_operator_exports_what_the_user_would(service: Service) -> None:
    alice = await known(service)
    theirs = await operated(service, EXPORTS)
    assert theirs.status_code == 200
    assert theirs.content == (await alice.get(f"{HERE}/export")).content


# Erasures by the user


@pytest.mark.parametrize("path", PATHS)
@BOTH
async def test_an_erasure_leaves_nothing_and_answers_its_receipt(service: Service, path: str) -> None:
    alice = await known(service)
    answer = await alice.delete(path)
    receipt = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert receipt == {
        "receipt": facts(receipt),
        "tenantId": TENANT,
        "id": "alice",
        "version": 3,
        "erasedAt": service.clock.milliseconds,
        "erasedBy": "user",
    }
    left = str(await everything(service.gate.engine)).lower()
    assert [word for word in ("canary", "dark") if word in left] == []


@BOTH
async def test_tokens_from_before_the_erasure_are_refused_and_newer_ones_start_anew(service: Service) -> None:
    alice = await known(service)
    assert (await alice.delete(HERE)).status_code == 200
    assert (await alice.get(HERE)).status_code == 401
    service.clock.seconds += 5
    again = (await service.client("alice").get(HERE)).json()
    assert (again["username"], again["customData"]) == (None, {})


async def test_others_see_no_profile_after_an_erasure(service: Service) -> None:
    alice = await known(service)
    await alice.delete(HERE)
    assert (await service.client("bob").get(address("alice"))).status_code == 404


async def test_an_erasure_is_audited_without_a_value(service: Service) -> None:
    await (await known(service)).delete(HERE)
    entry = (await audit(service.gate.engine))[-1]
    assert (entry["action"], entry["actor_kind"], entry["face"], entry["fields"]) == ("erase", "user", "logto", "")


@BOTH
async def test_an_erasure_of_another_version_erases_nothing(service: Service) -> None:
    alice = await known(service)
    before = await everything(service.gate.engine)
    answer = await alice.delete(HERE, headers={"if-match": '"1-logto-31"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "entity.precondition_failed")
    assert await everything(service.gate.engine) == before
    seen = (await alice.get(HERE)).headers["etag"]
    assert (await alice.delete(HERE, headers={"if-match": seen})).status_code == 200


async def test_who_has_no_record_has_nothing_to_erase(client: httpx.AsyncClient) -> None:
    assert (await client.delete(HERE)).status_code == 404


async def test_a_token_that_may_not_write_erases_nothing(serve: Serve) -> None:
    service = await serve(issuers=(SCOPED,))
    reader = service.client(scope="openid")
    await reader.get(HERE)
    before = await everything(service.gate.engine)
    assert (await reader.delete(HERE)).status_code == 403
    assert await everything(service.gate.engine) == before


async def test_where_people_may_not_erase_themselves_they_hear_it(serve: Serve) -> None:
    service = await serve(privacy=PrivacySettings(own_erasure=False))
    alice = await known(service)
    assert (await alice.delete(HERE)).status_code == 403
    assert (await operated(service, ERASURES)).status_code == 200


@pytest.mark.caller("batch-job", client_id="batch-job")
@pytest.mark.parametrize(("method", "path"), [("GET", f"{HERE}/export"), ("DELETE", HERE)])
async def test_a_machine_has_nothing_of_its_own(client: httpx.AsyncClient, method: str, path: str) -> None:
    assert (await client.request(method, path)).status_code == 403


# Erasures by operators


@BOTH
async def test_an_operators_erasure_holds_for_new_tokens_too(service: Service) -> None:
    await known(service)
    receipt = (await operated(service, ERASURES)).json()
    assert (receipt["erasedBy"], receipt["receipt"]) == ("operator", facts(receipt))
    service.clock.seconds += 5
    assert (await service.client("alice").get(HERE)).status_code == 401


@BOTH
async def test_an_erasure_that_is_asked_for_again_has_the_same_receipt(service: Service) -> None:
    await known(service)
    first = await operated(service, ERASURES)
    service.clock.seconds += 60
    again = await operated(service, ERASURES)
    assert (again.status_code, again.content) == (200, first.content)
    assert [each["action"] for each in await audit(service.gate.engine)].count("erase") == 1


@pytest.mark.parametrize("path", [EXPORTS, ERASURES])
async def test_users_do_neither_to_others_nor_as_operators_to_themselves(service: Service, path: str) -> None:
    alice = await known(service)
    before = await everything(service.gate.engine)
    for user_id in ("alice", "bob"):
        assert (await alice.post(path, json={"user_id": user_id})).status_code == 403
    assert await everything(service.gate.engine) == before


@pytest.mark.parametrize("path", [EXPORTS, ERASURES])
async def test_other_tenants_users_are_not_there(service: Service, path: str) -> None:
    await known(service)
    before = await everything(service.gate.engine)
    answers = [await operated(service, path, each, tenant=OTHER_TENANT) for each in ("alice", "nobody")]
    assert [each.status_code for each in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert await everything(service.gate.engine) == before


@pytest.mark.parametrize("user_id", ["", "x" * 256, "é", "a\nb", None, 5])
@pytest.mark.parametrize("path", [EXPORTS, ERASURES])
async def test_what_is_no_user_id_is_told_by_its_field(service: Service, path: str, user_id: Any) -> None:
    answer = await operated(service, path, user_id)
    assert (answer.status_code, answer.json()["details"]["field"]) == (422, "user_id")


@pytest.mark.parametrize("user_id", ["a/b", "auth0|x", "a b", "..", "%2F"])
async def test_any_user_id_can_be_named(service: Service, user_id: str) -> None:
    await service.client(user_id).get(HERE)
    assert (await operated(service, EXPORTS, user_id)).json()["profile"]["id"] == user_id
    assert (await operated(service, ERASURES, user_id)).json()["id"] == user_id


# Races


@BOTH
async def test_of_erasures_and_changes_at_the_same_time_none_fails_and_nothing_is_left(service: Service) -> None:
    alice = await known(service)
    changes = [alice.patch(HERE, json={"name": f"Canary {n}"}) for n in range(20)]
    answers = await asyncio.gather(*changes[:10], alice.delete(HERE), operated(service, ERASURES), *changes[10:])
    assert {each.status_code for each in answers} <= {200, 401, 404}
    found = await service.gate.repository.get(key("alice"))
    assert type(found).__name__ == "Tombstone"
    assert "canary" not in str(await everything(service.gate.engine)).lower()


async def test_an_operators_erasure_after_the_users_own_answers_the_first(service: Service) -> None:
    await known(service)
    await service.gate.repository.erase(key("alice"), Actor("user", "alice", "logto"), service.clock.milliseconds)
    assert (await operated(service, ERASURES)).json()["erasedBy"] == "user"


async def test_an_export_holds_what_the_settings_show_nowhere_else(serve: Serve) -> None:
    service = await serve(fields=FieldSettings(username="off", custom_data="off"))
    kept = record(key("alice"), username="kept", custom_data={"kept": 1})
    await service.gate.repository.create(kept, Actor("operator", "root", "test"))
    alice = service.client("alice")
    assert "username" not in (await alice.get(HERE)).json()
    exported = (await alice.get(f"{HERE}/export")).json()
    assert (exported["profile"]["username"], exported["profile"]["customData"]) == ("kept", {"kept": 1})
