"""The lane under requests that want it to answer otherwise than the handlers, or to remember too much."""

import sqlite3
from contextlib import closing
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.faces.fixtures import Serve
from tests.faces.running import TENANT, address, issuer, key

from profilegate.auth.credentials import LONGEST_HOST, MOST_HOSTS, is_readable
from profilegate.settings import PERMISSIONS

from .conftest import Both

OWN = "/api/profile"
PATHS = [address("alice"), OWN, address("bob")]

FEW = 4
"""Answers that are kept with one record."""


async def known(both: Both, *users: str) -> None:
    for user in users:
        await both.service.client(user).get(address(user))


async def hot(both: Both, **claims: Any) -> tuple[bytes, bytes]:
    """A token that the lane has answered to on every path."""
    await known(both, "alice", "bob")
    caller = both.bearer("alice", **claims)
    for path in PATHS:
        assert (await both.alike(path, caller)).status == 200
        assert both.by_itself
    return caller


async def all_alike(both: Both, caller: tuple[bytes, bytes], *headers: tuple[bytes, bytes]) -> list[int]:
    return [(await both.alike(path, caller, *headers)).status for path in PATHS]


async def test_an_issuer_that_is_no_longer_configured_is_nobody_at_once(both: Both) -> None:
    caller = await hot(both)
    both.service.gate.reload(replace(both.service.gate.settings, issuers=(issuer(issuer="https://other.example"),)))
    assert await all_alike(both, caller) == [401] * 3


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"audiences": ("https://another.example",)}, [401] * 3),
        ({"tenants": ("another_tenant",)}, [401] * 3),
        ({"algorithms": ("ES512",)}, [401] * 3),
        ({"require_binding": True}, [401] * 3),
        ({"scopes": {"nothing": ("read",)}}, [403] * 3),
        ({"user_id_prefix": "new-"}, [200] * 3),
        ({"leeway": 7}, [200] * 3),
    ],
    ids=str,
)
async def test_other_settings_of_the_issuer_count_from_the_next_request_on(
    both: Both, changes: dict[str, Any], status: list[int]
) -> None:
    caller = await hot(both)
    both.service.gate.reload(replace(both.service.gate.settings, issuers=(issuer(**changes),)))
    assert await all_alike(both, caller) == status


async def test_a_key_that_the_provider_withdraws_is_believed_by_neither(both: Both) -> None:
    caller = await hot(both)
    both.service.provider.rotate("another key")
    assert (await both.alike(OWN, both.bearer("alice"))).status == 200  # a key that is new here is fetched
    assert await all_alike(both, caller) == [401] * 3


@pytest.mark.parametrize("step", [-3600 * 24 * 365, -3600, -61, -1, 0.5, 3500, 3629, 3630, 3631, 3600 * 24 * 365])
async def test_a_clock_that_is_set_means_the_same_to_both(both: Both, step: float) -> None:
    caller = await hot(both)
    both.service.clock.seconds += step
    await all_alike(both, caller)
    both.service.clock.seconds -= step
    assert await all_alike(both, caller) == [200] * 3


async def test_newer_claims_get_into_the_record_and_older_tokens_do_not_undo_them(both: Both) -> None:
    await known(both, "alice")
    older = both.bearer("alice", name="Older", iat=int(both.service.clock.seconds) - 20)
    newer = both.bearer("alice", name="Newer", iat=int(both.service.clock.seconds) - 10)
    for caller, name in ((older, b"Older"), (newer, b"Newer"), (older, b"Newer"), (newer, b"Newer"), (older, b"Newer")):
        answer = await both.told(both.lane, both.scope(OWN, caller))
        assert b'"name":"' + name in answer.body
        await both.alike(OWN, caller)


async def test_no_permissions_show_what_others_permit(serve: Serve) -> None:
    scopes: dict[str, Any] = {each: (each,) for each in PERMISSIONS}
    both = Both(await serve(issuers=(issuer(scopes=scopes),)))
    everything = {"phone_number": "+15550100", "phone_number_verified": True, "address": {"locality": "Here"}}
    await both.service.client("alice", scope=" ".join(scopes), email="a@b.test", email_verified=True, **everything).get(
        OWN
    )
    kinds = [("read", *some) for count in range(4) for some in combinations(sorted(set(PERMISSIONS) - {"read"}), count)]
    callers = [both.bearer("alice", scope=" ".join(kind)) for kind in kinds]
    for caller in [*callers, *reversed(callers)]:
        assert (await both.alike(OWN, caller)).status == 200
        assert both.by_itself


async def test_a_record_with_many_kinds_of_callers_keeps_few_answers(serve: Serve) -> None:
    scopes: dict[str, Any] = {each: (each,) for each in PERMISSIONS}
    both = Both(await serve(issuers=(issuer(scopes=scopes),)))
    await both.service.client("alice", scope="read write").get(OWN)
    for count in range(len(scopes)):
        for some in combinations(sorted(scopes), count):
            await both.told(both.lane, both.scope(OWN, both.bearer("alice", scope=" ".join(("read", *some)))))
    for scope in ("read", "read email", "read phone"):
        await both.alike(OWN, both.bearer("alice", scope=scope))
        assert both.by_itself
    whole = both.service.gate.repository.remembered(key("alice"))
    assert whole is not None
    assert sum(len(each) if isinstance(each, dict) else 1 for each in whole.answers.values()) <= FEW


