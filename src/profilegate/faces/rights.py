"""What operators do about a user's data as a whole: give all of it out, or erase it."""

from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct, structs

from profilegate.auth.middleware import GateMiddleware
from profilegate.auth.principal import Principal
from profilegate.auth.rules import operated, operator
from profilegate.faces.answers import Answer
from profilegate.faces.apps.wire import AppError
from profilegate.faces.apps.wording import on_error
from profilegate.faces.bodies import json_body
from profilegate.faces.described import UserId
from profilegate.faces.exported import AS_A_FILE, KEPT_NOWHERE, to_erased, to_export
from profilegate.faces.logto.wire import Erased, ExportedUser
from profilegate.faces.openapi import body, refusals
from profilegate.faces.provided import provided
from profilegate.faces.refusals import worded
from profilegate.faces.routing import Router
from profilegate.profiles.rights import Rights
from profilegate.profiles.rules import ProfileRules
from profilegate.settings import PERMISSIONS

FACE = "operator"

ANSWERS = refusals(AppError, 400, 401, 403, 404, 413, 415, 422, 500, 503)

Caller = Request[Principal, Any, Any]
Entitled = NamedDependency[SkipValidation[Rights]]
Ruled = NamedDependency[SkipValidation[ProfileRules]]


class NamedUser(Struct, forbid_unknown_fields=True):
    """Whose data. In the body, because addresses end up in logs."""

    user_id: UserId


NAMED_USER = msgspec.json.Decoder(NamedUser)


@post("/operator/user/export", status_code=200, operation_class=body(NamedUser), responses=ANSWERS)
async def post_export(request: Caller, rights: Entitled, profile_rules: Ruled) -> Response[ExportedUser]:
    """Everything that is kept about a user of the operator's tenant."""
    key = operated(request.user, (await json_body(request, NAMED_USER)).user_id)
    everything = structs.replace(request.user, permissions=frozenset(PERMISSIONS))
    return Answer(to_export(await rights.export(key), everything, profile_rules), status_code=200, headers=AS_A_FILE)


@post("/operator/user/erase", status_code=200, operation_class=body(NamedUser), responses=ANSWERS)
async def post_erase(request: Caller, rights: Entitled) -> Response[Erased]:
    """Erase a user's record, username, documents and sessions, for good; asked again, the same receipt is answered.

    Only a newer event of the provider brings the user back.
    """
    key = operated(request.user, (await json_body(request, NAMED_USER)).user_id)
    left = await rights.erase(key, operator(request.user, FACE))
    return Answer(to_erased(left), status_code=200, headers=KEPT_NOWHERE)


def router(rights: Rights, rules: ProfileRules, gate: GateMiddleware, resource_metadata: str | None = None) -> Router:
    """These two, behind the gate."""
    return Router(
        path="/",
        route_handlers=[post_export, post_erase],
        dependencies={"rights": provided(rights), "profile_rules": provided(rules)},
        exception_handlers={Exception: worded(on_error, resource_metadata)},
        middleware=[gate],
        security=[{"oidc": []}],
        tags=["Data subject rights"],
    )
