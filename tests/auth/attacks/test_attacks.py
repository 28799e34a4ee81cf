"""Every attack of the table is refused at every door, and the same request done right is admitted."""

import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from tests.faces.running import PUBLIC_URL, Clock

from profilegate.settings import DatabaseSettings

from .case import NO_CREDENTIAL, NONCE_WANTED, Case, Refusal
from .crafting import CANARY
from .table import ATTACKS, CONTROLS, TABLE
from .world import Attempt, Sent, Target, World, standing

DOORS = [("GET", "/v1/profiles/user/alice"), ("GET", "/api/profile"), ("PATCH", "/api/profile")]

METADATA = f"{PUBLIC_URL}/.well-known/oauth-protected-resource"

WINDOW = 12
"""Characters of a credential that no answer has by chance."""

TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
PARAMETER = rf'{TOKEN}="(?:[^"\\]|\\.)*"'
CHALLENGE = re.compile(rf"({TOKEN})(?: ({PARAMETER}(?:, {PARAMETER})*))?(?:, |$)")
"""RFC 9110, section 11.6.1, as strictly as we write it."""


class Worlds:
    """The services under attack, one for each world: they are started once, because that takes longest."""

    def __init__(self, stack: AsyncExitStack, databases: Callable[[], DatabaseSettings]) -> None:
        self._stack, self._databases = stack, databases
        self._standing: dict[tuple[World, bool], Target] = {}

    async def of(self, case: Case) -> Target:
        """Controls have services of their own, and cases that change what others find have fresh ones."""
        assert case.world is not None
        if case.fresh:
            return await self._new(case.world)
        key = case.world, case.is_control
        if key not in self._standing:
            self._standing[key] = await self._new(case.world)
        target = self._standing[key]
        target.network.calm()
        return target

    async def _new(self, world: World) -> Target:
        return await self._stack.enter_async_context(standing(world, self._databases(), Clock()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worlds(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Worlds]:
    def fresh() -> DatabaseSettings:
        return DatabaseSettings(path=str(shutil.copy(sqlite_template, tmp_path_factory.mktemp("attacked") / "db")))

    async with AsyncExitStack() as stack:
        yield Worlds(stack, fresh)


def by_id(case: Case) -> str:
    return case.id.encode("ascii", "backslashreplace").decode()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", ATTACKS, ids=by_id)
async def test_the_attack_is_refused(case: Case, worlds: Worlds, caplog: pytest.LogCaptureFixture) -> None:
    target = await worlds.of(case)
    caplog.set_level("DEBUG", "profilegate")
    for method, path in DOORS:
        attempt = Attempt(target, method, path)
        if case.before is not None:
            await case.before(attempt)
        kept = await target.kept()
        sent = case.sent(attempt)
        answer = await attempt.send(sent)
        check_refusal(answer, case)
        check_secrecy(answer.text + str(answer.headers.multi_items()) + caplog.text, sent)
        assert await target.kept() == kept
        check_fetches(target, case)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", CONTROLS, ids=by_id)
async def test_the_same_done_right_is_admitted(case: Case, worlds: Worlds) -> None:
    target = await worlds.of(case)
    for method, path in DOORS:
        attempt = Attempt(target, method, path)
        if case.before is not None:
            await case.before(attempt)
        answer = await attempt.send(case.sent(attempt))
        assert answer.status_code == 200, answer.text
        check_fetches(target, case)


def check_refusal(answer: httpx.Response, case: Case) -> None:
    assert case.refusal is not None
    assert case.world is not None
    assert answer.status_code == case.refusal.status, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    if case.refusal.scheme is None:
        assert "www-authenticate" not in answer.headers
        return
    challenges = challenges_of(answer)
    assert [(scheme, told.get("error")) for scheme, told in challenges] == expected_challenges(case.refusal)
    assert challenges[0][1].get("resource_metadata") == (METADATA if case.world.server.public_url else None)
    assert all(told["algs"] for scheme, told in challenges if scheme == "DPoP")
    assert ("dpop-nonce" in answer.headers) == (case.refusal is NONCE_WANTED)


def expected_challenges(refusal: Refusal) -> list[tuple[str | None, str | None]]:
    """Whoever sent no credential is told of both schemes."""
    return [("Bearer", None), ("DPoP", None)] if refusal is NO_CREDENTIAL else [(refusal.scheme, refusal.error)]


def challenges_of(answer: httpx.Response) -> list[tuple[str, dict[str, str]]]:
    """The schemes and parameters of the challenge, which must be well-formed to the last character."""
    value = answer.headers["www-authenticate"]
    found = list(CHALLENGE.finditer(value))
    assert "".join(each.group() for each in found) == value
    return [(each.group(1), dict(re.findall(rf'({TOKEN})="((?:[^"\\]|\\.)*)"', each.group(2) or ""))) for each in found]


def check_secrecy(told: str, sent: Sent) -> None:
    """Neither the answer nor the log repeats what was sent."""
    told = told.replace(PUBLIC_URL, "")
    secrets = [value.decode("latin-1") for name, value in sent.headers if name not in (b"content-type", b"host")]
    secrets += [sent.query.partition("=")[2], (sent.body or b"").decode("latin-1")]
    secret = "\n".join(each for each in secrets if len(each) >= WINDOW).replace("Authorization", "")
    assert CANARY not in told
    leaked = {told[n : n + WINDOW] for n in range(len(told) - WINDOW + 1) if told[n : n + WINDOW] in secret}
    assert not leaked


def check_fetches(target: Target, case: Case) -> None:
    """Nobody was asked but the issuers that are configured."""
    assert case.world is not None
    assert target.network.origins <= {each.issuer for each in case.world.issuers}
    assert target.trap.visits == 0
    if case.asks_nobody:
        assert target.network.questions == []


def test_the_table_is_large_and_names_each_case_once() -> None:
    assert len(ATTACKS) >= 170
    assert [name for name, times in Counter(case.id for case in TABLE).items() if times > 1] == []


def test_every_attack_is_to_be_refused_as_the_callers_fault() -> None:
    assert {case.refusal.status for case in ATTACKS if case.refusal} == {400, 401, 403}


def test_every_kind_of_attack_has_a_control_beside_it() -> None:
    assert {case.section for case in ATTACKS} == {case.section for case in CONTROLS}
