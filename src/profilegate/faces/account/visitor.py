"""Who looks at the page: from the cookie to a Principal, on every request anew."""

import hashlib
import secrets
from collections.abc import Callable

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from profilegate.auth.gate import check_standing
from profilegate.auth.principal import EVERYTHING_BUT_OPERATOR, Principal
from profilegate.auth.relying_party import SignedIn
from profilegate.errors import Revoked
from profilegate.faces.account.cookies import Cookies, cookie_of
from profilegate.profiles.ports import StandingPort
from profilegate.profiles.record import ProfileChange
from profilegate.profiles.sessions import Session, SessionStore
from profilegate.settings import PERMISSIONS

HOUR = 3600


class Visitors(Struct, frozen=True, kw_only=True):
    """Begins, finds and ends sessions; `clock` gives Unix seconds. The database has a digest of the cookie only.

    `issuer` is whose sign-ins count: those of one that was configured before do not.
    """

    sessions: SessionStore
    issuer: str
    standing: StandingPort
    cookies: Cookies
    hours: int
    clock: Callable[[], float]

    async def begin(self, signed_in: SignedIn) -> str:
        """A new session, always under a new name, so that nobody can have chosen it; returns the cookie's value."""
        cookie, now = secrets.token_urlsafe(32), int(self.clock() * 1000)
        who = signed_in.principal
        session = Session(
            key=who.key,
            issuer=who.issuer,
            subject=who.subject,
            sid=signed_in.sid,
            is_operator=who.is_operator,
            id_token=signed_in.id_token,
            created_at=now if who.issued_at is None else min(now, who.issued_at * 1000),
            expires_at=now + self.hours * HOUR * 1000,
        )
        await self.sessions.add(digest(cookie), session)
        return cookie

    async def refuse_unwelcome(self, who: Principal) -> None:
        """Raise Revoked or Suspended when the user may not be here, however well they have signed in."""
        check_standing(who, await self.standing.standing(who.key))

    async def session(self, scope: Scope) -> Session | None:
        """The session of a request; None without one, or when its user is not to be here any more.

        Raises Suspended or StoreUnavailable.
        """
        session = await self.kept(scope)
        if session is None or session.issuer != self.issuer:
            return None
        try:
            check_standing(principal_of(session), await self.standing.standing(session.key))
        except Revoked:
            return None
        return session

    async def kept(self, scope: Scope) -> Session | None:
        """The session of a request, whatever has become of its user."""
        cookie = cookie_of(scope["headers"], self.cookies.session)
        return await self.sessions.get(digest(cookie), int(self.clock() * 1000)) if cookie else None

    async def end(self, scope: Scope) -> None:
        if cookie := cookie_of(scope["headers"], self.cookies.session):
            await self.sessions.end(digest(cookie))


class VisitorMiddleware(ASGIMiddleware):
    """Puts the Principal into scope["user"] and the session into scope["auth"]; both are None for strangers."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, visitors: Visitors, anybody: bool = False) -> None:
        """`anybody` lets even suspended users through, as strangers: to sign out, or to sign in as somebody else."""
        self._visitors = visitors
        self._anybody = anybody

    def __deepcopy__(self, _: object) -> "VisitorMiddleware":
        return self  # Litestar copies a router when it registers it; connections are not to be copied with it

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        session = await self._visitors.kept(scope) if self._anybody else await self._visitors.session(scope)
        scope["auth"] = session
        scope["user"] = None if session is None or self._anybody else principal_of(session)
        await next_app(scope, receive, send)


def principal_of(session: Session) -> Principal:
    """The caller of a session. It came by an ID token, not by scopes: the owner may do what owners may."""
    granted = frozenset(PERMISSIONS) if session.is_operator else EVERYTHING_BUT_OPERATOR
    return Principal(
        tenant_id=session.key.tenant_id,
        user_id=session.key.user_id,
        issuer=session.issuer,
        subject=session.subject,
        permissions=granted,
        is_machine=False,
        issued_at=session.created_at // 1000,
        expires_at=session.expires_at // 1000,
        claimed=ProfileChange(),
        scope_of={},
    )


def digest(cookie: str) -> str:
    """What the database knows of a cookie: it cannot be sent back."""
    return hashlib.sha256(cookie.encode()).hexdigest()
