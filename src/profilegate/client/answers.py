"""What comes back: answers as values, and errors as errors."""

from typing import Generic, TypeVar

import httpx
import msgspec
from msgspec import Struct

from profilegate.client.errors import ClientError, FaceError
from profilegate.client.waiting import seconds_told
from profilegate.faces.logto.wire import LogtoError

T = TypeVar("T")


class Versioned(Struct, Generic[T], frozen=True):
    """A value as it was at one moment. `etag` names that version, for `if_match`."""

    value: T
    etag: str


class Answer(Struct, frozen=True):
    """What the service answered, whatever the status."""

    status: int
    headers: httpx.Headers
    body: bytes

    def says(self, error: str) -> bool:
        """Whether the challenge names this error (RFC 6750, section 3.1)."""
        return self.status == 401 and f'error="{error}"' in self.headers.get("www-authenticate", "")

    def value(self, kind: type[T]) -> T:
        """The body as this type. Raises ClientError when it is something else."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self._not_understood(f"not a {getattr(kind, '__name__', kind)}") from error

    def versioned(self, kind: type[T]) -> Versioned[T]:
        """The body and its ETag. Raises ClientError without one: a change on condition would be none."""
        etag = self.headers.get("etag")
        if not etag:
            raise self._not_understood("without an ETag")
        return Versioned(self.value(kind), etag)

    def refused(self, kind: type[FaceError], now: float) -> ClientError:
        """The error that this answer is; `now` in Unix seconds."""
        if self.status < 400:
            return ClientError(self.status, "redirected", "The service points elsewhere, which is not followed.")
        told = seconds_told(self.headers.get("retry-after"), now)
        body = self._error(kind)
        if body is None:
            return ClientError(self.status, "refused", f"The service answered {self.status}.", told)
        message = body.message if isinstance(body, LogtoError) else body.error
        return ClientError(self.status, body.code or "refused", message, told, body)

    def _error(self, kind: type[FaceError]) -> FaceError | None:
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None

    def _not_understood(self, what: str) -> ClientError:
        return ClientError(self.status, "not_understood", f"The service's answer is {what}.")
