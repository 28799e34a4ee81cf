"""What operators may do besides: applications, and the documents of others (the app-profiles face)."""

from collections.abc import AsyncIterable, Iterable

import msgspec

from profilegate.client.answers import Versioned
from profilegate.client.calls import Bulk, Call, Item, path, sent
from profilegate.client.sending import Sender
from profilegate.faces.apps.wire import AppError, AppProfile, AppRegistration, BulkCreated, BulkStatus, RegisteredApp
from profilegate.profiles.bulk import OnConflict


class Operator:
    """For tokens of operators only. All raise ClientError; its `body` is an AppError."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def register(self, app: AppRegistration) -> RegisteredApp:
        """Register an application, or change the one with this id."""
        call = Call(
            method="POST",
            path=path("operator", "app", "register"),
            error=AppError,
            body=msgspec.json.encode(app),
            headers=sent(),
        )
        return (await self._sender.send(call)).value(RegisteredApp)

    async def document(self, user_id: str, app_id: int) -> Versioned[AppProfile]:
        """What an application keeps about somebody."""
        address = path("operator", "users", "profile", user_id, str(app_id))
        call = Call(method="GET", path=address, error=AppError, is_repeatable=True)
        return (await self._sender.send(call)).versioned(AppProfile)

    async def create_bulk(
        self, items: Iterable[Item] | AsyncIterable[Item], on_conflict: OnConflict = "error"
    ) -> BulkCreated:
        """Store many documents, all or none. The items are sent while they come, and never all in memory.

        An iterator can be sent once only; a list, or whatever gives its items as often as it is asked, again.
        """
        return (await self._sender.send(_bulk(items, "all", on_conflict))).value(BulkCreated)

    async def create_some(
        self, items: Iterable[Item] | AsyncIterable[Item], on_conflict: OnConflict = "error"
    ) -> BulkStatus:
        """Store those of the documents that can be stored, and say what became of each."""
        return (await self._sender.send(_bulk(items, "partial", on_conflict))).value(BulkStatus)


def _bulk(items: Iterable[Item] | AsyncIterable[Item], mode: str, on_conflict: OnConflict) -> Call:
    address = path("operator", "profile", "create-bulk", mode=mode, on_conflict=on_conflict)
    return Call(method="POST", path=address, error=AppError, body=Bulk(items), headers=sent())
