"""The request that a reverse proxy asks about, as far as its word is believed."""

from collections.abc import Mapping
from typing import Any

from profilegate.auth.credentials import Header, TrustedProxies, values
from profilegate.errors import InvalidRequest

METHOD, PROTO, HOST, TARGET = b"x-forwarded-method", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-uri"


def original(scope: Mapping[str, Any], place: bytes, proxies: TrustedProxies) -> dict[str, Any]:
    """The original request as an ASGI scope, for the gate. `place` is the path at which proxies ask.

    Below `place` the rest of the path is the original one, and method and Host are the original's too (Envoy). At
    `place` itself they stand in `X-Forwarded-Method`, `-Host` and `-Uri` (nginx, Caddy, Traefik). These, and
    `X-Forwarded-Proto`, are read from trusted proxies only: whoever writes them decides for which request a proof of
    possession is good. Raises InvalidRequest when one of them stands there twice.
    """
    rest = below(scope, place)
    headers = list(scope["headers"])
    told = {**scope, "headers": headers, "raw_path": rest or place}
    if not proxies.sent(scope):
        return told
    told["scheme"] = _said(headers, PROTO, scope.get("scheme", "http"))
    if not rest:
        told["method"] = _said(headers, METHOD, scope["method"])
        told["raw_path"] = _said(headers, TARGET, place.decode()).partition("?")[0].encode("latin-1")
        told["headers"] = _at(headers, _said(headers, HOST, ""))
    return told


def below(scope: Mapping[str, Any], place: bytes) -> bytes:
    """What comes after `place` in the path as it was sent; nothing at the place itself."""
    rest: bytes = scope.get("raw_path", b"").partition(b"?")[0].partition(place)[2]
    return rest


def _said(headers: list[Header], name: bytes, otherwise: str) -> str:
    given = values(headers, name)
    if len(given) > 1:
        raise InvalidRequest
    return given[0].decode("latin-1") if given else otherwise


def _at(headers: list[Header], host: str) -> list[Header]:
    """The headers of the same request at another host."""
    if not host:
        return headers
    return [*(each for each in headers if each[0] != b"host"), (b"host", host.encode("latin-1"))]
