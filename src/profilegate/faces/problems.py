"""Problem details (RFC 9457) for requests that no face owns: unknown paths and methods of the standalone service."""

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from profilegate.faces.refusals import headers, known

MEDIA_TYPE = "application/problem+json"


def on_error(request: Request[Any, Any, Any], exception: Exception) -> Response[bytes]:
    """The problem in the standard's shape; `Allow` and the like are kept from the framework's own errors."""
    if isinstance(exception, HTTPException) and exception.status_code < 500:
        return _problem(exception.status_code, exception.detail, dict(exception.headers or {}))
    error = known(request, exception)
    return _problem(error.status, str(error), headers(error))


def _problem(status: int, detail: str, extra: dict[str, str]) -> Response[bytes]:
    problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(
        msgspec.json.encode(problem),
        status_code=status,
        headers={"cache-control": "no-store", "x-content-type-options": "nosniff", **extra},
        media_type=MEDIA_TYPE,
    )
