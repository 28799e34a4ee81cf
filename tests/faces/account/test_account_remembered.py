"""The page saves on top of what the database has, whatever this process remembers of it."""

import sqlite3
from contextlib import closing

import pytest
from tests.faces.account.browsing import Browser, Page, record
from tests.faces.running import Service

SAVE = "/account/profile"


def elsewhere(service: Service, **values: str) -> None:
    """Another process changes alice's record; this one has not been told yet."""
    fields = ", ".join(f"{name} = ?" for name in values)
    with closing(sqlite3.connect(service.gate.settings.database.path, isolation_level=None)) as other:
        statement = f"UPDATE profilegate_profile SET {fields}, version = version + 1 WHERE user_id = 'alice'"
        other.execute(statement, [*values.values()])


@pytest.fixture
async def form(alice: Browser) -> dict[str, str]:
    """The page's, which was shown before the others changed anything."""
    return Page(await alice.get()).form(SAVE)


async def test_a_form_is_saved_on_top_of_a_change_that_was_not_told_yet(alice: Browser, form: dict[str, str]) -> None:
    elsewhere(alice.service, avatar="https://elsewhere.test/alice.png")
    answer = await alice.post(SAVE, form | {"name": "New"})
    found = await record(alice.service)
    assert (answer.status_code, found.name, found.avatar) == (303, "New", "https://elsewhere.test/alice.png")


async def test_a_conflict_with_a_change_that_was_not_told_yet_is_found(alice: Browser, form: dict[str, str]) -> None:
    elsewhere(alice.service, name="Elsewhere")
    answer = await alice.post(SAVE, form | {"name": "New"})
    assert (answer.status_code, (await record(alice.service)).name) == (409, "Elsewhere")
