"""The client's certificate as proxies write it, to its thumbprint (RFC 8705, RFC 9440)."""

import base64
import hashlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.util import urlsafe_b64encode

from profilegate.auth.certificates import LIMIT, thumbprint
from profilegate.errors import InvalidToken

# RFC 8705, appendix A: the certificate, and the member of `cnf` that belongs to it.
RFC_8705 = """-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
"""
ITS_THUMBPRINT = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"

# RFC 9440, appendix A, and the SHA-256 fingerprint that any tool shows of it.
RFC_9440 = (
    b":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVka"
    b"WF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnX"
    b"XfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSME"
    b"GDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4"
    b"YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmu"
    b"ydBVoU4hBVZ1yhk=:"
)
ITS_FINGERPRINT = "bfaf1f7e070f9fa8dd62905f158da73f84a1136624fbafcc9393c8f7287a69eb"

ENCODED = base64.b64encode(base64.b64decode("".join(RFC_8705.split("\n")[1:-2])))


@pytest.mark.parametrize(
    "header",
    [
        b":" + ENCODED + b":",
        b"  :" + ENCODED + b":\t",
        quote(RFC_8705, safe="").encode(),
        quote(RFC_8705).encode(),
        quote(RFC_8705.strip()).encode(),
        quote(RFC_8705.replace("\n", "\r\n"), safe="").encode(),
        b"-----BEGIN%20CERTIFICATE-----%0A" + quote(ENCODED).encode() + b"%0A-----END%20CERTIFICATE-----%0A",
        b"-----BEGIN CERTIFICATE----- " + ENCODED + b" -----END CERTIFICATE-----",
        b"%20%0A" + quote(RFC_8705).encode() + b"%0A%09",
    ],
)
def test_the_certificate_of_rfc_8705_has_its_thumbprint_in_either_writing(header: bytes) -> None:
    assert thumbprint(header) == ITS_THUMBPRINT


def test_the_header_of_rfc_9440_has_the_fingerprint_that_tools_show() -> None:
    assert thumbprint(RFC_9440) == urlsafe_b64encode(bytes.fromhex(ITS_FINGERPRINT)).decode()


@pytest.mark.parametrize("header", [b"", b" ", b"\t  "])
def test_an_empty_header_says_that_there_is_no_certificate(header: bytes) -> None:
    assert thumbprint(header) is None


PEM = RFC_8705.encode()


@pytest.mark.parametrize(
    "header",
    [
        b":",
        b"::",
        b": :",
        b":" + ENCODED,
        ENCODED + b":",
        ENCODED,
        b":" + ENCODED + b"::",
        b"::" + ENCODED + b":",
        b":" + ENCODED + b":, :" + ENCODED + b":",
        b":" + ENCODED + b":;a=1",
        b":" + ENCODED[:-1] + b":",
        b":" + ENCODED[:100] + b" " + ENCODED[100:] + b":",
        b":" + ENCODED[:100] + b"\n" + ENCODED[100:] + b":",
        b":" + ENCODED.replace(b"+", b"-").replace(b"/", b"_") + b":",
        b":" + quote(ENCODED, safe="").encode() + b":",
        b":%s:" % (b"\xff" * 8),
        b"null",
        b"(null)",
        b"-",
        b"-----BEGIN CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE----------END CERTIFICATE-----",
        b"-----END CERTIFICATE-----",
        quote(RFC_8705 + RFC_8705).encode(),
        quote("x" + RFC_8705).encode(),
        quote(RFC_8705 + "x").encode(),
        quote(RFC_8705.replace("CERTIFICATE", "PUBLIC KEY")).encode(),
        quote(RFC_8705.replace("BEGIN CERT", "BEGIN TRUSTED CERT")).encode(),
        quote(RFC_8705.replace("M", "*", 1)).encode(),
        PEM.replace(b"+", b" ") + b"+",
        quote(quote(RFC_8705, safe="")).encode(),
        b'Hash=abc;Cert="' + quote(RFC_8705).encode() + b'"',
    ],
)
def test_anything_else_is_refused_and_never_taken_for_no_certificate(header: bytes) -> None:
    with pytest.raises(InvalidToken) as caught:
        thumbprint(header)
    assert caught.value.reason == "the client certificate cannot be read"


@given(st.binary(min_size=1, max_size=300))
def test_both_writings_of_any_certificate_have_one_thumbprint(der: bytes) -> None:
    encoded = base64.b64encode(der)
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
    expected = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
    assert thumbprint(b":" + encoded + b":") == thumbprint(quote(pem, safe="").encode()) == expected


@given(st.binary(max_size=200))
def test_any_header_has_a_thumbprint_or_none_or_is_refused(header: bytes) -> None:
    try:
        found = thumbprint(header)
    except InvalidToken:
        return
    assert found is None or len(found) == 43


def test_a_certificate_may_be_as_large_as_the_limit_and_no_larger() -> None:
    most = (LIMIT - 2) // 4 * 3
    assert thumbprint(b":" + base64.b64encode(bytes(most)) + b":")
    for header in (b":" + base64.b64encode(bytes(most + 3)) + b":", b":" * (LIMIT + 1), b"%" * 10 * LIMIT):
        with pytest.raises(InvalidToken):
            thumbprint(header)


def test_what_cannot_be_read_is_not_told_on() -> None:
    with pytest.raises(InvalidToken) as caught:
        thumbprint(b":never-to-be-seen:")
    assert "never" not in f"{caught.value} {caught.value.reason}"
