"""An error's message is in the reader's language; everything else of it is the same for everybody."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.faces.running import OPERATOR, Service, key
from tests.logto.asking import AVAILABILITY, CLAIMS, HERE, NEWER

from profilegate.faces.languages import LANGUAGES

TRANSLATED = ["ar", "de", "es", "fr", "ja", "zh-Hans"]
READERS = {"ar-EG": "ar", "de-DE": "de", "es-ES": "es", "fr-FR": "fr", "ja-JP": "ja", "zh-CN": "zh-Hans"}
"""What people's browsers ask for, and what they get."""

EMPTY = "Invalid input. Value list must not be empty."


def test_messages_come_in_english_and_six_languages() -> None:
    assert [each.replace("_", "-") for each in LANGUAGES] == ["en", *TRANSLATED]


async def empty(client: httpx.AsyncClient, wish: str | None) -> httpx.Response:
    """A request that is always refused, by a reader of this language."""
    headers = {} if wish is None else {"accept-language": wish}
    return await client.patch(HERE, json={}, headers=headers)


REFUSALS: list[tuple[str, str, bytes, dict[str, str], int]] = [
    ("PATCH", HERE, b"{}", {}, 422),
    ("PATCH", HERE, b"{", {}, 400),
    ("PATCH", HERE, b"null", {}, 400),
    ("PATCH", HERE, b'{"name": 5, "avatar": "x", "username": "1"}', {}, 400),
    ("PATCH", HERE, b'{"name": "A\\u0000"}', {}, 400),
    ("PATCH", HERE, b'{"name": "' + b"x" * 129 + b'"}', {}, 422),
    ("PATCH", HERE, b'{"username": "bob"}', {}, 422),
    ("PATCH", HERE, b"{}", {"content-type": "text/plain"}, 415),
    ("PATCH", HERE, b"x" * 100_000, {}, 413),
    ("PATCH", HERE, b'{"name": "A"}', {"if-match": '"9-x"'}, 412),
    ("PATCH", CLAIMS, b'{"address": {"country": 5}}', {}, 400),
    ("PATCH", NEWER, b"{}", {}, 422),
    ("GET", AVAILABILITY, b"", {}, 400),
    ("GET", HERE, b"", {"authorization": "Bearer x"}, 401),
    ("GET", HERE, b"", {"authorization": "Basic YTpi"}, 401),
]


@pytest.mark.parametrize(("wish", "language"), READERS.items())
@pytest.mark.parametrize(("method", "path", "content", "headers", "status"), REFUSALS, ids=lambda each: repr(each)[:30])
async def test_only_the_message_is_translated(
    service: Service,
    method: str,
    path: str,
    content: bytes,
    headers: dict[str, str],
    status: int,
    wish: str,
    language: str,
) -> None:
    await service.client("bob").patch(HERE, json={"username": "bob"})

    async def asked(wish: dict[str, str]) -> httpx.Response:
        return await service.client().request(method, path, content=content, headers=headers | wish)

    english, theirs = await asked({}), await asked({"accept-language": wish})
    assert (theirs.status_code, theirs.headers["content-language"]) == (status, language)
    assert english.headers["content-language"] == "en"
    assert "accept-language" in theirs.headers["vary"].lower()
    assert theirs.json()["message"] != english.json()["message"]
    assert rest(theirs) == rest(english)
    assert theirs.headers.get("www-authenticate") == english.headers.get("www-authenticate")


def rest(answer: httpx.Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "message"}


@pytest.mark.parametrize(("wish", "language"), READERS.items())
async def test_the_suspended_are_told_in_their_language(service: Service, wish: str, language: str) -> None:
    await service.client().get(HERE)
    await service.gate.repository.suspend(key("alice"), OPERATOR, service.clock.milliseconds)
    answer = await service.client().get(HERE, headers={"accept-language": wish})
    assert (answer.json()["code"], answer.headers["content-language"]) == ("user.suspended", language)
    assert answer.json()["message"] != "This account is suspended."


WISHES = {
    "de": "de",
    "DE": "de",
    "de-AT": "de",
    "de-DE-1996": "de",
    "fr-CA, en;q=0.8": "fr",
    "es-419": "es",
    "ja-JP": "ja",
    "zh": "zh-Hans",
    "zh-CN": "zh-Hans",
    "zh-SG": "zh-Hans",
    "zh-Hans": "zh-Hans",
    "zh-hans": "zh-Hans",
    "ZH-HANS": "zh-Hans",
    "zh-Hans-CN": "zh-Hans",
    "zh-Hans-SG": "zh-Hans",
    "zh-TW": "en",
    "zh-Hant": "en",
    "en": "en",
    "en-GB, de": "en",
    "nl": "en",
    "nl, de;q=0.1": "de",
    "pt-BR, fr;q=0.8, de;q=0.9": "de",
    "de;q=0.2, fr;q=0.3": "fr",
    "de;q=0, fr;q=0.1": "fr",
    "de;q=0": "en",
    "de ; q=0.5 , fr;q=0.4": "de",
    "fr, de": "fr",
    "*": "en",
    "": "en",
    ",": "en",
    ";q=1": "en",
    "de;q=x": "en",
    "deutsch": "en",
    "../de": "en",
    "nl," * 100 + "de": "en",
}


@pytest.mark.parametrize(("wish", "language"), WISHES.items())
async def test_the_reader_gets_the_best_of_the_languages_there_are(
    client: httpx.AsyncClient, wish: str, language: str
) -> None:
    answer = await empty(client, wish)
    assert answer.headers["content-language"] == language
    assert (answer.json()["message"] == EMPTY) == (language == "en")


async def test_one_readers_language_never_leaks_into_the_next_answer(client: httpx.AsyncClient) -> None:
    for wish in READERS:
        assert (await empty(client, wish)).json()["message"] != EMPTY
        assert (await empty(client, None)).json()["message"] == EMPTY


async def test_readers_at_once_each_get_their_own_language(client: httpx.AsyncClient) -> None:
    wishes = [*READERS, "en", None] * 20
    alone = {wish: (await empty(client, wish)).text for wish in wishes}
    answers = await asyncio.gather(*(empty(client, wish) for wish in wishes))
    assert [answer.text for answer in answers] == [alone[wish] for wish in wishes]
    assert len(set(alone.values())) == 7


@pytest.mark.parametrize("wish", READERS)
async def test_what_is_no_error_is_the_same_in_every_language(client: httpx.AsyncClient, wish: str) -> None:
    english = await client.get(HERE)
    theirs = await client.get(HERE, headers={"accept-language": wish})
    assert (theirs.content, theirs.headers) == (english.content, english.headers)
