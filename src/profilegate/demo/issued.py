"""What is remembered between two steps of a grant: codes and refresh tokens, each good for one use."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from authlib.oidc.core import AuthorizationCodeMixin

from profilegate.demo.clients import Client
from profilegate.demo.people import Person
from profilegate.demo.tokens import Clock

T = TypeVar("T")


class Expiring(Generic[T]):
    """Values that can be had for a number of seconds after they were put; in memory only."""

    def __init__(self, seconds: int, now: Clock) -> None:
        self._seconds = seconds
        self._now = now
        self._kept: dict[str, tuple[float, T]] = {}

    def put(self, name: str, value: T) -> None:
        self._drop_expired()
        self._kept[name] = (self._now() + self._seconds, value)

    def get(self, name: str) -> T | None:
        self._drop_expired()
        return self._kept[name][1] if name in self._kept else None

    def drop(self, name: str) -> None:
        self._kept.pop(name, None)

    def _drop_expired(self) -> None:
        now = self._now()
        for name in [name for name, (until, _) in self._kept.items() if until <= now]:
            del self._kept[name]


@dataclass(frozen=True)
class Code(AuthorizationCodeMixin):  # type: ignore[misc]  # Authlib has no types
    """An authorization code and everything the request for it said; `auth_time` is in seconds since 1970."""

    value: str
    client_id: str
    person: Person
    scope: str
    redirect_uri: str
    code_challenge: str
    code_challenge_method: str
    nonce: str | None
    auth_time: int

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time


@dataclass(frozen=True)
class RefreshToken:
    """A refresh token: whose it is, who may use it, and the scope it can never exceed."""

    value: str
    client_id: str
    person: Person
    scope: str

    def check_client(self, client: Client) -> bool:
        return client.client_id == self.client_id

    def get_scope(self) -> str:
        return self.scope
