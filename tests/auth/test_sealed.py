"""What a browser keeps for us: nobody but us can make it, change it, or use it for something else."""

import json
from binascii import Error
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OctKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from profilegate.auth.relying_party import Attempt
from profilegate.auth.sealed import Seal

SECRET = "a secret that all workers share, and nobody else"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ é\0"


class Other(msgspec.Struct):
    """Of the same shape as an attempt, for another purpose."""

    state: str
    nonce: str
    verifier: str
    to: str
    ends_at: int


ATTEMPT = Attempt(state="s", nonce="n", verifier="v" * 64, to="/account", ends_at=1_800_000_000)
SEAL = Seal(SECRET, Attempt)
SEALED = SEAL.sealed(ATTEMPT)

texts = st.text(max_size=200)


def meant(text: str) -> list[bytes] | None:
    """The bytes that base64url stands for, of which the last character of a part has some to spare."""
    try:
        header, *rest = text.split(".")
        return [header.encode(), *(urlsafe_b64decode(each.encode()) for each in rest)]
    except (Error, ValueError):
        return None


@given(texts, texts, texts, texts, st.integers(0, 2**53))
def test_what_was_sealed_opens_as_it_was(state: str, nonce: str, verifier: str, to: str, ends_at: int) -> None:
    attempt = Attempt(state, nonce, verifier, to, ends_at)
    assert SEAL.opened(SEAL.sealed(attempt)) == attempt


def test_another_worker_with_the_secret_opens_it() -> None:
    assert Seal(SECRET, Attempt).opened(SEALED) == ATTEMPT


def test_the_same_value_never_looks_the_same() -> None:
    assert SEAL.sealed(ATTEMPT) != SEAL.sealed(ATTEMPT)


@given(st.integers(0, len(SEALED) - 1), st.sampled_from(ALPHABET))
def test_a_changed_character_opens_nothing(place: int, character: str) -> None:
    changed = SEALED[:place] + character + SEALED[place + 1 :]
    if meant(changed) == meant(SEALED):
        assert SEAL.opened(changed) == ATTEMPT
    else:
        assert SEAL.opened(changed) is None


@given(st.integers(0, len(SEALED) - 1))
def test_a_part_of_it_opens_nothing(length: int) -> None:
    assert SEAL.opened(SEALED[:length]) is None


def test_parts_of_two_open_nothing() -> None:
    first, second = SEALED.split("."), SEAL.sealed(ATTEMPT).split(".")
    for n in (2, 3, 4):
        assert SEAL.opened(".".join([*first[:n], second[n], *first[n + 1 :]])) is None


@given(texts)
def test_another_secret_opens_nothing(secret: str) -> None:
    if secret != SECRET:
        assert Seal(secret, Attempt).opened(SEALED) is None


def test_what_was_sealed_for_another_purpose_opens_nothing() -> None:
    other = Seal(SECRET, Other).sealed(Other(**msgspec.structs.asdict(ATTEMPT)))
    assert SEAL.opened(other) is None
    assert Seal(SECRET, Other).opened(SEALED) is None


@given(st.one_of(st.text(), st.from_regex(r"\A[\w-]*(\.[\w-]*){4}\Z")))
def test_junk_opens_nothing(text: str) -> None:
    assert SEAL.opened(text) is None


@given(
    st.one_of(
        st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=3),
        st.dictionaries(
            st.sampled_from(["alg", "enc", "zip", "crit", "epk", "p2s", "p2c", "kid", "jwk"]),
            st.sampled_from(["dir", "A256GCM", "none", "PBES2-HS256+A128KW", "DEF", "A256KW", 10**9, [], ["b64"], {}]),
        ),
    )
)
def test_a_header_of_somebody_elses_opens_nothing(header: Any) -> None:
    first = urlsafe_b64encode(json.dumps(header).encode()).decode()
    assert SEAL.opened(".".join([first, *SEALED.split(".")[1:]])) is None


@pytest.mark.parametrize("key", ["", "x", SECRET])
def test_a_key_that_was_guessed_from_the_secret_alone_seals_nothing(key: str) -> None:
    forged = jwe.encrypt_compact(
        {"alg": "dir", "enc": "A256GCM"},
        msgspec.json.encode(ATTEMPT),
        OctKey.import_key(key.encode().ljust(32, b"\0")[:32]),
    )
    assert SEAL.opened(forged) is None


def test_the_secret_and_the_value_cannot_be_read_from_it() -> None:
    told = b"".join(urlsafe_b64decode(part.encode()) for part in SEALED.split("."))
    assert b"v" * 8 not in told
    assert SECRET.encode() not in told
