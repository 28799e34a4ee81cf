"""What every memory for used proofs does: of one process, of the embedded database, of PostgreSQL."""

import asyncio
import hashlib
import itertools
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, cast

import pytest
from tests.store.databases import at_once, cut_off_unnoticed, opened, rows

from profilegate.auth.proof_memory import LocalProofMemory, ProofMemory
from profilegate.errors import StoreUnavailable, Unavailable
from profilegate.settings import DatabaseSettings
from profilegate.store import proofs
from profilegate.store.engine import Engine, Row
from profilegate.store.proofs import CLEANUPS, MOST_CLEANED, ProofRepository
from profilegate.store.statements import Statement
from profilegate.store.tables import ProofRow

NOW = 1_769_594_400
END = NOW + 120


def use(name: object) -> bytes:
    return hashlib.sha256(str(name).encode()).digest()


class Dice:
    """Decides, instead of chance, which uses take away what has ended: none, unless told otherwise."""

    def __init__(self) -> None:
        self.thrown = 1.0

    def random(self) -> float:
        return self.thrown

    def cleans(self, does: bool = True) -> None:
        self.thrown = 0.0 if does else 1.0


@pytest.fixture(autouse=True)
def dice(monkeypatch: pytest.MonkeyPatch) -> Dice:
    made = Dice()
    monkeypatch.setattr(proofs, "random", made)
    return made


