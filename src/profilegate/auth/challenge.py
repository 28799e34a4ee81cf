"""The one writer of WWW-Authenticate (RFC 6750, section 3; RFC 9728, section 5.1)."""

from profilegate.errors import (
    FieldNotEditable,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    ProfileGateError,
    Suspended,
    Unauthenticated,
)


def challenge(error: ProfileGateError, resource_metadata: str | None = None) -> str | None:
    """The header's value for this error, or None where none is due.

    `resource_metadata` is the URL of the protected-resource metadata. Without credentials there is no
    error code: the caller has not done anything wrong yet.
    """
    parameters = _parameters(error)
    if parameters is None:
        return None
    if resource_metadata is not None:
        parameters["resource_metadata"] = resource_metadata
    listed = ", ".join(f"{name}={_quoted(value)}" for name, value in parameters.items())
    return f"Bearer {listed}" if listed else "Bearer"


def _parameters(error: ProfileGateError) -> dict[str, str] | None:
    match error:
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


def _quoted(text: str) -> str:
    printable = "".join(each if " " <= each <= "~" else "?" for each in text)
    escaped = printable.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
