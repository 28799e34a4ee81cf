"""A change in the lane is the change that the handlers would have made, and its answer is theirs to the byte."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.faces.fixtures import Serve
from tests.faces.running import OPERATOR, Service, address, issuer, key
from tests.store.databases import audit, profiles

from profilegate.errors import StoreUnavailable
from profilegate.lane import MOST_BODY
from profilegate.settings import CacheSettings, DatabaseSettings, ServerSettings

from .conftest import ORIGIN, Both, Told

OWN = "/api/profile"
BATCH = "/v1/profiles/batch"
JSON = (b"content-type", b"application/json")

SCOPED = {"scope": "profile"}
"""What the callers' tokens permit: all but custom data."""

Header = tuple[bytes, bytes]


class Twins:
    """Two services with the same people, one of which has the lane. What is asked of one is asked of the other."""

    def __init__(self, laned: Service, plain: Service) -> None:
        self.both = Both(laned)
        self.services = laned, plain
        self.by_itself = False
        self._tokens: dict[str, str] = {}

    async def known_token(self, service: Service, user: str, **claims: Any) -> str:
        """The caller's token, which the service has seen before: whom it does not know the lane leaves alone."""
        name = f"{id(service)} {user} {claims}"
        if name not in self._tokens:
            self._tokens[name] = service.token(user, **{**SCOPED, **claims})
            await service.stranger({"authorization": f"Bearer {self._tokens[name]}"}).get(address(user))
        return self._tokens[name]

    async def asked(
        self,
        method: str,
        path: str,
        body: bytes | Sequence[bytes],
        *headers: Header,
        user: str = "alice",
        length: bytes | None = None,
        **claims: Any,
    ) -> Told:
        """The answer, which is the same from both, as is what they have stored afterwards."""
        pieces = [body] if isinstance(body, bytes) else [*body]
        said = b"%d" % sum(map(len, pieces)) if length is None else length
        answers = []
        tokens = [await self.known_token(service, user, **claims) for service in self.services]
        before = self.both.handed_on
        for service, known in zip(self.services, tokens, strict=True):
            token = (b"authorization", b"Bearer " + known.encode())
            scope = self.both.scope(path, token, (b"content-length", said), *headers, method=method)
            answers.append(await told(service, scope, pieces))
            if service is self.services[0]:
                self.by_itself = self.both.handed_on == before
        assert answers[0] == answers[1]
        assert await stored(self.services[0]) == await stored(self.services[1])
        return answers[0]


async def told(service: Service, scope: dict[str, Any], pieces: Sequence[bytes]) -> Told:
    left, sent = [*pieces], []

    async def receive() -> Any:
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    await service.app(scope, receive, send)  # type: ignore[arg-type]
    start, *bodies = sent
    headers = sorted((bytes(n).lower(), bytes(v)) for n, v in start["headers"])
    return Told(start["status"], headers, b"".join(each.get("body", b"") for each in bodies))


async def stored(service: Service) -> tuple[Any, Any]:
    return await profiles(service.gate.engine), await audit(service.gate.engine)


@pytest.fixture
async def twins(serve: Serve, sqlite_template: Path, tmp_path: Path) -> Twins:
    common: dict[str, Any] = {
        "server": ServerSettings(public_url="https://profiles.example", cors_origins=(ORIGIN,)),
        "issuers": (issuer(scopes={"profile": ("read", "write"), "data": ("custom_data",)}),),
    }
    other = DatabaseSettings(path=str(shutil.copy(sqlite_template, tmp_path / "other.db")))
    found = Twins(await serve(**common), await serve(**common, database=other, cache=CacheSettings(lane=False)))
    for service in found.services:
        for user in ("alice", "bob"):
            assert (await service.client(user, **SCOPED).get(address(user))).status_code == 200
            await service.gate.repository.whole(key(user))
        await service.client("alice", **SCOPED).get(OWN)
    return found


PLAIN: list[tuple[str, str, Any]] = [
    ("PUT", address("alice"), {"name": "New"}),
    ("PUT", address("alice"), {"name": "Ünïcode 🐯"}),
    ("PUT", address("alice"), {"regenerate_avatar": True}),
    ("PUT", address("alice"), {"name": "New", "regenerate_avatar": True, "unknown": 1}),
    ("PUT", address("alice"), {}),
    ("PUT", address("alice"), {"name": None}),
    ("PATCH", OWN, {"name": "New"}),
    ("PATCH", OWN, {"name": ""}),
    ("PATCH", OWN, {"name": None, "avatar": None}),
    ("PATCH", OWN, {"username": "alice_1", "avatar": "https://a.test/ä"}),
    ("PATCH", "/api/my-account", {"avatar": "https://a.test/a.png"}),
    ("POST", BATCH, {"user_ids": ["alice", "bob", "alice"]}),
]


