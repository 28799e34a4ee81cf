"""Whatever is sent, the fault is never ours, and only what is documented is taken."""

import json
import math
import re
from typing import Any, NoReturn
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.faces.fixtures import BOTH, Serve
from tests.logto.asking import AVAILABILITY, CLAIMS, HERE
from tests.properties.strategies import JSON, NAMES, bodies, headers

from profilegate.errors import InvalidField
from profilegate.faces.languages import LANGUAGES
from profilegate.profiles import avatars, claims, documents, names
from profilegate.settings import UsernameSettings


@pytest.fixture
async def unhurried(serve: Serve) -> httpx.AsyncClient:
    """Alice, who may ask for as many usernames as she likes."""
    return (await serve(usernames=UsernameSettings(checks_per_minute=1_000_000))).client()


any_json = settings(settings.get_profile("logto"))

URLS = st.sampled_from(
    [
        "https://a.example/",
        "http://1",
        "HTTPS://x/y?z#f",
        "javascript:1",
        "https://u@h/",
        "//x",
        "",
        "https://é.example/",
    ]
)
USERNAMES = st.one_of(NAMES, st.from_regex("[A-Za-z_][0-9A-Za-z_]{0,9}", fullmatch=True))
TEXTS = st.one_of(st.none(), NAMES, JSON)
PATCHES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.one_of(st.none(), NAMES),
        "avatar": st.one_of(st.none(), URLS, NAMES),
        "username": USERNAMES,
        "customData": st.one_of(st.dictionaries(NAMES, JSON, max_size=3), JSON),
        "other": JSON,
    },
)
ADDRESSES = st.dictionaries(st.sampled_from([*claims.ADDRESS, "planet"]), st.one_of(NAMES, JSON), max_size=3)
CLAIM_PATCHES = st.dictionaries(
    st.sampled_from([*claims.TEXTS, "name", ""]), TEXTS, max_size=4
) | st.fixed_dictionaries({"address": st.one_of(st.none(), ADDRESSES, JSON)})


def strictly(body: bytes) -> Any:
    """The JSON value of the bytes by another decoder than the service's. Raises ValueError where there is none."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    def finite(number: str) -> float:
        return float(number) if math.isfinite(float(number)) else refuse(number)

    value = json.loads(body.decode("utf-8"), parse_constant=refuse, parse_float=finite)
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # half of a surrogate pair is no character
    return value


def read(text: str) -> Any:
    """JSON as most of its readers see it: every number is a double."""
    return json.loads(text, parse_int=float)


def is_patch(body: bytes) -> bool:
    """Whether this is a body of PATCH as documented."""
    try:
        given = {name: value for name, value in strictly(body).items() if name in FIELDS}
        return bool(given) and all(FIELDS[name](value) for name, value in given.items())
    except (ValueError, AttributeError, TypeError, RecursionError, InvalidField):
        return False


FIELDS = {
    "name": lambda value: value in (None, "") or bool(names.checked(value)),
    "avatar": lambda value: value is None or bool(avatars.checked(value)),
    "username": lambda value: re.fullmatch("[A-Za-z_][0-9A-Za-z_]{0,127}", value) is not None,
    "customData": lambda value: isinstance(value, dict) and documents.checked("custom_data", value) is value,
}


def is_claims(body: bytes) -> bool:
    """Whether this is a body of the claims' PATCH as documented; none at all is an empty object."""
    try:
        given = strictly(body or b"{}")
        return isinstance(given, dict) and all(
            is_claim(name, value) for name, value in given.items() if name in claims.MEMBERS
        )
    except (ValueError, RecursionError):
        return False


def is_claim(name: str, value: Any) -> bool:
    if name != "address":
        return value is None or is_text(name, value)
    if not isinstance(value, dict):
        return value is None
    parts = {part: each for part, each in value.items() if part in claims.ADDRESS}
    return all(is_text("address", each, {part: each}) for part, each in parts.items())


def is_text(name: str, value: Any, whole: Any = None) -> bool:
    try:
        return isinstance(value, str) and claims.checked(name, whole or value) is not None
    except InvalidField:
        return False


