"""The caller's own profile (the Logto face)."""

import msgspec
from msgspec import Struct

from profilegate.client.answers import Versioned
from profilegate.client.calls import Call, path, sent
from profilegate.client.changing import ROUNDS, Decide, changed
from profilegate.client.sending import Sender
from profilegate.faces.logto.bodies import ClaimsPatch, ProfilePatch
from profilegate.faces.logto.capabilities import Capabilities
from profilegate.faces.logto.wire import Availability, Erased, ExportedUser, LogtoError, LogtoUser, OIDCProfile

MERGE_PATCH = "application/merge-patch+json"

RECORD = path("api", "profile")
CLAIMS = path("api", "profile", "profile")
CAPABILITIES = path("api", "profile", "capabilities")
EXPORT = path("api", "profile", "export")


class Me:
    """What one may know and change about oneself. All raise ClientError; its `body` is a LogtoError."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def get(self) -> Versioned[LogtoUser]:
        """The record, made on first access."""
        answer = await self._sender.send(_reading(RECORD))
        return answer.versioned(LogtoUser)

    async def patch(self, patch: ProfilePatch, if_match: str | None = None) -> Versioned[LogtoUser]:
        """Set what the patch has, and leave the rest. With `if_match` only if that is still the version."""
        answer = await self._sender.send(_patching(RECORD, patch, if_match))
        return answer.versioned(LogtoUser)

    async def patch_claims(self, patch: ClaimsPatch, if_match: str | None = None) -> Versioned[OIDCProfile]:
        """The same for the standard claims; an address is replaced as a whole. Answers all of them."""
        answer = await self._sender.send(_patching(CLAIMS, patch, if_match))
        return answer.versioned(OIDCProfile)

    async def change(self, decide: Decide[LogtoUser, ProfilePatch], rounds: int = ROUNDS) -> Versioned[LogtoUser]:
        """Change the record depending on what it is, so that nobody's change is lost.

        `decide` is asked again when somebody else was quicker, in at most `rounds` rounds; then 412 is raised.
        """
        return await changed(
            self.get,
            lambda seen: decide(seen.value),
            lambda patch, seen: self.patch(patch, seen.etag),
            rounds,
        )

    async def change_claims(self, decide: Decide[LogtoUser, ClaimsPatch], rounds: int = ROUNDS) -> None:
        """The same for the standard claims."""
        await changed(
            self.get,
            lambda seen: decide(seen.value),
            lambda patch, seen: self.patch_claims(patch, seen.etag),
            rounds,
        )

    async def username_availability(self, username: str) -> Availability:
        """Whether the username could be taken right now. Only `patch` settles it."""
        answer = await self._sender.send(_reading(path("api", "profile", "username-availability", username=username)))
        return answer.value(Availability)

    async def export(self) -> ExportedUser:
        """Everything that is kept about the user, as far as the token may see it."""
        answer = await self._sender.send(_reading(EXPORT))
        return answer.value(ExportedUser)

    async def erase(self, if_match: str | None = None) -> Erased:
        """Erase everything that is kept about the user, for good. The token is of no use afterwards."""
        headers = {} if if_match is None else {"if-match": if_match}
        answer = await self._sender.send(Call(method="DELETE", path=RECORD, error=LogtoError, headers=headers))
        return answer.value(Erased)

    async def capabilities(self) -> Capabilities:
        """Which fields may be edited, why not, and the limits."""
        answer = await self._sender.send(_reading(CAPABILITIES))
        return answer.value(Capabilities)


def _reading(path: str) -> Call:
    return Call(method="GET", path=path, error=LogtoError, is_repeatable=True)


def _patching(path: str, patch: Struct, if_match: str | None) -> Call:
    body = msgspec.json.encode(patch)
    return Call(method="PATCH", path=path, error=LogtoError, body=body, headers=sent(MERGE_PATCH, if_match))
