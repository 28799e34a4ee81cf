"""Attacks on tokens that are bound to a key (RFC 9449): by thieves, by replay, by proofs that prove nothing."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.faces.running import PUBLIC_URL, issuer
from tests.minting import NOW

from profilegate.settings import DPoPSettings, ServerSettings

from .case import (
    BAD_BOUND_TOKEN,
    BAD_HOST,
    BAD_PROOF,
    INVALID_TOKEN,
    MALFORMED_WITH_DPOP,
    NONCE_WANTED,
    attack,
    control,
    section,
)
from .crafting import GONE, token
from .keys import (
    CLIENT,
    STRANGER,
    Signer,
    der,
    hmac_of,
    private,
    raw_jwk,
    raw_signer,
    rsa2048,
    signer,
    url64,
)
from .proofs import PROOFS, bound, digest, jwk_of, presenting, proof, proving, thumbprint, with_proofs
from .world import EVIL, Attempt, Sent, World

CLIENT_RSA = signer("RS256", "client", rsa2048, "client")
WEAK_CLIENT = raw_signer(1024, "client")

NONCES = World(dpop=DPoPSettings(nonce_secret="a secret of at least thirty-two characters"))
NO_ADDRESS = World(server=ServerSettings())
BINDING_WANTED = World(issuers=(issuer(require_binding=True),))
LOOPBACK = "http://127.0.0.1:8000"


def alone(at: Attempt, make: Callable[[Attempt], str]) -> Sent:
    """The token that `make` gives, without a proof."""
    return with_proofs(make(at))


def counted(at: Attempt, choose: Callable[[str, str], tuple[str, ...]]) -> Sent:
    """A bound token with those headers that `choose` makes of two right proofs."""
    access_token = bound(at)
    return with_proofs(access_token, *choose(proof(at, access_token), proof(at, access_token, jti="second")))


def hashing(at: Attempt, digest: Callable[[bytes], Any]) -> Sent:
    """A proof whose `ath` is this of the token."""
    access_token = bound(at)
    return with_proofs(access_token, proof(at, access_token, ath=digest(access_token.encode())))


def for_method(at: Attempt, change: Callable[[str], Any]) -> Sent:
    return proving(at, htm=change(at.method))


def bound_and(**claims: Any) -> Callable[[Attempt], str]:
    return lambda at: bound(at, **claims)


def forged_and_bound(at: Attempt) -> str:
    return bound(at).rpartition(".")[0] + "." + "A" * 86


def by_a_stranger(at: Attempt) -> str:
    return token(at, None, STRANGER, cnf={"jkt": thumbprint()})


def proof_as_token(at: Attempt) -> str:
    return proof(at, "x")


def token_as_proof(at: Attempt) -> Sent:
    return with_proofs(bound(at), bound(at))


def for_bob(at: Attempt) -> Sent:
    """A proof for another token that is bound to the same key."""
    return with_proofs(bound(at), proof(at, bound(at, sub="bob")))


def silent(signature: bytes = b"") -> Signer:
    """The client, with a signature that is none."""
    return replace(CLIENT, sign=lambda _: signature)


def proof_spelled(at: Attempt, change: Callable[[str, str, str], str | bytes]) -> Sent:
    """A bound token, and what `change` makes of the parts of its proof."""
    access_token = bound(at)
    header, claims, signature = proof(at, access_token).split(".")
    return with_proofs(access_token, change(header, claims, signature))


def confirming(at: Attempt, confirmation: Any, scheme: bytes = b"DPoP") -> Sent:
    """A token with this `cnf`, and a proof by the client's key."""
    return presenting(at, bound_and(cnf=confirmation), scheme)


def with_key(at: Attempt, jwk: Any, by: Signer = CLIENT) -> Sent:
    """A proof that shows this key."""
    return proving(at, {"jwk": jwk}, by)


def without_key(at: Attempt, **offers: Any) -> Sent:
    """A proof that offers something else than a key; TRAP is a server on this machine."""
    told = {name: at.target.trap.url if value == "TRAP" else value for name, value in offers.items()}
    return proving(at, {"jwk": GONE, **told})


def forwarded(at: Attempt, name: bytes, value: bytes) -> Sent:
    """A proof for evil.example, and a header that says that it was asked."""
    sent = proving(at, htu=EVIL + at.path)
    return replace(sent, headers=(*sent.headers, (name, value)))


