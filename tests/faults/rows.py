"""The table: each fault at each place in each state, what a client must see of it, and what it does see.

cold: nothing is known of the provider. warm: it was asked before. new: it was asked before, but not about this key
or token. ageing: what is known is older than it may be. stale: nobody has asked for very long.
"""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults import catalogue as faults
from tests.faults.provider import DISCOVERY, INTROSPECT, JWKS, USERINFO
from tests.faults.proxy import Fault
from tests.faults.world import Bench, Callers, Seen, World, world

LONGEST = 5.0
"""Seconds within which every caller is answered."""

HEALING = 6.0
"""Seconds after which a provider that is in order again must be believed again."""

AT_ONCE = 1.0

SETTLING = {"ageing": 0.6}
"""Seconds for what goes on in the background; 0.1 where nothing does."""

EVERYWHERE = "everywhere"

# Rows of one service, and how they begin: too many at once would measure this machine and not the service.
BATCH = 150
PAUSE, CALM = 0.02, 0.015
KEY_MAX_AGE, OPAQUE_MAX_AGE = 2, 1
WAITS = {"JWT": {"ageing": 2.7, "stale": 4.5}, "introspection": {"ageing": 1.3}, "userinfo": {"ageing": 1.3}}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    kind: str
    fault: Fault
    state: str
    expected: str
    places: tuple[str, ...] = ()
    scheme: str = "http"
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def where(self) -> str:
        return " and ".join(self.places) or EVERYWHERE

    def __str__(self) -> str:
        return f"{self.kind}: {self.fault.name}, {self.where}, {self.state}"


@dataclass
class Outcome:
    """What came of one row. `again` is the answer to a second request straight after one that failed for want of
    keys; `more_requests` are the provider's between the two, `left_open` its connections after them."""

    row: Row
    seen: Seen
    again: Seen | None
    requests: int
    more_requests: int
    strayed: int
    left_open: int
    healed: float | None

    @property
    def wrong(self) -> list[str]:
        """What is not as it must be."""
        known = self.row.state == "warm" or (self.row.kind, self.row.state) == ("JWT", "ageing")
        return [
            *([f"should be {self.row.expected}"] if self.seen.code != self.row.expected else []),
            *(["too late"] if self.seen.seconds >= (AT_ONCE if known else LONGEST) else []),
            *(["led astray"] if self.strayed else []),
            *([f"still so {HEALING:.0f} s after the fault"] if self.healed is None else []),
        ]


OK, UNAVAILABLE, INVALID, EXPIRED = "OK", "UNAVAILABLE", "AUTH_001", "AUTH_004"
KEYS_FAIL = {"cold": UNAVAILABLE, "warm": OK, "ageing": OK}
KEYS_FAIL_LATER = {"cold": UNAVAILABLE, "ageing": OK}
EVERY_STATE = {**KEYS_FAIL, "new": UNAVAILABLE, "stale": OK}
FINE = dict.fromkeys(EVERY_STATE, OK)
LOOKUPS_FAIL = {"cold": UNAVAILABLE, "warm": OK, "new": UNAVAILABLE, "ageing": UNAVAILABLE}
LOOKUPS_ARE_FINE = dict.fromkeys(LOOKUPS_FAIL, OK)

# The faults that are looked at in every state; one of each kind.
THOROUGH = {
    "refuses connections",
    "reads, then nothing",
    "1 byte per second",
    "reads, then RST",
    "500",
    "302 to elsewhere",
}


def rows() -> list[Row]:
    """All of them, in the table's order."""
    return [*_of_keys(), *_of_lookups("introspection", INTROSPECT), *_of_lookups("userinfo", USERINFO)]


def _longest_first(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: -WAITS[row.kind].get(row.state, 0))