@pytest.mark.parametrize("wanted", ["PUT", "PATCH", "POST"])
async def test_a_plain_change_is_made_alike_and_without_the_handlers(twins: Twins, wanted: str) -> None:
    for method, path, body in PLAIN:
        if method == wanted:
            answer = await twins.asked(method, path, json.dumps(body).encode(), JSON)
            assert (answer.status, twins.by_itself) == (200, True), body
            again = await twins.asked(method, path, json.dumps(body).encode(), JSON, (b"origin", ORIGIN.encode()))
            assert (again.status, twins.by_itself) == (200, True), body
            assert (b"access-control-allow-origin", ORIGIN.encode()) in again.headers


ODD: list[tuple[str, str, Any]] = [
    ("PUT", address("alice"), b'{"name": ""}'),
    ("PUT", address("alice"), b'{"name": 7}'),
    ("PUT", address("alice"), b'{"name": "a\\u0000b"}'),
    ("PUT", address("alice"), b'{"name": "' + b"x" * 129 + b'"}'),
    ("PUT", address("alice"), b'{"name": "\xff"}'),
    ("PUT", address("alice"), b'{"other": "\xff"}'),
    ("PUT", address("alice"), b'{"name": "x"'),
    ("PUT", address("alice"), b"[]"),
    ("PUT", address("alice"), b"\xef\xbb\xbf{}"),
    ("PUT", address("alice"), b" "),
    ("PUT", address("bob"), b'{"name": "Not mine"}'),
    ("PUT", address("nobody"), b'{"name": "Not there"}'),
    ("PUT", address("a/b"), b'{"name": "x"}'),
    ("PATCH", OWN, b'{"username": "a b"}'),
    ("PATCH", OWN, b'{"username": "0x"}'),
    ("PATCH", OWN, b'{"username": null}'),
    ("PATCH", OWN, b'{"avatar": "ftp://x"}'),
    ("PATCH", OWN, b'{"customData": {"a": 1}}'),
    ("PATCH", OWN, b'{"customData": {"a": 1e400}}'),
    ("PATCH", OWN, b"[]"),
    ("PATCH", OWN, b"null"),
    ("PATCH", OWN, b"{}"),
    ("PATCH", OWN, b""),
    ("PATCH", f"{OWN}/profile", b'{"locale": "de"}'),
    ("PATCH", f"{OWN}/", b'{"name": "x"}'),
    ("PATCH", f"{OWN}?x=1", b'{"name": "x"}'),
    ("POST", BATCH, b'{"user_ids": []}'),
    ("POST", BATCH, b'{"user_ids": ["alice", "nobody"]}'),
    ("POST", BATCH, b'{"user_ids": ["a\\u0007"]}'),
    ("POST", BATCH, b'{"user_ids": "alice"}'),
    ("POST", BATCH, json.dumps({"user_ids": ["alice"] * 201}).encode()),
    ("POST", f"{BATCH}/", b'{"user_ids": ["alice"]}'),
]


@pytest.mark.parametrize("wanted", ["PUT", "PATCH", "POST"])
async def test_whatever_is_odd_is_the_handlers_to_answer(twins: Twins, wanted: str) -> None:
    for method, path, body in ODD:
        if method == wanted:
            await twins.asked(method, path, body, JSON)
            assert not twins.by_itself, (path, body)


HEADERS: list[list[Header]] = [
    [],
    [(b"content-type", b"application/json; charset=utf-8")],
    [(b"content-type", b"application/merge-patch+json")],
    [(b"content-type", b"text/plain")],
    [JSON, JSON],
    [JSON, (b"if-match", b'"1-phoenix-0"')],
    [JSON, (b"if-match", b'"9-phoenix-0"')],
    [JSON, (b"if-match", b"*")],
    [JSON, (b"content-encoding", b"gzip")],
    [JSON, (b"transfer-encoding", b"chunked")],
    [JSON, (b"dpop", b"x")],
    [JSON, (b"host", b"a"), (b"host", b"b")],
    [JSON, (b"authorization", b"Bearer x")],
]


@pytest.mark.parametrize(("method", "path"), [("PUT", address("alice")), ("PATCH", OWN)])
async def test_whatever_else_comes_with_it_is_the_handlers_to_judge(twins: Twins, method: str, path: str) -> None:
    for headers in HEADERS:
        await twins.asked(method, path, b'{"name": "New"}', *headers)
        assert not twins.by_itself, headers


