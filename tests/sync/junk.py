"""Requests that nobody in order sends: a seeded stream of headers and bodies for the verifiers."""

import random
import string
from collections.abc import Iterator
from typing import Any

from joserfc.jwk import OctKey
from tests.minting import AUDIENCE, NOW, MintingProvider

from profilegate.sync_settings import WebhookSettings

from .verifying import BODY, SECRET, hexadecimal, source, standard, timed, token, unsigned, whsec

KEY = bytes(range(24))
AT = int(NOW)
STANDARD = ("webhook-id", "webhook-timestamp", "webhook-signature", "svix-id", "svix-timestamp", "svix-signature")
NAMES = (
    *STANDARD, "logto-signature-sha-256", "x-keycloak-signature", "x-signature", "zitadel-signature",
    "x-zitadel-signature", "workos-signature", "authorization", "x-fusionauth-signature-jwt",
)  # fmt: skip

Raw = list[tuple[bytes, bytes]]


def sources() -> list[WebhookSettings]:
    """One of every family, and the providers whose headers differ."""
    audience: dict[str, Any] = {"audiences": (AUDIENCE,), "secrets": ()}
    return [
        source("clerk", source="clerk", secrets=(whsec(KEY),)),
        source("logto", source="logto"),
        source("zitadel", source="zitadel"),
        source("workos", source="workos"),
        source("okta", source="okta"),
        source("auth0", source="auth0", secrets=("user:pass",)),
        source("fusionauth", source="fusionauth"),
        source("keycloak", source="keycloak", signature="jwt_header", header="authorization", secrets=()),
        source("kinde", source="kinde", secrets=()),
        source("security_events", source="events", **audience),
        source("logout", source="logout", **audience),
    ]


class Junk:
    """Makes requests from a seed, none of which is genuine."""

    def __init__(self, seed: int, provider: MintingProvider) -> None:
        self._random = random.Random(seed)
        shared = OctKey.import_key(SECRET)
        said = {"iss": provider.issuer, "aud": AUDIENCE, "iat": AT, "sub": "a", "jti": "x", "events": {}}
        self._tokens = [
            provider.token(),
            *(token(said, provider.keys[0], provider.algorithm, typ=typ) for typ in ("at+jwt", "dpop+jwt")),
            token(said | {"iss": "https://other.example"}, provider.keys[0], provider.algorithm),
            token({"request_body_sha256": "x"}, shared, "HS256", kid=None),
            *(
                unsigned(said, b"x" * 64, alg=alg, typ=typ)
                for alg in ("none", "ES256", "HS256", 5)
                for typ in ("JWT", 5)
            ),
        ]
        good = standard(KEY), standard(KEY, prefix="svix")
        self._good = [*good, {"zitadel-signature": timed()}, {"logto-signature-sha-256": hexadecimal(SECRET, BODY)}]
        self._half = [
            "v1,", "v1", "a,b,c", "v1,A", "v1,\xe9", "v1a,AAAA", "v1,v1,v1", "v1a," + "A" * 86 + "==", "sha256=",
            f"t={AT}", f"t={AT},v1=", "t=,v1=", "t==,,=", "v1=" + "0" * 64, f"t={AT}," + "v1=aa," * 60, str(AT), "-1",
            str(AT * 1000), "9" * 5000, "1e308", "\xb2", "Bearer", "Bearer ", "Basic", "Basic =", "Basic dTpw", "..",
            "e30.e30.",
            "Bearer " + "." * 9000, "ey" * 9000, "\x00", "\x85", "%00", "null", "{}", "[" * 5000, "v1," * 5000, "\t",
        ]  # fmt: skip

    def requests(self, count: int) -> Iterator[tuple[Raw, bytes]]:
        for _ in range(count):
            raw = self._broken() if self._random.random() < 0.3 else self._made_up()
            yield raw, self._body()

    def _broken(self) -> Raw:
        """Headers that were good until one thing happened to them, in a world where the body is another."""
        headers = list(self._random.choice(self._good).items())
        place = self._random.randrange(len(headers))
        name, value = headers[place]
        match self._random.randrange(5):
            case 0:
                del headers[place]
            case 1:
                headers.append((name, value))
            case 2:
                headers.append((name, self._value()))
            case 3:
                headers[place] = (name, self._value())
            case _:
                cut = self._random.randrange(len(value))
                headers[place] = (name, value[:cut] + chr(self._random.randrange(256)) + value[cut + 1 :])
        return _raw(headers)

    def _made_up(self) -> Raw:
        family = self._random.choice((NAMES, STANDARD[:3], STANDARD[3:]))
        chosen = [self._random.choice(family) for _ in range(self._random.randrange(5))]
        names = [*family, *chosen] if len(family) == 3 else chosen
        return _raw([(name, self._value()) for name in names])

    def _value(self) -> str:
        match self._random.randrange(6):
            case 0:
                return self._random.choice(self._half)
            case 1:
                return self._random.randbytes(self._random.randrange(60)).decode("latin-1")
            case 2:
                return "".join(self._random.choices(string.printable, k=self._random.randrange(60)))
            case 3:
                return self._random.choice(list(self._random.choice(self._good).values()))
            case 4:
                return self._random.choice(("", "Bearer ", "bearer ")) + self._random.choice(self._tokens)
        return "".join(self._random.choices(self._half, k=3))

    def _body(self) -> bytes:
        """Never the one that the good headers are of."""
        match self._random.randrange(6):
            case 0:
                return self._random.randbytes(self._random.randrange(80))
            case 1:
                return self._random.choice(self._tokens).encode()
            case 2:
                return b"logout_token=" + self._random.choice(self._tokens).encode()
            case 3:
                return b"&".join(
                    b"logout_token=" + self._random.randbytes(4) for _ in range(self._random.randrange(40))
                )
            case 4:
                return self._random.choice(self._half).encode("latin-1")
        return BODY[:-1] + b" }"


def _raw(headers: list[tuple[str, str]]) -> Raw:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers]
