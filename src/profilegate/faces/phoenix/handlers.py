"""The endpoints of the Phoenix face."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote

import msgspec
from litestar import HttpMethod, Request, Response, post, put, route
from litestar.di import NamedDependency
from litestar.params import PathParameter, SkipValidation
from msgspec import UNSET

from profilegate import errors
from profilegate.auth.middleware import GateMiddleware
from profilegate.auth.principal import Principal
from profilegate.auth.rules import actor, readable, writable
from profilegate.faces.answers import Answer
from profilegate.faces.bodies import json_body
from profilegate.faces.conditional import SHOWN, etag, seen_versions, shown
from profilegate.faces.cors import CORSMiddleware
from profilegate.faces.described import USER_ID_SCHEMA
from profilegate.faces.moments import moment
from profilegate.faces.openapi import body, refusals
from profilegate.faces.phoenix.wire import PhoenixBatch, PhoenixError, PhoenixProfile, PhoenixProfiles, PhoenixUpdate
from profilegate.faces.phoenix.wording import on_error
from profilegate.faces.provided import provided
from profilegate.faces.refusals import worded
from profilegate.faces.routing import Router
from profilegate.profiles.record import Profile, ProfileChange, ProfileKey
from profilegate.profiles.service import ProfileService

FACE = "phoenix"

USER_PATH = b"/v1/profiles/user/"
BATCH_PATH = b"/v1/profiles/batch"

UPDATE = msgspec.json.Decoder(PhoenixUpdate)
BATCH = msgspec.json.Decoder(PhoenixBatch)

NamedUser = Annotated[Path, PathParameter(schema_extra=USER_ID_SCHEMA)]

Caller = Request[Principal, Any, Any]
Profiles = NamedDependency[SkipValidation[ProfileService]]


@route(
    "/user/{user_id:path}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    status_code=200,
    responses=refusals(PhoenixError, 304, 400, 401, 403, 404, 422, 429, 500, 503),
)
async def get_profile(request: Caller, user_id: NamedUser, profiles: Profiles) -> Response[PhoenixProfile]:
    """Anybody's profile in the caller's tenant, made on first access."""
    key = readable(request.user, written_id(request, user_id))
    profile = await profiles.get_or_create(key, actor(request.user, key, FACE), request.user.claimed)
    return shown(request, to_wire(profile, profiles), etag(profile, FACE))


@put(
    "/user/{user_id:path}",
    operation_class=body(PhoenixUpdate),
    responses=refusals(PhoenixError, 400, 401, 403, 404, 412, 413, 415, 422, 429, 500, 503),
)
async def put_profile(request: Caller, user_id: NamedUser, profiles: Profiles) -> Response[PhoenixProfile]:
    """Set the name, regenerate the avatar, or both; the profile is made if it is not there."""
    key = writable(request.user, written_id(request, user_id))
    change = asked(await json_body(request, UPDATE), key, profiles)
    who = actor(request.user, key, FACE)
    profile = await profiles.change(key, change, who, request.user.claimed, seen_versions(request))
    return shown(request, to_wire(profile, profiles), etag(profile, FACE))


@post(
    "/batch",
    status_code=200,
    operation_class=body(PhoenixBatch),
    responses=refusals(PhoenixError, 400, 401, 403, 413, 415, 422, 500, 503),
)
async def post_batch(request: Caller, profiles: Profiles) -> Response[PhoenixProfiles]:
    """Many profiles by one query. An id without one gets what its first access would store; nothing is stored."""
    batch = await json_body(request, BATCH)
    keys = [_listed(request, n, user_id) for n, user_id in enumerate(batch.user_ids)]
    found = await profiles.read_many(keys, request.user.key)
    listed = [to_wire(each or profiles.preview(key), profiles) for key, each in zip(keys, found, strict=True)]
    return Answer(PhoenixProfiles(listed), headers=SHOWN)


def _listed(request: Caller, n: int, user_id: str) -> ProfileKey:
    try:
        return readable(request.user, user_id)
    except errors.InvalidField as error:
        raise errors.InvalidField(f"user_ids[{n}]", error.rule) from error


def written_id(request: Caller, user_id: Path) -> str:
    """The user id exactly as the client wrote it, percent-decoded once.

    The framework's own path parameter has lost what tells "a/b" from "a//b", and ids may hold slashes. One
    slash at the end that is not encoded is a habit of some clients and no part of the id.
    """
    raw = request.scope.get("raw_path", b"").partition(b"?")[0]
    _, found, rest = raw.removesuffix(b"/").partition(USER_PATH)
    return unquote(rest.decode("latin-1"), errors="surrogateescape") if found else str(user_id).removeprefix("/")


def asked(update: PhoenixUpdate, key: ProfileKey, profiles: ProfileService) -> ProfileChange:
    """The change that a PUT asks for."""
    return ProfileChange(
        name=UNSET if update.name is None else update.name,
        avatar=profiles.fresh_avatar(key) if update.regenerate_avatar else UNSET,
    )


def to_wire(profile: Profile, profiles: ProfileService) -> PhoenixProfile:
    """The record as this face shows it. Where another face cleared name or avatar, the generated one stands."""
    generated = profiles.preview(profile.key) if profile.name is None or profile.avatar is None else profile
    return PhoenixProfile(
        tenant_id=profile.tenant_id,
        user_id=profile.user_id,
        name=profile.name or generated.name or "",
        avatar_url=profile.avatar or generated.avatar or "",
        created_at=_time(profile.created_at),
        updated_at=_time(profile.updated_at),
    )


def _time(milliseconds: int) -> str | None:
    return moment(milliseconds) if milliseconds else None


def router(
    service: ProfileService,
    gate: GateMiddleware,
    cors: CORSMiddleware,
    max_body: int,
    resource_metadata: str | None = None,
) -> Router:
    """The whole face, to be mounted anywhere. `max_body` in bytes."""
    return Router(
        path="/v1/profiles",
        route_handlers=[get_profile, put_profile, post_batch],
        middleware=[cors, gate],
        dependencies={"profiles": provided(service)},
        exception_handlers={Exception: worded(on_error, resource_metadata)},
        request_max_body_size=max_body,
        security=[{"oidc": []}],
        tags=["Phoenix profiles"],
    )
