"""One application or document at a time: for users, for operators, and the list that anybody may see."""

from typing import Annotated, Any
from urllib.parse import unquote

import msgspec
from litestar import HttpMethod, Request, Response, delete, get, patch, post, put, route
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import PathParameter, SkipValidation
from msgspec import UNSET

from profilegate import errors
from profilegate.auth.principal import Principal
from profilegate.auth.rules import actor, operated, operated_tenant, own
from profilegate.faces.apps import wire
from profilegate.faces.bodies import JSON, json_body, json_text
from profilegate.faces.conditional import SHOWN, etag, if_any, only_new, seen_versions, shown
from profilegate.faces.described import USER_ID_SCHEMA
from profilegate.faces.openapi import body, refusals
from profilegate.profiles.app_service import AppService
from profilegate.profiles.applications import LARGEST_ID, AppDocument, Application

FACE = "apps"

USERS_PATH = b"/operator/users/profile/"

LONGEST_NUMBER = 10
"""Digits of an application's id."""
MERGE_PATCH = frozenset({"application/merge-patch+json", "application/json"})
ANY_JSON: dict[str, Any] = {"description": "Any JSON."}

REGISTRATION = msgspec.json.Decoder(wire.AppRegistration)

CREATED = ResponseSpec(wire.AppProfile, description="Stored as a new document", generate_examples=False)

READING = (304, 400, 401, 403, 404, 500, 503)
WRITING = (400, 401, 403, 404, 412, 413, 415, 422, 500, 503)

Caller = Request[Principal, Any, Any]
NamedUser = Annotated[str, PathParameter(schema_extra=USER_ID_SCHEMA)]
APP_ID_SCHEMA: dict[str, Any] = {
    "type": "integer",
    "format": None,
    "minimum": 0,
    "maximum": LARGEST_ID,
    "examples": [0],
}
NamedApp = Annotated[str, PathParameter(schema_extra=APP_ID_SCHEMA)]
Stranger = Request[Principal | None, Any, Any]
Apps = NamedDependency[SkipValidation[AppService]]


@get("/app/all", status_code=200, responses=refusals(wire.AppError, 400, 401, 403, 500, 503))
async def get_apps(
    request: Stranger, apps: Apps, public_tenant: NamedDependency[SkipValidation[str | None]]
) -> Response[list[wire.App]]:
    """The applications of the caller's tenant; of the public tenant for callers without a token."""
    tenant_id = public_tenant if request.user is None else request.user.tenant_id
    if tenant_id is None:
        raise errors.MissingCredentials
    listed = await apps.applications.all(tenant_id)
    return Response([wire.to_app(each) for each in listed], headers=SHOWN)


@post(
    "/operator/app/register",
    operation_class=body(wire.AppRegistration),
    responses=refusals(wire.AppError, 400, 401, 403, 413, 415, 422, 500, 503),
)
async def post_app(request: Caller, apps: Apps) -> Response[wire.RegisteredApp]:
    """Register an application, or change one. A new schema is held against the documents that are there."""
    tenant_id = operated_tenant(request.user)
    given = await json_body(request, REGISTRATION)
    application = Application(
        tenant_id=tenant_id,
        app_id=0 if given.app_id is UNSET else given.app_id,
        name=given.app,
        description=given.description,
        domains=tuple(given.domains),
        schema=wire.written_schema(await request.body()),
    )
    registered = await (apps.add(application) if given.app_id is UNSET else apps.register(application))
    return Response(wire.to_registered(registered), status_code=201, headers=SHOWN)


@route(
    "/operator/users/profile/{userid:str}/{appid:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    status_code=200,
    responses=refusals(wire.AppError, *READING, 422),
)
async def get_users_profile(
    request: Caller, userid: NamedUser, appid: NamedApp, apps: Apps
) -> Response[wire.AppProfile]:
    """Anybody's document, for an operator of the same tenant."""
    document = await apps.get(operated(request.user, userid), app_id(appid))
    return shown(request, wire.to_profile(document), tag(document))


@route(
    "/operator/users/profile/{rest:path}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    status_code=200,
    include_in_schema=False,
)
async def get_slashed_users_profile(request: Caller, apps: Apps) -> Response[wire.AppProfile]:
    """The same for user ids that hold slashes, which the framework would take for steps of the path."""
    operated_tenant(request.user)
    userid, appid = named_in(request.scope.get("raw_path", b""))
    document = await apps.get(operated(request.user, userid), appid)
    return shown(request, wire.to_profile(document), tag(document))