def at_host(at: Attempt, host: str, htu: str, base: str = PUBLIC_URL) -> Sent:
    """A proof for `htu`, sent with this Host; PATH is the path that is asked."""
    sent = proving(at, htu=htu.replace("PATH", at.path))
    return replace(sent, headers=(*sent.headers, (b"host", host.encode("latin-1"))), base=base)


# What is sent twice


async def used_up(at: Attempt) -> None:
    """The client sends a request, and somebody listens."""
    at.kept["id"] = f"used-{next(PROOFS)}"
    at.kept["sent"] = proving(at, jti=at.kept["id"])
    answer = await at.send(at.kept["sent"])
    assert answer.status_code == 200, answer.text


def heard(at: Attempt) -> Sent:
    sent = at.kept["sent"]
    assert isinstance(sent, Sent)
    return sent


def heard_respelled(at: Attempt) -> Sent:
    """The same proof, with white space around it."""
    authorization, (name, value) = heard(at).headers
    return Sent((authorization, (name, b"  " + value + b" ")))


async def nonce_given(at: Attempt) -> None:
    answer = await at.send(proving(at))
    assert answer.status_code == 401, answer.text
    at.kept["nonce"] = answer.headers["dpop-nonce"]


def with_nonce(at: Attempt, change: Callable[[str], Any] = str) -> Sent:
    return proving(at, nonce=change(at.kept["nonce"]))


def of_long_ago(nonce: str) -> str:
    return url64((int(NOW) - 3600).to_bytes(8, "big")) + nonce[11:]


ELSEWHERE: dict[str, str] = {
    "another host": EVIL + "PATH",
    "a longer host": f"{PUBLIC_URL}.evil.example" + "PATH",
    "a host with a dot behind": f"{PUBLIC_URL}.PATH",
    "our host as user info": "https://profiles.example@evil.example" + "PATH",
    "user info": "https://user@profiles.examplePATH",
    "another scheme": "http://profiles.examplePATH",
    "another port": f"{PUBLIC_URL}:8443" + "PATH",
    "port zero": f"{PUBLIC_URL}:0" + "PATH",
    "a port that is none": f"{PUBLIC_URL}:99999" + "PATH",
    "another path": f"{PUBLIC_URL}/v1/profiles/user/bob",
    "a path that goes back too far": f"{PUBLIC_URL}PATH/../..",
    "a path that goes back to another one": f"{PUBLIC_URL}PATH/../bob",
    "a path that goes nowhere": f"{PUBLIC_URL}PATH/.",
    "three dots": f"{PUBLIC_URL}/x/...PATH",
    "a longer path": f"{PUBLIC_URL}PATH/more",
    "a slash behind": f"{PUBLIC_URL}PATH/",
    "two slashes": f"{PUBLIC_URL}/PATH",
    "a path in capitals": "https://profiles.example/API/PROFILE",
    "an escaped slash": f"{PUBLIC_URL}/api%2Fprofile",
    "parameters": f"{PUBLIC_URL}PATH;x=1",
    "no path": PUBLIC_URL,
    "the path alone": "PATH",
    "no scheme": "//profiles.examplePATH",
    "a backslash": "https://profiles.example\\PATH",
    "a line break within": "https://profiles.ex\nample" + "PATH",
    "a line break in the path": f"{PUBLIC_URL}BROKEN",
    "white space before": f" {PUBLIC_URL}PATH",
    "a control character before": f"\x01{PUBLIC_URL}PATH",
    "white space behind": f"{PUBLIC_URL}PATH ",
    "brackets": "https://[PATH",
    "a look-alike": "https://рrofiles.examplePATH",
    "nothing": "",
    "a star": "*",
}

TO_ANOTHER: list[Any] = [None, 5, True, ["PATH"], {"url": "PATH"}]


def to(at: Attempt, htu: Any) -> Sent:
    """A proof for this address; PATH is the path that is asked, BROKEN the same with a line break."""
    broken = at.path[:-1] + "\n" + at.path[-1]
    return proving(at, htu=htu.replace("PATH", at.path).replace("BROKEN", broken) if isinstance(htu, str) else htu)


