"""The bound on what is remembered is a bound on memory: of any record, with all the answers that are made of it."""

import gc
import itertools
import tracemalloc
from typing import Any

import msgspec
import pytest
from tests.store.caching import Word
from tests.store.databases import opened, repository, service_on
from tests.store.people import ANN, OPERATOR, record

from profilegate.auth.principal import Principal
from profilegate.lane import Lane
from profilegate.profiles.record import Profile, ProfileChange
from profilegate.settings import PERMISSIONS, DatabaseSettings
from profilegate.store.cache import RecordCache
from profilegate.store.engine import Engine
from profilegate.store.profiles import Whole

SHAPES: dict[str, Any] = {
    "nothing": {},
    "what is usual": {"theme": "dark", "language": "en", "list": [1, 2, 3], "deep": {"deeper": {"deepest": True}}},
    "one long text": {"text": "x" * 60_000},
    "a text of emoji": {"text": "\N{GRINNING FACE}" * 15_000},
    "one emoji in a long text": {"text": "x" * 50_000 + "\N{GRINNING FACE}"},
    "numbers": {"list": [*range(1_000, 12_000)]},
    "short texts": {"list": [f"{number} texts" for number in range(5_000)]},
    "empty lists": {"list": [[]] * 20_000},
    "empty objects": {"list": [{}] * 20_000},
    "small objects": {"list": [{"a": 1}] * 8_000},
    "one large object": {f"key {number}": number for number in range(5_000)},
}

COPIES = 5

ANYBODY = Principal(
    tenant_id=ANN.tenant_id, user_id=ANN.user_id, issuer="https://idp.test", subject="ann", permissions=frozenset(),
    is_machine=False, issued_at=None, expires_at=None, claimed=ProfileChange(), scope_of={},
)  # fmt: skip

CALLERS = [
    msgspec.structs.replace(ANYBODY, permissions=frozenset(("read", *some)))
    for count in range(len(PERMISSIONS))
    for some in itertools.combinations([each for each in PERMISSIONS if each != "read"], count)
]
"""Everybody who may read, with whatever other permissions."""


async def looked_at(engine: Engine, lane: Lane, callers: list[Principal]) -> Whole:
    """What is remembered of Ann after all of these have seen her record on both faces."""
    whole = await repository(engine).look(ANN)
    assert whole is not None
    assert isinstance(whole.found, Profile)
    for caller in callers:
        lane._of_own(whole, whole.found, caller)
        lane._of_anybody(whole, whole.found)
    return whole


async def measured(engine: Engine, lane: Lane, callers: list[Principal]) -> tuple[float, int]:
    """Bytes of memory that such a record takes, and those that are counted."""
    kept = [await looked_at(engine, lane, callers)]
    gc.collect()
    tracemalloc.start()
    try:
        kept += [await looked_at(engine, lane, callers) for _ in range(COPIES)]
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / COPIES, kept[0].size
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("callers", [CALLERS[:1], CALLERS], ids=["one caller", "every kind of caller"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
async def test_a_record_takes_at_most_twice_the_memory_that_is_counted(
    sqlite_settings: DatabaseSettings, shape: Any, callers: list[Principal]
) -> None:
    async with opened(sqlite_settings) as engine:
        store = repository(engine)
        await store.create(record(ANN, name="Ann", avatar="https://a.test/ann.svg", custom_data=shape), OPERATOR)
        records = RecordCache(store, store.look, Word(), 0)
        lane = Lane(None, None, None, records, service_on(store))  # type: ignore[arg-type]
        taken, counted = await measured(engine, lane, callers)
    assert counted / 6 <= taken <= 2 * counted
