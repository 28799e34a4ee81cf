"""What people do about their own data as a whole: take all of it with them, or have it erased."""

from typing import Any

from litestar import HttpMethod, Request, Response, delete, route
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from profilegate.auth.principal import Principal
from profilegate.auth.rules import actor, own
from profilegate.faces.answers import Answer
from profilegate.faces.conditional import seen_versions
from profilegate.faces.exported import AS_A_FILE, KEPT_NOWHERE, to_erased, to_export
from profilegate.faces.logto.wire import Erased, ExportedUser, LogtoError
from profilegate.faces.openapi import refusals
from profilegate.profiles.rights import Rights
from profilegate.profiles.service import ProfileService

FACE = "logto"

Caller = Request[Principal, Any, Any]
Profiles = NamedDependency[SkipValidation[ProfileService]]
Entitled = NamedDependency[SkipValidation[Rights]]


@route(
    "/export",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    status_code=200,
    responses=refusals(LogtoError, 400, 401, 403, 404, 500, 503),
)
async def get_export(request: Caller, profiles: Profiles, rights: Entitled) -> Response[ExportedUser]:
    """Everything that is kept about the caller, as far as the token may see it; the record is made on first access."""
    key = own(request.user, "read")
    await profiles.get_or_create(key, actor(request.user, key, FACE), request.user.claimed)
    export = await rights.export(key)
    return Answer(to_export(export, request.user, profiles.rules), status_code=200, headers=AS_A_FILE)


@delete("/", status_code=200, responses=refusals(LogtoError, 400, 401, 403, 404, 412, 500, 503))
async def delete_profile(request: Caller, rights: Entitled) -> Response[Erased]:
    """Erase the caller's record, username, documents and sessions, at once and for good. Answers the receipt.

    Tokens from before are refused from now on; a newer one makes a new record.
    """
    key = own(request.user, "write")
    left = await rights.erase_own(key, actor(request.user, key, FACE), seen_versions(request))
    return Answer(to_erased(left), status_code=200, headers=KEPT_NOWHERE)
