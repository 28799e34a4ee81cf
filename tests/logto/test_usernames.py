"""The username: what the policy takes, whose it is, and the question whether it is free."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.faces.fixtures import BOTH, Serve, emptied
from tests.faces.running import OTHER_TENANT, Service
from tests.logto.asking import AVAILABILITY, HERE, NEWER, named, refusal
from tests.store.databases import everything, opened

from profilegate.faces.pace import Pace, TooFast
from profilegate.profiles.record import ProfileKey
from profilegate.settings import DatabaseSettings, UsernameSettings
from profilegate.store.schema import migrate

SENSITIVE = UsernameSettings(case_sensitive=True)


@pytest.fixture
async def case_counts(database: DatabaseSettings) -> AsyncIterator[None]:
    """The database compares usernames letter by letter."""
    async with opened(database) as engine:
        await migrate(engine, SENSITIVE)
    yield
    if database.is_postgres:
        async with opened(await emptied(database)) as engine:
            await migrate(engine, UsernameSettings())


async def patched(service: Service, username: str, user_id: str = "alice") -> tuple[int, str]:
    """Status, and the username afterwards or the code of the refusal."""
    answer = await service.client(user_id).patch(HERE, json={"username": username})
    return (200, answer.json()["username"]) if answer.status_code == 200 else refusal(answer)


async def availability(service: Service, username: str, user_id: str = "alice") -> Any:
    answer = await service.client(user_id).get(AVAILABILITY, params={"username": username})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-cache")
    assert answer.json()["username"] == username
    return {name: value for name, value in answer.json().items() if name != "username"}


FREE = {"available": True}


def no(reason: str) -> dict[str, Any]:
    return {"available": False, "reason": reason}


POLICIES: list[tuple[dict[str, Any], str, str, str]] = [
    ({"min_length": 3}, "ab", "user.username_too_short", "too_short"),
    ({"max_length": 5}, "abcdef", "user.username_too_long", "over_policy"),
    ({"min_length": 128}, "a" * 127, "user.username_too_short", "too_short"),
    ({"max_length": 1}, "ab", "user.username_too_long", "over_policy"),
    ({"allowed": ("lowercase",)}, "aB", "user.username_uppercase_not_allowed", "uppercase_not_allowed"),
    ({"allowed": ("lowercase",)}, "a1", "user.username_numbers_not_allowed", "numbers_not_allowed"),
    ({"allowed": ("lowercase",)}, "a_", "user.username_underscore_not_allowed", "underscore_not_allowed"),
    ({"allowed": ("uppercase",)}, "Ab", "user.username_lowercase_not_allowed", "lowercase_not_allowed"),
    ({"reserved": ("Support",)}, "support", "user.username_reserved", "reserved"),
    ({"reserved": ("Support",)}, "SUPPORT", "user.username_reserved", "reserved"),
    ({"reserved": "standard"}, "admin", "user.username_reserved", "reserved"),
    ({"reserved": "standard"}, "Admin", "user.username_reserved", "reserved"),
    ({"reserved": "standard"}, "root", "user.username_reserved", "reserved"),
]


@pytest.mark.parametrize(("policy", "username", "code", "reason"), POLICIES, ids=str)
async def test_what_breaks_the_policy_is_refused_by_its_own_code(
    serve: Serve, policy: dict[str, Any], username: str, code: str, reason: str
) -> None:
    service = await serve(usernames=UsernameSettings(**policy))
    assert await patched(service, username) == (422, code)
    assert await availability(service, username) == no(reason)
    assert await everything(service.gate.engine) == ([], [])


FITTING: list[tuple[dict[str, Any], str]] = [
    ({"min_length": 3}, "abc"),
    ({"max_length": 5}, "abcde"),
    ({"min_length": 4, "max_length": 4}, "abcd"),
    ({"allowed": ("lowercase",)}, "abc"),
    ({"allowed": ("underscore", "numbers")}, "_1_2"),
    ({"reserved": ("support",)}, "support_team"),
    ({"reserved": "standard"}, "alice"),
    ({}, "admin"),
    ({"pattern": "[a-z][a-z.-]*"}, "alice.b-c"),
]


@pytest.mark.parametrize(("policy", "username"), FITTING, ids=str)
async def test_what_fits_the_policy_is_taken(serve: Serve, policy: dict[str, Any], username: str) -> None:
    service = await serve(usernames=UsernameSettings(**policy))
    assert await availability(service, username) == FREE
    assert await patched(service, username) == (200, username)


@pytest.mark.parametrize("username", ["Alice", "a_b", "alice\n", ".a", "a b", ""])
async def test_a_pattern_of_ones_own_holds_for_the_whole_username(serve: Serve, username: str) -> None:
    service = await serve(usernames=UsernameSettings(pattern="[a-z][a-z.-]*"))
    assert await patched(service, username) == (400, "guard.invalid_input")
    assert await availability(service, username) == no("pattern")


@pytest.mark.parametrize("username", ["álice", "a\nb", "a\0b", "٣"])
async def test_whatever_the_pattern_it_is_printable_ascii(serve: Serve, username: str) -> None:
    service = await serve(usernames=UsernameSettings(pattern=r"[\w\W]+"))
    assert await patched(service, username) == (400, "guard.invalid_input")


async def test_form_comes_before_policy_and_policy_before_who_has_it(serve: Serve) -> None:
    service = await serve(usernames=UsernameSettings(min_length=3))
    assert await patched(service, "1a") == (400, "guard.invalid_input")


@pytest.mark.parametrize("length", [128, 129])
async def test_the_hard_limit_is_told_from_the_policys(client: httpx.AsyncClient, length: int) -> None:
    answer = await client.patch(HERE, json={"username": "x" * length})
    assert answer.status_code == (200 if length == 128 else 422)
    if length == 129:
        assert answer.json()["code"] == "entity.value_too_long"


@BOTH
async def test_letters_of_either_case_are_the_same_and_kept_as_sent(service: Service) -> None:
    assert await patched(service, "Alice") == (200, "Alice")
    for spelling in ("alice", "ALICE", "aLiCe"):
        assert await patched(service, spelling, "bob") == (422, "user.username_already_in_use")
        assert await availability(service, spelling, "bob") == no("taken")
    assert await patched(service, "aLICE") == (200, "aLICE")


@pytest.mark.usefixtures("case_counts")
@BOTH
async def test_where_case_counts_they_are_two_usernames(serve: Serve) -> None:
    service = await serve(usernames=SENSITIVE)
    assert await patched(service, "bob", "bob") == (200, "bob")
    assert await availability(service, "BOB") == FREE
    assert await patched(service, "BOB") == (200, "BOB")
    assert await patched(service, "bob", "carol") == (422, "user.username_already_in_use")
    assert await availability(service, "BOB", "bob") == no("taken")


@pytest.mark.usefixtures("case_counts")
@pytest.mark.parametrize("username", ["admin", "Admin", "ADMIN"])
async def test_a_reserved_word_is_reserved_in_any_case_even_where_case_counts(serve: Serve, username: str) -> None:
    """It is reserved because of what people take it for."""
    service = await serve(usernames=UsernameSettings(case_sensitive=True, reserved="standard"))
    assert await patched(service, username) == (422, "user.username_reserved")


@BOTH
async def test_ones_own_username_is_available(service: Service) -> None:
    await named(service, "alice", "bob")
    assert await availability(service, "alice") == FREE
    assert await availability(service, "ALICE") == FREE
    assert await availability(service, "bob") == no("taken")


@BOTH
async def test_only_the_tenants_own_people_count(service: Service) -> None:
    await service.client("zoe", tenant=OTHER_TENANT).patch(HERE, json={"username": "popular"})
    assert await availability(service, "popular") == FREE


@BOTH
async def test_asking_makes_and_changes_nothing(service: Service) -> None:
    await availability(service, "alice")
    assert await everything(service.gate.engine) == ([], [])


async def test_a_username_given_up_is_available(service: Service) -> None:
    await named(service, "alice")
    await patched(service, "alice2")
    assert await availability(service, "alice", "bob") == FREE


@pytest.mark.parametrize("username", ["", "1a", "a-b", "é", "a\n", "a\0", "a" * 129, "🐯"])
async def test_what_can_be_nobodys_username_is_not_available(service: Service, username: str) -> None:
    assert await availability(service, username) == no("too_long" if len(username) > 128 else "pattern")


@pytest.mark.parametrize("query", ["", "?", "?Username=al", "?name=al"])
@pytest.mark.parametrize("path", [HERE, NEWER])
async def test_the_question_needs_a_username(client: httpx.AsyncClient, path: str, query: str) -> None:
    assert refusal(await client.get(f"{path}/username-availability{query}")) == (400, "guard.invalid_input")


async def test_who_asks_too_often_is_told_when_to_come_again(serve: Serve) -> None:
    service = await serve(usernames=UsernameSettings(checks_per_minute=3))
    for path in (HERE, NEWER, HERE):
        assert (await service.client().get(f"{path}/username-availability?username=al")).status_code == 200
    answer = await service.client().get(f"{AVAILABILITY}?username=al")
    assert refusal(answer) == (429, "request.rate_limited")
    assert 1 <= int(answer.headers["retry-after"]) <= 20


async def test_the_pace_is_each_callers_own_and_holds_for_questions_only(serve: Serve) -> None:
    service = await serve(usernames=UsernameSettings(checks_per_minute=1))
    await availability(service, "al")
    assert (await service.client().get(f"{AVAILABILITY}?username=al")).status_code == 429
    assert await availability(service, "al", "bob") == FREE
    other = service.client("alice", tenant=OTHER_TENANT)
    assert (await other.get(f"{AVAILABILITY}?username=al")).status_code == 200
    assert await patched(service, "al") == (200, "al")
    assert (await service.client().get(HERE)).status_code == 200


def test_the_pace_is_made_good_by_the_time_that_was_told() -> None:
    now = [0.0]
    pace, caller = Pace(2, lambda: now[0]), ProfileKey("t", "u")
    pace.step(caller)
    pace.step(caller)
    with pytest.raises(TooFast) as refused:
        pace.step(caller)
    now[0] += refused.value.retry_after
    pace.step(caller)
    with pytest.raises(TooFast):
        pace.step(caller)


def test_asking_on_while_refused_does_not_put_the_moment_off() -> None:
    now = [0.0]
    pace, caller = Pace(1, lambda: now[0]), ProfileKey("t", "u")
    pace.step(caller)
    for _ in range(59):
        now[0] += 1
        with pytest.raises(TooFast):
            pace.step(caller)
    now[0] += 1.01
    pace.step(caller)
