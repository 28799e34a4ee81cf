"""Applications, and what they keep about the caller (the app-profiles face)."""

from typing import Any

import msgspec

from profilegate.client.answers import Versioned
from profilegate.client.calls import Call, condition, path, sent
from profilegate.client.changing import ROUNDS, Decide, changed
from profilegate.client.sending import Sender
from profilegate.faces.apps.wire import App, AppError, AppProfile, AppProfiles

MERGE_PATCH = "application/merge-patch+json"


class Apps:
    """The caller's own documents. All raise ClientError; its `body` is an AppError.

    A document is any JSON: whatever msgspec encodes, or a msgspec.Raw that is sent as it is. Answers have it as a
    Raw, digit for digit; `msgspec.json.decode` reads it.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def all(self) -> list[App]:
        """The applications of the caller's tenant."""
        call = Call(method="GET", path=path("app", "all"), error=AppError, is_repeatable=True)
        return (await self._sender.send(call)).value(list[App])

    async def get(self, app_id: int) -> Versioned[AppProfile] | None:
        """The document of this application, or None."""
        call = Call(method="GET", path=_of(app_id), error=AppError, is_repeatable=True)
        answer = await self._sender.send(call)
        found = answer.value(AppProfiles).profiles
        return Versioned(found[0], answer.versioned(AppProfiles).etag) if found else None

    async def create(self, app_id: int, document: Any) -> Versioned[AppProfile]:
        """Store a new document; 409 if there is one already."""
        body = msgspec.json.encode({"app_id": app_id, "profile_data": document})
        created = path("user", "profiles", "create")
        return await self._written(Call(method="POST", path=created, error=AppError, body=body, headers=sent()))

    async def put(
        self, app_id: int, document: Any, if_match: str | None = None, *, only_new: bool = False
    ) -> Versioned[AppProfile]:
        """Store the document in the place of any other: with `if_match` of this one, with `only_new` of none (412)."""
        call = Call(
            method="PUT",
            path=_of(app_id),
            error=AppError,
            body=msgspec.json.encode(document),
            headers=sent(if_match=if_match) | ({"if-none-match": "*"} if only_new else {}),
            is_repeatable=if_match is None and not only_new,
        )
        return await self._written(call)

    async def patch(self, app_id: int, patch: Any, if_match: str | None = None) -> Versioned[AppProfile]:
        """Merge into the document (RFC 7396): null removes a member."""
        headers, body = sent(MERGE_PATCH, if_match), msgspec.json.encode(patch)
        return await self._written(Call(method="PATCH", path=_of(app_id), error=AppError, body=body, headers=headers))

    async def delete(self, app_id: int, if_match: str | None = None) -> None:
        """Delete the document; 404 if there is none (any more)."""
        headers = condition(if_match)
        await self._sender.send(
            Call(method="DELETE", path=_of(app_id), error=AppError, headers=headers, is_repeatable=if_match is None)
        )

    async def change(
        self, app_id: int, decide: Decide[AppProfile | None, Any], rounds: int = ROUNDS
    ) -> Versioned[AppProfile] | None:
        """Replace the document depending on what it is, None where there is none yet; UNSET leaves it.

        `decide` and `rounds` are as for `me.change`.
        """
        return await changed(
            lambda: self.get(app_id),
            lambda seen: decide(None if seen is None else seen.value),
            lambda document, seen: self._replaced(app_id, document, seen),
            rounds,
        )

    async def _replaced(self, app_id: int, document: Any, seen: Versioned[AppProfile] | None) -> Versioned[AppProfile]:
        if seen is None:
            return await self.put(app_id, document, only_new=True)
        return await self.put(app_id, document, seen.etag)

    async def _written(self, call: Call) -> Versioned[AppProfile]:
        return (await self._sender.send(call)).versioned(AppProfile)


def _of(app_id: int) -> str:
    return path("user", "profiles", str(app_id))
