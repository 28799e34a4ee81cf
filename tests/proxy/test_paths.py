"""Paths that a proxy and an application could read differently, sent as they are: what is guarded stays guarded."""

import pytest
from tests.e2e.provider import Provider
from tests.proxy.application import Application
from tests.proxy.asking import Answer
from tests.proxy.shipped import SCOPE, Proxy

AROUND_THE_OPEN = (
    "/health/", "/health/..", "/health/../admin", "/health/..;/admin", "/health;/../admin",
    "/health%2f..%2fadmin", "/health/%2e%2e/admin", "/health/.%2e/admin", "/health/..%2fadmin",
    "/health%2fadmin", "/health\\..\\admin", "/health%5c..%5cadmin", "/health%00", "/health%00/../admin",
    "/health%3f/../admin", "/health#/../admin", "/healthy", "/health.json", "/health%20", "/health\0",
    "/health\0/../admin", "/health;a=b", "/%2e/health/x", "//health/x", "/admin#/../health",
    "/admin/..%2fhealth", "/admin/%2e%2e%2fhealth", "/admin;/../health/x", "/./admin", "/admin/.", "/admin//",
    "/ADMIN", "/admin%2f", "/%61dmin", "/..%2fhealth/..", "/../../health/..", "https://app.example.com/admin",
    "https://app.example.com//admin", "//app.example.com/admin", "/health%252f..%252fadmin", "/?/health",
    "/admin?/health", "/admin/?/../health", "*", "/_gate", "/_gate?scope=", "/auth/forward", "/auth/forward/",
    "/auth/forward/health", "/../auth/forward", "/..%2f..%2fhealth", "/../../health%2f",
    "/%2e%2e/%2e%2e/health/..",
)  # fmt: skip

ONLY_THE_OPEN = (
    "/admin/../health", "/admin/%2e%2e/health", "/./health", "//health", "/%68ealth", "/HEALTH",
    "/admin;/../health", "/admin/..;/../health", "/%2e/health", "/x/../../health", "/../health",
    "/../../health",
)  # fmt: skip

AROUND_THE_SCOPE = (
    "/orders", "/orders/1", "/ORDERS/1", "/Orders", "/orders;x/1", "/orders%2f1", "/%6frders/1", "//orders/1",
    "/./orders/1", "/x/../orders/1", "/x/%2e%2e/orders/1", "/x/..;/orders/1", "/x/..%2forders/1",
    "/orders/../orders/1", "/orders%00", "/orders%5c1", "/orders.json", "/orders//1", "/orders?x=/health",
    "/orders/..%2fother", "/orders/%2e%2e/other", "/orders/../other", "https://app.example.com/orders/1",
    "/health/../orders/1", "/orders%3f", "/orders%23", "/orders#",
)  # fmt: skip

INSIDE = (
    "/auth/forward", "/auth/forward/", "/auth/forward?scope=x", "/auth/forward/health", "/auth/%66orward",
    "/auth%2fforward", "//auth/forward", "/auth//forward", "/./auth/forward", "/x/../auth/forward",
    "/x/%2e%2e/auth/forward", "/auth/forward%2f", "/auth/forward;x", "/auth\\forward", "/AUTH/forward",
    "/metrics", "//metrics", "/%6detrics", "/x/../metrics", "https://profiles.example.com/auth/forward",
)  # fmt: skip


def asked(proxy: Proxy, application: Application, target: str, token: str | None = None) -> tuple[Answer, list[str]]:
    """The answer, and the targets that the application was asked for."""
    before = len(application.seen)
    answer = proxy.ask(target, token=token)
    return answer, [each.target for each in application.seen[before:]]


@pytest.mark.parametrize("target", AROUND_THE_OPEN)
def test_without_a_token_no_trick_leads_past_the_gate(proxy: Proxy, application: Application, target: str) -> None:
    answer, reached = asked(proxy, application, target)
    assert reached == []
    assert 300 <= answer.status < 500


@pytest.mark.parametrize("target", ONLY_THE_OPEN)
def test_what_is_read_as_the_open_path_arrives_as_nothing_else(
    proxy: Proxy, application: Application, target: str
) -> None:
    answer, reached = asked(proxy, application, target)
    assert (answer.status, reached) == (200, ["/health"]) or (300 <= answer.status < 500 and not reached)


@pytest.mark.parametrize("target", AROUND_THE_SCOPE)
def test_without_the_scope_no_trick_leads_where_it_is_needed(
    proxy: Proxy, application: Application, provider: Provider, target: str
) -> None:
    _, reached = asked(proxy, application, target, provider.sign_in("somebody"))
    assert reached in ([], ["/other"])


@pytest.mark.parametrize("target", ["/_gate", "/_gate?scope=", "/auth/forward", "/auth/forward/x"])
def test_no_answer_of_the_gate_itself_reaches_a_client(proxy: Proxy, provider: Provider, target: str) -> None:
    answer = proxy.ask(target, token=provider.sign_in("somebody"))
    assert not any(name.lower().startswith("x-auth-") for name in answer.headers)
    assert answer.status == 404 or answer.seen.target == target


@pytest.mark.parametrize("target", INSIDE)
def test_clients_ask_the_gate_nothing_through_its_own_host(proxy: Proxy, provider: Provider, target: str) -> None:
    answer = proxy.ask(target, token=provider.sign_in("somebody"), host="profiles.example.com")
    assert 300 <= answer.status < 500
    assert not any(name.lower().startswith("x-auth-") for name in answer.headers)


def test_the_gate_s_own_host_serves_everything_else(proxy: Proxy, provider: Provider) -> None:
    token = provider.sign_in("somebody", f"openid {SCOPE}")
    assert proxy.ask("/api/profile", token=token, host="profiles.example.com").status == 200


def test_a_client_cannot_reach_the_application_under_another_host(
    proxy: Proxy, application: Application, provider: Provider
) -> None:
    before = len(application.seen)
    answer = proxy.ask("/", [("Host", "other.example")], token=provider.sign_in("somebody"))
    other = proxy.ask("https://other.example/", token=provider.sign_in("somebody"))
    assert len(application.seen) == before, (answer, other)
