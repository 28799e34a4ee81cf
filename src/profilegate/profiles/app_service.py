"""What may happen to applications and their documents, one at a time. Many at once are in bulk_service."""

from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct

from profilegate.errors import (
    ApplicationNotFound,
    DocumentExists,
    DocumentNotFound,
    InvalidField,
    PreconditionFailed,
    StoreUnavailable,
)
from profilegate.profiles.applications import (
    AppDocument,
    Application,
    Problem,
    any_document,
    checked_application,
    compiled,
)
from profilegate.profiles.json_text import Limits, checked, merged, text_of, value_of
from profilegate.profiles.ports import ApplicationStore, DocumentStore
from profilegate.profiles.record import Actor, ProfileChange, ProfileKey
from profilegate.profiles.service import NOTHING, ROUNDS, ProfileService

DATA = "profile_data"

# A schema is compiled once, not for each document. Bounded: a tenant has a handful of applications.
schema_check = lru_cache(maxsize=256)(compiled)

MOST_VIOLATIONS = 100
"""Users that are named when a new schema does not fit their documents; all are counted."""

# Every round in vain is another's success, so that many may patch one document at once.
PATCH_ROUNDS = 200

Seen = frozenset[int] | None


class Registered(Struct, frozen=True):
    """An application as it is registered now, with the documents that its schema would not let in any more."""

    application: Application
    violations: int
    violating_users: tuple[str, ...]


class AppService(Struct, frozen=True):
    """The rules round applications and documents. `clock` gives Unix seconds."""

    applications: ApplicationStore
    documents: DocumentStore
    profiles: ProfileService
    limits: Limits
    clock: Callable[[], float]

    async def register(self, application: Application) -> Registered:
        """Store an application, new or changed, and say which of its documents break its schema.

        They stay as they are; only what is written from now on must satisfy it. Raises InvalidField.
        """
        stored = await self.applications.register(checked_application(application), self._now())
        return await self._held_against(stored)

    async def add(self, application: Application) -> Registered:
        """Store a new application under the tenant's next id, whatever its own says. Raises InvalidField."""
        stored = await self.applications.add(checked_application(application), self._now())
        if stored is None:
            raise InvalidField("app_id", "must be given: there is no next one")
        return Registered(stored, 0, ())

    async def get(self, key: ProfileKey, app_id: int) -> AppDocument:
        """The document. Raises DocumentNotFound."""
        found = await self.documents.get(key, app_id)
        if found is None:
            raise DocumentNotFound
        return found

    async def find(self, key: ProfileKey, app_id: int) -> AppDocument | None:
        """The document, or None."""
        return await self.documents.get(key, app_id)

    async def create(
        self, key: ProfileKey, app_id: int, text: str, actor: Actor, claimed: ProfileChange = NOTHING
    ) -> AppDocument:
        """Store a new document, with the record that it belongs to if that is not there yet.

        Raises ApplicationNotFound, InvalidField for a document that may not be, and DocumentExists.
        """
        data = await self._checked(key.tenant_id, app_id, text)
        await self.profiles.ensured(key, actor, claimed)
        made = await self.documents.create(key, app_id, data, actor, self._now())
        if made is None:
            raise DocumentExists
        return made

    async def put(
        self,
        key: ProfileKey,
        app_id: int,
        text: str,
        actor: Actor,
        claimed: ProfileChange = NOTHING,
        seen: Seen = None,
        must_exist: bool = False,
    ) -> tuple[AppDocument, bool]:
        """Store a document in the place of the present one, or as a new one; whether it is new.

        `seen` are the versions one of which the present one must have, where the caller insists; `must_exist`
        insists on any. Raises InvalidField or PreconditionFailed; then nothing is written.
        """
        data = await self._checked(key.tenant_id, app_id, text)
        if seen is not None:
            return await self._replaced(key, app_id, data, actor, seen), False
        for _ in range(ROUNDS):
            replaced = await self.documents.replace(key, app_id, data, actor, self._now())
            if replaced is not None:
                return replaced, False
            if must_exist:
                raise PreconditionFailed
            await self.profiles.ensured(key, actor, claimed)
            made = await self.documents.create(key, app_id, data, actor, self._now())
            if made is not None:
                return made, True
        raise StoreUnavailable

    async def patch(self, key: ProfileKey, app_id: int, text: str, actor: Actor, seen: Seen = None) -> AppDocument:
        """Merge a patch (RFC 7396) into the document; what others change meanwhile is not lost.

        Raises DocumentNotFound, InvalidField or PreconditionFailed.
        """
        patch = value_of(checked("body", text, self.limits))
        for _ in range(PATCH_ROUNDS):
            present = await self._present(key, app_id, seen)
            data = await self._checked(key.tenant_id, app_id, text_of(merged(value_of(present.data), patch)))
            changed = await self.documents.replace(key, app_id, data, actor, self._now(), present.version)
            if changed is not None:
                return changed
        raise StoreUnavailable

    async def delete(self, key: ProfileKey, app_id: int, actor: Actor, seen: Seen = None) -> None:
        """Delete the document. Raises DocumentNotFound or PreconditionFailed."""
        expected = None if seen is None else (await self._present(key, app_id, seen)).version
        if await self.documents.delete(key, app_id, actor, self._now(), expected) is None:
            raise DocumentNotFound if expected is None else PreconditionFailed

    async def checks(self, tenant_id: str) -> dict[int, Problem]:
        """Every application of the tenant with the check of its documents."""
        return {each.app_id: check_of(each) for each in await self.applications.all(tenant_id)}

    async def _replaced(
        self, key: ProfileKey, app_id: int, data: str, actor: Actor, seen: frozenset[int]
    ) -> AppDocument:
        present = await self.documents.get(key, app_id)
        if present is None or present.version not in seen:
            raise PreconditionFailed
        replaced = await self.documents.replace(key, app_id, data, actor, self._now(), present.version)
        if replaced is None:
            raise PreconditionFailed
        return replaced

    async def _present(self, key: ProfileKey, app_id: int, seen: Seen) -> AppDocument:
        """The document, in one of the versions that were seen; what is not there has no version to insist on."""
        present = await self.get(key, app_id)
        if seen is not None and present.version not in seen:
            raise PreconditionFailed
        return present

    async def _checked(self, tenant_id: str, app_id: int, text: str) -> str:
        application = await self.applications.get(tenant_id, app_id)
        if application is None:
            raise ApplicationNotFound
        data = checked(DATA, text, self.limits)
        if (problem := check_of(application)(data)) is not None:
            raise InvalidField(DATA, problem, "schema")
        return data

    async def _held_against(self, application: Application) -> Registered:
        count, users = 0, list[str]()
        if application.schema is not None:
            check = check_of(application)
            async for each in self.documents.all_of(application.tenant_id, application.app_id):
                if check(each.data) is not None:
                    count += 1
                    users += [each.key.user_id] if len(users) < MOST_VIOLATIONS else []
        return Registered(application, count, tuple(users))

    def _now(self) -> int:
        return int(self.clock() * 1000)


def check_of(application: Application) -> Problem:
    """What says whether a document satisfies the application's schema."""
    return any_document if application.schema is None else schema_check(application.schema)
