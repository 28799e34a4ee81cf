"""What is decided is decided by the database, also where memory has not heard yet of somebody else's change."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from tests.store.caching import Remembering
from tests.store.databases import opened, service_on
from tests.store.people import ANN, LATER, OPERATOR, herself, record

from profilegate.errors import PreconditionFailed
from profilegate.profiles.record import ProfileChange
from profilegate.profiles.service import ProfileService
from profilegate.settings import DatabaseSettings

NEW = ProfileChange(name="New")

Process = tuple[ProfileService, Remembering, str]


def elsewhere(path: str, sql: str) -> None:
    """What another process does in the same moment; this one has not been told."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(sql)


RENAMED = "UPDATE profilegate_profile SET name = 'Elsewhere', version = version + 1"
ERASED = "UPDATE profilegate_profile SET deleted_at = 1, deleted_by = 'user', version = version + 1"


@pytest.fixture
async def process(sqlite_settings: DatabaseSettings):  # type: ignore[no-untyped-def]
    """A process that remembers Ann's record as it was before the others changed it."""
    async with opened(sqlite_settings) as engine:
        remembering = Remembering(engine)
        await remembering.store.create(record(ANN, name="Old"), herself(ANN))
        await remembering.cache.recall(ANN)
        yield service_on(remembering.cache), remembering, sqlite_settings.path


async def test_a_version_learned_elsewhere_is_met(process: Process) -> None:
    service, _, path = process
    elsewhere(path, RENAMED)
    changed = await service.change(ANN, NEW, OPERATOR, seen=frozenset({2}))
    assert (changed.version, changed.name) == (3, "New")


async def test_a_remembered_version_that_is_over_is_not_met(process: Process) -> None:
    service, _, path = process
    elsewhere(path, RENAMED)
    with pytest.raises(PreconditionFailed):
        await service.change(ANN, NEW, OPERATOR, seen=frozenset({1}))


@pytest.mark.parametrize("seen", [frozenset({2}), None], ids=["with If-Match", "without"])
async def test_a_change_of_nothing_answers_what_it_was_held_against(process: Process, seen: Any) -> None:
    service, _, path = process
    elsewhere(path, RENAMED)
    found = await service.change(ANN, ProfileChange(), OPERATOR, seen=seen)
    assert (found.version, found.name) == (2, "Elsewhere")


async def test_a_change_to_what_is_remembered_is_still_a_change(process: Process) -> None:
    service, _, path = process
    elsewhere(path, RENAMED)
    changed = await service.change(ANN, ProfileChange(name="Old"), OPERATOR)
    assert (changed.version, changed.name) == (3, "Old")


async def test_who_comes_back_for_a_first_document_gets_a_record_first(process: Process) -> None:
    service, remembering, path = process
    elsewhere(path, ERASED)
    back = herself(ANN, issued_at=LATER // 1000)
    made = await service.ensured(ANN, back)
    assert made == await remembering.store.get(ANN)
