"""What late ends, wishes for usernames and clocks that differ must not do to a record."""

import pytest
from tests.store.databases import rows
from tests.store.inboxes import delivery, event, events_at, inbox_on, told
from tests.store.people import ANN, BOB, CAROL, LATER, NOW, OPERATOR, herself, record
from tests.store.test_lives import granted, noted, username

from profilegate.profiles.record import ProfileChange, Tombstone
from profilegate.store.engine import Engine
from profilegate.store.profiles import ProfileRepository
from profilegate.store.tables import DeliveryRow


async def test_a_late_end_makes_room_for_what_the_provider_said_of_an_edited_field_since(
    engine: Engine, store: ProfileRepository
) -> None:
    await store.create(record(ANN), herself(ANN))
    await store.change(ANN, ProfileChange(name="Chosen"), herself(ANN), NOW)
    inbox = inbox_on(engine)
    for name, each in (("new", event("set", 20, name="Said")), ("end", event("delete", 10))):
        await inbox.add(delivery(name))
        async with inbox.work(9, NOW) as work:
            await events_at().apply(work.lives, each)
            await work.done(NOW)
    again = []
    async with inbox.work(9, NOW) as work:
        again = [each.delivery_id for each in work.deliveries]
    assert "new" in again


@pytest.mark.parametrize("edited", [True, False], ids=["edited", "gone meanwhile"])
async def test_a_wish_that_is_no_news_takes_nobodys_username(
    engine: Engine, store: ProfileRepository, edited: bool
) -> None:
    await told(engine, event("set", username="one", key=BOB), event("set", 5, username="one"))  # ann wishes for one
    await store.create(record(CAROL, username="kept"), herself(CAROL))
    if edited:
        await store.change(ANN, ProfileChange(username="chosen"), herself(ANN), LATER)
    else:
        await told(engine, event("set", 9), event("delete", 7))
    await told(engine, event("set", 9, key=BOB, username="kept"))  # bob waits
    await granted(engine)
    assert await username(store, BOB) == "one"


async def test_users_whose_tokens_named_them_swap_their_usernames_too(engine: Engine, store: ProfileRepository) -> None:
    for key, name in ((ANN, "one"), (BOB, "two")):
        made = record(key, username=name, sources={"username": "claims"}, versions={"username": "000000000000001"})
        await store.create(made, herself(key))
    await told(engine, event("set", 5, username="two"), event("set", 5, key=BOB, username="one"))
    await granted(engine)
    assert (await username(store, ANN), await username(store, BOB)) == ("two", "one")


async def test_an_old_event_does_not_undo_an_erasure_when_the_providers_clock_is_ahead(
    engine: Engine, store: ProfileRepository
) -> None:
    await told(engine, event("set", 90_000, name="Marker"))
    await store.erase(ANN, herself(ANN), LATER)
    await told(engine, event("set", 5, name="Old"), event("set", 90_000, name="Marker"))
    assert isinstance(await store.get(ANN), Tombstone)


async def test_the_audit_row_of_a_first_event_names_the_fields_that_it_brought(engine: Engine) -> None:
    await told(engine, event("set", primary_email="a@acme.test"))
    assert (await noted(engine))[0][1].split() == ["name", "avatar", "primary_email"]


async def test_dead_letters_about_somebody_who_is_gone_already_go_with_the_erasure_too(
    engine: Engine, store: ProfileRepository
) -> None:
    await told(engine, event("set", name="Marker"), event("delete", 5))
    inbox = inbox_on(engine)
    await inbox.add(delivery("late"))
    async with inbox.work(9, NOW) as work:
        (late,) = work.deliveries
    await inbox.failed(late, "ValueError", None)
    assert await store.erase(ANN, OPERATOR, LATER) is None
    assert [(row["state"], row["body"]) for row in await rows(engine, DeliveryRow)] == [("done", b"")]