CONFIRMATIONS: dict[str, Any] = {
    "null": None,
    "empty": {},
    "a text": "jkt",
    "a list": ["jkt"],
    "false": False,
    "zero": 0,
    "an empty list": [],
    "jkt null": {"jkt": None},
    "jkt empty": {"jkt": ""},
    "jkt in a list": {"jkt": ["x"]},
    "jkt a number": {"jkt": 5},
    "jkt true": {"jkt": True},
    "JKT in capitals": {"JKT": "x"},
    "a key itself": {"jwk": {"kty": "EC"}},
    "a key's id": {"kid": "client"},
    "a key's address": {"jku": f"{EVIL}/jwks"},
    "an encrypted key": {"jwe": "x"},
    "something unknown": {"unknown": "x"},
    "x5t": {"x5t": "x"},
}


JKT = {"jkt": thumbprint()}

HERS_AND_MORE: dict[str, dict[str, Any]] = {
    "of another key": {"jkt": thumbprint(STRANGER)},
    "padded": {"jkt": thumbprint() + "="},
    "in lower case": {"jkt": thumbprint().lower()},
    "and a certificate": {**JKT, "x5t#S256": "x"},
    "and something unknown": {**JKT, "unknown": "x"},
    "and null": {**JKT, "x5t#S256": None},
}


TYPES: list[Any] = ["JWT", "at+jwt", "dpop", "jwt+dpop", "dpop+jwt ", "application/jwt", "", None, ["dpop+jwt"], 5]

ALGORITHMS: list[Any] = ["none", "", None, "es256", "RS256", "HS256", ["ES256"], 5]

TIMES: list[Any] = [None, True, "", str(int(NOW)), [int(NOW)], {}, 0, -1, 10**300]

IDS: list[Any] = [None, "", 5, True, ["j"], {"j": 1}]

OURS = jwk_of(CLIENT)

KEYS: dict[str, Any] = {
    "null": None,
    "a text": json.dumps(OURS),
    "a list": [OURS],
    "empty": {},
    "with the private part": private(CLIENT),
    "with d null": {**OURS, "d": None},
    "for encryption": {**OURS, "use": "enc"},
    "for another algorithm": {**OURS, "alg": "ES384"},
    "that may only sign": {**OURS, "key_ops": ["sign"]},
    "on another curve": {**OURS, "crv": "P-384"},
    "that is no point of the curve": {**OURS, "y": OURS["x"]},
    "without its point": {"kty": "EC", "crv": "P-256"},
    "with numbers for its point": {**OURS, "x": 5, "y": 5},
    "a stranger's": jwk_of(STRANGER),
}


def with_the_id_heard(at: Attempt) -> Sent:
    return proving(at, jti=at.kept["id"], iat=int(NOW) + 1)


def for_another_token(at: Attempt) -> Sent:
    """Another token of Alice's and a new proof, but for its id."""
    return presenting(at, bound_and(jti="another"), jti=at.kept["id"])


def bound_to_rsa(at: Attempt) -> str:
    return bound(at, CLIENT_RSA)


def weak(at: Attempt) -> Sent:
    """A token that is bound to a key which is too small."""
    jwk = {name: value for name, value in raw_jwk(1024, "client").items() if name != "kid"}
    digest_of_key = digest(json.dumps({name: jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":")).encode())
    return presenting(at, bound_and(cnf={"jkt": digest_of_key}), head={"jwk": jwk}, by=WEAK_CLIENT)


NESTED = b'{"typ": "dpop+jwt", "alg": "ES256", "jwk": ' + b"[" * 2000 + b"]" * 2000 + b"}"

