"""Deliveries wait in the inbox until they are applied, each once, and are kept for a while."""

import pytest
from msgspec.structs import replace
from tests.store.databases import at_once, opened
from tests.store.inboxes import (
    DAY,
    RETENTION,
    applied,
    beside,
    bodies,
    deliveries,
    delivery,
    event,
    events_at,
    inbox_on,
    put_beside,
    told,
)
from tests.store.people import ANN, BOB, LATER, NOW, OPERATOR, STRANGER, herself, record

from profilegate.profiles.deliveries import Conflict, DeadLetter, Health
from profilegate.profiles.record import ProfileKey
from profilegate.settings import DatabaseSettings
from profilegate.store.engine import Engine
from profilegate.store.inbox import InboxRepository
from profilegate.store.inbox_queries import MOST_FORGOTTEN
from profilegate.store.profiles import ProfileRepository

NOBODY = ProfileKey("", "")


@pytest.fixture
def inbox(engine: Engine) -> InboxRepository:
    return inbox_on(engine)


async def waiting(inbox: InboxRepository, now: int = NOW) -> list[str]:
    """The names of the deliveries that are due, in the order in which they are taken."""
    async with inbox.work(1000, now) as work:
        return [each.delivery_id for each in work.deliveries]


async def dead(inbox: InboxRepository, name: str, key: ProfileKey = ANN, source: str = "idp") -> int:
    """A delivery that has failed for good; its id."""
    await inbox.add(delivery(name, key, source=source))
    async with inbox.work(1000, NOW) as work:
        (found,) = [each for each in work.deliveries if each.delivery_id == name]
    await inbox.failed(found, "ValueError", None)
    return found.id


# Storing


async def test_what_was_added_is_taken_byte_for_byte(inbox: InboxRepository) -> None:
    given = delivery("one", body=bytes(range(256)))
    assert await inbox.add(given) is True
    async with inbox.work(10, NOW) as work:
        (taken,) = work.deliveries
    assert taken == replace(given, id=taken.id)


async def test_a_delivery_is_stored_once_for_each_source(inbox: InboxRepository) -> None:
    assert await inbox.add(delivery("one")) is True
    assert await inbox.add(delivery("one", BOB, body=b"other")) is False
    assert await inbox.add(delivery("one", source="other")) is True
    assert await waiting(inbox) == ["one", "one"]


async def test_of_fifty_who_add_one_delivery_at_once_exactly_one_does(inbox: InboxRepository, engine: Engine) -> None:
    answers = await at_once(inbox.add(delivery("one")) for _ in range(50))
    assert sorted(answers) == [False] * 49 + [True]
    assert len(await deliveries(engine)) == 1


async def test_a_delivery_that_is_done_with_is_still_known(inbox: InboxRepository, engine: Engine) -> None:
    await inbox.add(delivery("one"))
    assert await applied(engine) == ["one"]
    assert await inbox.add(delivery("one")) is False
    assert await waiting(inbox) == []


async def test_what_was_added_is_there_after_a_restart(settings: DatabaseSettings) -> None:
    async with opened(settings) as engine:
        await inbox_on(engine).add(delivery("one"))
    async with opened(settings) as engine:
        assert await waiting(inbox_on(engine)) == ["one"]


# Working


async def test_no_more_than_asked_for_and_the_longest_due_first(inbox: InboxRepository) -> None:
    for n in (3, 1, 2):
        await inbox.add(delivery(str(n), received_at=NOW + n))
    async with inbox.work(2, NOW + 9) as work:
        assert [each.delivery_id for each in work.deliveries] == ["1", "2"]


async def test_what_is_not_due_yet_is_not_taken(inbox: InboxRepository) -> None:
    await inbox.add(delivery("one", received_at=NOW + 1))
    assert await waiting(inbox, NOW) == []
    assert await waiting(inbox, NOW + 1) == ["one"]


async def test_what_is_done_is_not_taken_again(inbox: InboxRepository, engine: Engine) -> None:
    await inbox.add(delivery("one"))
    assert await applied(engine) == ["one"]
    assert await applied(engine, NOW + 100 * DAY) == []


async def test_a_block_that_raises_gives_everything_back_and_undoes_what_was_done(
    inbox: InboxRepository, engine: Engine, store: ProfileRepository
) -> None:
    await inbox.add(delivery("one"))
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with inbox.work(10, NOW) as work:
            await events_at().apply(work.lives, event("set", name="Ann"))
            await work.done(NOW)
            raise ZeroDivisionError
    assert await store.get(ANN) is None
    assert await waiting(inbox) == ["one"]


