"""From a request's headers to the caller: where the token is taken from, and whether its user may still act."""

from typing import Any

import pytest
from tests.minting import NOW, MintingProvider

from profilegate.auth.binding import Binding
from profilegate.auth.credentials import authorization
from profilegate.auth.gate import Gate, check_standing
from profilegate.auth.issuers import Issuers
from profilegate.auth.proof_memory import LocalProofMemory
from profilegate.errors import (
    InvalidRequest,
    InvalidToken,
    MissingCredentials,
    ProfileGateError,
    Revoked,
    StoreUnavailable,
    Suspended,
)
from profilegate.profiles.record import ProfileKey, Standing, Tombstone

from .given import Ticks, issuer, principal

IAT = int(NOW)
MOMENT = IAT * 1000


def headers(*values: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"x"), *((b"authorization", value) for value in values)]


# The header


@pytest.mark.parametrize(
    "value",
    [b"Bearer a.b.c", b"bearer a.b.c", b"BEARER a.b.c", b"bEaReR a.b.c", b"  Bearer   a.b.c  ", b"Bearer \ta.b.c\t"],
)
def test_the_token_is_what_follows_the_scheme(value: bytes) -> None:
    assert authorization(headers(value)) == ("Bearer", b"a.b.c")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" ",
        b"a.b.c",
        b"Basic YTpi",
        b"Digest x",
        b"Bearera.b.c",
        b"Bearer: a.b.c",
        b"Bearer=a.b.c",
        b"Bearer,a.b.c",
        b"\xffBearer a.b.c",
        b"Token a.b.c",
        "Bearer\u00a0a.b.c".encode(),
    ],
)
def test_another_scheme_is_no_authorization(value: bytes) -> None:
    with pytest.raises(MissingCredentials):
        authorization(headers(value))


def test_without_the_header_there_is_no_token() -> None:
    with pytest.raises(MissingCredentials):
        authorization(headers())


@pytest.mark.parametrize("value", [b"Bearer", b"bearer ", b"Bearer    "])
def test_an_empty_token_is_invalid(value: bytes) -> None:
    with pytest.raises(InvalidToken):
        authorization(headers(value))


@pytest.mark.parametrize("second", [b"Bearer a.b.c", b"Bearer d.e.f", b"Basic YTpi", b""])
def test_two_headers_are_refused_even_when_they_are_equal(second: bytes) -> None:
    for values in ((b"Bearer a.b.c", second), (second, b"Bearer a.b.c")):
        with pytest.raises(InvalidRequest):
            authorization(headers(*values))


@pytest.mark.parametrize("name", [b"proxy-authorization", b"x-authorization", b"cookie", b"x-access-token", b"dpop"])
def test_no_other_header_carries_a_token(name: bytes) -> None:
    with pytest.raises(MissingCredentials):
        authorization([(name, b"Bearer a.b.c")])


@pytest.fixture
def provider() -> MintingProvider:
    return MintingProvider()


class Stand:
    """Everybody has this standing; an error stands for a database that is down."""

    def __init__(self, standing: Standing | ProfileGateError) -> None:
        self.standing_of_all, self.asked = standing, list[ProfileKey]()

    async def standing(self, key: ProfileKey) -> Standing:
        self.asked.append(key)
        if isinstance(self.standing_of_all, ProfileGateError):
            raise self.standing_of_all
        return self.standing_of_all


def gate(provider: MintingProvider, stand: Stand | None = None) -> Gate:
    issuers = Issuers([issuer(user_id_prefix="x|")], lambda: NOW, Ticks(), provider.transport)
    return Gate(issuers, Binding(memory=LocalProofMemory(), clock=lambda: NOW), stand)


