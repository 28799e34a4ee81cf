"""PUT /v1/profiles/user/{user_id}: the name, the avatar, or both."""

import unicodedata
from typing import Any

import httpx
import pytest
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import Clock, Service, address, key
from tests.store.databases import audit, everything

from profilegate.profiles.record import Profile
from profilegate.settings import FieldSettings

SEED = "https://api.dicebear.com/9.x/adventurer/svg?seed=your_tenant_alice"


async def put(client: httpx.AsyncClient, body: Any, user_id: str = "alice") -> httpx.Response:
    return await client.put(address(user_id), json=body)


@BOTH
async def test_put_sets_the_name_and_nothing_else(client: httpx.AsyncClient, clock: Clock) -> None:
    before = (await client.get(address("alice"))).json()
    clock.seconds += 300
    answer = await put(client, {"name": "John Doe"})
    assert answer.status_code == 200
    assert answer.json() == before | {"name": "John Doe", "updated_at": "2026-01-28T10:05:00Z"}


@BOTH
async def test_put_regenerates_the_avatar_and_nothing_else(client: httpx.AsyncClient, clock: Clock) -> None:
    before = (await client.get(address("alice"))).json()
    clock.seconds += 300.25
    after = (await put(client, {"regenerate_avatar": True})).json()
    changed = {"avatar_url": f"{SEED}_1769594700250", "updated_at": "2026-01-28T10:05:00Z"}
    assert after == before | changed


async def test_put_does_both_at_once(client: httpx.AsyncClient) -> None:
    after = (await put(client, {"name": "John Doe", "regenerate_avatar": True})).json()
    assert (after["name"], after["avatar_url"]) == ("John Doe", f"{SEED}_1769594400000")


KEEPING = [{}, {"name": None}, {"regenerate_avatar": False}, {"name": None, "regenerate_avatar": False}, {"nam": "x"}]


@pytest.mark.parametrize("body", KEEPING)
@BOTH
async def test_what_is_not_given_is_kept(
    client: httpx.AsyncClient, service: Service, clock: Clock, body: dict[str, Any]
) -> None:
    before = await put(client, {"name": "John Doe", "regenerate_avatar": True})
    stored = await everything(service.gate.engine)
    clock.seconds += 300
    after = await put(client, body)
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
    assert await everything(service.gate.engine) == stored


async def test_a_name_set_again_is_no_change(client: httpx.AsyncClient, clock: Clock) -> None:
    before = await put(client, {"name": "John Doe"})
    clock.seconds += 300
    assert (await put(client, {"name": "John Doe"})).content == before.content


@BOTH
async def test_put_makes_the_profile_with_the_given_name(client: httpx.AsyncClient) -> None:
    answer = await put(client, {"name": "Custom User Name"})
    made = answer.json()
    assert (answer.status_code, made["name"], made["avatar_url"]) == (200, "Custom User Name", SEED)
    assert (await client.get(address("alice"))).json() == made


@pytest.mark.parametrize("body", KEEPING)
async def test_put_without_a_name_makes_the_profile_with_a_generated_one(
    client: httpx.AsyncClient, service: Service, body: dict[str, Any]
) -> None:
    preview = service.gate.profiles.preview(key("alice"))
    assert (await put(client, body)).json()["name"] == preview.name


@pytest.mark.caller("alice", name="Alice Moreau")
async def test_what_was_asked_for_stands_above_the_token(client: httpx.AsyncClient) -> None:
    assert (await put(client, {"name": "Al"})).json()["name"] == "Al"
    assert (await client.get(address("alice"))).json()["name"] == "Al"


NAMES = [
    "x",
    "Zoë",
    "王小明",
    "👩‍👩‍👧",
    "<b>bold</b>",
    "O'Brien \"; --",
    " trimmed by nobody ",
    "x" * 128,
    "😀" * 128,
    "{}",
    "%s",
]


@pytest.mark.parametrize("name", NAMES)
@BOTH
async def test_a_name_is_kept_as_it_was_sent(client: httpx.AsyncClient, name: str) -> None:
    await put(client, {"name": name})
    assert (await client.get(address("alice"))).json()["name"] == name


