"""What a provider's claims say of their user, as a change to the record (OpenID Connect Core, section 5.1)."""

from collections.abc import Mapping
from typing import Any

from profilegate.profiles.record import MEMBER, ProfileChange

TEXTS = {
    "username": "preferred_username",
    "name": "name",
    "avatar": "picture",
    "primary_email": "email",
    "primary_phone": "phone_number",
    "application_id": "client_id",
    f"{MEMBER}familyName": "family_name",
    f"{MEMBER}givenName": "given_name",
    f"{MEMBER}middleName": "middle_name",
    f"{MEMBER}nickname": "nickname",
    f"{MEMBER}profile": "profile",
    f"{MEMBER}website": "website",
    f"{MEMBER}gender": "gender",
    f"{MEMBER}birthdate": "birthdate",
    f"{MEMBER}zoneinfo": "zoneinfo",
    f"{MEMBER}locale": "locale",
}
# What the provider itself calls unproven is nobody's primary contact.
PROOFS = {"primary_email": "email_verified", "primary_phone": "phone_number_verified"}
ADDRESS = {
    "formatted": "formatted",
    "streetAddress": "street_address",
    "locality": "locality",
    "region": "region",
    "postalCode": "postal_code",
    "country": "country",
}
OTHERS = {"custom_data": dict, "identities": dict, "sso_identities": list, "has_password": bool}

# 1e11 seconds are in the year 5138, 1e11 milliseconds in 1973: Logto writes milliseconds where OpenID says seconds.
SECONDS_END = 1e11


def claimed_profile(claims: Mapping[str, Any]) -> ProfileChange:
    """What the claims say of the user; claims of another type than the standard's are left out. Checks no rule."""
    said: dict[str, Any] = {field: claims[name] for field, name in TEXTS.items() if _is_text(claims.get(name))}
    for field, proof in PROOFS.items():
        if claims.get(proof) is False:
            said.pop(field, None)
    said |= {name: claims[name] for name, kind in OTHERS.items() if isinstance(claims.get(name), kind)}
    address = claims.get("address")
    if isinstance(address, dict):
        parts = {part: address[name] for part, name in ADDRESS.items() if _is_text(address.get(name))}
        said |= {f"{MEMBER}address": parts} if parts else {}
    moment = milliseconds(claims.get("auth_time", claims.get("last_sign_in_at")))
    return ProfileChange.of(said | ({} if moment is None else {"last_sign_in_at": moment}))


def milliseconds(time: Any) -> int | None:
    """A time in seconds or milliseconds as milliseconds; None for anything else."""
    if type(time) not in (int, float) or not 0 < time < 1e14:
        return None
    return int(time * 1000 if time < SECONDS_END else time)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
