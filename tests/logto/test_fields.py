"""Field control: what the owner may edit, may only see, or may not even see."""

from typing import Any

import pytest
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import OPERATOR, Clock, address, key
from tests.logto.asking import CAPABILITIES, CLAIMS, EVERY_SCOPE, HERE, KEYS, SCOPED, refusal
from tests.store.databases import everything

from profilegate.profiles.record import ProfileChange
from profilegate.settings import FieldSettings

EDITS: list[tuple[str, str, dict[str, Any]]] = [
    ("name", HERE, {"name": "Ann"}),
    ("avatar", HERE, {"avatar": None}),
    ("username", HERE, {"username": "ann"}),
    ("custom_data", HERE, {"customData": {"a": 1}}),
    ("profile", CLAIMS, {"nickname": "Al"}),
    ("profile", CLAIMS, {"address": None}),
]
"""A field of the settings, and a change of it."""

SHOWN = {
    "name": ["name"],
    "avatar": ["avatar"],
    "username": ["username"],
    "custom_data": ["customData"],
    "profile": ["profile"],
    "primary_email": ["primaryEmail"],
    "primary_phone": ["primaryPhone"],
    "identities": ["identities", "ssoIdentities"],
}
"""The keys that show a field of the settings."""


@pytest.mark.parametrize("editing", ["read_only", "off"])
@pytest.mark.parametrize(("field", "path", "body"), EDITS, ids=str)
@BOTH
async def test_what_may_not_be_edited_is_refused_and_nothing_is_written(
    serve: Serve, field: str, path: str, body: dict[str, Any], editing: str
) -> None:
    service = await serve(fields=FieldSettings(**{field: editing}))
    alice = service.client()
    await alice.get(HERE)
    before = await everything(service.gate.engine)
    for sent in (body, {"avatar": "https://a.example/", "givenName": "A"} | body):
        answer = await alice.patch(path, json=sent)
        assert (answer.status_code, answer.json()["code"]) == (400, "account_center.field_not_editable")
    assert await everything(service.gate.engine) == before


@pytest.mark.parametrize("field", ["name", "profile"])
async def test_a_refused_edit_is_no_matter_of_credentials(serve: Serve, field: str) -> None:
    """A challenge of insufficient_scope would send the client off for another token, again and again."""
    service = await serve(fields=FieldSettings(**{field: "read_only"}))
    answer = await service.client().patch(CLAIMS if field == "profile" else HERE, json={"name": "A", "nickname": "A"})
    assert refusal(answer) == (400, "account_center.field_not_editable")


@pytest.mark.parametrize("field", SHOWN)
@BOTH
async def test_what_may_only_be_seen_is_shown(serve: Serve, field: str) -> None:
    service = await serve(fields=FieldSettings(**{field: "read_only"}))
    assert list((await service.client().get(HERE)).json()) == KEYS


@pytest.mark.parametrize("field", SHOWN)
@BOTH
async def test_what_is_off_is_not_shown(serve: Serve, field: str) -> None:
    service = await serve(fields=FieldSettings(**{field: "off"}))
    shown = [each for each in KEYS if each not in SHOWN[field]]
    alice = service.client(name="Al", picture="https://a.example/", preferred_username="al", nickname="Al", email="a@b")
    assert list((await alice.get(HERE)).json()) == shown
    other = {"avatar": None} if field == "name" else {"name": None}
    assert list((await alice.patch(HERE, json=other)).json()) == shown


@pytest.mark.parametrize("body", [{}, {"unknown": 1}])
async def test_claims_that_are_off_are_not_shown_by_their_own_path_either(serve: Serve, body: dict[str, Any]) -> None:
    service = await serve(fields=FieldSettings(profile="off"))
    answer = await service.client(nickname="Marker").patch(CLAIMS, json=body)
    assert "Marker" not in answer.text


async def test_a_bad_value_of_a_field_that_may_not_be_edited_is_refused_all_the_same(serve: Serve) -> None:
    service = await serve(fields=FieldSettings(name="read_only"))
    assert (await service.client().patch(HERE, json={"name": 5})).status_code == 400


async def test_the_other_fields_stay_editable(serve: Serve) -> None:
    service = await serve(fields=FieldSettings(name="read_only"))
    assert (await service.client().patch(HERE, json={"username": "ann", "avatar": None})).status_code == 200
    assert (await service.client().patch(CLAIMS, json={"nickname": "Al"})).status_code == 200