def asking(headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """The request, as ASGI has it."""
    return {"method": "GET", "scheme": "https", "raw_path": b"/api/profile", "client": None, "headers": headers}


def bearing(token: str, between: bytes = b" ") -> list[tuple[bytes, bytes]]:
    return headers(b"Bearer" + between + token.encode())


@pytest.mark.parametrize("between", [b", ", b",", b" "])
async def test_two_tokens_in_one_header_are_refused(provider: MintingProvider, between: bytes) -> None:
    token = provider.token().encode()
    with pytest.raises((InvalidToken, InvalidRequest)):
        await gate(provider).admit(asking(headers(b"Bearer " + token + between + b"Bearer " + token)))


async def test_a_tab_after_the_scheme_admits_nobody(provider: MintingProvider) -> None:
    with pytest.raises((InvalidToken, MissingCredentials)):
        await gate(provider).admit(asking(bearing(provider.token(), b"\t")))


# Standing


async def test_a_caller_in_good_standing_is_admitted(provider: MintingProvider) -> None:
    stand = Stand(Standing())
    caller = await gate(provider, stand).admit(asking(bearing(provider.token())))
    assert caller.key == ProfileKey("default", "x|alice")
    assert stand.asked == [caller.key]


async def test_a_gate_without_standing_goes_by_the_token_alone(provider: MintingProvider) -> None:
    caller = await gate(provider).admit(asking(bearing(provider.token())))
    assert caller.user_id == "x|alice"


async def test_a_suspended_user_is_known_and_refused(provider: MintingProvider) -> None:
    with pytest.raises(Suspended):
        await gate(provider, Stand(Standing(suspended=True))).admit(asking(bearing(provider.token())))


async def test_standing_is_looked_at_only_when_the_token_is_genuine(provider: MintingProvider) -> None:
    stand = Stand(Standing(suspended=True))
    with pytest.raises(InvalidToken):
        await gate(provider, stand).admit(asking(bearing(provider.token(aud="other"))))
    assert stand.asked == []


async def test_what_looks_like_a_machine_is_asked_for_its_standing_too(provider: MintingProvider) -> None:
    stand = Stand(Standing(suspended=True))
    with pytest.raises(Suspended):
        await gate(provider, stand).admit(asking(bearing(provider.token(sub="robot", client_id="robot"))))


async def test_when_standing_cannot_be_had_nobody_is_admitted(provider: MintingProvider) -> None:
    with pytest.raises(StoreUnavailable):
        await gate(provider, Stand(StoreUnavailable())).admit(asking(bearing(provider.token())))


async def test_a_revocation_counts_from_the_next_request_on(provider: MintingProvider) -> None:
    stand = Stand(Standing())
    guarded, request = gate(provider, stand), asking(bearing(provider.token()))
    await guarded.admit(request)
    stand.standing_of_all = Standing(revoked_before=MOMENT)
    with pytest.raises(Revoked):
        await guarded.admit(request)


@pytest.mark.parametrize("cnf", [{"jkt": "abc"}, {"x5t#S256": "abc"}, {"kid": "a"}, {}, [], "", 0])
async def test_a_token_bound_to_anything_is_no_bearer_token(provider: MintingProvider, cnf: Any) -> None:
    with pytest.raises(InvalidToken):
        await gate(provider).admit(asking(bearing(provider.token(cnf=cnf))))


@pytest.mark.parametrize("revoked_before", [MOMENT, MOMENT + 1, MOMENT + 999, MOMENT + 10**9])
def test_a_token_not_made_after_the_revocation_is_refused(revoked_before: int) -> None:
    with pytest.raises(Revoked):
        check_standing(principal(), Standing(revoked_before=revoked_before))


@pytest.mark.parametrize("revoked_before", [MOMENT - 1, MOMENT - 1000, 0])
def test_a_token_made_after_the_revocation_is_good(revoked_before: int) -> None:
    check_standing(principal(), Standing(revoked_before=revoked_before))


@pytest.mark.parametrize("revoked_before", [0, MOMENT])
def test_a_token_that_does_not_say_when_it_was_made_does_not_outlive_a_revocation(revoked_before: int) -> None:
    with pytest.raises(Revoked):
        check_standing(principal(issued_at=None), Standing(revoked_before=revoked_before))


def buried(by: str, at: int) -> Standing:
    return Standing(tombstone=Tombstone(tenant_id="default", user_id="alice", version=2, deleted_at=at, deleted_by=by))


@pytest.mark.parametrize("by", ["idp", "operator"])
@pytest.mark.parametrize("deleted_at", [0, MOMENT - 1, MOMENT, MOMENT + 1])
def test_who_was_deleted_by_others_does_not_return_by_a_token(by: str, deleted_at: int) -> None:
    with pytest.raises(Revoked):
        check_standing(principal(), buried(by, deleted_at))


@pytest.mark.parametrize("deleted_at", [MOMENT, MOMENT + 1, MOMENT + 999])
def test_a_token_from_before_ones_own_erasure_is_refused(deleted_at: int) -> None:
    with pytest.raises(Revoked):
        check_standing(principal(), buried("user", deleted_at))


def test_a_token_from_after_ones_own_erasure_is_good() -> None:
    check_standing(principal(), buried("user", MOMENT - 1))


def test_a_token_without_a_time_does_not_outlive_ones_own_erasure() -> None:
    with pytest.raises(Revoked):
        check_standing(principal(issued_at=None), buried("user", 0))


def test_a_deleted_user_is_not_told_of_a_suspension() -> None:
    with pytest.raises(Revoked):
        check_standing(principal(), Standing(suspended=True, tombstone=buried("idp", 0).tombstone))
