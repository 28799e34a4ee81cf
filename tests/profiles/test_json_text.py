"""A document comes out as it went in, or is refused with the field and the rule; merging is RFC 7396."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.profiles.json_values import numbers, pairs, plain, strings, values

from profilegate.errors import InvalidField, MalformedBody
from profilegate.profiles.json_text import DECODER, Broken, Limits, Number, checked, compact, merged, text_of, value_of

LIMITS = Limits()
SMALL = Limits(bytes=20, depth=3, keys=4)


def read(text: str) -> Any:
    """What Python's own reader makes of it, numbers by their letters."""
    return json.loads(text, parse_float=Number, parse_int=Number)


def refusal(text: str, limits: Limits = LIMITS) -> InvalidField:
    with pytest.raises(InvalidField) as caught:
        checked("profile_data", text, limits)
    return caught.value


def seconds(text: str) -> float:
    began = time.process_time()
    with suppress(InvalidField, MalformedBody):
        checked("profile_data", text, LIMITS)
    return time.process_time() - began


def quickest(text: str) -> float:
    """Of five: a garbage collection of the whole suite's objects that falls into one of them is not the text's."""
    return min(seconds(text) for _ in range(5))


class CountedName(str):
    """A member's name that counts how often it is compared with another."""

    compared = 0
    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        CountedName.compared += 1
        return str.__eq__(self, other)  # type: ignore[arg-type]


@given(pairs())
def test_any_text_keeps_its_value(pair: tuple[Any, str]) -> None:
    value, text = pair
    assert plain(value_of(checked("profile_data", text, LIMITS))) == plain(value)


@given(pairs())
def test_what_is_checked_is_the_same_json_to_every_reader(pair: tuple[Any, str]) -> None:
    assert read(checked("profile_data", pair[1], LIMITS)) == read(pair[1])


@given(values)
def test_a_value_written_and_read_is_the_same_value(value: Any) -> None:
    assert plain(value_of(text_of(value))) == plain(value)


@given(values)
def test_what_is_compact_already_is_left_letter_by_letter(value: Any) -> None:
    text = text_of(value)
    assert checked("profile_data", text, LIMITS) == text


@given(values)
def test_the_shortest_text_is_what_pythons_own_writer_makes(value: Any) -> None:
    if "number" not in str(plain(value)):
        assert text_of(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@given(pairs())
def test_only_white_space_between_parts_is_taken_away(pair: tuple[Any, str]) -> None:
    once = compact(pair[1])
    assert compact(once) == once
    assert read(once) == read(pair[1])
    assert sorted(set(pair[1]) - set(" \t\r\n")) == sorted(set(once) - set(" \t\r\n"))


@given(numbers)
def test_a_number_keeps_every_digit(number: Number) -> None:
    text = f'{{"n":[{number}]}}'
    assert checked("profile_data", text, LIMITS) == text
    assert text_of(value_of(text)) == text
    assert text_of(merged(value_of(text), value_of('{"m":1.0}'))) == f'{{"n":[{number}],"m":1.0}}'


@pytest.mark.parametrize("number", ["1.10", "1e400", "-0", "-0.0", "1E+2", "0.1e-5", "9" * 50, "1" * 5000, "-1e-999"])
def test_known_hard_numbers_are_kept(number: str) -> None:
    assert checked("profile_data", f" {number} ", LIMITS) == number
    assert text_of(value_of(number)) == number


@pytest.mark.parametrize("text", ["null", "true", "false", '""', "[]", "{}", '"1"', "0", '{"":{}}', '["\\u0022"]'])
def test_any_kind_of_value_may_be_a_document(text: str) -> None:
    assert checked("profile_data", text, LIMITS) == text


def test_members_stay_in_their_order() -> None:
    assert checked("profile_data", '{"b": 1, "a": 2, "0": 3}', LIMITS) == '{"b":1,"a":2,"0":3}'


NO_JSON = [
    "", " ", "{", "[1", '"a', "tru", "nul", "NaN", "Infinity", "-Infinity", "[NaN]", "01", "1.", ".5", "+1", "1e",
    "- 1", "{a:1}", "{'a':1}", '{"a":1,}', "[1,]", "[,]", '{"a" 1}', "1 2", "{}{}",
    '"\x01"', '"\n"', '"\\x"', '"\\u12"',
    '"\\u00g0"', "\ufeff1", "\xa01", "\x0b1", "//\n1", "/* */1", "undefined", "tr ue", "[1 2]",
    '{"a":1 0}', "1 .5", "1\n0", '{"a":1 "b":2}', '"\\', "１",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_JSON)
def test_what_is_no_json_is_malformed(text: str) -> None:
    with pytest.raises(MalformedBody) as caught:
        checked("profile_data", text, LIMITS)
    assert str(caught.value).startswith("The request body is not JSON: ")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text('{}[]":,\\u0123dD ntf\n', max_size=20))
