"""What a client says about itself in our headers, in any spelling: neither the application nor the gate hears it."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from tests.e2e.provider import Provider
from tests.proxy.application import Application
from tests.proxy.asking import Answer, head
from tests.proxy.fake_gate import FakeGate
from tests.proxy.listening import Header, Seen
from tests.proxy.shipped import SCOPE, Proxy

IDENTITY = ("X-Auth-Tenant", "X-Auth-Subject", "X-Auth-Scope", "X-Profile-Username", "X-Profile-Name",
            "X-Profile-Avatar")  # fmt: skip
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Method", "X-Forwarded-Uri",
             "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Real-IP", "Forwarded", "Client-Cert")  # fmt: skip
KNOWN_TO_THE_GATE = ("X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-Host", "X-Forwarded-Proto", "Client-Cert")
OURS = IDENTITY + FORWARDED

SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "small": str.lower,
    "capital": str.upper,
    "odd case": str.swapcase,
    "underscores": lambda name: name.replace("-", "_"),
    "first underscore": lambda name: name.replace("-", "_", 1),
    "last underscore": lambda name: "_".join(name.rsplit("-", 1)),
    "dots": lambda name: name.replace("-", "."),
    "tildes": lambda name: name.replace("-", "~"),
    "stars": lambda name: name.replace("-", "*"),
    "pluses": lambda name: name.replace("-", "+"),
    "exclamation marks": lambda name: name.replace("-", "!"),
}

PLACES = ("/", "/orders/1", "/health")


@pytest.fixture(scope="module")
def stranger(provider: Provider) -> str:
    """A token with the scope, of a user without a record: the gate has nothing to say in three of its headers."""
    return provider.sign_in(f"new-{uuid4().hex}", f"openid {SCOPE}")


def hears_nothing(seen: Seen) -> None:
    assert "forged" not in str(seen.headers), seen.headers


def forged(spelling: Callable[[str], str], times: int = 1) -> list[Header]:
    return [(spelling(name), f"forged-{n}") for name in OURS for n in range(times)]


def reached(proxy: Proxy, application: Application, target: str, headers: list[Header], token: str) -> Answer | None:
    """The answer of the application; a proxy may also refuse what it finds too odd."""
    before = len(application.seen)
    answer = proxy.ask(target, headers, token=token)
    if answer.status == 400:
        assert len(application.seen) == before
        return None
    assert answer.status == 200, answer.body
    return answer


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("target", PLACES)
def test_the_application_hears_nothing_that_a_client_says_in_our_headers(
    proxy: Proxy, application: Application, stranger: str, target: str, spelling: Callable[[str], str]
) -> None:
    for times in (1, 2):
        answer = reached(proxy, application, target, forged(spelling, times), stranger)
        if answer is not None:
            hears_nothing(answer.seen)


def test_a_user_without_a_record_has_the_subject_of_the_token_and_no_profile(proxy: Proxy, stranger: str) -> None:
    seen = proxy.ask("/", forged(str), token=stranger).seen
    assert [value.startswith("new-") for value in seen.values("x-auth-subject")] == [True]
    assert [seen.values(name) for name in IDENTITY[3:]] in ([[""]] * 3, [[]] * 3)


def test_on_an_open_path_there_is_no_identity_at_all(proxy: Proxy, stranger: str) -> None:
    seen = proxy.ask("/health", forged(str.lower), token=stranger).seen
    assert not {name for name in seen.names if name.startswith(("X_AUTH_", "X_PROFILE_"))}


def test_a_client_cannot_have_our_headers_dropped_as_those_of_a_connection(proxy: Proxy, stranger: str) -> None:
    named = ", ".join(["close", *OURS, "Authorization"])
    with proxy.connection() as connection:
        connection.write(head("GET", "/", [("Host", "app.example.com"), ("Connection", named),
                                    ("Authorization", f"Bearer {stranger}")]))  # fmt: skip
        answer = connection.answer()
    if answer.status != 400:
        assert len(answer.seen.values("x-auth-subject")) == 1
        assert answer.seen.values("authorization") == [f"Bearer {stranger}"]


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_the_gate_is_asked_about_the_request_that_was_made(
    faced: Proxy, fake_gate: FakeGate, spelling: Callable[[str], str]
) -> None:
    before = len(fake_gate.seen)
    answer = faced.ask("/orders/a%20b?c=d", forged(spelling, 2), method="PATCH", token="a-token")
    if answer.status == 400 and len(fake_gate.seen) == before:
        return
    asked = fake_gate.last
    assert asked.target.startswith("/auth/forward?scope=")
    assert asked.values("x-forwarded-uri") == ["/orders/a%20b?c=d"]
    assert (asked.values("x-forwarded-method") or [asked.method]) == ["PATCH"]
    assert (asked.values("x-forwarded-host") or asked.values("host")) == ["app.example.com"]
    assert asked.values("x-forwarded-proto") == ["https"]
    assert asked.values("authorization") == ["Bearer a-token"]
    assert not [name for name in KNOWN_TO_THE_GATE if "forged" in str(asked.values(name))]


def test_the_gate_sees_both_of_two_proofs(faced: Proxy, fake_gate: FakeGate) -> None:
    faced.ask("/", [("DPoP", "one"), ("DPoP", "two")], token="a-token")
    assert ",".join(fake_gate.last.values("dpop")) == "one,two"
