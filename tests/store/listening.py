"""A process that is told by PostgreSQL which records have changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.store.caching import until
from tests.store.databases import connected, opened, repository
from tests.store.people import ANN, BOB, STRANGER, herself, record

from profilegate.profiles.record import ProfileKey
from profilegate.settings import DatabaseSettings
from profilegate.store.coherence import Notifications
from profilegate.store.profiles import ProfileRepository

RENAME = "UPDATE profilegate_profile SET name = 'New' WHERE user_id = $1"


class Ticks:
    """Time that passes when the test says so. Seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Listener:
    """A process that is told what to forget."""

    def __init__(self, settings: DatabaseSettings, **options: Any) -> None:
        self.told: list[ProfileKey | None] = []
        self.versions: list[int | None] = []
        self.coherence = Notifications(settings, **options)
        self.coherence.tell(self.note)

    def note(self, key: ProfileKey | None, version: int | None = None) -> None:
        self.told.append(key)
        self.versions.append(version)

    async def is_told(self, key: ProfileKey | None) -> None:
        await until(lambda: key in self.told)


@asynccontextmanager
async def listening(settings: DatabaseSettings, **options: Any) -> AsyncIterator[Listener]:
    listener = Listener(settings, **options)
    async with listener.coherence.running():
        await until(listener.coherence.is_current)
        listener.told.clear()
        listener.versions.clear()
        yield listener


async def renamed(settings: DatabaseSettings, user_id: str) -> None:
    async with connected(settings) as connection:
        await connection.execute(RENAME, user_id)


@pytest.fixture
async def people(postgres_settings: DatabaseSettings) -> AsyncIterator[ProfileRepository]:
    """Another process, which has made their records."""
    async with opened(postgres_settings) as engine:
        store = repository(engine)
        for key in (ANN, BOB, STRANGER):
            await store.create(record(key, name="Old"), herself(key))
        yield store


@pytest.fixture
async def listener(people: ProfileRepository, postgres_settings: DatabaseSettings) -> AsyncIterator[Listener]:
    async with listening(postgres_settings) as listener:
        yield listener
