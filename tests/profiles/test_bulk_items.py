"""One item of a bulk: what it must be, in whatever way it is written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.profiles.json_values import pairs, plain, spaces
from tests.profiles.strategies import identifiers

from profilegate.errors import InvalidField
from profilegate.profiles.applications import LARGEST_ID
from profilegate.profiles.bulk import BulkItem, read
from profilegate.profiles.json_text import DECODER, Limits, compact, value_of

LIMITS = Limits()


def item(text: str, limits: Limits = LIMITS) -> BulkItem:
    return read(7, DECODER.decode(text), text, limits)


def refusal(text: str, limits: Limits = LIMITS) -> tuple[str, str]:
    with pytest.raises(InvalidField) as caught:
        item(text, limits)
    return caught.value.field, caught.value.rule


def written(user_id: str = '"ann"', app_id: str = "0", data: str = "{}") -> str:
    return f'{{"app_id":{app_id},"profile_data":{data},"user_id":{user_id}}}'


def test_the_documented_item_is_read() -> None:
    text = '{"app_id": 0, "profile_data": {"additionalProp1": {}}, "user_id": "string"}'
    assert item(text) == BulkItem(7, "string", 0, '{"additionalProp1":{}}')


@given(pairs(), identifiers(255), st.integers(0, LARGEST_ID), st.permutations(range(3)), st.tuples(*[spaces] * 4))
def test_members_may_come_in_any_order_and_the_document_is_kept(
    pair: tuple[Any, str], user_id: str, app_id: int, order: list[int], blanks: tuple[str, ...]
) -> None:
    members = [f'"user_id":{json.dumps(user_id)}', f'"app_id":{blanks[0]}{app_id}', f'"profile_data":{pair[1]}']
    text = f"{{{blanks[1]}" + f"{blanks[2]},".join(members[n] for n in order) + f"{blanks[3]}}}"
    found = item(text)
    assert (found.index, found.user_id, found.app_id) == (7, user_id, app_id)
    assert found.data == compact(pair[1])
    assert plain(value_of(found.data)) == plain(pair[0])


@pytest.mark.parametrize("number", ["1.10", "1e400", "-0", "9" * 50, "-0.0e-0"])
def test_numbers_are_kept_digit_for_digit(number: str) -> None:
    assert item(written(data=f"[ {number} ]")).data == f"[{number}]"


@pytest.mark.parametrize("name", ["user_id", "app_id", "profile_data"])
def test_every_member_must_be_there(name: str) -> None:
    members = {"user_id": '"ann"', "app_id": "0", "profile_data": "{}"}
    del members[name]
    assert refusal("{" + ",".join(f'"{each}":{value}' for each, value in members.items()) + "}") == (name, "is missing")


@pytest.mark.parametrize("text", ["[]", "1", '"a"', "null", "true", "[[]]"])
def test_an_item_is_an_object(text: str) -> None:
    assert refusal(text) == ("item", "must be an object")


def test_there_are_no_other_members() -> None:
    field, rule = refusal('{"app_id":0,"profile_data":1,"user_id":"a","secret":1}')
    assert field == "item"
    assert "secret" not in rule


@pytest.mark.parametrize(
    "user_id", ['""', "1", "null", "[]", '"é"', '"a\\nb"', '"\\u0000"', f'"{"x" * 256}"', '"\\ud800"']
)
def test_a_user_id_is_printable_ascii(user_id: str) -> None:
    assert refusal(written(user_id=user_id))[0] == "user_id"


@pytest.mark.parametrize("user_id", ['" "', f'"{"x" * 255}"', '"a\\"b"', '"\\u0061"', '"auth0|1"', '"12"'])
def test_a_user_id_may_have_any_printable_character(user_id: str) -> None:
    assert item(written(user_id=user_id)).user_id == json.loads(user_id)


@pytest.mark.parametrize(
    "app_id", ["-1", "-0", "1.0", "1e0", '"1"', "null", "true", "[0]", f"{LARGEST_ID + 1}", "9" * 30, "1e400", "1.5"]
)
def test_an_app_id_is_an_integer_of_31_bits(app_id: str) -> None:
    assert refusal(written(app_id=app_id)) == ("app_id", f"must be an integer between 0 and {LARGEST_ID}")


@pytest.mark.parametrize("app_id", [0, 1, LARGEST_ID])
def test_any_such_integer_is_an_app_id(app_id: int) -> None:
    assert item(written(app_id=str(app_id))).app_id == app_id


@pytest.mark.parametrize(
    ("data", "limits", "rule"),
    [
        ('"123456789"', Limits(bytes=10), "must be at most 10 bytes of JSON"),
        ('"ééééé"', Limits(bytes=10), "must be at most 10 bytes of JSON"),
        ("[[[]]]", Limits(depth=2), "must be nested at most 2 levels deep"),
        ('{"a":{"b":1}}', Limits(keys=1), "must have at most 1 members"),
        ('"\\u0000"', LIMITS, "must not contain NUL"),
        ('{"\\u0000":1}', LIMITS, "must not contain NUL"),
        ('"\\ud800"', LIMITS, "must not contain lone surrogates"),
        ('"x\\udc00y"', LIMITS, "must not contain lone surrogates"),
        ('{"\\ud800\\ud800":[]}', LIMITS, "must not contain lone surrogates"),
    ],
)
def test_a_document_that_breaks_a_rule_is_named(data: str, limits: Limits, rule: str) -> None:
    assert refusal(written(data=data), limits) == ("profile_data", rule)


@pytest.mark.parametrize("data", ['"12345678"', " [ 1 , 2 , 3 ] ", "[[1]]"])
def test_a_document_at_the_limits_is_taken(data: str) -> None:
    assert item(written(data=data), Limits(bytes=10, depth=2, keys=0)).data == compact(data)


@given(st.lists(st.sampled_from("a\0\ud800\udfffé😀\\"), max_size=4).map("".join))
def test_any_string_is_taken_or_refused_with_a_rule(text: str) -> None:
    sent = written(data=json.dumps(text))
    good = "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in json.loads(json.dumps(text)))
    if good:
        assert json.loads(item(sent).data) == json.loads(json.dumps(text))
    else:
        assert refusal(sent)[0] == "profile_data"
