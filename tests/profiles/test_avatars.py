"""The avatar: which addresses are taken, and which one people without one get."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilegate.errors import InvalidField
from profilegate.profiles import avatars
from profilegate.profiles.record import ProfileKey

from .strategies import keys

BASE = "https://api.dicebear.com/9.x/adventurer/svg"
LONGEST_BASE = "https://avatars.example/".ljust(500, "x")
WITH_QUERY = "https://avatars.example/svg?size=64"
USER = ProfileKey("your_tenant", "user_123")


def of_length(length: int, character: str = "x") -> str:
    return "https://example.com/".ljust(length, character)


@pytest.mark.parametrize(
    "avatar",
    [
        "https://example.com/a.png",
        "http://example.com",
        "HTTPS://EXAMPLE.COM/A.png",
        "https://example.com:8443/a.png?size=64#top",
        "https://example.com:65535/",
        "https://127.0.0.1/a.png",
        "https://[2001:db8::1]:8080/a.png",
        "https://bücher.example/müller.png",
        "https://xn--bcher-kva.example/a@b.png",
        "https://example.com/%00%0A%20.png",
        of_length(2048),
        of_length(2048, "😀"),
    ],
)
def test_an_absolute_web_address_is_kept_as_it_was_sent(avatar: str) -> None:
    assert avatars.checked(avatar) == avatar


@pytest.mark.parametrize(
    "avatar",
    [
        "",
        "not a url",
        "/a.png",
        "//example.com/a.png",
        "https:",
        "https://",
        "https:example.com",
        "https:///a.png",
        "https://:443/a.png",
        "https://?a.png",
        "javascript:alert(1)",
        "JavaScript://example.com/%0Aalert(1)",
        "java\tscript:alert(1)",
        "data:image/png;base64,AAAA",
        "file:///etc/passwd",
        "ftp://example.com/a.png",
        "C:\\a.png",
        "https:\\\\example.com\\a.png",
        "https://example.com\\@evil.example/a.png",
        "https://example.com\\a.png",
        "https://user@example.com/a.png",
        "https://user:password@example.com/a.png",
        "https://@example.com/a.png",
        " https://example.com/a.png",
        "https://example.com/a.png ",
        "https://example.com/a b.png",
        "https://example.com/a\u00a0b.png",
        "https://exam\u200bple.com/a.png",
        "https://example.com/a\tb.png",
        "https://example.com/a.png\n",
        "https://example.com/\0",
        "https://example.com/\u202egnp.a",
        "https://example.com/\ud800",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://example.com:-1/",
        "https://example.com:http/",
        "https://[::1/a.png",
        "https://[example]/a.png",
        "https://example.com\uff0fa.png",
        of_length(2049),
        of_length(2049, "😀"),
    ],
)
def test_any_other_address_is_refused(avatar: str) -> None:
    with pytest.raises(InvalidField, match=r"^avatar "):
        avatars.checked(avatar)


@pytest.mark.parametrize(("base", "key", "address"), [
    (BASE, USER, f"{BASE}?seed=your_tenant_user_123"),
    (WITH_QUERY, USER, f"{WITH_QUERY}&seed=your_tenant_user_123"),
    (BASE, ProfileKey("t", "auth0|a+b/c d&e=f#g%h?i~j"), f"{BASE}?seed=t_auth0%7Ca%2Bb%2Fc%20d%26e%3Df%23g%25h%3Fi~j"),
])  # fmt: skip
def test_a_generated_address_is_the_base_and_both_ids_percent_encoded(base: str, key: ProfileKey, address: str) -> None:
    assert avatars.generated(base, key) == address


def test_a_regenerated_address_ends_with_the_time_in_milliseconds() -> None:
    address = avatars.regenerated(BASE, USER, 1_700_000_000_123)
    assert address == f"{BASE}?seed=your_tenant_user_123_1700000000123"


@given(keys, st.sampled_from([BASE, WITH_QUERY, LONGEST_BASE]), st.integers(0, 10**14))
def test_every_generated_address_follows_the_rule(key: ProfileKey, base: str, now: int) -> None:
    for address in (avatars.generated(base, key), avatars.regenerated(base, key, now)):
        assert avatars.checked(address) == address


def test_the_longest_ids_and_the_longest_base_fit_the_limit() -> None:
    address = avatars.regenerated(LONGEST_BASE, ProfileKey("#" * 128, "#" * 255), 10**14)
    assert avatars.checked(address) == address