async def test_a_block_without_done_gives_everything_back(inbox: InboxRepository) -> None:
    await inbox.add(delivery("one"))
    assert [await waiting(inbox) for _ in range(2)] == [["one"], ["one"]]


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
async def test_two_workers_at_once_take_different_deliveries(inbox: InboxRepository) -> None:
    for n in range(6):
        await inbox.add(delivery(str(n), received_at=NOW + n))
    async with inbox.work(2, LATER) as one, inbox.work(3, LATER) as two, inbox.work(9, LATER) as three:
        taken = [[each.delivery_id for each in work.deliveries] for work in (one, two, three)]
    assert taken == [["0", "1"], ["2", "3", "4"], ["5"]]


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
async def test_a_worker_that_fails_gives_back_what_the_other_did_not_get(inbox: InboxRepository) -> None:
    await inbox.add(delivery("one"))
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with inbox.work(2, NOW):
            assert await waiting(inbox) == []
            raise ZeroDivisionError
    assert await waiting(inbox) == ["one"]


async def test_many_workers_at_once_do_each_delivery_once(inbox: InboxRepository, engine: Engine) -> None:
    for n in range(30):
        await inbox.add(delivery(str(n)))

    async def worked() -> list[str]:
        taken: list[str] = []
        while True:
            async with inbox.work(4, NOW) as work:
                if not work.deliveries:
                    return taken
                await work.done(NOW)
                taken += [each.delivery_id for each in work.deliveries]

    answers = await at_once(worked() for _ in range(4))
    assert sorted((name for taken in answers for name in taken), key=int) == [str(n) for n in range(30)]


# Failing


async def test_a_failed_attempt_is_counted_and_tried_again_at_its_time(inbox: InboxRepository) -> None:
    await inbox.add(delivery("one"))
    async with inbox.work(10, NOW) as work:
        (taken,) = work.deliveries
    await inbox.failed(taken, "ValueError", NOW + 500)
    assert await waiting(inbox, NOW + 499) == []
    async with inbox.work(10, NOW + 500) as work:
        (again,) = work.deliveries
    assert again == replace(taken, attempts=1)


async def test_what_somebody_else_has_done_meanwhile_does_not_fail(inbox: InboxRepository, engine: Engine) -> None:
    await inbox.add(delivery("one"))
    async with inbox.work(10, NOW) as work:
        (taken,) = work.deliveries
    await applied(engine)
    await inbox.failed(taken, "ValueError", None)
    assert await inbox.dead_letters("acme", ["idp"], 9) == []
    assert await waiting(inbox, LATER) == []


async def test_without_a_next_time_it_is_a_dead_letter_that_nobody_takes(inbox: InboxRepository) -> None:
    number = await dead(inbox, "one")
    assert await waiting(inbox, NOW + 100 * DAY) == []
    letter = DeadLetter(
        id=number, source="idp", delivery_id="one", user_id="ann", received_at=NOW, attempts=1, error="ValueError"
    )
    assert await inbox.dead_letters("acme", ["idp"], 9) == [letter]


async def test_dead_letters_are_listed_for_their_tenant_and_source_the_oldest_first(inbox: InboxRepository) -> None:
    for name, key, source in (
        ("one", ANN, "idp"), ("two", NOBODY, "idp"), ("three", BOB, "idp"),
        ("strange", STRANGER, "idp"), ("elsewhere", ANN, "other"),
    ):  # fmt: skip
        await dead(inbox, name, key, source)

    async def listed(tenant: str, sources: list[str], limit: int = 9) -> list[str]:
        return [each.delivery_id for each in await inbox.dead_letters(tenant, sources, limit)]

    assert await listed("acme", ["idp"]) == ["one", "two", "three"]
    assert await listed("acme", ["idp"], 2) == ["one", "two"]
    assert await listed("other", ["idp"]) == ["two", "strange"]
    assert await listed("acme", ["idp", "other"]) == ["one", "two", "three", "elsewhere"]
    assert await listed("acme", []) == []


async def test_a_replayed_dead_letter_waits_again_as_if_it_were_new(inbox: InboxRepository) -> None:
    number = await dead(inbox, "one")
    assert await inbox.replay("acme", ["idp"], number, LATER) is True
    assert await waiting(inbox, LATER - 1) == []
    async with inbox.work(9, LATER) as work:
        (again,) = work.deliveries
    assert (again.id, again.attempts, again.body) == (number, 0, b"body of one")
    assert await inbox.replay("acme", ["idp"], number, LATER) is False


