"""Who asks meanwhile: for each person one who changes the record and one who reads it, through the real service."""

import asyncio
import re
from collections.abc import Sequence
from itertools import count
from time import monotonic
from typing import Any

import httpx
from msgspec import Struct
from tests.bench.issuing import Person
from tests.failover.findings import Answer, Change

PAUSE = 0.05
"""Seconds between two requests of one client, whatever `Retry-After` says: it is the outage that is measured."""

PATIENCE = 30
"""Seconds after which a client gives up; what takes more than ten counts as a hang all the same."""

RECORD = "/api/profile"
NUMBER = re.compile(r"(\d{8})$")


class Kind(Struct, frozen=True):
    """A way to write a number into the record."""

    method: str
    path: str
    field: str
    text: str

    def body(self, person: Person, number: int) -> dict[str, str]:
        return {self.field: self.text.format(who=person.user_id.replace("-", "_"), number=number)}


KINDS = (
    Kind("PUT", "/v1/profiles/user/{who}", "name", "Name {number:08}"),
    Kind("PATCH", RECORD, "name", "Name {number:08}"),
    Kind("PATCH", RECORD, "username", "{who}_{number:08}"),
)


class Client:
    """One person's: every change has a number of its own, and what was acknowledged is remembered."""

    def __init__(self, url: str, person: Person, kind: Kind) -> None:
        self.person, self.kind = person, kind
        self.changes: list[Change] = []
        self.answers: list[Answer] = []
        self._url, self._ended = url, False

    async def run(self) -> None:
        """First the record is made, so that all that follows changes it."""
        async with self._http() as writing, self._http() as reading:
            (await reading.get(RECORD)).raise_for_status()
            await asyncio.gather(self._write(writing), self._read(reading))

    def end(self) -> None:
        self._ended = True

    async def _write(self, http: httpx.AsyncClient) -> None:
        path = self.kind.path.format(who=self.person.user_id)
        for number in count(1):
            if self._ended:
                return
            body = self.kind.body(self.person, number)
            answer, heard = await self._ask("write", http, self.kind.method, path, json=body)
            self.changes.append(Change(number, answer.ended, version(heard) if answer.status == 200 else None))

    async def _read(self, http: httpx.AsyncClient) -> None:
        while not self._ended:
            answer, heard = await self._ask("read", http, "GET", RECORD)
            if answer.status == 200 and heard is not None:
                answer.number = number_of(heard.json()[self.kind.field])

    async def _ask(
        self, what: str, http: httpx.AsyncClient, method: str, path: str, **options: Any
    ) -> tuple[Answer, httpx.Response | None]:
        began, heard, trouble = monotonic(), None, ""
        try:
            heard = await http.request(method, path, **options)
        except httpx.HTTPError as error:
            trouble = type(error).__name__
        status, later = (heard.status_code, "retry-after" in heard.headers) if heard is not None else (0, False)
        answer = Answer(what, began, monotonic(), status, later, trouble)
        self.answers.append(answer)
        await asyncio.sleep(PAUSE)
        return answer, heard

    def _http(self) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {self.person.token}"}
        return httpx.AsyncClient(base_url=self._url, headers=headers, timeout=PATIENCE, trust_env=False)


def version(heard: httpx.Response | None) -> int:
    """The record's, which its ETag begins with."""
    assert heard is not None
    return int(heard.headers["etag"].strip('"').partition("-")[0])


def number_of(text: str | None) -> int:
    """That of the newest change which the value shows; 0 is what it was at first."""
    found = NUMBER.search(text or "")
    return int(found[1]) if found else 0


def clients(url: str, people: Sequence[Person]) -> list[Client]:
    """One for each of the people, of all kinds alike."""
    return [Client(url, each, KINDS[n % len(KINDS)]) for n, each in enumerate(people)]
