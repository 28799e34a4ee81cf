"""What a request presents to prove who is calling: taken from its headers, believed nothing yet."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from profilegate.auth.certificates import thumbprint
from profilegate.errors import InvalidRequest, InvalidToken, MissingCredentials, UnsupportedScheme

Header = tuple[bytes, bytes]

Scheme = Literal["Bearer", "DPoP"]
SCHEMES: dict[bytes, Scheme] = {b"bearer": "Bearer", b"dpop": "DPoP"}


class Credentials(Struct, frozen=True, kw_only=True):
    """The token with what may prove that the caller holds it rightfully, and the request that the proof is for."""

    scheme: Scheme
    token: bytes
    proofs: Sequence[bytes] = ()
    """The values of all `DPoP` headers."""
    certificate: str | None = None
    """SHA-256 of the client's TLS certificate, base64url (RFC 8705, section 3.1)."""
    method: str = "GET"
    url: str = ""
    """As the server was asked, without query."""
    host: str = ""


class CertificateSource(Struct, frozen=True):
    """The `header` in which proxies in these networks, and nobody else, pass on the client's certificate."""

    header: bytes
    networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]

    @classmethod
    def of(cls, header: str | None, networks: Iterable[str]) -> "CertificateSource | None":
        """From the settings."""
        if header is None:
            return None
        return cls(header.lower().encode("latin-1"), [ipaddress.ip_network(each) for each in networks])

    def certificate(self, scope: Mapping[str, Any]) -> str | None:
        """The thumbprint of the certificate that the peer passes on; None from a peer that is no trusted proxy."""
        given = values(scope["headers"], self.header)
        if not given or not self._trusts(scope.get("client")):
            return None
        if len(given) > 1:
            raise InvalidRequest
        return thumbprint(given[0])

    def _trusts(self, peer: Sequence[Any] | None) -> bool:
        try:
            address = ipaddress.ip_address(peer[0] if peer else "")
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self.networks)


def presented(scope: Mapping[str, Any], certificates: CertificateSource | None = None) -> Credentials:
    """The credentials of an ASGI request. Raises MissingCredentials, InvalidRequest or InvalidToken."""
    scheme, token = authorization(scope["headers"])
    host = (values(scope["headers"], b"host") or [b""])[0].decode("latin-1")
    path = scope.get("raw_path") or scope.get("path", "").encode()
    return Credentials(
        scheme=scheme,
        token=token,
        proofs=values(scope["headers"], b"dpop"),
        certificate=certificates.certificate(scope) if certificates is not None else None,
        method=scope.get("method", "GET"),
        url=f"{scope.get('scheme', 'http')}://{host}{path.partition(b'?')[0].decode('latin-1')}",
        host=host,
    )


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
