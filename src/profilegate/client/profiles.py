"""Anybody's profile in the tenant (the Phoenix face)."""

from collections.abc import Iterable

import msgspec

from profilegate.client.answers import Versioned
from profilegate.client.calls import Call, path, sent
from profilegate.client.changing import ROUNDS, Decide, changed
from profilegate.client.sending import Sender
from profilegate.faces.phoenix.wire import (
    PhoenixBatch,
    PhoenixError,
    PhoenixProfile,
    PhoenixProfiles,
    PhoenixUpdate,
)


class Profiles:
    """Name and avatar of the people of a tenant. All raise ClientError; its `body` is a PhoenixError."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def get(self, user_id: str) -> Versioned[PhoenixProfile]:
        """The profile, made on first access."""
        call = Call(method="GET", path=_of(user_id), error=PhoenixError, is_repeatable=True)
        return (await self._sender.send(call)).versioned(PhoenixProfile)

    async def put(self, user_id: str, update: PhoenixUpdate, if_match: str | None = None) -> Versioned[PhoenixProfile]:
        """Set the name, regenerate the avatar, or both: one's own, or anybody's for an operator."""
        call = Call(
            method="PUT",
            path=_of(user_id),
            error=PhoenixError,
            body=msgspec.json.encode(update),
            headers=sent(if_match=if_match),
            is_repeatable=if_match is None and not update.regenerate_avatar,
        )
        return (await self._sender.send(call)).versioned(PhoenixProfile)

    async def change(
        self, user_id: str, decide: Decide[PhoenixProfile, PhoenixUpdate], rounds: int = ROUNDS
    ) -> Versioned[PhoenixProfile]:
        """Change the profile depending on what it is; `decide` and `rounds` are as for `me.change`."""
        return await changed(
            lambda: self.get(user_id),
            lambda seen: decide(seen.value),
            lambda update, seen: self.put(user_id, update, seen.etag),
            rounds,
        )

    async def batch(self, user_ids: Iterable[str]) -> list[PhoenixProfile]:
        """The profiles of 1 to 200 users, in this order; none is made."""
        call = Call(
            method="POST",
            path=path("v1", "profiles", "batch"),
            error=PhoenixError,
            body=msgspec.json.encode(PhoenixBatch(list(user_ids))),
            headers=sent(),
            is_repeatable=True,
        )
        return (await self._sender.send(call)).value(PhoenixProfiles).profiles


def _of(user_id: str) -> str:
    return path("v1", "profiles", "user", user_id)
