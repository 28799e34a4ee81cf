"""What Supabase's Auth hooks and database webhooks say."""

from typing import Any

import pytest
from hypothesis import given

from profilegate.sync.providers.supabase import SUPABASE
from profilegate.sync.said import Said, Unreadable

from .any_payload import anything, check_read, check_user

ID = "0f5c2c3e-7a43-4a57-9a0c-0d6f7d1b9b11"
UUID = "8b34dcdd-9df1-4c10-850a-b3277c653040"
UPDATED, UPDATED_AT = "2026-11-21T00:34:02.638123+00:00", 1795221242638
SIGNED_IN, SIGNED_IN_AT = "2026-11-21T00:34:00.5+00:00", 1795221240500
DELETED, DELETED_AT = "2026-11-21T00:40:00+00:00", 1795221600000
METADATA = {"full_name": "Mira Okafor", "user_name": "mira", "avatar_url": "https://img.example.test/m.png"}


def a_row(**changes: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "aud": "authenticated",
        "role": "authenticated",
        "email": "mira@example.test",
        "encrypted_password": "$2a$10$hash",
        "email_confirmed_at": SIGNED_IN,
        "confirmation_token": "secret",
        "phone": "15550100",
        "phone_confirmed_at": SIGNED_IN,
        "raw_app_meta_data": {"provider": "email"},
        "raw_user_meta_data": dict(METADATA),
        "last_sign_in_at": SIGNED_IN,
        "created_at": SIGNED_IN,
        "updated_at": UPDATED,
        "banned_until": None,
        "deleted_at": None,
        "is_anonymous": False,
    } | changes


def a_user(**changes: Any) -> dict[str, Any]:
    """As the admin API and the hooks have it: empty times are left out."""
    return {
        "id": ID,
        "aud": "authenticated",
        "role": "authenticated",
        "email": "mira@example.test",
        "email_confirmed_at": SIGNED_IN,
        "phone": "15550100",
        "phone_confirmed_at": SIGNED_IN,
        "last_sign_in_at": SIGNED_IN,
        "app_metadata": {"provider": "email"},
        "user_metadata": dict(METADATA),
        "identities": [],
        "created_at": SIGNED_IN,
        "updated_at": UPDATED,
        "is_anonymous": False,
    } | changes


def change(type: str = "UPDATE", **changes: Any) -> dict[str, Any]:
    return {
        "type": type,
        "table": "users",
        "schema": "auth",
        "record": None if type == "DELETE" else a_row(),
        "old_record": None if type == "INSERT" else a_row(),
    } | changes


def hook(name: str = "after-user-created", **user: Any) -> dict[str, Any]:
    metadata = {"uuid": UUID, "time": "2026-11-20T16:34:03.25-08:00", "name": name, "ip_address": "192.0.2.1"}
    return {"metadata": metadata, "user": a_user(**user)}


WHOLE = {
    "username": "mira",
    "name": "Mira Okafor",
    "avatar": "https://img.example.test/m.png",
    "primary_email": "mira@example.test",
    "primary_phone": "15550100",
    "last_sign_in_at": SIGNED_IN_AT,
    "suspended_by_idp": False,
}


def fields(**changes: Any) -> dict[str, Any]:
    (said,) = SUPABASE.read(change(record=a_row(**changes)))
    return said.fields


def test_a_created_user_is_told_by_the_hook() -> None:
    assert SUPABASE.read(hook()) == (
        Said(subject=ID, kind="set", occurred_at=1795221243250, sequence=UPDATED_AT, fields=WHOLE),
    )


def test_a_user_who_is_about_to_be_created_is_nobody_yet() -> None:
    assert SUPABASE.read(hook("before-user-created")) == ()


@pytest.mark.parametrize("name", ["send-email", "customize-access-token", None, [], {}])
def test_other_hooks_are_nothing_for_us(name: Any) -> None:
    assert SUPABASE.read(hook(name)) == ()


def test_a_hook_is_known_again_by_its_uuid_because_the_webhook_id_is_new_on_every_attempt() -> None:
    assert SUPABASE.delivery_id(hook()) == UUID


def test_a_database_webhook_has_no_id() -> None:
    assert SUPABASE.delivery_id(change()) is None


@pytest.mark.parametrize("type", ["INSERT", "UPDATE"])
def test_a_row_states_the_whole_user(type: str) -> None:
    assert SUPABASE.read(change(type)) == (
        Said(subject=ID, kind="set", occurred_at=UPDATED_AT, sequence=UPDATED_AT, fields=WHOLE),
    )


def test_a_deleted_row_is_a_deletion_now_and_not_when_the_row_was_last_changed() -> None:
    assert SUPABASE.read(change("DELETE")) == (Said(subject=ID, kind="delete", occurred_at=None),)


