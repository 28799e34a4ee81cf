"""Each rule for opaque tokens, bound tokens, proofs of possession, and where providers may send requests."""

from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey

from profilegate.settings import DPoPSettings, IntrospectionSettings, IssuerSettings, ServerSettings, Settings

from .test_consistency import issuer, places, settings

KEY = ECKey.generate_key("P-256")
PEM = KEY.as_pem(private=True).decode()


def asking(**values: Any) -> IntrospectionSettings:
    return IntrospectionSettings(**{"client_id": "us", "client_secret": "secret", **values})


def opaque(name: str = "https://id.example", **values: Any) -> IssuerSettings:
    return issuer(name, **{"introspection": asking(), **values})


# Introspection


@pytest.mark.parametrize(("key", "values"), [
    ("client_id", {"client_id": ""}),
    ("client_secret", {"client_secret": None}),
    ("client_secret", {"client_secret": ""}),
    ("client_secret", {"client_secret": None, "method": "client_secret_post"}),
    ("client_secret", {"client_secret": None, "private_key": PEM}),
    ("private_key", {"method": "private_key_jwt"}),
    ("private_key", {"method": "private_key_jwt", "private_key": ""}),
    ("private_key", {"method": "private_key_jwt", "private_key": "key.pem"}),
    ("private_key", {"method": "private_key_jwt", "private_key": KEY.as_pem(private=False).decode()}),
    ("private_key", {"method": "private_key_jwt", "private_key": '{"kty": "oct", "k": "c2VjcmV0"}'}),
    ("private_key", {"method": "private_key_jwt", "private_key": "{"}),
    ("endpoint", {"endpoint": ""}),
    ("endpoint", {"endpoint": "/introspect"}),
    ("endpoint", {"endpoint": "http://id.example/introspect"}),
    ("endpoint", {"endpoint": "https://id.example/introspect?a=b"}),
    ("endpoint", {"endpoint": "https://id.example/introspect#a"}),
    ("endpoint", {"endpoint": "https://us:secret@id.example/introspect"}),
])  # fmt: skip
def test_an_introspection_that_cannot_work_is_named_with_its_key(key: str, values: dict[str, Any]) -> None:
    assert places(settings(opaque(introspection=asking(**values)))) == [f"issuers[0].introspection.{key}"]


@pytest.mark.parametrize("values", [
    {},
    {"method": "client_secret_post"},
    {"method": "private_key_jwt", "client_secret": None, "private_key": PEM},
    {"method": "private_key_jwt", "private_key": PEM},
    {"endpoint": "https://elsewhere.example/introspect"},
    {"endpoint": "http://127.0.0.1:9000/introspect"},
    {"private_key": "not looked at without its method"},
])  # fmt: skip
def test_an_introspection_that_can_work_is_fine(values: dict[str, Any]) -> None:
    assert places(settings(opaque(introspection=asking(**values)))) == []


def test_every_problem_of_it_is_told_at_once() -> None:
    broken = asking(client_id="", client_secret=None, endpoint="x")
    assert places(settings(opaque(introspection=broken))) == [
        "issuers[0].introspection.client_id",
        "issuers[0].introspection.endpoint",
        "issuers[0].introspection.client_secret",
    ]


# Without introspection, and beside it


def test_only_who_takes_opaque_tokens_may_do_without_an_audience() -> None:
    assert places(settings(issuer(audiences=()))) == ["issuers[0].audiences"]
    assert places(settings(opaque(audiences=()))) == []
    assert places(settings(issuer(audiences=(), userinfo=True))) == []
    assert places(settings(opaque(audiences=("",)))) == ["issuers[0].audiences"]


def test_introspection_and_userinfo_exclude_each_other() -> None:
    assert places(settings(opaque(userinfo=True))) == ["issuers[0].userinfo"]
    assert places(settings(issuer(userinfo=True))) == []


