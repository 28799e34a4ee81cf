"""Whether the caller holds what the token is bound to (RFC 7800, RFC 8705, RFC 9449)."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.minting import NOW

from profilegate.auth.binding import Binding
from profilegate.auth.credentials import Credentials, Scheme, presented
from profilegate.auth.nonces import LIFETIME, Nonces
from profilegate.auth.proof_memory import LocalProofMemory, use_of
from profilegate.errors import InvalidProof, InvalidRequest, InvalidToken, NonceRequired, ProfileGateError, Unavailable

from .given import Ticks
from .proving import MAX_AGE, TOKEN, URL, Prover, accepted
from .test_certificates import ENCODED, ITS_THUMBPRINT, RFC_9440

CLIENT, STRANGER = Prover(), Prover()
BOUND = {"jkt": CLIENT.thumbprint}
CERTIFICATE = b":" + ENCODED + b":"
TO_CERTIFICATE = {"x5t#S256": ITS_THUMBPRINT}
ADDRESSES = ("https://profiles.example",)
NONCES = Nonces("a secret that has at least 32 characters")


class Memory:
    """Remembers as it is told to, and what it was asked."""

    def __init__(self, answer: bool | ProfileGateError = True) -> None:
        self.answer, self.asked = answer, list[tuple[bytes, int, int]]()

    async def is_first(self, use: bytes, expires_at: int, now: int) -> bool:
        self.asked.append((use, expires_at, now))
        if isinstance(self.answer, ProfileGateError):
            raise self.answer
        return self.answer


def binding(addresses: Sequence[str] = ADDRESSES, **changes: Any) -> Binding:
    standard: dict[str, Any] = {"memory": LocalProofMemory(), "clock": Ticks(NOW), "max_age": MAX_AGE}
    return Binding(**{**standard, "addresses": lambda _: addresses, **changes})


def bearing(scheme: Scheme = "Bearer", *proofs: bytes, **changes: Any) -> Credentials:
    """What a request to `url` presents."""
    used, _, rest = changes.pop("url", URL).partition("://")
    host, slash, path = rest.partition("/")
    standard: dict[str, Any] = {"token": TOKEN, "method": "GET"}
    asked = {"url_scheme": used, "host": host, "path": slash + path}
    return Credentials(**{**standard, **asked, "scheme": scheme, "proofs": proofs, **changes})


def proving(*proofs: bytes, **changes: Any) -> Credentials:
    return bearing("DPoP", *proofs, **changes)


async def refused(
    checked: Binding, confirmation: Any, credentials: Credentials, required: bool = False
) -> InvalidToken:
    with pytest.raises(InvalidToken) as caught:
        await checked.check(confirmation, credentials, required)
    return caught.value


def is_token(error: InvalidToken) -> bool:
    """Whether the token is to blame, and not the proof: the two have codes of their own (RFC 9449, section 7.1)."""
    return not isinstance(error, InvalidProof)


# Which scheme goes with which token


async def test_a_plain_token_is_borne() -> None:
    await binding().check(None, bearing())


async def test_a_proof_beside_a_plain_token_is_not_looked_at() -> None:
    """Section 7.1: a client may not know yet which kind it was given."""
    memory = Memory()
    await binding(memory=memory).check(None, bearing("Bearer", b"nonsense", b"more"))
    assert memory.asked == []


async def test_a_bound_token_with_its_proof_is_admitted() -> None:
    await binding().check(BOUND, proving(CLIENT.proof()))


WRONG_SCHEME = "a token that is bound to a key, and only such a one, goes with the scheme DPoP"


async def test_a_bound_token_is_no_bearer_token_not_even_with_its_proof() -> None:
    for credentials in (bearing(), bearing("Bearer", CLIENT.proof())):
        error = await refused(binding(), BOUND, credentials)
        assert is_token(error)
        assert error.reason == WRONG_SCHEME


async def test_a_plain_token_does_not_go_with_dpop() -> None:
    assert is_token(await refused(binding(), None, proving(CLIENT.proof())))


async def test_a_token_bound_to_a_certificate_alone_does_not_go_with_dpop() -> None:
    assert is_token(await refused(binding(), TO_CERTIFICATE, proving(CLIENT.proof(), certificate=CERTIFICATE)))


NOT_BOUND = "the token is not bound to a key or certificate, as this issuer's must be"


async def test_where_binding_is_required_a_plain_token_is_refused() -> None:
    assert (await refused(binding(), None, bearing(), required=True)).reason == NOT_BOUND
    assert (await refused(binding(), None, proving(CLIENT.proof()), required=True)).reason == NOT_BOUND


async def test_where_binding_is_required_either_kind_will_do() -> None:
    await binding().check(BOUND, proving(CLIENT.proof()), True)
    await binding().check(TO_CERTIFICATE, bearing(certificate=CERTIFICATE), True)


# What a token says it is bound to


@pytest.mark.parametrize(
    "confirmation",
    [
        {},
        [],
        "",
        0,
        False,
        "jkt",
        ["jkt"],
        {"jkt": None},
        {"jkt": 5},
        {"jkt": [CLIENT.thumbprint]},
        {"x5t#S256": None},
        {"x5t#S256": {}},
        {"kid": "a"},
        {"jwk": {}},
        {"jwe": "x"},
        {"jku": "https://id.example/keys"},
        {"x5t": ITS_THUMBPRINT},
        {"JKT": CLIENT.thumbprint},
        {"jkt": CLIENT.thumbprint, "kid": "a"},
        {"jkt": CLIENT.thumbprint, "x5t#S256": None},
        {"x5t#S256": ITS_THUMBPRINT, "jwk": {}},
        {"": ""},
    ],
    ids=lambda value: str(value).replace(CLIENT.thumbprint, "the key").replace(ITS_THUMBPRINT, "the certificate"),
)
@pytest.mark.parametrize("scheme", ["Bearer", "DPoP"])
async def test_what_is_not_understood_is_not_proved_either(confirmation: Any, scheme: Scheme) -> None:
    credentials = bearing(scheme, CLIENT.proof(), certificate=CERTIFICATE)
    error = await refused(binding(), confirmation, credentials)
    assert is_token(error)
    assert error.reason == "cnf is not understood"


@given(st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner)))
def test_nothing_but_an_absent_cnf_is_a_plain_token(confirmation: Any) -> None:
    check = binding().check(confirmation, bearing(certificate=CERTIFICATE))
    if confirmation is None:
        asyncio.run(check)
    else:
        with pytest.raises(InvalidToken):
            asyncio.run(check)


# Certificates


async def test_the_certificate_that_the_token_is_bound_to_is_enough() -> None:
    await binding().check(TO_CERTIFICATE, bearing(certificate=CERTIFICATE))


@pytest.mark.parametrize("certificate", [None, b"", b" ", RFC_9440])
async def test_any_other_certificate_is_refused(certificate: bytes | None) -> None:
    error = await refused(binding(), TO_CERTIFICATE, bearing(certificate=certificate))
    assert is_token(error)
    assert error.reason == "the token is bound to another client certificate"


@pytest.mark.parametrize("said", [ITS_THUMBPRINT[:-1], ITS_THUMBPRINT + "=", ITS_THUMBPRINT.lower(), "é", "None"])
async def test_the_thumbprint_is_compared_exactly(said: str) -> None:
    for certificate in (CERTIFICATE, None):
        await refused(binding(), {"x5t#S256": said}, bearing(certificate=certificate))


async def test_a_certificate_that_cannot_be_read_matters_only_to_who_is_bound_to_one() -> None:
    error = await refused(binding(), TO_CERTIFICATE, bearing(certificate=b"nonsense"))
    assert error.reason == "the client certificate cannot be read"
    await binding().check(None, bearing(certificate=b"nonsense"))


async def test_an_empty_thumbprint_is_nobodys() -> None:
    await refused(binding(), {"x5t#S256": ""}, bearing())
    await refused(binding(), {"jkt": ""}, proving(CLIENT.proof()))


async def test_a_certificate_that_no_token_asked_for_does_no_harm() -> None:
    await binding().check(None, bearing(certificate=CERTIFICATE))
    await binding().check(BOUND, proving(CLIENT.proof(), certificate=CERTIFICATE))


async def test_a_token_bound_to_both_needs_both() -> None:
    both = BOUND | TO_CERTIFICATE
    await binding().check(both, proving(CLIENT.proof(), certificate=CERTIFICATE))
    await refused(binding(), both, proving(CLIENT.proof()))
    await refused(binding(), both, proving(certificate=CERTIFICATE))
    await refused(binding(), both, bearing(certificate=CERTIFICATE))
    await refused(binding(), both, proving(STRANGER.proof(), certificate=CERTIFICATE))


# Proofs


@pytest.mark.parametrize("count", [0, 2, 3])
async def test_there_is_exactly_one_proof(count: int) -> None:
    error = await refused(binding(), BOUND, proving(*(CLIENT.proof() for _ in range(count))))
    assert not is_token(error)
    assert error.reason == "there must be exactly one DPoP header"


async def test_two_equal_proofs_are_two() -> None:
    proof = CLIENT.proof()
    assert not is_token(await refused(binding(), BOUND, proving(proof, proof)))


async def test_another_keys_proof_makes_the_token_invalid() -> None:
    """Section 7.1, case of a mismatch: the token was stolen, and the thief has a key, too."""
    error = await refused(binding(), BOUND, proving(STRANGER.proof()))
    assert is_token(error)
    assert error.reason == "the token is bound to another key than the proof's"


@pytest.mark.parametrize(
    "fault", [{"htm": "POST"}, {"htu": "https://other.example/api/profile"}, {"ath": "x"}, {"iat": 0}, {"jti": ""}]
)
async def test_a_fault_of_the_proof_is_told_from_one_of_the_token(fault: dict[str, Any]) -> None:
    assert not is_token(await refused(binding(), BOUND, proving(CLIENT.proof(**fault))))


async def test_the_method_and_the_token_are_those_of_the_request() -> None:
    await binding().check(BOUND, proving(CLIENT.proof(htm="PATCH"), method="PATCH"))
    await refused(binding(), BOUND, proving(CLIENT.proof(), method="PATCH"))
    await refused(binding(), BOUND, proving(CLIENT.proof(), token=b"another"))


async def test_the_age_is_the_settings() -> None:
    await refused(binding(max_age=1), BOUND, proving(CLIENT.proof(iat=int(NOW) - 59)))
    await binding(max_age=60).check(BOUND, proving(CLIENT.proof(iat=int(NOW) - 59)))


# Once


async def test_a_proof_is_used_once() -> None:
    checked, proof = binding(), CLIENT.proof()
    await checked.check(BOUND, proving(proof))
    error = await refused(checked, BOUND, proving(proof))
    assert not is_token(error)
    assert error.reason == "it was used before"


async def test_an_id_is_used_once_whatever_else_the_proof_says() -> None:
    checked = binding()
    await checked.check(BOUND, proving(CLIENT.proof(jti="one")))
    other = proving(CLIENT.proof(jti="one", htm="PUT", iat=int(NOW) - 5), method="PUT")
    assert not is_token(await refused(checked, BOUND, other))


async def test_two_keys_may_have_the_same_id() -> None:
    checked = binding()
    await checked.check(BOUND, proving(CLIENT.proof(jti="one")))
    await checked.check({"jkt": STRANGER.thumbprint}, proving(STRANGER.proof(jti="one")))


async def test_of_many_at_once_one_is_admitted() -> None:
    checked, proof = binding(), CLIENT.proof()
    answers = await asyncio.gather(*(checked.check(BOUND, proving(proof)) for _ in range(50)), return_exceptions=True)
    assert answers.count(None) == 1


async def test_what_is_remembered_is_the_key_and_the_id_until_nobody_would_take_the_proof() -> None:
    memory = Memory()
    proof = CLIENT.proof()
    await binding(memory=memory, clock=lambda: NOW + 0.9).check(BOUND, proving(proof))
    found = accepted(proof)
    assert memory.asked == [(use_of(found), found.expires_at, int(NOW))]


async def test_a_proof_that_is_refused_is_not_remembered() -> None:
    """Else anybody could fill the memory, or use up the proof of somebody who is slower."""
    memory = Memory()
    checked = binding(memory=memory, nonces=NONCES)
    nonce = NONCES.issued(NOW)
    for credentials in (
        proving(CLIENT.proof(htm="PUT", nonce=nonce)),
        proving(STRANGER.proof(nonce=nonce)),
        proving(CLIENT.proof()),
        proving(CLIENT.proof(nonce="old")),
        bearing("Bearer", CLIENT.proof(nonce=nonce)),
    ):
        await refused(checked, BOUND, credentials)
    assert memory.asked == []


async def test_what_cannot_be_remembered_admits_nobody() -> None:
    with pytest.raises(Unavailable):
        await binding(memory=Memory(Unavailable("full"))).check(BOUND, proving(CLIENT.proof()))


# Nonces


async def test_without_nonces_whatever_a_proof_says_of_one_is_not_looked_at() -> None:
    await binding().check(BOUND, proving(CLIENT.proof(nonce="whatever")))


@pytest.mark.parametrize("nonce", [None, "", "made up", NONCES.issued(NOW - LIFETIME - 1), Nonces("x").issued(NOW), 5])
async def test_a_proof_without_a_current_nonce_gets_one(nonce: Any) -> None:
    checked = binding(nonces=NONCES)
    error = await refused(checked, BOUND, proving(CLIENT.proof(nonce=nonce)))
    assert isinstance(error, NonceRequired)
    await checked.check(BOUND, proving(CLIENT.proof(nonce=error.nonce)))


async def test_a_nonce_may_be_used_for_several_proofs() -> None:
    checked, nonce = binding(nonces=NONCES), NONCES.issued(NOW)
    for _ in range(3):
        await checked.check(BOUND, proving(CLIENT.proof(nonce=nonce)))


async def test_a_nonce_makes_no_proof_good_twice() -> None:
    checked, proof = binding(nonces=NONCES), CLIENT.proof(nonce=NONCES.issued(NOW))
    await checked.check(BOUND, proving(proof))
    error = await refused(checked, BOUND, proving(proof))
    assert not isinstance(error, NonceRequired)


async def test_a_nonce_is_given_only_to_who_holds_the_tokens_key() -> None:
    for proofs in ([STRANGER.proof()], [CLIENT.proof(htm="PUT")], []):
        assert not isinstance(await refused(binding(nonces=NONCES), BOUND, proving(*proofs)), NonceRequired)


# The address


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/api/profile",
        "http://internal/api/profile",
        "https://evil.example/api/profile",
        "http:///api/profile",
    ],
)
async def test_with_a_public_address_only_the_path_of_the_request_counts(url: str) -> None:
    await binding().check(BOUND, proving(CLIENT.proof(), url=url))
    for htu in (url, "https://evil.example/api/profile", "https://profiles.example/other"):
        await refused(binding(), BOUND, proving(CLIENT.proof(htu=htu), url=url))


@pytest.mark.parametrize("address", ["https://p.example/base", "https://p.example/base/", "https://P.EXAMPLE:443/base"])
async def test_a_public_address_may_have_a_path(address: str) -> None:
    checked = binding((address,))
    await checked.check(BOUND, proving(CLIENT.proof(htu="https://p.example/base/api/profile")))
    await refused(checked, BOUND, proving(CLIENT.proof(htu="https://p.example/api/profile")))
    await refused(checked, BOUND, proving(CLIENT.proof(htu="https://p.example/base//api/profile")))


async def test_a_public_addresss_own_letters_stay() -> None:
    checked = binding(("https://p.example/X",))
    await checked.check(BOUND, proving(CLIENT.proof(htu="https://p.example/X/api/profile")))


async def test_any_of_the_public_addresses_will_do() -> None:
    checked = binding(("https://a.example", "https://b.example"))
    for host in ("a.example", "b.example"):
        await checked.check(BOUND, proving(CLIENT.proof(htu=f"https://{host}/api/profile")))
    await refused(checked, BOUND, proving(CLIENT.proof(htu="https://c.example/api/profile")))


async def test_a_refused_first_address_uses_up_nothing() -> None:
    memory = Memory()
    checked = binding(("https://a.example", "https://b.example"), memory=memory)
    await checked.check(BOUND, proving(CLIENT.proof(htu="https://b.example/api/profile")))
    assert len(memory.asked) == 1


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "[::1]"])
@pytest.mark.parametrize("port", ["", ":8000"])
async def test_without_a_public_address_a_loopback_address_is_believed(host: str, port: str) -> None:
    url = f"http://{host}{port}/api/profile"
    await binding(()).check(BOUND, proving(CLIENT.proof(htu=url), url=url))
    await refused(binding(()), BOUND, proving(CLIENT.proof(htu="http://localhost:1/api/profile"), url=url))


@pytest.mark.parametrize(
    "host",
    [
        "profiles.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "evil.example:80",
        "10.0.0.1",
        "0.0.0.0",
        "[::]",
        "[::ffff:7f00:1]x",
        "2130706433",
        "",
        ":80",
        "localhost.",
    ],
)
async def test_without_a_public_address_no_other_name_is_believed(host: str) -> None:
    """Whoever replays another service's proof would send that service's name."""
    url = f"http://{host}/api/profile"
    error = await refused(binding(()), BOUND, proving(CLIENT.proof(htu=url), url=url))
    assert not is_token(error)
    assert error.reason == "no address of this service is known: server.public_url is not set"


def asked(host: bytes, path: bytes = b"/api/profile", proof: bytes = b"") -> Credentials:
    """What a whole request presents. Raises InvalidRequest for a host that cannot be one."""
    headers = [(b"host", host), (b"authorization", b"DPoP " + TOKEN), (b"dpop", proof or CLIENT.proof())]
    return presented({"method": "GET", "scheme": "https", "raw_path": path, "headers": headers})


HOSTS = [b"profiles.example/other?", b"profiles.example/other#", b"x?", b"x#", b"x/api/../", b"/", b"a/b", b"\\"]


@pytest.mark.parametrize("host", HOSTS)
async def test_a_host_header_cannot_move_the_path(host: bytes) -> None:
    """A proof is for the path that was asked for, whatever else the request says."""
    for htu in ("/other", "/", "/b/api/profile", ""):
        proof = CLIENT.proof(htu="https://profiles.example" + htu)
        with pytest.raises((InvalidProof, InvalidRequest)):
            await binding().check(BOUND, asked(host, proof=proof))


@pytest.mark.parametrize(
    "path", [b"/other#/api/profile", b"/other#", b"/other\\..", b"/x/../other", b"/./other", b"//other"]
)
async def test_a_path_that_can_be_read_in_two_ways_is_not_the_other_one(path: bytes) -> None:
    proof = CLIENT.proof(htu="https://profiles.example/other")
    with pytest.raises((InvalidProof, InvalidRequest)):
        await binding().check(BOUND, asked(b"profiles.example", path, proof))


ODD_HOSTS = [
    b"[", b"]", b"[::1", b"[x]", b"[:::]", b"[::::1]", b"[.]", b"[..]", b"[1.2.3.4]", b"[1:2]", b"[::1]:99999",
    b"a:b:c", b"a:99999", b"a:", b"\xc3\xa9", b"\xbc", b" ", b"%", b"\0", b".", b"..", b"-", b"_", b"127.0.0.1.",
    b"localhost:0",
]  # fmt: skip


@pytest.mark.parametrize("host", [*HOSTS, *ODD_HOSTS])
@pytest.mark.parametrize("addresses", [ADDRESSES, ()])
async def test_no_host_header_breaks_the_check(host: bytes, addresses: tuple[str, ...]) -> None:
    with contextlib.suppress(InvalidProof, InvalidRequest):
        await binding(addresses).check(BOUND, asked(host))


@given(st.binary(max_size=12) | st.text("[]:.0af1lx", max_size=10).map(str.encode), st.binary(max_size=12))
def test_no_host_and_no_path_break_the_check(host: bytes, path: bytes) -> None:
    async def run() -> None:
        with contextlib.suppress(InvalidProof, InvalidRequest):
            await binding(()).check(BOUND, asked(host, b"/" + path))

    asyncio.run(run())


async def test_the_addresses_are_asked_for_anew_each_time() -> None:
    known = ["https://a.example"]
    checked = binding(known)
    await refused(checked, BOUND, proving(CLIENT.proof()))
    known.append("https://profiles.example/")
    await checked.check(BOUND, proving(CLIENT.proof()))


async def test_the_escapes_of_the_path_are_the_clients_own_matter() -> None:
    url = "https://profiles.example/v1/profiles/user/a%2fb%7Ec"
    await binding().check(BOUND, proving(CLIENT.proof(htu=url.replace("%2f", "%2F").replace("%7E", "~")), url=url))
    await refused(binding(), BOUND, proving(CLIENT.proof(htu=url.replace("%2f", "/")), url=url))
