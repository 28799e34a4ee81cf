"""From a request to its Principal, or an error. The whole decision of who is calling."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from profilegate.auth.binding import Binding
from profilegate.auth.credentials import CertificateSource, presented
from profilegate.auth.issuers import Issuers
from profilegate.auth.principal import Principal
from profilegate.errors import Revoked, Suspended
from profilegate.profiles.ports import StandingPort
from profilegate.profiles.record import Standing


class Gate(Struct, frozen=True):
    """Issuers say who it is, `binding` whether the token is rightfully theirs, `standing` whether they may act.

    Without standing only the token counts. `certificates` is where the client's TLS certificate is taken from.
    """

    issuers: Issuers
    binding: Binding
    standing: StandingPort | None = None
    certificates: CertificateSource | None = None

    async def admit(self, scope: Mapping[str, Any]) -> Principal:
        """The caller of an ASGI request.

        Raises MissingCredentials, InvalidRequest, InvalidToken, InvalidProof, Suspended or Unavailable.
        Does not decide what the caller may do: that is for `auth.rules`.
        """
        credentials = presented(scope, self.certificates)
        principal = await self.issuers.principal(credentials.token, credentials.host)
        await self.binding.check(principal.confirmation, credentials, principal.must_be_bound)
        if self.standing is not None:
            check_standing(principal, await self.standing.standing(principal.key))
        return principal


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