@pytest.mark.parametrize(("tenant", "sources"), [("other", ["idp"]), ("acme", ["other"]), ("acme", []), ("", ["idp"])])
async def test_another_tenants_or_sources_dead_letter_is_not_replayed(
    inbox: InboxRepository, tenant: str, sources: list[str]
) -> None:
    number = await dead(inbox, "one")
    assert await inbox.replay(tenant, sources, number, LATER) is False
    assert len(await inbox.dead_letters("acme", ["idp"], 9)) == 1


@pytest.mark.parametrize("tenant", ["acme", "other"])
async def test_a_dead_letter_about_nobody_may_be_replayed_by_each_tenant_of_its_source(
    inbox: InboxRepository, tenant: str
) -> None:
    assert await inbox.replay(tenant, ["idp"], await dead(inbox, "one", NOBODY), LATER) is True


async def test_what_is_no_dead_letter_is_not_replayed(inbox: InboxRepository, engine: Engine) -> None:
    await inbox.add(delivery("one"))
    (row,) = await deliveries(engine)
    assert await inbox.replay("acme", ["idp"], row["id"], LATER) is False
    await applied(engine)
    assert await inbox.replay("acme", ["idp"], row["id"], LATER) is False
    assert await inbox.replay("acme", ["idp"], row["id"] + 99, LATER) is False


@pytest.mark.parametrize(
    ("since", "expected"),
    [(None, ["dead"]), (NOW + 5, ["dead", "done late"]), (NOW, ["dead", "done early", "done late"])],
)
async def test_all_dead_letters_of_a_source_are_replayed_and_what_was_received_since(
    inbox: InboxRepository, engine: Engine, since: int | None, expected: list[str]
) -> None:
    await inbox.add(delivery("done early"))
    await inbox.add(delivery("done late", received_at=NOW + 5))
    await applied(engine, LATER)
    await dead(inbox, "dead")
    await dead(inbox, "elsewhere", source="other")
    assert await inbox.replay_all("idp", since, LATER) == len(expected)
    assert sorted(await waiting(inbox, LATER)) == expected


# Health


async def test_of_a_source_that_nothing_came_from_there_is_nothing_to_tell(inbox: InboxRepository) -> None:
    await inbox.add(delivery("one", source="other"))
    assert await inbox.health("idp") == Health()


async def test_the_health_of_a_source_counts_what_waits_fails_and_is_dead(
    inbox: InboxRepository, engine: Engine
) -> None:
    for n in range(3):
        await inbox.add(delivery(f"done {n}", received_at=NOW + n))
    await applied(engine, LATER)
    await dead(inbox, "dead")
    await inbox.add(delivery("failing", received_at=NOW + 10))
    async with inbox.work(1, NOW + 10) as work:
        (taken,) = work.deliveries
    await inbox.failed(taken, "ValueError", LATER)
    await inbox.add(delivery("waiting", received_at=NOW + 20))
    await told(engine, event("set", key=BOB, username="taken"), event("set", username="taken"))
    assert await inbox.health("idp") == Health(
        last_received_at=NOW + 20,
        oldest_waiting_at=NOW + 10,
        waiting=2,
        failing=1,
        dead_letters=1,
        conflicts=1,
        recent=(NOW + 20, NOW + 10, NOW + 2, NOW + 1, NOW, NOW),
    )


async def test_only_the_fifty_latest_deliveries_are_told(inbox: InboxRepository) -> None:
    await at_once(inbox.add(delivery(str(n), received_at=NOW + n)) for n in range(60))
    assert (await inbox.health("idp")).recent == tuple(NOW + n for n in range(59, 9, -1))


async def test_conflicts_are_listed_for_their_tenant_with_who_has_the_username(
    inbox: InboxRepository, engine: Engine, store: ProfileRepository
) -> None:
    await store.create(record(BOB, username="Taken"), herself(BOB))
    await told(engine, event("set", username="taken"), now=LATER)
    found = Conflict(user_id="ann", username="taken", source="idp", noted_at=LATER, holder="bob")
    assert await inbox.conflicts("acme", 9) == [found]
    assert await inbox.conflicts("acme", 0) == []
    assert await inbox.conflicts("other", 9) == []
    await store.erase(BOB, OPERATOR, LATER)
    assert await inbox.conflicts("acme", 9) == [
        Conflict(user_id="ann", username="taken", source="idp", noted_at=LATER, holder=None)
    ]


# Forgetting


async def test_what_is_done_is_forgotten_after_the_retention_and_not_before(
    inbox: InboxRepository, engine: Engine
) -> None:
    await inbox.add(delivery("one"))
    await applied(engine, NOW)
    assert await inbox.forget(NOW + RETENTION * DAY) == 0
    assert await inbox.forget(NOW + RETENTION * DAY + 1) == 1
    assert await deliveries(engine) == []
    assert await inbox.add(delivery("one")) is True


