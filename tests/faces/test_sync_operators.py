"""What operators see of the providers' deliveries, and can do about those that failed."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from tests.faces.fixtures import BOTH, Serve
from tests.faces.running import OTHER_TENANT, TENANT, Service
from tests.faces.webhooks import (
    CONFLICTS,
    LETTERS,
    LOGTO,
    OKTA,
    SECRET,
    SOURCES,
    applied,
    breaking,
    deliver,
    event,
    inbox,
    mended,
    served,
    settled,
    signed,
    source,
)
from tests.logto.asking import HERE
from tests.minting import NOW

from profilegate.profiles.deliveries import Delivery

FOREIGN = source("foreign", "logto", SECRET, tenant=OTHER_TENANT)
TENANTS = (TENANT, OTHER_TENANT)
HOUR = 3600


@pytest.fixture
async def service(serve: Serve) -> Service:
    return await served(serve, LOGTO, OKTA, FOREIGN, sync_max_attempts=1)


def operator(service: Service, **claims: Any) -> httpx.AsyncClient:
    return service.client("root", operator=True, **claims)


async def told(service: Service, path: str, **claims: Any) -> list[dict[str, Any]]:
    answer = await operator(service, **claims).get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-cache"), answer.text
    return list(answer.json())


async def state(service: Service, name: str = "logto") -> dict[str, Any]:
    return next(each for each in await told(service, SOURCES) if each["source"] == name)


async def unreadable(service: Service, **changes: Any) -> None:
    """A delivery of an earlier release that this one cannot read, given up at once."""
    usual = {"source": "logto", "delivery_id": "old", "received_at": service.clock.milliseconds, "body": b"\xff"}
    usual |= {"tenant_id": TENANT, "user_id": "alice"}
    assert await service.gate.inbox.add(Delivery(**(usual | changes)))
    await settled(service)


# The sources


async def test_sources_that_have_told_nothing_yet_are_listed(service: Service) -> None:
    nothing = {
        "last_delivery_at": None,
        "lag_seconds": 0.0,
        "waiting": 0,
        "failures": 0,
        "dead_letters": 0,
        "conflicts": 0,
        "is_silent": False,
    }
    assert await told(service, SOURCES) == [
        {"source": "logto", "kind": "logto", **nothing},
        {"source": "okta", "kind": "okta", **nothing},
    ]


@BOTH
async def test_a_source_tells_when_it_was_heard_of_last(service: Service) -> None:
    await applied(service, event())
    told = await state(service)
    assert (told["last_delivery_at"], told["waiting"], told["lag_seconds"]) == ("2026-01-28T10:00:00Z", 0, 0.0)


@BOTH
async def test_a_delivery_that_fails_waits_and_its_lag_grows(serve: Serve) -> None:
    service = await served(serve, LOGTO, sync_max_attempts=5)
    await service.gate.inbox.add(
        Delivery(
            source="logto", delivery_id="x", received_at=service.clock.milliseconds, body=b"\xff", tenant_id=TENANT
        )
    )
    await settled(service)
    service.clock.seconds += 0.5
    told = await state(service)
    assert (told["waiting"], told["failures"], told["dead_letters"], told["lag_seconds"]) == (1, 1, 0, 0.5)


@BOTH
async def test_a_source_that_is_silent_for_longer_than_its_habit_is_told(service: Service) -> None:
    for n in range(12):
        service.clock.seconds = NOW + n * HOUR
        body = json.dumps(event(user_id=f"user-{n}", at=service.clock.seconds)).encode()
        await deliver(service, body, **signed(body))
    await settled(service)
    seen = []
    for hours in (1, 10, 11):
        service.clock.seconds = NOW + 11 * HOUR + hours * HOUR
        seen.append((await state(service))["is_silent"])
    assert seen == [False, False, True]
    assert (await state(service, "okta"))["is_silent"] is False
    await deliver(service, event(user_id="again", at=service.clock.seconds))
    assert (await state(service))["is_silent"] is False


# Conflicts


@BOTH
async def test_a_username_that_somebody_else_has_is_told_with_its_holder(service: Service) -> None:
    assert (await service.client("bob").patch(HERE, json={"username": "wanted"})).status_code == 200
    await applied(service, event(username="Wanted", name="Alice Moreau"))
    assert await told(service, CONFLICTS) == [
        {
            "user_id": "alice",
            "username": "Wanted",
            "holder": "bob",
            "source": "logto",
            "noted_at": "2026-01-28T10:00:00Z",
        }
    ]
    assert (await state(service))["conflicts"] == 1
    mine = (await service.client().get(HERE)).json()
    assert (mine["username"], mine["name"]) == (None, "Alice Moreau")


@BOTH
async def test_a_username_that_becomes_free_is_given_and_the_conflict_ends(service: Service) -> None:
    await applied(service, event(user_id="bob", username="wanted"))
    await applied(service, event(username="wanted"))
    assert len(await told(service, CONFLICTS)) == 1
    await applied(service, event("User.Data.Updated", "bob", NOW + 1, username="other"))
    async with asyncio.timeout(30):
        while await told(service, CONFLICTS):  # the other worker may be about to
            await service.gate.sync.worker.drain()
    assert (await service.client().get(HERE)).json()["username"] == "wanted"


# Dead letters


async def test_a_delivery_that_cannot_be_applied_is_listed_without_its_content(service: Service) -> None:
    await breaking(service)
    answer = await deliver(service, event(user_id="broken", name="Alice Moreau"))
    assert answer.status_code == 202
    await settled(service)
    (letter,) = await told(service, LETTERS)
    (row,) = await inbox(service)
    assert (letter["id"], letter["delivery_id"]) == (row["id"], row["delivery_id"])
    assert (letter["source"], letter["user_id"], letter["attempts"]) == ("logto", "broken", 1)
    assert letter["received_at"] == "2026-01-28T10:00:00Z"
    assert "Moreau" not in str(letter)
    assert (await state(service))["dead_letters"] == 1


async def test_a_dead_letter_does_not_hold_up_the_others(service: Service) -> None:
    await breaking(service)
    for user_id in ("alice", "broken", "carol"):
        await deliver(service, event(user_id=user_id, name=user_id.upper()))
    await settled(service)
    assert sorted((row["user_id"], row["state"]) for row in await inbox(service)) == [
        ("alice", "done"),
        ("broken", "dead"),
        ("carol", "done"),
    ]


async def test_a_dead_letter_is_applied_when_it_is_replayed_after_the_repair(service: Service) -> None:
    await breaking(service)
    await deliver(service, event(user_id="broken", name="Mended"))
    await settled(service)
    (letter,) = await told(service, LETTERS)
    await mended(service)
    answer = await operator(service).post(f"{LETTERS}/{letter['id']}/replay")
    assert (answer.status_code, answer.json()) == (202, {"id": letter["id"], "state": "waiting"})
    await settled(service)
    assert (await service.client("broken").get(HERE)).json()["name"] == "Mended"
    assert await told(service, LETTERS) == []
    assert (await operator(service).post(f"{LETTERS}/{letter['id']}/replay")).status_code == 404


@BOTH
async def test_a_dead_letter_that_fails_again_is_one_again(service: Service) -> None:
    await unreadable(service)
    (letter,) = await told(service, LETTERS)
    assert (await operator(service).post(f"{LETTERS}/{letter['id']}/replay")).status_code == 202
    await settled(service)
    assert await told(service, LETTERS) == [letter]


@BOTH
async def test_other_tenants_dead_letters_are_neither_seen_nor_replayed(service: Service) -> None:
    await unreadable(service, source="foreign", tenant_id=OTHER_TENANT)
    assert await told(service, LETTERS) == []
    (letter,) = await told(service, LETTERS, tenant=OTHER_TENANT)
    replay = f"{LETTERS}/{letter['id']}/replay"
    assert (await operator(service).post(replay)).status_code == 404
    assert [row["state"] for row in await inbox(service)] == ["dead"]
    assert (await operator(service, tenant=OTHER_TENANT).post(replay)).status_code == 202


async def test_a_source_of_several_tenants_shows_each_its_own_dead_letters(serve: Serve) -> None:
    service = await served(serve, source("logto", "logto", SECRET, tenant=None), sync_max_attempts=1)
    await unreadable(service, delivery_id="mine")
    await unreadable(service, delivery_id="theirs", tenant_id=OTHER_TENANT)
    await unreadable(service, delivery_id="nobodys", tenant_id="", user_id="")
    seen = {tenant: [each["delivery_id"] for each in await told(service, LETTERS, tenant=tenant)] for tenant in TENANTS}
    assert seen == {TENANT: ["mine", "nobodys"], OTHER_TENANT: ["theirs", "nobodys"]}


@BOTH
async def test_other_tenants_conflicts_and_sources_are_not_seen(service: Service) -> None:
    await service.client("bob").patch(HERE, json={"username": "wanted"})
    await applied(service, event(username="wanted"))
    assert await told(service, CONFLICTS, tenant=OTHER_TENANT) == []
    assert [each["source"] for each in await told(service, SOURCES, tenant=OTHER_TENANT)] == ["foreign"]


@pytest.mark.parametrize("id", ["0", "-1", "x", "1.0", "99999", "9" * 19, "9" * 30, "%00", "٣"])
async def test_a_dead_letter_that_is_none_is_not_found(service: Service, id: str) -> None:
    answer = await operator(service).post(f"{LETTERS}/{id}/replay")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_delivery_that_is_done_is_no_dead_letter(service: Service) -> None:
    await applied(service, event())
    (row,) = await inbox(service)
    assert (await operator(service).post(f"{LETTERS}/{row['id']}/replay")).status_code == 404


# Who may


PLACES = [("GET", SOURCES), ("GET", LETTERS), ("GET", CONFLICTS), ("POST", f"{LETTERS}/1/replay")]


@pytest.mark.parametrize(("method", "path"), PLACES)
async def test_only_operators_may(service: Service, method: str, path: str) -> None:
    answer = await service.client("alice").request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(("method", "path"), PLACES)
async def test_nobody_may_without_a_token(service: Service, method: str, path: str) -> None:
    for headers in ({}, {"authorization": SECRET}, signed(b"")):
        assert (await service.stranger(headers).request(method, path)).status_code == 401


# Metrics


async def metrics(service: Service) -> dict[str, float]:
    text = (await service.stranger().get("/metrics")).text
    pairs = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


async def test_metrics_count_deliveries_by_what_became_of_them(service: Service) -> None:
    for payload in (event(), event(), event("Role.Created"), b"{"):
        await deliver(service, payload)
    await deliver(service, event(), x="y")
    found = await metrics(service)
    outcomes = ("stored", "duplicate", "ignored", "malformed_body", "invalid_signature")
    names = [f'profilegate_sync_received_total{{outcome="{each}",source="logto"}}' for each in outcomes]
    assert [found[name] for name in names] == [1, 1, 1, 1, 1]


async def test_metrics_show_how_each_source_is_doing(service: Service) -> None:
    await service.client("bob").patch(HERE, json={"username": "wanted"})
    await applied(service, event(username="wanted"))
    await unreadable(service)
    service.clock.seconds += 90
    found = await metrics(service)
    names = ("waiting", "failing", "dead_letters", "conflicts", "lag_seconds", "silence_seconds", "silent")
    assert [found[f'profilegate_sync_{name}{{source="logto"}}'] for name in names] == [0, 0, 1, 1, 0, 90, 0]


async def test_metrics_name_no_user_and_no_tenant(service: Service) -> None:
    await applied(service, event(username="alice_m", name="Alice Moreau"))
    text = (await service.stranger().get("/metrics")).text
    assert not [word for word in ("alice", "Moreau", TENANT, SECRET) if word in text]


async def test_an_unknown_source_makes_no_series(service: Service) -> None:
    before = {name for name in await metrics(service) if "sync" in name}
    for n in range(20):
        await deliver(service, event(), f"made-up-{n}")
    assert {name for name in await metrics(service) if "sync" in name} == before