def named_in(raw_path: bytes) -> tuple[str, int]:
    """User and application as the client wrote them, percent-decoded once. Raises DocumentNotFound."""
    rest = raw_path.partition(b"?")[0].partition(USERS_PATH)[2]
    userid, _, appid = rest.rpartition(b"/")
    if not userid:
        raise errors.DocumentNotFound
    return unquote(userid.decode("latin-1"), errors="surrogateescape"), app_id(appid.decode("latin-1"))


@route(
    "/user/profiles/{appid:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    status_code=200,
    responses=refusals(wire.AppError, *READING),
)
async def get_profiles(request: Caller, appid: NamedApp, apps: Apps) -> Response[wire.AppProfiles]:
    """The caller's own document of an application, as a list of one; an empty list when there is none."""
    document = await apps.find(own(request.user, "read"), app_id(appid))
    if document is None:
        return Response(wire.AppProfiles([]), headers=SHOWN)
    return shown(request, wire.AppProfiles([wire.to_profile(document)]), tag(document))


@post(
    "/user/profiles/create",
    operation_class=body(wire.NewAppProfile),
    responses=refusals(wire.AppError, *WRITING, 409),
)
async def post_profile(request: Caller, apps: Apps) -> Response[wire.AppProfile]:
    """Store a document about oneself. There is one for each application at most."""
    key = own(request.user, "write")
    given = wire.new_document(await json_text(request))
    who = actor(request.user, key, FACE)
    document = await apps.create(key, given.app_id, given.data, who, request.user.claimed)
    return written(document, 201)


@put(
    "/user/profiles/{appid:str}",
    operation_class=body(Any, rule=ANY_JSON),
    responses={201: CREATED, **refusals(wire.AppError, *WRITING)},
)
async def put_profile(request: Caller, appid: NamedApp, apps: Apps) -> Response[wire.AppProfile]:
    """Store the body as the caller's document, in the place of one that is there."""
    key = own(request.user, "write")
    text, who, app = await json_text(request, JSON), actor(request.user, key, FACE), app_id(appid)
    await refuse_unknown(apps, key.tenant_id, app)
    if only_new(request):
        if "if-match" in request.headers:
            raise errors.PreconditionFailed  # there cannot be one and none
        try:
            return written(await apps.create(key, app, text, who, request.user.claimed), 201)
        except errors.DocumentExists:
            raise errors.PreconditionFailed from None
    seen, must_exist = seen_versions(request), if_any(request)
    document, is_new = await apps.put(key, app, text, who, request.user.claimed, seen, must_exist)
    return written(document, 201 if is_new else 200)


@patch(
    "/user/profiles/{appid:str}",
    operation_class=body(Any, types=sorted(MERGE_PATCH), rule=ANY_JSON),
    responses=refusals(wire.AppError, *WRITING),
)
async def patch_profile(request: Caller, appid: NamedApp, apps: Apps) -> Response[wire.AppProfile]:
    """Merge the body into the caller's document (RFC 7396): null removes a member."""
    key = own(request.user, "write")
    text, who = await json_text(request, MERGE_PATCH), actor(request.user, key, FACE)
    return written(await apps.patch(key, app_id(appid), text, who, seen_versions(request)), 200)


@delete(
    "/user/profiles/{appid:str}",
    status_code=204,
    responses=refusals(wire.AppError, 400, 401, 403, 404, 412, 500, 503),
)
async def delete_profile(request: Caller, appid: NamedApp, apps: Apps) -> None:
    """Delete the caller's document."""
    key = own(request.user, "write")
    await apps.delete(key, app_id(appid), actor(request.user, key, FACE), seen_versions(request))


def app_id(written: str) -> int:
    """The application that a path names. Raises DocumentNotFound for what can be none."""
    if not written.isascii() or not written.isdecimal() or len(written) > LONGEST_NUMBER or int(written) > LARGEST_ID:
        raise errors.DocumentNotFound
    return int(written)


async def refuse_unknown(apps: AppService, tenant_id: str, app_id: int) -> None:
    """An application that only the path names, and that is not there, is not found."""
    if await apps.applications.get(tenant_id, app_id) is None:
        raise errors.ApplicationNotFound


def written(document: AppDocument, status: int) -> Response[wire.AppProfile]:
    return Response(wire.to_profile(document), status_code=status, headers={**SHOWN, "etag": tag(document)})


def tag(document: AppDocument) -> str:
    return etag(document, f"{FACE}-{document.app_id}")
