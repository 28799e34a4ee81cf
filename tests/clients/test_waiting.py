"""How long a client waits before it tries again."""

from email.utils import formatdate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.minting import NOW

from profilegate.client import Retries
from profilegate.client.waiting import seconds_told

DATES = st.builds(
    "{}, {:02} {} {} {:02}:{:02}:{:02} {}".format,
    st.sampled_from(["Wed", "Wednesday", "???"]),
    st.integers(-1, 40),
    st.sampled_from(["Jan", "Dec", "jan", "Foo"]),
    st.integers(-5, 99_999),
    st.integers(0, 99),
    st.integers(0, 99),
    st.integers(0, 99),
    st.sampled_from(["GMT", "-0000", "+9999", "-2400", "EST", ""]),
)


@given(st.text() | DATES | st.from_regex(r"[+-]?\d{1,400}(\.\d+)?"), st.floats(0, 1e6))
@example("9" * 5000, 30.0)
@example("Wed, 28 Jan 0000 10:00:00 GMT", 30.0)
def test_any_text_is_read_as_nothing_or_as_a_wait_within_the_bounds(text: str, longest: float) -> None:
    told = seconds_told(text, NOW, longest)
    assert told is None or 0 <= told <= longest


@given(st.integers(0, 86_400))
def test_seconds_and_dates_say_the_same(seconds: int) -> None:
    date = formatdate(NOW + seconds, usegmt=True)
    assert seconds_told(str(seconds), NOW) == seconds_told(date, NOW) == seconds


@pytest.mark.parametrize("text", [None, "", "soon", "-1", "1.5", "1, 2", "٣"])
def test_what_is_neither_a_number_nor_a_date_says_nothing(text: str | None) -> None:
    assert seconds_told(text, NOW) is None


def test_a_date_that_has_passed_is_no_wait() -> None:
    assert seconds_told("Thu, 01 Jan 1970 00:00:00 GMT", NOW) == 0


@given(st.integers(0, 1000), st.floats(0, 1), st.text())
def test_no_pause_is_longer_than_the_longest_wait(retry: int, chance: float, header: str) -> None:
    retries = Retries(longest_wait=7, chance=lambda: chance, clock=lambda: NOW)
    assert 0 <= retries.pause(retry, header) <= 7


def test_the_bound_of_a_random_pause_doubles() -> None:
    retries = Retries(first_wait=1, longest_wait=5, chance=lambda: 1.0)
    assert [retries.pause(each, None) for each in range(4)] == [1, 2, 4, 5]


def test_a_pause_is_anywhere_below_its_bound() -> None:
    assert Retries(first_wait=1, chance=lambda: 0.25).pause(1, None) == 0.5