async def test_a_name_is_stored_composed(client: httpx.AsyncClient) -> None:
    assert (await put(client, {"name": unicodedata.normalize("NFD", "Zoë")})).json()["name"] == "Zoë"


CONTROLS = "name must not contain control characters or bidirectional controls."
NAMES_REFUSED = [
    ("", "name must not be empty."),
    (" ", "name must not be empty."),
    ("\u3000\u200b", "name must not be empty."),
    ("a\0b", CONTROLS),
    ("a\nb", CONTROLS),
    ("a\u2028b", CONTROLS),
    ("\u202eevil", CONTROLS),
    ("\x85", CONTROLS),
    ("x" * 129, "name must be at most 128 characters long."),
    ("😀" * 129, "name must be at most 128 characters long."),
]


@pytest.mark.parametrize(("name", "text"), NAMES_REFUSED)
async def test_a_name_against_the_rules_is_refused_by_field_and_rule(
    client: httpx.AsyncClient, service: Service, name: str, text: str
) -> None:
    await client.get(address("alice"))
    stored = await everything(service.gate.engine)
    answer = await put(client, {"name": name, "regenerate_avatar": True})
    assert (answer.status_code, answer.json()) == (422, {"error": text, "code": "VALIDATION_001"})
    assert await everything(service.gate.engine) == stored


async def test_a_refused_first_update_makes_no_profile(client: httpx.AsyncClient, service: Service) -> None:
    assert (await put(client, {"name": ""})).status_code == 422
    assert await everything(service.gate.engine) == ([], [])


@pytest.mark.parametrize("exists", [True, False])
async def test_somebody_elses_profile_is_not_to_be_changed(
    client: httpx.AsyncClient, service: Service, exists: bool
) -> None:
    if exists:
        await client.get(address("bob"))
    stored = await everything(service.gate.engine)
    answer = await put(client, {"name": "Mallory"}, "bob")
    assert (answer.status_code, answer.json()["code"]) == (403, "AUTH_003")
    assert await everything(service.gate.engine) == stored


@BOTH
@pytest.mark.caller("olive", operator=True)
async def test_an_operator_may_change_anybody(client: httpx.AsyncClient, service: Service) -> None:
    assert (await put(client, {"name": "Robert"}, "bob")).json()["name"] == "Robert"
    (note,) = await audit(service.gate.engine)
    assert (note["actor_kind"], note["actor_id"], note["face"]) == ("operator", "olive", "phoenix")
    found = await service.gate.repository.get(key("bob"))
    assert isinstance(found, Profile)
    assert found.sources["name"] == "operator"


@pytest.mark.caller("olive", operator=True)
async def test_an_operators_own_profile_is_a_users(client: httpx.AsyncClient, service: Service) -> None:
    await put(client, {"name": "Olive"}, "olive")
    (note,) = await audit(service.gate.engine)
    assert (note["actor_kind"], note["actor_id"]) == ("user", "olive")


@BOTH
async def test_each_change_is_noted(client: httpx.AsyncClient, service: Service) -> None:
    await client.get(address("alice"))
    await put(client, {"name": "John Doe", "regenerate_avatar": True})
    notes = [(row["action"], row["fields"], row["version"]) for row in await audit(service.gate.engine)]
    assert notes[1] == ("change", "name avatar", 2)


@pytest.mark.parametrize("editing", ["read_only", "off"])
@pytest.mark.parametrize(("field", "body"), [("name", {"name": "Al"}), ("avatar", {"regenerate_avatar": True})])
async def test_a_field_that_is_not_editable_is_refused(
    serve: Serve, editing: str, field: str, body: dict[str, Any]
) -> None:
    service = await serve(fields=FieldSettings(**{field: editing}))  # type: ignore[arg-type]
    answer = await put(service.client("alice"), body)
    assert (answer.status_code, answer.json()["code"]) == (403, "AUTH_003")
    assert field in answer.json()["error"]
    assert (await put(service.client("olive", operator=True), body)).status_code == 200