async def test_a_thousand_names_of_the_service_are_not_all_remembered(both: Both) -> None:
    caller = await hot(both)
    for number in range(1_000):
        await both.told(both.lane, both.scope(OWN, caller, (b"host", b"h%d.example" % number)))
    assert is_readable.cache_info().currsize <= MOST_HOSTS
    assert await all_alike(both, caller) == [200] * 3


async def test_a_name_that_is_too_long_is_not_remembered_at_all(both: Both) -> None:
    caller = await hot(both)
    before = is_readable.cache_info()
    await both.told(both.lane, both.scope(OWN, caller, (b"host", b"a" * (LONGEST_HOST + 1))))
    assert is_readable.cache_info() == before


@pytest.mark.parametrize(
    "host",
    [b"a" * 70_000, b"a." * 3_000 + b"example", b"\x00", b"\xff", b"a:b", b"a:-1", b"[::1]:x", b"[", b"]", b"a@b",
     b"a/b", b"a?b", b"a#b", b" a", b"a ", b"A.EXAMPLE", b"a..b", b".", b":", b":80", b"a:80:80",
     b"xn--", b"%61", b"a,b"],
    ids=lambda host: repr(host[:12]),
)  # fmt: skip
async def test_an_odd_host_means_the_same(both: Both, host: bytes) -> None:
    await all_alike(both, await hot(both), (b"host", host))


ODD_SCOPES: dict[str, dict[str, Any]] = {
    "no raw path": {"raw_path": None},
    "an empty raw path": {"raw_path": b""},
    "a raw path of another user": {"raw_path": b"/v1/profiles/user/bob"},
    "mounted": {"root_path": "/mounted"},
    "a lower-case method": {"method": "get"},
    "an unknown method": {"method": "PROPFIND"},
    "HTTP/1.0": {"http_version": "1.0"},
    "HTTP/2": {"http_version": "2"},
    "no client": {"client": None},
    "no server": {"server": None},
    "extensions": {"extensions": {"http.response.pathsend": {}}},
    "plain HTTP": {"scheme": "http"},
}


@pytest.mark.parametrize("odd", ODD_SCOPES.values(), ids=ODD_SCOPES.keys())
async def test_an_odd_scope_means_the_same(both: Both, odd: dict[str, Any]) -> None:
    caller = await hot(both)
    for path in PATHS:
        scope = both.scope(path, caller) | odd
        reference = await both.told(both.handlers, dict(scope))
        assert await both.told(both.lane, dict(scope)) == reference


async def test_a_scope_without_a_raw_path_means_the_same(both: Both) -> None:
    caller = await hot(both)
    scope = both.scope(address("alice"), caller)
    del scope["raw_path"]
    assert await both.told(both.lane, dict(scope)) == await both.told(both.handlers, dict(scope))


@pytest.mark.parametrize(
    "headers",
    [
        [(b"Authorization", b"Bearer x")],
        [(b"", b"")],
        [(b"if-none-match", b"*, *")],
        [(b"if-none-match", b' * ')],
        [(b"if-none-match", b'"1-logto-0", W/"1-phoenix-0"')],
        [(b"if-none-match", b'"' * 5_000)],
        [(b"origin", b"\xff")],
        [(b"origin", b"")],
        [(b"access-control-request-method", b"PUT"), (b"origin", b"https://app.example.com")],
        [(b"expect", b"100-continue")],
        [(b"upgrade", b"websocket"), (b"connection", b"upgrade")],
        [(b"x-http-method-override", b"DELETE")],
        [(b"forwarded", b"host=evil"), (b"x-forwarded-prefix", b"/evil")],
        [(b"accept-language", b"de")],
        [(b"accept", b"\xff")],
        [(b"cookie", b"\xff=\xff")],
        [(b"content-type", b"multipart/form-data")],
        [(b"te", b"trailers")],
    ],
    ids=str,
)  # fmt: skip
async def test_odd_headers_mean_the_same(both: Both, headers: Any) -> None:
    await all_alike(both, await hot(both), *headers)


BYTES = st.one_of(
    st.binary(max_size=12),
    st.lists(st.sampled_from([b"alice", b"bob", b"/", b".", b"..", b"%", b"%2f", b"%61", b"%00", b"\\", b";", b"+",
                               b" "]), max_size=5).map(b"".join),
)  # fmt: skip


@given(named=BYTES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_bytes_in_the_path_mean_the_same(both: Both, named: bytes) -> None:
    if b"?" not in named:
        await known(both, "alice", "bob")
        await both.alike("/v1/profiles/user/" + named.decode("latin-1"), both.bearer("alice"))


async def test_a_database_that_answers_nonsense_is_the_handlers_to_tell(both: Both) -> None:
    caller = await hot(both)
    with closing(sqlite3.connect(both.service.gate.settings.database.path, isolation_level=None)) as other:
        other.execute("UPDATE profilegate_profile SET custom_data = 'nonsense' WHERE user_id = 'alice'")
    both.service.gate.repository.forget(None)
    assert (await both.alike(OWN, caller)).status == 500


async def test_one_tenants_hot_record_is_never_anothers(both: Both) -> None:
    mine = await hot(both)
    other = both.bearer("alice", tenant="another_tenant")
    for path in PATHS:
        assert (await both.alike(path, other)).body != (await both.alike(path, mine)).body
        assert TENANT.encode() not in (await both.alike(path, other)).body
