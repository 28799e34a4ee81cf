"""One's own profile: what it shows, what the settings leave out, and a save between other saves."""

from typing import Any

import pytest
from tests.faces.account.browsing import ACCOUNT, OURS, Browser, Page, provided, record
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import OPERATOR, PROVIDER, key
from tests.store.databases import audit

from profilegate.profiles.record import ProfileChange
from profilegate.settings import FieldSettings
from profilegate.sync_settings import OwnershipSettings, SyncSettings

SAVE = "/account/profile"
MARKED = ProfileChange(
    name="canary-name",
    username="canary_username",
    avatar="https://canary.example/avatar",
    primary_email="canary@email.example",
    primary_phone="+canary-phone",
    oidc_profile={"givenName": "canary-profile"},
)


async def marked(serve: Serve, **changes: Any) -> Browser:
    """Alice, whose every value is a canary, at a service with these settings."""
    service = provided(await serve(account=ACCOUNT, **changes))
    alice = await Browser(service).signed_in("alice")
    change = ProfileChange.of(MARKED.given())
    await service.gate.repository.change(key("alice"), change, OPERATOR, service.clock.milliseconds)
    return alice


@BOTH
async def test_what_was_typed_is_saved_with_an_audit_row_that_names_the_page(alice: Browser) -> None:
    answer = await alice.saved(name="Alice Two", username="alice_2", oidc_profile__birthdate="1990-12-31")
    assert answer.status_code == 303
    found = await record(alice.service)
    assert (found.name, found.username, found.oidc_profile) == ("Alice Two", "alice_2", {"birthdate": "1990-12-31"})
    row = (await audit(alice.service.gate.engine))[-1]
    assert (row["actor_kind"], row["actor_id"], row["face"], row["action"]) == ("user", "alice", "account", "change")
    page = Page(await alice.get(answer.headers["location"]))
    assert "Saved: Display name, Username, and Birthday" in page.text


async def test_only_what_was_changed_is_written(alice: Browser) -> None:
    await alice.saved(name="Alice Two")
    assert (await audit(alice.service.gate.engine))[-1]["fields"] == "name"


async def test_a_save_without_a_change_writes_nothing(alice: Browser) -> None:
    before = await record(alice.service)
    assert (await alice.saved()).status_code == 303
    assert await record(alice.service) == before


async def test_what_others_have_saved_meanwhile_stays(alice: Browser) -> None:
    form = Page(await alice.get()).form(SAVE)
    await alice.saved(oidc_profile__nickname="Al")
    assert (await alice.post(SAVE, form | {"name": "Alice Two"})).status_code == 303
    found = await record(alice.service)
    assert (found.name, found.oidc_profile) == ("Alice Two", {"nickname": "Al"})


async def test_the_same_field_changed_twice_is_shown_in_both_versions_and_saved_on_the_next_try(
    alice: Browser,
) -> None:
    form = Page(await alice.get()).form(SAVE)
    await alice.saved(name="From the phone")
    answer = await alice.post(SAVE, form | {"name": "From <here>"})
    page = Page(answer)
    assert (answer.status_code, page.inputs["name"]["value"]) == (409, "From <here>")
    assert "From the phone" in page.text
    assert (await record(alice.service)).name == "From the phone"
    assert (await alice.post(SAVE, page.form(SAVE))).status_code == 303
    assert (await record(alice.service)).name == "From <here>"


async def test_two_who_save_the_same_are_no_conflict(alice: Browser) -> None:
    form = Page(await alice.get()).form(SAVE) | {"name": "Same"}
    assert [(await alice.post(SAVE, form)).status_code for _ in range(2)] == [303, 303]


async def test_a_form_outlives_its_session_with_everything_that_was_typed(alice: Browser) -> None:
    form = Page(await alice.get()).form(SAVE) | {"name": 'Typed "for" <hours>'}
    await alice.post("/account/sign-out")
    answer = await alice.post(SAVE, form)
    page = Page(answer)
    assert (answer.status_code, page.inputs["name"]["value"]) == (401, 'Typed "for" <hours>')
    await alice.signed_in("alice")
    assert (await alice.post(SAVE, page.form(SAVE))).status_code == 303
    assert (await record(alice.service)).name == 'Typed "for" <hours>'


async def test_a_form_of_one_user_is_never_saved_as_anothers(alice: Browser) -> None:
    form = Page(await alice.get()).form(SAVE) | {"name": "Alice's"}
    await alice.signed_in("bob")
    before = await record(alice.service, "bob")
    assert (await alice.post(SAVE, form)).status_code == 401
    assert await record(alice.service, "bob") == before


async def test_a_new_picture_is_another_one(alice: Browser) -> None:
    before = (await record(alice.service)).avatar
    assert (await alice.post("/account/avatar")).headers["location"] == "/account?saved=avatar"
    assert (await record(alice.service)).avatar != before


async def test_what_was_saved_is_told_only_in_words_of_ours(alice: Browser) -> None:
    page = Page(await alice.get("/account", params={"saved": "name,<script>alert(1)</script>,You won"}))
    assert "Saved: Display name " in page.text
    assert "You won" not in page.text


