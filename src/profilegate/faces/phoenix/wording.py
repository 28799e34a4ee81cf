"""The errors of this face: `{"error", "code"}`."""

from collections.abc import Mapping

from litestar import Response

from profilegate import errors
from profilegate.faces.phoenix.wire import PhoenixError
from profilegate.faces.refusals import Refusal

# From the most special class to the most general: the first that fits words the error.
CODES: Mapping[type[errors.ProfileGateError], str] = {
    errors.ExpiredToken: "AUTH_004",
    errors.InvalidToken: "AUTH_001",
    errors.InvalidRequest: "BAD_REQUEST",
    errors.Unauthenticated: "AUTH_002",
    errors.Suspended: "AUTH_005",
    errors.Forbidden: "AUTH_003",
    errors.ProfileNotFound: "NOT_FOUND",
    errors.UnsupportedBody: "UNSUPPORTED_MEDIA_TYPE",
    errors.BodyTooLarge: "TOO_LARGE",
    errors.InvalidField: "VALIDATION_001",
    errors.BadInput: "BAD_REQUEST",
    errors.UsernameTaken: "VALIDATION_001",
    errors.PreconditionFailed: "PRECONDITION_FAILED",
    errors.TooManyCreations: "RATE_LIMITED",
    errors.Unavailable: "UNAVAILABLE",
    errors.ProfileGateError: "INTERNAL",
}


def on_error(refusal: Refusal) -> Response[PhoenixError]:
    """The error in this face's words."""
    error = refusal.error
    code = next(code for kind, code in CODES.items() if isinstance(error, kind))
    return Response(PhoenixError(str(error), code), status_code=error.status, headers=refusal.headers)
