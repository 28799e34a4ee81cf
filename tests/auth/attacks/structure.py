"""Attacks by the form of a token: its parts, its encoding, its JSON, its extensions."""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

from joserfc import jwe

from .case import MALFORMED, attack, control, section
from .crafting import ALICE, adding, altered, leading, signed, spelled, token, unsigned
from .keys import EC, EC384, STRANGER, Signer, rsa2048, unurl64, url64
from .world import Attempt

LIMIT = 16_384

USUAL_HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "ec"}

SILENT = Signer("ES256", "ec", lambda _: b"")

AN_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


# The parts


def general(at: Attempt) -> str:
    header, payload, signature = token(at).split(".")
    return json.dumps({"payload": payload, "signatures": [{"protected": header, "signature": signature}]})


def flattened(at: Attempt) -> str:
    header, payload, signature = token(at).split(".")
    return json.dumps({"payload": payload, "protected": header, "signature": signature})


def encrypted(at: Attempt, to_encrypt: Callable[[Attempt], str]) -> str:
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "rsa", "typ": "at+jwt", "cty": "JWT"}
    algorithms = ["RSA-OAEP-256", "A256GCM"]
    return jwe.encrypt_compact(header, to_encrypt(at).encode(), rsa2048("rsa"), algorithms=algorithms)


def nested(at: Attempt, **header: Any) -> str:
    """A genuine token as the payload of another one."""
    outer = {**USUAL_HEADER, **header}
    return signed(json.dumps(outer).encode(), token(at).encode(), EC)