def test_any_text_is_taken_exactly_when_pythons_reader_takes_it(text: str) -> None:
    try:
        wanted = json.loads(text, parse_constant=_refuse)
    except ValueError:
        with pytest.raises((MalformedBody, InvalidField)):
            checked("profile_data", text, LIMITS)
        return
    with suppress(InvalidField):  # twice the same member, NUL, half a character
        assert json.loads(checked("profile_data", text, LIMITS)) == wanted


def _refuse(_: str) -> Any:
    raise ValueError


TWICE = ['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '[{"b":{"":0,"":0}}]', '{"é":1,"\\u00e9":1}', '{"a":{"a":1},"a":1}']


@pytest.mark.parametrize("text", TWICE)
def test_a_member_is_there_once(text: str) -> None:
    error = refusal(text)
    assert (error.field, error.reason) == ("profile_data", "json")
    assert "twice" in error.rule


def test_equal_names_on_different_levels_are_different_members() -> None:
    text = '{"a":{"a":[{"a":1},{"a":2}]}}'
    assert checked("profile_data", text, LIMITS) == text


@pytest.mark.parametrize("text", ['"\\u0000"', '{"\\u0000":1}', '[[{"a":"x\\u0000y"}]]', '{"a":{"\\u0000":1}}'])
def test_nul_is_refused_wherever_it_is(text: str) -> None:
    error = refusal(text)
    assert (error.field, error.rule, error.reason) == ("profile_data", "must not contain NUL", "characters")


HALVES = ['"\\ud800"', '"\\uDFFF"', '"\\udc00\\ud800"', '{"\\ud83d":1}', '["a\\ud83db\\ude00"]', '"\\ud83d\\\\ude00"']


@pytest.mark.parametrize("text", HALVES)
def test_half_of_a_surrogate_pair_is_refused(text: str) -> None:
    error = refusal(text)
    assert (error.field, error.rule, error.reason) == ("profile_data", "must not contain lone surrogates", "characters")


@pytest.mark.parametrize("text", ['"\\ud83d\\ude00"', '"\\uD83D\\uDE00"', '"\\\\u0000"', '"\\\\ud800"', '"\\u0001"'])
def test_what_only_looks_like_nul_or_half_a_character_is_taken(text: str) -> None:
    assert checked("profile_data", text, LIMITS) == text


@given(st.lists(st.sampled_from("a\0\ud800\udc00é😀\\"), max_size=5).map("".join))
def test_a_string_is_taken_exactly_when_it_has_neither_nul_nor_half_a_character(text: str) -> None:
    text = json.loads(json.dumps(text))  # two halves that meet are one character
    bad = "\0" in text or any("\ud800" <= each <= "\udfff" for each in text)
    for ascii_only in (True, False):
        sent = json.dumps(text, ensure_ascii=ascii_only)
        if bad:
            assert refusal(sent).reason == "characters"
        else:
            assert value_of(checked("profile_data", sent, LIMITS)) == text


@pytest.mark.parametrize("shape", ["[{}]", '{{"a":{}}}'])
def test_depth_is_levels_of_objects_and_arrays(shape: str) -> None:
    def nested(levels: int) -> str:
        text = "{}"
        for _ in range(levels - 1):
            text = shape.format(text)
        return text

    assert checked("profile_data", nested(32), LIMITS)
    error = refusal(nested(33))
    assert (error.rule, error.reason) == ("must be nested at most 32 levels deep", "too_deep")


def test_brackets_within_strings_are_no_levels() -> None:
    text = json.dumps(["[{" * 100])
    assert checked("profile_data", text, LIMITS) == text


def test_many_siblings_are_no_depth() -> None:
    assert checked("profile_data", "[" + ",".join(["[]"] * 500) + "]", LIMITS)


@pytest.mark.parametrize("levels", [500, 1_000, 5_000, 30_000])
@pytest.mark.parametrize("pair", ["[]", "{}"])
def test_any_depth_is_refused_and_never_an_accident(levels: int, pair: str) -> None:
    opening = "[" if pair == "[]" else '{"":'
    text = opening * levels + pair + pair[1] * levels
    assert refusal(text, Limits(bytes=10**6)).reason in {"too_deep", "json"}


@pytest.mark.parametrize(("text", "fits"), [('"' + "é" * 9 + '"', True), ('"' + "é" * 9 + 'a"', False)])
def test_size_is_bytes_of_utf8(text: str, fits: bool) -> None:
    if fits:
        assert checked("profile_data", text, SMALL) == text
    else:
        error = refusal(text, SMALL)
        assert (error.rule, error.reason) == ("must be at most 20 bytes of JSON", "too_long")


def test_white_space_does_not_count() -> None:
    assert checked("profile_data", " [ 1 , 2 ] " + " " * 100, SMALL) == "[1,2]"


def test_exactly_the_limit_fits() -> None:
    assert len(checked("profile_data", '"' + "a" * 65_534 + '"', LIMITS)) == 65_536
    assert refusal('"' + "a" * 65_535 + '"').reason == "too_long"


def test_members_of_all_objects_are_counted_together() -> None:
    limits = Limits(keys=4)
    assert checked("profile_data", '{"a":{"b":1},"c":[{"d":1}]}', limits)
    error = refusal('{"a":{"b":1},"c":[{"d":1,"e":2}]}', limits)
    assert (error.rule, error.reason) == ("must have at most 4 members", "too_many")


def test_colons_within_strings_are_no_members() -> None:
    assert checked("profile_data", '":::::::::"', SMALL)


def test_the_error_names_the_field_that_it_was_given() -> None:
    with pytest.raises(InvalidField) as caught:
        checked("schema", '{"a":1,"a":1}', LIMITS)
    assert caught.value.field == "schema"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(' "' + '\\"' * 8_000, id="a string that never ends"),
        pytest.param(" " * 500_000, id="white space"),
        pytest.param("[" * 250_000 + " ", id="open arrays"),
        pytest.param(' "' + "\\" * 400_001, id="backslashes"),
        pytest.param(' "' * 250_001, id="open strings"),
        pytest.param('"\\u0000' * 60_000 + " ", id="escapes outside of strings"),
    ],
)
def test_no_body_takes_long_to_refuse(text: str) -> None:
    plain_text = '"' + "x" * (len(text) - 2) + '"'
    assert quickest(text) < 100 * max(0.001, quickest(plain_text))