@pytest.fixture(params=["local", "sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> DatabaseSettings | None:
    """The database of the memory; the one of a process has none."""
    return None if request.param == "local" else request.getfixturevalue(f"{request.param}_settings")


@pytest.fixture
async def memory(place: DatabaseSettings | None) -> AsyncIterator[ProofMemory]:
    if place is None:
        yield LocalProofMemory()
        return
    async with opened(place) as engine:
        yield ProofRepository(engine)


# All of them


async def test_the_first_use_is_the_first_and_every_later_one_is_not(memory: ProofMemory) -> None:
    assert [await memory.is_first(use("a"), END, NOW) for _ in range(4)] == [True, False, False, False]


async def test_each_use_is_its_own(memory: ProofMemory) -> None:
    uses = [use(n) for n in range(20)] + [bytes(32), b"\xff" * 32, b"\x00" + b"\xff" * 31, b"'" * 32]
    assert [await memory.is_first(each, END, NOW) for each in uses] == [True] * len(uses)
    assert [await memory.is_first(each, END, NOW) for each in uses] == [False] * len(uses)


async def test_uses_that_differ_in_one_bit_are_two(memory: ProofMemory) -> None:
    start = use("a")
    others = [start[:n] + bytes([start[n] ^ 1]) + start[n + 1 :] for n in range(32)]
    assert [await memory.is_first(each, END, NOW) for each in [start, *others]] == [True] * 33


@pytest.mark.parametrize("does", [False, True])
async def test_of_fifty_at_once_exactly_one_is_the_first(memory: ProofMemory, dice: Dice, does: bool) -> None:
    dice.cleans(does)
    answers = await at_once(memory.is_first(use("a"), END, NOW) for _ in range(50))
    assert (answers.count(True), answers.count(False)) == (1, 49)


async def test_it_is_known_until_nobody_would_accept_it_any_more(memory: ProofMemory, dice: Dice) -> None:
    """Up to and with its last second, while others come and take away what has ended."""
    await memory.is_first(use("a"), END, NOW)
    dice.cleans()
    for n, now in enumerate((NOW, NOW + 60, END - 1, END)):
        assert await memory.is_first(use(n), END + 1000, now)
        assert not await memory.is_first(use("a"), END, now)


async def test_a_later_end_for_the_same_use_changes_nothing(memory: ProofMemory) -> None:
    await memory.is_first(use("a"), END, NOW)
    assert not await memory.is_first(use("a"), END + 60, NOW)
    assert not await memory.is_first(use("a"), NOW, NOW)


async def test_a_clock_that_is_behind_makes_nothing_the_first_again(memory: ProofMemory) -> None:
    await memory.is_first(use("a"), END, NOW)
    assert not await memory.is_first(use("a"), END, NOW - 10**6)


async def test_when_it_has_ended_and_was_taken_away_the_use_is_free(memory: ProofMemory, dice: Dice) -> None:
    await memory.is_first(use("a"), END, NOW)
    dice.cleans()
    await memory.is_first(use("b"), END + 1000, END + 1)
    assert await memory.is_first(use("a"), END + 1000, END + 1)


# The databases


async def test_a_row_is_the_digest_and_its_end_and_nothing_of_the_client(engine: Engine) -> None:
    await ProofRepository(engine).is_first(bytes(range(32)), END, NOW)
    (row,) = await rows(engine, ProofRow)
    assert (row["digest"], row["expires_at"]) == ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", END)


async def test_a_proof_outlives_the_process(settings: DatabaseSettings) -> None:
    async with opened(settings) as engine:
        assert await ProofRepository(engine).is_first(use("a"), END, NOW)
    async with opened(settings) as engine:
        assert not await ProofRepository(engine).is_first(use("a"), END, NOW)


@pytest.mark.parametrize(("thrown", "left"), [(0.0, 1), (0.999 / CLEANUPS, 1), (1 / CLEANUPS, 2), (0.999, 2)])
async def test_chance_decides_which_uses_take_away_what_has_ended(
    engine: Engine, dice: Dice, thrown: float, left: int
) -> None:
    """One in sixteen, and never the client's choice."""
    memory = ProofRepository(engine)
    await memory.is_first(use("a"), END, NOW)
    dice.thrown = thrown
    await memory.is_first(use("x"), END + 1000, END + 1)
    assert len(await rows(engine, ProofRow)) == left


async def test_what_has_not_ended_is_never_taken_away(engine: Engine, dice: Dice) -> None:
    memory = ProofRepository(engine)
    for n, end in enumerate((NOW - 1, NOW, NOW + 1, END)):
        await memory.is_first(use(n), end, NOW - 1000)
    dice.cleans()
    await memory.is_first(use("x"), END + 1, NOW)
    assert sorted(row["expires_at"] for row in await rows(engine, ProofRow)) == [NOW, NOW + 1, END, END + 1]


async def test_only_so_many_are_taken_away_at_once_and_the_oldest_first(engine: Engine, dice: Dice) -> None:
    memory = ProofRepository(engine)
    for n in range(MOST_CLEANED + 10):
        await memory.is_first(use(n), NOW + n, NOW)
    dice.cleans()
    await memory.is_first(use("x"), 2 * NOW, NOW + 1000)
    left = sorted(row["expires_at"] for row in await rows(engine, ProofRow))
    assert left == [*(NOW + MOST_CLEANED + n for n in range(10)), 2 * NOW]


async def test_more_go_than_come(engine: Engine, dice: Dice) -> None:
    """However long it goes on, about as many rows are left as have not ended."""
    memory, chance = ProofRepository(engine), random.Random(7)
    for n in range(400):
        dice.thrown = chance.random()
        await memory.is_first(use(n), NOW + n + 20, NOW + n)
    assert len(await rows(engine, ProofRow)) < 20 + 10 * CLEANUPS
    assert MOST_CLEANED > 2 * CLEANUPS


async def test_many_that_take_away_at_once_hinder_nobody(engine: Engine, dice: Dice) -> None:
    memory = ProofRepository(engine)
    for n in range(60):
        await memory.is_first(use(n), NOW + n, NOW)
    dice.cleans()
    answers = await at_once(memory.is_first(use(("x", n)), END + 1000, END + 1) for n in range(30))
    assert answers == [True] * 30
    assert {row["expires_at"] for row in await rows(engine, ProofRow)} == {END + 1000}


async def test_a_cleaning_that_fails_takes_nothing_from_the_answer(engine: Engine, dice: Dice) -> None:
    class Tired:
        """Takes what is remembered, and nothing away."""

        engine_type = engine.engine_type

        async def write(self, change: Sequence[Statement], values: Mapping[str, Any]) -> Sequence[Row]:
            if "DELETE" in change[0].sql:
                raise StoreUnavailable
            return await engine.write(change, values)

    dice.cleans()
    memory = ProofRepository(cast(Engine, Tired()))
    assert [await memory.is_first(use("a"), END, NOW) for _ in range(2)] == [True, False]


# Several processes on one PostgreSQL


@pytest.fixture
async def engines(postgres_settings: DatabaseSettings) -> AsyncIterator[Sequence[Engine]]:
    async with opened(postgres_settings) as one, opened(postgres_settings) as other:
        yield one, other


async def test_of_fifty_at_once_on_two_engines_exactly_one_is_the_first(engines: Sequence[Engine], dice: Dice) -> None:
    memories = [ProofRepository(engine) for engine in engines]
    for does, name in itertools.product((False, True), range(5)):
        dice.cleans(does)
        calls = (memories[n % 2].is_first(use((does, name)), END, NOW) for n in range(50))
        answers = await at_once(calls)
        assert (answers.count(True), answers.count(False)) == (1, 49)


async def test_what_one_process_took_the_other_knows(engines: Sequence[Engine]) -> None:
    one, other = (ProofRepository(engine) for engine in engines)
    assert await one.is_first(use("a"), END, NOW)
    assert not await other.is_first(use("a"), END, NOW)


async def test_two_processes_that_take_away_at_once_wait_for_nobody(engines: Sequence[Engine], dice: Dice) -> None:
    one, other = (ProofRepository(engine) for engine in engines)
    for n in range(100):
        await one.is_first(use(n), NOW + n, NOW)
    dice.cleans()
    calls = (memory.is_first(use((n, id(memory))), END + 1000, END + 1) for n in range(25) for memory in (one, other))
    assert await at_once(calls) == [True] * 50


# Trouble


async def test_a_database_that_is_closed_admits_nobody(settings: DatabaseSettings) -> None:
    async with opened(settings) as engine:
        memory = ProofRepository(engine)
    with pytest.raises(StoreUnavailable):
        await memory.is_first(use("a"), END, NOW)
    assert issubclass(StoreUnavailable, Unavailable)


async def test_a_connection_that_was_cut_admits_nobody_twice(postgres_settings: DatabaseSettings) -> None:
    async with opened(postgres_settings) as engine:
        memory = ProofRepository(engine)
        assert await memory.is_first(use("a"), END, NOW)
        cut_off_unnoticed(postgres_settings)
        answers = []
        for _ in range(3):
            try:
                answers.append(await memory.is_first(use("a"), END, NOW))
            except Unavailable:
                answers.append(False)
        assert answers == [False] * 3


async def test_a_caller_that_goes_away_leaves_the_use_taken_or_free_and_nothing_between(engine: Engine) -> None:
    memory = ProofRepository(engine)
    for n in range(10):
        caller = asyncio.create_task(memory.is_first(use(n), END, NOW))
        await asyncio.sleep(0)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
        answers = [await memory.is_first(use(n), END, NOW) for _ in range(2)]
        assert answers in ([True, False], [False, False])
