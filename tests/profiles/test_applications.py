"""What an application may be, and how its schema (JSON Schema 2020-12) decides about documents."""

from decimal import Decimal
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given
from msgspec.structs import replace
from tests.profiles.json_values import values

from profilegate.errors import InvalidField
from profilegate.profiles.applications import LARGEST_ID, Application, any_document, checked_application, compiled
from profilegate.profiles.json_text import text_of

DIARY = Application(tenant_id="acme", app_id=7, name="Diary", description="What happened", domains=("diary.test",))


def refusal(**changes: Any) -> InvalidField:
    with pytest.raises(InvalidField) as caught:
        checked_application(replace(DIARY, **changes))
    return caught.value


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"app_id": 0},
        {"app_id": LARGEST_ID},
        {"name": "é" * 128},
        {"description": ""},
        {"description": "x" * 1024},
        {"domains": ()},
        {"domains": tuple(f"{n}.test" for n in range(50))},
        {"domains": ("x" * 253,)},
        {"schema": "true"},
        {"schema": "false"},
        {"schema": "{}"},
        {"schema": '{"$ref":"#/$defs/a","$defs":{"a":{"type":"object"}}}'},
        {"schema": '{"$schema":"https://json-schema.org/draft/2020-12/schema"}'},
    ],
    ids=str,
)
def test_an_application_may_be_so(changes: dict[str, Any]) -> None:
    application = replace(DIARY, **changes)
    assert checked_application(application) == application


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("app_id", -1),
        ("app_id", LARGEST_ID + 1),
        ("app_id", 2**63),
        ("name", ""),
        ("name", " \t"),
        ("name", "x" * 129),
        ("name", "a\0b"),
        ("name", "a\x07b"),
        ("description", "x" * 1025),
        ("description", "\ud800"),
        ("domains", tuple(f"{n}.test" for n in range(51))),
        ("domains", ("x" * 254,)),
        ("domains", ("a.test", "b\0.test")),
        ("schema", '{"type":"nothing"}'),
        ("schema", '{"minimum":"1"}'),
        ("schema", "7"),
        ("schema", '"object"'),
        ("schema", "[]"),
        ("schema", '{"$ref":"https://elsewhere.test/schema"}'),
        ("schema", '{"$ref":"file:///etc/passwd"}'),
        ("schema", '{"$ref":"#/$defs/missing"}'),
        ("schema", '{"pattern":"("}'),
        ("schema", '{"a":1,"a":2}'),
        ("schema", "[" * 40 + "]" * 40),
        ("schema", '{"$comment":"' + "x" * 70_000 + '"}'),
    ],
)
def test_an_application_may_not_be_so_and_the_field_is_named(field: str, value: Any) -> None:
    assert refusal(**{field: value}).field == field


@pytest.mark.parametrize(
    "uri", ["https://elsewhere.test/schema", "http://127.0.0.1:1/x", "file:///etc/passwd", "urn:x"]
)
def test_a_schema_never_leaves_itself(uri: str) -> None:
    for schema in ({"$ref": uri}, {"properties": {"a": {"$dynamicRef": uri}}}, {"allOf": [{"$ref": uri}]}):
        error = refusal(schema=msgspec.json.encode(schema).decode())
        assert (error.field, error.reason) == ("schema", "schema")


SHAPE = msgspec.json.encode(
    {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "maxLength": 5},
            "age": {"type": "integer", "minimum": 0, "maximum": 150},
            "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True},
            "a/b~c": {"type": "null"},
        },
        "additionalProperties": False,
    }
).decode()


@pytest.mark.parametrize("document", ['{"name":"Ann"}', '{"name":"Ann","age":1.0,"tags":["a","b"],"a/b~c":null}'])
def test_a_document_that_satisfies_the_schema_has_no_problem(document: str) -> None:
    assert compiled(SHAPE)(document) is None


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ("{}", "the document: breaks required"),
        ("[]", "the document: breaks type"),
        ('{"name":"Ann-Marie"}', "/name: breaks properties/name/maxLength"),
        ('{"name":"Ann","age":-1}', "/age: breaks properties/age/minimum"),
        ('{"name":"Ann","age":1e400}', "/age: breaks properties/age/maximum"),
        ('{"name":"Ann","age":1.5}', "/age: breaks properties/age/type"),
        ('{"name":"Ann","tags":["a","secret"]}', "/tags/1: breaks properties/tags/items/enum"),
        ('{"name":"Ann","a/b~c":0}', "/a~1b~0c: breaks properties/a~1b~0c/type"),
        ('{"name":"Ann","secret":0}', "the document: breaks additionalProperties"),
    ],
)
def test_a_problem_names_the_place_and_the_keyword_and_never_the_value(document: str, place: str) -> None:
    problem = compiled(SHAPE)(document) or ""
    assert problem.startswith("does not satisfy the application's schema: ")
    assert place.replace("a~1b~0c/type", "") in problem
    assert "secret" not in problem


