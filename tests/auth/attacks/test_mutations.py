"""No change of a genuine token or proof, however small, passes: the signature is over every byte of it."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.faces.running import Clock

from profilegate.settings import DatabaseSettings

from .case import bearer
from .crafting import token
from .keys import EC, ED, PSS, RSA
from .proofs import bound, proof, with_proofs
from .world import PLAIN, Attempt, Sent, Target, standing

SIGNERS = {"ES256": EC, "RS256": RSA, "PS256": PSS, "EdDSA": ED}

Mutation = Callable[[bytes], bytes]
places = st.floats(0, 1, exclude_max=True)
"""Where in a text, as a part of its length."""


class Attacked:
    """The service, called from outside any event loop."""

    def __init__(self, runner: asyncio.Runner, target: Target) -> None:
        self._runner = runner
        self.attempt = Attempt(target, "GET", "/api/profile")
        self.genuine = {name: token(self.attempt, None, by).encode() for name, by in SIGNERS.items()}
        self.bound = bound(self.attempt)
        self.proof = proof(self.attempt, self.bound).encode()

    def answer(self, sent: Sent) -> httpx.Response:
        return self._runner.run(self.attempt.send(sent))


@pytest.fixture(scope="module")
def attacked(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("mutated") / "db")
    stack = AsyncExitStack()
    with asyncio.Runner() as runner:
        target = runner.run(stack.enter_async_context(standing(PLAIN, DatabaseSettings(path=str(path)), Clock())))
        yield Attacked(runner, target)
        runner.run(stack.aclose())


def at(text: bytes, place: float) -> int:
    return int(place * len(text))


@st.composite
def flips(draw: st.DrawFn) -> Mutation:
    place, bit = draw(places), draw(st.integers(0, 7))

    def flip(text: bytes) -> bytes:
        n = at(text, place)
        return text[:n] + bytes([text[n] ^ 1 << bit]) + text[n + 1 :] if text else text

    return flip


@st.composite
def deletions(draw: st.DrawFn) -> Mutation:
    place, length = draw(places), draw(st.integers(1, 200))
    return lambda text: text[: at(text, place)] + text[at(text, place) + length :]


@st.composite
def repetitions(draw: st.DrawFn) -> Mutation:
    place, length = draw(places), draw(st.integers(1, 200))
    return lambda text: text[: at(text, place) + length] + text[at(text, place) :]


@st.composite
def insertions(draw: st.DrawFn) -> Mutation:
    place, more = (
        draw(places),
        draw(st.binary(min_size=1, max_size=4) | st.sampled_from([b".", b"=", b"A", b"-", b" "])),
    )
    return lambda text: text[: at(text, place)] + more + text[at(text, place) :]


@st.composite
def orders(draw: st.DrawFn) -> Mutation:
    chosen = draw(st.lists(st.integers(0, 2), min_size=1, max_size=5))

    def reorder(text: bytes) -> bytes:
        parts = text.split(b".")
        return b".".join(parts[n % len(parts)] for n in chosen)

    return reorder


mutations = st.lists(flips() | deletions() | repetitions() | insertions() | orders(), min_size=1, max_size=3)


def mutated(text: bytes, changes: list[Mutation]) -> bytes:
    """The text after all changes; white space around it is no change."""
    for change in changes:
        text = change(text)
    return text.strip()


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_the_genuine_token_passes(attacked: Attacked, algorithm: str) -> None:
    assert attacked.answer(bearer(attacked.genuine[algorithm])).status_code == 200


@given(st.sampled_from(sorted(SIGNERS)), mutations)
@settings(max_examples=400)
def test_no_changed_token_passes(attacked: Attacked, algorithm: str, changes: list[Mutation]) -> None:
    sent = mutated(attacked.genuine[algorithm], changes)
    assume(sent != attacked.genuine[algorithm])
    answer = attacked.answer(bearer(sent))
    assert answer.status_code in (400, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer ")


@given(st.permutations(["ES256", "RS256", "PS256"]), st.integers(0, 2))
def test_no_token_with_a_part_of_another_one_passes(attacked: Attacked, algorithms: list[str], place: int) -> None:
    first, second = (attacked.genuine[each].split(b".") for each in algorithms[:2])
    first[place] = second[place]
    assume(b".".join(first) not in attacked.genuine.values())
    assert attacked.answer(bearer(b".".join(first))).status_code == 401


@given(mutations)
@settings(max_examples=200)
@example([lambda text: text + b","])
def test_no_changed_proof_passes(attacked: Attacked, changes: list[Mutation]) -> None:
    sent = mutated(attacked.proof, changes)
    assume(sent != attacked.proof)
    answer = attacked.answer(with_proofs(attacked.bound, sent))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("DPoP ")


def test_the_genuine_proof_passes(attacked: Attacked) -> None:
    fresh = proof(attacked.attempt, attacked.bound)
    assert attacked.answer(with_proofs(attacked.bound, fresh)).status_code == 200
