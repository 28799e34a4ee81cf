"""The endpoints of the Logto face."""

from typing import Any

from litestar import HttpMethod, Request, Response, patch, route
from litestar.di import NamedDependency
from litestar.params import FromQuery, SkipValidation
from msgspec import UNSET

from profilegate.auth.middleware import GateMiddleware
from profilegate.auth.principal import Principal
from profilegate.auth.rules import actor, own, require
from profilegate.faces.bodies import json_or_nothing
from profilegate.faces.conditional import SHOWN, etag, seen_versions, shown
from profilegate.faces.cors import CORSMiddleware
from profilegate.faces.logto.bodies import NOT_EMPTY, ClaimsPatch, ProfilePatch, change_of, claims_of
from profilegate.faces.logto.capabilities import Capabilities, capabilities_of
from profilegate.faces.logto.rights import delete_profile, get_export
from profilegate.faces.logto.wire import (
    Availability,
    LogtoError,
    LogtoUser,
    OIDCProfile,
    mask,
    to_oidc_profile,
    to_wire,
)
from profilegate.faces.logto.wording import on_error
from profilegate.faces.openapi import body, refusals
from profilegate.faces.pace import Pace
from profilegate.faces.provided import provided
from profilegate.faces.refusals import worded
from profilegate.faces.routing import Router
from profilegate.profiles.record import ProfileChange
from profilegate.profiles.rights import Rights
from profilegate.profiles.rules import ProfileRules
from profilegate.profiles.service import ProfileService

FACE = "logto"

MERGE_PATCH = ("application/json", "application/merge-patch+json")

READING = (400, 401, 403, 404, 500, 503)
CHANGING = (*READING, 412, 413, 415, 422)

READ = [HttpMethod.GET, HttpMethod.HEAD]

Caller = Request[Principal, Any, Any]
Profiles = NamedDependency[SkipValidation[ProfileService]]
Paced = NamedDependency[SkipValidation[Pace]]


@route("/", http_method=READ, status_code=200, responses=refusals(LogtoError, 304, *READING))
async def get_profile(request: Caller, profiles: Profiles) -> Response[LogtoUser]:
    """The caller's own record, made on first access."""
    key = own(request.user, "read")
    profile = await profiles.get_or_create(key, actor(request.user, key, FACE), request.user.claimed)
    return shown(request, to_wire(profile, request.user, profiles.rules), etag(profile, FACE, mask(request.user)))


@patch("/", operation_class=body(ProfilePatch, MERGE_PATCH, NOT_EMPTY), responses=refusals(LogtoError, *CHANGING))
async def patch_profile(request: Caller, profiles: Profiles) -> Response[LogtoUser]:
    """Set name, avatar, username or custom data; only what is sent is changed. Answers the whole record."""
    key = own(request.user, "write")
    change = asked(request.user, await json_or_nothing(request, MERGE_PATCH), profiles.rules)
    who = actor(request.user, key, FACE)
    profile = await profiles.change(key, change, who, request.user.claimed, seen_versions(request))
    return shown(request, to_wire(profile, request.user, profiles.rules), etag(profile, FACE, mask(request.user)))


@patch(
    "/profile",
    operation_class=body(ClaimsPatch, MERGE_PATCH, required=False),
    responses=refusals(LogtoError, *CHANGING),
)
async def patch_claims(request: Caller, profiles: Profiles) -> Response[OIDCProfile]:
    """Set standard claims; the address is replaced as a whole, and null removes a claim. Answers all of them."""
    key = own(request.user, "write")
    change = claims_of(await json_or_nothing(request, MERGE_PATCH), profiles.rules)
    who = actor(request.user, key, FACE)
    profiles.rules.refuse_field("oidc_profile", who)
    if "oidc_profile.address" in change.given():
        require(request.user, "address")
    profile = await profiles.change(key, change, who, request.user.claimed, seen_versions(request))
    return shown(request, to_oidc_profile(profile, request.user), etag(profile, FACE, mask(request.user)))


@route("/username-availability", http_method=READ, status_code=200, responses=refusals(LogtoError, 429, *READING))
async def get_availability(
    request: Caller, profiles: Profiles, pace: Paced, username: FromQuery[str]
) -> Response[Availability]:
    """Whether the caller could take a username. It may be gone the next moment: only PATCH settles that."""
    key = own(request.user, "read")
    pace.step(key)
    problem = await profiles.username_problem(key, username)
    return Response(Availability(username, problem is None, problem or UNSET), headers=SHOWN)


@route(
    "/capabilities",
    http_method=READ,
    status_code=200,
    sync_to_thread=False,
    responses=refusals(LogtoError, *READING),
)
def get_capabilities(request: Caller, profiles: Profiles) -> Response[Capabilities]:
    """Which fields the caller may edit, why not, and within which limits."""
    own(request.user, "read")
    return Response(capabilities_of(request.user, profiles.rules), headers=SHOWN)


def asked(caller: Principal, body: Any, rules: ProfileRules) -> ProfileChange:
    """The change that a PATCH asks for. Raises as `change_of` does, and InsufficientScope."""
    change = change_of(body, rules)
    if change.custom_data is not UNSET:
        require(caller, "custom_data")
    return change


def router(
    service: ProfileService,
    rights: Rights,
    gate: GateMiddleware,
    cors: CORSMiddleware,
    pace: Pace,
    max_body: int,
    resource_metadata: str | None = None,
) -> Router:
    """The whole face, under /api/profile and under Logto's newer /api/my-account. `max_body` in bytes."""
    handlers = [get_profile, patch_profile, patch_claims, get_availability, get_capabilities]
    handlers += [get_export, delete_profile]
    mounted = [Router(path=path, route_handlers=handlers) for path in ("/profile", "/my-account")]
    return Router(
        path="/api",
        route_handlers=mounted,
        middleware=[cors, gate],
        dependencies={"profiles": provided(service), "rights": provided(rights), "pace": provided(pace)},
        exception_handlers={Exception: worded(on_error, resource_metadata)},
        request_max_body_size=max_body,
        security=[{"oidc": []}],
        tags=["Logto profile"],
    )
