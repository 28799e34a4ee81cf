"""What a request presents to prove who is calling: taken from its headers, believed nothing yet."""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from profilegate.errors import InvalidRequest, InvalidToken, MissingCredentials, UnsupportedScheme

Header = tuple[bytes, bytes]

LONGEST_HOST = 259
"""Bytes: a name of 253 (RFC 1035), and a port."""

MOST_HOSTS = 100
"""Names under which the service is asked that are remembered as readable, or not."""

HOST = re.compile(rb"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])?(:[0-9]{1,5})?")

UNREADABLE = "The Host header cannot be read."

Scheme = Literal["Bearer", "DPoP"]
SCHEMES: dict[bytes, Scheme] = {b"bearer": "Bearer", b"dpop": "DPoP"}


class Credentials(Struct, frozen=True, kw_only=True):
    """The token with what may prove that the caller holds it rightfully, and the request that the proof is for."""

    scheme: Scheme
    token: bytes
    proofs: Sequence[bytes] = ()
    """The values of all `DPoP` headers."""
    certificate: bytes | None = None
    """The client's TLS certificate, as a trusted proxy wrote it into its header."""
    method: str = "GET"
    url_scheme: str = "https"
    """As this server was asked."""
    host: str = ""
    path: str = "/"
    """As it was sent, without query."""


class TrustedProxies(Struct, frozen=True):
    """The networks of the proxies whose word on a request is believed."""

    networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]

    @classmethod
    def of(cls, networks: Iterable[str]) -> "TrustedProxies":
        """From the settings."""
        return cls([ipaddress.ip_network(each) for each in networks])

    def sent(self, scope: Mapping[str, Any]) -> bool:
        """Whether the peer who sent an ASGI request is one of them."""
        peer = scope.get("client")
        try:
            address = ipaddress.ip_address(peer[0] if peer else "")
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self.networks)


class CertificateSource(Struct, frozen=True):
    """The `header` in which these proxies, and nobody else, pass on the client's certificate."""

    header: bytes
    proxies: TrustedProxies

    @classmethod
    def of(cls, header: str | None, proxies: TrustedProxies) -> "CertificateSource | None":
        """From the settings."""
        return None if header is None else cls(header.lower().encode("latin-1"), proxies)

    def certificate(self, scope: Mapping[str, Any]) -> bytes | None:
        """The certificate that the peer passes on; None from a peer that is no trusted proxy."""
        given = values(scope["headers"], self.header)
        if not given or not self.proxies.sent(scope):
            return None
        if len(given) > 1:
            raise InvalidRequest
        return given[0]


def presented(scope: Mapping[str, Any], certificates: CertificateSource | None = None) -> Credentials:
    """The credentials of an ASGI request. Raises MissingCredentials, InvalidRequest or InvalidToken."""
    scheme, token = authorization(scope["headers"])
    path = scope.get("raw_path") or scope.get("path", "").encode()
    return Credentials(
        scheme=scheme,
        token=token,
        proofs=values(scope["headers"], b"dpop"),
        certificate=certificates.certificate(scope) if certificates is not None else None,
        method=scope.get("method", "GET"),
        url_scheme=scope.get("scheme", "http"),
        host=_host(scope["headers"]),
        path=path.partition(b"?")[0].decode("latin-1"),
    )


def _host(headers: Iterable[Header]) -> str:
    """Whom the request is for, with the port if there is one. It decides where an opaque token is shown and what a
    proof must name, so nothing in it may be read in two ways (RFC 9110, section 7.2)."""
    given = values(headers, b"host") or [b""]
    if len(given) > 1 or not is_host(given[0]):
        raise InvalidRequest(UNREADABLE)
    return given[0].decode("ascii").lower()


def is_host(value: bytes) -> bool:
    """Whether the value of a `Host` header can be read in one way only. An empty one can."""
    return len(value) <= LONGEST_HOST and is_readable(value)


@lru_cache(maxsize=MOST_HOSTS)
def is_readable(value: bytes) -> bool:
    """`is_host` of a value that is not too long to be remembered."""
    if not HOST.fullmatch(value):
        return False
    try:
        urlsplit(f"//{value.decode('ascii').lower()}").port  # noqa: B018 - it raises for brackets and ports that are none
    except ValueError:
        return False
    return True


def authorization(headers: Iterable[Header]) -> tuple[Scheme, bytes]:
    """The scheme and token of the one `Authorization` header. They are taken from nowhere else (RFC 9700, 4.3.2)."""
    given = values(headers, b"authorization")
    if len(given) > 1:
        raise InvalidRequest
    name, _, token = given[0].strip().partition(b" ") if given else (b"", b"", b"")
    if not given:
        raise MissingCredentials
    scheme = SCHEMES.get(name.lower())
    if scheme is None:
        raise UnsupportedScheme
    if not token.strip():
        raise InvalidToken("the credential is empty")
    if b"," in token:
        raise InvalidRequest  # two headers made one by a proxy
    return scheme, token.strip()


def values(headers: Iterable[Header], name: bytes) -> list[bytes]:
    """The values of all headers of this name."""
    return [value for each, value in headers if each == name]