@pytest.mark.parametrize(("seconds", "is_fine"), [(-1, False), (0, False), (1, True), (60, True), (61, False)])
def test_an_answer_holds_for_a_minute_at_the_most(seconds: int, is_fine: bool) -> None:
    expected = [] if is_fine else ["issuers[0].opaque_max_age"]
    assert places(settings(opaque(opaque_max_age=seconds))) == expected


def test_no_opaque_token_makes_an_operator_by_the_list_of_userinfo() -> None:
    everything = ("read", "write", "email", "phone", "custom_data", "identities", "address")
    assert places(settings(issuer(userinfo=True, userinfo_permissions=everything))) == []
    assert places(settings(issuer(userinfo=True, userinfo_permissions=("read", "operator")))) == [
        "issuers[0].userinfo_permissions"
    ]


def test_clients_are_for_introspection_which_tells_them() -> None:
    assert places(settings(opaque(clients=("spa",)))) == []
    assert places(settings(issuer(clients=("spa",)))) == ["issuers[0].clients"]
    assert places(settings(issuer(userinfo=True, clients=("spa",)))) == ["issuers[0].clients"]


# Hosts


@pytest.mark.parametrize("host", [
    "", " ", "A.example", "a.Example", "https://a.example", "a.example/", "a.example/x", "a.example?x", "a.example#x",
    "user@a.example", "a example", "a.example:99999", "a.example:x", "a\\b", "[::1", "a.example\n", "a\u200b.example",
    ":80", "a.example:0",
])  # fmt: skip
def test_what_is_no_host_is_named(host: str) -> None:
    assert places(settings(opaque(hosts=("fine.example", host)))) == ["issuers[0].hosts"]


@pytest.mark.parametrize("host", ["a.example", "a.example:8443", "localhost", "127.0.0.1:8000", "[::1]:8000", "[::1]"])
def test_a_host_may_have_a_port(host: str) -> None:
    assert places(settings(opaque(hosts=(host,)))) == []


A, B, C = ("https://a.example", "https://b.example", "https://c.example")


@pytest.mark.parametrize(("issuers", "expected"), [
    ([opaque(A), opaque(B)], ["issuers"]),
    ([opaque(A), issuer(B, userinfo=True)], ["issuers"]),
    ([opaque(A), issuer(B)], []),
    ([opaque(A), issuer(B, hosts=("x.example",))], ["issuers[1].hosts"]),
    ([opaque(A), opaque(B, hosts=("b.example",))], ["issuers"]),
    ([opaque(A, hosts=("a.example",)), opaque(B, hosts=("b.example",))], []),
    ([opaque(A, hosts=("a.example",)), opaque(B, hosts=("b.example", "a.example"))], ["issuers[1].hosts"]),
    ([opaque(A, hosts=("a.example",)), opaque(B, hosts=("a.example:8443",))], []),
    ([opaque(A), opaque(B), opaque(C)], ["issuers"]),
    ([opaque(A, hosts=("x.example",)), issuer(B), issuer(C, userinfo=True, hosts=("x.example",))],
     ["issuers[2].hosts"]),
])  # fmt: skip
def test_an_opaque_token_is_shown_to_one_provider_only(issuers: list[IssuerSettings], expected: list[str]) -> None:
    apart = [each if not n else type(each)(**{**as_dict(each), "tenant": str(n)}) for n, each in enumerate(issuers)]
    assert places(settings(*apart)) == expected


def as_dict(issuer: IssuerSettings) -> dict[str, Any]:
    return {name: getattr(issuer, name) for name in issuer.__struct_fields__}


def test_a_host_listed_twice_by_one_issuer_is_named() -> None:
    assert places(settings(opaque(hosts=("a.example", "a.example")))) == ["issuers[0].hosts"]


# Where a provider may send requests


