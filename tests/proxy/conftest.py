"""Real proxies with the shipped configurations, between a client and an application, with profilegate as the gate."""

import datetime
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.e2e.conftest import database_server, provider
from tests.e2e.provider import INTROSPECTION_SECRET, OPERATOR_SCOPE, Provider
from tests.e2e.served import Served
from tests.postgres import Postgres
from tests.proxy.application import Application
from tests.proxy.fake_gate import FakeGate
from tests.proxy.shipped import KINDS, SCOPE, Kind, Proxy, place

__all__ = ["database_server", "provider"]

HOSTS = ("app.example.com", "profiles.example.com")
BEFORE_THE_ISSUER = 'trusted_proxies = ["127.0.0.0/8"]\nclient_certificate_header = "Client-Cert"\n'
OF_THE_ISSUER = f"""
introspection = {{client_id = "gate-basic", client_secret = "{INTROSPECTION_SECRET}"}}
clients = ["spa", "service"]
operator = {{scope = "{OPERATOR_SCOPE}"}}
leeway = 0
scopes = {{"{SCOPE}" = ["read", "write"]}}
[forward_auth]
addresses = ["https://app.example.com"]
"""

Between = Callable[..., Proxy]


class Gate(Served):
    """profilegate behind proxies that it trusts."""

    def __init__(self, folder: Path, dsn: str | None, provider: Provider, extra: str = "") -> None:
        """On SQLite where there is no DSN."""
        naming = "https://profiles.example.com"
        super().__init__(folder, dsn or "", provider, extra=OF_THE_ISSUER + extra, public_url=naming)
        self.dsn = dsn or ""
        self.port = int(self.url.rpartition(":")[2])
        self.settings = self.settings.replace("[server]\n", f"[server]\n{BEFORE_THE_ISSUER}", 1)
        if dsn is None:
            self.settings = self.settings.replace('url = ""', f'path = "{folder}/profilegate.db"')
        self.configure(self.settings)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for both hosts, signed by itself, and its key."""
    return signed(tmp_path_factory.mktemp("certificate"))


def signed(folder: Path) -> tuple[Path, Path]:
    """A new certificate and its key, in this folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOSTS[0])])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "it.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "it.key").write_bytes(key.private_bytes(*private))
    return folder / "it.pem", folder / "it.key"


@pytest.fixture(scope="module")
def gate(provider: Provider, database_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with Gate(tmp_path_factory.mktemp("gate"), database_server.fresh_database(), provider) as running:
        yield running


@pytest.fixture(scope="module")
def nonce_gate(
    provider: Provider, database_server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gate]:
    """One that wants a nonce of its own in each proof."""
    folder, wanted = tmp_path_factory.mktemp("gate"), f'[dpop]\nnonce_secret = "{secrets.token_urlsafe(32)}"\n'
    with Gate(folder, database_server.fresh_database(), provider, wanted) as running:
        yield running


@pytest.fixture(scope="module")
def fake_gate() -> Iterator[FakeGate]:
    with FakeGate() as running:
        yield running


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    with Application() as running:
        yield running


@pytest.fixture(scope="module")
def between(certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Between]:
    """Starts a proxy of this kind between a gate and an application, by their ports; all end with the module."""
    with ExitStack() as running:

        def start(kind: Kind, gate: int, application: int, of: type[Proxy] = Proxy) -> Proxy:
            where = place(tmp_path_factory.mktemp(kind), certificate, gate, application)
            return running.enter_context(of(kind, where))

        yield start


@pytest.fixture(scope="module", params=KINDS)
def proxy(request: pytest.FixtureRequest, between: Between, gate: Gate, application: Application) -> Proxy:
    """Each proxy with the real gate."""
    return between(request.param, gate.port, application.port)


@pytest.fixture(scope="module", params=KINDS)
def faced(request: pytest.FixtureRequest, between: Between, fake_gate: FakeGate, application: Application) -> Proxy:
    """Each proxy with the gate that does as it is told."""
    return between(request.param, fake_gate.port, application.port)
