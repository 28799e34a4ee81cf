"""From Accept-Language (RFC 9110, section 12.5.4) to the language of the answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Request

from profilegate.faces.languages import LANGUAGES, MOST_WISHES, Reader, wished
from profilegate.faces.logto.wording import FORBIDDEN

TAGS = {language.replace("_", "-") for language in LANGUAGES}

ANSWERED = [
    # One wish
    ("de", "de"),
    ("de-AT", "de"),
    ("fr-CH;q=0.9", "fr"),
    ("ja-JP", "ja"),
    ("es-MX", "es"),
    ("es-419", "es"),
    ("en-GB", "en"),
    ("ar", "ar"),
    ("ar-EG", "ar"),
    ("ar-SA, en;q=0.5", "ar"),
    ("arz", "en"),
    ("de-Latn-DE-1996", "de"),
    # Chinese: simplified characters for those who read them, English for those who read traditional ones
    ("zh", "zh-Hans"),
    ("zh-CN", "zh-Hans"),
    ("zh-SG", "zh-Hans"),
    ("zh-Hans", "zh-Hans"),
    ("zh-Hans-CN", "zh-Hans"),
    ("zh-Hans-SG", "zh-Hans"),
    ("zh-Hans-HK", "zh-Hans"),
    ("zh-TW", "en"),
    ("zh-HK", "en"),
    ("zh-Hant", "en"),
    ("zh-Hant-TW", "en"),
    ("zh-TW, de;q=0.5", "de"),
    # Case
    ("DE", "de"),
    ("Fr-cH", "fr"),
    ("zH-cn", "zh-Hans"),
    ("ZH-HANS", "zh-Hans"),
    ("zh-hans", "zh-Hans"),
    ("de;Q=0.1, fr;Q=0.9", "fr"),
    # Several wishes
    ("de, fr", "de"),
    ("fr, de", "fr"),
    ("fr;q=0.5, de;q=0.5", "fr"),
    ("de;q=0.5, fr;q=0.9", "fr"),
    ("de;q=0.5,fr", "fr"),
    ("pt-BR, pt;q=0.9, es;q=0.8, en;q=0.7", "es"),
    ("en-US, de;q=0.9", "en"),
    ("de;q=0.001", "de"),
    (" de ; q=0.5 ,\tfr ; q=0.9 ", "fr"),
    # No wish
    ("", "en"),
    (" ", "en"),
    (",,,", "en"),
    ("*", "en"),
    ("*;q=0.5", "en"),
    ("pt", "en"),
    ("de;q=0", "en"),
    ("de;q=0.000", "en"),
    ("de;q=0, fr;q=0.1", "fr"),
    # Junk
    (";", "en"),
    (";q=1", "en"),
    ("-", "en"),
    ("_", "en"),
    ("../de", "en"),
    ("<script>", "en"),
    ("\xff\xfe", "en"),
    ("junk, de", "de"),
    (", ,de", "de"),
    # Weights that are none
    ("de;q=", "en"),
    ("de;q=much", "en"),
    ("de;q=-1", "en"),
    ("de;q=-inf", "en"),
    ("de;q=nan", "en"),
    ("fr;q=nan, de;q=0.1", "de"),
    ("fr;q=2, de", "de"),
    ("fr;q=1.001, de", "de"),
    ("fr;q=inf, de", "de"),
    ("fr;q=1e9, de", "de"),
    ("fr;q=1_0, de", "de"),
]

ORDERED = [
    ("", []),
    ("de", ["de"]),
    ("de-AT, de", ["de_at", "de"]),
    ("de;q=0.1, fr;q=0.3, ja;q=0.2", ["fr", "ja", "de"]),
    ("ja;q=0.5, de, fr;q=0.5, es", ["de", "es", "ja", "fr"]),
    ("de, fr;q=0, ja;q=nan, es;q=x", ["de"]),
    ("ZH-hans, JA", ["zh_hans", "ja"]),
    ("zh-TW", ["zh_tw"]),
]

# The pieces that headers are made of, put together in every wrong way.
PIECES = st.sampled_from(
    ["de", "FR", "zh", "zh-Hans", "-hant", "-CN", "en", "*", "_", ",", ";", "q=", ";Q=", "=", "0.5", "1", "nan", "inf"]
)
HEADERS = st.text(st.characters(codec="latin-1")) | st.lists(PIECES, max_size=12).map("".join)


def asking(*lines: str) -> Request:
    """A request with so many Accept-Language lines."""
    headers = [(b"accept-language", line.encode("latin-1")) for line in lines]
    return Request({"type": "http", "headers": headers, "state": {}})


@pytest.mark.parametrize(("header", "language"), ANSWERED)
def test_the_answer_is_in_the_best_language_that_there_is(header: str, language: str) -> None:
    assert Reader(asking(header)).language == language


def test_who_asks_for_nothing_reads_english() -> None:
    assert Reader(asking()).language == "en"


def test_two_lines_are_one_list() -> None:
    assert Reader(asking("pt", "de;q=0.5, fr")).language == "fr"


@pytest.mark.parametrize(("header", "tags"), ORDERED)
def test_the_dearest_language_comes_first(header: str, tags: list[str]) -> None:
    assert [tag.replace("-", "_") for tag in wished(header)] == tags


@pytest.mark.parametrize("part", ["xx", "de;q=0.5", "", ";q=nan"])
def test_a_list_of_ten_thousand_is_heard_in_part(part: str) -> None:
    assert len(wished(",".join([part] * 10_000))) <= MOST_WISHES


def test_the_last_wish_that_is_heard_counts() -> None:
    assert Reader(asking("xx," * (MOST_WISHES - 1) + "de")).language == "de"


def test_a_wish_after_too_many_is_not_heard() -> None:
    assert Reader(asking("xx," * MOST_WISHES + "de")).language == "en"


@pytest.mark.parametrize("tag", sorted(TAGS - {"en"}))
@pytest.mark.parametrize("spelt", [str, str.lower, str.upper])
def test_who_is_told_a_language_is_answered_in_it(tag: str, spelt: type[str]) -> None:
    reader = Reader(asking(spelt(tag)))
    assert (reader.language, reader.said(FORBIDDEN) != FORBIDDEN) == (tag, True)


def test_english_is_said_as_it_is() -> None:
    assert Reader(asking("en-US, de;q=0.5")).said(FORBIDDEN) == FORBIDDEN


def test_two_readers_at_once_keep_their_languages() -> None:
    german, english = Reader(asking("de")), Reader(asking())
    first = (german.said(FORBIDDEN), english.said(FORBIDDEN))
    french = Reader(asking("fr"))
    assert french.said(FORBIDDEN) not in first
    assert (german.said(FORBIDDEN), english.said(FORBIDDEN)) == first
    assert (german.language, english.language, french.language) == ("de", "en", "fr")


def test_a_request_after_a_german_one_is_answered_in_english() -> None:
    Reader(asking("de")).said(FORBIDDEN)
    assert Reader(asking()).said(FORBIDDEN) == FORBIDDEN


@settings(deadline=None)  # a slow machine is no failure
@given(st.text())
def test_no_text_is_too_odd_to_be_read(header: str) -> None:
    assert len(wished(header)) <= MOST_WISHES


@settings(deadline=None)  # a slow machine is no failure
@given(HEADERS)
def test_every_header_is_answered_in_a_language_that_there_is(header: str) -> None:
    assert Reader(asking(header)).language in TAGS


@settings(deadline=None)  # a slow machine is no failure
@given(HEADERS)
def test_the_language_that_is_told_is_the_one_that_is_spoken(header: str) -> None:
    reader = Reader(asking(header))
    assert (reader.said(FORBIDDEN) == FORBIDDEN) == (reader.language == "en")