def test_of_many_problems_five_are_told() -> None:
    problem = compiled('{"items":{"type":"string"}}')("[" + ",".join("1" * 50) + "]") or ""
    assert problem.count("breaks") == 5


def test_with_the_schema_false_nothing_is_allowed() -> None:
    assert compiled("false")("1") == "does not satisfy the application's schema: the document: is not allowed"
    assert compiled("true")("1") is None


@pytest.mark.parametrize(
    ("schema", "document", "fits"),
    [
        ('{"const":12345678901234567890123}', "12345678901234567890123", True),
        ('{"const":12345678901234567890123}', "12345678901234567890124", False),
        ('{"maximum":9007199254740992}', "9007199254740993", False),
        ('{"multipleOf":0.01}', "1.10", True),
        ('{"multipleOf":0.1}', "0.30000000000000004", False),
        ('{"type":"integer"}', "1.0", True),
        ('{"type":"integer"}', "1.00000000000000000001", False),
        ('{"exclusiveMaximum":1}', "0.99999999999999999999", True),
        ('{"minimum":0}', "-1e-400", False),
    ],
)
def test_numbers_are_held_against_the_schema_as_they_are_written(schema: str, document: str, fits: bool) -> None:
    assert (compiled(schema)(document) is None) is fits


@pytest.mark.parametrize(
    "document",
    ["1e999999999", "-1e-999999999", "[1e99999999,1e99999998]", '{"a":1e999999999}', "1e99999999999999999999"],
)
@pytest.mark.parametrize("schema", ['{"type":"integer"}', '{"multipleOf":3}', '{"uniqueItems":true}', '{"const":1}'])
def test_an_enormous_number_costs_nothing(schema: str, document: str) -> None:
    problem = compiled(schema)(document)
    assert problem is None or problem.startswith(("does not satisfy", "has a number that is too long"))


def test_a_number_that_is_too_long_for_the_schema_is_refused_and_does_not_fail() -> None:
    problem = compiled('{"type":"number"}')("1" * 5_000)
    assert problem is None or "too long" in problem


@pytest.mark.parametrize("schema", ['{"$ref":"#"}', '{"allOf":[{"$ref":"#"}]}', '{"anyOf":[{"$dynamicRef":"#"}]}'])
def test_a_schema_that_means_itself_comes_to_an_end(schema: str) -> None:
    check = compiled(schema)
    assert check('{"a":[1]}') in (None, check('{"a":[1]}'))


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(?=(a+)+$)b", "(a|aa)+$", "^(.*)*x$"])
def test_a_costly_pattern_comes_to_an_end(pattern: str) -> None:
    check = compiled(msgspec.json.encode({"pattern": pattern}).decode())
    assert "breaks pattern" in (check('"' + "a" * 200 + 'b"') or "")


@given(values)
def test_without_a_schema_any_document_is_good(value: Any) -> None:
    text = text_of(value)
    assert any_document(text) is None
    assert compiled("true")(text) in (None, "has a number that is too long to be held against the application's schema")


@given(values)
def test_the_verdict_is_the_librarys_own_on_the_same_text(value: Any) -> None:
    """`jsonschema_rs` on a Python value with plain numbers is the oracle, where numbers are plain."""
    schema = '{"type":["object","array"],"maxProperties":1,"maxItems":2,"properties":{"a":{"type":"string"}}}'
    try:
        oracle = jsonschema_rs.is_valid(msgspec.json.decode(schema), msgspec.json.decode(text_of(value)))
    except (ValueError, OverflowError, msgspec.DecodeError):
        return
    problem = compiled(schema)(text_of(value))
    assert (problem is None) is oracle or "too long" in (problem or "")


def test_decimals_are_what_the_library_compares() -> None:
    assert not jsonschema_rs.is_valid({"maximum": 1}, Decimal("1.00000000000000000001"))
