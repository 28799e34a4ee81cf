"""The errors of this face: Logto's codes and shapes, and our own codes where Logto has none."""

from collections.abc import Mapping
from typing import Any

from litestar import Response
from msgspec import UNSET, Struct, UnsetType

from profilegate import errors
from profilegate.faces.languages import Reader
from profilegate.faces.logto.bodies import InvalidBody, Issue, NotAnObject, NothingToChange
from profilegate.faces.logto.wire import LogtoError
from profilegate.faces.pace import TooFast
from profilegate.faces.refusals import Refusal


class Words(Struct, frozen=True):
    """How one error is worded: its code, its English message and, where this face has its own, its status."""

    code: str
    message: str
    status: int | None = None


# The message depends on the reader's language too.
VARY = "Authorization, Origin, Accept-Language"

UNAUTHORIZED = "Unauthorized. Please check credentials and its scope."
FORBIDDEN = "Forbidden. Please check your user roles and permissions."

# From the most special class to the most general: the first that fits words the error.
WORDS: Mapping[type[errors.ProfileGateError], Words] = {
    errors.UnsupportedScheme: Words(
        "auth.authorization_token_type_not_supported", "Authorization type is not supported."
    ),
    errors.MissingCredentials: Words("auth.authorization_header_missing", "Authorization header is missing."),
    errors.Unauthenticated: Words("auth.unauthorized", UNAUTHORIZED),
    errors.InvalidRequest: Words("auth.invalid_request", "The request carries more than one credential."),
    errors.Suspended: Words("user.suspended", "This account is suspended."),
    errors.FieldNotEditable: Words("account_center.field_not_editable", "Field is not editable.", 400),
    errors.Forbidden: Words("auth.forbidden", FORBIDDEN),
    errors.ProfileNotFound: Words("entity.not_found", "The resource does not exist."),
    InvalidBody: Words("guard.invalid_input", "The request body is invalid."),
    NothingToChange: Words("entity.invalid_input", "Invalid input. Value list must not be empty."),
    NotAnObject: Words("guard.invalid_json", "invalid JSON, only supports object and array"),
    errors.MalformedBody: Words("guard.invalid_json", "The request body is not valid JSON."),
    errors.UnsupportedBody: Words("guard.unsupported_media_type", "The request body must be JSON."),
    errors.BodyTooLarge: Words("guard.body_too_large", "The request body is too large."),
    errors.UsernameTaken: Words("user.username_already_in_use", "This username is already in use."),
    errors.PreconditionFailed: Words("entity.precondition_failed", "The profile has changed in the meantime."),
    errors.TooManyCreations: Words("request.rate_limited", "Too many requests. Please try again later."),
    TooFast: Words("request.rate_limited", "Too many requests. Please try again later."),
    errors.Unavailable: Words("service.unavailable", "The service is temporarily unavailable."),
    errors.InvalidField: Words("guard.invalid_input", "The request body is invalid."),
    errors.BadInput: Words("guard.invalid_input", "The request body is invalid."),
    errors.ProfileGateError: Words("service.internal_error", "Internal server error."),
}

TOO_LONG = Words("entity.value_too_long", "The length of value is too long and exceeds the limit.")

# What a value that is well formed may still break, by the rule's reason.
REASONS: Mapping[str, Words] = {
    "too_long": TOO_LONG,
    "too_short": Words("user.username_too_short", "Username is too short."),
    "over_policy": Words("user.username_too_long", "Username is too long."),
    "lowercase_not_allowed": Words("user.username_lowercase_not_allowed", "Username cannot have lowercase letters."),
    "uppercase_not_allowed": Words("user.username_uppercase_not_allowed", "Username cannot have uppercase letters."),
    "numbers_not_allowed": Words("user.username_numbers_not_allowed", "Username cannot have numbers."),
    "underscore_not_allowed": Words("user.username_underscore_not_allowed", "Username cannot have underscores."),
    "reserved": Words("user.username_reserved", "This username is reserved."),
}


def on_error(refusal: Refusal) -> Response[LogtoError]:
    """The error in this face's words, in the reader's language."""
    error, reader = refusal.error, Reader(refusal.request)
    words = _words(error)
    body = LogtoError(reader.said(words.message), words.code, _data(error), _details(error))
    headers = {**refusal.headers, "content-language": reader.language, "vary": VARY}
    if words.status is not None:
        headers.pop("www-authenticate", None)  # the challenge was for the status that this face does not give
    return Response(body, status_code=words.status or error.status, headers=headers)


def _words(error: errors.ProfileGateError) -> Words:
    if isinstance(error, errors.InvalidField) and error.reason in REASONS:
        return REASONS[error.reason]
    return next(words for kind, words in WORDS.items() if isinstance(error, kind))


def _data(error: errors.ProfileGateError) -> dict[str, Any] | UnsetType:
    match error:
        case errors.UnsupportedScheme():
            return {"supportedTypes": ["Bearer"]}
        case InvalidBody(issues=issues):
            return {"issues": issues, "name": "ZodError"}
        case errors.InvalidField(field=field, rule=rule):
            return {"message": f"{field} {rule}"}
    return UNSET


def _details(error: errors.ProfileGateError) -> str | UnsetType:
    if not isinstance(error, InvalidBody):
        return UNSET
    return "\n".join(map(_detail, error.issues))


def _detail(issue: Issue) -> str:
    text = issue["message"]
    if issue["code"] == "invalid_type":
        text = f"Expected {issue['expected']} but received {issue['received']}."
    return f'Error in key path "{".".join(issue["path"])}": ({issue["code"]}) {text}'
