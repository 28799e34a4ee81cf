"""HTTP parameters as Authlib reads them: every value decoded, none of them trusted."""

import re
from collections import defaultdict
from typing import Any
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Payload, OAuth2Request
from litestar import Request

_FORM = "application/x-www-form-urlencoded"

_QUOTABLE = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
"""What an `error_description` may quote (RFC 6749, section 5.2)."""

_QUOTED = ("redirect_uri", "response_type")
"""The parameters that Authlib quotes in its errors; other characters in them make it fail instead of refuse."""


class Parameters(OAuth2Payload):  # type: ignore[misc]  # Authlib has no types
    """The parameters of one request; `data` has the first value of each, `datalist` all of them."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._values[name].append(value)

    @property
    def data(self) -> dict[str, str]:
        return {name: values[0] for name, values in self._values.items()}

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return self._values


class ProviderRequest(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """One request to the provider, read to its end. Parameters come from the query of a GET, else from the form."""

    def __init__(self, method: str, uri: str, headers: Any, payload: Parameters) -> None:
        super().__init__(method, uri, headers=headers)
        self.payload: Parameters = payload

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data


async def read(request: Request[Any, Any, Any], issuer: str) -> ProviderRequest:
    """The request for Authlib. Raises InvalidRequestError for what cannot even be refused in its own words."""
    payload = Parameters(_pairs(await _encoded(request)))
    if not all(_QUOTABLE.fullmatch(payload.data.get(name, "")) for name in _QUOTED):
        raise InvalidRequestError(f"Forbidden characters in one of: {', '.join(_QUOTED)}.")
    return ProviderRequest(request.method, f"{issuer}{request.url.path}", request.headers, payload)


async def _encoded(request: Request[Any, Any, Any]) -> bytes:
    if request.method == "GET":
        return request.scope["query_string"]
    return await request.body() if request.content_type[0] == _FORM else b""


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    return parse_qsl(encoded.decode("ascii", "replace"), keep_blank_values=True)