CASES = [
    *section(
        "bound tokens by their thieves",
        control("with a proof", proving),
        control("an unbound one as Bearer", token),
        attack("as Bearer", bound).answered(INVALID_TOKEN),
        attack("as Bearer with a proof", presenting, bound, b"Bearer").answered(INVALID_TOKEN),
        attack("without a proof", alone, bound).answered(BAD_PROOF),
        attack("with a proof by another key", proving, None, STRANGER),
        attack("with a proof by another kind of key", proving, None, CLIENT_RSA),
        attack("an unbound one with the scheme DPoP", presenting, token),
        attack("an unbound one with the scheme DPoP and no proof", alone, token),
        attack("an expired one with a proof", presenting, bound_and(exp=int(NOW) - 60)),
        attack("one for others with a proof", presenting, bound_and(aud="https://other.example")),
        attack("a forged one with a proof", presenting, forged_and_bound),
        attack("a stranger's one with a proof", presenting, by_a_stranger),
        attack("the proof as the token", presenting, proof_as_token),
        attack("the token as the proof", token_as_proof).answered(BAD_PROOF),
        refusal=BAD_BOUND_TOKEN,
    ),
    *section(
        "the number of proofs",
        control("one", counted, lambda one, _: (one,)),
        attack("two", counted, lambda one, other: (one, other)),
        attack("the same twice", counted, lambda one, _: (one, one)),
        attack("two in one header", counted, lambda one, other: (f"{one}, {other}",)),
        attack("an empty one", counted, lambda *_: ("",)),
        attack("an empty one behind a right one", counted, lambda one, _: (one, "")),
        attack("an empty one before a right one", counted, lambda one, _: ("", one)),
        refusal=BAD_PROOF,
    ),
    *section(
        "proofs that were used",
        control("another id", proving).after(used_up),
        attack("the same request", heard).after(used_up),
        attack("with white space around the proof", heard_respelled).after(used_up),
        attack("another proof with the same id", with_the_id_heard).after(used_up),
        attack("for another token of the same key", for_another_token).after(used_up),
        refusal=BAD_PROOF,
    ),
    *section(
        "proofs for another request",
        control("for this one", proving),
        control("the host in capitals, its port, a query", to, "HTTPS://PROFILES.example:443PATH?x#y"),
        control("an escape that was not needed", lambda at: to(at, PUBLIC_URL + at.path.replace("pro", "%70r%6f"))),
        control("a path that goes back to it", to, f"{PUBLIC_URL}/x/./y/../..PATH"),
        attack("POST", proving, htm="POST"),
        attack("HEAD", proving, htm="HEAD"),
        attack("in lower case", for_method, str.lower),
        attack("with white space", for_method, lambda method: f"{method} "),
        attack("the method in a list", for_method, lambda method: [method]),
        attack("no method", proving, htm=GONE),
        attack("any method", proving, htm="*"),
        *(attack(f"to {name}", to, htu) for name, htu in ELSEWHERE.items()),
        *(attack(f"to {htu!r}", to, htu) for htu in TO_ANOTHER),
        attack("to nowhere", proving, htu=GONE),
        refusal=BAD_PROOF,
    ),
    *section(
        "proofs for another token",
        control("for this one", hashing, digest),
        attack("for another of the same key", for_bob),
        attack("for something else", hashing, lambda _: digest(b"other")),
        attack("none", proving, ath=GONE),
        attack("null", proving, ath=None),
        attack("empty", proving, ath=""),
        attack("in hexadecimal", hashing, lambda data: hashlib.sha256(data).hexdigest()),
        attack("padded", hashing, lambda data: digest(data) + "="),
        attack("by SHA-512", hashing, lambda data: url64(hashlib.sha512(data).digest())),
        attack("half of it", hashing, lambda data: url64(hashlib.sha256(data).digest()[:16])),
        attack("the token itself", hashing, lambda data: data.decode()),
        attack("in a list", hashing, lambda data: [digest(data)]),
        refusal=BAD_PROOF,
    ),
    *section(
        "keys of proofs",
        control("the client's", with_key, OURS),
        control("an RSA key", presenting, bound_to_rsa, by=CLIENT_RSA),
        *(attack(name, with_key, jwk) for name, jwk in KEYS.items()),
        attack("the client's for a stranger's signature", with_key, OURS, STRANGER),
        attack("a shared one", with_key, {"kty": "oct", "k": "c2VjcmV0"}, hmac_of("HS256", lambda: b"secret")),
        attack("none", without_key),
        attack("an id instead", without_key, kid="client"),
        attack("an address instead", without_key, jku="TRAP"),
        attack("a certificate instead", without_key, x5c=[base64.b64encode(der("client")).decode()]),
        attack("the address of a certificate instead", without_key, x5u="TRAP"),
        attack("RSA with 1024 bits", weak),
        refusal=BAD_PROOF,
    ),
    *section(
        "algorithms of proofs",
        control("ES256", proving, {"alg": "ES256"}),
        *(attack(f"alg {alg!r}", proving, {"alg": alg}) for alg in ALGORITHMS),
        attack("no alg", proving, {"alg": GONE}),
        attack("none without signature", proving, {"alg": "none"}, silent()),
        attack("ES256 without signature", proving, None, silent()),
        attack("a signature of zeros", proving, None, silent(bytes(64))),
        attack("HS256 with the public key", with_key, OURS, hmac_of("HS256", lambda: json.dumps(OURS).encode())),
        attack("crit", proving, {"crit": ["exp"]}),
        attack("b64", proving, {"b64": True}),
        refusal=BAD_PROOF,
    ),
    *section(
        "types and forms of proofs",
        control("dpop+jwt", proving, {"typ": "dpop+jwt"}),
        control("three parts", proof_spelled, lambda h, c, s: f"{h}.{c}.{s}"),
        *(attack(f"typ {typ!r}", proving, {"typ": typ}) for typ in TYPES),
        attack("no typ", proving, {"typ": GONE}),
        attack("two parts", proof_spelled, lambda h, c, s: f"{h}.{c}"),
        attack("no signature", proof_spelled, lambda h, c, s: f"{h}.{c}."),
        attack("no claims", proof_spelled, lambda h, c, s: f"{h}..{s}"),
        attack("four parts", proof_spelled, lambda h, c, s: f"{h}.{c}.{s}.{s}"),
        attack("padded", proof_spelled, lambda h, c, s: f"{h}.{c}.{s}=="),
        attack("other claims", proof_spelled, lambda h, c, s: f"{h}.{url64(b'{}')}.{s}"),
        attack("a list as claims", proof_spelled, lambda h, c, s: f"{h}.{url64(b'[]')}.{s}"),
        attack("invalid UTF-8 as claims", proof_spelled, lambda h, c, s: f"{h}.{url64(bytes([255]))}.{s}"),
        attack("4000 nested lists as claims", proof_spelled, lambda h, c, s: f"{h}.{url64(b'[' * 4000)}.{s}"),
        attack("4000 nested lists as key", proof_spelled, lambda h, c, s: f"{url64(NESTED)}.{c}.{s}"),
        attack("binary", proof_spelled, lambda h, c, s: bytes(range(128, 256))),
        attack("NUL behind", proof_spelled, lambda h, c, s: f"{h}.{c}.{s}\0"),
        attack("quotes around", proof_spelled, lambda h, c, s: f'"{h}.{c}.{s}"'),
        attack("10000 dots", proof_spelled, lambda h, c, s: "." * 10_000),
        attack("20 kB", proving, {"more": "x" * 20_000}),
        refusal=BAD_PROOF,
    ),
    *section(
        "times and ids of proofs",
        control("now", proving, iat=int(NOW)),
        control("59 seconds ago", proving, iat=int(NOW) - 59),
        control("in 5 seconds", proving, iat=int(NOW) + 5),
        control("an id of 256 characters", lambda at: proving(at, jti=f"{next(PROOFS):0>256}")),
        *(attack(f"iat {iat!r}"[:40], proving, iat=iat) for iat in TIMES),
        attack("no iat", proving, iat=GONE),
        attack("91 seconds ago", proving, iat=int(NOW) - 91),
        attack("90.5 seconds ago", proving, iat=NOW - 90.5),
        attack("an hour ago", proving, iat=int(NOW) - 3600),
        attack("in 31 seconds", proving, iat=int(NOW) + 31),
        attack("in an hour", proving, iat=int(NOW) + 3600),
        attack("in milliseconds", proving, iat=int(NOW) * 1000),
        attack("exp instead", proving, iat=GONE, exp=int(NOW) + 60),
        *(attack(f"jti {jti!r}", proving, jti=jti) for jti in IDS),
        attack("no jti", proving, jti=GONE),
        attack("a jti of 4 kB", proving, jti="j" * 4096),
        attack("a jti of 100 kB", proving, jti="j" * 100_000),
        refusal=BAD_PROOF,
    ),
    *section(
        "nonces",
        control("the one that was given", with_nonce).after(nonce_given),
        attack("none", proving),
        attack("made up", proving, nonce="made-up"),
        attack("empty", proving, nonce=""),
        attack("null", proving, nonce=None),
        attack("a number", proving, nonce=5),
        attack("not ASCII", proving, nonce="é"),
        attack("in a list", with_nonce, lambda nonce: [nonce]).after(nonce_given),
        attack("cut short", with_nonce, lambda nonce: nonce[:-4]).after(nonce_given),
        attack("made longer", with_nonce, lambda nonce: nonce + "AAAA").after(nonce_given),
        attack("with another time", with_nonce, of_long_ago).after(nonce_given),
        attack("the time alone", with_nonce, lambda nonce: nonce[:11]).after(nonce_given),
        attack("in lower case", with_nonce, str.lower).after(nonce_given),
        world=NONCES,
        refusal=NONCE_WANTED,
    ),
    *section(
        "cnf with a proof",
        control("jkt", confirming, JKT),
        *(attack(name, confirming, cnf) for name, cnf in CONFIRMATIONS.items()),
        *(attack(f"jkt {name}", confirming, cnf) for name, cnf in HERS_AND_MORE.items()),
        refusal=BAD_BOUND_TOKEN,
    ),
    *section(
        "cnf as Bearer",
        control("none", token),
        *(attack(name, token, cnf=cnf) for name, cnf in CONFIRMATIONS.items()),
        *(attack(f"jkt {name}", token, cnf=cnf) for name, cnf in HERS_AND_MORE.items()),
        *(attack(f"{name}, with a proof", confirming, cnf, b"Bearer") for name, cnf in CONFIRMATIONS.items()),
    ),
    *section(
        "the Host header",
        control("ours", at_host, "profiles.example", PUBLIC_URL + "PATH"),
        control("another, the proof for ours", at_host, "inside.example:8080", PUBLIC_URL + "PATH"),
        attack("another, the proof for it", at_host, "evil.example", EVIL + "PATH"),
        attack("a path in it", at_host, "profiles.example/elsewhere?", PUBLIC_URL + "/elsewhere").answered(BAD_HOST),
        attack(
            "a path in it, with a fragment", at_host, "profiles.example/elsewhere#", PUBLIC_URL + "/elsewhere"
        ).answered(BAD_HOST),
        attack("user info in it", at_host, "profiles.example@evil.example", EVIL + "PATH").answered(
            MALFORMED_WITH_DPOP
        ),
        attack("nothing in it", at_host, "", "https://PATH"),
        attack("a bracket in it", at_host, "[", EVIL + "PATH").answered(MALFORMED_WITH_DPOP),
        attack("a port that is none in it", at_host, "profiles.example:x", EVIL + "PATH").answered(MALFORMED_WITH_DPOP),
        attack("binary in it", at_host, "\xff\xfe", EVIL + "PATH").answered(BAD_HOST),
        attack("X-Forwarded-Host", forwarded, b"x-forwarded-host", b"evil.example"),
        attack("X-Original-URL", forwarded, b"x-original-url", b"https://evil.example/"),
        attack("Forwarded", forwarded, b"forwarded", b"host=evil.example;proto=https"),
        refusal=BAD_PROOF,
    ),
    *section(
        "the Host header where no address is configured",
        control("this machine", at_host, "127.0.0.1:8000", LOOPBACK + "PATH", LOOPBACK),
        control("this machine, by name", at_host, "localhost:8000", "http://localhost:8000PATH", LOOPBACK),
        attack("another machine", at_host, "evil.example", "http://evil.examplePATH", LOOPBACK),
        attack("a name that begins like this one's", at_host, "localhost.evil", "http://localhost.evilPATH", LOOPBACK),
        attack("another port", at_host, "127.0.0.1:8000", "http://127.0.0.1:9000PATH", LOOPBACK),
        attack("another name of this machine", at_host, "127.0.0.1:8000", "http://localhost:8000PATH", LOOPBACK),
        attack("a path in it", at_host, "localhost/x?", "http://localhost/x", LOOPBACK).answered(BAD_HOST),
        attack("user info in it", at_host, "localhost@evil.example", "http://evil.examplePATH", LOOPBACK).answered(
            MALFORMED_WITH_DPOP
        ),
        attack("a bracket in it", at_host, "[", LOOPBACK + "PATH", LOOPBACK).answered(MALFORMED_WITH_DPOP),
        attack("0.0.0.0", at_host, "0.0.0.0:8000", "http://0.0.0.0:8000PATH", LOOPBACK),
        attack("nothing in it", at_host, "", "http://PATH", LOOPBACK),
        world=NO_ADDRESS,
        refusal=BAD_PROOF,
    ),
    *section(
        "where tokens must be bound",
        control("with a proof", proving),
        attack("an unbound one", token),
        attack("an unbound one with a proof", presenting, token).answered(BAD_BOUND_TOKEN),
        attack("an unbound one with a proof as Bearer", presenting, token, b"Bearer"),
        attack("cnf empty", token, cnf={}),
        attack("cnf null", token, cnf=None),
        attack("cnf false", token, cnf=False),
        world=BINDING_WANTED,
    ),
]
