"""Where the identity providers deliver: POST /webhooks/{source}, and Okta's one GET.

The answer comes after the delivery is stored and before it is applied. Errors are problem details (RFC 9457), but for
Security Event Tokens, whose own standard has a shape for them (RFC 8935).
"""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, SkipValidation

from profilegate.errors import BodyTooLarge, InvalidSignature, ProfileGateError
from profilegate.faces.problems import problem
from profilegate.faces.provided import provided
from profilegate.faces.refusals import headers, known
from profilegate.faces.routing import Router
from profilegate.sync.reception import Reception
from profilegate.sync.signatures.given import headers_of
from profilegate.sync.sources import Source, Sources, challenge_of
from profilegate.sync.verifiers import kind_of

SHOWN = {"cache-control": "no-store", "x-content-type-options": "nosniff"}

Anybody = Request[Any, Any, Any]
NamedSource = Annotated[str, PathParameter()]
KnownSources = NamedDependency[SkipValidation[Sources]]
Receptions = NamedDependency[SkipValidation[Reception]]


@post("/webhooks/{source:str}", status_code=202, include_in_schema=False)
async def post_webhook(
    request: Anybody, source: NamedSource, sources: KnownSources, reception: Receptions
) -> Response[bytes]:
    """Take a delivery: 202 when it is stored, 200 when it is nothing for us, or was done with at once."""
    from_whom = sources.named(source)
    body = await _body(request, from_whom.settings.max_body)
    outcome = await reception.take(from_whom, headers_of(request.scope["headers"]), body)
    # OpenID Connect Back-Channel Logout 1.0, section 2.8, knows 200 and 204 only.
    accepted = outcome != "ignored" and not _is(from_whom, "logout_token")
    return Response(b"", status_code=202 if accepted else 200, headers=SHOWN, media_type="text/plain")


@get("/webhooks/{source:str}", status_code=200, include_in_schema=False)
async def get_webhook(request: Anybody, source: NamedSource, sources: KnownSources) -> Response[dict[str, str]]:
    """Prove to Okta that the address is ours, by repeating what it asks for."""
    challenge = challenge_of(sources.named(source), headers_of(request.scope["headers"]))
    return Response({"verification": challenge}, headers=SHOWN)


async def _body(request: Anybody, limit: int) -> bytes:
    """The body as it came, byte for byte. Raises BodyTooLarge as soon as it is."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise BodyTooLarge
    return bytes(body)


def router(sources: Sources, reception: Reception) -> Router:
    """The face, for whoever knows a source's secret; no token opens it."""

    def on_error(request: Anybody, exception: Exception) -> Response[bytes]:
        error = known(request, exception)
        name = request.path_params.get("source")
        source = next((each for each in sources.all() if each.name == name), None)
        if source is not None and _is(source, "security_event") and error.status in (400, 401):
            return _security_event_problem(error)
        extra = headers(error)
        if isinstance(error, InvalidSignature):
            extra["www-authenticate"] = "Signature"
        # A signature is not an access token, so the standard of logout tokens has 400 where others have 401.
        status = 400 if source is not None and _is(source, "logout_token") and error.status == 401 else error.status
        return problem(status, str(error), extra)

    return Router(
        path="/",
        route_handlers=[post_webhook, get_webhook],
        dependencies={"sources": provided(sources), "reception": provided(reception)},
        exception_handlers={Exception: on_error},
        request_max_body_size=None,  # each source has its own limit
    )


def _is(source: Source, signature: str) -> bool:
    return kind_of(source.settings, source.provider) == signature


def _security_event_problem(error: ProfileGateError) -> Response[bytes]:
    """RFC 8935, section 2.4."""
    err = "authentication_failed" if isinstance(error, InvalidSignature) else "invalid_request"
    told = {"err": err, "description": str(error)}
    return Response(msgspec.json.encode(told), status_code=400, headers=SHOWN, media_type="application/json")
