"""No token, secret or e-mail address comes out: not in a log, at any level, and not in an error's answer."""

import base64
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64encode
from tests.faces.running import OPERATOR, PUBLIC_URL, TENANT, Clock, Service, issuer, key, running
from tests.minting import NOW, compact, make_key

from profilegate.observability import JSONFormatter, TextFormatter
from profilegate.settings import DatabaseSettings, IntrospectionSettings, ServerSettings

SECRET = "canary-secret-of-the-client"
OPAQUE = "canary0opaque0token0of0somebody"
EMAIL = "canary.person@mail.example"


class Kept(logging.Handler):
    """Everything that is logged, with the text of every exception."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not (record.name == "httpx" and PUBLIC_URL in record.getMessage()):  # the caller's own
            self.records.append(record)

    def text(self, formatter: logging.Formatter) -> str:
        return "\n".join(formatter.format(each) for each in self.records)


@pytest.fixture
def log() -> Iterator[Kept]:
    kept, loggers = Kept(), [logging.getLogger(name) for name in (None, "profilegate")]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.addHandler(kept)
        each.setLevel(logging.DEBUG)
    yield kept
    for each, level in zip(loggers, levels, strict=True):
        each.removeHandler(kept)
        each.setLevel(level)


@pytest.fixture
async def service(database: DatabaseSettings, clock: Clock) -> AsyncIterator[Service]:
    asking = IntrospectionSettings(client_id="gate", client_secret=SECRET)
    server = ServerSettings(
        public_url=PUBLIC_URL, trusted_proxies=("127.0.0.1",), client_certificate_header="Client-Cert"
    )
    async with running(
        database, clock, issuers=(issuer(introspection=asking, clients=("spa",)),), server=server
    ) as one:
        one.provider.metadata["introspection_endpoint"] = f"{one.provider.issuer}/introspect"
        one.provider.odd["introspect"] = lambda: httpx.Response(200, json={"active": False, "username": EMAIL})
        yield one


def proof(token: str, private: ECKey, **claims: Any) -> str:
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": private.as_dict(private=False)}
    digest = urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode()
    said = {
        "htm": "GET",
        "htu": f"{PUBLIC_URL}/api/profile",
        "jti": "canary-jti",
        "iat": int(NOW),
        "ath": digest,
        **claims,
    }
    return compact(json.dumps(header).encode(), json.dumps(said).encode(), private, "ES256").decode()


Headers = dict[str, str]
Way = Callable[[Service], Headers]


def bearing(**claims: Any) -> Way:
    return lambda service: {"authorization": f"Bearer {service.token(**{'email': EMAIL, **claims})}"}


def bound(**claims: Any) -> Way:
    def headers(service: Service) -> Headers:
        private = make_key("ES256", "mine")
        token = service.token(cnf={"jkt": private.thumbprint()}, email=EMAIL)
        return {"authorization": f"DPoP {token}", "dpop": proof(token, private, **claims)}  # type: ignore[arg-type]

    return headers


WAYS: dict[str, Way] = {
    "a good token": bearing(),
    "an e-mail address as sub": bearing(user_id=EMAIL),
    "expired": bearing(exp=int(NOW) - 100),
    "another audience": bearing(aud=EMAIL),
    "an unknown issuer": bearing(iss="https://canary.example"),
    "an unknown key": lambda service: {
        "authorization": f"Bearer {service.provider.token(key=make_key('ES256', 'other'), tenant=TENANT)}"
    },
    "bound, as Bearer": bearing(cnf={"jkt": "canary-thumbprint"}),
    "a good proof": bound(),
    "a proof for elsewhere": bound(htu="https://canary.example/"),
    "a proof of another token": bound(ath="canary-hash"),
    "opaque": lambda _: {"authorization": f"Bearer {OPAQUE}"},
    "opaque, twice": lambda _: {"authorization": f"Bearer {OPAQUE}, Bearer {OPAQUE}"},
    "in another scheme": lambda _: {"authorization": "Basic " + base64.b64encode(f"u:{SECRET}".encode()).decode()},
    "a certificate that is none": lambda _: {"authorization": f"Bearer {OPAQUE}", "client-cert": f":{OPAQUE}:"},
}

FAULTS: dict[str, Callable[[Service], None]] = {
    "none": lambda _: None,
    "down": lambda service: setattr(service.provider, "down", True),
    "500": lambda service: every(service, lambda: httpx.Response(500, text=f"{OPAQUE} {EMAIL} {SECRET}")),
    "HTML": lambda service: every(service, lambda: httpx.Response(200, html=f"<p>{OPAQUE} {EMAIL} {SECRET}")),
    "redirect": lambda service: every(
        service, lambda: httpx.Response(302, headers={"location": f"https://evil.example/?token={OPAQUE}"})
    ),
    "an exception": lambda service: every(service, broken),
}


def every(service: Service, answer: Callable[[], httpx.Response]) -> None:
    for path in ("openid-configuration", "jwks", "introspect"):
        service.provider.odd[path] = answer


def broken() -> httpx.Response:
    raise RuntimeError(f"Bearer {OPAQUE} for {EMAIL}")


CALLS = [
    ("GET", "/api/profile"),
    ("PATCH", "/api/profile"),
    ("GET", f"/v1/profiles/user/{EMAIL}"),
    ("PUT", "/v1/profiles/user/x"),
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("way", WAYS)
async def test_nothing_that_is_secret_comes_out(service: Service, log: Kept, way: str, fault: str) -> None:
    headers = WAYS[way](service)
    FAULTS[fault](service)
    answers = [
        await service.stranger(headers).request(method, path, json={"name": EMAIL, "email": EMAIL, "username": EMAIL})
        for method, path in CALLS
    ]
    secrets = [*parts(headers), OPAQUE, SECRET, EMAIL]
    for formatter in (logging.Formatter(), TextFormatter(), JSONFormatter()):
        assert not [each for each in secrets if each in log.text(formatter)]
    for answer in answers:
        if answer.is_error:
            told = f"{answer.headers} {answer.text}"
            assert not [each for each in secrets if each in told]


def parts(headers: Headers) -> list[str]:
    """Every piece of the credentials that is long enough to be told from a word."""
    pieces = [piece for value in headers.values() for word in value.split() for piece in word.split(".")]
    return [each for each in pieces if len(each) > 12]


def test_a_librarys_own_words_are_redacted_too(service: Service, log: Kept) -> None:
    """They are not in our hands, so the service's log takes out what looks like a secret."""
    try:
        raise RuntimeError(f"DETAIL: Key (email)=({EMAIL}), Bearer {service.token()}, postgresql://u:{SECRET}@db/x")
    except RuntimeError:
        logging.getLogger("profilegate.faces").exception("GET /api/profile failed")
    for formatter in (TextFormatter(), JSONFormatter()):
        text = log.text(formatter)
        assert "RuntimeError" in text
        assert not [each for each in (EMAIL, SECRET, service.token().split(".")[1]) if each in text]


async def test_the_refusal_of_a_suspended_user_tells_nothing(service: Service, log: Kept) -> None:
    await service.client(email=EMAIL).get("/api/profile")
    await service.gate.repository.suspend(key("alice"), OPERATOR, service.clock.milliseconds)
    answer = await service.client(email=EMAIL).get("/api/profile")
    assert (answer.status_code, EMAIL in answer.text + log.text(logging.Formatter())) == (403, False)


def test_settings_that_are_printed_hide_their_secrets() -> None:
    asking = IntrospectionSettings(client_id="gate", client_secret=SECRET, private_key=SECRET)
    database = DatabaseSettings(url=f"postgresql://u:{SECRET}@db/x")
    assert SECRET not in repr((issuer(introspection=asking), database))