def _of_keys() -> Iterator[Row]:
    for fault in (*faults.LISTENER, *faults.WIRE, *faults.ANSWERS):
        yield from _states("JWT", fault, EVERY_STATE if fault.name in THOROUGH else KEYS_FAIL)
        if fault not in faults.LISTENER:
            yield from _states("JWT", fault, KEYS_FAIL_LATER if fault.name in THOROUGH else {"cold": UNAVAILABLE}, JWKS)
    yield from _states("JWT", faults.LATE, FINE)
    yield from _states("JWT", faults.TOO_LATE, FINE | {"cold": UNAVAILABLE})
    yield from _states("JWT", faults.TOO_LATE, FINE, JWKS)
    for fault in (*faults.METADATA, *faults.astray("jwks_uri", JWKS)):
        yield from _states("JWT", fault, KEYS_FAIL_LATER, DISCOVERY)
    allowed = faults.pointing("jwks_uri", "{elsewhere}/jwks")
    yield from _states("JWT", Fault("jwks_uri: an allowed origin", allowed), FINE, DISCOVERY, elsewhere_is_ours=True)
    for fault in faults.TO_ELSEWHERE:
        named = Fault(f"{fault.name}, an allowed origin", fault.act)
        yield from _states("JWT", named, KEYS_FAIL_LATER, elsewhere_is_ours=True)
    for fault in faults.KEY_SETS:
        yield from _states("JWT", fault, KEYS_FAIL, JWKS)
    yield from _states("JWT", faults.CHATTER, dict.fromkeys(KEYS_FAIL, OK), JWKS)
    yield from _states("JWT", faults.ROTATION, {"new": OK, "ageing": OK})
    for fault in faults.CLOCKS_AGREE:
        yield from _states("JWT", fault, {"cold": OK, "warm": OK})
    for fault in faults.CLOCKS_DIFFER:
        yield from _states("JWT", fault, {"cold": INVALID, "warm": INVALID})
    for fault in faults.EXPIRED:
        yield from _states("JWT", fault, {"cold": EXPIRED, "warm": EXPIRED})
    for fault in faults.TLS:
        yield from _states("JWT", fault, EVERY_STATE, scheme="https")
    for fault in faults.NAMES:
        yield from _states("JWT", fault, EVERY_STATE, scheme="named")


def _of_lookups(kind: str, place: str) -> Iterator[Row]:
    for fault in (*faults.LISTENER, *faults.WIRE, *faults.ANSWERS):
        places = () if fault in faults.LISTENER else (place,)
        if fault.name in THOROUGH:
            yield from _states(kind, fault, LOOKUPS_FAIL, *places)
        else:
            yield from _states(kind, fault, {"cold": UNAVAILABLE}, *places)
    yield from _states(kind, faults.LATE, LOOKUPS_ARE_FINE, place)
    yield from _states(kind, faults.TOO_LATE, LOOKUPS_ARE_FINE, place)
    yield from _states(kind, faults.TOO_LATE, {"cold": UNAVAILABLE})
    for fault in faults.astray(f"{kind}_endpoint", place):
        yield from _states(kind, fault, {"cold": UNAVAILABLE}, DISCOVERY)
    yield from _states(kind, faults.TLS[0], LOOKUPS_FAIL, scheme="https")
    for fault in faults.NAMES:
        yield from _states(kind, fault, LOOKUPS_FAIL, scheme="named")
    if kind == "introspection":
        yield from _answers_about_tokens()


def _answers_about_tokens() -> Iterator[Row]:
    for fault in faults.REFUSALS_OF_US:
        yield from _states("introspection", fault, LOOKUPS_FAIL, INTROSPECT)
    refused = {"cold": INVALID, "warm": OK, "new": INVALID, "ageing": INVALID}
    for fault in faults.NOT_ACTIVE:
        yield from _states("introspection", fault, refused, INTROSPECT)
    for fault in (*faults.CLOCKS_DIFFER, *faults.EXPIRED):
        yield from _states("introspection", fault, {"cold": EXPIRED if fault in faults.EXPIRED else INVALID})
    for fault in faults.CLOCKS_AGREE:
        yield from _states("introspection", fault, {"cold": OK})


def _states(
    kind: str, fault: Fault, expected: dict[str, str], *places: str, scheme: str = "http", **changes: Any
) -> Iterator[Row]:
    for state, code in expected.items():
        yield Row(kind, fault, state, code, places, scheme, changes)


async def outcomes(rows: Sequence[Row], folder: Path) -> list[Outcome]:
    """What came of all rows. Where something was wrong the machine may have been too busy: these are run once more."""
    faults.bomb()
    async with world(folder) as here, without_long_pauses():
        done = {str(each.row): each for each in await _all(here, rows)}
        if wrong := [each.row for each in done.values() if each.wrong]:
            done |= {str(each.row): each for each in await _all(here, wrong)}
    return [done[str(row)] for row in rows]


