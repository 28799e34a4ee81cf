"""The lane: an ASGI wrapper round the routed service that answers plain reads and changes of records by itself.

request -> token (remembered) -> caller's standing -> who may do what (auth.rules) -> record, or change -> bytes

It knows only what goes right: whatever is odd, unknown or refused is handed on to the ordinary handlers, which are the
reference for every byte that is answered here. It wraps the standalone service, never a host application. What it lets
somebody read is noted with the token, for `again`.
"""

from collections.abc import Callable, Iterable
from sys import intern
from time import perf_counter
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from profilegate.again import ASKED, BEARER, READS, Again, LetIn, note
from profilegate.auth import rules
from profilegate.auth.credentials import Header, is_host
from profilegate.auth.gate import check_standing
from profilegate.auth.issuers import Issuers
from profilegate.auth.middleware import UNAVAILABLE
from profilegate.auth.principal import Principal
from profilegate.auth.remembered import Remembered
from profilegate.errors import StoreUnavailable
from profilegate.faces.bodies import ANYTHING
from profilegate.faces.conditional import etag
from profilegate.faces.logto import handlers as logto
from profilegate.faces.logto import wire as logto_wire
from profilegate.faces.phoenix import handlers as phoenix
from profilegate.faces.shown import Shown, listed, made
from profilegate.profiles.record import Profile, ProfileKey
from profilegate.profiles.service import ProfileService
from profilegate.store.cache import RecordCache
from profilegate.store.profiles import MOST_OWN, Whole

OWN = frozenset({b"/api/profile", b"/api/my-account"})

MOST_BODY = 16_384
"""Bytes of a body that is read here."""

# What may change the answer. A request that has one of these twice is none of the lane's.
LOOKED_AT = frozenset({b"authorization", b"host", b"origin", b"if-none-match", b"content-type", b"content-length"})

# What only the handlers understand.
NOT_HERE = frozenset({b"dpop", b"transfer-encoding", b"content-encoding", b"if-match"})