def test_a_name_that_is_there_twice_among_thousands_is_found_without_comparing_each_with_each() -> None:
    members = [(CountedName(f"{n:x}"), 0) for n in [*range(7_000), 6_999]]
    CountedName.compared = 0
    with pytest.raises(Broken, match="'1b57' twice"):
        DECODER.object_pairs_hook(members)
    assert CountedName.compared < 10


APPENDIX_A = [
    ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
    ('{"a":"b"}', '{"a":null}', "{}"),
    ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
    ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
    ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
    ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
    ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
    ('["a","b"]', '["c","d"]', '["c","d"]'),
    ('{"a":"b"}', '["c"]', '["c"]'),
    ('{"a":"foo"}', "null", "null"),
    ('{"a":"foo"}', '"bar"', '"bar"'),
    ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
    ("[1,2]", '{"a":"b","c":null}', '{"a":"b"}'),
    ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
]
"""RFC 7396, appendix A: the original, the patch, the result."""


@pytest.mark.parametrize(("original", "patch", "result"), APPENDIX_A)
def test_the_rfcs_own_examples_of_merging(original: str, patch: str, result: str) -> None:
    assert text_of(merged(value_of(original), value_of(patch))) == result


objects = st.dictionaries(strings, values, max_size=5)


@given(values, values)
def test_merging_twice_is_merging_once(target: Any, patch: Any) -> None:
    once = merged(target, patch)
    assert plain(merged(once, patch)) == plain(once)


@given(values)
def test_the_empty_patch_changes_no_object(target: Any) -> None:
    assert plain(merged(target, {})) == (plain(target) if isinstance(target, dict) else {})


@given(values, values)
def test_a_patch_that_is_no_object_replaces_the_whole(target: Any, patch: Any) -> None:
    if not isinstance(patch, dict):
        assert plain(merged(target, patch)) == plain(patch)


@given(objects, objects)
def test_members_that_the_patch_does_not_name_stay(target: dict[str, Any], patch: dict[str, Any]) -> None:
    result = merged(target, patch)
    for name in target.keys() - patch.keys():
        assert plain(result[name]) == plain(target[name])
    assert result.keys() == (target.keys() | patch.keys()) - {name for name, each in patch.items() if each is None}


@given(objects, objects, objects)
def test_patches_of_different_members_may_come_in_any_order(
    target: dict[str, Any], one: dict[str, Any], other: dict[str, Any]
) -> None:
    apart = {name: each for name, each in other.items() if name not in one}
    assert plain(merged(merged(target, one), apart)) == plain(merged(merged(target, apart), one))


@given(values, values)
def test_merging_changes_neither_side(target: Any, patch: Any) -> None:
    before = text_of(target), text_of(patch)
    merged(target, patch)
    assert (text_of(target), text_of(patch)) == before


@given(values, values)
def test_a_member_that_a_patch_sets_is_never_null(target: Any, patch: Any) -> None:
    def nulls(value: Any) -> int:
        return sum((each is None) + nulls(each) for each in value.values()) if isinstance(value, dict) else 0

    assert nulls(merged({}, patch)) == 0
    assert nulls(merged(target, patch)) <= nulls(target)


def test_value_of_says_where_json_ends() -> None:
    with pytest.raises(Broken, match="at character 4"):
        value_of('{"a"x}')