@pytest.mark.parametrize(("field", "body"), [("name", {"name": "Ann"}), ("avatar", {"regenerate_avatar": True})])
@pytest.mark.parametrize("editing", ["read_only", "off"])
@BOTH
async def test_the_phoenix_face_forbids_the_same(serve: Serve, field: str, body: dict[str, Any], editing: str) -> None:
    service = await serve(fields=FieldSettings(**{field: editing}))
    answer = await service.client().put(address("alice"), json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "AUTH_003")


@BOTH
async def test_a_field_that_the_owner_may_not_edit_is_still_filled_by_the_provider(serve: Serve) -> None:
    service = await serve(fields=FieldSettings(name="read_only", username="read_only"))
    shown = (await service.client(name="Ann", preferred_username="ann").get(HERE)).json()
    assert (shown["name"], shown["username"]) == ("Ann", "ann")


async def test_an_operator_may_edit_what_the_owner_may_not(serve: Serve, clock: Clock) -> None:
    service = await serve(fields=FieldSettings(name="read_only"))
    await service.client().get(HERE)
    await service.gate.profiles.change(key("alice"), ProfileChange(name="Set by Olive"), OPERATOR)
    assert (await service.client().get(HERE)).json()["name"] == "Set by Olive"
    answer = await service.client("olive", operator=True).put(address("alice"), json={"name": "By Olive again"})
    assert answer.status_code == 200


async def test_an_operator_is_an_owner_like_others_of_his_own_record(serve: Serve) -> None:
    service = await serve(fields=FieldSettings(name="read_only"))
    answer = await service.client("olive", operator=True).patch(HERE, json={"name": "Olive"})
    assert answer.json()["code"] == "account_center.field_not_editable"


EDITABLE = {
    "name": {"editable": True, "maxLength": 128},
    "avatar": {"editable": True, "maxLength": 2048},
    "username": {
        "editable": True,
        "minLength": 1,
        "maxLength": 128,
        "pattern": "[A-Za-z_][0-9A-Za-z_]*",
        "caseSensitive": False,
    },
    "customData": {"editable": True, "maxDepth": 32},
    "profile": {"editable": True, "maxLength": 2048},
    "primaryEmail": {"editable": False, "reason": "read_only"},
    "primaryPhone": {"editable": False, "reason": "read_only"},
    "identities": {"editable": False, "reason": "read_only"},
}


async def capabilities(serve: Serve, scope: str = EVERY_SCOPE, **fields: str) -> Any:
    service = await serve(issuers=(SCOPED,), fields=FieldSettings(**fields))
    answer = await service.client(scope=scope).get(CAPABILITIES)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-cache"
    return answer.json()["fields"]


async def test_capabilities_tell_every_field_and_its_limits(serve: Serve) -> None:
    assert await capabilities(serve) == EDITABLE


@pytest.mark.parametrize("editing", ["read_only", "off"])
@pytest.mark.parametrize("field", ["name", "avatar", "username", "custom_data", "profile"])
async def test_capabilities_say_why_a_field_cannot_be_edited(serve: Serve, field: str, editing: str) -> None:
    told = await capabilities(serve, **{field: editing})
    shown = SHOWN[field][0]
    assert told[shown] == EDITABLE[shown] | {"editable": False, "reason": editing}
    assert {name: each for name, each in told.items() if name != shown} == {
        name: each for name, each in EDITABLE.items() if name != shown
    }


@pytest.mark.parametrize("field", ["primary_email", "primary_phone", "identities"])
async def test_capabilities_tell_what_is_off(serve: Serve, field: str) -> None:
    assert (await capabilities(serve, **{field: "off"}))[SHOWN[field][0]] == {"editable": False, "reason": "off"}


async def test_capabilities_tell_a_missing_permission(serve: Serve) -> None:
    told = await capabilities(serve, "openid")
    reasons = {name: each["reason"] for name, each in told.items()}
    missing = dict.fromkeys(("name", "avatar", "username", "customData", "profile"), "missing_permission")
    assert reasons == missing | dict.fromkeys(("primaryEmail", "primaryPhone", "identities"), "read_only")


async def test_capabilities_tell_that_custom_data_takes_its_own_permission(serve: Serve) -> None:
    told = await capabilities(serve, "openid profile")
    assert (told["name"]["editable"], told["customData"]["editable"]) == (True, False)
    assert told["customData"]["reason"] == "missing_permission"


async def test_what_capabilities_call_editable_is(serve: Serve) -> None:
    service = await serve(fields=FieldSettings(name="off", username="read_only", profile="off"))
    told = (await service.client().get(CAPABILITIES)).json()["fields"]
    for field, path, body in EDITS:
        answer = await service.client().patch(path, json=body)
        assert (answer.status_code == 200) == told[SHOWN[field][0]]["editable"]
