"""Any provider whose payloads are described in the settings: Ory Kratos, Supabase's database, and Hanko as examples."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sync.any_payload import anything, check_read, check_user, values

from profilegate.sync.provider import Provider
from profilegate.sync.providers.generic import generic
from profilegate.sync.said import Said
from profilegate.sync_settings import MappingSettings

KRATOS = generic(
    MappingSettings(
        subject="/identity/id",
        event="/flow",
        set=("registration", "settings", "verification"),
        occurred_at="/identity/updated_at",
        snapshot=True,
        fields={
            "username": "/identity/traits/username",
            "name": "/identity/traits/name",
            "primary_email": "/identity/verifiable_addresses/0/value",
            "oidc_profile.locale": "/identity/traits/lang",
        },
    ),
    "static",
    "x-api-key",
)
KRATOS_PAYLOAD = {
    "flow": "settings",
    "identity": {
        "id": "9f425a8d-7efc-4768-8f23-7647a74fdf13",
        "state": "active",
        "traits": {"username": "ada", "name": "Ada Lovelace"},
        "verifiable_addresses": [{"value": "ada@corp.example", "verified": True}],
        "updated_at": "2026-09-01T09:24:05.123456789Z",
    },
}

SUPABASE = generic(
    MappingSettings(
        subject="/record/id",
        event="/type",
        set=("INSERT", "UPDATE"),
        occurred_at="/record/updated_at",
        fields={"name": "/record/raw_user_meta_data/full_name", "primary_email": "/record/email"},
    ),
    "static",
    "authorization",
)
SUPABASE_PAYLOAD = {
    "type": "UPDATE",
    "table": "users",
    "schema": "auth",
    "record": {
        "id": "d5bb2b5c-1b9c-4a0e-8d1e-0f0a34a7a1aa",
        "email": "ada@corp.example",
        "raw_user_meta_data": {"full_name": None},
        "updated_at": "2026-09-01T09:24:05.123+00:00",
    },
    "old_record": None,
}

HANKO = generic(
    MappingSettings(
        subject="/data/id",
        event="/evt",
        set=("user.create", "user.update.username.update"),
        delete=("user.delete",),
        suspend=("user.block",),
        restore=("user.unblock",),
        revoke=("session.clear",),
        occurred_at="/iat",
        sequence="/seq",
        delivery_id="/jti",
        tenant="/aud/0",
        fields={"username": "/data/username/username"},
    ),
    "jwt_body",
    "",
)
HANKO_PAYLOAD = {
    "sub": "hanko webhooks",
    "aud": ["project"],
    "iat": 1_788_254_645,
    "jti": 41,
    "seq": "7",
    "evt": "user.create",
    "data": {"id": "c339547d", "username": {"id": "u1", "username": "ada"}, "emails": []},
}


def said_by(provider: Provider, payload: dict[str, Any]) -> Said:
    (said,) = provider.read(payload)
    return said


def of_pointer(pointer: str, payload: dict[str, Any], **settings: Any) -> dict[str, Any]:
    mapping = MappingSettings(subject="/id", fields={"name": pointer}, **settings)
    return said_by(generic(mapping, "static", "x-key"), {"id": "ada"} | payload).fields


def test_the_settings_say_how_deliveries_are_signed() -> None:
    assert (KRATOS.signature, KRATOS.header) == ("static", "x-api-key")


def test_kratos_tells_the_whole_identity() -> None:
    assert said_by(KRATOS, KRATOS_PAYLOAD) == Said(
        subject="9f425a8d-7efc-4768-8f23-7647a74fdf13",
        kind="set",
        occurred_at=1_788_254_645_123,
        fields={
            "username": "ada",
            "name": "Ada Lovelace",
            "primary_email": "ada@corp.example",
            "oidc_profile.locale": None,
        },
    )


def test_a_row_of_supabase_says_nothing_of_what_it_lacks() -> None:
    assert said_by(SUPABASE, SUPABASE_PAYLOAD) == Said(
        subject="d5bb2b5c-1b9c-4a0e-8d1e-0f0a34a7a1aa",
        kind="set",
        occurred_at=1_788_254_645_123,
        fields={"primary_email": "ada@corp.example"},
    )


def test_hankos_claims_have_a_sequence_and_a_tenant() -> None:
    assert said_by(HANKO, HANKO_PAYLOAD) == Said(
        subject="c339547d",
        kind="set",
        occurred_at=1_788_254_645_000,
        sequence=7,
        tenant="project",
        fields={"username": "ada"},
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [("user.delete", "delete"), ("user.block", "suspend"), ("user.unblock", "restore"), ("session.clear", "revoke")],
)
def test_an_event_that_is_not_about_fields_tells_none(name: str, kind: str) -> None:
    said = said_by(HANKO, HANKO_PAYLOAD | {"evt": name})
    assert (said.kind, said.subject, said.fields) == (kind, "c339547d", {})


@pytest.mark.parametrize("name", ["email.send", "", None, 7, ["user.delete"]])
def test_an_event_in_no_list_is_nothing_for_us(name: Any) -> None:
    assert HANKO.read(HANKO_PAYLOAD | {"evt": name}) == ()


def test_a_deleted_row_is_nothing_for_us_where_no_list_names_it() -> None:
    assert SUPABASE.read(SUPABASE_PAYLOAD | {"type": "DELETE", "record": None}) == ()


@pytest.mark.parametrize("subject", [None, "", True, 1.5, ["ada"], {}])
def test_a_payload_without_a_subject_is_nothing_for_us(subject: Any) -> None:
    assert HANKO.read(HANKO_PAYLOAD | {"data": {"id": subject}}) == ()


@pytest.mark.parametrize(("number", "subject"), [(7, "7"), (0, "0"), (2**60, "1152921504606846976")])
def test_a_number_can_be_a_subject(number: int, subject: str) -> None:
    assert said_by(HANKO, HANKO_PAYLOAD | {"data": {"id": number}}).subject == subject


def test_a_number_can_name_the_delivery() -> None:
    assert HANKO.delivery_id(HANKO_PAYLOAD) == "41"


@pytest.mark.parametrize("provider", [KRATOS, SUPABASE])
def test_without_a_pointer_nothing_names_the_delivery(provider: Provider) -> None:
    assert provider.delivery_id(HANKO_PAYLOAD) is None


def test_without_a_pointer_to_the_event_every_payload_sets_fields() -> None:
    assert of_pointer("/name", {"name": "Ada"}) == {"name": "Ada"}


def test_without_pointers_to_them_there_is_neither_time_nor_sequence_nor_tenant() -> None:
    said = said_by(generic(MappingSettings(subject="/id"), "static", "x-key"), {"id": "ada", "seq": 4})
    assert (said.occurred_at, said.sequence, said.tenant, said.fields) == (None, 0, None, {})


@pytest.mark.parametrize(
    ("pointer", "payload"),
    [
        ("/a~1b", {"a/b": "Ada"}),
        ("/a~0b", {"a~b": "Ada"}),
        ("/a~01b", {"a~1b": "Ada"}),
        ("/", {"": "Ada"}),
        ("/0", {"0": "Ada"}),
        ("/list/1", {"list": ["Bob", "Ada"]}),
        ("/list/0/name", {"list": [{"name": "Ada"}]}),
    ],
)
def test_a_pointer_reaches_members_with_odd_names_and_items(pointer: str, payload: dict[str, Any]) -> None:
    assert of_pointer(pointer, payload) == {"name": "Ada"}


@pytest.mark.parametrize("pointer", ["/list/2", "/list/-", "/list/-1", "/list/x", "/list/¹", "/none/0", "/id/0"])
@pytest.mark.parametrize(("snapshot", "fields"), [(True, {"name": None}), (False, {})])
def test_what_a_pointer_does_not_reach_is_gone_only_in_a_snapshot(
    pointer: str, snapshot: bool, fields: dict[str, Any]
) -> None:
    assert of_pointer(pointer, {"list": ["a", "b"]}, snapshot=snapshot) == fields


@pytest.mark.parametrize(("snapshot", "fields"), [(True, {"name": None}), (False, {})])
def test_null_is_gone_only_in_a_snapshot(snapshot: bool, fields: dict[str, Any]) -> None:
    assert of_pointer("/name", {"name": None}, snapshot=snapshot) == fields


@pytest.mark.parametrize("value", ["", False, 0, [], {"a": 1}])
def test_a_value_is_passed_on_as_it_is(value: Any) -> None:
    assert of_pointer("/name", {"name": value}) == {"name": value}


def test_the_providers_api_is_read_with_the_same_pointers() -> None:
    assert SUPABASE.user is not None
    assert SUPABASE.user(SUPABASE_PAYLOAD) == {"primary_email": "ada@corp.example"}


@given(st.sampled_from([KRATOS, SUPABASE, HANKO]), anything(KRATOS_PAYLOAD, SUPABASE_PAYLOAD, HANKO_PAYLOAD))
def test_any_json_is_read_or_unreadable(provider: Provider, payload: dict[str, Any]) -> None:
    check_read(provider.read, payload)
    check_user(provider.user, payload)


STEPS = st.lists(st.sampled_from(["a", "b", "0", "1", "", "a~1b", "~0", "-"]), max_size=4)
POINTERS = STEPS.map(lambda steps: "".join(f"/{step}" for step in steps))


@given(
    st.builds(
        MappingSettings,
        subject=POINTERS,
        event=st.none() | POINTERS,
        set=st.just(("a",)),
        occurred_at=POINTERS,
        sequence=POINTERS,
        delivery_id=POINTERS,
        tenant=POINTERS,
        snapshot=st.booleans(),
        fields=st.dictionaries(st.sampled_from(["name", "avatar"]), POINTERS),
    ),
    st.dictionaries(st.sampled_from(["a", "b", "0", "", "a/b", "~"]), values | st.just("a")),
)
def test_any_pointers_into_any_json_are_read(mapping: MappingSettings, payload: dict[str, Any]) -> None:
    check_read(generic(mapping, "static", "x-key").read, payload)
