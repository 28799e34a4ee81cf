"""How the tests of the Logto face ask, and what holds for each of its refusals."""

import httpx
from tests.faces.running import Service, issuer

HERE = "/api/profile"
NEWER = "/api/my-account"
CLAIMS = f"{HERE}/profile"
AVAILABILITY = f"{HERE}/username-availability"
CAPABILITIES = f"{HERE}/capabilities"

METADATA = 'resource_metadata="https://profiles.example/.well-known/oauth-protected-resource"'

SCOPED = issuer(
    scopes={
        "openid": ("read",),
        "profile": ("write",),
        "email": ("email",),
        "phone": ("phone",),
        "custom_data": ("custom_data",),
        "identities": ("identities",),
        "address": ("address",),
    }
)
"""Logto's scopes and what they permit."""

EVERY_SCOPE = "openid profile email phone custom_data identities address"

KEYS = [
    "id",
    "username",
    "primaryEmail",
    "primaryPhone",
    "name",
    "avatar",
    "customData",
    "identities",
    "lastSignInAt",
    "createdAt",
    "updatedAt",
    "profile",
    "applicationId",
    "isSuspended",
    "hasPassword",
    "ssoIdentities",
]
"""The record's keys in Logto's order."""

BEHIND_SCOPES = {
    "primaryEmail": "email",
    "primaryPhone": "phone",
    "customData": "custom_data",
    "identities": "identities",
    "ssoIdentities": "identities",
}
"""The keys that take a scope of their own to see."""


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code, after the checks that hold for every refusal of this face."""
    body = answer.json()
    assert list(body) == [each for each in ("message", "code", "data", "details") if each in body]
    assert body["message"]
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["vary"] == "Authorization, Origin, Accept-Language"
    challenged = answer.status_code in (401, 403) or body["code"] == "auth.invalid_request"
    assert ("www-authenticate" in answer.headers) == challenged
    assert "etag" not in answer.headers
    return answer.status_code, body["code"]


async def named(service: Service, *user_ids: str) -> None:
    """People whose usernames are their ids."""
    for user_id in user_ids:
        answer = await service.client(user_id).patch(HERE, json={"username": user_id})
        assert answer.status_code == 200, answer.text
