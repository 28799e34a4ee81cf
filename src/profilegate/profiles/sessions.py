"""Who is signed in at our own pages, and what the store promises about it."""

from typing import Protocol

from msgspec import Struct

from profilegate.profiles.record import ProfileKey


class Session(Struct, frozen=True, kw_only=True):
    """One sign-in. `issuer`, `subject` and `sid` are the provider's names for it; times are Unix milliseconds.

    `id_token` is kept to sign out at the provider with.
    """

    key: ProfileKey
    issuer: str
    subject: str
    sid: str
    is_operator: bool
    id_token: str
    created_at: int
    expires_at: int


class SessionStore(Protocol):
    """The sessions. All raise StoreUnavailable. The digest of a cookie finds a session; the cookie is not kept."""

    async def add(self, digest: str, session: Session) -> None:
        """Store a session."""

    async def get(self, digest: str, now: int) -> Session | None:
        """The session, unless it has ended."""

    async def end(self, digest: str) -> None:
        """End a session; nothing if it has ended."""

    async def forget(self, now: int, limit: int) -> int:
        """Delete at most so many whose time was over by then; returns how many."""
