"""The items of a body that comes in pieces are the same however it is cut, and what is no such body is refused."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.profiles.json_values import pairs, plain, spaces, values, written

from profilegate.errors import MalformedBody
from profilegate.profiles import json_stream
from profilegate.profiles.json_stream import LONGEST_ITEM, Item, ItemStream
from profilegate.profiles.json_text import text_of

Body = tuple[list[Any], str]


@pytest.fixture(autouse=True, scope="module", params=[LONGEST_ITEM, 40], ids=["usual", "tiny"])
def buffer(request: pytest.FixtureRequest) -> Iterator[int]:
    """The longest item: also one so short that items are read while others are still to come."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "LONGEST_ITEM", request.param)
        yield request.param


def items(pieces: Iterable[bytes]) -> list[Item]:
    stream = ItemStream()
    found = [item for piece in pieces for item in stream.feed(piece)]
    return [*found, *stream.end()]


def outcome(pieces: Iterable[bytes]) -> object:
    try:
        return [(plain(item.value), item.text, item.problem) for item in items(pieces)]
    except MalformedBody:
        return "malformed"


def cut(body: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


def singly(body: bytes) -> list[bytes]:
    return [bytes([each]) for each in body]


def profiles(*texts: str) -> bytes:
    return ('{"profiles":[' + ",".join(texts) + "]}").encode()


@st.composite
def bodies(draw: st.DrawFn, longest: int = 30) -> Body:
    """Values and a body that has them as its items, each written in at most `longest` characters."""
    given_pairs = draw(st.lists(pairs().filter(lambda pair: len(pair[1]) <= longest), max_size=25))
    inner = ",".join(text for _, text in given_pairs) or draw(spaces)
    head = f'{draw(spaces)}{{{draw(spaces)}"profiles"{draw(spaces)}:{draw(spaces)}['
    return [value for value, _ in given_pairs], f"{head}{inner}]{draw(spaces)}}}{draw(spaces)}"


@settings(max_examples=40)
@given(bodies(), st.lists(st.integers(0, 10**6), max_size=12))
def test_the_items_are_the_same_however_the_body_is_cut(body: Body, places: list[int]) -> None:
    wanted, text = body
    sent = text.encode()
    for pieces in ([sent], cut(sent, places), singly(sent)):
        assert [plain(item.value) for item in items(pieces)] == [plain(value) for value in wanted]


@settings(max_examples=40)
@given(bodies(), st.lists(st.integers(0, 10**6), max_size=12))
def test_the_text_of_an_item_is_what_was_sent(body: Body, places: list[int]) -> None:
    found = items(cut(body[1].encode(), places))
    assert [json.loads(item.text) for item in found] == json.loads(body[1])["profiles"]
    assert [item.problem for item in found] == [None] * len(found)


@settings(max_examples=40)
@given(bodies(), st.integers(0, 10**6), st.lists(st.integers(0, 10**6), max_size=6))
def test_a_body_that_ends_too_early_is_malformed_wherever_it_ends(body: Body, end: int, places: list[int]) -> None:
    sent = body[1].rstrip().encode()
    assert outcome(cut(sent[: end % len(sent)], places)) == "malformed"


@settings(max_examples=40)
@given(bodies(), st.integers(0, 10**6), st.binary(min_size=1, max_size=3), st.lists(st.integers(0, 10**6), max_size=6))
def test_a_damaged_body_means_the_same_however_it_is_cut(
    body: Body, place: int, damage: bytes, places: list[int]
) -> None:
    sent = body[1].encode()
    at = place % len(sent)
    damaged = sent[:at] + damage + sent[at + 1 :]
    assert outcome([damaged]) == outcome(cut(damaged, places)) == outcome(singly(damaged))


@settings(max_examples=40)
@given(bodies(longest=40), st.lists(st.integers(0, 10**6), max_size=12))
def test_items_up_to_the_limit_are_taken_however_the_body_is_cut(body: Body, places: list[int]) -> None:
    sent = body[1].encode()
    assert len(items(cut(sent, places))) == len(items(singly(sent))) == len(body[0])


@pytest.mark.parametrize("text", ['"é😀\u2028"', '"\\ud83d\\ude00\\u00e9\\n\\\\"', '{"é":"\\"","😀":[1e5]}'])
def test_a_cut_within_a_character_or_an_escape_changes_nothing(text: str) -> None:
    body = profiles(*[text] * 20)
    for place in range(len(body)):
        found = items([body[:place], body[place:]])
        assert [item.value for item in found] == [found[0].value] * 20


def test_pieces_may_be_empty() -> None:
    body = profiles("1", "2")
    assert len(items([b"", body[:5], b"", b"", body[5:], b""])) == 2


@pytest.mark.parametrize("body", ['{"profiles":[]}', ' {\n"profiles"\t:\r[ ] } \n'])
def test_there_may_be_no_item(body: str) -> None:
    assert items([body.encode()]) == items(singly(body.encode())) == []


NO_BODY = [
    "", " ", "{}", "[]", "null", "1", '{"profiles":null}', '{"profiles":{}}', '{"profiles":1}', '{"profile":[]}',
    '{"Profiles":[]}', '{"profiles":[]', '{"profiles":[', '{"profiles":', '{"profiles"', '{"profiles":[1,]}',
    '{"profiles":[,1]}', '{"profiles":[1 2]}', '{"profiles":[1],}', '{"profiles":[1]}}', '{"profiles":[1]} x',
    '{"profiles":[1]}{"profiles":[2]}', '{"profiles":[1],"more":1}', '{"more":1,"profiles":[1]}',
    '{"profiles":[1],"profiles":[2]}', '{"profiles":[1}', '{"profiles":[1;2]}', '{"profiles":[{"a":1]}', "\ufeff{}",
    '{"profiles":[tru]}', '{"profiles":["a]}', '{"profiles":[01]}', '{"profiles":["\n"]}', '{"profiles":[1]}\0',
    '{"profiles":[1]]}', '[{"profiles":[]}]', '{"profiles":[[1]}', '{"profiles":[{]}', '{"profiles":[{"a"}]}',
]  # fmt: skip


@pytest.mark.parametrize("body", NO_BODY)
def test_what_is_no_such_body_is_malformed(body: str) -> None:
    assert outcome([body.encode()]) == outcome(singly(body.encode())) == "malformed"


@pytest.mark.parametrize("wrong", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80"])
def test_what_is_no_utf8_is_malformed(wrong: bytes) -> None:
    body = b'{"profiles":["' + wrong + b'"]}'
    assert outcome([body]) == outcome(singly(body)) == "malformed"


def test_a_character_that_is_not_complete_at_the_end_is_malformed() -> None:
    assert outcome([b'{"profiles":[]} \xc3']) == "malformed"


@pytest.mark.parametrize("bad", ['{"a":1,"a":2}', '{"a":{"b":[],"b":[]}}', "[NaN]", '{"a":-Infinity}'])
def test_an_item_that_not_everybody_reads_alike_is_told_of_and_the_others_are_read(bad: str) -> None:
    for pieces in ([profiles("1", bad, "2")], singly(profiles("1", bad, "2"))):
        one, wrong, two = items(pieces)
        assert (one.value, wrong.value, two.value) == ("1", None, "2")
        assert wrong.problem


@pytest.mark.parametrize("place", [0, 7, 19])
def test_a_problem_stays_with_its_item(place: int) -> None:
    texts = ["1"] * 20
    texts[place] = '{"x":1,"x":1}'
    found = items(singly(profiles(*texts)))
    assert [n for n, item in enumerate(found) if item.problem] == [place]


@pytest.mark.parametrize("depth", [1_500, 100_000])
def test_an_item_that_is_nested_without_end_is_no_accident(depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "LONGEST_ITEM", LONGEST_ITEM)
    for text in ("[" * depth + "]" * depth, "[" * depth, '{"a":' * depth + "1" + "}" * depth):
        found = outcome([profiles("1", text, "2")])
        assert found == "malformed" or isinstance(found, list)


@pytest.mark.parametrize("over", [0, 1])
def test_an_item_is_as_long_as_the_limit_and_no_longer(buffer: int, over: int) -> None:
    text = json.dumps("x" * (buffer - 2 + over))
    for before in (0, 1, 3):
        body = profiles(*["1"] * before, text, *["1"] * 100)
        for pieces in ([body], cut(body, range(0, len(body), max(1, len(body) // 7)))):
            found = outcome(pieces)
            assert (found == "malformed") == bool(over), (before, len(pieces))


@pytest.mark.parametrize("after", range(1, 12))
def test_an_item_at_the_limit_is_taken_wherever_the_pieces_end(buffer: int, after: int) -> None:
    text = json.dumps("x" * (buffer - 2))
    body = profiles(*[text] * 5)
    start = len(b'{"profiles":[')
    edge = start + 2 * len(text) + after - 6
    assert len(items([body[:edge], body[edge:]])) == 5


@pytest.mark.parametrize("where", ["before", "begin", "between", "after comma", "end", "after"])
def test_white_space_between_items_may_be_of_any_length(buffer: int, where: str) -> None:
    blank = {where: " " * (3 * buffer)}
    body = (
        f'{blank.get("before", "")}{{"profiles":[{blank.get("begin", "")}"a"{blank.get("between", "")},'
        f'{blank.get("after comma", "")}"b"{blank.get("end", "")}]}}{blank.get("after", "")}'
    ).encode()
    for size in (len(body), buffer + 1, buffer // 2):
        pieces = [body[n : n + size] for n in range(0, len(body), size)]
        assert [item.value for item in items(pieces)] == ["a", "b"], size


def test_no_more_than_a_few_items_are_held_while_others_come(buffer: int) -> None:
    text = json.dumps("x" * (buffer // 2))
    stream, given_out = ItemStream(), 0
    body = profiles(*[text] * 40)
    for n in range(0, len(body), buffer):
        given_out += len([*stream.feed(body[n : n + buffer])])
        assert given_out * (len(text) + 1) >= n - 4 * buffer
    assert given_out + len([*stream.end()]) == 40


def test_nothing_is_read_twice_when_there_are_very_many_items() -> None:
    texts = [text_of({"n": f"{n}"}) for n in range(5_000)]
    body = profiles(*texts)
    assert [item.text for item in items(cut(body, range(0, len(body), 997)))] == texts


@given(values, st.data())
def test_an_item_may_be_any_value_in_any_writing(value: Any, data: st.DataObject) -> None:
    texts: Sequence[str] = [data.draw(written(value)) for _ in range(3)]
    if all(len(text) <= 40 for text in texts):
        body = profiles(*texts)
        assert [plain(item.value) for item in items(singly(body))] == [plain(value)] * 3