async def test_a_username_is_told_to_be_free_or_not(alice: Browser) -> None:
    await (await Browser(alice.service).signed_in("bob")).saved(username="bob_1")
    told = [(await alice.get("/account/username", params={"username": each})).json() for each in ("x_1", "BOB_1", "1")]
    assert [each["available"] for each in told] == [True, False, False]
    assert all(each["problem"] for each in told[1:])
    assert "bob" not in str(told)


async def test_a_stranger_learns_no_username(browser: Browser, alice: Browser) -> None:
    await alice.saved(username="alice_1")
    free, taken = [await browser.get("/account/username", params={"username": each}) for each in ("x_1", "alice_1")]
    assert (free.status_code, free.content) == (taken.status_code, taken.content) == (401, free.content)


async def test_usernames_cannot_be_tried_at_any_speed(alice: Browser) -> None:
    answers = [(await alice.get("/account/username?username=x")).status_code for _ in range(70)]
    assert set(answers) == {200, 429}


# [fields] and [sync.ownership]


@pytest.mark.parametrize("field", ["name", "username", "avatar", "profile"])
async def test_a_field_that_may_only_be_read_is_shown_so(serve: Serve, field: str) -> None:
    alice = await marked(serve, fields=FieldSettings(**{field: "read_only"}))
    page = Page(await alice.get())
    name = "oidc_profile.givenName" if field == "profile" else field
    assert "readonly" in page.inputs[name]
    assert f"was.{name}" not in page.inputs
    assert (field == "avatar") != ("/account/avatar" in page.forms)


@pytest.mark.parametrize("editing", ["read_only", "off"])
@pytest.mark.parametrize("field", ["name", "username", "avatar", "profile"])
async def test_a_forged_form_changes_no_field_that_may_not_be_edited(serve: Serve, field: str, editing: str) -> None:
    alice = await marked(serve, fields=FieldSettings(**{field: editing}))
    before = await record(alice.service)
    name = "oidc_profile.givenName" if field == "profile" else field
    for was in (before.value(name), ""):
        forged = {"user": "alice", name: "https://new.example/x" if field == "avatar" else "new", f"was.{name}": was}
        assert (await alice.post(SAVE, forged)).status_code in (403, 409)
    if field == "avatar":
        assert (await alice.post("/account/avatar")).status_code == 403
    assert await record(alice.service) == before


@pytest.mark.parametrize(
    ("field", "canary"),
    [
        ("name", "canary-name"),
        ("username", "canary_username"),
        ("avatar", "https://canary.example/avatar"),
        ("profile", "canary-profile"),
        ("primary_email", "canary@email.example"),
        ("primary_phone", "+canary-phone"),
    ],
)
async def test_a_field_that_is_off_is_not_shown_anywhere(serve: Serve, field: str, canary: str) -> None:
    alice = await marked(serve, fields=FieldSettings(**{field: "off"}))
    answer = await alice.get()
    assert canary not in answer.text
    assert answer.text.count("canary") >= 5
    forged = await alice.post(SAVE, {"user": "alice", "oidc_profile.nickname": "x\0", "was.oidc_profile.nickname": ""})
    assert canary not in forged.text


@pytest.mark.parametrize(
    ("owned", "name"),
    [
        ({"name": "idp"}, "name"),
        ({"avatar": "idp"}, "avatar"),
        ({"username": "idp"}, "username"),
        ({"profile": "idp"}, "oidc_profile.locale"),
        ({"claims": {"locale": "idp"}}, "oidc_profile.locale"),
    ],
)
async def test_what_the_provider_owns_is_shown_as_such_and_stays(
    serve: Serve, owned: dict[str, Any], name: str
) -> None:
    alice = await marked(serve, sync=SyncSettings(ownership=OwnershipSettings(**owned)))
    before = await record(alice.service)
    page = Page(await alice.get())
    assert "readonly" in page.inputs[name]
    assert "Your provider or an operator looks after this." in page.text
    assert (await alice.post(SAVE, {"user": "alice", name: "new", f"was.{name}": ""})).status_code in (403, 409, 422)
    assert await record(alice.service) == before


async def test_beside_a_claim_that_the_provider_owns_the_others_can_be_saved(serve: Serve) -> None:
    alice = await marked(serve, sync=SyncSettings(ownership=OwnershipSettings(claims={"locale": "idp"})))
    assert (await alice.saved(oidc_profile__nickname="Al")).status_code == 303
    found = await record(alice.service)
    assert found.value("oidc_profile.nickname") == "Al"


async def test_what_the_provider_changes_meanwhile_is_no_loss(alice: Browser) -> None:
    form = Page(await alice.get()).form(SAVE)
    now = alice.service.clock.milliseconds
    await alice.service.gate.repository.change(key("alice"), ProfileChange(name="Provider's"), PROVIDER, now)
    answer = await alice.post(SAVE, form | {"name": "Mine"}, headers=OURS)
    assert (answer.status_code, Page(answer).inputs["name"]["value"]) == (409, "Mine")
