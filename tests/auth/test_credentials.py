"""What a request presents: token, proofs, certificate, and the request itself (RFC 6750, RFC 9449, RFC 9440)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilegate.auth.credentials import (
    CertificateSource,
    Credentials,
    TrustedProxies,
    authorization,
    presented,
    values,
)
from profilegate.errors import InvalidRequest, InvalidToken, MissingCredentials, ProfileGateError, UnsupportedScheme

from .test_certificates import RFC_8705, quote

CERTIFICATE = quote(RFC_8705).encode()
BEARER = (b"authorization", b"Bearer token")

Headers = list[tuple[bytes, bytes]]


def scope(headers: Headers, **changes: Any) -> dict[str, Any]:
    """A request as ASGI has it."""
    asked: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "scheme": "https",
        "path": "/api/profile",
        "raw_path": b"/api/profile",
        "client": ("10.0.0.7", 40_000),
        "headers": headers,
    }
    return {**asked, **changes}


# The scheme


@pytest.mark.parametrize("name", [b"DPoP", b"dpop", b"DPOP", b"dPoP"])
def test_the_scheme_dpop_is_written_in_any_case(name: bytes) -> None:
    assert authorization([(b"authorization", name + b" a.b.c")]) == ("DPoP", b"a.b.c")


@pytest.mark.parametrize("name", [b"DPoP", b"Bearer"])
def test_a_scheme_without_a_token_is_an_invalid_token(name: bytes) -> None:
    for value in (name, name + b" ", name + b"\t", b" " + name + b"   "):
        with pytest.raises((InvalidToken, UnsupportedScheme)):
            authorization([(b"authorization", value)])


@pytest.mark.parametrize(
    "value", [b"DPoPa.b.c", b"D-PoP x", b"DPoP, Bearer", b"Basic x", b"Negotiate x", b"", b"token"]
)
def test_another_scheme_is_told_from_no_header(value: bytes) -> None:
    with pytest.raises(UnsupportedScheme):
        authorization([(b"authorization", value)])


def test_no_header_at_all_is_missing_credentials() -> None:
    with pytest.raises(MissingCredentials) as caught:
        authorization([(b"dpop", b"proof")])
    assert type(caught.value) is MissingCredentials


@pytest.mark.parametrize("value", [b"Bearer a,b", b"DPoP a, Bearer b", b"Bearer ,", b"DPoP a,"])
def test_two_credentials_in_one_header_are_a_bad_request(value: bytes) -> None:
    with pytest.raises(InvalidRequest):
        authorization([(b"authorization", value)])


@given(st.lists(st.binary(max_size=30), max_size=3))
def test_any_headers_give_a_token_or_an_error_of_ours(given: list[bytes]) -> None:
    try:
        scheme, token = authorization([(b"authorization", value) for value in given])
    except ProfileGateError:
        return
    assert scheme in ("Bearer", "DPoP")
    assert token == token.strip() != b""


def test_the_values_of_a_header_are_all_of_them_in_order() -> None:
    headers = [(b"a", b"1"), (b"b", b"2"), (b"a", b"3"), (b"aa", b"4"), (b"A", b"5")]
    assert values(headers, b"a") == [b"1", b"3"]


# The whole request


def test_everything_of_a_request_is_presented() -> None:
    headers = [
        (b"host", b"Profiles.Example:8443"),
        (b"authorization", b"DPoP token"),
        (b"dpop", b"one"),
        (b"dpop", b"two"),
    ]
    asked = scope(headers, method="PATCH", raw_path=b"/v1/a%2Fb?x=%3F#y")
    assert presented(asked) == Credentials(
        scheme="DPoP",
        token=b"token",
        proofs=[b"one", b"two"],
        certificate=None,
        method="PATCH",
        url_scheme="https",
        host="profiles.example:8443",
        path="/v1/a%2Fb",
    )


@pytest.mark.parametrize("raw_path", [None, b""])
def test_without_the_raw_path_the_path_is_taken(raw_path: bytes | None) -> None:
    asked = scope([(b"host", b"h"), BEARER], raw_path=raw_path, path="/v1/x")
    assert presented(asked).path == "/v1/x"


def test_a_request_without_a_host_has_none() -> None:
    found = presented(scope([BEARER]))
    assert (found.host, found.path) == ("", "/api/profile")


@pytest.mark.parametrize("second", [b"a.example", b"b.example", b""])
def test_two_hosts_are_a_bad_request(second: bytes) -> None:
    """RFC 9112, section 3.2."""
    for hosts in ((b"a.example", second), (second, b"a.example")):
        with pytest.raises(InvalidRequest):
            presented(scope([*((b"host", each) for each in hosts), BEARER]))


@pytest.mark.parametrize(
    "host",
    [b"a.example", b"A.Example", b"a.example:443", b"a_b.example", b"xn--e1afmkfd.example", b"127.0.0.1", b"[::1]:80",
     b"[2001:DB8::1]", b"a" * 253, b"a.example.", b"", b":80"],
)  # fmt: skip
def test_a_host_is_taken_in_lower_case(host: bytes) -> None:
    assert presented(scope([(b"host", host), BEARER])).host == host.decode().lower()


@pytest.mark.parametrize(
    "host",
    [b"a b", b"a/b", b"a?b", b"a#b", b"a\\b", b"a@b", b"a:b", b"a:", b"a:123456", b"a,b", b"[::1", b"::1", b"[x]",
     b"[]", b"[::1]x", b"\xc3\xa9", b"a%2eb", b"a\0", b"a\n", b" a", b"a ", b"a" * 254, b"*", b"a;b", b"a'b", b"http://a"],
)  # fmt: skip
def test_what_is_no_host_is_a_bad_request(host: bytes) -> None:
    with pytest.raises(InvalidRequest):
        presented(scope([(b"host", host), BEARER]))


def test_no_other_header_gives_the_address() -> None:
    forwarded = [
        (b"x-forwarded-host", b"evil.example"),
        (b"x-forwarded-proto", b"http"),
        (b"forwarded", b"host=evil.example;proto=http"),
        (b"x-original-url", b"/evil"),
        (b"x-http-method-override", b"DELETE"),
    ]
    found = presented(scope([(b"host", b"h"), *forwarded, BEARER]))
    assert (found.method, found.url_scheme, found.host, found.path) == ("GET", "https", "h", "/api/profile")


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_host_and_path_are_presented_or_a_bad_request(host: bytes, path: bytes) -> None:
    try:
        found = presented(scope([(b"host", host), BEARER], raw_path=b"/" + path))
    except InvalidRequest:
        return
    assert found.token == b"token"
    assert found.host.isascii()
    assert "?" not in found.path


def test_the_token_is_taken_from_the_header_alone() -> None:
    asked = scope([(b"host", b"h")], query_string=b"access_token=token", raw_path=b"/api/profile?access_token=token")
    with pytest.raises(MissingCredentials):
        presented(asked)


# The certificate

PROXIES = CertificateSource.of("Client-Cert", TrustedProxies.of(["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"]))
assert PROXIES is not None


def certificate_from(peer: Any, headers: Headers | None = None) -> bytes | None:
    assert PROXIES is not None
    return PROXIES.certificate(scope([(b"client-cert", CERTIFICATE)] if headers is None else headers, client=peer))


def test_without_the_setting_there_is_no_source() -> None:
    assert CertificateSource.of(None, TrustedProxies.of(["10.0.0.0/8"])) is None


@pytest.mark.parametrize(
    "peer",
    ["10.0.0.1", "10.255.255.255", "192.0.2.1", "2001:db8::7", "2001:DB8:0::7", "::ffff:10.0.0.1", "::ffff:192.0.2.1"],
)
def test_a_trusted_proxy_is_believed(peer: str) -> None:
    assert certificate_from((peer, 1)) == CERTIFICATE


@pytest.mark.parametrize(
    "peer",
    [
        None,
        (),
        ("", 1),
        (None, 1),
        ("11.0.0.1", 1),
        ("9.255.255.255", 1),
        ("192.0.2.2", 1),
        ("127.0.0.1", 1),
        ("2001:db9::1", 1),
        ("::1", 1),
        ("::ffff:11.0.0.1", 1),
        ("::10.0.0.1", 1),
        ("64:ff9b::10.0.0.1", 1),
        ("testclient", 1),
        ("/run/profilegate.sock", 0),
        ("10.0.0.1:80", 1),
        ("010.0.0.1", 1),
    ],
)
def test_nobody_else_is(peer: Any) -> None:
    """What a stranger sends counts for nothing, and is no reason to refuse a plain token either."""
    assert certificate_from(peer) is None
    assert certificate_from(peer, [(b"client-cert", b"nonsense"), (b"client-cert", b"more")]) is None


def test_a_trusted_proxy_that_sends_none_has_seen_none() -> None:
    assert certificate_from(("10.0.0.1", 1), []) is None
    assert not certificate_from(("10.0.0.1", 1), [(b"client-cert", b"")])
    assert certificate_from(("10.0.0.1", 1), [(b"x-client-cert", CERTIFICATE)]) is None


def test_two_certificates_are_a_bad_request() -> None:
    """One of them may be the client's own invention, which the proxy did not take away."""
    for second in (CERTIFICATE, b"", b"x"):
        with pytest.raises(InvalidRequest):
            certificate_from(("10.0.0.1", 1), [(b"client-cert", CERTIFICATE), (b"client-cert", second)])


def test_what_a_trusted_proxy_sends_is_read_only_when_a_token_needs_it() -> None:
    assert certificate_from(("10.0.0.1", 1), [(b"client-cert", b"nonsense")]) == b"nonsense"


def test_the_header_is_the_one_that_is_configured_in_any_case() -> None:
    source = CertificateSource.of("X-SSL-Client-CERT", TrustedProxies.of(["10.0.0.0/8"]))
    assert source is not None
    assert source.certificate(scope([(b"x-ssl-client-cert", CERTIFICATE)])) == CERTIFICATE
    assert source.certificate(scope([(b"client-cert", CERTIFICATE)])) is None


def test_without_any_network_nobody_is_believed() -> None:
    source = CertificateSource.of("Client-Cert", TrustedProxies.of([]))
    assert source is not None
    assert source.certificate(scope([(b"client-cert", CERTIFICATE)])) is None


def test_the_certificate_is_presented_with_the_token() -> None:
    asked = scope([(b"host", b"h"), BEARER, (b"client-cert", CERTIFICATE)])
    assert presented(asked, PROXIES).certificate == CERTIFICATE
    assert presented(asked).certificate is None
    assert presented({**asked, "client": ("203.0.113.1", 1)}, PROXIES).certificate is None
