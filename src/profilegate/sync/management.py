"""A provider's API about its users: one user's fields, had with client credentials or a fixed token."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx

from profilegate.auth.client_authentication import basic
from profilegate.auth.documents import answered
from profilegate.auth.issuer import client_of
from profilegate.auth.json_object import json_object
from profilegate.errors import ProviderUnavailable
from profilegate.sync.said import Payload
from profilegate.sync_settings import ManagementSettings

NO_SUBJECTS = frozenset({"", ".", ".."})
"""What a URL's path would lead elsewhere by, even encoded; no provider names a user so."""

SPARE = 60
"""Seconds before its end from which a token is not used any more."""


class Management:
    """The API of one source. `clock` gives Unix seconds. State per process: one token."""

    def __init__(
        self,
        settings: ManagementSettings,
        clock: Callable[[], float],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._client = client_of(settings.url, settings.timeout, transport)
        self._token: str | None = None
        self._ends = 0.0

    async def user(self, subject: str) -> Payload | None:
        """The user, as the API has them; None when there is none. Raises ProviderUnavailable."""
        if subject in NO_SUBJECTS:
            return None
        url = self._settings.url.replace("{id}", quote(subject, safe=""))
        header = await self._authorization()

        def made() -> httpx.Request:
            return self._client.build_request("GET", url, headers=header)

        answer = await answered(self._client, made, self._settings.timeout)
        if answer.status in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
            return None
        if answer.status == httpx.codes.UNAUTHORIZED:
            self._token = None
        if answer.status != httpx.codes.OK:
            raise ProviderUnavailable(f"{self._settings.url} answered {answer.status}")
        try:
            return json_object(answer.body)
        except ValueError:
            raise ProviderUnavailable(f"{self._settings.url} did not answer with a JSON object") from None

    async def close(self) -> None:
        await self._client.aclose()

    async def _authorization(self) -> dict[str, str]:
        settings = self._settings
        token = settings.token or await self._current()
        return settings.headers | {settings.header: f"{settings.scheme} {token}".strip()}

    async def _current(self) -> str:
        if self._token is None or self._clock() >= self._ends:
            said = await self._fetched()
            self._token, lasts = said["access_token"], said.get("expires_in")
            self._ends = self._clock() + (lasts - SPARE if isinstance(lasts, int) else SPARE)
        return self._token

    async def _fetched(self) -> dict[str, Any]:
        """An answer of the token endpoint (RFC 6749, section 4.4), as bounded in size and time as every other."""
        settings = self._settings
        wanted = {name: getattr(settings, name) for name in ("scope", "audience", "resource")}
        form = {"grant_type": "client_credentials"} | {name: each for name, each in wanted.items() if each is not None}
        header = {"authorization": basic(settings.client_id or "", settings.client_secret or "")}

        def made() -> httpx.Request:
            return self._client.build_request("POST", settings.token_endpoint or "", data=form, headers=header)

        answer = await answered(self._client, made, settings.timeout)
        if answer.status != httpx.codes.OK:
            raise ProviderUnavailable(f"no token for {settings.url}: {answer.status}")
        try:
            token = json_object(answer.body)
        except ValueError:
            token = {}
        if not isinstance(token.get("access_token"), str):
            raise ProviderUnavailable(f"no token for {settings.url} in the answer")
        return token
