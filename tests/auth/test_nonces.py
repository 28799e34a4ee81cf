"""Nonces that need no memory (RFC 9449, sections 8 and 9)."""

import base64
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.minting import NOW

from profilegate.auth.nonces import LIFETIME, Nonces

SECRET = "the secret of every worker, 32 characters or more"
OURS = Nonces(SECRET)
NONCE = OURS.issued(NOW)


def test_a_nonce_of_ours_is_current() -> None:
    assert OURS.is_current(NONCE, NOW)


def test_every_worker_with_the_secret_knows_it() -> None:
    assert Nonces(SECRET).is_current(NONCE, NOW)


@pytest.mark.parametrize("later", [-LIFETIME, -1, 1, LIFETIME])
def test_a_nonce_lasts_for_its_lifetime_and_clocks_may_differ(later: int) -> None:
    assert OURS.is_current(NONCE, NOW + later)


@pytest.mark.parametrize("later", [-LIFETIME - 1, LIFETIME + 1, LIFETIME + 0.5, 10**9, -NOW])
def test_outside_its_lifetime_it_is_nothing(later: float) -> None:
    assert not OURS.is_current(NONCE, NOW + later)


@pytest.mark.parametrize("nonce", [None, "", "A", "AAAA", "x" * 32, NONCE[:-1], NONCE + "A", NONCE[1:], "é", "\ud800"])
def test_anything_else_is_none_of_ours(nonce: str | None) -> None:
    assert not OURS.is_current(nonce, NOW)


@given(st.text(max_size=50) | st.text("ABCabc012-_=+/ \n", max_size=40))
def test_no_text_is_a_nonce_by_chance(nonce: str) -> None:
    assert not OURS.is_current(nonce, NOW)


@given(st.text(min_size=1), st.text(min_size=1))
def test_another_secrets_nonce_is_none_of_ours(one: str, other: str) -> None:
    assume(one != other)
    assert not Nonces(one).is_current(Nonces(other).issued(NOW), NOW)


@given(st.integers(0, 31), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"))
def test_a_nonce_with_one_character_changed_is_none_of_ours(place: int, character: str) -> None:
    assume(NONCE[place] != character)
    assert not OURS.is_current(NONCE[:place] + character + NONCE[place + 1 :], NOW)


def test_a_time_that_somebody_else_wrote_is_believed_by_nobody() -> None:
    raw = base64.urlsafe_b64decode(NONCE)
    for later in (1, 10, 10**6):
        forged = (int.from_bytes(raw[:8], "big") + later).to_bytes(8, "big") + raw[8:]
        assert not OURS.is_current(base64.urlsafe_b64encode(forged).decode(), NOW + later)


def test_a_nonce_without_its_whole_signature_is_none_of_ours() -> None:
    raw = base64.urlsafe_b64decode(NONCE)
    for length in range(len(raw)):
        assert not OURS.is_current(base64.urlsafe_b64encode(raw[:length]).decode(), NOW)


@given(st.integers(0, 32), st.sampled_from(["=", "!", "\n", " ", ".", "é"]))
def test_a_nonce_is_compared_as_it_was_given_out(place: int, more: str) -> None:
    assert not OURS.is_current(NONCE[:place] + more + NONCE[place:], NOW)


@given(st.floats(0, 2**40), st.floats(-2 * LIFETIME, 2 * LIFETIME))
def test_a_nonce_of_any_moment_is_current_only_round_it(moment: float, later: float) -> None:
    nonce = OURS.issued(moment)
    assert OURS.is_current(nonce, moment + later) is (abs(int(moment) - (moment + later)) <= LIFETIME)


@given(st.floats(0, 2**40))
def test_a_nonce_can_stand_in_a_header(moment: float) -> None:
    """NQCHAR of RFC 9449, section 8.1: neither white space nor a quote nor a backslash."""
    assert re.fullmatch(r"[\x21\x23-\x5B\x5D-\x7E]+", OURS.issued(moment))


def test_nonces_change_with_the_seconds_and_tell_nothing_of_the_secret() -> None:
    assert OURS.issued(NOW) == OURS.issued(NOW + 0.9)
    assert OURS.issued(NOW) != OURS.issued(NOW + 1)
    assert SECRET.encode() not in base64.urlsafe_b64decode(NONCE)