def of_size(at: Attempt, size: int) -> str:
    """A genuine token of exactly so many bytes."""
    for extra in range(12):
        for padding in range(size * 3 // 4 - 700, size * 3 // 4 - 200):
            made = token(at, {"more": "x" * extra}, padding="x" * padding)
            if len(made) >= size:
                break
        if len(made) == size:
            return made
    raise AssertionError(size)


# The encoding


def sloppy(part: str) -> str:
    """The same bytes, with unused bits at the end."""
    last = AN_ALPHABET.index(part[-1])
    assert len(part) % 4, "all bits are used"
    return part[:-1] + AN_ALPHABET[last + 1]


def sloppy_in(at: Attempt, place: int) -> str:
    """Unused bits at the end of one part; the signature is over the part as it is sent."""
    for padding in ("", "x", "xx"):
        header = json.dumps({**USUAL_HEADER, "more": padding}).encode()
        payload = json.dumps({**ALICE, "more": padding}).encode()
        parts = [url64(header), url64(payload)]
        if place == 2 or len(parts[place]) % 4:
            break
    if place < 2:
        parts[place] = sloppy(parts[place])
    start = ".".join(parts)
    signature = url64(EC.sign(start.encode()))
    return f"{start}.{sloppy(signature) if place == 2 else signature}"


def reencoded(at: Attempt, old: str, new: str) -> str:
    """A genuine token with a character of its signature written another way."""
    for n in range(1000):
        start, _, signature = token(at, jti=str(n)).rpartition(".")
        if old in signature:
            return f"{start}.{signature.replace(old, new)}"
    raise AssertionError(old)


def padded(at: Attempt, place: int, padding: str = "=") -> str:
    parts = token(at).split(".")
    parts[place] += padding
    return ".".join(parts)


def signed_padded(_: Attempt) -> str:
    """Padded before it was signed."""
    header = json.dumps({**USUAL_HEADER, "more": ""}).encode()
    while len(url64(header)) % 4 == 0:
        header = header.replace(b'"more": "', b'"more": "x')
    start = url64(header) + "=" * (-len(url64(header)) % 4) + "." + url64(json.dumps(ALICE).encode())
    return f"{start}.{url64(EC.sign(start.encode()))}"


ENDED = [b"=", b"==", b"\n.", b"\0", b"\xff", b"%", b"%3D", b"\\", b'"', b"~", b"+", b"/", b"\xc3\xa9", b"A"]

# The JSON


def deep(depth: int, start: str = "[", end: str = "]") -> str:
    return start * depth + end * depth


NOT_JSON: dict[str, Callable[[str], str | bytes]] = {
    "a trailing comma": lambda usual: usual[:-1] + ",}",
    "a comment": lambda usual: usual[:-1] + "/* none */}",
    "a line comment": lambda usual: "// none\n" + usual,
    "single quotes": lambda usual: usual.replace('"', "'"),
    "names without quotes": lambda usual: usual.replace('"alg"', "alg").replace('"iss"', "iss"),
    "a byte order mark": lambda usual: "\ufeff" + usual,
    "UTF-16": lambda usual: usual.encode("utf-16"),
    "UTF-32": lambda usual: usual.encode("utf-32-be"),
    "text that goes on": lambda usual: usual + "x",
    "a second object": lambda usual: usual + usual,
    "NUL behind it": lambda usual: usual + "\0",
    "no end": lambda usual: usual[:-1],
    "a list around it": lambda usual: f"[{usual}]",
    "text around it": json.dumps,
    "null": lambda _: "null",
    "true": lambda _: "true",
    "a number": lambda _: "1",
    "an empty list": lambda _: "[]",
    "an empty object": lambda _: "{}",
    "nothing": lambda _: "",
    "NaN": adding('"more": NaN'),
    "Infinity": adding('"more": -Infinity'),
    "1e400": adding('"more": 1e400'),
    "a hexadecimal number": adding('"more": 0x10'),
    "a leading zero": adding('"more": 01'),
    "a control character in a text": adding('"more": "a\nb"'),
    "invalid UTF-8": lambda usual: adding('"more": "?"')(usual).encode().replace(b"?", b"\xff"),
    "overlong UTF-8": lambda usual: adding('"more": "?"')(usual).encode().replace(b"?", b"\xc0\xaf"),
    "a surrogate in UTF-8": lambda usual: adding('"more": "?"')(usual).encode().replace(b"?", b"\xed\xa0\x80"),
    "a lone surrogate": adding('"more": "\\ud800"'),
    "a lone low surrogate": adding('"more": "\\udc00\\ud800"'),
    "an unknown escape": adding('"more": "\\x41"'),
    "4000 nested lists": adding(f'"more": {deep(4000)}'),
    "4000 lists without end": adding(f'"more": {"[" * 4000}'),
    "1500 nested objects": adding(f'"more": {deep(1500, chr(123) + chr(34) + "a" + chr(34) + ":", "")}'),
    "compressed by gzip": lambda usual: gzip.compress(usual.encode()),
}

HEADERS_THAT_COUNT = {
    "alg none": '"alg": "none"',
    "another alg": '"alg": "RS256"',
    "typ JWT": '"typ": "JWT"',
    "another key's id": '"kid": "rsa"',
}

CLAIMS_THAT_COUNT = {
    "aud": '"aud": "https://other.example"',
    "iss": '"iss": "https://evil.example"',
    "sub": '"sub": ""',
    "exp": '"exp": 1',
    "tenant": '"tenant": "evil"',
    "aud null": '"aud": null',
    "exp in the spelling of an escape": '"e\\u0078p": 1',
}


# Extensions


def compressed(_: Attempt, **header: Any) -> str:
    usual = {**USUAL_HEADER, "zip": "DEF", **header}
    return signed(json.dumps(usual).encode(), zlib.compress(json.dumps(ALICE).encode())[2:-4], EC)


def unencoded(_: Attempt, claims: str = json.dumps(ALICE), **header: Any) -> str:
    """RFC 7797: the claims stand in the token as they are."""
    usual = {**USUAL_HEADER, "b64": False, "crit": ["b64"], **header}
    start = url64(json.dumps(usual).encode()) + "." + claims.replace(".", "%2E")
    return f"{start}.{url64(EC.sign(start.encode()))}"


CRITICAL: list[Any] = [[], ["exp"], ["b64"], ["alg"], ["unknown"], "exp", None, 5, {}, [[]], [None]]

CASES = [
    *section(
        "parts",
        control("three", altered, lambda h, p, s: f"{h}.{p}.{s}"),
        attack("none", altered, lambda *_: "."),
        attack("none of three", altered, lambda *_: ".."),
        attack("none of four", altered, lambda *_: "..."),
        attack("one", altered, lambda h, p, s: h),
        attack("two", altered, lambda h, p, s: f"{h}.{p}"),
        attack("no signature", altered, lambda h, p, s: f"{h}.{p}."),
        attack("no header", altered, lambda h, p, s: f".{p}.{s}"),
        attack("detached claims", altered, lambda h, p, s: f"{h}..{s}"),
        attack("four", altered, lambda h, p, s: f"{h}.{p}.{s}."),
        attack("four, the signature twice", altered, lambda h, p, s: f"{h}.{p}.{s}.{s}"),
        attack("a dot before", altered, lambda h, p, s: f".{h}.{p}.{s}"),
        attack("five, as a JWE has", altered, lambda h, p, s: f"{h}.{p}.{s}.."),
        attack("in another order", altered, lambda h, p, s: f"{p}.{h}.{s}"),
        attack("the signature first", altered, lambda h, p, s: f"{s}.{h}.{p}"),
        attack("10000 dots", altered, lambda *_: "." * 10_000),
        attack("10000 dots behind", altered, lambda h, p, s: f"{h}.{p}.{s}" + "." * 10_000),
        attack("letters", altered, lambda *_: "a.b.c"),
        attack("joined by other characters", altered, lambda h, p, s: f"{h},{p},{s}".replace(",", "~")),
    ),
    *section(
        "serialisations",
        control("compact", token),
        attack("general JSON", general).answered(MALFORMED),
        attack("flattened JSON", flattened).answered(MALFORMED),
        attack("general JSON in base64url", lambda at: url64(general(at).encode())),
        attack("flattened JSON in base64url", lambda at: url64(flattened(at).encode())),
        attack("flattened JSON as the header", lambda at: url64(flattened(at).encode()) + ".."),
        attack("the compact one in base64url", lambda at: url64(token(at).encode())),
        attack("encrypted", encrypted, token),
        attack("encrypted without signature inside", encrypted, unsigned),
        attack("encrypted claims", encrypted, lambda _: json.dumps(ALICE)),
        attack("nested", nested),
        attack("nested with cty", nested, cty="JWT"),
        attack("genuine claims in a stranger's envelope", lambda at: signed(b"{}", token(at).encode(), STRANGER)),
    ),
    *section(
        "sizes",
        control("16384 bytes", of_size, LIMIT),
        attack("16385 bytes", of_size, LIMIT + 1),
        attack("a claim of 100 kB", token, more="x" * 100_000),
        attack("a header of 100 kB", token, {"more": "x" * 100_000}),
        attack("a kid of 100 kB", token, {"kid": "x" * 100_000}),
        attack("a signature of 100 kB", altered, lambda h, p, s: f"{h}.{p}.{s * 1000}"),
        attack("200 kB of one letter", altered, lambda *_: "A" * 200_000),
        attack("1000 audiences, none of them us", token, aud=[f"https://{n}.e" for n in range(600)]),
    ),
    *section(
        "base64url",
        control("as it is written", token),
        *(attack(f"a signature and {end!r}", lambda at, end=end: token(at).encode() + end) for end in ENDED),
        attack("padded header", padded, 0),
        attack("padded claims", padded, 1),
        attack("padded signature", padded, 2, "=="),
        attack("padded before it was signed", signed_padded),
        attack("unused bits in the header", sloppy_in, 0),
        attack("unused bits in the claims", sloppy_in, 1),
        attack("unused bits in the signature", sloppy_in, 2),
        attack("+ for -", reencoded, "-", "+"),
        attack("/ for _", reencoded, "_", "/"),
        attack("a signature cut short by a character", altered, lambda h, p, s: f"{h}.{p}.{s[:-1]}"),
        attack("a signature cut short by four", altered, lambda h, p, s: f"{h}.{p}.{s[:-4]}"),
        attack("half a signature", altered, lambda h, p, s: f"{h}.{p}.{s[:43]}"),
        attack("a space within", altered, lambda h, p, s: f"{h[:8]} {h[8:]}.{p}.{s}"),
        attack("a tab within", altered, lambda h, p, s: f"{h}.{p[:8]}\t{p[8:]}.{s}"),
        attack("a line break within", altered, lambda h, p, s: f"{h}.{p}.{s[:8]}\r\n{s[8:]}"),
        attack("NUL within", altered, lambda h, p, s: f"{h}.{p}\0.{s}"),
        attack("all in lower case", altered, lambda h, p, s: f"{h}.{p}.{s}".lower()),
        attack("percent-encoded dots", altered, lambda h, p, s: f"{h}%2E{p}%2E{s}"),
        attack("a byte order mark before", altered, lambda h, p, s: f"\ufeff{h}.{p}.{s}".encode()),
        attack("full-width letters", altered, lambda h, p, s: f"{h}.{p}.{s.replace('A', 'Ａ')}Ａ".encode()),
        attack("hexadecimal", altered, lambda h, p, s: f"{h}.{p}.{unurl64(s).hex()}"),
    ),
    *section(
        "JSON of the header",
        control("odd but right", spelled, lambda usual: f" \r\n\t{usual}\n"),
        control("nested a little", spelled, adding(f'"more": {deep(20)}')),
        *(attack(name, spelled, header=change) for name, change in NOT_JSON.items()),
    ),
    *section(
        "JSON of the claims",
        control("odd but right", spelled, claims=lambda usual: f" \r\n\t{usual}\n"),
        control("nested a little", spelled, claims=adding(f'"more": {deep(20)}')),
        *(attack(name, spelled, claims=change) for name, change in NOT_JSON.items()),
    ),
    *section(
        "members that stand twice",
        control("the last one is right", spelled, leading('"typ": "JWT"'), leading('"aud": "https://other.example"')),
        *(attack(f"at last {name}", spelled, adding(member)) for name, member in HEADERS_THAT_COUNT.items()),
        *(
            attack(f"at last {name} in the claims", spelled, str, adding(each))
            for name, each in CLAIMS_THAT_COUNT.items()
        ),
        attack("at first alg none, without signature", spelled, leading('"alg": "none"'), by=SILENT),
        attack("at last alg none, without signature", spelled, adding('"alg": "none"'), by=SILENT),
        attack("at first another alg", spelled, leading('"alg": "ES256"'), by=Signer("ES384", "ec", EC384.sign)),
    ),
    *section(
        "extensions",
        control("members that nobody knows", token, {"more": True, "nonce": "n"}),
        *(attack(f"crit {value!r}", token, {"crit": value, "exp": 1}) for value in CRITICAL),
        attack("b64 true", token, {"b64": True}),
        attack("b64 true, critical", token, {"b64": True, "crit": ["b64"]}),
        attack("b64 false over encoded claims", token, {"b64": False}),
        attack("b64 false, critical", token, {"b64": False, "crit": ["b64"]}),
        attack("b64 null", token, {"b64": None}),
        attack("unencoded claims", unencoded).answered(MALFORMED),
        attack("unencoded claims that are not critical", unencoded, crit=None).answered(MALFORMED),
        attack("an unencoded text", unencoded, "{}"),
        attack("compressed claims", compressed),
        attack("compressed claims, critical", compressed, crit=["zip"]),
        attack("claims in the header", lambda _: signed(json.dumps({**USUAL_HEADER, **ALICE}).encode(), b"{}", EC)),
    ),
]
