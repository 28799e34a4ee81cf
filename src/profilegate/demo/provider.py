"""The development identity provider: its routes, and the one function that puts it together.

    GET       /.well-known/openid-configuration     what is here (OIDC Discovery)
    GET       /jwks                                 the public signing key
    GET POST  /authorize                            choose a person, get a code
    POST      /token                                code, refresh token or client secret -> access token
    POST      /introspect                           a service asks about an access token
    GET POST  /userinfo                             the person behind an access token
    GET POST  /end_session                          back to where the client wants to be after signing out

Authlib decides what is refused and how that is worded; the routes read requests and show pages.
"""

import time
from collections.abc import Sequence
from typing import Any

from authlib.oauth2 import OAuth2Error
from litestar import HttpMethod, Litestar, Request, Response, get, post, route
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from profilegate.demo import endpoints, loopback, page, parameters
from profilegate.demo.discovery import metadata
from profilegate.demo.parameters import ProviderRequest
from profilegate.demo.people import BY_USERNAME
from profilegate.demo.server import DemoServer
from profilegate.demo.tokens import Clock

Incoming = Request[Any, Any, Any]

_EITHER = [HttpMethod.GET, HttpMethod.POST]

_BODY_LIMIT = 64 * 1024
"""Bytes. A token is the longest thing that anybody sends, about one thousand."""


def create_provider(
    issuer: str, audience: str, *, now: Clock = time.time, redirect_uris: Sequence[str] = ()
) -> Litestar:
    """The provider as an ASGI application, to be served at `issuer` and nowhere else.

    Access tokens are for `audience`; `now` gives seconds since 1970; `redirect_uris` are registered for demo-spa
    beside `/callback` and `/` on loopback. Raises ValueError unless the issuer is an http origin on a loopback host.
    """
    server = DemoServer(loopback.checked_issuer(issuer), audience, now, redirect_uris)
    return Litestar(
        [configuration, jwks, authorize, token, introspect, userinfo, end_session],
        state=State({"server": server}),
        # On every route: pages served from this machine may read all of it, and no cookie makes it worth stealing.
        cors_config=CORSConfig(allow_origins=[], allow_origin_regex=loopback.ORIGIN),
        before_request=_require_loopback_host,
        exception_handlers={OAuth2Error: _refuse},
        request_max_body_size=_BODY_LIMIT,
        openapi_config=None,
        logging_config=None,
    )


def _refuse_on_page(request: Incoming, error: OAuth2Error) -> Response[Any]:
    """Sends the browser back to the client with the error where that is safe, else says it on a page."""
    if error.redirect_uri:
        return _refuse(request, error)
    return page.message(error.status_code, "This does not work", f"{error.error}: {error.get_error_description()}")


@get("/.well-known/openid-configuration")
async def configuration(request: Incoming) -> dict[str, Any]:
    return metadata(_server(request).issuer)


@get("/jwks")
async def jwks(request: Incoming) -> Response[Any]:
    return Response(_server(request).keys.as_dict(private=False), media_type="application/jwk-set+json")


@route("/authorize", http_method=_EITHER, status_code=200, exception_handlers={OAuth2Error: _refuse_on_page})
async def authorize(request: Incoming) -> Response[Any]:
    """The page with the people, until its form says who was chosen. Nobody (Cancel) and strangers mean denied."""
    server, asked = await _read(request)
    chosen = asked.form.get("person") if asked.method == "POST" else None
    person = BY_USERNAME.get(chosen or "")
    grant = server.get_consent_grant(asked, end_user=person)
    if chosen is None:
        return page.choice(asked.payload.data, grant.client.client_id, grant.redirect_uri)
    answer: Response[Any] = server.create_authorization_response(asked, grant_user=person, grant=grant)
    return answer


@post("/token")
async def token(request: Incoming) -> Response[Any]:
    server, asked = await _read(request)
    answer: Response[Any] = server.create_token_response(asked)
    return answer


@post("/introspect")
async def introspect(request: Incoming) -> Response[Any]:
    server, asked = await _read(request)
    answer: Response[Any] = server.create_endpoint_response("introspection", asked)
    return answer


@route("/userinfo", http_method=_EITHER, status_code=200)
async def userinfo(request: Incoming) -> Response[Any]:
    """The token comes in the header or, with POST, in the form (RFC 6750, section 2)."""
    server, asked = await _read(request)
    scheme, _, in_header = request.headers.get("Authorization", "").partition(" ")
    in_form = asked.form.get("access_token", "") if asked.method == "POST" else ""
    bearer = in_header.strip() if scheme.lower() == "bearer" else in_form
    if not bearer:
        return Response(None, status_code=401, headers={"WWW-Authenticate": "Bearer"})
    return Response(endpoints.userinfo(server.access_tokens, bearer), headers={"Cache-Control": "no-store"})


@route("/end_session", http_method=_EITHER, status_code=200, exception_handlers={OAuth2Error: _refuse_on_page})
async def end_session(request: Incoming) -> Response[Any]:
    server, asked = await _read(request)
    ending = server.validate_endpoint_request("end_session", asked)
    redirect = server.create_endpoint_response("end_session", ending)
    return redirect or page.message(200, "Signed out", "There was no session here to end. You may close this page.")


def _server(request: Incoming) -> DemoServer:
    server: DemoServer = request.app.state.server
    return server


async def _read(request: Incoming) -> tuple[DemoServer, ProviderRequest]:
    server = _server(request)
    return server, await parameters.read(request, server.issuer)


async def _require_loopback_host(request: Incoming) -> None:
    """Refuses other host names: a web page could point its own name at this machine (DNS rebinding) and sign in."""
    if not loopback.names_loopback(request.headers.get("Host", "")):
        raise HTTPException("The development provider answers on loopback names only.", status_code=421)


def _refuse(request: Incoming, error: OAuth2Error) -> Response[Any]:
    answer: Response[Any] = _server(request).handle_error_response(None, error)
    return answer
