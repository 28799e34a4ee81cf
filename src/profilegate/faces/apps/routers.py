"""How the face is mounted: pages may call what is the user's own, and nothing that is for operators."""

from typing import Any

from profilegate.auth.middleware import GateMiddleware
from profilegate.faces.apps import bulk, handlers
from profilegate.faces.apps.wording import on_error
from profilegate.faces.cors import CORSMiddleware
from profilegate.faces.draining import DrainingMiddleware
from profilegate.faces.provided import provided
from profilegate.faces.refusals import worded
from profilegate.faces.routing import Router
from profilegate.profiles.app_service import AppService
from profilegate.profiles.bulk_service import BulkService
from profilegate.settings import AppsSettings

USERS = [handlers.get_profiles, handlers.post_profile, handlers.put_profile, handlers.patch_profile,
         handlers.delete_profile]  # fmt: skip
OPERATORS = [handlers.post_app, handlers.get_users_profile, handlers.get_slashed_users_profile]

# What JSON may have besides the document's own bytes: white space, escapes, and the members round it.
ROOM = 8


def routers(
    apps: AppService,
    bulks: BulkService,
    gate: GateMiddleware,
    optional_gate: GateMiddleware,
    cors: CORSMiddleware,
    settings: AppsSettings,
    public_tenant: str | None,
    resource_metadata: str | None = None,
) -> list[Router]:
    """The whole face, to be mounted anywhere. `optional_gate` lets callers without a token in as well."""
    usual: dict[str, Any] = {
        "path": "/",
        "dependencies": {"apps": provided(apps), "bulks": provided(bulks), "public_tenant": provided(public_tenant)},
        "exception_handlers": {Exception: worded(on_error, resource_metadata)},
        "request_max_body_size": ROOM * settings.max_document,
        "security": [{"oidc": []}],
        "tags": ["App profiles"],
    }
    return [
        Router(**usual | {"route_handlers": USERS, "middleware": [cors, gate]}),
        Router(**usual | {"route_handlers": OPERATORS, "middleware": [gate]}),
        Router(
            **usual
            | {
                "route_handlers": [bulk.post_bulk],
                "middleware": [DrainingMiddleware(settings.bulk_max_body), gate],
                "request_max_body_size": settings.bulk_max_body,
            }
        ),
        Router(
            **usual
            | {
                "route_handlers": [handlers.get_apps],
                "middleware": [cors, optional_gate],
                "security": [{"oidc": []}, {}],
            }
        ),
    ]
