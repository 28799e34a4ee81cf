"""The face that stands in for the provider's userinfo endpoint (OpenID Connect Core, section 5.3): what the provider
says, with the record's own values laid over it. It never makes a record."""

from collections.abc import Mapping
from typing import Any

from litestar import HttpMethod, Request, Response, route
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from profilegate import errors
from profilegate.auth.credentials import authorization
from profilegate.auth.issuers import Issuers
from profilegate.auth.middleware import GateMiddleware
from profilegate.auth.principal import Principal
from profilegate.auth.rules import own
from profilegate.faces.conditional import SHOWN
from profilegate.faces.cors import CORSMiddleware
from profilegate.faces.openapi import refusals
from profilegate.faces.provided import provided
from profilegate.faces.refusals import Refusal, worded
from profilegate.faces.routing import Router
from profilegate.profiles.record import Profile
from profilegate.profiles.service import ProfileService

CLAIMS = {"name": "name", "picture": "avatar", "preferred_username": "username"}


class OAuthError(Struct):
    """Every error of this face (RFC 6750, section 3.1)."""

    error: str
    error_description: str


Caller = Request[Principal, Any, Any]
Profiles = NamedDependency[SkipValidation[ProfileService]]
Known = NamedDependency[SkipValidation[Issuers]]


@route(
    "/",
    http_method=[HttpMethod.GET, HttpMethod.POST],
    status_code=200,
    responses=refusals(OAuthError, 400, 401, 403, 500, 503),
)
async def userinfo(request: Caller, profiles: Profiles, issuers: Known) -> Response[dict[str, Any]]:
    """The caller's claims: the provider's, but name, picture, preferred_username and updated_at from the record."""
    key = own(request.user, "read")
    told = await provider_says(request, issuers)
    profile = await profiles.recall(key)
    return Response(told if profile is None else overlaid(told, profile, profiles), headers=SHOWN)


async def provider_says(request: Caller, issuers: Issuers) -> dict[str, Any]:
    """What the caller's token tells at the provider. Raises InvalidToken, or ProviderUnavailable, which an answer
    about somebody else is, too (section 5.3.2)."""
    if request.user.confirmation is not None:
        raise errors.InvalidToken("only its holder can show a bound token to the provider")
    _, token = authorization(request.scope["headers"])
    claims = await issuers.named(request.user.issuer).userinfo.answer(token.decode("ascii"))
    if claims["sub"] != request.user.subject:
        raise errors.ProviderUnavailable("its userinfo is about another subject")
    return claims


def overlaid(told: Mapping[str, Any], profile: Profile, profiles: ProfileService) -> dict[str, Any]:
    """The provider's claims with the record's in their place; what somebody cleared there is not said."""
    ours = {claim: field for claim, field in CLAIMS.items() if _is_the_records(profile, field, profiles)}
    kept = {claim: value for claim, value in told.items() if claim not in ours}
    present = {claim: value for claim, field in ours.items() if (value := profile.value(field)) is not None}
    return {**kept, **present, "updated_at": profile.updated_at // 1000}


def _is_the_records(profile: Profile, field: str, profiles: ProfileService) -> bool:
    """Whether the record has a word on the field. One that nobody ever set there is the provider's to say."""
    if profiles.rules.editing_of(field) == "off":
        return False
    return profile.value(field) is not None or profile.sources.get(field, "generated") != "generated"


def router(
    profiles: ProfileService,
    issuers: Issuers,
    gate: GateMiddleware,
    cors: CORSMiddleware,
    resource_metadata: str | None = None,
) -> Router:
    """The whole face."""
    return Router(
        path="/oidc/userinfo",
        route_handlers=[userinfo],
        middleware=[cors, gate],
        dependencies={"profiles": provided(profiles), "issuers": provided(issuers)},
        exception_handlers={Exception: worded(on_error, resource_metadata)},
        security=[{"oidc": []}],
        tags=["Userinfo"],
    )


CODES = {400: "invalid_request", 401: "invalid_token", 403: "insufficient_scope", 503: "temporarily_unavailable"}


def on_error(refusal: Refusal) -> Response[OAuthError]:
    """The error in OAuth's words."""
    error = refusal.error
    told = OAuthError(CODES.get(error.status, "server_error"), str(error))
    return Response(told, status_code=error.status, headers=refusal.headers)
