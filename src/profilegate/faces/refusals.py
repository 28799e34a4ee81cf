"""From whatever was raised to one known error and its headers. The words are each face's own."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import Struct

from profilegate.auth.challenge import challenge
from profilegate.auth.credentials import SCHEMES, Header, Scheme, values
from profilegate.errors import (
    BadInput,
    BodyTooLarge,
    Forbidden,
    InvalidToken,
    NonceRequired,
    ProfileGateError,
    SignInFailed,
    Unavailable,
)
from profilegate.faces.cors import due

log = logging.getLogger("profilegate.faces")

# Characters of a reason in the log. Part of it may be a provider's or a client's own text.
LONGEST_REASON = 200

REFUSED = {"cache-control": "no-store", "vary": "Authorization, Origin", "x-content-type-options": "nosniff"}


class Refusal(Struct, frozen=True):
    """An error that is to be answered, with the headers that it has on every face."""

    error: ProfileGateError
    headers: dict[str, str]
    request: Request[Any, Any, Any]


Wording = Callable[[Refusal], Response[Any]]
Handler = Callable[[Request[Any, Any, Any], Exception], Response[Any]]


def worded(wording: Wording, resource_metadata: str | None) -> Handler:
    """A Litestar exception handler that has a face word every error; `resource_metadata` goes into challenges."""

    def on_error(request: Request[Any, Any, Any], exception: Exception) -> Response[Any]:
        error = known(request, exception)
        return wording(
            Refusal(
                error,
                {**headers(error, resource_metadata, used_scheme(request.scope["headers"])), **due(request)},
                request,
            )
        )

    return on_error


def known(request: Request[Any, Any, Any], exception: Exception) -> ProfileGateError:
    """The error to answer. What nobody expected is logged with its trace, and answered without any detail."""
    match exception:
        case ProfileGateError():
            noted(f"{request.method} {request.scope.get('path_template')}", exception)
            return exception
        case HTTPException(status_code=413):
            return BodyTooLarge()
        case HTTPException(status_code=status) if 400 <= status < 500:
            return BadInput()
    log.error("%s %s failed", request.method, request.scope.get("path_template"), exc_info=exception)
    return ProfileGateError()


def headers(error: ProfileGateError, resource_metadata: str | None = None, scheme: Scheme = "Bearer") -> dict[str, str]:
    """What goes with this error on every face: the challenge, when to come again, and that nothing is kept."""
    found = dict(REFUSED)
    if (value := challenge(error, resource_metadata, scheme)) is not None:
        found["www-authenticate"] = value
    if isinstance(error, NonceRequired):
        found["dpop-nonce"] = error.nonce
    if (seconds := getattr(error, "retry_after", None)) is not None:
        found["retry-after"] = str(seconds)
    return found


def used_scheme(headers: Iterable[Header]) -> Scheme:
    """In which scheme the caller is to be answered: the one that it used."""
    given = values(headers, b"authorization") or [b""]
    return SCHEMES.get(given[0].strip().partition(b" ")[0].lower(), "Bearer")


def noted(place: str, error: ProfileGateError) -> None:
    """Log what the answer does not tell, at this place. Never a token, never a value from the body."""
    if isinstance(error, (InvalidToken, SignInFailed, Unavailable)):
        level = logging.WARNING if error.status >= 500 else logging.INFO
        cause = error.reason[:LONGEST_REASON] or _first_line(error.__cause__)
        log.log(level, "%s: %s (%s)", place, error, cause)
    elif isinstance(error, Forbidden):
        log.info("%s: %s (%s)", place, error, error.code)


def _first_line(cause: BaseException | None) -> str:
    """What a driver says went wrong. Its further lines tell the values that it went wrong with."""
    return "" if cause is None else f"{type(cause).__name__}: {str(cause).partition(chr(10))[0][:LONGEST_REASON]}"
