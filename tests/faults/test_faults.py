"""Whatever a provider does, a caller is told the truth within five seconds, and what is known goes on working."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from tests.faults import catalogue as faults
from tests.faults.growth import resident
from tests.faults.provider import DISCOVERY, INTROSPECT, JWKS, USERINFO
from tests.faults.rows import AT_ONCE, INVALID, LONGEST, OK, UNAVAILABLE, Outcome, Row, outcomes, rows
from tests.faults.world import Bench, Callers, Seen, World, world
from tests.minting import make_key

ROWS = rows()
ROOT = Path(__file__).parents[2]
COOLDOWN = 1
ONE_FETCH = [DISCOVERY, JWKS]
PLACES = {"introspection": INTROSPECT, "userinfo": USERINFO}
OPAQUE = pytest.mark.parametrize("kind", PLACES)
STATUS = {OK: 200, UNAVAILABLE: 503}
MOST_GROWTH = 20_000_000
"""Bytes."""

Table = dict[str, Outcome]


# The table


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """All rows, run once."""
    return {str(each.row): each for each in asyncio.run(outcomes(ROWS, tmp_path_factory.mktemp("table")))}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_client_sees_what_the_table_says(row: Row, table: Table) -> None:
    seen = table[str(row)].seen
    assert (seen.code, seen.status) == (row.expected, STATUS.get(row.expected, 401))
    assert (seen.retry_after is not None) == (seen.status == 503)
    assert 1 <= int(seen.retry_after or 1) <= 60


def test_every_answer_comes_within_five_seconds(table: Table) -> None:
    assert {name: each.seen.short for name, each in table.items() if each.seen.seconds >= LONGEST} == {}


def test_what_is_known_is_used_at_once(table: Table) -> None:
    assert [name for name, each in table.items() if "too late" in each.wrong] == []


def test_the_place_that_is_pointed_at_is_never_asked(table: Table) -> None:
    assert [name for name, each in table.items() if each.strayed] == []


def test_a_provider_that_is_in_order_again_is_believed_again(table: Table) -> None:
    assert [name for name, each in table.items() if each.healed is None] == []


def test_ageing_keys_are_asked_for_while_they_serve(table: Table) -> None:
    ageing = {name: each for name, each in table.items() if (each.row.kind, each.row.state) == ("JWT", "ageing")}
    assert [name for name, each in ageing.items() if not each.requests and not each.row.fault.is_of_the_listener] == []


def test_a_provider_that_just_failed_to_give_keys_is_left_alone_for_a_moment(table: Table) -> None:
    again = {name: each.again for name, each in table.items() if each.again is not None}
    assert [name for name in again if table[name].more_requests] == []
    assert {name: each.short for name, each in again.items() if each.code != UNAVAILABLE} == {}
    assert {name: each.seconds for name, each in again.items() if each.seconds >= AT_ONCE} == {}


def test_no_connection_is_kept_that_was_given_up(table: Table) -> None:
    cold = {name: each for name, each in table.items() if each.row.state == "cold" and each.seen.code == UNAVAILABLE}
    assert {name: each.left_open for name, each in cold.items() if each.left_open > 1} == {}


# One provider


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def all_of(callers: Callers, bench: Bench, tokens: Sequence[str], at_once: int = 2000) -> list[Seen]:
    """The answers to one request with each token, so many at the same time."""
    seen: list[Seen] = []
    for n in range(0, len(tokens), at_once):
        seen += await asyncio.gather(*(callers.ask(bench, each) for each in tokens[n : n + at_once]))
    return seen


def codes(seen: Sequence[Seen]) -> set[str]:
    return {each.code for each in seen}


async def test_two_hundred_cold_callers_cause_one_discovery_and_one_fetch_of_keys(here: World) -> None:
    bench = await here.bench()
    async with here.service(bench) as callers:
        assert codes(await all_of(callers, bench, [bench.provider.token()] * 200)) == {OK}
    assert bench.proxy.asked == ONE_FETCH


async def test_a_thousand_unknown_key_ids_cause_one_fetch_per_cool_down(here: World) -> None:
    bench = await here.bench(key_cooldown=COOLDOWN)
    foreign = make_key("ES256", "foreign")
    forged = [bench.provider.token({"kid": f"made-up-{n}"}, foreign) for n in range(1000)]
    async with here.service(bench) as callers:
        await callers.ask(bench, bench.provider.token())
        for made_up in (forged, forged[:100]):
            bench.proxy.asked.clear()
            began = time.monotonic()
            assert codes(await all_of(callers, bench, made_up)) == {INVALID}
            most = 1 + (time.monotonic() - began) // COOLDOWN
            assert 1 <= bench.proxy.asked.count(JWKS) <= most
            assert bench.proxy.asked.count(DISCOVERY) <= most
            await asyncio.sleep(COOLDOWN + 0.1)


async def test_unknown_key_ids_take_nothing_from_the_holders_of_good_tokens(here: World) -> None:
    bench = await here.bench()
    foreign = make_key("ES256", "foreign")
    forged = [bench.provider.token({"kid": f"made-up-{n}"}, foreign) for n in range(200)]
    async with here.service(bench) as callers:
        await callers.ask(bench, bench.provider.token())
        await bench.inject(here, faults.NEVER)
        flood = asyncio.create_task(all_of(callers, bench, forged))
        good = await all_of(callers, bench, [bench.provider.token()] * 20)
        await bench.mend(here)
        assert codes(await flood) <= {INVALID, UNAVAILABLE}
    assert codes(good) == {OK}
    assert max(each.seconds for each in good) < AT_ONCE * 2


@pytest.mark.parametrize("keep", [True, False], ids=["keeping the old key", "withdrawing the old key"])
async def test_a_rotation_under_load_refuses_no_new_token_and_causes_one_fetch(here: World, keep: bool) -> None:
    bench = await here.bench()
    old = bench.provider.token()
    async with here.service(bench) as callers:
        await callers.ask(bench, old)
        bench.proxy.asked.clear()
        early = asyncio.create_task(all_of(callers, bench, [old] * 100))
        await asyncio.sleep(0.01)
        bench.provider.rotate("key-2", keep)
        seen = await all_of(callers, bench, [bench.provider.token(), old] * 50)
        assert codes(seen[::2]) == {OK}
        assert codes(await early) | codes(seen[1::2]) <= ({OK} if keep else {OK, INVALID})
    assert bench.proxy.asked.count(JWKS) == 1
    assert bench.proxy.asked.count(DISCOVERY) <= 1


async def test_a_key_that_was_withdrawn_signs_nothing_any_more(here: World) -> None:
    bench = await here.bench()
    old = bench.provider.token()
    async with here.service(bench) as callers:
        await callers.ask(bench, old)
        bench.provider.rotate("key-2")
        await callers.ask(bench, bench.provider.token())
        assert (await callers.ask(bench, old)).code == INVALID


async def test_a_token_that_expires_during_an_outage_has_expired(here: World) -> None:
    bench = await here.bench()
    token = bench.provider.token()
    async with here.service(bench) as callers:
        assert (await callers.ask(bench, token)).code == OK
        await bench.inject(here, faults.REFUSES)
        here.now += 3600 + 31
        assert (await callers.ask(bench, token)).code == "AUTH_004"


async def test_both_faces_word_an_outage(here: World) -> None:
    bench = await here.bench()
    async with here.service(bench) as callers:
        await bench.inject(here, faults.REFUSES)
        answer = await callers.client.get(
            "/api/profile", headers={"authorization": f"Bearer {bench.provider.token()}", "host": bench.host}
        )
    assert (answer.status_code, set(answer.json())) == (503, {"message", "code"})
    assert 1 <= int(answer.headers["retry-after"]) <= 60


async def test_a_provider_that_hangs_holds_up_no_other(here: World) -> None:
    hanging = [await here.bench() for _ in range(20)]
    good = await here.bench()
    async with here.service(*hanging, good) as callers:
        for each in hanging:
            await each.inject(here, faults.NEVER)
        waiting = asyncio.gather(*(callers.ask(each, each.provider.token()) for each in hanging))
        await asyncio.sleep(0.5)
        seen = await callers.ask(good, good.provider.token())
        for each in hanging:
            await each.mend(here)
        assert codes(await waiting) <= {OK, UNAVAILABLE}
    assert seen.code == OK
    assert seen.seconds < AT_ONCE


async def test_a_connection_without_a_handshake_is_closed_when_it_is_given_up(here: World) -> None:
    bench = await here.bench("introspection", "https")
    tokens = [f"token-{n}" for n in range(20)]
    async with here.service(bench) as callers:
        await callers.ask(bench, bench.provider.grant("good"))
        await bench.inject(here, faults.SILENT)
        assert codes(await all_of(callers, bench, tokens)) == {UNAVAILABLE}
        async with asyncio.timeout(30):
            while bench.proxy.open:  # noqa: ASYNC110 - only the proxy knows
                await asyncio.sleep(0.02)


def test_huge_answers_do_not_make_the_process_grow() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    command = [sys.executable, "-m", "tests.faults.growth"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) < MOST_GROWTH


# Opaque tokens


@OPAQUE
async def test_a_hundred_callers_with_one_opaque_token_cause_one_lookup(here: World, kind: str) -> None:
    bench = await here.bench(kind)
    token = bench.provider.grant("good")
    async with here.service(bench) as callers:
        assert codes(await all_of(callers, bench, [token] * 100)) == {OK}
        assert codes(await all_of(callers, bench, [token] * 100)) == {OK}
    assert bench.proxy.asked == [DISCOVERY, PLACES[kind]]


@OPAQUE
async def test_a_hundred_callers_with_one_junk_token_cause_one_lookup(here: World, kind: str) -> None:
    bench = await here.bench(kind)
    async with here.service(bench) as callers:
        assert codes(await all_of(callers, bench, ["junk"] * 100)) == {INVALID}
        assert codes(await all_of(callers, bench, ["junk"] * 100)) == {INVALID}
    assert bench.proxy.asked == [DISCOVERY, PLACES[kind]]


async def test_a_flood_of_junk_does_not_push_a_good_token_out_nor_fill_the_memory(here: World) -> None:
    bench = await here.bench("introspection")
    token = bench.provider.grant("good")
    async with here.service(bench) as callers:
        assert (await callers.ask(bench, token)).code == OK
        await all_of(callers, bench, [f"warm-up-{n}" for n in range(200)], at_once=20)
        before = resident()
        seen = await all_of(callers, bench, [f"junk-{n}" for n in range(5000)], at_once=8)
        assert resident() - before < MOST_GROWTH
        assert codes(seen) == {INVALID}
        bench.proxy.asked.clear()
        assert (await callers.ask(bench, token)).code == OK
    assert bench.proxy.asked == []


@OPAQUE
async def test_a_revoked_opaque_token_is_refused_when_the_answer_about_it_is_too_old(here: World, kind: str) -> None:
    bench = await here.bench(kind, opaque_max_age=1)
    token = bench.provider.grant("good")
    async with here.service(bench) as callers:
        assert (await callers.ask(bench, token)).code == OK
        bench.provider.grants.clear()
        await asyncio.sleep(1.1)
        assert (await callers.ask(bench, token)).code == INVALID


async def test_an_opaque_token_is_not_taken_longer_than_it_lives(here: World) -> None:
    bench = await here.bench("introspection")
    token = bench.provider.grant("good", exp=int(here.now) + 1)
    async with here.service(bench) as callers:
        assert (await callers.ask(bench, token)).code == OK
        await asyncio.sleep(1.1)
        here.now += 1 + 31
        assert (await callers.ask(bench, token)).code == "AUTH_004"


async def test_opaque_tokens_that_hang_hold_up_no_other_provider(here: World) -> None:
    slow, good = await here.bench("introspection"), await here.bench()
    tokens = [slow.provider.grant(f"good-{n}") for n in range(150)]
    async with here.service(slow, good) as callers:
        await callers.ask(slow, tokens[0])
        await slow.inject(here, faults.NEVER)
        waiting = asyncio.create_task(all_of(callers, slow, tokens[1:]))
        await asyncio.sleep(0.5)
        seen = await callers.ask(good, good.provider.token())
        refused = await waiting
    assert seen.code == OK
    assert seen.seconds < AT_ONCE
    assert codes(refused) == {UNAVAILABLE}
    assert max(each.seconds for each in refused) < LONGEST


async def test_four_providers_that_hang_hold_up_no_fifth(here: World) -> None:
    slow = [await here.bench("introspection") for _ in range(4)]
    good = await here.bench()
    tokens = [f"token-{n}" for n in range(40)]
    async with here.service(*slow, good) as callers:
        for each in slow:
            await callers.ask(each, each.provider.grant("good"))
            await each.inject(here, faults.NEVER)
        waiting = asyncio.gather(*(all_of(callers, each, tokens) for each in slow))
        await asyncio.sleep(0.5)
        seen = await callers.ask(good, good.provider.token())
        for each in slow:
            await each.mend(here)
        await waiting
    assert seen.code == OK
    assert seen.seconds < AT_ONCE


@OPAQUE
async def test_a_jwt_of_the_same_issuer_goes_on_while_its_lookups_fail(here: World, kind: str) -> None:
    bench = await here.bench(kind)
    async with here.service(bench) as callers:
        await bench.inject(here, faults.NEVER, PLACES[kind])
        assert (await callers.ask(bench, bench.provider.token())).code == OK