class Lane:
    """Round `app`, unless it can be answered `again`."""

    def __init__(
        self, app: ASGIApp, again: Again, issuers: Issuers, records: RecordCache, profiles: ProfileService
    ) -> None:
        self._app = app
        self._again = again
        self._issuers = issuers
        self._records = records
        self._profiles = profiles

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        again = None if ASKED in scope else self._again.found(scope)
        if again is not None:
            return await self._again.send(again, scope, send)
        began = perf_counter()
        if scope["type"] == ScopeType.HTTP and not scope["query_string"] and not scope.get("root_path"):
            told = self._headers(scope["headers"])
            token = None if told is None else self._token(told)
            if told is not None and token is not None:
                body = Body(receive)
                shown = await self._answer(scope, told, token, body)
                if shown is not None:
                    return await self._again.send((shown, told, began), scope, send)
                receive = body.again
        return await self._app(scope, receive, send)

    def _headers(self, headers: Iterable[Header]) -> dict[bytes, bytes] | None:
        """The headers that matter; None where the handlers are to judge them."""
        told: dict[bytes, bytes] = {}
        for name, value in headers:
            if name in LOOKED_AT:
                if name in told:
                    return None
                told[name] = value
            elif name in NOT_HERE or name == self._again.certificates:
                return None
        host = told.get(b"host")
        return told if host and is_host(host) else None

    def _token(self, told: dict[bytes, bytes]) -> Remembered | None:
        """The caller's token, where it is known to be good and bound to nothing."""
        authorization = told.get(b"authorization", b"")
        token = self._issuers.tokens.good(authorization[7:]) if authorization.startswith(BEARER) else None
        is_bound = token is None or token.principal.confirmation is not None or token.principal.must_be_bound
        return None if is_bound else token

    async def _answer(
        self, scope: HTTPScope, told: dict[bytes, bytes], token: Remembered, body: "Body"
    ) -> Shown | None:
        """The answer to a caller who is admitted, and may have what is asked; None otherwise.

        Whatever goes wrong goes wrong for the handlers again, who have the words and the log line for it; but a
        database that does not answer is not waited for once more, nor asked again for what it may have done.
        """
        try:
            path = scope.get("raw_path") or b""
            if not path.isascii() or path.decode("ascii") != scope["path"]:
                return None
            if scope["method"] in READS:
                return None if b"content-length" in told else await self._read(path, token)
            if not is_short_json(told):
                return None
            if scope["method"] == "POST":
                return await self._listed(token.principal, body) if path == phoenix.BATCH_PATH else None
            return await self._changed(scope["method"], path, token.principal, body)
        except StoreUnavailable:
            scope[UNAVAILABLE] = True  # type: ignore[literal-required]
            return None
        except Exception:
            return None

    async def _read(self, path: bytes, token: Remembered) -> Shown | None:
        caller, is_own = token.principal, path in OWN
        if not is_own and not path.startswith(phoenix.USER_PATH):
            return None
        key = rules.own(caller, "read") if is_own else _named(path, caller, rules.readable)
        if key is None:
            return None
        asking, whole = await self._records.both(caller.key, key)
        if asking is None or whole is None:
            return None
        check_standing(caller, asking.standing)
        if not isinstance(whole.found, Profile) or self._has_news(whole, whole.found, caller):
            return None
        name, shown = self._shown(whole, whole.found, caller, is_own)
        mine, theirs = self._records.place(caller.key, asking), self._records.place(key, whole)
        if mine is not None and theirs is not None:
            note(token, LetIn(path, mine, theirs, name))
        return shown

    async def _listed(self, caller: Principal, body: "Body") -> Shown | None:
        """Many records; None where one of them is not there, and would have to be made up."""
        asking = self._records.remembered(caller.key) or await self._records.whole(caller.key)
        if asking is None:
            return None
        check_standing(caller, asking.standing)
        text = await body.read()
        text.decode("utf-8")
        keys = [rules.readable(caller, each) for each in phoenix.BATCH.decode(text).user_ids]
        found = {caller.key: asking} | await self._records.wholes([key for key in keys if key != caller.key])
        try:
            return listed(phoenix.FACE, [self._body(found[key]) for key in keys])
        except KeyError:
            return None

    async def _changed(self, method: str, path: bytes, caller: Principal, body: "Body") -> Shown | None:
        """The record after the change. Nothing is decided here that `change` does not decide for the handlers too."""
        is_own = path in OWN
        if method != ("PATCH" if is_own else "PUT") or not (is_own or path.startswith(phoenix.USER_PATH)):
            return None
        asking = self._records.remembered(caller.key) or await self._records.whole(caller.key)
        key = rules.own(caller, "write") if is_own else _named(path, caller, rules.writable)
        if asking is None or key is None:
            return None
        check_standing(caller, asking.standing)
        text = await body.read()
        text.decode("utf-8")
        if is_own:
            change = logto.asked(caller, ANYTHING.decode(text), self._profiles.rules)
        else:
            change = phoenix.asked(phoenix.UPDATE.decode(text), key, self._profiles)
        who = rules.actor(caller, key, logto.FACE if is_own else phoenix.FACE)
        profile = await self._profiles.change(key, change, who, caller.claimed)
        return self._made_own(profile, caller) if is_own else self._made(profile)

    def _has_news(self, whole: Whole, profile: Profile, caller: Principal) -> bool:
        """Whether the caller's token says something of its own record that is not in it yet."""
        if profile.key != caller.key or whole.answers.get("settled") is caller:
            return False
        if self._profiles.has_news(profile, rules.actor(caller, profile.key, phoenix.FACE), caller.claimed):
            return True
        whole.answers["settled"] = caller
        return False

    def _shown(self, whole: Whole, profile: Profile, caller: Principal, is_own: bool) -> tuple[str, Shown]:
        """The record for this caller, and its name among the answers made of the record."""
        return self._of_own(whole, profile, caller) if is_own else self._of_anybody(whole, profile)

    def _body(self, whole: Whole) -> bytes:
        """The record for anybody, in bytes. Raises KeyError where there is none."""
        shown: Shown | None = whole.answers.get(phoenix.FACE)
        if shown is None:
            if not isinstance(whole.found, Profile):
                raise KeyError
            _, shown = self._of_anybody(whole, whole.found)
        return shown.body

    def _of_anybody(self, whole: Whole, profile: Profile) -> tuple[str, Shown]:
        shown: Shown | None = whole.answers.get(phoenix.FACE)
        if shown is None:
            shown = whole.answers[phoenix.FACE] = self._made(profile)
        return phoenix.FACE, shown

    def _of_own(self, whole: Whole, profile: Profile, caller: Principal) -> tuple[str, Shown]:
        name = intern(f"{logto.FACE} {logto_wire.mask(caller)}")
        shown: Shown | None = whole.answers.get(name)
        if shown is None:
            own = [each for each in whole.answers if each.startswith(logto.FACE)]
            for oldest in own[: len(own) - MOST_OWN + 1]:
                del whole.answers[oldest]
            shown = whole.answers[name] = self._made_own(profile, caller)
        return name, shown

    def _made(self, profile: Profile) -> Shown:
        return made(phoenix.FACE, phoenix.to_wire(profile, self._profiles), etag(profile, phoenix.FACE))

    def _made_own(self, profile: Profile, caller: Principal) -> Shown:
        shown = logto_wire.to_wire(profile, caller, self._profiles.rules)
        return made(logto.FACE, shown, etag(profile, logto.FACE, logto_wire.mask(caller)))


class Body:
    """A request's body. What has been read here is there for the handlers too."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read: list[Any] = []

    async def read(self) -> bytes:
        """All of it; it has been said to be short. Raises ConnectionError when the client goes away meanwhile."""
        whole = b""
        while True:
            message = await self._receive()
            self._read.append(message)
            if message["type"] != "http.request":
                raise ConnectionError
            whole += message.get("body", b"")
            if not message.get("more_body"):
                return whole

    async def again(self) -> Any:
        """`receive`, from the beginning."""
        return self._read.pop(0) if self._read else await self._receive()


def is_short_json(told: dict[bytes, bytes]) -> bool:
    """Whether the body is said to be JSON, and of few bytes."""
    length = told.get(b"content-length", b"")
    short = length.isdigit() and len(length) < 6 and 0 < int(length) <= MOST_BODY
    return short and told.get(b"content-type") == b"application/json"


def _named(path: bytes, caller: Principal, allowed: Callable[[Principal, str], ProfileKey]) -> ProfileKey | None:
    """Whom the path names, where it is written in the one plain way. Raises as the rule does."""
    user_id = path[len(phoenix.USER_PATH) :]
    if not user_id or b"%" in user_id or b"/" in user_id:
        return None
    return allowed(caller, user_id.decode("ascii"))
