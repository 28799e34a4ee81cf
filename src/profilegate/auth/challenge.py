"""The one writer of WWW-Authenticate (RFC 6750, section 3; RFC 9449, section 7.1; RFC 9728, section 5.1)."""

from profilegate.auth.credentials import Scheme
from profilegate.errors import (
    FieldNotEditable,
    InsufficientScope,
    InvalidProof,
    InvalidRequest,
    InvalidToken,
    MissingCredentials,
    ProfileGateError,
    Suspended,
    Unauthenticated,
)
from profilegate.settings import ALGORITHMS

ALGS = " ".join(sorted(ALGORITHMS))


def challenge(error: ProfileGateError, resource_metadata: str | None = None, scheme: Scheme = "Bearer") -> str | None:
    """The header's value for this error, or None where none is due.

    `resource_metadata` is the URL of the protected-resource metadata, `scheme` the one that was used. Without
    credentials there is no error code, because the caller has not done anything wrong yet, and both are offered.
    """
    parameters = _parameters(error)
    if parameters is None:
        return None
    if resource_metadata is not None:
        parameters["resource_metadata"] = resource_metadata
    if isinstance(error, MissingCredentials):
        return f"{_written('Bearer', parameters)}, {_written('DPoP', {'algs': ALGS})}"
    if scheme == "DPoP":
        return _written("DPoP", parameters | {"algs": ALGS})
    return _written("Bearer", parameters)


def _parameters(error: ProfileGateError) -> dict[str, str] | None:
    match error:
        case InvalidProof():
            return {"error": error.code, "error_description": str(error)}
        case InvalidToken():
            return {"error": "invalid_token", "error_description": str(error)}
        case Unauthenticated():
            return {}
        case InsufficientScope(scope=scope):
            return {"error": "insufficient_scope"} | ({"scope": scope} if scope else {})
        case InvalidRequest():
            return {"error": "invalid_request", "error_description": str(error)}
        case Suspended() | FieldNotEditable():
            return {}  # no other token would help, so none is asked for
        case ProfileGateError(status=403):
            return {"error": "insufficient_scope"}
    return None


def _written(scheme: Scheme, parameters: dict[str, str]) -> str:
    listed = ", ".join(f"{name}={_quoted(value)}" for name, value in parameters.items())
    return f"{scheme} {listed}" if listed else scheme


def _quoted(text: str) -> str:
    printable = "".join(each if " " <= each <= "~" else "?" for each in text)
    escaped = printable.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
