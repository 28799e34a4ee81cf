"""The client's TLS certificate, where a proxy is configured to ask for one: the commented lines of the files, used."""

import hashlib
import ssl
from pathlib import Path

import pytest
from joserfc.util import urlsafe_b64encode
from tests.proxy.application import Application
from tests.proxy.asking import Client
from tests.proxy.conftest import Between
from tests.proxy.fake_gate import FakeGate
from tests.proxy.shipped import Kind, Place, Proxy, put_in

from profilegate.auth.certificates import thumbprint
from profilegate.errors import InvalidToken

FORGED = [("Client-Cert", "forged"), ("Client_Cert", "forged")]
ASKING = {
    "nginx": (
        ("#ssl_client_certificate /etc/ssl/clients.pem", "ssl_client_certificate {certificate}"),
        ("#ssl_verify_client optional", "ssl_verify_client optional"),
    ),
    "caddy": (
        ("#header_up Client-Cert", "header_up Client-Cert"),
        (
            "tls {certificate} {key} # without",
            "tls {certificate} {key} {{\nclient_auth {{\nmode request\n}}\n}}\n# without",
        ),
    ),
}
FILES = {"nginx": "nginx.conf", "caddy": "Caddyfile"}


class AskingProxy(Proxy):
    """One that asks clients for a certificate."""

    def __init__(self, kind: Kind, place: Place) -> None:
        super().__init__(kind, place)
        file = place.folder / FILES[kind]
        names = {"certificate": place.certificate, "key": place.key}
        changes = [(old.format(**names), new.format(**names)) for old, new in ASKING[kind]]
        file.write_text(put_in(file.read_text(), *changes))


class Holder(Client):
    """A client with a certificate."""

    def __init__(self, proxy: Proxy) -> None:
        super().__init__(proxy.port, str(proxy.place.certificate))
        self._tls.load_cert_chain(proxy.place.certificate, proxy.place.key)


@pytest.fixture(scope="module", params=FILES)
def asking(request: pytest.FixtureRequest, between: Between, fake_gate: FakeGate, application: Application) -> Proxy:
    return between(request.param, fake_gate.port, application.port, AskingProxy)


def digest(certificate: Path) -> str:
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    return urlsafe_b64encode(hashlib.sha256(der).digest()).decode()


def test_the_gate_gets_the_certificate_that_the_client_holds(asking: Proxy, fake_gate: FakeGate) -> None:
    answer = Holder(asking).ask("/", FORGED, token="a-token")
    (value,) = fake_gate.last.values("client-cert")
    assert thumbprint(value.encode()) == digest(asking.place.certificate)
    assert not answer.seen.values("client-cert")


def test_of_a_client_without_one_the_gate_gets_none(asking: Proxy, fake_gate: FakeGate) -> None:
    """Caddy sends words instead, which the gate refuses where a certificate is due."""
    asking.ask("/", FORGED, token="a-token")
    for value in fake_gate.last.values("client-cert"):
        with pytest.raises(InvalidToken):
            thumbprint(value.encode())