@BOTH
@any_json
@given(body=bodies(PATCHES))
async def test_patch_takes_only_what_is_documented(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.patch(HERE, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (200, 400, 422)
    assert answer.status_code != 200 or is_patch(body)


@BOTH
@any_json
@given(patch=PATCHES)
async def test_patch_takes_all_that_is_documented_and_shows_it_as_sent(
    client: httpx.AsyncClient, patch: dict[str, Any]
) -> None:
    body = json.dumps(patch).encode()
    answer = await client.patch(HERE, content=body)
    assert answer.status_code < 500
    if is_patch(body):
        assert answer.status_code == 200, answer.text
        shown, sent = read((await client.get(HERE)).text), read(json.dumps(patch))
        expected = {name: sent[name] for name in ("avatar", "username", "customData") if name in patch}
        assert {name: shown[name] for name in expected} == expected


@BOTH
@any_json
@given(data=st.dictionaries(st.text(max_size=3), JSON, max_size=3))
async def test_custom_data_that_is_shown_may_be_sent_again_and_is_the_same(
    client: httpx.AsyncClient, data: dict[str, Any]
) -> None:
    first = await client.patch(HERE, content=json.dumps({"customData": data}).encode())
    if first.status_code == 200:
        again = await client.patch(HERE, json={"customData": first.json()["customData"]})
        assert (again.status_code, again.headers["etag"]) == (200, first.headers["etag"])


@BOTH
@any_json
@given(body=bodies(CLAIM_PATCHES))
async def test_the_claims_patch_takes_only_what_is_documented(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.patch(CLAIMS, content=body)
    assert answer.status_code in (200, 400, 422)
    assert answer.status_code != 200 or is_claims(body)


@BOTH
@any_json
@given(patch=CLAIM_PATCHES)
async def test_the_claims_patch_takes_all_that_is_documented(client: httpx.AsyncClient, patch: dict[str, Any]) -> None:
    body = json.dumps(patch).encode()
    answer = await client.patch(CLAIMS, content=body)
    assert (answer.status_code == 200) == is_claims(body)


@any_json
@given(value=JSON)
async def test_any_json_is_answered_with_a_known_code(client: httpx.AsyncClient, value: Any) -> None:
    for path in (HERE, CLAIMS):
        answer = await client.patch(path, content=json.dumps(value).encode())
        assert answer.status_code in (200, 400, 422)
        assert answer.status_code == 200 or answer.json()["code"].startswith(("guard.", "entity.", "user."))


@BOTH
@any_json
@given(body=st.one_of(st.binary(max_size=200), bodies(PATCHES)))
async def test_a_refused_body_changes_nothing(client: httpx.AsyncClient, body: bytes) -> None:
    before = await client.get(HERE)
    answer = await client.patch(HERE, content=body)
    after = await client.get(HERE)
    assert answer.status_code == 200 or after.content == before.content


@any_json
@given(username=st.one_of(USERNAMES, st.text(max_size=140)))
async def test_a_username_called_available_is_taken_when_asked_for(unhurried: httpx.AsyncClient, username: str) -> None:
    client = unhurried
    query = urlencode({"username": username.encode("utf-8", "surrogatepass")})
    asked = await client.get(f"{AVAILABILITY}?{query}")
    taken = await client.patch(HERE, content=json.dumps({"username": username}).encode())
    assert (asked.status_code, taken.status_code == 200) == (200, asked.json()["available"])


@any_json
@given(query=st.lists(st.sampled_from(["username", "=", "&", "%", "%ff", "%00", "%ed%a0%80", ";", "+", "a", "[]"])))
async def test_any_question_is_answered(unhurried: httpx.AsyncClient, query: list[str]) -> None:
    answer = await unhurried.get(f"{AVAILABILITY}?{''.join(query)}")
    assert answer.status_code in (200, 400)


WISHES = st.sampled_from(["de", "fr", "en", "zh-Hans", "zh_CN", "*", "q=1", "q=", "q=nan", "q=-1", "q=1e400", "x-y-z"])


@any_json
@given(value=headers(WISHES))
async def test_any_wish_for_a_language_is_answered_in_one_that_there_is(
    client: httpx.AsyncClient, value: bytes
) -> None:
    answer = await client.patch(HERE, content=b"{}", headers={b"accept-language": value})
    assert (answer.status_code, answer.json()["code"]) == (422, "entity.invalid_input")
    assert answer.headers["content-language"].replace("-", "_") in LANGUAGES


@any_json
@given(value=st.binary(max_size=60))
async def test_any_origin_is_answered_and_none_of_them_allowed(client: httpx.AsyncClient, value: bytes) -> None:
    answer = await client.get(HERE, headers={b"origin": value})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