@pytest.mark.parametrize(("origin", "is_fine"), [
    ("https://www.example.com", True),
    ("https://www.example.com:8443", True),
    ("http://127.0.0.1:9000", True),
    ("http://localhost", True),
    ("https://www.example.com/", False),
    ("https://www.example.com/path", False),
    ("https://WWW.example.com", False),
    ("http://www.example.com", False),
    ("www.example.com", False),
    ("*", False),
    ("https://*.example.com", True),
    ("null", False),
    ("", False),
    ("https://user@www.example.com", False),
    ("https://www.example.com?x", False),
    ("https://b\u00fccher.example", False),
    ("https://xn--bcher-kva.example", True),
])  # fmt: skip
def test_an_origin_is_a_trusted_one_without_path(origin: str, is_fine: bool) -> None:
    assert places(settings(issuer(origins=(origin,)))) == ([] if is_fine else ["issuers[0].origins"])


# Certificates


def test_a_certificate_header_needs_proxies_that_are_believed() -> None:
    lonely = ServerSettings(client_certificate_header="Client-Cert")
    assert places(settings(server=lonely)) == ["server.client_certificate_header"]
    together = ServerSettings(client_certificate_header="Client-Cert", trusted_proxies=("10.0.0.0/8",))
    assert places(settings(server=together)) == []
    assert places(settings(server=ServerSettings(trusted_proxies=("10.0.0.0/8",)))) == []


@pytest.mark.parametrize(
    "network", ["10.0.0.0/8", "192.0.2.1", "::1", "2001:db8::/32", "0.0.0.0/0", "10.0.0.0/255.0.0.0"]
)
def test_a_proxy_is_an_address_or_a_network(network: str) -> None:
    assert places(settings(server=ServerSettings(trusted_proxies=(network,)))) == []


@pytest.mark.parametrize(
    "network", ["", "proxy", "10.0.0.1/8", "10.0.0.0/33", "10.0.0", "*", "10.0.0.1:80", "[::1]", " ::1"]
)
def test_anything_else_is_named(network: str) -> None:
    assert places(settings(server=ServerSettings(trusted_proxies=("::1", network)))) == ["server.trusted_proxies"]


@pytest.mark.parametrize(
    "header", ["", " ", "Client Cert", "Client-Cert:", "Client\u2011Cert", "Cliént-Cert", "a\nb", "\0"]
)
def test_what_cannot_be_a_headers_name_is_named(header: str) -> None:
    """RFC 9110, section 5.1: a token. No request could ever carry it, so every bound token would be refused."""
    given = ServerSettings(client_certificate_header=header, trusted_proxies=("10.0.0.0/8",))
    assert places(settings(server=given)) == ["server.client_certificate_header"]


# Proofs of possession


@pytest.mark.parametrize(("seconds", "is_fine"), [(-1, False), (0, False), (1, True), (300, True), (301, False)])
def test_a_proof_is_not_good_for_long(seconds: int, is_fine: bool) -> None:
    assert places(settings(dpop=DPoPSettings(max_age=seconds))) == ([] if is_fine else ["dpop.max_age"])


@pytest.mark.parametrize(("length", "is_fine"), [(0, False), (1, False), (31, False), (32, True), (200, True)])
def test_the_secret_for_nonces_cannot_be_guessed(length: int, is_fine: bool) -> None:
    given = settings(dpop=DPoPSettings(nonce_secret="s" * length))
    assert places(given) == ([] if is_fine else ["dpop.nonce_secret"])


# Secrets


def test_neither_settings_nor_their_problems_show_a_secret() -> None:
    secret = "never-to-be-seen"
    given = Settings(
        issuers=(opaque(introspection=asking(client_id="", client_secret=secret, private_key=secret)),),
        dpop=DPoPSettings(nonce_secret=secret),
    )
    assert sorted(places(given)) == ["dpop.nonce_secret", "issuers[0].introspection.client_id"]
    assert secret not in repr(given)
    shared = OctKey.generate_key(256).as_dict(private=True)
    broken = asking(method="private_key_jwt", private_key=str(shared))
    assert str(shared["k"]) not in repr(settings(opaque(introspection=broken)))