@asynccontextmanager
async def without_long_pauses() -> AsyncIterator[None]:
    """What is in memory now is not looked through for garbage again and again."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


async def _all(here: World, rows: Sequence[Row]) -> list[Outcome]:
    """All at the same time; they begin one after another, so that this machine is not what is measured."""
    async with AsyncExitStack() as services:
        ready: list[tuple[Row, Bench, Callers]] = []
        listed = _longest_first(rows)
        for n in range(0, len(listed), BATCH):
            part = listed[n : n + BATCH]
            benches = [await here.bench(row.kind, row.scheme, **_ages(row), **row.changes) for row in part]
            callers = await services.enter_async_context(here.service(*benches))
            ready += [(row, bench, callers) for row, bench in zip(part, benches, strict=True)]
        under_way = [await _begun(here, *each) for each in ready]
        return await asyncio.gather(*under_way)


async def _begun(here: World, row: Row, bench: Bench, callers: Callers) -> asyncio.Task[Outcome]:
    """Under way, after a pause that is longer while this process has too much to do."""
    for _ in range(10):
        began = time.monotonic()
        await asyncio.sleep(PAUSE)
        if time.monotonic() - began < PAUSE + CALM:
            break
    return asyncio.create_task(observed(here, row, bench, callers))


def _ages(row: Row) -> dict[str, Any]:
    """Short lives where a row waits for their end; otherwise the defaults."""
    if row.state not in WAITS[row.kind]:
        return {}
    return {"key_max_age": KEY_MAX_AGE} if row.kind == "JWT" else {"opaque_max_age": OPAQUE_MAX_AGE}


async def observed(here: World, row: Row, bench: Bench, callers: Callers) -> Outcome:
    """Bring the service into the row's state, break the provider, look, mend it, and look again."""
    warm = await _prepare(row, bench, callers)
    if warm is not None and warm.code != OK:
        return Outcome(row, warm, None, 0, 0, 0, 0, None)
    token = _token(row, bench)
    allowed, before = bench.settings.origins, len(bench.proxy.asked)
    await bench.inject(here, row.fault, *row.places)
    seen = await callers.ask(bench, token)
    await asyncio.sleep(SETTLING.get(row.state, 0.1))
    first, again = len(bench.proxy.asked), None
    if row.kind == "JWT" and seen.code == UNAVAILABLE:
        again = await callers.ask(bench, token)
    more, left_open = len(bench.proxy.asked) - first, bench.proxy.open
    strayed = 0 if allowed and row.expected == OK == seen.code else bench.elsewhere.connections
    fresh = _unknown(row, bench, "healed")
    await bench.mend(here)
    healed = await _healed(bench, callers, fresh)
    return Outcome(row, seen, again, first - before, more, strayed, left_open, healed)


async def _prepare(row: Row, bench: Bench, callers: Callers) -> Seen | None:
    """The answer of a provider in order, and the time that then passes; none when it was never asked."""
    if row.state == "cold":
        return None
    seen = await callers.ask(bench, _known(row, bench))
    await asyncio.sleep(WAITS[row.kind].get(row.state, 0))
    return seen


def _token(row: Row, bench: Bench) -> str:
    times: dict[str, Any] = {name: int(bench.provider.now()) + seconds for name, seconds in row.fault.times}
    return _unknown(row, bench, "new", **times) if row.state == "new" else _known(row, bench, **times)


def _known(row: Row, bench: Bench, **times: Any) -> str:
    if row.kind != "JWT":
        return bench.provider.grant("the-usual-token", **times)
    return bench.provider.token(**times)


def _unknown(row: Row, bench: Bench, name: str, **times: Any) -> str:
    """A good token that the service cannot judge without asking."""
    if row.kind != "JWT":
        return bench.provider.grant(f"the-{name}-token", **times)
    bench.provider.rotate(name, keep=True)
    return bench.provider.token(**times)


async def _healed(bench: Bench, callers: Callers, token: str) -> float | None:
    """Seconds until something unknown is looked up well again; None when it takes too long."""
    began = time.monotonic()
    while time.monotonic() - began < HEALING:
        if (await callers.ask(bench, token)).code == OK:
            return time.monotonic() - began
        await asyncio.sleep(1.05)
    return None
