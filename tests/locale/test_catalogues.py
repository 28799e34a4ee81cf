"""The message catalogues: each says everything that the code says, nothing else, in its own words."""

import re
from pathlib import Path

import pytest
from babel import Locale
from babel.messages import Catalog, Message
from babel.messages.pofile import read_po
from tests.locale.page_messages import EQUAL
from tests.locale.page_messages import MESSAGES as OF_THE_PAGE

from profilegate.faces.languages import CATALOGUES, LANGUAGES, catalogue
from profilegate.faces.logto import wording

WORDS = (*wording.WORDS.values(), *wording.REASONS.values(), wording.TOO_LONG)
MESSAGES = {words.message for words in WORDS} | {wording.UNAUTHORIZED, wording.FORBIDDEN} | OF_THE_PAGE

PLURALS = {
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
    "de": "nplurals=2; plural=(n != 1);",
    "es": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "ja": "nplurals=1; plural=0;",
    "zh_Hans": "nplurals=1; plural=0;",
}


@pytest.fixture(params=PLURALS)
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def path(language: str) -> Path:
    return CATALOGUES / f"{language}.po"


@pytest.fixture
def messages(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def translated(messages: Catalog) -> dict[str, Message]:
    """The messages by their English; the header is no message."""
    return {message.id: message for message in messages if message.id}


def test_the_languages_are_english_and_those_of_the_catalogues() -> None:
    assert set(LANGUAGES) == {"en", *PLURALS}


def test_every_message_of_the_code_is_translated(messages: Catalog) -> None:
    assert {english for english, message in translated(messages).items() if message.string.strip()} >= MESSAGES


def test_every_translation_is_of_a_message_of_the_code(messages: Catalog) -> None:
    assert not translated(messages).keys() - MESSAGES
    assert not messages.obsolete


def test_no_message_stands_twice(path: Path) -> None:
    ids = [line for line in path.read_text("utf-8").splitlines() if line.startswith("msgid ")]
    assert len(ids) == len(set(ids))


def test_no_translation_is_the_english_text_but_for_a_few_words(messages: Catalog, language: str) -> None:
    equal = {english for english, message in translated(messages).items() if message.string == english}
    assert equal == EQUAL.get(language, set())


def test_no_translation_is_shared_by_two_messages(messages: Catalog) -> None:
    strings = [message.string for message in translated(messages).values()]
    assert len(strings) == len(set(strings))


def test_no_translation_has_stray_space(messages: Catalog) -> None:
    assert all(message.string == message.string.strip() for message in translated(messages).values())


def test_nothing_is_fuzzy(messages: Catalog) -> None:
    assert not messages.fuzzy
    assert not [english for english, message in translated(messages).items() if message.fuzzy]


def test_babel_finds_no_error(messages: Catalog) -> None:
    assert list(messages.check()) == []


def test_the_header_says_what_the_file_is(path: Path, language: str) -> None:
    header = dict(re.findall(r'^"([\w-]+): (.+)\\n"$', path.read_text("utf-8"), re.MULTILINE))
    assert header == {
        "Project-Id-Version": "profilegate",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURALS[language],
    }


def test_babel_reads_the_language_from_the_header(messages: Catalog, language: str) -> None:
    assert messages.locale == Locale.parse(language)


def test_what_is_said_is_what_the_catalogue_has(messages: Catalog, language: str) -> None:
    said = {english: catalogue(language).gettext(english) for english in MESSAGES}
    assert said == {english: message.string for english, message in translated(messages).items()}


def test_a_message_that_nobody_translated_stays_english(language: str) -> None:
    assert catalogue(language).gettext("Nobody has translated this.") == "Nobody has translated this."


@pytest.mark.parametrize("language", ["en", "xx", "", "zh", "../locale/de"])
def test_a_language_without_a_catalogue_speaks_english(language: str) -> None:
    assert catalogue(language).gettext(wording.FORBIDDEN) == wording.FORBIDDEN