async def test_headers_that_mean_nothing_for_a_change_change_nothing(twins: Twins) -> None:
    for header in ((b"if-none-match", b"*"), (b"accept", b"text/html"), (b"cookie", b"a=b")):
        answer = await twins.asked("PUT", address("alice"), b'{"name": "New"}', JSON, header)
        assert (answer.status, twins.by_itself) == (200, True), header


async def test_a_body_in_pieces_is_read_whole(twins: Twins) -> None:
    pieces = [b'{"na', b"", b'me": "In pie', b'ces"}']
    answer = await twins.asked("PUT", address("alice"), pieces, JSON)
    assert (json.loads(answer.body)["name"], twins.by_itself) == ("In pieces", True)


async def test_a_body_in_pieces_that_is_odd_reaches_the_handlers_whole(twins: Twins) -> None:
    answer = await twins.asked("PATCH", OWN, [b'{"name": "In', b' pieces", "username"', b': "0"}'], JSON)
    assert not twins.by_itself
    assert b"username" in answer.body


async def test_a_long_body_is_the_handlers(twins: Twins) -> None:
    body = json.dumps({"name": "New", "x": "y" * MOST_BODY}).encode()
    assert (await twins.asked("PUT", address("alice"), body, JSON)).status == 200
    assert not twins.by_itself


async def test_a_length_that_is_none_is_the_handlers(twins: Twins) -> None:
    for length in (b"", b"x", b"-1", b"0", b"+15", b"99999999999999999999"):
        await twins.asked("PUT", address("alice"), b'{"name": "New"}', JSON, length=length)
        assert not twins.by_itself, length


async def test_a_client_that_goes_away_in_the_middle_changes_nothing(twins: Twins) -> None:
    service = twins.services[0]
    before = await stored(service)
    token = (b"authorization", b"Bearer " + service.token("alice", **SCOPED).encode())
    scope = twins.both.scope(address("alice"), token, JSON, (b"content-length", b"15"), method="PUT")

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None: ...

    await service.app(scope, receive, send)  # type: ignore[arg-type]
    assert await stored(service) == before


async def test_an_operator_changes_anybodys_record_and_nobody_else_does(twins: Twins) -> None:
    for user in ("root", "alice"):
        for service in twins.services:
            await service.client(user, operator=True, **SCOPED).get(address(user))
    changed = await twins.asked("PUT", address("bob"), b'{"name": "By root"}', JSON, user="root", operator=True)
    assert (changed.status, twins.by_itself) == (200, True)
    refused = await twins.asked("PUT", address("bob"), b'{"name": "By alice"}', JSON)
    assert (refused.status, twins.by_itself) == (403, False)


async def test_who_is_suspended_or_revoked_changes_nothing_from_that_moment_on(twins: Twins) -> None:
    for service in twins.services:
        now = service.clock.milliseconds
        await service.gate.repository.suspend(key("alice"), OPERATOR, now)
        await service.gate.repository.revoke_before(key("bob"), now, OPERATOR, now)
    assert (await twins.asked("PUT", address("alice"), b'{"name": "x"}', JSON)).status == 403
    assert (await twins.asked("PATCH", OWN, b'{"name": "x"}', JSON, user="bob")).status == 401


async def test_a_token_without_the_permission_changes_nothing(twins: Twins) -> None:
    answer = await twins.asked("PATCH", OWN, b'{"customData": {"a": 1}}', JSON, scope="openid profile")
    assert (answer.status, twins.by_itself) == (403, False)


async def test_a_username_that_is_taken_is_refused_alike(twins: Twins) -> None:
    assert (await twins.asked("PATCH", OWN, b'{"username": "popular"}', JSON)).status == 200
    for service in twins.services:
        await service.client("bob", **SCOPED).get(OWN)
    answer = await twins.asked("PATCH", OWN, b'{"username": "POPULAR"}', JSON, user="bob")
    assert (answer.status, twins.by_itself) == (422, False)


async def test_a_database_that_goes_away_at_the_change_is_asked_once(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    async def away(*_: object) -> Any:
        asked.append(_)
        raise StoreUnavailable

    for service in twins.services:
        monkeypatch.setattr(service.gate.engine, "write", away)
    assert (await twins.asked("PUT", address("alice"), b'{"name": "x"}', JSON)).status == 503
    assert len(asked) == 2  # one for each twin


async def test_the_own_change_is_seen_by_the_next_read(twins: Twins) -> None:
    for n in range(3):
        await twins.asked("PUT", address("alice"), b'{"name": "Name %d"}' % n, JSON)
        token = (b"authorization", b"Bearer " + twins.services[0].token("alice", **SCOPED).encode())
        scope = twins.both.scope(address("alice"), token)
        assert json.loads((await told(twins.services[0], scope, [b""])).body)["name"] == f"Name {n}"
