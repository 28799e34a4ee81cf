"""The memory for used proofs of one process, beyond what every such memory does (tests/store/test_proofs.py)."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilegate.auth.dpop import Proof
from profilegate.auth.proof_memory import LocalProofMemory, use_of
from profilegate.errors import Unavailable

uses = st.integers(0, 12).map(lambda number: bytes([number]) * 32)


async def test_a_full_memory_admits_nobody_instead_of_forgetting() -> None:
    memory = LocalProofMemory(most=2)
    assert await memory.is_first(b"a", 100, 0)
    assert await memory.is_first(b"b", 200, 0)
    with pytest.raises(Unavailable):
        await memory.is_first(b"c", 100, 0)
    assert not await memory.is_first(b"a", 100, 99)
    assert not await memory.is_first(b"b", 100, 99)


async def test_it_has_room_again_when_the_oldest_has_ended() -> None:
    memory = LocalProofMemory(most=1)
    assert await memory.is_first(b"a", 100, 0)
    assert await memory.is_first(b"b", 300, 101)
    with pytest.raises(Unavailable):
        await memory.is_first(b"c", 300, 300 - 1)
    assert await memory.is_first(b"c", 500, 301)


async def test_the_order_in_which_they_came_does_not_matter() -> None:
    memory = LocalProofMemory(most=3)
    for use, end in ((b"a", 300), (b"b", 100), (b"c", 200)):
        assert await memory.is_first(use, end, 0)
    assert await memory.is_first(b"d", 400, 101)
    assert not await memory.is_first(b"c", 400, 101)
    assert not await memory.is_first(b"a", 400, 101)


@given(st.lists(st.tuples(uses, st.integers(1, 50), st.integers(0, 5)), max_size=60), st.integers(1, 8))
def test_in_any_history_it_keeps_its_bound_and_admits_nothing_twice(
    history: list[tuple[bytes, int, int]], most: int
) -> None:
    """`used` is a memory without a bound, as the oracle."""

    async def run() -> None:
        memory, used, now = LocalProofMemory(most), dict[bytes, int](), 0
        for use, life, pause in history:
            now += pause
            used = {known: end for known, end in used.items() if end >= now}
            known = use in used
            try:
                assert await memory.is_first(use, now + life, now) is not known
            except Unavailable:
                assert len(used) == most
                assert not known
            else:
                used.setdefault(use, now + life)
            assert len(memory._known) == len(memory._ends) == len(used) <= most

    asyncio.run(run())


def proof(thumbprint: str, jti: str) -> Proof:
    return Proof(thumbprint, jti, None, 0)


@given(st.text("abc-_0", min_size=43, max_size=43), st.text(), st.text("abc-_0", min_size=43, max_size=43), st.text())
def test_a_use_is_told_from_every_other(one: str, first: str, other: str, second: str) -> None:
    same = (one, first) == (other, second)
    assert (use_of(proof(one, first)) == use_of(proof(other, second))) is same


def test_a_use_is_32_bytes_whatever_the_client_wrote() -> None:
    assert {len(use_of(proof("t", jti))) for jti in ("a", "a" * 256, "\0", "𝒶")} == {32}


def test_neither_the_time_nor_the_nonce_make_another_use() -> None:
    assert use_of(Proof("t", "j", None, 1)) == use_of(Proof("t", "j", "n", 2))
