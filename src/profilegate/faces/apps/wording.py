"""The errors of this face: `{"error", "code", "details"?}`."""

from collections.abc import Mapping
from typing import Any

from litestar import Response
from msgspec import UNSET, UnsetType

from profilegate import errors
from profilegate.faces.apps.wire import AppError
from profilegate.faces.refusals import Refusal

# From the most special class to the most general: the first that fits words the error.
CODES: Mapping[type[errors.ProfileGateError], str] = {
    errors.InvalidRequest: "invalid_request",
    errors.InvalidToken: "invalid_token",
    errors.Unauthenticated: "unauthenticated",
    errors.Suspended: "suspended",
    errors.Forbidden: "forbidden",
    errors.ApplicationNotFound: "app_not_found",
    errors.DocumentNotFound: "document_not_found",
    errors.ProfileNotFound: "not_found",
    errors.DocumentExists: "document_exists",
    errors.BulkRefused: "bulk_refused",
    errors.UnsupportedBody: "unsupported_media_type",
    errors.BodyTooLarge: "too_large",
    errors.InvalidField: "invalid_field",
    errors.BadInput: "malformed_body",
    errors.PreconditionFailed: "precondition_failed",
    errors.TooManyCreations: "rate_limited",
    errors.Unavailable: "unavailable",
    errors.ProfileGateError: "internal",
}


def on_error(refusal: Refusal) -> Response[AppError]:
    """The error in this face's words."""
    error = refusal.error
    code = next(code for kind, code in CODES.items() if isinstance(error, kind))
    return Response(AppError(str(error), code, _details(error)), status_code=error.status, headers=refusal.headers)


def _details(error: errors.ProfileGateError) -> dict[str, Any] | UnsetType:
    match error:
        case errors.BulkRefused(refused=refused, total=total):
            return {"total": total, "items": refused}
        case errors.InvalidField(field=field, rule=rule):
            return {"field": field, "rule": rule}
    return UNSET
