"""What the tests of documents have in common."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace
from tests.store.databases import rows, service_on
from tests.store.people import NOW, OPERATOR

from profilegate.profiles.app_service import AppService
from profilegate.profiles.applications import Application
from profilegate.profiles.bulk import BulkItem, NewOwner, OnConflict, Outcome
from profilegate.profiles.json_text import Limits
from profilegate.profiles.record import ProfileKey
from profilegate.store.applications import ApplicationRepository
from profilegate.store.documents import DocumentRepository
from profilegate.store.engine import Engine
from profilegate.store.profiles import ProfileRepository
from profilegate.store.tables import DocumentRow

APP, OTHER_APP = 0, 7


async def registered(engine: Engine, *tenants: str, app_ids: Iterable[int] = (APP, OTHER_APP)) -> None:
    applications = ApplicationRepository(engine)
    for tenant in tenants or ("acme", "other"):
        application = Application(tenant_id=tenant, app_id=0, name="Diary")
        for app_id in app_ids:
            await applications.register(replace(application, app_id=app_id), NOW)


def apps_on(engine: Engine, store: ProfileRepository, now: int = NOW) -> AppService:
    return AppService(
        applications=ApplicationRepository(engine),
        documents=DocumentRepository(engine),
        profiles=service_on(store, now),
        limits=Limits(),
        clock=lambda: now / 1000,
    )


def owner(user_id: str) -> NewOwner:
    return NewOwner(user_id, f"Name of {user_id}", f"https://avatars.test/{user_id}")


def items(users: Sequence[str], data: str = "{}", app_id: int = APP) -> list[BulkItem]:
    return [BulkItem(n, user, app_id, data) for n, user in enumerate(users)]


async def bulk(
    documents: DocumentRepository,
    *chunks: list[BulkItem],
    on_conflict: OnConflict = "error",
    tenant: str = "acme",
    now: int = NOW,
) -> list[Outcome]:
    """All chunks in one transaction."""
    async with documents.bulk(tenant, OPERATOR, now) as transaction:
        return [await transaction.put(chunk, on_conflict, owner) for chunk in chunks]


async def stored(engine: Engine) -> list[dict[str, Any]]:
    return await rows(engine, DocumentRow)


def users(outcome: Outcome) -> tuple[list[str], list[str], list[tuple[int, int]]]:
    """Who was written, who was left alone, and the places and statuses of those refused."""
    return (
        [each.user_id for each in outcome.written],
        [each.user_id for each in outcome.skipped],
        [(each.index, each.status) for each in outcome.refused],
    )


def key(user_id: str, tenant: str = "acme") -> ProfileKey:
    return ProfileKey(tenant, user_id)
