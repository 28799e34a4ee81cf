"""What was read a moment ago is answered from one look-up, and only while everything that allowed it still stands."""

from typing import Any

import pytest
from tests.faces.running import OPERATOR, address, key

from profilegate.again import FEW
from profilegate.door import Door

from .conftest import ORIGIN, Both

OWN = "/api/profile"
PATHS = [OWN, address("alice"), address("bob")]


class Outside:
    """A door that answers again, and counts what goes in."""

    def __init__(self, both: Both, most: int = 0) -> None:
        self.both = both
        self.door = Door(both.service.app, most=most, again=both.service.gate.again)

    async def status(self, path: str, *headers: tuple[bytes, bytes], method: str = "GET") -> int:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.door(self.both.scope(path, *headers, method=method), receive, send)
        return int(sent[0]["status"])


async def let_in(both: Both, *paths: str) -> tuple[bytes, bytes]:
    """Alice's token, which was let see these."""
    for user in ("alice", "bob"):
        await both.service.client(user).get(address(user))
    caller = both.bearer("alice")
    for path in paths:
        await both.alike(path, caller)
        assert both.by_itself
    return caller


@pytest.mark.parametrize("path", PATHS)
async def test_what_was_read_before_is_answered_at_a_door_that_lets_nobody_in(both: Both, path: str) -> None:
    caller = await let_in(both, path)
    assert await Outside(both).status(path, caller) == 200
    assert await Outside(both).status(path, both.bearer("alice")) == 503  # another token


@pytest.mark.parametrize(
    ("path", "headers", "method"),
    [
        (PATHS[1] + "?a=b", (), "GET"),
        (PATHS[0], (), "GET"),
        (PATHS[1], (), "PUT"),
        (PATHS[1], (), "DELETE"),
        (PATHS[1], ((b"if-match", b"*"),), "GET"),
        (PATHS[1], ((b"content-length", b"0"),), "GET"),
        (PATHS[1], ((b"dpop", b"x"),), "GET"),
        (PATHS[1], ((b"transfer-encoding", b"chunked"),), "GET"),
        (PATHS[1], ((b"accept", b"a/b"), (b"accept", b"c/d")), "GET"),
        (PATHS[1], ((b"host", b"a/b"),), "GET"),
        (PATHS[1], ((b"host", b""),), "GET"),
    ],
)
async def test_whatever_else_is_asked_has_to_come_in(both: Both, path: str, headers: Any, method: str) -> None:
    caller = await let_in(both, PATHS[1])
    assert await Outside(both).status(path, caller, *headers, method=method) == 503


async def test_the_answer_says_what_the_handlers_would(both: Both) -> None:
    caller = await let_in(both, PATHS[1])
    tag = next(value for name, value in (await both.alike(PATHS[1], caller)).headers if name == b"etag")
    for headers in ([(b"if-none-match", tag)], [(b"origin", ORIGIN.encode())], [(b"origin", b"https://evil.example")]):
        for method in ("GET", "HEAD"):
            await both.alike(PATHS[1], caller, *headers, method=method)
            assert both.by_itself


async def test_only_the_last_paths_are_remembered_with_a_token(both: Both) -> None:
    caller = await let_in(both)
    others = [f"user-{number}" for number in range(FEW + 1)]
    for each in others:
        await both.service.client(each).get(address(each))
        await both.alike(address(each), caller)
    found = [await Outside(both).status(address(each), caller) for each in others]
    assert found == [503, *[200] * FEW]


async def suspended(both: Both) -> None:
    await both.service.gate.repository.suspend(key("alice"), OPERATOR, 1)


async def revoked(both: Both) -> None:
    now = int(both.service.clock() * 1000)
    await both.service.gate.repository.revoke_before(key("alice"), now + 1_000, OPERATOR, now)


async def erased(both: Both) -> None:
    await both.service.gate.repository.erase(key("alice"), OPERATOR, int(both.service.clock() * 1000))


async def reloaded(both: Both) -> None:
    both.service.gate.reload(both.service.gate.settings)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("happened", [suspended, revoked, erased, reloaded])
async def test_nothing_is_answered_again_once_it_might_be_refused(both: Both, path: str, happened: Any) -> None:
    caller = await let_in(both, path)
    await happened(both)
    assert await Outside(both).status(path, caller) == 503
    await both.alike(path, caller)


@pytest.mark.parametrize("path", PATHS[1:])
async def test_a_changed_record_is_read_anew(both: Both, path: str) -> None:
    caller = await let_in(both, path)
    user = path.rpartition("/")[2]
    await both.service.client(user).put(path, json={"name": "Another"})
    assert b"Another" in (await both.alike(path, caller)).body


async def test_an_expired_token_is_answered_nothing(both: Both) -> None:
    caller = await let_in(both, OWN)
    both.service.clock.seconds += 100_000
    assert await Outside(both).status(OWN, caller) == 503
    assert (await both.alike(OWN, caller)).status == 401


async def test_a_path_that_something_outside_has_rewritten_is_not_the_one_that_was_allowed(both: Both) -> None:
    caller = await let_in(both, PATHS[1])
    scope = both.scope(PATHS[1], caller)
    assert both.service.gate.again.found(dict(scope)) is not None  # type: ignore[arg-type]
    assert both.service.gate.again.found({**scope, "path": PATHS[2]}) is None  # type: ignore[arg-type]
    assert both.service.gate.again.found({**scope, "raw_path": PATHS[2].encode()}) is None  # type: ignore[arg-type]


async def test_a_request_that_names_no_host_has_to_come_in(both: Both) -> None:
    caller = await let_in(both, PATHS[1])
    nameless = {**both.scope(PATHS[1], caller), "headers": [caller]}
    assert both.service.gate.again.found(nameless) is None  # type: ignore[arg-type]


async def test_what_somebody_outside_adds_to_an_answer_is_in_no_other(both: Both) -> None:
    caller, again = await let_in(both, PATHS[1]), both.service.gate.again
    seen: list[int] = []

    async def adding(message: Any) -> None:
        if "headers" in message:
            message["headers"].append((b"set-cookie", b"a=b"))
            seen.append(len(message["headers"]))

    for _ in range(2):
        scope: Any = both.scope(PATHS[1], caller)
        found = again.found(scope)
        assert found is not None
        await again.send(found, scope, adding)
    assert seen[0] == seen[1]


async def test_a_path_that_is_read_anew_pushes_out_no_other(both: Both) -> None:
    caller = await let_in(both, *PATHS)
    for name in ("One", "Two", "Three"):
        await both.service.client("bob").put(PATHS[2], json={"name": name})
        assert name.encode() in (await both.alike(PATHS[2], caller)).body
    assert [await Outside(both).status(path, caller) for path in PATHS] == [200] * len(PATHS)
