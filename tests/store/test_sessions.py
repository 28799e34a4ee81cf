"""The sessions of our own pages: found by a digest, forgotten when they have ended, ended with their user."""

from dataclasses import dataclass

import pytest
from msgspec.structs import replace
from tests.store.databases import at_once, rows
from tests.store.people import ANN, BOB, LATER, NOW, PROVIDER, STRANGER, record

from profilegate.faces.account.visitor import digest
from profilegate.profiles.sessions import Session
from profilegate.store.engine import Engine
from profilegate.store.life_queries import end_sessions
from profilegate.store.profiles import ProfileRepository
from profilegate.store.sessions import SessionRepository
from profilegate.store.tables import SessionRow

HOUR = 3_600_000
COOKIE = "the cookie that only the browser has"
ODD = "'; DROP TABLE profilegate_session; -- %_\\ é \U0001f600"

USUAL = Session(
    key=ANN,
    issuer="https://idp.test",
    subject="ann",
    sid="sid-1",
    is_operator=False,
    id_token="an.id.token",
    created_at=NOW,
    expires_at=NOW + HOUR,
)


@dataclass
class Named:
    """A session under the digest of its name."""

    name: str
    session: Session


@pytest.fixture
def sessions(engine: Engine) -> SessionRepository:
    return SessionRepository(engine)


async def count(engine: Engine) -> int:
    return len(await rows(engine, SessionRow))


async def test_a_session_comes_back_as_it_was_stored(sessions: SessionRepository) -> None:
    operator = replace(USUAL, is_operator=True, key=BOB, sid="", id_token=ODD, subject=ODD)
    await sessions.add("a", USUAL)
    await sessions.add("b", operator)
    assert [await sessions.get(each, NOW) for each in "ab"] == [USUAL, operator]


async def test_the_database_has_the_digest_and_not_the_cookie(sessions: SessionRepository, engine: Engine) -> None:
    await sessions.add(digest(COOKIE), USUAL)
    (row,) = await rows(engine, SessionRow)
    assert row["digest"] == digest(COOKIE)
    assert COOKIE not in str(row)
    assert await sessions.get(COOKIE, NOW) is None


@pytest.mark.parametrize("name", ["", "%", "_", "A", " a", "a ", "a%", ODD])
async def test_only_the_very_digest_finds_a_session(sessions: SessionRepository, name: str) -> None:
    await sessions.add("a", USUAL)
    assert await sessions.get(name, NOW) is None


async def test_a_session_ends_at_its_time_to_the_millisecond(sessions: SessionRepository) -> None:
    await sessions.add("a", USUAL)
    assert await sessions.get("a", USUAL.expires_at - 1) == USUAL
    assert await sessions.get("a", USUAL.expires_at) is None


async def test_an_ended_session_is_gone_and_others_stay(sessions: SessionRepository) -> None:
    await sessions.add("a", USUAL)
    await sessions.add("b", USUAL)
    await sessions.end("a")
    assert [await sessions.get(each, NOW) for each in "ab"] == [None, USUAL]


async def test_ending_what_is_not_there_is_no_error(sessions: SessionRepository) -> None:
    await sessions.end("a")
    await sessions.end(ODD)


async def test_ended_ones_are_forgotten_and_no_others(sessions: SessionRepository, engine: Engine) -> None:
    await sessions.add("old", replace(USUAL, expires_at=NOW + 1))
    await sessions.add("living", USUAL)
    assert await sessions.forget(NOW + 2, 9) == 1
    assert [row["digest"] for row in await rows(engine, SessionRow)] == ["living"]


async def test_many_that_have_ended_are_forgotten_bit_by_bit(sessions: SessionRepository, engine: Engine) -> None:
    for n in range(5):
        await sessions.add(f"old-{n}", replace(USUAL, expires_at=NOW + 1))
    assert [await sessions.forget(LATER, 3) for _ in range(3)] == [3, 2, 0]
    assert await count(engine) == 0


async def test_an_erasure_of_a_version_that_is_not_there_ends_none(
    sessions: SessionRepository, store: ProfileRepository
) -> None:
    await store.create(record(ANN), PROVIDER)
    await sessions.add("a", USUAL)
    assert await store.erase(ANN, PROVIDER, LATER, expected=99) is None
    assert await sessions.get("a", NOW) == USUAL


async def test_two_sign_ins_at_once_are_two_sessions(sessions: SessionRepository) -> None:
    names = [f"s{n}" for n in range(20)]
    assert await at_once(sessions.add(each, USUAL) for each in names) == [None] * 20
    assert [await sessions.get(each, NOW) for each in names] == [USUAL] * 20


async def test_a_digest_is_never_used_twice(sessions: SessionRepository) -> None:
    await sessions.add("a", USUAL)
    (caught,) = await at_once([sessions.add("a", replace(USUAL, key=BOB))])
    assert isinstance(caught, Exception)
    assert await sessions.get("a", NOW) == USUAL


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ({"sid": "sid-1"}, {"bob", "phone", "other issuer"}),
        ({"subject": "ann"}, {"bob", "other issuer"}),
        ({"sid": "sid-1", "subject": "ann"}, {"bob", "phone", "other issuer"}),
        ({"sid": "sid-1", "subject": "bob"}, {"ann", "bob", "phone", "other issuer"}),
        ({"sid": "sid-9"}, {"ann", "bob", "phone", "other issuer"}),
        ({"sid": "%"}, {"ann", "bob", "phone", "other issuer"}),
    ],
)
async def test_a_provider_ends_what_it_names_and_nothing_of_another_provider(
    sessions: SessionRepository, engine: Engine, said: dict[str, str], left: set[str]
) -> None:
    for each in (
        Named("ann", USUAL),
        Named("phone", replace(USUAL, sid="sid-2")),
        Named("bob", replace(USUAL, key=BOB, subject="bob", sid="sid-3")),
        Named("other issuer", replace(USUAL, issuer="https://other.test", key=STRANGER)),
    ):
        await sessions.add(each.name, each.session)
    values = {"issuer": USUAL.issuer, "sid": None, "subject": None, "until": USUAL.created_at} | said
    await engine.write([end_sessions(engine.engine_type)], values)
    assert {row["digest"] for row in await rows(engine, SessionRow)} == left


async def test_who_has_signed_in_again_since_stays(sessions: SessionRepository, engine: Engine) -> None:
    await sessions.add("before", USUAL)
    await sessions.add("since", replace(USUAL, created_at=USUAL.created_at + 1))
    values = {"issuer": USUAL.issuer, "sid": None, "subject": USUAL.subject, "until": USUAL.created_at}
    await engine.write([end_sessions(engine.engine_type)], values)
    assert {row["digest"] for row in await rows(engine, SessionRow)} == {"since"}


async def test_a_users_end_leaves_other_sessions_alone(sessions: SessionRepository, store: ProfileRepository) -> None:
    await store.create(record(ANN), PROVIDER)
    await sessions.add("bob", replace(USUAL, key=BOB, subject="bob"))
    await store.erase(ANN, PROVIDER, LATER)
    assert await sessions.get("bob", NOW) is not None
