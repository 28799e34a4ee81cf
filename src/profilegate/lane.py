"""The lane: an ASGI wrapper round the routed service that answers reads of records by itself.

request -> token (remembered) -> caller's standing -> who may read whom (auth.rules) -> record -> bytes, made once

It knows only what goes right: whatever is odd, unknown or refused is handed on to the ordinary handlers, which are the
reference for every byte that is answered here. It wraps the standalone service, never a host application.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from msgspec import Struct

from profilegate.auth import rules
from profilegate.auth.credentials import Header, is_host
from profilegate.auth.gate import check_standing
from profilegate.auth.issuers import Issuers
from profilegate.auth.middleware import UNAVAILABLE
from profilegate.auth.principal import Principal
from profilegate.errors import StoreUnavailable
from profilegate.faces.conditional import SHOWN, etag, is_among
from profilegate.faces.cors import granted
from profilegate.faces.logto import handlers as logto
from profilegate.faces.logto import wire as logto_wire
from profilegate.faces.phoenix import handlers as phoenix
from profilegate.profiles.record import Profile, ProfileKey
from profilegate.profiles.service import ProfileService
from profilegate.store.cache import RecordCache
from profilegate.store.profiles import MOST_OWN, Whole

OWN = frozenset({b"/api/profile", b"/api/my-account"})

BEARER = b"Bearer "

MOST_HOSTS = 100
"""Names under which the service is asked that are remembered as readable."""

# What may change the answer. A request that has one of these twice is none of the lane's.
LOOKED_AT = frozenset({b"authorization", b"host", b"origin", b"if-none-match"})

# What only the handlers understand.
NOT_HERE = frozenset({b"dpop", b"content-length", b"transfer-encoding"})


class Answer(Struct):
    """A record as a face shows it; `headers` are those of a 200, `brief` those of a 304."""

    body: bytes
    tag: str
    headers: list[Header]
    brief: list[Header]


class Lane:
    """Round `app`. `certificates` is the header with clients' certificates, if there is one."""

    def __init__(
        self,
        app: ASGIApp,
        issuers: Issuers,
        records: RecordCache,
        profiles: ProfileService,
        origins: Iterable[str] = (),
        certificates: str | None = None,
    ) -> None:
        self._app = app
        self._issuers = issuers
        self._records = records
        self._profiles = profiles
        self._origins = frozenset(origins)
        self._not_here = NOT_HERE | ({certificates.lower().encode("latin-1")} if certificates else frozenset())
        self._hosts: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        if scope["type"] == ScopeType.HTTP:
            told = self._headers(scope["headers"]) if is_plain_read(scope) else None
            if told is not None and (answer := await self._answer(scope, told)) is not None:
                return await self._send(answer, told, scope, send)
        return await self._app(scope, receive, send)

    def _headers(self, headers: Iterable[Header]) -> dict[bytes, bytes] | None:
        """The headers that matter; None where the handlers are to judge them."""
        told: dict[bytes, bytes] = {}
        for name, value in headers:
            if name in LOOKED_AT:
                if name in told:
                    return None
                told[name] = value
            elif name in self._not_here:
                return None
        return told if self._is_readable(told.get(b"host", b"")) else None

    def _is_readable(self, host: bytes) -> bool:
        if host in self._hosts:
            return True
        if not host or not is_host(host):
            return False
        if len(self._hosts) < MOST_HOSTS:
            self._hosts.add(host)
        return True

    async def _answer(self, scope: HTTPScope, told: dict[bytes, bytes]) -> Answer | None:
        """The answer to a caller who is known, and known to be admitted; None for everybody else.

        Whatever goes wrong goes wrong for the handlers again, who have the words and the log line for it; but a
        database that does not answer is not waited for once more.
        """
        authorization = told.get(b"authorization", b"")
        caller = self._issuers.remembered(authorization[7:]) if authorization.startswith(BEARER) else None
        if caller is None or caller.confirmation is not None or caller.must_be_bound:
            return None
        try:
            path = scope.get("raw_path") or b""
            return await self._shown(path, caller) if path.decode("latin-1") == scope["path"] else None
        except StoreUnavailable:
            scope[UNAVAILABLE] = True  # type: ignore[literal-required]
            return None
        except Exception:
            return None

    async def _shown(self, path: bytes, caller: Principal) -> Answer | None:
        is_own = path in OWN
        if not is_own and not path.startswith(phoenix.USER_PATH):
            return None
        asking = self._records.remembered(caller.key) or await self._records.whole(caller.key)
        if asking is None:
            return None
        check_standing(caller, asking.standing)
        key = rules.own(caller, "read") if is_own else _named(path, caller)
        if key is None:
            return None
        whole: Whole | None = asking
        if key != caller.key:
            whole = self._records.remembered(key) or await self._records.whole(key)
        if whole is None or not isinstance(whole.found, Profile) or self._has_news(whole, whole.found, caller):
            return None
        return self._of_own(whole, whole.found, caller) if is_own else self._of_anybody(whole, whole.found)

    def _has_news(self, whole: Whole, profile: Profile, caller: Principal) -> bool:
        """Whether the caller's token says something of its own record that is not in it yet."""
        if profile.key != caller.key or whole.answers.get("settled") is caller:
            return False
        if self._profiles.has_news(profile, rules.actor(caller, profile.key, phoenix.FACE), caller.claimed):
            return True
        whole.answers["settled"] = caller
        return False

    def _of_anybody(self, whole: Whole, profile: Profile) -> Answer:
        answer: Answer | None = whole.answers.get(phoenix.FACE)
        if answer is None:
            shown = phoenix.to_wire(profile, self._profiles)
            answer = whole.answers[phoenix.FACE] = made(shown, etag(profile, phoenix.FACE))
        return answer

    def _of_own(self, whole: Whole, profile: Profile, caller: Principal) -> Answer:
        own: dict[int, Answer] = whole.answers.setdefault(logto.FACE, {})
        seen = logto_wire.mask(caller)
        answer = own.get(seen)
        if answer is None:
            shown = logto_wire.to_wire(profile, caller, self._profiles.rules)
            while len(own) >= MOST_OWN:
                del own[next(iter(own))]
            answer = own[seen] = made(shown, etag(profile, logto.FACE, seen))
        return answer

    async def _send(self, answer: Answer, told: dict[bytes, bytes], scope: HTTPScope, send: Send) -> None:
        known = told.get(b"if-none-match")
        has_it = known is not None and is_among(known.decode("latin-1"), answer.tag)
        headers = answer.brief if has_it else answer.headers
        if b"origin" in told:
            headers = headers + encoded(granted(scope, self._origins))
        body = b"" if has_it or scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.start", "status": 304 if has_it else 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def is_plain_read(scope: HTTPScope) -> bool:
    """Whether it is a read without a query, of a service that is not mounted anywhere."""
    return scope["method"] in ("GET", "HEAD") and not scope["query_string"] and not scope.get("root_path")


def made(shown: Any, tag: str) -> Answer:
    """The answer in bytes."""
    body = bytes(memoryview(msgspec.json.encode(shown)))  # as encoded it keeps half as much again in reserve
    brief = encoded({**SHOWN, "etag": tag})
    described = encoded({"content-type": "application/json", "content-length": str(len(body))})
    return Answer(body, tag, brief + described, brief)


def encoded(headers: dict[str, str]) -> list[Header]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def _named(path: bytes, caller: Principal) -> ProfileKey | None:
    """Whom the path names, where it is written in the one plain way. Raises as `rules.readable` does."""
    user_id = path[len(phoenix.USER_PATH) :]
    if not user_id or b"%" in user_id or b"/" in user_id or not user_id.isascii():
        return None
    return rules.readable(caller, user_id.decode("ascii"))
