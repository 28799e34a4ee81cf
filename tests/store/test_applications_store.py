"""Applications on both databases: registered, changed, numbered, and each tenant's its own."""

import pytest
from msgspec.structs import replace
from tests.store.databases import at_once, rows
from tests.store.people import LATER, NOW

from profilegate.profiles.applications import LARGEST_ID, Application
from profilegate.store.applications import ApplicationRepository
from profilegate.store.engine import Engine
from profilegate.store.tables import ApplicationRow

DIARY = Application(
    tenant_id="acme", app_id=7, name="Diary", description="“What” happened", domains=("a.test", "b.test"), schema="true"
)


@pytest.fixture
def applications(engine: Engine) -> ApplicationRepository:
    return ApplicationRepository(engine)


async def test_what_is_registered_is_read_again(applications: ApplicationRepository) -> None:
    assert await applications.register(DIARY, NOW) == DIARY
    assert await applications.get("acme", 7) == DIARY
    assert await applications.all("acme") == [DIARY]


@pytest.mark.parametrize("app_id", [0, LARGEST_ID])
async def test_the_first_and_the_last_id_are_ids(applications: ApplicationRepository, app_id: int) -> None:
    application = replace(DIARY, app_id=app_id)
    assert await applications.register(application, NOW) == application
    assert await applications.get("acme", app_id) == application


async def test_registered_again_it_is_changed_as_a_whole(applications: ApplicationRepository, engine: Engine) -> None:
    await applications.register(DIARY, NOW)
    bare = Application(tenant_id="acme", app_id=7, name="Bare")
    assert await applications.register(bare, LATER) == bare
    (row,) = await rows(engine, ApplicationRow)
    assert (row["created_at"], row["updated_at"]) == (NOW, LATER)


async def test_the_database_row_stays_the_same_when_it_is_changed(
    applications: ApplicationRepository, engine: Engine
) -> None:
    """Documents refer to it."""
    await applications.register(DIARY, NOW)
    (before,) = await rows(engine, ApplicationRow)
    await applications.register(replace(DIARY, name="Other"), LATER)
    (after,) = await rows(engine, ApplicationRow)
    assert after["id"] == before["id"]


async def test_tenants_share_ids_and_nothing_else(applications: ApplicationRepository) -> None:
    theirs = replace(DIARY, tenant_id="other", name="Theirs")
    await applications.register(DIARY, NOW)
    await applications.register(theirs, NOW)
    assert (await applications.all("acme"), await applications.all("other")) == ([DIARY], [theirs])
    assert await applications.get("third", 7) is None


async def test_they_are_listed_by_their_ids(applications: ApplicationRepository) -> None:
    for app_id in (10, 2, 33, 0):
        await applications.register(replace(DIARY, app_id=app_id), NOW)
    assert [each.app_id for each in await applications.all("acme")] == [0, 2, 10, 33]


async def test_the_next_id_follows_the_largest(applications: ApplicationRepository) -> None:
    assert (await applications.add(DIARY, NOW)).app_id == 1  # type: ignore[union-attr]
    await applications.register(replace(DIARY, app_id=41), NOW)
    assert (await applications.add(DIARY, NOW)) == replace(DIARY, app_id=42)
    assert (await applications.add(replace(DIARY, tenant_id="other"), NOW)).app_id == 1  # type: ignore[union-attr]


async def test_after_application_0_comes_1(applications: ApplicationRepository) -> None:
    await applications.register(replace(DIARY, app_id=0), NOW)
    assert (await applications.add(DIARY, NOW)).app_id == 1  # type: ignore[union-attr]


async def test_no_id_is_given_that_could_not_be_registered(applications: ApplicationRepository) -> None:
    await applications.register(replace(DIARY, app_id=LARGEST_ID), NOW)
    given = await applications.add(DIARY, NOW)
    assert given is None or given.app_id <= LARGEST_ID


async def test_those_who_register_at_once_get_different_ids(applications: ApplicationRepository) -> None:
    found = await at_once(applications.add(replace(DIARY, name=f"App {n}"), NOW) for n in range(5))
    assert sorted(each.app_id for each in found if each) == [1, 2, 3, 4, 5]


async def test_one_id_registered_by_many_at_once_is_one_application(
    applications: ApplicationRepository, engine: Engine
) -> None:
    found = await at_once(applications.register(replace(DIARY, name=f"App {n}"), NOW) for n in range(20))
    assert [each for each in found if isinstance(each, BaseException)] == []
    assert len(await rows(engine, ApplicationRow)) == 1