async def test_what_waits_or_is_dead_is_never_forgotten(inbox: InboxRepository, engine: Engine) -> None:
    await dead(inbox, "dead")
    await inbox.add(delivery("waiting"))
    assert await inbox.forget(NOW + 1000 * DAY) == 0
    assert len(await deliveries(engine)) == 2


async def test_no_round_of_forgetting_takes_more_than_its_share(inbox: InboxRepository, engine: Engine) -> None:
    for n in range(MOST_FORGOTTEN + 7):
        await inbox.add(delivery(str(n)))
    await applied(engine, NOW)
    long_after = NOW + 100 * DAY
    assert [await inbox.forget(long_after) for _ in range(3)] == [MOST_FORGOTTEN, 7, 0]


# When a record ends


async def test_what_deliveries_said_of_a_user_goes_with_the_record_and_they_are_still_known(
    inbox: InboxRepository, engine: Engine
) -> None:
    for name, key in (("old", ANN), ("bobs", BOB), ("strange", STRANGER)):
        await inbox.add(delivery(name, key))
    await applied(engine)
    await inbox.add(delivery("end"))
    async with inbox.work(10, NOW) as work:
        await events_at().apply(work.lives, event("set"))
        await events_at().apply(work.lives, event("delete", 1))
        await work.done(NOW)
    kept = {"bobs": b"body of bobs", "strange": b"body of strange"}
    assert await bodies(engine) == {"old": b"", "end": b""} | kept
    assert await inbox.add(delivery("old")) is False


async def test_what_comes_late_of_a_user_who_is_gone_is_not_kept_either(inbox: InboxRepository, engine: Engine) -> None:
    await told(engine, event("delete", 5))
    await inbox.add(delivery("late"))
    async with inbox.work(10, NOW) as work:
        await events_at().apply(work.lives, event("set", 1))
        await work.done(NOW)
    assert await bodies(engine) == {"late": b""}


async def test_an_end_without_a_delivery_takes_what_was_said_too(inbox: InboxRepository, engine: Engine) -> None:
    await inbox.add(delivery("old"))
    await applied(engine)
    await told(engine, event("set"), event("delete", 1))
    assert await bodies(engine) == {"old": b""}


async def test_what_was_said_of_who_came_back_before_the_late_end_stays(inbox: InboxRepository, engine: Engine) -> None:
    await inbox.add(delivery("old"))
    await applied(engine)
    await told(engine, event("set", 5), event("delete", 1))
    assert await bodies(engine) == {"old": b"body of old"}


async def test_what_still_waits_keeps_its_body_because_it_may_be_newer_than_the_end(
    inbox: InboxRepository, engine: Engine
) -> None:
    await inbox.add(delivery("next"))
    await told(engine, event("set"), event("delete", 1))
    assert await bodies(engine) == {"next": b"body of next"}


async def test_a_blank_delivery_is_not_replayed(inbox: InboxRepository, engine: Engine) -> None:
    await inbox.add(delivery("old"))
    await applied(engine)
    await told(engine, event("set"), event("delete", 1))
    assert await inbox.replay_all("idp", 0, LATER) == 0


async def test_an_erasure_by_the_api_takes_the_same_with_it(
    inbox: InboxRepository, engine: Engine, store: ProfileRepository
) -> None:
    for key in (ANN, BOB, STRANGER):
        await store.create(record(key), herself(key))
        await inbox.add(delivery(f"of {key.tenant_id} {key.user_id}", key))
        await put_beside(engine, key)
    await applied(engine)
    assert await store.erase(ANN, herself(ANN), LATER) is not None
    assert [len(await beside(engine, key)) for key in (ANN, BOB, STRANGER)] == [0, 3, 3]
    found = await bodies(engine)
    assert [name for name, body in found.items() if not body] == ["of acme ann"]


async def test_an_erasure_by_the_api_takes_dead_letters_with_it(
    inbox: InboxRepository, engine: Engine, store: ProfileRepository
) -> None:
    await store.create(record(ANN), herself(ANN))
    await dead(inbox, "mine")
    await dead(inbox, "bobs", BOB)
    assert await store.erase(ANN, herself(ANN), LATER) is not None
    assert [each.delivery_id for each in await inbox.dead_letters("acme", ["idp"], 9)] == ["bobs"]
    assert [name for name, body in (await bodies(engine)).items() if not body] == ["mine"]
