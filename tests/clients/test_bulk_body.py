"""The body of a bulk: made while it is sent."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilegate.client.calls import PIECE, Bulk, Item

ITEM_BYTES = 1_000


class Source:
    """Items as they are drawn, one by one; `drawn` is how many were."""

    def __init__(self, count: int) -> None:
        self.count, self.drawn = count, 0

    def __iter__(self) -> Iterator[Item]:
        while self.drawn < self.count:
            self.drawn += 1
            yield {"app_id": 0, "user_id": str(self.drawn), "profile_data": "x" * ITEM_BYTES}


async def test_a_piece_is_sent_before_more_than_its_own_items_are_drawn() -> None:
    source, sent = Source(100_000), 0
    async for piece in Bulk(source).pieces():
        sent += len(piece)
        assert len(piece) < PIECE + 2 * ITEM_BYTES
        assert source.drawn * ITEM_BYTES <= sent
    assert source.drawn == 100_000


@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text() | st.none()), max_size=5))
async def test_the_pieces_are_one_document(items: list[dict[str, Any]]) -> None:
    body = b"".join([piece async for piece in Bulk(items).pieces()])
    assert json.loads(body) == {"profiles": items}


@pytest.mark.parametrize("made", [list, tuple, iter], ids=["list", "tuple", "iterator"])
async def test_an_iterator_can_be_sent_once(made: Any) -> None:
    bulk = Bulk(made([]))
    assert bulk.can_be_sent
    _ = [piece async for piece in bulk.pieces()]
    assert bulk.can_be_sent == (made is not iter)
