"""The account page in every language: each of its words is translated, and each page can be read in each of them."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from babel.messages.pofile import read_po
from tests.locale.full_pages import AT, BARE, ENTRIES, PAGES, PROFILE, page
from tests.locale.page_messages import EQUAL, MESSAGES, TEMPLATES

from profilegate.faces.account import fields, words
from profilegate.faces.account.fields import OTHER_PROBLEM, problems_of
from profilegate.faces.languages import CATALOGUES, LANGUAGES
from profilegate.profiles.rules import ProfileRules
from profilegate.profiles.usernames import UsernameRule

HEADING = "\n# The account page.\n"

TABLES = (words.LABELS, words.ACTORS, words.ACTIONS, words.SOURCES, fields.REASONS, fields.PROBLEMS)
SHOWN = {text for table in TABLES for text in table.values()} | {fields.OTHER_PROBLEM}
LABELLED = {text for each in fields.FIELDS for text in (each.label, each.hint)}

# In which letters a language is written, where they are not Latin.
LETTERS = {"ar": "[\u0621-\u064a]", "ja": "[\u3041-\u30ff\u4e00-\u9fff]", "zh_Hans": "[\u4e00-\u9fff]"}

# How a sentence ends, and how it may end in other languages.
ENDS = {".": ".。", ":": ":：", "?": "?？؟"}

# What is typed as it stands, in any language.
TYPED = ("https://", "http://", "1990-12-31", "pt-BR", "Europe/Berlin")

ISOLATE, END_OF_ISOLATE = "\u2066", "\u2069"

WORD = re.compile("[A-Za-z]{2,}")


@pytest.fixture(params=sorted(set(LANGUAGES) - {"en"}))
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def translations(language: str) -> dict[str, str]:
    """What a catalogue says for the page's messages."""
    said = spoken(language)
    return {english: said[english] for english in MESSAGES & said.keys()}


def spoken(language: str) -> dict[str, str]:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file, abort_invalid=True) if message.id}


class Read(HTMLParser):
    """What people see and hear of a page, and how its language is marked."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.marked: tuple[str | None, str | None] = (None, None)
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.marked = (given.get("lang"), given.get("dir"))
        self.texts += [given.get(name) or "" for name in ("alt", "aria-label", "data-sure", "placeholder", "title")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def words_of(*texts: str) -> set[str]:
    return {word for text in texts for word in WORD.findall(text)}


def test_the_page_has_messages() -> None:
    assert {"Save", "Display name", "Time zone"} <= MESSAGES


def test_every_word_of_the_tables_is_marked_for_translation() -> None:
    assert (SHOWN | LABELLED) - {""} <= MESSAGES


def test_every_message_of_the_page_is_in_every_catalogue(translations: dict[str, str]) -> None:
    assert {english for english in MESSAGES if not translations.get(english, "").strip()} == set()


def test_only_the_words_that_may_be_are_equal_to_the_english(language: str, translations: dict[str, str]) -> None:
    assert {english for english, text in translations.items() if text == english} == EQUAL.get(language, set())


def test_the_pages_part_of_a_catalogue_has_messages_of_the_page_only(language: str) -> None:
    _, _, part = (CATALOGUES / f"{language}.po").read_text("utf-8").partition(HEADING)
    ids = set(re.findall(r'^msgid "(.*)"$', part, re.MULTILINE))
    assert ids
    assert ids - MESSAGES == set()


def test_no_message_has_a_sign_that_html_or_the_formatting_would_read(translations: dict[str, str]) -> None:
    assert [text for pair in translations.items() for text in pair if set(text) & set('<>&"%')] == []


def test_every_sentence_ends_as_the_english_one_does(translations: dict[str, str]) -> None:
    ends = [(english, text, ENDS.get(english[-1], "")) for english, text in translations.items()]
    assert [text for _, text, fitting in ends if fitting and text[-1] not in fitting] == []
    assert [text for _, text, fitting in ends if not fitting and text[-1] in "".join(ENDS.values())] == []


@pytest.mark.parametrize("typed", TYPED)
def test_what_is_typed_as_it_stands_is_not_translated(translations: dict[str, str], typed: str) -> None:
    assert [text for english, text in translations.items() if (typed in english) != (typed in text)] == []


def test_every_isolate_is_closed(translations: dict[str, str]) -> None:
    assert [text for text in translations.values() if text.count(ISOLATE) != text.count(END_OF_ISOLATE)] == []


def test_addresses_and_dates_stand_the_right_way_round_in_arabic() -> None:
    """The signs at the ends of these are of no direction: without an isolate they would move to the other side."""
    arabic = [spoken("ar")[english] for english in MESSAGES if re.search("https?://|[0-9]-[0-9]", english)]
    bare = [re.sub(f"{ISOLATE}.*?{END_OF_ISOLATE}", "", text) for text in arabic]
    assert arabic
    assert [text for text in bare if re.search("[0-9/]", text)] == []


@pytest.mark.parametrize("language", LETTERS)
def test_every_translation_is_in_the_letters_of_its_language(language: str) -> None:
    said = spoken(language)
    assert [said[english] for english in MESSAGES if not re.search(LETTERS[language], said[english])] == []


def test_every_template_is_read() -> None:
    assert {template for template, _ in PAGES} | {"base.html", "macros.html"} == {
        path.name for path in TEMPLATES.iterdir()
    }


def test_the_pages_say_everything_that_there_is_to_say() -> None:
    texts = "\n".join(text for template, told in PAGES for text in Read(page("en", template, told)).texts)
    assert {message for message in MESSAGES if not re.search(rf"(?<!\w){re.escape(message)}(?!\w)", texts)} == set()


@pytest.mark.parametrize(("template", "told"), PAGES)
def test_a_page_says_its_language_and_direction(language: str, template: str, told: dict[str, Any]) -> None:
    direction = "rtl" if language == "ar" else "ltr"
    assert Read(page(language, template, told)).marked == (language.replace("_", "-"), direction)


@pytest.mark.parametrize("language", LETTERS)
@pytest.mark.parametrize(("template", "told"), PAGES)
def test_no_english_is_left_on_a_page(language: str, template: str, told: dict[str, Any]) -> None:
    said = spoken(language)
    own = words_of(*(said[english] for english in MESSAGES | {"This account is suspended."}), "UTC")
    assert words_of(*Read(page(language, template, told)).texts) - own == set()


def test_an_operator_is_not_told_that_they_did_what_the_user_did() -> None:
    html = page(
        "en",
        "operator_user.html",
        {"profile": BARE, "problem": "", "typed": {"name": "", "username": ""}, "entries": ENTRIES},
    )
    assert "you" not in Read(html).texts


def test_values_are_told_as_people_read_them() -> None:
    texts = Read(
        page(
            "en",
            "operator_user.html",
            {"profile": PROFILE, "problem": "", "typed": {"name": "", "username": ""}, "entries": []},
        )
    ).texts
    assert not {"True", str(AT), "{'α': None}"} & set(texts)


@pytest.mark.parametrize("forbidden", ["lowercase", "uppercase", "numbers", "underscore"])
def test_a_forbidden_class_is_told(forbidden: str) -> None:
    rules = ProfileRules(UsernameRule(forbidden=(forbidden,)), "https://a.example")
    assert problems_of({"username": "aA_1"}, rules)["username"] != OTHER_PROBLEM
