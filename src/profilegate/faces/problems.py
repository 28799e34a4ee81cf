"""Problem details (RFC 9457) for requests that no face owns: unknown paths and methods of the standalone service."""

from collections.abc import Collection
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from profilegate.faces.cors import granted
from profilegate.faces.refusals import Handler, headers, known

MEDIA_TYPE = "application/problem+json"


# The paths of the faces that pages call: a page is to read there too that a method or a path is wrong.
CALLED_BY_PAGES = ("/api/", "/v1/profiles/")


def worded(origins: Collection[str]) -> Handler:
    """A Litestar exception handler for the whole application; pages of these origins may read what it says."""

    def on_error(request: Request[Any, Any, Any], exception: Exception) -> Response[bytes]:
        answer = _answer(request, exception)
        if request.scope["path"].startswith(CALLED_BY_PAGES):
            answer.headers.update({"vary": "Origin", **granted(request.scope, origins)})
        return answer

    return on_error


def _answer(request: Request[Any, Any, Any], exception: Exception) -> Response[bytes]:
    """`Allow` and the like are kept from the framework's own errors."""
    if isinstance(exception, HTTPException) and exception.status_code < 500:
        return problem(exception.status_code, exception.detail, dict(exception.headers or {}))
    error = known(request, exception)
    return problem(error.status, str(error), headers(error))


def told(status: int, detail: str) -> bytes:
    """The body of an error in this shape."""
    return msgspec.json.encode(
        {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    )


def problem(status: int, detail: str, extra: dict[str, str]) -> Response[bytes]:
    """An error in this shape."""
    return Response(
        told(status, detail),
        status_code=status,
        headers={"cache-control": "no-store", "x-content-type-options": "nosniff", **extra},
        media_type=MEDIA_TYPE,
    )
