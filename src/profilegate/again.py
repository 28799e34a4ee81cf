"""What a caller has just read, asked for again: one look-up leads from the token to the bytes.

token (remembered) -> what it was last let see -> bytes

Nothing is decided here. The lane decided, and what it decided by is still the very same: the token, its caller's
standing, the path. Only the record may have changed, and is forgotten then.
"""

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from litestar.enums import ScopeType
from litestar.types import Scope, Send
from msgspec import Struct

from profilegate.auth.credentials import Header, is_host
from profilegate.auth.remembered import Remembered, RememberedTokens
from profilegate.faces.answers import encoded
from profilegate.faces.conditional import is_among
from profilegate.faces.cors import permission
from profilegate.faces.shown import Shown
from profilegate.store.cache import Place, RecordCache

ASKED = "profilegate_again"
"""In the scope of a request that was not answered here: nobody need ask a second time."""

BEARER = b"Bearer "

# With one of these a read is odd: only the handlers understand it.
ODD = frozenset({b"dpop", b"transfer-encoding", b"content-encoding", b"content-length", b"if-match"})

NONE: list[Header] = []

READS = frozenset({"GET", "HEAD"})

Took = Callable[[str, str, int, float], None]
"""Is told of each answer: face, method, status, seconds."""

FEW = 4
"""Paths at which a caller was last let see something that are remembered with the token."""


class LetIn(Struct, eq=False, gc=False):
    """What a token was let see at one path: the answer of this `name` that was made of a record.

    It counts while the places of the caller's own record, and of the record asked for, hold what they held.
    """

    raw_path: bytes
    asking: Place
    asked: Place
    name: str


Found = tuple[Shown, dict[bytes, bytes], float]
"""What is answered, the request's headers, and when it began by the performance counter."""


class Again:
    """`certificates` is the header with clients' certificates, if there is one; `took` counts answers."""

    def __init__(
        self,
        tokens: RememberedTokens,
        records: RecordCache,
        origins: Iterable[str] = (),
        certificates: str | None = None,
        took: Took = lambda *_: None,
    ) -> None:
        self._tokens = tokens
        self._records = records
        self._granted = {each.encode("latin-1"): encoded(permission(each)) for each in origins}
        self.certificates = certificates.lower().encode("latin-1") if certificates else b""
        self._odd = ODD | {self.certificates}
        self._took = took
        self._host: bytes | None = None
        """By which the service was asked last, and which can be read."""

    def found(self, scope: Scope) -> Found | None:
        """The answer, if it may be given; if not, nothing has happened."""
        if scope["type"] != ScopeType.HTTP or scope["method"] not in READS:
            return None
        began = perf_counter()
        told = self._plain(scope)
        shown = None if told is None else self._shown(scope, told)
        if told is None or shown is None:
            scope[ASKED] = True  # type: ignore[literal-required]
            return None
        return shown, told, began

    async def send(self, found: Found, scope: Scope, send: Send) -> None:
        """Answer, without a body to whom has it already, and count it."""
        shown, told, began = found
        method: str = scope["method"]  # type: ignore[typeddict-item]
        status, mine, body = 200, shown.headers, b"" if method == "HEAD" else shown.body
        if method in READS and b"if-none-match" in told and has(told[b"if-none-match"], shown):
            status, mine, body = 304, shown.brief, b""
        headers = [*mine]  # whoever stands outside may add to them
        if b"origin" in told:
            headers += self._granted.get(told[b"origin"], NONE)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})
        self._tokens.hits += 1
        self._took(shown.face, method, status, perf_counter() - began)

    def _plain(self, scope: Any) -> dict[bytes, bytes] | None:
        """The headers of a plain request; None where others are to judge them."""
        if scope["query_string"] or scope.get("root_path"):
            return None
        headers: list[Header] = scope["headers"]
        told = dict(headers)
        host = told.get(b"host", b"")
        if len(told) != len(headers) or not self._odd.isdisjoint(told):
            return None
        if host != self._host:
            if not host or not is_host(host):
                return None
            self._host = host
        return told

    def _shown(self, scope: Any, told: dict[bytes, bytes]) -> Shown | None:
        authorization = told.get(b"authorization", b"")
        token = self._tokens.good(authorization[7:]) if authorization.startswith(BEARER) else None
        let_in: LetIn | None = None if token is None else token.let_in.get(scope["path"])
        if let_in is None or let_in.raw_path != scope.get("raw_path"):
            return None
        asked = self._records.held(let_in.asking, let_in.asked)
        return None if asked is None else asked.answers.get(let_in.name)


def has(known: bytes, shown: Shown) -> bool:
    """Whether the caller says (If-None-Match) that this is there already."""
    return is_among(known.decode("latin-1"), shown.tag)


def note(token: Remembered, let_in: LetIn) -> None:
    """Remember what was allowed with this token."""
    path = let_in.raw_path.decode("ascii")
    token.let_in.pop(path, None)
    while len(token.let_in) >= FEW:
        del token.let_in[next(iter(token.let_in))]
    token.let_in[path] = let_in
