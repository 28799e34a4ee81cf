"""From a request's headers to its Principal, or an error. The whole decision of who is calling."""

from collections.abc import Sequence

from msgspec import Struct

from profilegate.auth.issuers import Issuers
from profilegate.auth.principal import Principal
from profilegate.errors import InvalidRequest, InvalidToken, MissingCredentials, Revoked, Suspended, UnsupportedScheme
from profilegate.profiles.ports import StandingPort
from profilegate.profiles.record import Standing

Header = tuple[bytes, bytes]


class Gate(Struct, frozen=True):
    """Issuers say who it is, `standing` whether they may act. Without standing only the token counts."""

    issuers: Issuers
    standing: StandingPort | None = None

    async def admit(self, headers: Sequence[Header]) -> Principal:
        """The caller. Raises MissingCredentials, InvalidRequest, InvalidToken, Suspended or Unavailable.

        Does not decide what the caller may do: that is for `auth.rules`.
        """
        principal = await self.issuers.principal(bearer_token(headers))
        if self.standing is not None:
            check_standing(principal, await self.standing.standing(principal.key))
        return principal


def bearer_token(headers: Sequence[Header]) -> bytes:
    """The token of the one `Authorization: Bearer` header. It is taken from nowhere else (RFC 9700, section 4.3.2)."""
    given = [value for name, value in headers if name == b"authorization"]
    if len(given) > 1:
        raise InvalidRequest
    scheme, _, token = given[0].strip().partition(b" ") if given else (b"", b"", b"")
    if not given:
        raise MissingCredentials
    if scheme.lower() != b"bearer":
        raise UnsupportedScheme
    if not token.strip():
        raise InvalidToken("the credential is empty")
    if b"," in token:
        raise InvalidRequest  # two headers made one by a proxy
    return token.strip()


def check_standing(principal: Principal, standing: Standing) -> None:
    """Raise Revoked or Suspended when the user may not act with this token, however genuine."""
    grave = standing.tombstone
    if grave is not None and not grave.may_return(principal.issued_at):
        raise Revoked("the user was deleted")
    revoked = standing.revoked_before
    if revoked is not None and (principal.issued_at is None or principal.issued_at * 1000 <= revoked):
        raise Revoked("the user's tokens were revoked after this one was issued")
    if standing.suspended:
        raise Suspended
