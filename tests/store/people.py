"""Whom and when the store's tests speak of."""

from typing import Any

from profilegate.profiles.record import Actor, Profile, ProfileChange, ProfileKey

NOW = 1_800_000_000_000
"""Unix milliseconds."""

LATER = NOW + 60_000
MUCH_LATER = LATER + 60_000

ANN = ProfileKey("acme", "ann")
BOB = ProfileKey("acme", "bob")
CAROL = ProfileKey("acme", "carol")
STRANGER = ProfileKey("other", "ann")
CROWD = [ProfileKey("acme", f"user-{number}") for number in range(50)]

OPERATOR = Actor("operator", "root", "test")
PROVIDER = Actor("idp", "https://idp.test", "webhook")
SYSTEM = Actor("system", "cli", "cli")


def herself(key: ProfileKey, issued_at: int | None = NOW // 1000) -> Actor:
    """The user of this record, with a token made at `issued_at` (Unix seconds)."""
    return Actor("user", key.user_id, "test", issued_at)


def record(key: ProfileKey, **fields: Any) -> Profile:
    """A new record of this user, made now, of which only these fields are known."""
    return Profile(tenant_id=key.tenant_id, user_id=key.user_id, created_at=NOW, updated_at=NOW, **fields)


WHOLE = record(
    ANN,
    username="Ann_1",
    name="Ann Marker",
    avatar="https://marker.test/ann.png",
    primary_email="ann@marker.test",
    primary_phone="+15550100marker",
    custom_data={"theme": "marker", "deep": {"list": [1, None, True, 2.5, "é"]}},
    identities={"github": {"userId": "marker"}},
    sso_identities=[{"issuer": "https://marker.test"}],
    oidc_profile={"givenName": "Marker", "address": {"locality": "Marker"}},
    application_id="app-marker",
    suspended_by_idp=True,
    suspended_by_operator=True,
    has_password=True,
    last_sign_in_at=NOW - 1,
    sources={"name": "generated", "avatar": "user", "username": "claims"},
    versions={"name": "000000000000001"},
)
"""Every field set; "marker" stands in each value that tells something of the person."""

EVERY_FIELD = ProfileChange(
    username="ann_2",
    name="Ann Two",
    avatar="https://two.test/ann.png",
    primary_email="two@ann.test",
    primary_phone="+15550102",
    custom_data={"two": 2},
    identities={"two": {"userId": "two"}},
    sso_identities=[{"issuer": "https://two.test"}],
    oidc_profile={"givenName": "Two", "familyName": "Ann", "address": {"country": "Two"}},
    application_id="app-two",
    has_password=False,
    last_sign_in_at=NOW + 2,
)
"""Another value for every field of WHOLE that a change can set."""