def test_a_user_deleted_softly_is_deleted_although_the_row_is_only_updated() -> None:
    hashed = a_row(deleted_at=DELETED, email="4cbb2f", phone="a91f")
    assert SUPABASE.read(change(record=hashed)) == (Said(subject=ID, kind="delete", occurred_at=DELETED_AT),)


@pytest.mark.parametrize(("schema", "table"), [("public", "users"), ("auth", "identities"), (None, None), ([], {})])
def test_other_tables_may_be_anybodys_to_write_and_are_nothing_for_us(schema: Any, table: Any) -> None:
    for type in ("INSERT", "UPDATE", "DELETE"):
        assert SUPABASE.read(change(type, schema=schema, table=table)) == ()


def test_other_operations_are_nothing_for_us() -> None:
    assert SUPABASE.read(change("TRUNCATE")) == ()


def test_nothing_is_said_of_an_unconfirmed_address_or_number() -> None:
    assert not {"primary_email", "primary_phone"} & fields(email_confirmed_at=None, phone_confirmed_at=None).keys()


def test_a_user_without_contacts_has_none() -> None:
    without = fields(email=None, phone="")
    assert (without["primary_email"], without["primary_phone"]) == (None, None)


def test_an_address_in_the_metadata_is_the_users_own_word_and_not_taken() -> None:
    claimed = METADATA | {"email": "boss@example.test", "email_verified": True, "sub": "somebody-else"}
    (said,) = SUPABASE.read(change(record=a_row(email=None, raw_user_meta_data=claimed)))
    assert (said.subject, said.fields["primary_email"]) == (ID, None)


def test_the_names_have_more_than_one_place_in_the_metadata() -> None:
    other = {"preferred_username": "okafor", "name": "M. Okafor", "picture": "https://img.example.test/2.png"}
    found = fields(raw_user_meta_data=other)
    assert [found[field] for field in ("username", "name", "avatar")] == list(other.values())


def test_a_user_without_metadata_has_no_names() -> None:
    without = fields(raw_user_meta_data=None)
    assert [without[field] for field in ("username", "name", "avatar")] == [None, None, None]


def test_neither_the_passwords_hash_nor_a_token_is_taken() -> None:
    assert not {"$2a$10$hash", "secret"} & set(map(str, fields().values()))


def test_a_ban_suspends_until_its_end() -> None:
    assert fields(banned_until="2126-11-21T00:34:02+00:00")["suspended_by_idp"] is True
    assert fields(banned_until="2026-11-21T00:34:01+00:00")["suspended_by_idp"] is False


def test_a_ban_counts_when_it_is_not_known_when_the_row_changed() -> None:
    assert fields(banned_until="2026-11-21T00:34:01+00:00", updated_at=None)["suspended_by_idp"] is True


@pytest.mark.parametrize(
    "payload",
    [
        change(record=None),
        change(record={}),
        change(record=a_row(id=7)),
        change("DELETE", old_record=None),
        hook(id=None),
        {"metadata": {"name": "after-user-created"}},
    ],
)
def test_an_event_that_names_nobody_is_unreadable(payload: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="id is not a text"):
        SUPABASE.read(payload)


def test_a_user_of_the_admin_api_says_the_same_as_a_row() -> None:
    assert SUPABASE.user is not None
    assert SUPABASE.user(a_user()) == WHOLE


def test_a_user_of_the_admin_api_is_suspended_while_the_ban_lasts_by_our_clock() -> None:
    assert SUPABASE.user is not None
    assert SUPABASE.user(a_user(banned_until="9999-01-01T00:00:00Z"))["suspended_by_idp"] is True
    assert SUPABASE.user(a_user(banned_until="2020-01-01T00:00:00Z"))["suspended_by_idp"] is False


def test_another_answer_than_a_user_is_unreadable() -> None:
    assert SUPABASE.user is not None
    with pytest.raises(Unreadable):
        SUPABASE.user({"users": [a_user()], "aud": "authenticated"})


def test_hooks_are_signed_as_standard_webhooks() -> None:
    assert SUPABASE.signature == "standard"


@given(anything(change("INSERT"), change(), change("DELETE"), hook(), hook("before-user-created")))
def test_any_payload_is_read_or_unreadable(payload: dict[str, Any]) -> None:
    check_read(SUPABASE.read, payload)
    SUPABASE.delivery_id(payload)


@given(anything(a_user(), a_row()))
def test_any_answer_is_a_user_or_unreadable(payload: dict[str, Any]) -> None:
    check_user(SUPABASE.user, payload)


def test_the_passwords_hash_and_tokens_are_not_kept_and_all_that_is_read_is() -> None:
    row = a_row(recovery_token="secret", email_change_token_new="secret")
    payload = {"type": "UPDATE", "schema": "auth", "table": "users", "record": row, "old_record": row}
    assert SUPABASE.kept is not None
    kept = SUPABASE.kept(payload)
    assert "secret" not in str(kept)
    assert "hash" not in str(kept)
    assert SUPABASE.read(kept) == SUPABASE.read(payload)
